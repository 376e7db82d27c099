/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the block and inode bitmaps, the free counts, and the promises made to dirty pages.
 *
 *      free_blocks = clear bits
 *                  = reserved (promised to dirty pages that have no block yet) + free for anybody
 *
 * A write into the page cache promises a block and the indirect blocks it may need, so that ENOSPC
 * comes from write(2) and not when the page is written, much later.  Promises are generous
 * (FS_PROMISE blocks a page): when they do not fit any more, writing the dirty pages turns promises
 * into blocks and returns what was too much.
 *
 * Blocks that are freed keep their bits until the commit (log_free), so free_blocks changes exactly
 * when the bitmap does.
 *
 * Lock order: buffer -> count_lock.  At most one bitmap buffer is locked, by whoever searches it.
 */
#include <errno.h>

#include "kern/base/debug.h"
#include "kern/fs/fs.h"
#include "kern/fs/fs_format.h"
#include "lib/bitmap.h"

#define BITS_PER_BLOCK (FS_BLOCK_SIZE * 8)

/*
 * Counts.
 */

/* Take one free block off the books before looking for it. */
static bool
count_take(struct fs *fs, bool reserved)
{
	bool ok;

	spin_lock(&fs->count_lock);
	ok = reserved ? fs->free_blocks > 0 : fs->free_blocks > fs->reserved;
	if (ok)
		fs->free_blocks--;
	spin_unlock(&fs->count_lock);
	return ok;
}

static void
count_give(struct fs *fs, uint32_t n)
{
	spin_lock(&fs->count_lock);
	fs->free_blocks += n;
	spin_unlock(&fs->count_lock);
}

bool
fs_reserve(struct fs *fs, struct fs_inode *fi, uint32_t n)
{
	bool ok;

	spin_lock(&fs->count_lock);
	ok = fs->free_blocks >= fs->reserved && fs->free_blocks - fs->reserved >= n;
	if (ok) {
		fs->reserved += n;
		fi->reserved += n;
	}
	spin_unlock(&fs->count_lock);
	return ok;
}

void
fs_unreserve(struct fs *fs, struct fs_inode *fi, uint32_t n)
{
	spin_lock(&fs->count_lock);
	if (n > fi->reserved)
		n = fi->reserved;
	fi->reserved -= n;
	fs->reserved -= n;
	spin_unlock(&fs->count_lock);
}

/*
 * Searching a bitmap.
 */

/* One of the two bitmaps. */
struct area {
	uint32_t start; /* its first block */
	uint32_t len;   /* blocks */
	uint32_t nbits;
};

/* Look for a clear bit in [from, end) of bitmap block `index`, set it, join.  => ENOSPC: none
 * there. */
static int
take_bit(struct fs *fs, struct txn *t, const struct area *a, uint32_t index, uint32_t from,
    uint32_t *found)
{
	uint32_t end = a->nbits - index * BITS_PER_BLOCK;
	struct buf *b;
	size_t bit;
	int error = bio_read(&fs->bio, a->start + index, &b);

	if (error != 0)
		return error;
	bit = bitmap_find_clear(
	    (uint64_t *)b->data, NULL, from, end < BITS_PER_BLOCK ? end : BITS_PER_BLOCK);
	if (bit == BITMAP_NONE) {
		error = ENOSPC;
	} else {
		bitmap_set((uint64_t *)b->data, bit);
		log_join(t, b);
		*found = index * BITS_PER_BLOCK + (uint32_t)bit;
	}
	bio_release(b);
	return error;
}

/* From `goal` to the end, then from the start. */
static int
search(struct fs *fs, struct txn *t, const struct area *a, uint32_t goal, uint32_t *found)
{
	uint32_t index, from;
	int error = ENOSPC;

	if (goal >= a->nbits)
		goal = 0;
	index = goal / BITS_PER_BLOCK;
	from = goal % BITS_PER_BLOCK;
	for (uint32_t n = 0; n <= a->len && error == ENOSPC; n++, from = 0)
		error = take_bit(fs, t, a, (index + n) % a->len, from, found);
	return error;
}

/*
 * Blocks.
 */

int
fs_block_alloc(struct fs *fs, struct txn *t, uint32_t goal, bool reserved, uint32_t *block)
{
	const struct area area = {fs->sb->bbm_start, fs->sb->bbm_len, fs->sb->nblocks};
	int error;

	if (!count_take(fs, reserved))
		return ENOSPC;
	error = search(fs, t, &area, goal < fs->sb->data_start ? fs->sb->data_start : goal, block);
	if (error == 0 && !fs_block_is_data(fs->sb, *block))
		error = fs_corrupt(fs, 0, "block bitmap says that metadata is free");
	if (error == ENOSPC)
		error = fs_corrupt(fs, 0, "block bitmap is full, the free count is not 0");
	if (error != 0)
		count_give(fs, 1);
	return error;
}

/*
 * Inodes.
 */

int
fs_ino_alloc(struct fs *fs, struct txn *t, uint32_t goal, uint32_t *ino)
{
	const struct area area = {fs->sb->ibm_start, fs->sb->ibm_len, fs->sb->ninodes};
	int error;

	spin_lock(&fs->count_lock);
	error = fs->free_inodes > 0 ? 0 : ENOSPC;
	if (error == 0)
		fs->free_inodes--;
	spin_unlock(&fs->count_lock);
	if (error != 0)
		return error;
	error = search(fs, t, &area, goal, ino);
	if (error == 0 && *ino == 0)
		error = fs_corrupt(fs, 0, "inode bitmap says that inode 0 is free");
	if (error == ENOSPC)
		error = fs_corrupt(fs, 0, "inode bitmap is full, the free count is not 0");
	if (error != 0) {
		spin_lock(&fs->count_lock);
		fs->free_inodes++;
		spin_unlock(&fs->count_lock);
	}
	return error;
}

int
fs_ino_free(struct fs *fs, struct txn *t, uint32_t ino)
{
	struct buf *b;
	int error = bio_read(&fs->bio, fs->sb->ibm_start + ino / BITS_PER_BLOCK, &b);

	if (error != 0)
		return error;
	bitmap_clear((uint64_t *)b->data, ino % BITS_PER_BLOCK);
	log_join(t, b);
	bio_release(b);
	spin_lock(&fs->count_lock);
	fs->free_inodes++;
	spin_unlock(&fs->count_lock);
	return 0;
}

/*
 * Commit.
 */

static int
clear_extent(struct fs *fs, const struct log_extent *e)
{
	for (uint32_t n = 0; n < e->len; n++) {
		uint32_t block = e->start + n;
		struct buf *b;
		int error = bio_read(&fs->bio, fs->sb->bbm_start + block / BITS_PER_BLOCK, &b);

		if (error != 0)
			return error;
		KASSERT((b->flags & BUF_RUNNING) != 0);
		bitmap_clear((uint64_t *)b->data, block % BITS_PER_BLOCK);
		bio_release(b);
	}
	return 0;
}

static int
write_state(struct fs *fs, struct txn *t)
{
	struct fs_state *st;
	struct buf *b;
	int error = bio_read(&fs->bio, FS_STATE_BLOCK, &b);

	if (error != 0)
		return error;
	st = (struct fs_state *)b->data;
	spin_lock(&fs->count_lock);
	st->free_blocks = fs->free_blocks;
	st->free_inodes = fs->free_inodes;
	spin_unlock(&fs->count_lock);
	st->orphan = fs->orphan_head;
	st->crc = fs_state_crc(st);
	log_join(t, b);
	bio_release(b);
	return 0;
}

int
fs_prepare_commit(void *arg, struct txn *t)
{
	struct fs *fs = arg;
	struct log *log = &fs->log;
	int error = 0;

	for (uint32_t i = 0; i < log->nextents && error == 0; i++) {
		error = clear_extent(fs, &log->extents[i]);
		count_give(fs, log->extents[i].len);
	}
	return error != 0 ? error : write_state(fs, t);
}

static bool
holds_promises(struct inode *ip)
{
	return fs_inode(ip)->reserved > 0;
}

/* Write what is dirty; promises that are left then were too many. */
static bool
redeem(struct inode *ip, void *arg)
{
	(void)arg;
	if (fs_clean(ip, 0, UINT32_MAX) != 0)
		return true;
	sx_xlock(&ip->lock);
	if (!fs_any_dirty(ip))
		fs_unreserve(fs_of(ip), fs_inode(ip), UINT32_MAX);
	sx_xunlock(&ip->lock);
	return true;
}

bool
fs_make_room(struct fs *fs, unsigned *tries)
{
	switch ((*tries)++) {
	case 0:
		if (log_frees_pending(&fs->log))
			return log_force(&fs->log, log_current(&fs->log)) == 0;
		(*tries)++;
		/* fall through */
	case 1:
		icache_foreach(&fs->mnt, holds_promises, redeem, NULL);
		return true;
	default:
		return false;
	}
}
