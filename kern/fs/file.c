/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns reading, writing and changing the size and attributes of inodes.
 *
 * read and write copy between the caller's buffers and pages of the file's object, page by page,
 * with the inode locked and the page busy.  The buffer may itself be a mapping of the same file, so
 * nothing is faulted in meanwhile (rule R14): when a copy meets a page that is not mapped,
 * everything is let go, the page is touched, and the transfer goes on where it stopped.  The same
 * happens when memory is short.
 *
 * A write changes memory only: the page becomes dirty and the size in memory grows.  The size on
 * the disk follows when pages are cleaned (inode_pager.c), so it never covers blocks that were not
 * written.
 *
 * Truncation, in the order that keeps faults out: shrink the size, remove the pages behind it
 * (waits for busy ones), zero the tail of the last page, then free the blocks.  Bytes behind the
 * end are zero in memory at any time, so growing a file exposes zeros.
 *
 * Lock order: open operation -> inode.lock -> page busy / map_lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fs/fs.h"
#include "kern/fs/fs_format.h"
#include "lib/minmax.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

#define FAULT_AHEAD (16 * PAGE_SIZE) /* user memory touched at once */
#define VAIN_LIMIT  64u              /* attempts without progress, then give up */

/*
 * Interrupted transfers.
 */

/* How a transfer that had to let everything go gets on. */
struct patience {
	uint64_t resid; /* at the last attempt */
	unsigned vain;  /* attempts since that changed */
};

/* Do what is needed before the next attempt.  => nothing held; may sleep.  => returns 0: try again;
 * or the error to give up with. */
static int
before_retry(struct patience *p, struct uio *u, int error)
{
	if (p->resid != u->resid)
		p->vain = 0;
	p->resid = u->resid;
	if (++p->vain > VAIN_LIMIT)
		return error;
	if (error == EFAULT)
		return uio_fault_in(u, MIN(u->resid, FAULT_AHEAD));
	if (error != ENOMEM)
		return error;
	if (!vm_page_wait())
		p->vain += VAIN_LIMIT / 8;
	return 0;
}

/* Wait until the blocks behind the end are gone.  => inode locked exclusively on entry, unlocked on
 * return. */
static void
wait_trimmed(struct inode *ip) RELEASES(ip->lock)
{
	struct fs_inode *fi = fs_inode(ip);

	sleep_prepare(&fi->flags, "trim");
	sx_xunlock(&ip->lock);
	/* If it ended before the prepare, nobody will wake us. */
	if (fs_flags(fi) & FS_TRIMMING)
		sleep_wait(0, NO_DEADLINE);
	else
		sleep_cancel();
}

/*
 * Reading.
 */

/* Pages to read ahead of `pindex` when it is missing: what this call wants, and more for sequential
 * readers. */
static unsigned
read_ahead(struct fs_inode *fi, pindex_t pindex, uint64_t resid)
{
	uint64_t wanted = (resid + PAGE_SIZE - 1) / PAGE_SIZE;
	unsigned window = __atomic_load_n(&fi->window, __ATOMIC_RELAXED);

	if (pindex == __atomic_load_n(&fi->next_read, __ATOMIC_RELAXED))
		window = MIN(window * 2 + 4, BLK_MAXSEG);
	else
		window = 0;
	__atomic_store_n(&fi->window, window, __ATOMIC_RELAXED);
	return (unsigned)MAX(MIN(wanted, (uint64_t)BLK_MAXSEG), (uint64_t)window);
}

static int
read_page(struct inode *ip, struct vm_object *o, struct uio *u)
{
	struct fs_inode *fi = fs_inode(ip);
	pindex_t pindex = (pindex_t)atop(u->offset);
	size_t in = u->offset % PAGE_SIZE;
	size_t n = MIN(MIN(PAGE_SIZE - in, u->resid), ip->size - u->offset);
	struct vm_page *m;
	int error = fs_page_read(o, pindex, read_ahead(fi, pindex, u->resid), &m);

	if (error != 0)
		return error;
	error = uio_move_nofault((uint8_t *)vm_page_kva(m) + in, n, u);
	fs_page_done(m, false);
	__atomic_store_n(&fi->next_read, pindex + 1, __ATOMIC_RELAXED);
	return error;
}

static int
read_some(struct inode *ip, struct uio *u)
{
	struct vm_object *o;
	int error = 0;

	sx_slock(&ip->lock);
	o = u->offset < ip->size ? fs_object_peek(ip) : NULL;
	if (o == NULL && u->offset < ip->size)
		error = ENOMEM;
	while (error == 0 && u->resid > 0 && u->offset < ip->size)
		error = read_page(ip, o, u);
	sx_sunlock(&ip->lock);
	return error;
}

/* As Linux's relatime: a time of access is kept if it is news. */
static void
note_access(struct inode *ip)
{
	struct vfs_time now = vfs_now();

	if ((ip->mnt->flags & MOUNT_RDONLY) == 0 &&
	    (ip->atime.sec <= ip->mtime.sec || ip->atime.sec <= ip->ctime.sec ||
		now.sec - ip->atime.sec > 24 * 3600) &&
	    now.sec != ip->atime.sec)
		fs_touch(ip, VFS_SET_ATIME);
}

int
fs_read(struct inode *ip, void *handle, struct uio *u)
{
	struct patience p = {.resid = u->resid};
	int error;

	(void)handle;
	while ((error = read_some(ip, u)) != 0) {
		error = before_retry(&p, u, error);
		if (error != 0)
			break;
	}
	note_access(ip);
	return error;
}

/*
 * Writing.
 */

/* Make sure that the page will find blocks when it is cleaned.  => inode locked exclusively. */
static int
promise(struct inode *ip, struct vm_object *o, pindex_t pindex)
{
	struct fs_inode *fi = fs_inode(ip);
	struct vm_page *m;
	uint32_t block;
	bool dirty;
	int error;

	mutex_lock(&o->lock);
	m = vm_page_lookup(o, pindex);
	dirty = m != NULL && m->dirty;
	mutex_unlock(&o->lock);
	if (dirty)
		return 0;
	sx_slock(&fi->map_lock);
	error = fs_bmap(ip, pindex, &block);
	sx_sunlock(&fi->map_lock);
	if (error != 0 || block != 0)
		return error;
	return fs_reserve(fs_of(ip), fi, FS_PROMISE) ? 0 : ENOSPC;
}

static void
set_size(struct inode *ip, uint64_t size)
{
	struct fs_inode *fi = fs_inode(ip);

	sx_xlock(&fi->map_lock);
	ip->size = size;
	sx_xunlock(&fi->map_lock);
	fs_flag_set(fi, FS_DIRTY_INODE);
}

/* The page that holds byte `size` becomes zero from there on, and dirty if it has a block: what was
 * there must not come back. */
static int
zero_tail(struct inode *ip, struct vm_object *o, uint64_t size)
{
	struct fs_inode *fi = fs_inode(ip);
	struct vm_page *m;
	uint32_t block;
	int error;

	if (size % PAGE_SIZE == 0)
		return 0;
	sx_slock(&fi->map_lock);
	error = fs_bmap(ip, atop(size), &block);
	sx_sunlock(&fi->map_lock);
	if (error == 0 && block != 0) {
		error = fs_page_write(ip, o, (pindex_t)atop(size), &m);
		if (error != 0)
			return error;
		vm_page_dirty(m);
		fs_page_done(m, true);
		fs_flag_set(fi, FS_DIRTY_PAGES);
	}
	if (error == 0)
		fs_zero_tail(o, size);
	return error;
}

/* Copy into one page.  => inode locked exclusively. */
static int
write_page(struct inode *ip, struct vm_object *o, struct uio *u)
{
	uint64_t start = u->offset;
	pindex_t pindex = (pindex_t)atop(start);
	size_t in = start % PAGE_SIZE, n = MIN(PAGE_SIZE - in, u->resid);
	struct vm_page *m;
	int error = promise(ip, o, pindex);

	if (error == 0)
		error = fs_page_write(ip, o, pindex, &m);
	if (error != 0)
		return error;
	error = uio_move_nofault((uint8_t *)vm_page_kva(m) + in, n, u);
	/* Before the page is let go: cleaning zeroes what lies behind the size. */
	if (u->offset > ip->size)
		set_size(ip, u->offset);
	if (u->offset > start)
		vm_page_dirty(m);
	fs_page_done(m, true);
	if (u->offset > start)
		fs_flag_set(fs_inode(ip), FS_DIRTY_PAGES);
	return error;
}

/* May the file be written at all, up to where u wants?  => inode locked.  => EAGAIN: when trimming
 * is over. */
static int
write_check(struct inode *ip, struct uio *u, int oflags)
{
	uint32_t flags = fs_flags(fs_inode(ip));

	if ((ip->mnt->flags & MOUNT_RDONLY) != 0 || fs_of(ip)->log.error != 0)
		return EROFS;
	if (oflags & O_APPEND)
		u->offset = ip->size;
	if (u->offset >= FS_MAX_FILE_SIZE || u->resid > FS_MAX_FILE_SIZE - u->offset)
		return EFBIG;
	if (u->offset + u->resid <= ip->size)
		return 0;
	return flags & FS_BROKEN ? EIO : flags & FS_TRIMMING ? EAGAIN : 0;
}

/* Write until something gets in the way.  => nothing held. */
static int
write_some(struct inode *ip, struct uio *u, int oflags)
{
	struct vm_object *o;
	uint64_t resid = u->resid;
	int error;

	sx_xlock(&ip->lock);
	error = write_check(ip, u, oflags);
	if (error == EAGAIN) {
		wait_trimmed(ip);
		return EAGAIN;
	}
	o = error == 0 ? fs_object_peek(ip) : NULL;
	if (o == NULL && error == 0)
		error = ENOMEM;
	if (error == 0 && u->offset + u->resid > ip->size)
		error = zero_tail(ip, o, ip->size);
	while (error == 0 && u->resid > 0)
		error = write_page(ip, o, u);
	if (u->resid != resid)
		fs_touch(ip, VFS_SET_MTIME);
	sx_xunlock(&ip->lock);
	return error;
}

int
fs_write(struct inode *ip, void *handle, struct uio *u, int oflags)
{
	struct patience p = {.resid = u->resid};
	uint64_t full_at = u->resid;
	unsigned tries = 0;
	int error = u->resid == 0 ? 0 : uio_fault_in(u, MIN(u->resid, FAULT_AHEAD));

	(void)handle;
	while (error == 0 && u->resid > 0) {
		error = write_some(ip, u, oflags);
		/* Only the first attempt moves to the end: the rest continues behind it. */
		if (error != EAGAIN)
			oflags &= ~O_APPEND;
		if (error == ENOSPC && u->resid != full_at) {
			full_at = u->resid;
			tries = 0;
		}
		if (error == EAGAIN || (error == ENOSPC && fs_make_room(fs_of(ip), &tries)))
			error = 0;
		else if (error != 0)
			error = before_retry(&p, u, error);
	}
	return error;
}

/*
 * Size.
 */

/* The new size in memory; pages behind it go.  => inode locked exclusively. */
static void
resize(struct inode *ip, struct vm_object *o, uint64_t size)
{
	struct fs_inode *fi = fs_inode(ip);
	pindex_t npages = (pindex_t)atop(size + PAGE_SIZE - 1), old;

	sx_xlock(&fi->map_lock);
	ip->size = size;
	/* Even if it is more than was written: what is missing reads as a hole after a crash. */
	fi->disk_size = size;
	sx_xunlock(&fi->map_lock);
	mutex_lock(&o->lock);
	old = o->size;
	o->size = npages;
	if (npages < old)
		vm_object_page_remove_some(o, npages, old, PAGES_EMPTIED);
	mutex_unlock(&o->lock);
	if (size == 0)
		fs_unreserve(fs_of(ip), fi, UINT32_MAX);
}

/* Free the blocks behind the end, as far as this operation goes.  => EAGAIN: FS_TRIMMING is set and
 * fs_trim_all is due. */
static int
trim_first(struct inode *ip, struct txn *t)
{
	struct fs_inode *fi = fs_inode(ip);
	int error;

	sx_xlock(&fi->map_lock);
	error = fs_trim(ip, t, (ip->size + FS_BLOCK_SIZE - 1) / FS_BLOCK_SIZE);
	sx_xunlock(&fi->map_lock);
	if (error != 0) {
		fs_flag_set(fi, error == EAGAIN ? FS_TRIMMING : FS_BROKEN);
		fs_orphan_add(ip);
	}
	return error;
}

/* => inode locked exclusively, operation open.  => EAGAIN as trim_first; EBUSY: an earlier
 * truncation must end first. */
static int
truncate_locked(struct inode *ip, struct txn *t, uint64_t size)
{
	struct vm_object *o = fs_object_peek(ip);
	uint32_t flags = fs_flags(fs_inode(ip));
	bool shrinks = size < ip->size;
	int error, update;

	if (flags & FS_TRIMMING)
		return EBUSY;
	if (o == NULL || (!shrinks && (flags & FS_BROKEN) != 0))
		return o == NULL ? ENOMEM : EIO;
	error = zero_tail(ip, o, shrinks ? size : ip->size);
	if (error != 0)
		return error;
	resize(ip, o, size);
	if (shrinks)
		error = trim_first(ip, t);
	fs_touch(ip, VFS_SET_MTIME);
	update = fs_inode_update(ip, t);
	return update != 0 ? update : error;
}

static int
truncate_once(struct inode *ip, uint64_t size)
{
	struct txn t;
	int error = fs_begin(fs_of(ip), &t, LOG_MAX_OP);

	if (error != 0)
		return error;
	sx_xlock(&ip->lock);
	error = truncate_locked(ip, &t, size);
	sx_xunlock(&ip->lock);
	log_end(&t);
	return error;
}

static int
fs_truncate(struct inode *ip, uint64_t size)
{
	struct patience p = {.resid = size};
	struct uio none = {.resid = size};
	int error;

	if (size > FS_MAX_FILE_SIZE)
		return EFBIG;
	for (;;) {
		error = truncate_once(ip, size);
		if (error == EAGAIN)
			return fs_trim_all(ip);
		if (error == EBUSY) {
			sx_xlock(&ip->lock);
			wait_trimmed(ip);
		} else if (error != ENOMEM || before_retry(&p, &none, error) != 0) {
			return error;
		}
	}
}

/*
 * Attributes.
 */

int
fs_getattr(struct inode *ip, struct vfs_attr *attr)
{
	struct fs_inode *fi = fs_inode(ip);

	/* Pages that wait for their block count as if they had it. */
	attr->blocks = (fi->blocks + fi->reserved / FS_PROMISE) * (FS_BLOCK_SIZE / 512);
	attr->blksize = FS_BLOCK_SIZE;
	return 0;
}

static void
apply(struct inode *ip, const struct vfs_setattr *set)
{
	if (set->what & VFS_SET_MODE)
		ip->mode = (ip->mode & ~07777u) | (set->mode & 07777);
	if (set->what & VFS_SET_UID)
		ip->uid = set->uid;
	if (set->what & VFS_SET_GID)
		ip->gid = set->gid;
	if (set->what & VFS_SET_ATIME)
		ip->atime = set->atime;
	if (set->what & VFS_SET_MTIME)
		ip->mtime = set->mtime;
	ip->ctime = vfs_now();
}

int
fs_setattr(struct inode *ip, const struct vfs_setattr *set)
{
	struct fs_inode *fi = fs_inode(ip);
	struct txn t;
	int error = 0;

	if (set->what & VFS_SET_SIZE)
		error = fs_truncate(ip, set->size);
	if (error != 0 || (set->what & ~(VFS_SET_SIZE | VFS_SET_NOW)) == 0)
		return error;
	error = fs_begin(fs_of(ip), &t, 1);
	if (error != 0)
		return error;
	sx_xlock(&ip->lock);
	sx_xlock(&fi->map_lock);
	apply(ip, set);
	error = fs_inode_update(ip, &t);
	sx_xunlock(&fi->map_lock);
	sx_xunlock(&ip->lock);
	log_end(&t);
	return error;
}

int
fs_fsync(struct inode *ip, bool datasync)
{
	struct fs_inode *fi = fs_inode(ip);
	int error = fs_clean(ip, 0, UINT32_MAX), failed = 0;
	struct txn t;

	(void)datasync;
	if (fs_flags(fi) & FS_DIRTY_INODE) {
		failed = fs_begin(fs_of(ip), &t, 1);
		if (failed == 0) {
			sx_slock(&fi->map_lock);
			failed = fs_inode_update(ip, &t);
			sx_sunlock(&fi->map_lock);
			log_end(&t);
		}
	}
	if (failed == 0)
		failed = log_force(&fs_of(ip)->log, __atomic_load_n(&fi->seq, __ATOMIC_RELAXED));
	if (error == 0)
		error = failed;
	failed = __atomic_exchange_n(&fi->write_error, 0, __ATOMIC_RELAXED);
	return error != 0 ? error : failed;
}

const struct inode_ops fs_file_ops = {
    .read = fs_read,
    .write = fs_write,
    .getattr = fs_getattr,
    .setattr = fs_setattr,
    .fsync = fs_fsync,
    .object = fs_object,
};

const struct inode_ops fs_dir_ops = {
    .lookup = fs_dir_lookup,
    .create = fs_create,
    .link = fs_link,
    .unlink = fs_unlink,
    .rename = fs_rename,
    .readdir = fs_dir_readdir,
    .getattr = fs_getattr,
    .setattr = fs_setattr,
    .fsync = fs_fsync,
};

const struct inode_ops fs_link_ops = {
    .readlink = fs_readlink,
    .getattr = fs_getattr,
    .setattr = fs_setattr,
    .fsync = fs_fsync,
};

const struct inode_ops fs_node_ops = {
    .getattr = fs_getattr,
    .setattr = fs_setattr,
    .fsync = fs_fsync,
};
