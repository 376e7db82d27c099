/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on open files. riscv64 Linux has only the *at(), *2() and *3() forms; the older
 * names are made of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

int
openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return syscall(SYS_openat, dirfd, path, flags | O_LARGEFILE, mode);
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return openat(AT_FDCWD, path, flags, mode);
}

int
creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int
close(int fd)
{
	return syscall(SYS_close, fd);
}

ssize_t
read(int fd, void *buf, size_t n)
{
	return syscall(SYS_read, fd, buf, n);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	return syscall(SYS_write, fd, buf, n);
}

ssize_t
pread(int fd, void *buf, size_t n, off_t offset)
{
	return syscall(SYS_pread64, fd, buf, n, offset);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	return syscall(SYS_pwrite64, fd, buf, n, offset);
}

ssize_t
readv(int fd, const struct iovec *iov, int count)
{
	return syscall(SYS_readv, fd, iov, count);
}

ssize_t
writev(int fd, const struct iovec *iov, int count)
{
	return syscall(SYS_writev, fd, iov, count);
}

ssize_t
preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
	return syscall(SYS_preadv, fd, iov, count, offset, 0);
}

ssize_t
pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	return syscall(SYS_pwritev, fd, iov, count, offset, 0);
}

off_t
lseek(int fd, off_t offset, int whence)
{
	return syscall(SYS_lseek, fd, offset, whence);
}

int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return syscall(SYS_fcntl, fd, cmd, arg);
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	return syscall(SYS_ioctl, fd, request, arg);
}

int
dup(int fd)
{
	return syscall(SYS_dup, fd);
}

int
dup3(int from, int to, int flags)
{
	return syscall(SYS_dup3, from, to, flags);
}

int
dup2(int from, int to)
{
	if (from == to) /* dup3 refuses this, dup2 allows it for an open file */
		return fcntl(from, F_GETFD) < 0 ? -1 : to;
	return dup3(from, to, 0);
}

int
pipe2(int fds[2], int flags)
{
	return syscall(SYS_pipe2, fds, flags);
}

int
pipe(int fds[2])
{
	return pipe2(fds, 0);
}

int
fsync(int fd)
{
	return syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return syscall(SYS_fdatasync, fd);
}

void
sync(void)
{
	syscall(SYS_sync);
}

int
ftruncate(int fd, off_t size)
{
	return syscall(SYS_ftruncate, fd, size);
}

int
truncate(const char *path, off_t size)
{
	return syscall(SYS_truncate, path, size);
}

int
fallocate(int fd, int mode, off_t offset, off_t len)
{
	return syscall(SYS_fallocate, fd, mode, offset, len);
}

/* => returns the error instead of setting errno; so does posix_fadvise. */
int
posix_fallocate(int fd, off_t offset, off_t len)
{
	return fallocate(fd, 0, offset, len) == 0 ? 0 : errno;
}

int
posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
	return syscall(SYS_fadvise64, fd, offset, len, advice) == 0 ? 0 : errno;
}

int
lockf(int fd, int cmd, off_t len)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = len};

	switch (cmd) {
	case F_ULOCK:
		lock.l_type = F_UNLCK;
		return fcntl(fd, F_SETLK, &lock);
	case F_LOCK:
		return fcntl(fd, F_SETLKW, &lock);
	case F_TLOCK:
		return fcntl(fd, F_SETLK, &lock);
	case F_TEST:
		if (fcntl(fd, F_GETLK, &lock) < 0)
			return -1;
		if (lock.l_type == F_UNLCK || lock.l_pid == getpid())
			return 0;
		errno = EACCES;
		return -1;
	default:
		errno = EINVAL;
		return -1;
	}
}

int
isatty(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0;
}
