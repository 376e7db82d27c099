/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetching paths.  A path gets a page of the direct map: it may be VFS_PATH_MAX bytes long, too
 * much for a kernel stack.
 *
 * Locks: proc.lock while the current directory is read and referenced; another thread may be
 * changing it.
 */
#include <errno.h>
#include <fcntl.h>

#include "kern/fdtable.h"
#include "kern/file.h"
#include "kern/fsdirs.h"
#include "kern/pathargs.h"
#include "kern/proc.h"
#include "kern/uaccess.h"
#include "vm/vm_km.h"

_Static_assert(VFS_PATH_MAX <= PAGE_SIZE, "a path fits a page");

int
path_copyin(uint64_t user, char **path)
{
	char *page = km_poolpage_alloc(0);
	int error;

	if (page == NULL)
		return ENOMEM;
	error = copyinstr(page, user, VFS_PATH_MAX, NULL);
	if (error)
		km_poolpage_free(page);
	else
		*path = page;
	return error;
}

void
path_free(char *path)
{
	km_poolpage_free(path);
}

static void
fill_context(struct pathargs *pa)
{
	pa->ctx.umask = fsdirs_get(curproc()->dirs, &pa->root, &pa->cwd);
	pa->ctx.cred = &curuthread()->cred;
	pa->ctx.root = pa->root;
	pa->ctx.cwd = pa->cwd;
}

int
path_begin_cwd(struct pathargs *pa)
{
	*pa = (struct pathargs){0};
	fill_context(pa);
	return 0;
}

/* Start at dirfd.  => returns 0; EBADF; ENOTDIR: a pipe or the like. */
static int
start_at(struct pathargs *pa, int dirfd)
{
	pa->dir = fdtable_get(curproc()->fdtable, dirfd);
	if (pa->dir == NULL)
		return EBADF;
	if (pa->dir->inode == NULL)
		return ENOTDIR;
	pa->ctx.cwd = pa->dir->inode;
	return 0;
}

int
path_begin(struct pathargs *pa, int dirfd, uint64_t path)
{
	int error;

	*pa = (struct pathargs){0};
	error = path_copyin(path, &pa->path);
	if (error)
		return error;
	fill_context(pa);
	if (dirfd != AT_FDCWD && pa->path[0] != '/')
		error = start_at(pa, dirfd);
	if (error)
		path_end(pa);
	return error;
}

void
path_end(struct pathargs *pa)
{
	file_unref(pa->dir);
	inode_unref(pa->root);
	inode_unref(pa->cwd);
	if (pa->path != NULL)
		path_free(pa->path);
}
