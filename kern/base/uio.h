/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uio: a transfer between kernel memory and somebody's buffers, which may be user memory of the
 * current space or kernel memory.  Whoever moves the bytes (a file system, a pipe, a driver) need
 * not know which.
 *
 * While an inode lock or a busy page is held, user pages may not be faulted in (the fault might
 * need that lock or page: rule R14 of docs/locking.md).  The pattern there is:
 *
 *      uio_fault_in(u, n);                        nothing held
 *      lock, busy, ...
 *      if (uio_move_nofault(k, n, u) == EFAULT)   unlock everything, start again with uio_fault_in
 */
#ifndef KERN_BASE_UIO_H
#define KERN_BASE_UIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/annot.h"

/* One buffer; the layout is that of struct iovec. */
struct uio_vec {
	uint64_t base;
	uint64_t len;
};

enum uio_dir { UIO_READ /* kernel to buffers */, UIO_WRITE /* buffers to kernel */ };

/* Lives on one thread's stack: no locks. */
struct uio {
	struct uio_vec *vec; /* consumed from the front: entries are modified */
	unsigned nvec;
	enum uio_dir dir;
	bool user;       /* buffers are user addresses of the current space */
	uint64_t offset; /* position in the file, advanced by moves */
	uint64_t resid;  /* bytes still wanted: the sum of vec[].len */
};

/* Move up to n bytes (fewer only if resid is less) between kbuf and the buffers; what was moved is
 * consumed even on error.
 * => no lock that a page fault may need (RANK_INODE and above) held; may sleep.  => returns 0,
 * EFAULT. */
int uio_move(void *kbuf, size_t n, struct uio *u) MUST_CHECK;

/* The same, but never faults a page in: EFAULT at the first user page that is not mapped with the
 * right to do it.
 * => any sleeping lock may be held; never sleeps. */
int uio_move_nofault(void *kbuf, size_t n, struct uio *u) MUST_CHECK;

/* Touch the user pages that the next n bytes will need.  => as uio_move.  => returns 0, EFAULT.
 * Kernel buffers: 0. */
int uio_fault_in(const struct uio *u, size_t n) MUST_CHECK;

/* A transfer of one kernel buffer.  `vec` is storage for the one entry. */
static inline void
uio_init_kernel(
    struct uio *u, struct uio_vec *vec, enum uio_dir dir, void *buf, size_t len, uint64_t offset)
{
	vec->base = (uint64_t)(uintptr_t)buf;
	vec->len = len;
	*u = (struct uio){
	    .vec = vec, .nvec = 1, .dir = dir, .user = false, .offset = offset, .resid = len};
}

#endif
