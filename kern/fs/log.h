/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal: makes a group of metadata changes happen entirely or not at all, whenever the power
 * goes.
 *
 *      struct txn t;
 *      error = log_begin(log, &t, credits);     nothing locked
 *      lock inodes, change buffers:  bio_read(); change b->data; log_join(&t, b); bio_release(b)
 *      unlock inodes
 *      log_end(&t);                              nothing is on the disk yet
 *      log_force(log, t.seq);                    now it is
 *
 * Lock key: I immutable   G changed with the gate held exclusively, or shared and log->lock   j
 * log->lock
 */
#ifndef KERN_FS_LOG_H
#define KERN_FS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/base/lock.h"
#include "kern/fs/bio.h"
#include "kern/fs/fs_disk.h"
#include "lib/annot.h"
#include "lib/list.h"

#define LOG_MAX_OP     24u  /* blocks that one operation may join */
#define LOG_MAX_FREE   512u /* extents of blocks freed in one transaction: a page of them */
#define LOG_FREE_SLACK 64u  /* of them kept for operations that cannot stop in the middle */
#define LOG_REQUESTS   8u   /* disk requests in flight */

/* Blocks that the running transaction frees: they stay in use until it commits. */
struct log_extent {
	uint32_t start, len;
};

struct txn;

/* Called at the start of a commit that has something to write, gate held exclusively: frees the
 * extents, makes the last changes of the transaction (at most LOG_PREPARE blocks join here that
 * were not in it).  => returns 0, EIO. */
typedef int log_prepare_fn(void *arg, struct txn *t);
#define LOG_PREPARE 1u

struct log {
	struct bio *bio;           /* I */
	const struct fs_super *sb; /* I */
	log_prepare_fn *prepare;   /* I */
	void *prepare_arg;         /* I */
	unsigned capacity;         /* I    blocks of one transaction */
	unsigned pin_limit;        /* I    blocks waiting to be written home */

	struct sx
	    gate; /*      RANK_LOG_TXN; shared: an operation is open; exclusive: a commit runs */
	struct mutex lock;   /*      RANK_LOG */
	unsigned joined;     /* j    blocks of the running transaction */
	unsigned reserved;   /* j    credits that open operations may still use */
	struct list running; /* j    its buffers */
	struct list pinned;  /* G    buffers in the journal whose homes are old */
	unsigned npinned;    /* j */
	uint32_t nrevoked;   /* j */
	uint32_t nextents;   /* j */
	bool data_written;   /* j    file data went to blocks that the running transaction exposes:
	                        flush before its record */
	uint64_t writes;     /* j    counts writes of file data ... */
	uint64_t flushed;    /* j    ... and this many of them are on stable storage */

	uint64_t seq;        /* G    of the running transaction */
	uint64_t committed;  /* G    the last one that is on stable storage */
	uint64_t head;       /* G    ring slot where the next record goes */
	uint64_t tail;       /* G    ring slot of the oldest record whose blocks are pinned */
	uint64_t generation; /* G    of the header last written */
	int error; /* a    EIO once a write of the journal or of a home has failed: nothing is
	              written any more */

	struct log_extent *extents;            /* j    [LOG_MAX_FREE] */
	uint32_t *revoked;                     /* j    [FS_JRECORD_MAX] */
	struct fs_jrecord *record;             /* G    the record being written */
	struct blk_req *request[LOG_REQUESTS]; /* G */
	uint64_t commits, checkpoints;         /* G    statistics */
};

/* An open operation: on its thread's stack. */
struct txn {
	struct log *log;  /* I */
	unsigned credits; /* T    blocks it may still join */
	uint64_t seq;     /* I    the transaction it is part of */
};

/* Replay what is in the journal, then set up an empty log.  Needs a cache without buffers in use.
 * => returns 0; EIO; EINVAL and one line in the kernel log when the journal is damaged; EROFS when
 * it must be replayed on a read-only device. */
int log_open(struct log *log, struct bio *bio, const struct fs_super *sb, unsigned capacity,
    unsigned pin_limit, log_prepare_fn *prepare, void *arg) MUST_CHECK;
void log_close(struct log
	*log); /* => after log_force and a checkpoint, or after an error; no operation open */

/* Open an operation that joins at most `credits` (<= LOG_MAX_OP) blocks.  => no inode lock, no busy
 * page; may sleep (commit).
 * => returns 0 with the gate held shared; EIO after a write error. */
int log_begin(struct log *log, struct txn *t, unsigned credits) MUST_CHECK NO_LOCK_ANALYSIS;
void log_end(struct txn *t) NO_LOCK_ANALYSIS;

/* The operation has changed b: it will be in the record.  A block counts once a transaction.  => b
 * locked by the caller. */
void log_join(struct txn *t, struct buf *b);

/* [block, +1) is free once the transaction commits; metadata: its buffer, if any, is forgotten and
 * older records must not write it.
 * => no buffer locked.  => returns 0; EAGAIN: end this operation and force the log first (never
 * within LOG_FREE_SLACK if `must`); EIO. */
int log_free(struct txn *t, uint32_t block, bool metadata, bool must) MUST_CHECK;
/* Are there blocks whose freeing waits for the commit?  A hint. */
bool log_frees_pending(struct log *log);

/* The operation wrote file data into blocks that only now become part of a file. */
void log_wrote_data(struct txn *t);
/* File data was written in place. */
void log_wrote_in_place(struct log *log);

/* Transaction `seq`, and all data written before the call, is on stable storage when this returns
 * 0.  => nothing held; may sleep.  EIO. */
int log_force(struct log *log, uint64_t seq);
/* The transaction that a change made now would be part of. */
uint64_t log_current(struct log *log);
/* Commit, and write all homes: the journal is empty then. */
int log_checkpoint(struct log *log);

#endif
