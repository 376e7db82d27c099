/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on names. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

int
fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	return syscall(SYS_newfstatat, dirfd, path, st, flags);
}

int
stat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, 0);
}

int
lstat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int
fstat(int fd, struct stat *st)
{
	return syscall(SYS_fstat, fd, st);
}

int
statfs(const char *path, struct statfs *st)
{
	return syscall(SYS_statfs, path, st);
}

int
fstatfs(int fd, struct statfs *st)
{
	return syscall(SYS_fstatfs, fd, st);
}

/* The system call knows no flags: AT_EACCESS is decided by faccessat2, where the kernel has it. */
int
faccessat(int dirfd, const char *path, int mode, int flags)
{
	if (flags == 0)
		return syscall(SYS_faccessat, dirfd, path, mode);
	return syscall(SYS_faccessat2, dirfd, path, mode, flags);
}

int
access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, 0);
}

int
fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	if (flags != 0) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return syscall(SYS_fchmodat, dirfd, path, mode);
}

int
chmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, 0);
}

int
fchmod(int fd, mode_t mode)
{
	return syscall(SYS_fchmod, fd, mode);
}

int
fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
	return syscall(SYS_fchownat, dirfd, path, uid, gid, flags);
}

int
chown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, 0);
}

int
lchown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int
fchown(int fd, uid_t uid, gid_t gid)
{
	return syscall(SYS_fchown, fd, uid, gid);
}

mode_t
umask(mode_t mask)
{
	return syscall(SYS_umask, mask);
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	return syscall(SYS_mkdirat, dirfd, path, mode);
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
	return syscall(SYS_mknodat, dirfd, path, mode, dev);
}

int
mknod(const char *path, mode_t mode, dev_t dev)
{
	return mknodat(AT_FDCWD, path, mode, dev);
}

int
mkfifo(const char *path, mode_t mode)
{
	return mknod(path, mode | S_IFIFO, 0);
}

int
linkat(int fromfd, const char *from, int tofd, const char *to, int flags)
{
	return syscall(SYS_linkat, fromfd, from, tofd, to, flags);
}

int
link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
symlinkat(const char *target, int dirfd, const char *path)
{
	return syscall(SYS_symlinkat, target, dirfd, path);
}

int
symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

ssize_t
readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	return syscall(SYS_readlinkat, dirfd, path, buf, size);
}

ssize_t
readlink(const char *path, char *buf, size_t size)
{
	return readlinkat(AT_FDCWD, path, buf, size);
}

int
unlinkat(int dirfd, const char *path, int flags)
{
	return syscall(SYS_unlinkat, dirfd, path, flags);
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int
remove(const char *path)
{
	if (unlink(path) == 0)
		return 0;
	return errno == EISDIR || errno == EPERM ? rmdir(path) : -1;
}

int
renameat2(int fromfd, const char *from, int tofd, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, fromfd, from, tofd, to, flags);
}

int
renameat(int fromfd, const char *from, int tofd, const char *to)
{
	return renameat2(fromfd, from, tofd, to, 0);
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
chdir(const char *path)
{
	return syscall(SYS_chdir, path);
}

int
fchdir(int fd)
{
	return syscall(SYS_fchdir, fd);
}

int
chroot(const char *path)
{
	return syscall(SYS_chroot, path);
}

/* With buf == NULL the result is allocated. The system call itself returns a length. */
char *
getcwd(char *buf, size_t size)
{
	char path[PATH_MAX];

	if (buf != NULL)
		return syscall(SYS_getcwd, buf, size) < 0 ? NULL : buf;
	return syscall(SYS_getcwd, path, sizeof(path)) < 0 ? NULL : strdup(path);
}

int
utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	return syscall(SYS_utimensat, dirfd, path, times, flags);
}

int
futimens(int fd, const struct timespec times[2])
{
	return utimensat(fd, NULL, times, 0);
}

int
utimes(const char *path, const struct timeval times[2])
{
	struct timespec ts[2];
	int i;

	if (times == NULL)
		return utimensat(AT_FDCWD, path, NULL, 0);
	for (i = 0; i < 2; i++)
		ts[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
	return utimensat(AT_FDCWD, path, ts, 0);
}

int
utime(const char *path, const struct utimbuf *times)
{
	if (times == NULL)
		return utimensat(AT_FDCWD, path, NULL, 0);
	return utimensat(
	    AT_FDCWD, path, (struct timespec[2]){{times->actime, 0}, {times->modtime, 0}}, 0);
}

int
mount(
    const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
	return syscall(SYS_mount, source, target, type, flags, data);
}

int
umount2(const char *target, int flags)
{
	return syscall(SYS_umount2, target, flags);
}

int
umount(const char *target)
{
	return umount2(target, 0);
}
