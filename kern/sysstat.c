/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on attributes: asking for them (stat, statx, statfs) and changing them (chmod,
 * chown, times, truncate).
 *
 * Every call names its file by path, by descriptor, or, with AT_EMPTY_PATH and "", by a descriptor
 * in place of the directory; find() turns all of these into one reference, an inode or (a pipe has
 * none) a file.
 *
 * Locks: none of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#include "kern/base/debug.h"
#include "kern/fdtable.h"
#include "kern/file.h"
#include "kern/pathargs.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"

#define NS_PER_SEC     1000000000l
#define PIPEFS_MAGIC   0x50495045
#define ST_RDONLY      0x01
#define ST_VALID       0x20
#define STATX_BASIC    0x7ffu /* mask: what struct stat has */
#define STATX_RESERVED 0x80000000u
#define AT_STATX_SYNC  0x6000u /* how current the answer must be: always is */
#define MODE_MASK      07777u

_Static_assert(sizeof(struct stat) == 128 && offsetof(struct stat, st_size) == 48,
    "struct stat as on Linux riscv64");
_Static_assert(sizeof(struct statfs) == 120, "struct statfs as on Linux riscv64");

struct statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t pad;
};

/* struct statx of Linux. */
struct statx_out {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad0;
	uint64_t ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t spare[14];
};

_Static_assert(sizeof(struct statx_out) == 256, "struct statx as on Linux");

/* What a call is about: one of the two. */
struct target {
	struct inode *inode; /* with a reference, */
	struct file *file;   /* or this one (with a reference) */
};

static void
release(struct target *t)
{
	inode_unref(t->inode);
	file_unref(t->file);
}

static int
find_fd(int fd, struct target *t)
{
	t->inode = NULL;
	t->file = fdtable_get(curproc()->fdtable, fd);
	return t->file != NULL ? 0 : EBADF;
}

/* Is the user's string empty?  (A string that cannot be read is not.) */
static bool
is_empty(uint64_t user)
{
	char c = 1;

	return copyin(&c, user, 1) == 0 && c == '\0';
}

/* The target of (dirfd, path, AT_* flags). */
static int
find(int dirfd, uint64_t path, uint32_t flags, struct target *t)
{
	unsigned how = (flags & AT_SYMLINK_NOFOLLOW ? 0 : VFS_FOLLOW) |
	    (flags & AT_EMPTY_PATH ? VFS_EMPTY : 0);
	struct pathargs pa;
	int error;

	*t = (struct target){0};
	if ((flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD && is_empty(path))
		return find_fd(dirfd, t);
	error = path_begin(&pa, dirfd, path);
	if (error)
		return error;
	error = vfs_lookup(&pa.ctx, pa.path, how, &t->inode);
	path_end(&pa);
	return error;
}

static int
get_attr(const struct target *t, struct vfs_attr *attr)
{
	return t->file != NULL ? file_stat(t->file, attr) : vfs_getattr(t->inode, attr);
}

/* ---- stat ------------------------------------------------------------------------------------ */

static struct timespec
to_timespec(struct vfs_time t)
{
	return (struct timespec){t.sec, t.nsec};
}

static int
store_stat(const struct target *t, uint64_t user)
{
	struct vfs_attr attr;
	struct stat st;
	int error = get_attr(t, &attr);

	if (error)
		return error;
	memset(&st, 0, sizeof(st));
	st.st_dev = attr.dev;
	st.st_ino = attr.ino;
	st.st_mode = attr.mode;
	st.st_nlink = attr.nlink;
	st.st_uid = attr.uid;
	st.st_gid = attr.gid;
	st.st_rdev = attr.rdev;
	st.st_size = (off_t)attr.size;
	st.st_blksize = (blksize_t)attr.blksize;
	st.st_blocks = (blkcnt_t)attr.blocks;
	st.st_atim = to_timespec(attr.atime);
	st.st_mtim = to_timespec(attr.mtime);
	st.st_ctim = to_timespec(attr.ctime);
	return copyout(user, &st, sizeof(st));
}

long
sys_fstat(const struct syscall_args *args)
{
	struct target t;
	int error = find_fd((int)args->a[0], &t);

	if (!error)
		error = store_stat(&t, args->a[1]);
	release(&t);
	return -error;
}

long
sys_newfstatat(const struct syscall_args *args)
{
	uint32_t flags = (uint32_t)args->a[3];
	struct target t;
	int error;

	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	error = find((int)args->a[0], args->a[1], flags, &t);
	if (error)
		return -error;
	error = store_stat(&t, args->a[2]);
	release(&t);
	return -error;
}

static struct statx_time
to_statx_time(struct vfs_time t)
{
	return (struct statx_time){.sec = t.sec, .nsec = t.nsec};
}

static int
store_statx(const struct target *t, uint64_t user)
{
	struct vfs_attr attr;
	struct statx_out st;
	int error = get_attr(t, &attr);

	if (error)
		return error;
	memset(&st, 0, sizeof(st));
	st.mask = STATX_BASIC;
	st.blksize = attr.blksize;
	st.nlink = attr.nlink;
	st.uid = attr.uid;
	st.gid = attr.gid;
	st.mode = (uint16_t)attr.mode;
	st.ino = attr.ino;
	st.size = attr.size;
	st.blocks = attr.blocks;
	st.atime = to_statx_time(attr.atime);
	st.ctime = to_statx_time(attr.ctime);
	st.mtime = to_statx_time(attr.mtime);
	st.rdev_major = vfs_major(attr.rdev);
	st.rdev_minor = vfs_minor(attr.rdev);
	st.dev_major = vfs_major(attr.dev);
	st.dev_minor = vfs_minor(attr.dev);
	return copyout(user, &st, sizeof(st));
}

long
sys_statx(const struct syscall_args *args)
{
	uint32_t flags = (uint32_t)args->a[2], mask = (uint32_t)args->a[3];
	struct target t;
	int error;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC))
		return -EINVAL;
	if ((mask & STATX_RESERVED) || (flags & AT_STATX_SYNC) == AT_STATX_SYNC)
		return -EINVAL;
	error = find((int)args->a[0], args->a[1], flags, &t);
	if (error)
		return -error;
	error = store_statx(&t, args->a[4]);
	release(&t);
	return -error;
}

/* ---- statfs ---------------------------------------------------------------------------------- */

/* A pipe's file system has a type and nothing else. */
static struct statfs
statfs_of_pipes(void)
{
	return (struct statfs){.f_type = PIPEFS_MAGIC,
	    .f_bsize = PAGE_SIZE,
	    .f_frsize = PAGE_SIZE,
	    .f_namelen = NAME_MAX,
	    .f_flags = ST_VALID};
}

static int
statfs_of(struct inode *ip, struct statfs *out)
{
	struct vfs_statfs st;
	int error = vfs_statfs(ip, &st);

	if (error)
		return error;
	*out = (struct statfs){.f_type = st.type,
	    .f_bsize = st.bsize,
	    .f_blocks = (long)st.blocks,
	    .f_bfree = (long)st.bfree,
	    .f_bavail = (long)st.bfree,
	    .f_files = (long)st.files,
	    .f_ffree = (long)st.ffree,
	    .f_fsid = {{(int)ip->mnt->dev, 0}},
	    .f_namelen = NAME_MAX,
	    .f_frsize = st.bsize,
	    .f_flags = ST_VALID | (ip->mnt->flags & MOUNT_RDONLY ? ST_RDONLY : 0)};
	return 0;
}

static long
store_statfs(struct target *t, uint64_t user)
{
	struct inode *ip = t->file != NULL ? t->file->inode : t->inode;
	struct statfs st = statfs_of_pipes();
	int error = 0;

	if (ip != NULL)
		error = statfs_of(ip, &st);
	if (!error)
		error = copyout(user, &st, sizeof(st));
	release(t);
	return -error;
}

long
sys_statfs(const struct syscall_args *args)
{
	struct target t;
	int error = find(AT_FDCWD, args->a[0], 0, &t);

	return error ? -error : store_statfs(&t, args->a[1]);
}

long
sys_fstatfs(const struct syscall_args *args)
{
	struct target t;
	int error = find_fd((int)args->a[0], &t);

	return error ? -error : store_statfs(&t, args->a[1]);
}

/* ---- Changing -------------------------------------------------------------------------------- */

/* Change what `set` says and let go of the target.  => a file opened with O_PATH does not count as
 * open unless path_ok. */
static long
change(struct target *t, const struct vfs_setattr *set, bool path_ok)
{
	struct inode *ip = t->file != NULL ? t->file->inode : t->inode;
	int error = 0;

	if (t->file != NULL && (t->file->flags & O_PATH) && !path_ok)
		error = EBADF;
	else if (ip != NULL && set->what != 0)
		error = vfs_setattr(ip, &curuthread()->cred, set);
	release(t);
	return -error;
}

long
sys_fchmod(const struct syscall_args *args)
{
	struct vfs_setattr set = {.what = VFS_SET_MODE, .mode = (uint32_t)args->a[1] & MODE_MASK};
	struct target t;
	int error = find_fd((int)args->a[0], &t);

	return error ? -error : change(&t, &set, false);
}

long
sys_fchmodat(const struct syscall_args *args)
{
	struct vfs_setattr set = {.what = VFS_SET_MODE, .mode = (uint32_t)args->a[2] & MODE_MASK};
	struct target t;
	int error = find((int)args->a[0], args->a[1], 0, &t);

	return error ? -error : change(&t, &set, false);
}

/* An owner of -1 is not changed. */
static struct vfs_setattr
new_owner(uint64_t uid, uint64_t gid)
{
	struct vfs_setattr set = {.uid = (uint32_t)uid, .gid = (uint32_t)gid};

	if (set.uid != UINT_MAX)
		set.what |= VFS_SET_UID;
	if (set.gid != UINT_MAX)
		set.what |= VFS_SET_GID;
	return set;
}

long
sys_fchown(const struct syscall_args *args)
{
	struct vfs_setattr set = new_owner(args->a[1], args->a[2]);
	struct target t;
	int error = find_fd((int)args->a[0], &t);

	return error ? -error : change(&t, &set, false);
}

long
sys_fchownat(const struct syscall_args *args)
{
	struct vfs_setattr set = new_owner(args->a[2], args->a[3]);
	uint32_t flags = (uint32_t)args->a[4];
	struct target t;
	int error;

	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = find((int)args->a[0], args->a[1], flags, &t);
	return error ? -error : change(&t, &set, true);
}

long
sys_truncate(const struct syscall_args *args)
{
	struct vfs_setattr set = {.what = VFS_SET_SIZE, .size = args->a[1]};
	struct target t;
	int error;

	if ((int64_t)args->a[1] < 0)
		return -EINVAL;
	error = find(AT_FDCWD, args->a[0], 0, &t);
	if (error)
		return -error;
	if (inode_is(t.inode, S_IFDIR))
		error = EISDIR;
	else if (!inode_is(t.inode, S_IFREG))
		error = EINVAL;
	else if (set.size > curproc()->limit[RLIMIT_FSIZE].rlim_cur && set.size > t.inode->size)
		error = EFBIG;
	if (!error)
		return change(&t, &set, true);
	if (error == EFBIG)
		(void)signal_thread(curproc(), curuthread()->tid, SIGXFSZ, NULL);
	release(&t);
	return -error;
}

/* ---- Times ----------------------------------------------------------------------------------- */

static bool
is_valid_time(const struct timespec *ts)
{
	return ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT ||
	    (ts->tv_nsec >= 0 && ts->tv_nsec < NS_PER_SEC);
}

static struct vfs_time
resolve(const struct timespec *ts, struct vfs_time now)
{
	if (ts->tv_nsec == UTIME_NOW)
		return now;
	return (struct vfs_time){ts->tv_sec, (uint32_t)ts->tv_nsec};
}

/* The user's two times (address 0: both now) as a change.  => what is 0: nothing to do. */
static int
fetch_times(uint64_t user, struct vfs_setattr *set)
{
	struct timespec ts[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct vfs_time now = vfs_now();

	if (user != 0 && copyin(ts, user, sizeof(ts)))
		return EFAULT;
	if (!is_valid_time(&ts[0]) || !is_valid_time(&ts[1]))
		return EINVAL;
	*set = (struct vfs_setattr){.atime = resolve(&ts[0], now), .mtime = resolve(&ts[1], now)};
	if (ts[0].tv_nsec != UTIME_OMIT)
		set->what |= VFS_SET_ATIME;
	if (ts[1].tv_nsec != UTIME_OMIT)
		set->what |= VFS_SET_MTIME;
	/* Only setting both to now is allowed to whoever may write. */
	if (ts[0].tv_nsec == UTIME_NOW && ts[1].tv_nsec == UTIME_NOW)
		set->what |= VFS_SET_NOW;
	return 0;
}

long
sys_utimensat(const struct syscall_args *args)
{
	int dirfd = (int)args->a[0];
	uint32_t flags = (uint32_t)args->a[3];
	struct vfs_setattr set;
	struct target t;
	int error = fetch_times(args->a[2], &set);

	if (!error && (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		error = EINVAL;
	if (error || set.what == 0)
		return -error;
	if (args->a[1] != 0)
		error = find(dirfd, args->a[1], flags, &t);
	else if (dirfd == AT_FDCWD)
		error = EFAULT;
	else
		error = flags != 0 ? EINVAL : find_fd(dirfd, &t);
	return error ? -error : change(&t, &set, args->a[1] != 0);
}
