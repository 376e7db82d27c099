/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open(2): from a path to a file, by what the inode is; and the files that are plain inodes:
 * regular files, directories, O_PATH.
 *
 *      vfs_open --> inode --+-- regular, directory --> here
 *                           +-- character, block   --> file_dev.c, tty.c
 *                           +-- FIFO               --> pipe.c
 *
 * Locks: none of its own; the inode's are taken in vfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kern/base/debug.h"
#include "kern/file.h"
#include "kern/file_dev.h"
#include "kern/pipe.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/uaccess.h"

/* Flags that act at open and are not part of the file's state. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* ---- Regular files --------------------------------------------------------------------------- */

static int
regular_read(struct file *f, struct uio *u)
{
	return vfs_read(f->inode, f->handle, u);
}

/* How many of the bytes that u wants to write lie beyond RLIMIT_FSIZE.  => EFBIG (and SIGXFSZ) if
 * all do. */
static int
beyond_limit(const struct file *f, const struct uio *u, uint64_t *excess)
{
	uint64_t limit = curproc()->limit[RLIMIT_FSIZE].rlim_cur;
	uint64_t start = f->flags & O_APPEND ? f->inode->size : u->offset;

	*excess = 0;
	if (limit == RLIM_INFINITY || u->resid == 0 || !inode_is(f->inode, S_IFREG))
		return 0;
	if (start >= limit) {
		(void)signal_thread(curproc(), curuthread()->tid, SIGXFSZ, NULL);
		return EFBIG;
	}
	if (u->resid > limit - start)
		*excess = u->resid - (limit - start);
	return 0;
}

/* A program that somebody else than root writes to loses its set-id bits, or he could make it his. */
static int
drop_set_id(struct inode *ip)
{
	static const struct cred root_cred;
	uint32_t mode = ip->mode, bits = mode & S_ISUID;
	struct vfs_setattr set = {.what = VFS_SET_MODE};

	if (mode & S_IXGRP)
		bits |= mode & S_ISGID;
	if (bits == 0 || !inode_is(ip, S_IFREG) || curuthread()->cred.euid == 0)
		return 0;
	set.mode = mode & 07777 & ~bits;
	return vfs_setattr(ip, &root_cred, &set);
}

static int
regular_write(struct file *f, struct uio *u)
{
	uint64_t excess;
	int error = beyond_limit(f, u, &excess);

	if (!error && u->resid > 0)
		error = drop_set_id(f->inode);
	if (error)
		return error;
	u->resid -= excess;
	error = vfs_write(f->inode, f->handle, u, (int)f->flags);
	u->resid += excess;
	return error;
}

static int
regular_end(struct file *f, uint64_t *end)
{
	*end = f->inode->size;
	return 0;
}

static int
regular_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	uint64_t end = f->inode->size;
	int n;

	if (cmd != FIONREAD)
		return ENOTTY;
	n = f->offset < end ? (int)(end - f->offset) : 0;
	return copyout(arg, &n, sizeof(n));
}

static const struct file_ops regular_ops = {
    .read = regular_read,
    .write = regular_write,
    .ioctl = regular_ioctl,
    .end = regular_end,
};

/* ---- Directories and O_PATH ------------------------------------------------------------------ */

static int
directory_read(struct file *f, struct uio *u)
{
	(void)f;
	(void)u;
	return EISDIR;
}

/* Positions in a directory are cookies: one can return to one, but the end has none. */
static int
directory_end(struct file *f, uint64_t *end)
{
	(void)f;
	(void)end;
	return EINVAL;
}

static const struct file_ops directory_ops = {
    .read = directory_read,
    .end = directory_end,
};

/* O_PATH: a name for an inode, and nothing else. */
static const struct file_ops path_ops = {0};

/* ---- Opening --------------------------------------------------------------------------------- */

static int
make_plain(const struct file_ops *ops, uint32_t flags, struct file **fp)
{
	*fp = file_alloc(ops, flags);
	return *fp != NULL ? 0 : ENFILE;
}

/* The file for an open inode.  Its reference goes into the file afterwards. */
static int
make_file(struct inode *ip, uint32_t oflags, struct file **fp)
{
	uint32_t flags = oflags & ~(uint32_t)OPEN_ONLY;

	if (flags & O_PATH)
		return make_plain(&path_ops, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), fp);
	switch (ip->mode & S_IFMT) {
	case S_IFREG:
		return make_plain(&regular_ops, flags, fp);
	case S_IFDIR:
		return make_plain(&directory_ops, flags, fp);
	case S_IFCHR:
		return file_dev_open_char(ip->rdev, flags, fp);
	case S_IFBLK:
		return file_dev_open_block(ip->rdev, flags, fp);
	case S_IFIFO:
		return pipe_open_fifo(ip, flags, fp);
	default:
		return ENXIO; /* a socket has no server here */
	}
}

int
file_open(
    const struct vfs_ctx *ctx, const char *path, uint32_t oflags, uint32_t mode, struct file **fp)
{
	struct inode *ip;
	void *handle = NULL;
	int error;

	error = vfs_open(ctx, path, (int)oflags, mode, &ip, &handle);
	if (error)
		return error;
	error = make_file(ip, oflags, fp);
	if (error) {
		vfs_close(ip, handle);
		return error;
	}
	(*fp)->inode = ip;
	(*fp)->handle = handle;
	return 0;
}
