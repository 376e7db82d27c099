/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory mappings, with the values of Linux, and Umbra's minherit(2). */
#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <sys/types.h>

#define PROT_NONE             0x0
#define PROT_READ             0x1
#define PROT_WRITE            0x2
#define PROT_EXEC             0x4
#define PROT_SEM              0x8 /* no meaning */
#define PROT_GROWSDOWN        0x01000000
#define PROT_GROWSUP          0x02000000

#define MAP_SHARED            0x01
#define MAP_PRIVATE           0x02
#define MAP_SHARED_VALIDATE   0x03
#define MAP_TYPE              0x0f
#define MAP_FIXED             0x10
#define MAP_ANONYMOUS         0x20
#define MAP_ANON              MAP_ANONYMOUS
#define MAP_FILE              0
#define MAP_GROWSDOWN         0x00100
#define MAP_DENYWRITE         0x00800
#define MAP_EXECUTABLE        0x01000
#define MAP_LOCKED            0x02000
#define MAP_NORESERVE         0x04000
#define MAP_POPULATE          0x08000
#define MAP_NONBLOCK          0x10000
#define MAP_STACK             0x20000
#define MAP_HUGETLB           0x40000
#define MAP_SYNC              0x80000
#define MAP_FIXED_NOREPLACE   0x100000
#define MAP_UNINITIALIZED     0x4000000
#define MAP_GROWSUP           0x10000000 /* Umbra only: a stack that grows up */

#define MAP_FAILED            ((void *)-1)

#define MS_ASYNC              1
#define MS_INVALIDATE         2
#define MS_SYNC               4

#define MADV_NORMAL           0
#define MADV_RANDOM           1
#define MADV_SEQUENTIAL       2
#define MADV_WILLNEED         3
#define MADV_DONTNEED         4
#define MADV_FREE             8
#define MADV_REMOVE           9
#define MADV_DONTFORK         10
#define MADV_DOFORK           11
#define MADV_MERGEABLE        12
#define MADV_UNMERGEABLE      13
#define MADV_HUGEPAGE         14
#define MADV_NOHUGEPAGE       15
#define MADV_DONTDUMP         16
#define MADV_DODUMP           17
#define MADV_WIPEONFORK       18
#define MADV_KEEPONFORK       19
#define MADV_COLD             20
#define MADV_PAGEOUT          21
#define MADV_POPULATE_READ    22
#define MADV_POPULATE_WRITE   23
#define MADV_NOSYNC           1000 /* Umbra only: do not write dirty pages until they must go */
#define MADV_AUTOSYNC         1001 /* Umbra only: undo MADV_NOSYNC */

#define POSIX_MADV_NORMAL     MADV_NORMAL
#define POSIX_MADV_RANDOM     MADV_RANDOM
#define POSIX_MADV_SEQUENTIAL MADV_SEQUENTIAL
#define POSIX_MADV_WILLNEED   MADV_WILLNEED
#define POSIX_MADV_DONTNEED   MADV_DONTNEED

#define MREMAP_MAYMOVE        1
#define MREMAP_FIXED          2
#define MREMAP_DONTUNMAP      4

#define MCL_CURRENT           1
#define MCL_FUTURE            2
#define MCL_ONFAULT           4
#define MLOCK_ONFAULT         1

#define MFD_CLOEXEC           1
#define MFD_ALLOW_SEALING     2

/* Umbra only: what a child of fork gets for a range, as in the BSDs. */
#define INHERIT_SHARE 0 /* the same memory */
#define INHERIT_COPY  1 /* its own copy, the default for private mappings */
#define INHERIT_NONE  2 /* nothing there */
#define INHERIT_ZERO  3 /* fresh zeroes */

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int munmap(void *addr, size_t len);
int mprotect(void *addr, size_t len, int prot);
int msync(void *addr, size_t len, int flags);
int madvise(void *addr, size_t len, int advice);
int posix_madvise(void *addr, size_t len, int advice);
int mincore(void *addr, size_t len, unsigned char *vec);
int mlock(const void *addr, size_t len);
int mlock2(const void *addr, size_t len, unsigned int flags);
int munlock(const void *addr, size_t len);
int mlockall(int flags);
int munlockall(void);
void *mremap(void *addr, size_t old_len, size_t new_len, int flags, ...);
int memfd_create(const char *name, unsigned int flags);
int minherit(void *addr, size_t len, int inherit);

#endif
