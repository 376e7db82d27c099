/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on paths: opening, making, linking, renaming, removing; where a process is.
 *
 *      path_begin (string, start, credentials) --> vfs_*() --> path_end
 *
 * Locks: proc.lock around the change of a directory; nothing is held while the file system works.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/base/debug.h"
#include "kern/fdtable.h"
#include "kern/file.h"
#include "kern/fsdirs.h"
#include "kern/pathargs.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"

#define MODE_MASK 07777u

static bool
is_root(void)
{
	return curuthread()->cred.euid == 0;
}

/* ---- open ------------------------------------------------------------------------------------ */

/* Combinations that Linux refuses, and what no file here can do. */
static int
check_open_flags(uint32_t flags)
{
	if (flags & O_PATH)
		return 0;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return EINVAL;
	if (flags & O_TMPFILE & ~O_DIRECTORY)
		return (flags & O_DIRECTORY) && (flags & O_ACCMODE) ? EOPNOTSUPP : EINVAL;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return EINVAL;
	return flags & O_DIRECT ? EINVAL : 0;
}

/* O_PATH looks at nothing but these. */
static uint32_t
effective_flags(uint32_t flags)
{
	if (flags & O_PATH)
		return flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return flags | O_LARGEFILE;
}

static int
open_path(int dirfd, uint64_t path, uint32_t flags, uint32_t mode, struct file **fp)
{
	struct pathargs pa;
	int error = path_begin(&pa, dirfd, path);

	if (error)
		return error;
	error = file_open(&pa.ctx, pa.path, flags, mode & MODE_MASK, fp);
	path_end(&pa);
	return error;
}

long
sys_openat(const struct syscall_args *args)
{
	struct fdtable *table = curproc()->fdtable;
	uint32_t flags = effective_flags((uint32_t)args->a[2]);
	struct file *f;
	int fd, error;

	error = check_open_flags(flags);
	if (!error)
		error = fdtable_reserve(table, 0, curproc()->limit[RLIMIT_NOFILE].rlim_cur, &fd);
	if (error)
		return -error;
	error = open_path((int)args->a[0], args->a[1], flags, (uint32_t)args->a[3], &f);
	if (error) {
		fdtable_unreserve(table, fd);
		return error == EINTR ? -ERESTARTSYS : -error;
	}
	fdtable_install(table, fd, f, flags & O_CLOEXEC);
	return fd;
}

/* ---- Making and removing names --------------------------------------------------------------- */

long
sys_mkdirat(const struct syscall_args *args)
{
	struct pathargs pa;
	int error = path_begin(&pa, (int)args->a[0], args->a[1]);

	if (error)
		return -error;
	error = vfs_mkdir(&pa.ctx, pa.path, (uint32_t)args->a[2] & MODE_MASK);
	path_end(&pa);
	return -error;
}

long
sys_mknodat(const struct syscall_args *args)
{
	struct pathargs pa;
	int error = path_begin(&pa, (int)args->a[0], args->a[1]);

	if (error)
		return -error;
	error = vfs_mknod(&pa.ctx, pa.path, (uint32_t)args->a[2], (uint32_t)args->a[3]);
	path_end(&pa);
	return -error;
}

long
sys_unlinkat(const struct syscall_args *args)
{
	uint32_t flags = (uint32_t)args->a[2];
	struct pathargs pa;
	int error;

	if (flags & ~(uint32_t)AT_REMOVEDIR)
		return -EINVAL;
	error = path_begin(&pa, (int)args->a[0], args->a[1]);
	if (error)
		return -error;
	error = flags & AT_REMOVEDIR ? vfs_rmdir(&pa.ctx, pa.path) : vfs_unlink(&pa.ctx, pa.path);
	path_end(&pa);
	return -error;
}

long
sys_symlinkat(const struct syscall_args *args)
{
	struct pathargs pa;
	char *target;
	int error = path_copyin(args->a[0], &target);

	if (error)
		return -error;
	error = target[0] == '\0' ? ENOENT : path_begin(&pa, (int)args->a[1], args->a[2]);
	if (!error) {
		error = vfs_symlink(&pa.ctx, target, pa.path);
		path_end(&pa);
	}
	path_free(target);
	return -error;
}

/* The two paths of link and rename. */
static int
begin_two(struct pathargs *old, struct pathargs *new, const struct syscall_args *args)
{
	int error = path_begin(old, (int)args->a[0], args->a[1]);

	if (error)
		return error;
	error = path_begin(new, (int)args->a[2], args->a[3]);
	if (error)
		path_end(old);
	return error;
}

static int
link_paths(const struct pathargs *old, const struct pathargs *new, uint32_t flags)
{
	struct inode *ip;
	unsigned how =
	    (flags & AT_SYMLINK_FOLLOW ? VFS_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? VFS_EMPTY : 0);
	int error = vfs_lookup(&old->ctx, old->path, how, &ip);

	if (error)
		return error;
	error = vfs_link(&new->ctx, ip, new->path);
	inode_unref(ip);
	return error;
}

long
sys_linkat(const struct syscall_args *args)
{
	uint32_t flags = (uint32_t)args->a[4];
	struct pathargs old, new;
	int error;

	if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !is_root())
		return -ENOENT;
	error = begin_two(&old, &new, args);
	if (error)
		return -error;
	error = link_paths(&old, &new, flags);
	path_end(&new);
	path_end(&old);
	return -error;
}

long
sys_renameat2(const struct syscall_args *args)
{
	uint32_t flags = (uint32_t)args->a[4];
	struct pathargs old, new;
	int error;

	if (flags & ~(uint32_t)RENAME_NOREPLACE)
		return -EINVAL;
	error = begin_two(&old, &new, args);
	if (error)
		return -error;
	error = vfs_rename(&old.ctx, old.path, &new.ctx, new.path,
	    flags & RENAME_NOREPLACE ? VFS_RENAME_NOREPLACE : 0);
	path_end(&new);
	path_end(&old);
	return -error;
}

/* ---- Looking --------------------------------------------------------------------------------- */

/* Read the link to a page and hand it out. */
static long
read_link(struct inode *ip, uint64_t user, size_t size)
{
	char *page = km_poolpage_alloc(0);
	size_t len = 0;
	int error;

	if (page == NULL)
		return -ENOMEM;
	error = vfs_readlink(ip, page, MIN(size, (size_t)PAGE_SIZE), &len);
	if (!error)
		error = copyout(user, page, len);
	km_poolpage_free(page);
	return error ? -error : (long)len;
}

long
sys_readlinkat(const struct syscall_args *args)
{
	int size = (int)args->a[3];
	struct pathargs pa;
	struct inode *ip;
	long result;
	int error;

	if (size <= 0)
		return -EINVAL;
	error = path_begin(&pa, (int)args->a[0], args->a[1]);
	if (error)
		return -error;
	error = vfs_lookup(&pa.ctx, pa.path, VFS_EMPTY, &ip);
	result = -error;
	if (!error) {
		bool empty = pa.path[0] == '\0';

		result = empty && !inode_is(ip, S_IFLNK) ? -ENOENT
							 : read_link(ip, args->a[2], (size_t)size);
		inode_unref(ip);
	}
	path_end(&pa);
	return result;
}

/* access(2) asks for the real user, unless AT_EACCESS says otherwise. */
static long
check_access(const struct syscall_args *args, uint32_t flags)
{
	uint32_t mode = (uint32_t)args->a[2];
	struct cred cred = curuthread()->cred;
	struct pathargs pa;
	struct inode *ip;
	unsigned how = (flags & AT_SYMLINK_NOFOLLOW ? 0 : VFS_FOLLOW) |
	    (flags & AT_EMPTY_PATH ? VFS_EMPTY : 0);
	int error;

	if (mode & ~(uint32_t)(R_OK | W_OK | X_OK))
		return -EINVAL;
	error = path_begin(&pa, (int)args->a[0], args->a[1]);
	if (error)
		return -error;
	if (!(flags & AT_EACCESS)) {
		cred.euid = cred.ruid;
		cred.egid = cred.rgid;
		pa.ctx.cred = &cred;
	}
	error = vfs_lookup(&pa.ctx, pa.path, how, &ip);
	if (!error) {
		error = vfs_access(ip, pa.ctx.cred, mode);
		inode_unref(ip);
	}
	path_end(&pa);
	return -error;
}

_Static_assert(
    R_OK == VFS_R && W_OK == VFS_W && X_OK == VFS_X, "access modes are vfs_access's bits");

long
sys_faccessat(const struct syscall_args *args)
{
	return check_access(args, 0);
}

long
sys_faccessat2(const struct syscall_args *args)
{
	uint32_t flags = (uint32_t)args->a[3];

	if (flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return check_access(args, flags);
}

/* ---- Where the process is -------------------------------------------------------------------- */

/* chdir and chroot. */
static int
move_to_path(void (*set)(struct fsdirs *d, struct inode *ip), uint64_t path)
{
	struct pathargs pa;
	struct inode *ip;
	int error = path_begin(&pa, AT_FDCWD, path);

	if (error)
		return error;
	error = vfs_lookup(&pa.ctx, pa.path, VFS_FOLLOW | VFS_DIR, &ip);
	if (!error) {
		error = vfs_access(ip, pa.ctx.cred, VFS_X);
		if (error)
			inode_unref(ip);
		else
			set(curproc()->dirs, ip);
	}
	path_end(&pa);
	return error;
}

long
sys_chdir(const struct syscall_args *args)
{
	return -move_to_path(fsdirs_set_cwd, args->a[0]);
}

long
sys_chroot(const struct syscall_args *args)
{
	if (!is_root())
		return -EPERM;
	return -move_to_path(fsdirs_set_root, args->a[0]);
}

static int
move_to_file(const struct file *f)
{
	int error;

	if (f->inode == NULL || !inode_is(f->inode, S_IFDIR))
		return ENOTDIR;
	error = vfs_access(f->inode, &curuthread()->cred, VFS_X);
	if (error)
		return error;
	inode_ref(f->inode);
	fsdirs_set_cwd(curproc()->dirs, f->inode);
	return 0;
}

long
sys_fchdir(const struct syscall_args *args)
{
	struct file *f = fdtable_get(curproc()->fdtable, (int)args->a[0]);
	int error;

	if (f == NULL)
		return -EBADF;
	error = move_to_file(f);
	file_unref(f);
	return -error;
}

static int
find_cwd(char *buf, size_t size)
{
	struct pathargs pa;
	int error = path_begin_cwd(&pa);

	if (error)
		return error;
	error = vfs_getcwd(&pa.ctx, buf, size);
	path_end(&pa);
	return error;
}

long
sys_getcwd(const struct syscall_args *args)
{
	char *page = km_poolpage_alloc(0);
	size_t len = 0;
	int error;

	if (page == NULL)
		return -ENOMEM;
	error = find_cwd(page, MIN(args->a[1], (uint64_t)PAGE_SIZE));
	if (!error) {
		while (page[len++] != '\0')
			continue;
		error = copyout(args->a[0], page, len);
	}
	km_poolpage_free(page);
	return error ? -error : (long)len;
}

long
sys_umask(const struct syscall_args *args)
{
	return fsdirs_set_umask(curproc()->dirs, (uint32_t)args->a[0] & 0777);
}

/* ---- Mounting -------------------------------------------------------------------------------- */

/* Everything is mounted at boot: there is no file system type that mount(2) could find. */
long
sys_mount(const struct syscall_args *args)
{
	struct pathargs pa;
	char *type;
	int error;

	if (!is_root())
		return -EPERM;
	if (args->a[2] != 0) {
		error = path_copyin(args->a[2], &type);
		if (error)
			return -error;
		path_free(type);
	}
	error = path_begin(&pa, AT_FDCWD, args->a[1]);
	if (error)
		return -error;
	path_end(&pa);
	return -ENODEV;
}

long
sys_umount2(const struct syscall_args *args)
{
	struct pathargs pa;
	struct inode *ip;
	int error;

	if (!is_root())
		return -EPERM;
	error = path_begin(&pa, AT_FDCWD, args->a[0]);
	if (error)
		return -error;
	error = vfs_lookup(&pa.ctx, pa.path, VFS_FOLLOW, &ip);
	if (!error) {
		error = ip == ip->mnt->root ? EBUSY : EINVAL;
		inode_unref(ip);
	}
	path_end(&pa);
	return -error;
}
