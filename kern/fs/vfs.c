/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the mount table, permission checks, and the calls on inodes that somebody has open.  Paths
 * are in namei.c.
 *
 * What every file system would have to do is done here once: who may change what, results of partly
 * done transfers, O_SYNC.  File systems are asked for the rest through inode_ops and mount_ops.
 *
 * Mounts are made at boot and never removed, so a mount that was found needs no reference and the
 * list may be walked without a lock; mount_lock orders those who add.
 */
#include "kern/fs/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fs/icache.h"

#define S_TYPE(ip) ((ip)->mode & 0170000u)
#define T_DIR      0040000u
#define T_REG      0100000u
#define T_LNK      0120000u
#define M_SETUID   04000u
#define M_SETGID   02000u

static struct spinlock mount_lock = SPINLOCK_INIT("mounts", RANK_VFS);
static struct list mounts = LIST_INIT(mounts); /* mount_lock to add */
static struct mount *root_mount;               /* I  after boot */

/*
 * Mounts.
 */

void
vfs_init(void)
{
	icache_init();
}

void
vfs_mount_init(
    struct mount *m, const char *type, const char *source, const struct mount_ops *ops, void *data)
{
	static uint32_t anonymous; /* a */

	*m = (struct mount){.ops = ops, .type = type, .source = source, .data = data};
	m->dev = vfs_mkdev(0, __atomic_add_fetch(&anonymous, 1, __ATOMIC_RELAXED));
	list_init(&m->link);
	list_init(&m->used);
	list_init(&m->lru);
}

int
vfs_mount(struct mount *m, struct inode *at, const char *path)
{
	int error = 0;

	if (at != NULL && S_TYPE(at) != T_DIR)
		return ENOTDIR;
	if (at != NULL)
		inode_ref(at);
	strncpy(m->path, path, sizeof(m->path) - 1);
	spin_lock(&mount_lock);
	if (at == NULL ? root_mount != NULL : at->covered_by != NULL) {
		error = EBUSY;
	} else {
		m->covers = at;
		list_push_back(&mounts, &m->link);
		if (at == NULL)
			root_mount = m;
		else
			__atomic_store_n(&at->covered_by, m, __ATOMIC_RELEASE);
	}
	spin_unlock(&mount_lock);
	if (error != 0)
		inode_unref(at);
	return error;
}

struct inode *
vfs_root(void)
{
	inode_ref(root_mount->root);
	return root_mount->root;
}

void
vfs_foreach_mount(void (*fn)(const struct mount *, void *), void *arg)
{
	LIST_FOREACH(node, &mounts) {
		fn(LIST_ENTRY(node, struct mount, link), arg);
	}
}

int
vfs_sync(void)
{
	int error = 0;

	LIST_FOREACH(node, &mounts) {
		struct mount *m = LIST_ENTRY(node, struct mount, link);
		int failed = m->ops->sync != NULL ? m->ops->sync(m, true) : 0;

		if (error == 0)
			error = failed;
	}
	return error;
}

struct vfs_time
vfs_now(void)
{
	uint64_t ns = clock_real_ns();

	return (struct vfs_time){(int64_t)(ns / 1000000000), (uint32_t)(ns % 1000000000)};
}

/*
 * Permissions.
 */

/* The superuser needs no bits, but to execute a file some execute bit must be set. */
static bool
superuser_may(const struct inode *ip, unsigned want)
{
	return (want & VFS_X) == 0 || S_TYPE(ip) == T_DIR || (ip->mode & 0111) != 0;
}

int
vfs_access(const struct inode *ip, const struct cred *cred, unsigned want)
{
	uint32_t type = S_TYPE(ip), bits = ip->mode;

	if ((want & VFS_W) != 0 && (ip->mnt->flags & MOUNT_RDONLY) != 0 &&
	    (type == T_REG || type == T_DIR || type == T_LNK))
		return EROFS;
	if (cred->euid == 0)
		return superuser_may(ip, want) ? 0 : EACCES;
	if (cred->euid == ip->uid)
		bits >>= 6;
	else if (cred_in_group(cred, ip->gid))
		bits >>= 3;
	return (bits & want) == want ? 0 : EACCES;
}

static bool
owns(const struct inode *ip, const struct cred *cred)
{
	return cred->euid == 0 || cred->euid == ip->uid;
}

static int
may_set_owner(const struct inode *ip, const struct cred *cred, const struct vfs_setattr *set)
{
	if (cred->euid == 0)
		return 0;
	if ((set->what & VFS_SET_UID) != 0 && (cred->euid != ip->uid || set->uid != ip->uid))
		return EPERM;
	if ((set->what & VFS_SET_GID) != 0 &&
	    (cred->euid != ip->uid || (set->gid != ip->gid && !cred_in_group(cred, set->gid))))
		return EPERM;
	return 0;
}

static int
may_setattr(const struct inode *ip, const struct cred *cred, const struct vfs_setattr *set)
{
	int error = 0;

	if (ip->mnt->flags & MOUNT_RDONLY)
		return EROFS;
	if ((set->what & VFS_SET_MODE) != 0 && !owns(ip, cred))
		return EPERM;
	if (set->what & (VFS_SET_UID | VFS_SET_GID))
		error = may_set_owner(ip, cred, set);
	if (error == 0 && (set->what & VFS_SET_SIZE) != 0)
		error = S_TYPE(ip) == T_DIR ? EISDIR
		    : S_TYPE(ip) != T_REG   ? EINVAL
					    : vfs_access(ip, cred, VFS_W);
	if (error == 0 && (set->what & (VFS_SET_ATIME | VFS_SET_MTIME)) != 0 && !owns(ip, cred))
		error = set->what & VFS_SET_NOW ? vfs_access(ip, cred, VFS_W) : EPERM;
	return error;
}

/*
 * Attributes.
 */

int
vfs_getattr(struct inode *ip, struct vfs_attr *attr)
{
	sx_slock(&ip->lock);
	*attr = (struct vfs_attr){
	    .ino = ip->ino,
	    .size = ip->size,
	    .dev = ip->mnt->dev,
	    .rdev = ip->rdev,
	    .mode = ip->mode,
	    .nlink = ip->nlink,
	    .uid = ip->uid,
	    .gid = ip->gid,
	    .blksize = 4096,
	    .atime = ip->atime,
	    .mtime = ip->mtime,
	    .ctime = ip->ctime,
	};
	sx_sunlock(&ip->lock);
	return ip->ops->getattr != NULL ? ip->ops->getattr(ip, attr) : 0;
}

/* What else changes when mode or owner do. */
static void
adjust_modes(const struct inode *ip, const struct cred *cred, struct vfs_setattr *set)
{
	bool new_owner = (set->what & (VFS_SET_UID | VFS_SET_GID)) != 0;

	if ((set->what & VFS_SET_MODE) != 0 && cred->euid != 0 && !cred_in_group(cred, ip->gid))
		set->mode &= ~M_SETGID;
	if (new_owner && S_TYPE(ip) == T_REG && (set->what & VFS_SET_MODE) == 0 &&
	    (ip->mode & (M_SETUID | M_SETGID)) != 0) {
		set->what |= VFS_SET_MODE;
		set->mode = ip->mode & ~M_SETUID;
		if (ip->mode & 0010)
			set->mode &= ~M_SETGID;
	}
	if (set->what & VFS_SET_NOW)
		set->atime = set->mtime = vfs_now();
}

int
vfs_setattr(struct inode *ip, const struct cred *cred, const struct vfs_setattr *set)
{
	struct vfs_setattr all = *set;
	int error = may_setattr(ip, cred, set);

	if (error != 0)
		return error;
	if (ip->ops->setattr == NULL)
		return EPERM;
	adjust_modes(ip, cred, &all);
	return ip->ops->setattr(ip, &all);
}

int
vfs_truncate(struct inode *ip, uint64_t size)
{
	struct vfs_setattr set = {.what = VFS_SET_SIZE, .size = size};

	if (S_TYPE(ip) != T_REG || ip->ops->setattr == NULL)
		return EINVAL;
	return ip->mnt->flags & MOUNT_RDONLY ? EROFS : ip->ops->setattr(ip, &set);
}

int
vfs_statfs(struct inode *ip, struct vfs_statfs *st)
{
	return ip->mnt->ops->statfs != NULL ? ip->mnt->ops->statfs(ip->mnt, st) : ENOSYS;
}

/*
 * Contents.
 */

int
vfs_read(struct inode *ip, void *handle, struct uio *u)
{
	uint64_t resid = u->resid;
	int error;

	if (S_TYPE(ip) == T_DIR)
		return EISDIR;
	if (ip->ops->read == NULL)
		return EINVAL;
	error = ip->ops->read(ip, handle, u);
	return u->resid != resid ? 0 : error;
}

int
vfs_write(struct inode *ip, void *handle, struct uio *u, int oflags)
{
	uint64_t resid = u->resid;
	int error;

	if (ip->ops->write == NULL)
		return EINVAL;
	error = ip->ops->write(ip, handle, u, oflags);
	if (u->resid == resid)
		return error;
	return (oflags & O_DSYNC) != 0 ? vfs_fsync(ip, (oflags & O_SYNC) != O_SYNC) : 0;
}

int
vfs_read_kernel(struct inode *ip, void *buf, size_t n, uint64_t offset, size_t *got)
{
	struct uio_vec vec;
	struct uio u;
	int error;

	uio_init_kernel(&u, &vec, UIO_READ, buf, n, offset);
	error = vfs_read(ip, NULL, &u);
	*got = n - u.resid;
	return error;
}

int
vfs_readdir(struct inode *ip, uint64_t *pos, vfs_emit_fn *emit, void *arg)
{
	return ip->ops->readdir != NULL ? ip->ops->readdir(ip, pos, emit, arg) : ENOTDIR;
}

int
vfs_readlink(struct inode *ip, char *buf, size_t size, size_t *lenp)
{
	return ip->ops->readlink != NULL ? ip->ops->readlink(ip, buf, size, lenp) : EINVAL;
}

int
vfs_fsync(struct inode *ip, bool datasync)
{
	return ip->ops->fsync != NULL ? ip->ops->fsync(ip, datasync) : EINVAL;
}

int
vfs_object(struct inode *ip, struct vm_object **op)
{
	return ip->ops->object != NULL ? ip->ops->object(ip, op) : ENODEV;
}

void
vfs_close(struct inode *ip, void *handle)
{
	if (ip->ops->close != NULL)
		ip->ops->close(ip, handle);
	inode_unref(ip);
}
