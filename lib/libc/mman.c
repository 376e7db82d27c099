/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on memory, and the old way to grow the data segment. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

int
munmap(void *addr, size_t len)
{
	return syscall(SYS_munmap, addr, len);
}

int
mprotect(void *addr, size_t len, int prot)
{
	return syscall(SYS_mprotect, addr, len, prot);
}

int
msync(void *addr, size_t len, int flags)
{
	return syscall(SYS_msync, addr, len, flags);
}

int
madvise(void *addr, size_t len, int advice)
{
	return syscall(SYS_madvise, addr, len, advice);
}

/*
 * => returns the error instead of setting errno.  DONTNEED is only advice here and must not lose
 * data.
 */
int
posix_madvise(void *addr, size_t len, int advice)
{
	if (advice == POSIX_MADV_DONTNEED)
		return 0;
	return madvise(addr, len, advice) == 0 ? 0 : errno;
}

int
mincore(void *addr, size_t len, unsigned char *vec)
{
	return syscall(SYS_mincore, addr, len, vec);
}

int
mlock(const void *addr, size_t len)
{
	return syscall(SYS_mlock, addr, len);
}

int
mlock2(const void *addr, size_t len, unsigned int flags)
{
	return syscall(SYS_mlock2, addr, len, flags);
}

int
munlock(const void *addr, size_t len)
{
	return syscall(SYS_munlock, addr, len);
}

int
mlockall(int flags)
{
	return syscall(SYS_mlockall, flags);
}

int
munlockall(void)
{
	return syscall(SYS_munlockall);
}

void *
mremap(void *addr, size_t old_len, size_t new_len, int flags, ...)
{
	va_list ap;
	void *to;

	va_start(ap, flags);
	to = va_arg(ap, void *);
	va_end(ap);
	return (void *)syscall(SYS_mremap, addr, old_len, new_len, flags, to);
}

int
memfd_create(const char *name, unsigned int flags)
{
	return syscall(SYS_memfd_create, name, flags);
}

int
minherit(void *addr, size_t len, int inherit)
{
	return syscall(SYS_minherit, addr, len, inherit);
}

/* The system call returns the break as it is afterwards, whether it moved or not. */
int
brk(void *end)
{
	if ((void *)syscall(SYS_brk, end) == end)
		return 0;
	errno = ENOMEM;
	return -1;
}

void *
sbrk(intptr_t increment)
{
	char *now = (char *)syscall(SYS_brk, NULL);

	if (increment != 0 && brk(now + increment) < 0)
		return (void *)-1;
	return now;
}

int
getpagesize(void)
{
	return 4096;
}
