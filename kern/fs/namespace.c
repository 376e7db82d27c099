/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the operations that change which name means which inode: create, link, unlink, rename.  Each
 * is one transaction, so after a crash it has happened or not.
 *
 * Shape of each:   log_begin;  lock directories, then what they name;  check everything again under
 * the locks;  change;  unlock;  log_end; references are dropped after that, because the last one of
 * an unlinked file opens transactions of its own.
 *
 * A full disk is met before anything was changed; then pending frees are committed and dirty pages
 * written, and the operation starts again (fs_make_room).
 *
 * Lock order of rename: rename_lock, so that no directory moves while it looks; the directory that
 * is above the other first, else the smaller inode number; then the moved inode and the replaced
 * one by number.  Everybody else locks a directory, then one inode in it, so no cycle can arise.
 */
#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fs/fs.h"
#include "kern/fs/fs_format.h"

/*
 * Create.
 */

/* The block of a symbolic link too long for the inode. */
static int
long_target(struct inode *ip, struct txn *t, const char *target, size_t len)
{
	struct fs_inode *fi = fs_inode(ip);
	uint32_t block;
	struct buf *b;
	bool fresh;
	int error;

	sx_xlock(&fi->map_lock);
	error = fs_bmap_alloc(ip, t, 0, false, &block, &fresh);
	sx_xunlock(&fi->map_lock);
	if (error != 0)
		return error;
	bio_fresh(&fs_of(ip)->bio, block, &b);
	memcpy(b->data, target, len);
	log_join(t, b);
	bio_release(b);
	return 0;
}

/* What a new inode holds besides its attributes.  => nobody else knows ip. */
static int
first_contents(struct inode *ip, struct txn *t, struct inode *dir, const char *target)
{
	struct fs_inode *fi = fs_inode(ip);
	int error = 0;

	if (inode_is(ip, FS_IFDIR)) {
		error = fs_dir_init(ip, t, (uint32_t)dir->ino);
	} else if (target != NULL) {
		size_t len = strlen(target);

		if (len <= FS_INLINE_MAX)
			memcpy(fi->target, target, len);
		else
			error = long_target(ip, t, target, len);
		ip->size = fi->disk_size = len;
	}
	return error;
}

/* Give ip its first name.  => dir locked.  On failure ip is as before. */
static int
name_it(struct inode *dir, struct txn *t, const char *name, unsigned len, struct inode *ip)
{
	bool is_dir = inode_is(ip, FS_IFDIR);
	int error;

	ip->nlink = is_dir ? 2 : 1;
	if (is_dir)
		dir->nlink++;
	error = fs_inode_update(ip, t);
	if (error == 0)
		error = fs_dir_add(dir, t, name, len, (uint32_t)ip->ino, ip->mode >> 12);
	if (error != 0) {
		ip->nlink = 0;
		if (is_dir)
			dir->nlink--;
	}
	return error;
}

/* => dir locked, operation open. */
static int
create_locked(struct inode *dir, struct txn *t, const char *name, unsigned len,
    const struct vfs_attr *attr, const char *target, struct inode **ipp)
{
	struct fs_slot slot;
	int error;

	if (dir->nlink == 0)
		return ENOENT;
	if (fs_mode_is(attr->mode, FS_IFDIR) && dir->nlink >= FS_NLINK_MAX)
		return EMLINK;
	error = fs_dir_find(dir, name, len, &slot);
	if (error != ENOENT)
		return error == 0 ? EEXIST : error;
	error = fs_inode_create(fs_of(dir), t, attr, (uint32_t)dir->ino, ipp);
	if (error != 0)
		return error;
	error = first_contents(*ipp, t, dir, target);
	if (error == 0)
		error = name_it(dir, t, name, len, *ipp);
	if (error != 0)
		fs_inode_uncreate(*ipp, t);
	return error;
}

int
fs_create(struct inode *dir, const char *name, unsigned len, const struct vfs_attr *attr,
    const char *target, struct inode **ipp)
{
	struct fs *fs = fs_of(dir);
	unsigned tries = 0;
	struct txn t;
	int error;

	if (target != NULL && (target[0] == '\0' || strlen(target) > FS_SYMLINK_MAX))
		return target[0] == '\0' ? ENOENT : ENAMETOOLONG;
	do {
		*ipp = NULL;
		error = fs_begin(fs, &t, LOG_MAX_OP);
		if (error != 0)
			return error;
		sx_xlock(&dir->lock);
		error = create_locked(dir, &t, name, len, attr, target, ipp);
		sx_xunlock(&dir->lock);
		log_end(&t);
		if (error != 0 && *ipp != NULL) {
			inode_unref(*ipp);
			*ipp = NULL;
		}
	} while (error == ENOSPC && fs_make_room(fs, &tries));
	return error;
}

/*
 * Link and unlink.
 */

/* => dir and ip locked. */
static int
link_locked(struct inode *dir, struct txn *t, const char *name, unsigned len, struct inode *ip)
{
	struct fs_slot slot;
	int error;

	if (dir->nlink == 0 || ip->nlink == 0)
		return ENOENT;
	if (ip->nlink >= FS_NLINK_MAX)
		return EMLINK;
	error = fs_dir_find(dir, name, len, &slot);
	if (error != ENOENT)
		return error == 0 ? EEXIST : error;
	ip->nlink++;
	error = fs_dir_add(dir, t, name, len, (uint32_t)ip->ino, ip->mode >> 12);
	if (error != 0)
		ip->nlink--;
	fs_touch(ip, 0);
	return fs_inode_update(ip, t) != 0 ? EIO : error;
}

int
fs_link(struct inode *dir, const char *name, unsigned len, struct inode *ip)
{
	struct fs *fs = fs_of(dir);
	unsigned tries = 0;
	struct txn t;
	int error;

	do {
		error = fs_begin(fs, &t, LOG_MAX_OP);
		if (error != 0)
			return error;
		sx_xlock(&dir->lock);
		sx_xlock_nested(&ip->lock);
		error = link_locked(dir, &t, name, len, ip);
		sx_xunlock(&ip->lock);
		sx_xunlock(&dir->lock);
		log_end(&t);
	} while (error == ENOSPC && fs_make_room(fs, &tries));
	return error;
}

/* One name less for ip; a directory loses all.  => ip locked. */
static int
drop_link(struct inode *ip, struct txn *t)
{
	if (inode_is(ip, FS_IFDIR))
		ip->nlink = 0;
	else
		ip->nlink--;
	if (ip->nlink == 0)
		fs_orphan_add(ip);
	fs_touch(ip, 0);
	return fs_inode_update(ip, t);
}

/* => dir and ip locked. */
static int
unlink_locked(struct inode *dir, struct txn *t, const struct fs_slot *slot, struct inode *ip)
{
	int error = 0;

	if (inode_is(ip, FS_IFDIR)) {
		error = fs_dir_empty(ip);
		if (error != 0)
			return error;
		dir->nlink--;
	}
	error = fs_dir_remove(dir, t, slot);
	return error != 0 ? error : drop_link(ip, t);
}

int
fs_unlink(struct inode *dir, const char *name, unsigned len, struct inode *ip)
{
	struct fs_slot slot;
	struct txn t;
	int error = fs_begin(fs_of(dir), &t, LOG_MAX_OP);

	if (error != 0)
		return error;
	sx_xlock(&dir->lock);
	error = fs_dir_find(dir, name, len, &slot);
	if (error == 0 && slot.ino != ip->ino)
		error = ENOENT;
	if (error == 0) {
		sx_xlock_nested(&ip->lock);
		error = unlink_locked(dir, &t, &slot, ip);
		sx_xunlock(&ip->lock);
	}
	sx_xunlock(&dir->lock);
	log_end(&t);
	return error;
}

/*
 * Rename.
 */

/* Is `above` the directory `dir` or one above it?  => rename_lock held, nothing else. */
static int
is_above(struct inode *above, struct inode *dir, bool *yes)
{
	struct inode *at = dir, *parent;
	int error = 0;

	inode_ref(at);
	while (at != above && at->ino != FS_ROOT_INO && error == 0) {
		error = fs_dir_lookup(at, "..", 2, &parent);
		inode_unref(at);
		at = error == 0 ? parent : NULL;
	}
	*yes = at == above;
	inode_unref(at);
	return error;
}

/* One rename on its way. */
struct rename {
	struct inode *from, *to;   /* directories */
	struct inode *ip, *victim; /* what moves, what is replaced (or NULL) */
	const char *name, *newname;
	unsigned len, newlen;
	struct fs_slot old, new;
	bool to_first; /* lock `to` before `from` */
};

/* What does not need the locks: loops, and the order of locking. */
static int
rename_plan(struct rename *r)
{
	bool above = false;
	int error = 0;

	if (inode_is(r->ip, FS_IFDIR)) {
		error = is_above(r->ip, r->to, &above);
		if (error == 0 && above)
			error = EINVAL;
	}
	if (error == 0 && r->victim != NULL && inode_is(r->victim, FS_IFDIR)) {
		error = is_above(r->victim, r->from, &above);
		if (error == 0 && above)
			error = ENOTEMPTY;
	}
	if (error != 0 || r->from == r->to)
		return error;
	error = is_above(r->to, r->from, &r->to_first);
	if (error != 0 || r->to_first)
		return error;
	error = is_above(r->from, r->to, &above);
	r->to_first = !above && r->to->ino < r->from->ino;
	return error;
}

static void
rename_lock(struct rename *r) NO_LOCK_ANALYSIS
{
	struct inode *a = r->ip, *b = r->victim;

	sx_xlock(r->to_first ? &r->to->lock : &r->from->lock);
	if (r->from != r->to)
		sx_xlock_nested(r->to_first ? &r->from->lock : &r->to->lock);
	if (b != NULL && b->ino < a->ino) {
		a = r->victim;
		b = r->ip;
	}
	sx_xlock_nested(&a->lock);
	if (b != NULL)
		sx_xlock_nested(&b->lock);
}

static void
rename_unlock(struct rename *r) NO_LOCK_ANALYSIS
{
	if (r->victim != NULL)
		sx_xunlock(&r->victim->lock);
	sx_xunlock(&r->ip->lock);
	if (r->from != r->to)
		sx_xunlock(&r->to->lock);
	sx_xunlock(&r->from->lock);
}

/* Is everything as the caller thinks?  => all locked. */
static int
rename_check(struct rename *r)
{
	int error;

	if (r->from->nlink == 0 || r->to->nlink == 0)
		return ENOENT;
	error = fs_dir_find(r->from, r->name, r->len, &r->old);
	if (error != 0 || r->old.ino != r->ip->ino)
		return error != 0 ? error : ENOENT;
	error = fs_dir_find(r->to, r->newname, r->newlen, &r->new);
	if (error != 0 && error != ENOENT)
		return error;
	if (r->victim == NULL && error == 0)
		return EEXIST;
	if (r->victim != NULL && (error != 0 || r->new.ino != r->victim->ino))
		return ENOENT;
	if (r->victim != NULL && inode_is(r->victim, FS_IFDIR))
		return fs_dir_empty(r->victim);
	if (inode_is(r->ip, FS_IFDIR) && r->from != r->to && r->to->nlink >= FS_NLINK_MAX)
		return EMLINK;
	return 0;
}

/* Put the new name in place; the old one is still there.  Only this step can find the disk full. */
static int
rename_enter(struct rename *r, struct txn *t)
{
	bool is_dir = inode_is(r->ip, FS_IFDIR);
	int error;

	if (r->victim == NULL)
		return fs_dir_add(
		    r->to, t, r->newname, r->newlen, (uint32_t)r->ip->ino, r->ip->mode >> 12);
	if (is_dir)
		r->to->nlink--;
	error = fs_dir_replace(r->to, t, &r->new, (uint32_t)r->ip->ino, r->ip->mode >> 12);
	return error != 0 ? error : drop_link(r->victim, t);
}

/* A directory that has changed its parent says so. */
static int
rename_reparent(struct rename *r, struct txn *t)
{
	struct fs_slot dotdot;
	int error = fs_dir_find(r->ip, "..", 2, &dotdot);

	if (error != 0)
		return error == ENOENT
		    ? fs_corrupt(fs_of(r->ip), (uint32_t)r->ip->ino, "directory without \"..\"")
		    : error;
	r->from->nlink--;
	r->to->nlink++;
	error = fs_dir_replace(r->ip, t, &dotdot, (uint32_t)r->to->ino, FS_IFDIR >> 12);
	return error != 0 ? error : fs_inode_update(r->to, t);
}

static int
rename_locked(struct rename *r, struct txn *t)
{
	int error = rename_check(r);

	if (error == 0)
		error = rename_enter(r, t);
	if (error == 0 && inode_is(r->ip, FS_IFDIR) && r->from != r->to)
		error = rename_reparent(r, t);
	if (error == 0)
		error = fs_dir_remove(r->from, t, &r->old);
	if (error == 0) {
		fs_touch(r->ip, 0);
		error = fs_inode_update(r->ip, t);
	}
	return error;
}

static int
rename_once(struct fs *fs, struct rename *r)
{
	struct txn t;
	int error;

	sx_xlock(&fs->rename_lock);
	error = rename_plan(r);
	if (error == 0)
		error = fs_begin(fs, &t, LOG_MAX_OP);
	if (error == 0) {
		rename_lock(r);
		error = rename_locked(r, &t);
		rename_unlock(r);
		log_end(&t);
	}
	sx_xunlock(&fs->rename_lock);
	return error;
}

int
fs_rename(struct inode *from, const char *name, unsigned len, struct inode *ip, struct inode *to,
    const char *newname, unsigned newlen, struct inode *victim)
{
	struct rename r = {.from = from,
	    .to = to,
	    .ip = ip,
	    .victim = victim,
	    .name = name,
	    .newname = newname,
	    .len = len,
	    .newlen = newlen};
	unsigned tries = 0;
	int error;

	if (victim == ip)
		return 0;
	do
		error = rename_once(fs_of(from), &r);
	while (error == ENOSPC && fs_make_room(fs_of(from), &tries));
	return error;
}

/*
 * Symbolic links.
 */

int
fs_readlink(struct inode *ip, char *buf, size_t size, size_t *lenp)
{
	struct fs_inode *fi = fs_inode(ip);
	size_t n = size < ip->size ? size : (size_t)ip->size;
	uint32_t block;
	struct buf *b;
	int error;

	*lenp = n;
	if (ip->size <= FS_INLINE_MAX) {
		memcpy(buf, fi->target, n);
		return 0;
	}
	sx_slock(&fi->map_lock);
	error = fs_bmap(ip, 0, &block);
	sx_sunlock(&fi->map_lock);
	if (error == 0 && block == 0)
		error = fs_corrupt(fs_of(ip), (uint32_t)ip->ino, "symbolic link without a target");
	if (error == 0)
		error = bio_read(&fs_of(ip)->bio, block, &b);
	if (error != 0)
		return error;
	memcpy(buf, b->data, n);
	bio_release(b);
	return 0;
}
