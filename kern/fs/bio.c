/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the metadata buffers of a file system.
 *
 *      hash by block --> buf <-- lru, when nobody uses it
 *
 * A buffer that the running transaction changed, or that waits to be written home, carries a
 * reference of the journal, so it cannot be reused for another block; only log.c writes buffers to
 * the disk.  A fixed reserve of buffers, larger than what journal and threads can hold at once,
 * makes sure that finding one never waits for memory: memory may be short because pages wait to be
 * written, and writing them needs buffers.
 *
 * Lock order: buf.lock (one at a time) -> bio.lock.
 *
 * Rejected: keeping metadata in vm_objects like file pages.  The journal needs to pin blocks one by
 * one and to know which changed, and a block of the inode table is no page of any file.
 */
#include "kern/fs/bio.h"

#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

/*
 * The disk.
 */

int
bio_transfer(struct blkdev *dev, enum blk_op op, uint32_t block, void *data)
{
	struct blk_req r = {.op = op,
	    .sector = (uint64_t)block * (FS_BLOCK_SIZE / BLK_SECTOR),
	    .nseg = 1,
	    .seg = {{data, FS_BLOCK_SIZE}}};

	blk_submit(dev, &r);
	return blk_wait(&r);
}

int
bio_flush(struct blkdev *dev)
{
	struct blk_req r = {.op = BLK_FLUSH};

	blk_submit(dev, &r);
	return blk_wait(&r);
}

/*
 * Making and finding buffers.
 */

static struct zone
    *buf_zone; /* I  a zone of its own: how much is cached can be seen from outside */

void
bio_startup(void)
{
	buf_zone = zone_create("fs_buf", sizeof(struct buf), 0, NULL);
}

static struct list *
bucket(struct bio *bio, uint32_t block)
{
	return &bio->hash[block % BIO_HASH];
}

/* One more buffer, referenced, in no list.  NULL: no memory. */
static struct buf *
buf_create(struct bio *bio, unsigned flags)
{
	struct buf *b = zone_alloc(buf_zone, ZONE_ZERO);

	if (b == NULL)
		return NULL;
	b->data = km_poolpage_alloc(flags);
	if (b->data == NULL) {
		zone_free(buf_zone, b);
		return NULL;
	}
	sx_init(&b->lock, "buf", RANK_BUF);
	b->bio = bio;
	b->refs = 1;
	list_init(&b->hash_link);
	list_init(&b->lru_link);
	list_init(&b->log_link);
	return b;
}

static void
buf_destroy(struct buf *b)
{
	km_poolpage_free(b->data);
	zone_free(buf_zone, b);
}

int
bio_init(struct bio *bio, struct blkdev *dev, unsigned reserve, unsigned limit)
{
	*bio = (struct bio){.dev = dev, .reserve = reserve, .limit = limit};
	spin_init(&bio->lock, "bio", RANK_BIO);
	list_init(&bio->lru);
	bio->hash = km_poolpage_alloc(VM_ALLOC_NORMAL);
	if (bio->hash == NULL)
		return ENOMEM;
	for (unsigned i = 0; i < BIO_HASH; i++)
		list_init(&bio->hash[i]);
	for (; bio->count < reserve; bio->count++) {
		struct buf *b = buf_create(bio, VM_ALLOC_NORMAL);

		if (b == NULL) {
			bio_destroy(bio);
			return ENOMEM;
		}
		b->refs = 0;
		list_push_back(&bio->lru, &b->lru_link);
	}
	return 0;
}

void
bio_destroy(struct bio *bio)
{
	struct list *node;

	while ((node = list_pop_front(&bio->lru)) != NULL) {
		struct buf *b = LIST_ENTRY(node, struct buf, lru_link);

		list_remove(&b->hash_link);
		buf_destroy(b);
		bio->count--;
	}
	KASSERT(bio->count == 0);
	km_poolpage_free(bio->hash);
}

_Static_assert(BIO_HASH * sizeof(struct list) == PAGE_SIZE, "the hash table is a page");

static struct buf *
find_locked(struct bio *bio, uint32_t block) REQUIRES(bio->lock)
{
	LIST_FOREACH(node, bucket(bio, block)) {
		struct buf *b = LIST_ENTRY(node, struct buf, hash_link);

		if (b->block == block) {
			if (b->refs++ == 0)
				list_remove(&b->lru_link);
			return b;
		}
	}
	return NULL;
}

/* Give a buffer that is in no list the identity `block`. */
static void
enter_locked(struct bio *bio, struct buf *b, uint32_t block) REQUIRES(bio->lock)
{
	b->block = block;
	b->flags = 0;
	list_push_front(bucket(bio, block), &b->hash_link);
}

/* The longest unused buffer, referenced, in no list; NULL: all are in use. */
static struct buf *
recycle_locked(struct bio *bio) REQUIRES(bio->lock)
{
	struct list *node = list_pop_front(&bio->lru);
	struct buf *b;

	if (node == NULL)
		return NULL;
	b = LIST_ENTRY(node, struct buf, lru_link);
	KASSERT(b->refs == 0 && (b->flags & (BUF_RUNNING | BUF_PINNED)) == 0);
	list_remove(&b->hash_link);
	b->refs = 1;
	return b;
}

/* A spare buffer: a new one while there may be more, else the longest unused.  Waits until one is
 * let go.
 * => bio locked on entry and exit, unlocked meanwhile. */
static struct buf *
spare_locked(struct bio *bio) REQUIRES(bio->lock)
{
	struct buf *b = NULL;

	if (bio->count < bio->limit) {
		bio->count++;
		spin_unlock(&bio->lock);
		b = buf_create(bio, VM_ALLOC_NORMAL);
		spin_lock(&bio->lock);
		if (b == NULL)
			bio->count--;
	}
	while (b == NULL && (b = recycle_locked(bio)) == NULL) {
		bio->waiters++;
		sleep_spin(&bio->waiters, &bio->lock, "buffer", 0, NO_DEADLINE);
		bio->waiters--;
	}
	return b;
}

/* The buffer of a block, referenced, not locked, perhaps not valid. */
static struct buf *
buf_get(struct bio *bio, uint32_t block)
{
	struct buf *b, *other;

	spin_lock(&bio->lock);
	b = find_locked(bio, block);
	if (b == NULL) {
		b = spare_locked(bio);
		/* Somebody else may have brought the block in meanwhile. */
		other = find_locked(bio, block);
		if (other == NULL) {
			enter_locked(bio, b, block);
		} else {
			b->block = 0;
			b->refs = 0;
			list_push_front(&bio->lru, &b->lru_link);
			b = other;
		}
	}
	spin_unlock(&bio->lock);
	return b;
}

int
bio_read(struct bio *bio, uint32_t block, struct buf **bufp) NO_LOCK_ANALYSIS
{
	struct buf *b = buf_get(bio, block);
	int error = 0;

	sx_xlock(&b->lock);
	if ((b->flags & BUF_VALID) == 0) {
		error = bio_transfer(bio->dev, BLK_READ, block, b->data);
		if (error == 0)
			__atomic_fetch_or(&b->flags, BUF_VALID, __ATOMIC_RELAXED);
	}
	if (error != 0) {
		klog(LOG_ERROR, "%s: cannot read block %u", bio->dev->name, block);
		bio_release(b);
		return EIO;
	}
	*bufp = b;
	return 0;
}

void
bio_fresh(struct bio *bio, uint32_t block, struct buf **bufp) NO_LOCK_ANALYSIS
{
	struct buf *b = buf_get(bio, block);

	sx_xlock(&b->lock);
	memset(b->data, 0, FS_BLOCK_SIZE);
	__atomic_fetch_or(&b->flags, BUF_VALID, __ATOMIC_RELAXED);
	__atomic_fetch_and(&b->flags, ~BUF_CHECKED, __ATOMIC_RELAXED);
	*bufp = b;
}

struct buf *
bio_peek(struct bio *bio, uint32_t block) NO_LOCK_ANALYSIS
{
	struct buf *b;

	spin_lock(&bio->lock);
	b = find_locked(bio, block);
	spin_unlock(&bio->lock);
	if (b != NULL)
		sx_xlock(&b->lock);
	return b;
}

void
bio_hold(struct buf *b)
{
	spin_lock(&b->bio->lock);
	KASSERT(b->refs > 0);
	b->refs++;
	spin_unlock(&b->bio->lock);
}

void
bio_unhold(struct buf *b)
{
	struct bio *bio = b->bio;

	spin_lock(&bio->lock);
	KASSERT(b->refs > 0);
	if (--b->refs == 0) {
		if (b->flags & BUF_VALID)
			list_push_back(&bio->lru, &b->lru_link);
		else
			list_push_front(&bio->lru, &b->lru_link);
		if (bio->waiters > 0)
			wakeup_one(&bio->waiters);
	}
	spin_unlock(&bio->lock);
}

void
bio_release(struct buf *b) NO_LOCK_ANALYSIS
{
	sx_xunlock(&b->lock);
	bio_unhold(b);
}

unsigned
bio_shrink(struct bio *bio, unsigned n)
{
	unsigned freed = 0;
	struct buf *b;

	while (freed < n) {
		b = NULL;
		spin_lock(&bio->lock);
		if (bio->count > bio->reserve)
			b = recycle_locked(bio);
		if (b != NULL)
			bio->count--;
		spin_unlock(&bio->lock);
		if (b == NULL)
			break;
		buf_destroy(b);
		freed++;
	}
	return freed;
}

void
bio_check(struct bio *bio)
{
	unsigned unused = 0, hashed = 0;

	spin_lock(&bio->lock);
	LIST_FOREACH(node, &bio->lru) {
		KASSERT(LIST_ENTRY(node, struct buf, lru_link)->refs == 0);
		unused++;
	}
	for (unsigned i = 0; i < BIO_HASH; i++) {
		LIST_FOREACH(node, &bio->hash[i]) {
			struct buf *b = LIST_ENTRY(node, struct buf, hash_link);

			KASSERT(b->block % BIO_HASH == i);
			KASSERT(b->refs == (b->flags & (BUF_RUNNING | BUF_PINNED) ? 1 : 0));
			hashed++;
		}
	}
	KASSERT(unused <= bio->count && hashed <= bio->count);
	spin_unlock(&bio->lock);
}
