/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metadata buffers: blocks of bitmaps, inode table, directories and indirect blocks in memory. File
 * data is not here: it lives in the pages of the file's vm_object.
 *
 * Lock key: I immutable   B the buffer's own lock   C bio->lock (spin)
 *   j journal (log.c): under the log's lock, or its gate held exclusively
 */
#ifndef KERN_FS_BIO_H
#define KERN_FS_BIO_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/base/blkdev.h"
#include "kern/base/lock.h"
#include "kern/fs/fs_disk.h"
#include "lib/annot.h"
#include "lib/list.h"

#define BUF_VALID   0x01u /* B  data is the block's contents */
#define BUF_RUNNING 0x02u /* j  changed by the running transaction */
#define BUF_PINNED  0x04u /* j  in the journal, home not yet written */
#define BUF_CHECKED 0x08u /* B  its structure was verified after it was read (directories) */

struct buf {
	struct sx lock;        /* RANK_BUF: a thread holds one buffer at a time */
	struct bio *bio;       /* I */
	uint8_t *data;         /* I  FS_BLOCK_SIZE bytes; contents B */
	uint32_t block;        /* C  0 with refs == 0: not in the hash */
	uint32_t refs;         /* C  users, plus one while RUNNING or PINNED */
	uint32_t flags;        /* a  BUF_* */
	struct list hash_link; /* C */
	struct list lru_link;  /* C  when refs == 0 */
	struct list log_link;  /* j  on log->running or log->pinned */
};

#define BIO_HASH 256u /* a page of list heads */

struct bio {
	struct blkdev *dev;   /* I */
	struct spinlock lock; /* RANK_BIO */
	struct list *hash;    /* C  [BIO_HASH] */
	struct list lru;      /* C  nobody uses them; longest unused first */
	unsigned count;       /* C  buffers there are */
	unsigned reserve;     /* I  buffers that are never given back: transactions rely on them */
	unsigned limit;       /* I  no more than this */
	unsigned waiters;     /* C  threads that wait for a free buffer */
};

/* The zone of buffers.  => boot, once. */
void bio_startup(void);
/* Set up an empty cache with `reserve` buffers.  => returns 0, ENOMEM. */
int bio_init(struct bio *bio, struct blkdev *dev, unsigned reserve, unsigned limit);
/* Give everything back.  => nobody uses a buffer, none is running or pinned. */
void bio_destroy(struct bio *bio);

/* The buffer of a block, locked, valid.  => RANK_BUF lock order; may sleep for the disk or for a
 * buffer, never for memory.
 * => returns 0 or EIO. */
int bio_read(struct bio *bio, uint32_t block, struct buf **bufp) MUST_CHECK;
/* The same for a block that was just allocated: zeroed, not read. */
void bio_fresh(struct bio *bio, uint32_t block, struct buf **bufp);
/* Unlock and let go. */
void bio_release(struct buf *b);

/* One more user, not locked (the journal's own references).  => b is referenced. */
void bio_hold(struct buf *b);
void bio_unhold(struct buf *b);
/* The buffer of a block if it is cached, held and locked; else NULL.  Never reads. */
struct buf *bio_peek(struct bio *bio, uint32_t block);

/* Free up to n unused buffers above the reserve; returns how many.  => never sleeps. */
unsigned bio_shrink(struct bio *bio, unsigned n);

/* Transfers that bypass the cache, n blocks from or to memory in one piece per block.  => may
 * sleep.  => returns 0, EIO. */
int bio_transfer(struct blkdev *dev, enum blk_op op, uint32_t block, void *data) MUST_CHECK;
int bio_flush(struct blkdev *dev) MUST_CHECK;

/* Quiescent check for tests: counts against lists. */
void bio_check(struct bio *bio);

#endif
