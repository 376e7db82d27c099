/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the pages of files: they live in the inode's vm_object, whether they came by read, write or
 * a fault on a mapping.  One cache, so all three agree at every byte.
 *
 *      read(2), write(2) --fs_page_read/write--+
 *                                              +--> vm_object
 *      fault on a mapping --vm_fault-----------+       |
 *                                                      +--get----> read from the blocks, or zero
 *                                                      +--clean--> blocks allocated and written,
 *                                                                  then mapped in the inode
 *
 * Blocks are allocated when a page is cleaned, not when it is written to.  A clean is one journal
 * operation: busy a run of dirty pages, allocate, write the data, wait, update the inode.  The
 * operation is open until the data has arrived, and log.c flushes before it commits, so no inode
 * ever points at a block whose data is not there.
 *
 * The four deadlocks this file must not have (docs/locking.md): get takes only the map lock, never
 * the inode lock, because whoever holds that may wait for our busy page; clean opens its operation
 * before any page is busy; nobody copies from user memory here; and nothing waits for memory with a
 * page busy (buffers have a reserve, neighbours of a read are optional).
 *
 * References: the object has no reference of the inode cache.  While somebody else has one (a
 * mapping), it holds one of the inode; when the last goes (drop), pages stay as cache until the
 * inode leaves.
 *
 * Lock order: vm_object.lock, then page busy, then map_lock (never the other way round), then
 * buffers.
 */
#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fs/fs.h"
#include "kern/fs/fs_format.h"
#include "vm/pmap.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"

#define CLUSTER BLK_MAXSEG /* pages in one transfer */

static const struct vm_pager_ops inode_pager_ops;

/*
 * Objects.
 */

static pindex_t
pages_of(uint64_t size)
{
	return (pindex_t)((size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

/* A new object for ip, with one reference for the caller.  Somebody else may be doing the same.  =>
 * inode lock held: size stands still. */
static struct vm_object *
object_make(struct inode *ip)
{
	struct vm_object *o, *none = NULL;

	o = vm_object_alloc(OBJ_VNODE, pages_of(ip->size), &inode_pager_ops, ip);
	if (o == NULL)
		return NULL;
	inode_ref(ip);
	if (__atomic_compare_exchange_n(
		&ip->object, &none, o, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return o;
	vm_object_unref(o);
	vm_object_destroy(o);
	return NULL;
}

static struct vm_object *
object_of(struct inode *ip)
{
	return __atomic_load_n(&ip->object, __ATOMIC_ACQUIRE);
}

struct vm_object *
fs_object_peek(struct inode *ip)
{
	struct vm_object *made;

	KASSERT(sx_locked(&ip->lock));
	if (object_of(ip) == NULL) {
		made = object_make(ip);
		if (made != NULL)
			vm_object_unref(made);
	}
	return object_of(ip);
}

int
fs_object(struct inode *ip, struct vm_object **op)
{
	struct vm_object *o;
	bool first;

	sx_slock(&ip->lock);
	o = fs_object_peek(ip);
	sx_sunlock(&ip->lock);
	if (o == NULL)
		return ENOMEM;
	inode_ref(ip);
	mutex_lock(&o->lock);
	first = o->refs == 0;
	vm_object_ref_locked(o);
	mutex_unlock(&o->lock);
	if (!first)
		inode_unref(ip);
	*op = o;
	return 0;
}

/* pager op: the last mapping is gone. */
static void
inode_pager_drop(struct vm_object *o)
{
	struct inode *ip = o->handle;

	/* What mappings wrote is known to the pages only now. */
	if (o->resident > 0)
		fs_flag_set(fs_inode(ip), FS_DIRTY_PAGES);
	inode_unref(ip);
}

void
fs_object_end(struct inode *ip)
{
	struct vm_object *o = object_of(ip);

	if (o == NULL)
		return;
	ip->object = NULL;
	vm_object_destroy(o);
}

/*
 * Reading.
 */

/* pager op */
static bool
inode_pager_has(struct vm_object *o, pindex_t pindex, unsigned *before, unsigned *after)
{
	*before = *after = 0;
	if (pindex >= o->size)
		return false;
	*before = pindex < CLUSTER / 2 ? pindex : CLUSTER / 2;
	*after = o->size - pindex - 1 < CLUSTER / 2 ? o->size - pindex - 1 : CLUSTER / 2;
	return true;
}

/* Pages that may be read together: `n` from index `first`, all exclusively busy.  The one at `want`
 * is the caller's, the others ours. */
struct cluster {
	struct vm_page *page[CLUSTER];
	pindex_t first;
	unsigned n, want;
	unsigned low, high; /* the pages [low, high) have consecutive blocks ... */
	uint32_t block;     /* ... from this one on; 0: the wanted page is a hole */
	uint64_t size;      /* of the file, when the blocks were looked up */
};

/* A page next to the cluster, if it is missing and memory is not short. */
static struct vm_page *
neighbour(struct vm_object *o, pindex_t pindex) REQUIRES(o->lock)
{
	if (pindex >= o->size || vm_page_free_count() < 2 * vm_page_reserve() ||
	    vm_page_lookup(o, pindex) != NULL)
		return NULL;
	return vm_page_alloc(o, pindex, VM_ALLOC_NORMAL);
}

static void
cluster_gather(
    struct cluster *c, struct vm_object *o, struct vm_page *m, unsigned behind, unsigned ahead)
{
	struct vm_page *before[CLUSTER / 2], *p;
	unsigned nbefore = 0;

	if (behind > NELEM(before))
		behind = NELEM(before);
	mutex_lock(&o->lock);
	if ((o->flags & (OBJ_SPLIT | OBJ_COLLAPSING)) != 0)
		behind = ahead = 0;
	while (nbefore < behind && nbefore < m->pindex &&
	    (p = neighbour(o, m->pindex - nbefore - 1)) != NULL)
		before[nbefore++] = p;
	for (c->n = 0; c->n < nbefore; c->n++)
		c->page[c->n] = before[nbefore - 1 - c->n];
	c->first = m->pindex - nbefore;
	c->want = nbefore;
	c->page[c->n++] = m;
	while (ahead-- > 0 && c->n < CLUSTER && (p = neighbour(o, c->first + c->n)) != NULL)
		c->page[c->n++] = p;
	mutex_unlock(&o->lock);
}

/* Is page i of the cluster at `block`?  An error will be met again when that page is asked for. */
static bool
block_is(struct inode *ip, const struct cluster *c, unsigned i, uint32_t block)
{
	uint32_t found;

	return fs_bmap(ip, c->first + i, &found) == 0 && found == block;
}

/* Look up the blocks.  => returns 0; EINVAL: behind the end of the file; EIO. */
static int
cluster_map(struct cluster *c, struct inode *ip)
{
	struct fs_inode *fi = fs_inode(ip);
	int error = EINVAL;

	sx_slock(&fi->map_lock);
	c->size = ip->size;
	c->low = c->want;
	c->high = c->want + 1;
	if (ptoa(c->first + c->want) < c->size)
		error = fs_bmap(ip, c->first + c->want, &c->block);
	if (error == 0 && c->block != 0) {
		while (c->high < c->n && block_is(ip, c, c->high, c->block + (c->high - c->want)))
			c->high++;
		while (c->low > 0 && block_is(ip, c, c->low - 1, c->block - 1)) {
			c->low--;
			c->block--;
		}
	}
	sx_sunlock(&fi->map_lock);
	return error;
}

static void
zero_behind(struct vm_page *m, uint64_t size)
{
	uint64_t start = ptoa(m->pindex);

	if (size < start + PAGE_SIZE) {
		uint64_t from = size > start ? size - start : 0;

		memset((uint8_t *)vm_page_kva(m) + from, 0, PAGE_SIZE - from);
	}
}

static NOINLINE int
cluster_read(const struct cluster *c, struct fs *fs)
{
	struct blk_req r = {
	    .op = BLK_READ, .sector = (uint64_t)c->block * (FS_BLOCK_SIZE / BLK_SECTOR)};
	int error;

	if (c->block == 0) {
		pmap_zero_page(c->page[c->want]);
		return 0;
	}
	for (unsigned i = c->low; i < c->high; i++)
		r.seg[r.nseg++] = (struct blk_seg){vm_page_kva(c->page[i]), FS_BLOCK_SIZE};
	blk_submit(fs->dev, &r);
	error = blk_wait(&r);
	for (unsigned i = c->low; i < c->high && error == 0; i++)
		zero_behind(c->page[i], c->size);
	return error;
}

/* Give back all but the wanted page: those that were read are valid now. */
static void
cluster_release(const struct cluster *c, struct vm_object *o, bool ok)
{
	if (c->n == 1)
		return;
	mutex_lock(&o->lock);
	for (unsigned i = 0; i < c->n; i++) {
		struct vm_page *m = c->page[i];

		if (i == c->want)
			continue;
		if (ok && i >= c->low && i < c->high) {
			m->valid = 1;
			vm_page_deactivate(m);
			vm_page_xunbusy(m);
		} else {
			vm_page_free(m);
		}
	}
	mutex_unlock(&o->lock);
}

/* pager op */
static int
inode_pager_get(struct vm_object *o, struct vm_page *m, unsigned behind, unsigned ahead)
{
	struct inode *ip = o->handle;
	struct cluster c;
	int error;

	KASSERT(vm_page_xbusied(m));
	cluster_gather(&c, o, m, behind, ahead);
	error = cluster_map(&c, ip);
	if (error == 0)
		error = cluster_read(&c, fs_of(ip));
	if (error == EIO)
		klog(LOG_ERROR, "%s: inode %u: cannot read page %u", fs_of(ip)->dev->name,
		    (unsigned)ip->ino, (unsigned)m->pindex);
	if (error == 0)
		m->valid = 1;
	cluster_release(&c, o, error == 0);
	return error;
}

/*
 * Pages for read and write.
 */

/* The page at pindex, busy as wanted; a missing one is made, exclusively busy and not valid.  => o
 * locked on entry and exit, unlocked while waiting. NULL: no memory. */
static struct vm_page *
page_busy(struct vm_object *o, pindex_t pindex, bool exclusive) REQUIRES(o->lock)
{
	for (;;) {
		struct vm_page *m = vm_page_lookup(o, pindex);

		if (m == NULL)
			return vm_page_alloc(o, pindex, VM_ALLOC_NORMAL);
		if (exclusive ? vm_page_tryxbusy(m) : vm_page_trysbusy(m)) {
			KASSERT(m->valid);
			return m;
		}
		vm_page_busy_sleep(o, m, "filepage");
		mutex_lock(&o->lock);
	}
}

/* Fill a page that page_busy made; on failure it is gone.  zero: there is nothing on the disk. */
static int
page_fill(struct vm_object *o, struct vm_page *m, unsigned ahead, bool zero)
{
	int error = 0;

	if (zero) {
		pmap_zero_page(m);
		m->valid = 1;
	} else {
		mutex_lock(&o->lock);
		vm_object_pip_add(o);
		mutex_unlock(&o->lock);
		error = inode_pager_get(o, m, 0, ahead);
		mutex_lock(&o->lock);
		vm_object_pip_done(o);
		if (error != 0)
			vm_page_free(m);
		mutex_unlock(&o->lock);
	}
	if (error == 0)
		vm_page_activate(m);
	return error;
}

int
fs_page_read(struct vm_object *o, pindex_t pindex, unsigned ahead, struct vm_page **mp)
{
	struct vm_page *m;
	int error;

	mutex_lock(&o->lock);
	m = page_busy(o, pindex, false);
	mutex_unlock(&o->lock);
	if (m == NULL)
		return ENOMEM;
	if (!m->valid) {
		error = page_fill(o, m, ahead, false);
		if (error != 0)
			return error;
		vm_page_downgrade(m);
	}
	*mp = m;
	return 0;
}

int
fs_page_write(struct inode *ip, struct vm_object *o, pindex_t pindex, struct vm_page **mp)
{
	struct vm_page *m;
	int error = 0;

	KASSERT(sx_xowned(&ip->lock));
	mutex_lock(&o->lock);
	if (o->size <= pindex)
		o->size = pindex + 1;
	m = page_busy(o, pindex, true);
	mutex_unlock(&o->lock);
	if (m == NULL)
		return ENOMEM;
	if (!m->valid)
		error = page_fill(o, m, 0, ptoa(pindex) >= ip->size);
	*mp = m;
	return error;
}

void
fs_page_done(struct vm_page *m, bool exclusive)
{
	vm_page_reference(m);
	if (exclusive)
		vm_page_xunbusy(m);
	else
		vm_page_sunbusy(m);
}

void
fs_zero_tail(struct vm_object *o, uint64_t size)
{
	struct vm_page *m;

	if (size % PAGE_SIZE == 0)
		return;
	mutex_lock(&o->lock);
	while ((m = vm_page_lookup(o, (pindex_t)atop(size))) != NULL && !vm_page_tryxbusy(m)) {
		vm_page_busy_sleep(o, m, "filetail");
		mutex_lock(&o->lock);
	}
	mutex_unlock(&o->lock);
	if (m != NULL) {
		zero_behind(m, size);
		vm_page_xunbusy(m);
	}
}

bool
fs_any_dirty(struct inode *ip)
{
	struct vm_object *o = object_of(ip);
	bool dirty = false;

	if (o == NULL)
		return false;
	mutex_lock(&o->lock);
	for (struct vm_page *m = vm_page_find_least(o, 0); m != NULL && !dirty; m = vm_page_next(m))
		dirty = m->dirty != 0;
	mutex_unlock(&o->lock);
	return dirty;
}

/*
 * Cleaning.
 */

/* Dirty pages that are written together: consecutive, shared busy, write access revoked, dirty bits
 * cleared. */
struct batch {
	struct vm_page *page[CLUSTER];
	uint32_t block[CLUSTER];
	bool fresh[CLUSTER]; /* the block was allocated for this */
	pindex_t first;
	unsigned n;      /* pages taken */
	unsigned mapped; /* the first so many have blocks and are written */
	bool stored;     /* some were written through a mapping: the time stamp is ours to set */
};

/* Take a page if it is dirty.  => o locked.  => returns 0: taken; EAGAIN: not dirty; EBUSY. */
static int
batch_take(struct batch *b, struct vm_page *m)
{
	bool stored = !m->dirty && pmap_is_modified(m);

	if (!m->dirty && !stored)
		return EAGAIN;
	if (!vm_page_trysbusy(m))
		return EBUSY;
	pmap_remove_write(m);
	vm_page_undirty(m);
	if (b->n == 0)
		b->first = m->pindex;
	b->page[b->n++] = m;
	b->stored = b->stored || stored;
	return 0;
}

/* Collect the first run of dirty pages in [*pos, end); *pos moves behind it. */
static void
batch_collect(struct batch *b, struct vm_object *o, pindex_t *pos, pindex_t end)
{
	struct vm_page *m;

	mutex_lock(&o->lock);
	m = vm_page_find_least(o, *pos);
	while (m != NULL && m->pindex < end && b->n < CLUSTER) {
		int error;

		if (b->n > 0 && m->pindex != b->first + b->n)
			break;
		error = batch_take(b, m);
		if (error != 0 && b->n > 0)
			break;
		if (error == EBUSY) {
			*pos = m->pindex;
			vm_page_busy_sleep(o, m, "clean");
			mutex_lock(&o->lock);
			m = vm_page_find_least(o, *pos);
		} else {
			m = vm_page_next(m);
		}
	}
	*pos = b->n > 0 ? b->first + b->n : end;
	mutex_unlock(&o->lock);
}

/* Find or allocate the blocks, as far as credits go. */
static int
batch_map(struct batch *b, struct inode *ip, struct txn *t)
{
	struct fs_inode *fi = fs_inode(ip);
	int error = 0;

	sx_xlock(&fi->map_lock);
	while (b->mapped < b->n && error == 0) {
		unsigned i = b->mapped;

		/* One credit stays for the inode.  Pages behind the end are about to be removed by
		 * a truncation that waits for us. */
		if (t->credits < FS_BMAP_CREDITS + 1 || ptoa(b->first + i) >= ip->size)
			break;
		zero_behind(b->page[i], ip->size);
		error = fs_bmap_alloc(ip, t, b->first + i, true, &b->block[i], &b->fresh[i]);
		if (error == 0)
			b->mapped++;
	}
	sx_xunlock(&fi->map_lock);
	return error;
}

static NOINLINE int
batch_write(const struct batch *b, struct fs *fs)
{
	struct blk_req r = {.op = BLK_WRITE};
	int error = 0;

	for (unsigned i = 0; i < b->mapped && error == 0; i++) {
		if (r.nseg == 0)
			r.sector = (uint64_t)b->block[i] * (FS_BLOCK_SIZE / BLK_SECTOR);
		r.seg[r.nseg++] = (struct blk_seg){vm_page_kva(b->page[i]), FS_BLOCK_SIZE};
		if (i + 1 == b->mapped || b->block[i + 1] != b->block[i] + 1) {
			blk_submit(fs->dev, &r);
			error = blk_wait(&r);
			r.nseg = 0;
		}
	}
	return error;
}

/* The data is there (or not: error): bring the inode up to date. */
static int
batch_finish(struct batch *b, struct inode *ip, struct txn *t, int error)
{
	struct fs_inode *fi = fs_inode(ip);
	uint64_t end = ptoa((uint64_t)b->first + b->mapped);
	uint32_t nfresh = 0;

	if (b->stored)
		fs_touch(ip, VFS_SET_MTIME);
	sx_xlock(&fi->map_lock);
	for (unsigned i = 0; i < b->mapped; i++) {
		nfresh += b->fresh[i];
		if (error != 0 && b->fresh[i])
			fs_bmap_undo(ip, t, b->first + i);
	}
	if (end > ip->size)
		end = ip->size;
	if (error == 0 && fi->disk_size < end)
		fi->disk_size = end;
	if (fs_inode_update(ip, t) != 0)
		error = EIO;
	sx_xunlock(&fi->map_lock);
	if (error == 0 && nfresh > 0)
		log_wrote_data(t);
	else
		log_wrote_in_place(t->log);
	if (error == 0)
		fs_unreserve(fs_of(ip), fi, nfresh * FS_PROMISE);
	return error;
}

/* Let the pages go; those that were not written are dirty again. */
static void
batch_release(const struct batch *b, struct inode *ip, struct vm_object *o, bool ok)
{
	mutex_lock(&o->lock);
	for (unsigned i = 0; i < b->n; i++) {
		if (!ok || i >= b->mapped) {
			vm_page_dirty(b->page[i]);
			fs_flag_set(fs_inode(ip), FS_DIRTY_PAGES);
		}
		vm_page_sunbusy(b->page[i]);
	}
	mutex_unlock(&o->lock);
}

/* One operation.  *pos moves behind what was looked at. */
static int
clean_some(struct inode *ip, struct vm_object *o, pindex_t *pos, pindex_t end)
{
	struct batch b = {.n = 0};
	struct txn t;
	int error = fs_begin(fs_of(ip), &t, LOG_MAX_OP), failed;

	if (error != 0)
		return error;
	batch_collect(&b, o, pos, end);
	if (b.n > 0) {
		error = batch_map(&b, ip, &t);
		failed = batch_finish(&b, ip, &t, batch_write(&b, fs_of(ip)));
		batch_release(&b, ip, o, failed == 0);
		if (failed != 0)
			error = failed;
		else if (error == 0 && b.mapped > 0)
			*pos = b.first + b.mapped;
	}
	log_end(&t);
	return error;
}

int
fs_clean(struct inode *ip, pindex_t first, pindex_t n)
{
	struct vm_object *o = object_of(ip);
	pindex_t end = n > UINT32_MAX - first ? UINT32_MAX : first + n, pos = first;
	int error = 0;

	if (o == NULL)
		return 0;
	if (first == 0 && n == UINT32_MAX)
		fs_flag_clear(fs_inode(ip), FS_DIRTY_PAGES);
	while (pos < end) {
		int failed = clean_some(ip, o, &pos, end);

		if (failed != 0)
			error = failed;
		if (failed == EROFS || (failed != 0 && fs_of(ip)->log.error != 0))
			break;
	}
	if (error != 0) {
		fs_flag_set(fs_inode(ip), FS_DIRTY_PAGES);
		__atomic_store_n(&fs_inode(ip)->write_error, error, __ATOMIC_RELAXED);
	}
	return error;
}

/* pager op */
static int
inode_pager_clean(struct vm_object *o, pindex_t first, pindex_t n)
{
	return fs_clean(o->handle, first, n);
}

/*
 * Giving memory back.
 */

uint64_t
fs_pages_free(struct inode *ip, uint64_t want)
{
	struct vm_object *o = object_of(ip);
	struct vm_page *m, *next;
	uint64_t freed = 0;

	if (o == NULL || !mutex_trylock(&o->lock))
		return 0;
	for (m = vm_page_find_least(o, 0); m != NULL && freed < want; m = next) {
		next = vm_page_next(m);
		if (m->dirty || vm_page_wired(m) || pmap_page_is_mapped(m) || !vm_page_tryxbusy(m))
			continue;
		vm_page_free(m);
		freed++;
	}
	mutex_unlock(&o->lock);
	return freed;
}

static const struct vm_pager_ops inode_pager_ops = {
    .name = "inode",
    .has = inode_pager_has,
    .get = inode_pager_get,
    .clean = inode_pager_clean,
    .drop = inode_pager_drop,
};
