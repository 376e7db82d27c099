/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root, directory and umask of processes (kern/fsdirs.h).
 *
 * Lock order: proc.lock, then the lock in the struct; inodes are released with nothing locked.
 */
#include "kern/fsdirs.h"

#include "kern/fs/vfs.h"
#include "vm/zone.h"

static struct zone *dirs_zone;

void
fsdirs_init(void)
{
	dirs_zone = zone_create("fsdirs", sizeof(struct fsdirs), 0, NULL);
}

static struct fsdirs *
new_dirs(void)
{
	struct fsdirs *d = zone_alloc(dirs_zone, ZONE_ZERO);

	if (d != NULL) {
		spin_init(&d->lock, "directories", RANK_FSDIRS);
		d->refs = 1;
	}
	return d;
}

struct fsdirs *
fsdirs_create(struct inode *root)
{
	struct fsdirs *d = new_dirs();

	if (d != NULL) {
		d->root = d->cwd = root;
		d->umask = 022;
	}
	return d;
}

struct fsdirs *
fsdirs_copy(struct fsdirs *from)
{
	struct fsdirs *d = new_dirs();

	if (d != NULL)
		d->umask = fsdirs_get(from, &d->root, &d->cwd);
	return d;
}

void
fsdirs_ref(struct fsdirs *d)
{
	__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
}

void
fsdirs_unref(struct fsdirs *d)
{
	if (d == NULL || __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	inode_unref(d->cwd);
	inode_unref(d->root);
	zone_free(dirs_zone, d);
}

static struct inode *
get(struct fsdirs *d, struct inode *const *which)
{
	struct inode *ip;

	spin_lock(&d->lock);
	ip = *which;
	inode_ref(ip);
	spin_unlock(&d->lock);
	return ip;
}

struct inode *
fsdirs_root(struct fsdirs *d)
{
	return get(d, &d->root);
}

struct inode *
fsdirs_cwd(struct fsdirs *d)
{
	return get(d, &d->cwd);
}

static void
set(struct fsdirs *d, struct inode **which, struct inode *ip)
{
	struct inode *old;

	spin_lock(&d->lock);
	old = *which;
	*which = ip;
	spin_unlock(&d->lock);
	inode_unref(old);
}

void
fsdirs_set_root(struct fsdirs *d, struct inode *ip)
{
	set(d, &d->root, ip);
}

void
fsdirs_set_cwd(struct fsdirs *d, struct inode *ip)
{
	set(d, &d->cwd, ip);
}

uint32_t
fsdirs_get(struct fsdirs *d, struct inode **root, struct inode **cwd)
{
	uint32_t umask;

	spin_lock(&d->lock);
	*root = d->root;
	*cwd = d->cwd;
	umask = d->umask;
	inode_ref(*root);
	inode_ref(*cwd);
	spin_unlock(&d->lock);
	return umask;
}

uint32_t
fsdirs_set_umask(struct fsdirs *d, uint32_t umask)
{
	uint32_t old;

	spin_lock(&d->lock);
	old = d->umask;
	d->umask = umask;
	spin_unlock(&d->lock);
	return old;
}
