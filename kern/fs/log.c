/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the journal: transactions, commits, checkpoints, and replay after a crash.
 *
 *   operations join buffers     commit                          checkpoint
 *   +-------------------+      +------------------------+      +------------------------+
 *   | running           | ---> | record in the ring,    | ---> | homes written, flushed |
 *   |                   |      | flushed                |      | header, flushed        |
 *   +-------------------+      +------------------------+      +------------------------+
 *      BUF_RUNNING                BUF_PINNED                      unpinned, ring empty
 *
 * There is one transaction at a time and every operation between two commits is part of it: group
 * commit.  A commit waits for open operations and keeps new ones out until its record is on stable
 * storage (the gate), so the buffers it writes stand still, and whoever arrives meanwhile shares
 * the next commit.
 *
 * A record is one descriptor block and the new contents of the blocks, summed together: torn or
 * reordered writes make the sum wrong and the record never happened.  One flush makes it permanent.
 * When file data went to newly allocated blocks, a flush goes first: no file may show blocks whose
 * data did not arrive.
 *
 * Records pile up in the ring; homes are written when the ring or the pinned buffers reach their
 * limit, always directly after a commit, when no buffer has changes that are not in the journal.
 *
 * Freed blocks keep their bit in the bitmap until the commit, so nothing that the disk still
 * believes to belong to a file is overwritten.  A freed metadata block is revoked: replaying an
 * older record must not overwrite the data that lives there then.
 *
 * Lock order: gate -> inode locks -> buf.lock -> log->lock -> bio.lock.
 *
 * Rejected: letting operations go on while the record is written (as ext4 does).  It needs a second
 * copy of every buffer that changes meanwhile; a commit here takes a millisecond.  Also rejected: a
 * separate commit block, which costs a second flush for each commit.
 */
#include "kern/fs/log.h"

#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fs/fs_format.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

static void
flag_set(struct buf *b, uint32_t flag)
{
	__atomic_fetch_or(&b->flags, flag, __ATOMIC_RELAXED);
}

static void
flag_clear(struct buf *b, uint32_t flag)
{
	__atomic_fetch_and(&b->flags, ~flag, __ATOMIC_RELAXED);
}

static int
log_error(struct log *log)
{
	return __atomic_load_n(&log->error, __ATOMIC_RELAXED);
}

/* The disk is not to be trusted any more: what is committed can still be read, and a later mount
 * replays it. */
static int
log_abort(struct log *log, const char *what)
{
	if (__atomic_exchange_n(&log->error, EIO, __ATOMIC_RELAXED) == 0)
		klog(LOG_ERROR, "%s: %s failed: the file system is read-only from now on",
		    log->bio->dev->name, what);
	return EIO;
}

/*
 * Several disk writes in flight.
 */

/* Collects blocks into requests, neighbours into one. */
struct writer {
	struct log *log;
	unsigned started;  /* requests submitted so far */
	uint64_t next;     /* block that would extend the open request */
	struct blk_req *r; /* the open request, NULL: none */
	int error;
};

static void
writer_submit(struct writer *w)
{
	if (w->r != NULL) {
		blk_submit(w->log->bio->dev, w->r);
		w->started++;
		w->r = NULL;
	}
}

static void
writer_add(struct writer *w, uint64_t block, void *data)
{
	if (w->r == NULL || block != w->next || w->r->nseg == BLK_MAXSEG) {
		writer_submit(w);
		w->r = w->log->request[w->started % LOG_REQUESTS];
		if (w->started >= LOG_REQUESTS && blk_wait(w->r) != 0)
			w->error = EIO;
		w->r->op = BLK_WRITE;
		w->r->sector = block * (FS_BLOCK_SIZE / BLK_SECTOR);
		w->r->nseg = 0;
	}
	w->r->seg[w->r->nseg++] = (struct blk_seg){data, FS_BLOCK_SIZE};
	w->next = block + 1;
}

/* Wait for all. */
static int
writer_finish(struct writer *w)
{
	unsigned first;

	writer_submit(w);
	first = w->started > LOG_REQUESTS ? w->started - LOG_REQUESTS : 0;
	for (unsigned i = first; i < w->started; i++)
		if (blk_wait(w->log->request[i % LOG_REQUESTS]) != 0)
			w->error = EIO;
	return w->error;
}

/*
 * Flushing.
 */

/* Everything written before the call is on stable storage after it. */
static int
log_flush(struct log *log)
{
	uint64_t writes;
	int error;

	mutex_lock(&log->lock);
	writes = log->writes;
	mutex_unlock(&log->lock);
	error = bio_flush(log->bio->dev);
	if (error != 0)
		return EIO;
	mutex_lock(&log->lock);
	if (log->flushed < writes)
		log->flushed = writes;
	mutex_unlock(&log->lock);
	return 0;
}

static int
log_flush_data(struct log *log)
{
	bool needed;

	mutex_lock(&log->lock);
	needed = log->flushed < log->writes;
	mutex_unlock(&log->lock);
	return needed ? log_flush(log) : 0;
}

/*
 * Checkpoint.
 */

static int
write_head(struct log *log, uint64_t tail, uint64_t seq)
{
	struct fs_jhead *h = (struct fs_jhead *)log->record; /* not in use between commits */
	uint64_t generation = log->generation + 1;

	memset(h, 0, sizeof(*h));
	h->magic = FS_JHEAD_MAGIC;
	h->tail = (uint32_t)(tail % FS_JSLOTS(log->sb));
	h->seq = seq;
	h->generation = generation;
	h->crc = fs_jhead_crc(h);
	if (bio_transfer(log->bio->dev, BLK_WRITE, log->sb->journal_start + generation % FS_JSLOT0,
		h) != 0 ||
	    bio_flush(log->bio->dev) != 0)
		return EIO;
	log->generation = generation;
	return 0;
}

/* Write all homes; the ring is empty then.  => gate held exclusively, nothing running. */
static int
checkpoint(struct log *log)
{
	struct writer w = {.log = log};
	struct list *node;

	KASSERT(sx_xowned(&log->gate) && log->joined == 0);
	if (log->head == log->tail)
		return 0;
	LIST_FOREACH(n, &log->pinned) {
		struct buf *b = LIST_ENTRY(n, struct buf, log_link);

		writer_add(&w, b->block, b->data);
	}
	if (writer_finish(&w) != 0 || log_flush(log) != 0 ||
	    write_head(log, log->head, log->seq) != 0)
		return log_abort(log, "writing metadata");
	while ((node = list_pop_front(&log->pinned)) != NULL) {
		struct buf *b = LIST_ENTRY(node, struct buf, log_link);

		flag_clear(b, BUF_PINNED);
		bio_unhold(b);
	}
	log->npinned = 0;
	log->tail = log->head;
	log->checkpoints++;
	return 0;
}

/* Would the largest transaction still fit? */
static bool
checkpoint_due(const struct log *log)
{
	uint64_t used = log->head - log->tail;

	return log->npinned > log->pin_limit ||
	    FS_JSLOTS(log->sb) - used < log->capacity + LOG_PREPARE + 1;
}

/*
 * Commit.
 */

static void
fill_record(struct log *log)
{
	struct fs_jrecord *r = log->record;
	uint32_t n = 0, crc;

	memset(r, 0, sizeof(*r));
	r->magic = FS_JRECORD_MAGIC;
	r->seq = log->seq;
	LIST_FOREACH(node, &log->running) {
		r->block[n++] = LIST_ENTRY(node, struct buf, log_link)->block;
	}
	r->nblocks = n;
	r->nrevoke = log->nrevoked;
	KASSERT(n == log->joined && n + log->nrevoked <= FS_JRECORD_MAX);
	memcpy(&r->block[n], log->revoked, log->nrevoked * sizeof(r->block[0]));
	crc = fs_jrecord_crc(r);
	LIST_FOREACH(node, &log->running) {
		crc = crc32c(crc, LIST_ENTRY(node, struct buf, log_link)->data, FS_BLOCK_SIZE);
	}
	r->crc = crc;
}

static int
write_record(struct log *log)
{
	struct writer w = {.log = log};
	uint64_t slot = log->head;

	writer_add(&w, fs_jslot_block(log->sb, slot++), log->record);
	LIST_FOREACH(node, &log->running) {
		writer_add(&w, fs_jslot_block(log->sb, slot++),
		    LIST_ENTRY(node, struct buf, log_link)->data);
	}
	return writer_finish(&w);
}

/* The record is permanent: what was running waits for its home now, and a new transaction begins.
 */
static void
start_next(struct log *log)
{
	log->head += 1 + (uint64_t)log->joined;
	LIST_FOREACH(node, &log->running) {
		struct buf *b = LIST_ENTRY(node, struct buf, log_link);

		if ((b->flags & BUF_PINNED) == 0)
			log->npinned++;
		flag_set(b, BUF_PINNED);
		flag_clear(b, BUF_RUNNING);
	}
	list_splice_back(&log->pinned, &log->running);
	log->joined = 0;
	log->nextents = 0;
	log->nrevoked = 0;
	log->data_written = false;
	log->committed = log->seq++;
	log->commits++;
}

/* => gate held exclusively: nobody else is in the log, so log->lock is taken only around what it
 * orders against waiters. */
static int
commit(struct log *log)
{
	struct txn last = {.log = log, .credits = LOG_PREPARE, .seq = log->seq};

	KASSERT(sx_xowned(&log->gate) && log->reserved == 0);
	if (log_error(log) != 0)
		return EIO;
	if (log->joined == 0)
		return log_flush_data(log) != 0 ? log_abort(log, "flushing the disk") : 0;
	log->reserved = LOG_PREPARE;
	if (log->prepare(log->prepare_arg, &last) != 0)
		return log_abort(log, "preparing a transaction");
	log->reserved = 0;
	fill_record(log);
	if (log->data_written && log_flush(log) != 0)
		return log_abort(log, "flushing the disk");
	if (write_record(log) != 0 || log_flush(log) != 0)
		return log_abort(log, "writing the journal");
	start_next(log);
	return checkpoint_due(log) ? checkpoint(log) : 0;
}

/* Commit unless transaction `seq` already is.  => nothing held. */
static int
commit_through(struct log *log, uint64_t seq)
{
	int error = 0;

	sx_xlock(&log->gate);
	if (log->committed < seq)
		error = commit(log);
	sx_xunlock(&log->gate);
	return error;
}

int
log_force(struct log *log, uint64_t seq)
{
	int error = commit_through(log, seq);

	return error != 0 ? error : log_flush_data(log);
}

int
log_checkpoint(struct log *log)
{
	int error;

	sx_xlock(&log->gate);
	error = commit(log);
	if (error == 0)
		error = checkpoint(log);
	sx_xunlock(&log->gate);
	return error;
}

uint64_t
log_current(struct log *log)
{
	uint64_t seq;

	sx_slock(&log->gate);
	seq = log->seq;
	sx_sunlock(&log->gate);
	return seq;
}

/*
 * Operations.
 */

/* Room for an operation in the running transaction?  Then it is counted in. */
static bool
reserve(struct log *log, unsigned credits)
{
	bool room;

	mutex_lock(&log->lock);
	room = log->joined + log->reserved + credits <= log->capacity &&
	    log->nextents < LOG_MAX_FREE - 2 * LOG_FREE_SLACK;
	if (room)
		log->reserved += credits;
	mutex_unlock(&log->lock);
	return room;
}

int
log_begin(struct log *log, struct txn *t, unsigned credits) NO_LOCK_ANALYSIS
{
	KASSERT(credits <= LOG_MAX_OP);
	for (;;) {
		uint64_t seq;

		sx_slock(&log->gate);
		if (log_error(log) != 0) {
			sx_sunlock(&log->gate);
			return EIO;
		}
		seq = log->seq;
		if (reserve(log, credits)) {
			*t = (struct txn){.log = log, .credits = credits, .seq = seq};
			return 0;
		}
		sx_sunlock(&log->gate);
		if (commit_through(log, seq) != 0)
			return EIO;
	}
}

void
log_end(struct txn *t) NO_LOCK_ANALYSIS
{
	struct log *log = t->log;

	mutex_lock(&log->lock);
	log->reserved -= t->credits;
	mutex_unlock(&log->lock);
	t->credits = 0;
	sx_sunlock(&log->gate);
}

void
log_join(struct txn *t, struct buf *b)
{
	struct log *log = t->log;

	KASSERT(sx_xowned(&b->lock));
	mutex_lock(&log->lock);
	if ((b->flags & BUF_RUNNING) == 0) {
		KASSERT(t->credits > 0 && log->reserved > 0);
		t->credits--;
		log->reserved--;
		log->joined++;
		if (b->flags & BUF_PINNED)
			list_remove(&b->log_link);
		else
			bio_hold(b);
		flag_set(b, BUF_RUNNING);
		list_push_back(&log->running, &b->log_link);
	}
	mutex_unlock(&log->lock);
}

/* Take b out of the journal.  => b locked. */
static void
forget(struct log *log, struct buf *b)
{
	bool held;

	mutex_lock(&log->lock);
	held = (b->flags & (BUF_RUNNING | BUF_PINNED)) != 0;
	if (b->flags & BUF_RUNNING)
		log->joined--;
	if (b->flags & BUF_PINNED) {
		log->npinned--;
		KASSERT(log->nrevoked < FS_JRECORD_MAX);
		log->revoked[log->nrevoked++] = b->block;
	}
	if (held)
		list_remove(&b->log_link);
	flag_clear(b, BUF_RUNNING | BUF_PINNED | BUF_VALID | BUF_CHECKED);
	mutex_unlock(&log->lock);
	if (held)
		bio_unhold(b);
}

/* Note that `block` goes free.  false: no room. */
static bool
add_extent(struct log *log, uint32_t block, bool must)
{
	struct log_extent *e;
	bool room = true;

	mutex_lock(&log->lock);
	e = log->nextents > 0 ? &log->extents[log->nextents - 1] : NULL;
	if (e != NULL && block == e->start + e->len) {
		e->len++;
	} else if (e != NULL && block + 1 == e->start) {
		e->start--;
		e->len++;
	} else if (log->nextents < LOG_MAX_FREE - (must ? 0 : LOG_FREE_SLACK)) {
		log->extents[log->nextents++] = (struct log_extent){block, 1};
	} else {
		room = false;
	}
	mutex_unlock(&log->lock);
	return room;
}

int
log_free(struct txn *t, uint32_t block, bool metadata, bool must)
{
	struct log *log = t->log;
	struct buf *b;
	int error;

	error = bio_read(log->bio, log->sb->bbm_start + block / (FS_BLOCK_SIZE * 8), &b);
	if (error != 0)
		return error;
	if (!add_extent(log, block, must)) {
		bio_release(b);
		return EAGAIN;
	}
	log_join(t, b);
	bio_release(b);
	b = metadata ? bio_peek(log->bio, block) : NULL;
	if (b != NULL) {
		forget(log, b);
		bio_release(b);
	}
	return 0;
}

bool
log_frees_pending(struct log *log)
{
	return __atomic_load_n(&log->nextents, __ATOMIC_RELAXED) > 0;
}

void
log_wrote_data(struct txn *t)
{
	mutex_lock(&t->log->lock);
	t->log->data_written = true;
	t->log->writes++;
	mutex_unlock(&t->log->lock);
}

void
log_wrote_in_place(struct log *log)
{
	mutex_lock(&log->lock);
	log->writes++;
	mutex_unlock(&log->lock);
}

/*
 * Replay.
 */

/* Blocks that records revoke, in a chain of pages: there may be thousands, but seldom are. */
#define REVOKES_PER_PAGE ((PAGE_SIZE - 16) / 16)

struct revokes {
	struct revokes *next;
	uint64_t n;
	struct {
		uint64_t block;
		uint64_t seq;
	} revoke[REVOKES_PER_PAGE];
};

_Static_assert(sizeof(struct revokes) <= PAGE_SIZE, "revokes fit a page");

/* One walk over the records, done twice: collect revokes, write. */
struct replay {
	struct log *log;
	void *scratch;           /* one block */
	struct revokes *revokes; /* newest page first */
	bool write;
	uint64_t slot, seq; /* behind the last valid record when the walk is over */
};

static int
read_slot(struct log *log, uint64_t slot, void *data)
{
	return bio_transfer(log->bio->dev, BLK_READ, (uint32_t)fs_jslot_block(log->sb, slot), data);
}

/* Read the record at rp->slot into log->record.  => returns 0; ENOENT: there is no valid one; EIO.
 */
static int
read_record(struct replay *rp)
{
	struct fs_jrecord *r = rp->log->record;
	uint32_t crc;

	if (read_slot(rp->log, rp->slot, r) != 0)
		return EIO;
	if (!fs_jrecord_plausible(r, rp->log->sb, rp->seq))
		return ENOENT;
	crc = fs_jrecord_crc(r);
	for (uint32_t i = 0; i < r->nblocks; i++) {
		if (read_slot(rp->log, rp->slot + 1 + i, rp->scratch) != 0)
			return EIO;
		crc = crc32c(crc, rp->scratch, FS_BLOCK_SIZE);
	}
	return crc == r->crc ? 0 : ENOENT;
}

static bool
is_revoked(const struct replay *rp, uint32_t block)
{
	for (const struct revokes *page = rp->revokes; page != NULL; page = page->next)
		for (uint64_t i = 0; i < page->n; i++)
			if (page->revoke[i].block == block && page->revoke[i].seq >= rp->seq)
				return true;
	return false;
}

static int
add_revoke(struct replay *rp, uint32_t block)
{
	struct revokes *page = rp->revokes;

	if (page == NULL || page->n == REVOKES_PER_PAGE) {
		page = km_poolpage_alloc(VM_ALLOC_NORMAL);
		if (page == NULL)
			return ENOMEM;
		page->next = rp->revokes;
		page->n = 0;
		rp->revokes = page;
	}
	page->revoke[page->n].block = block;
	page->revoke[page->n++].seq = rp->seq;
	return 0;
}

/* Note what the record in log->record revokes. */
static int
collect_revokes(struct replay *rp)
{
	const struct fs_jrecord *r = rp->log->record;
	int error = 0;

	for (uint32_t i = 0; i < r->nrevoke && error == 0; i++)
		error = add_revoke(rp, r->block[r->nblocks + i]);
	return error;
}

/* Write the contents of the record in log->record to their homes. */
static int
replay_record(struct replay *rp)
{
	struct log *log = rp->log;
	const struct fs_jrecord *r = log->record;

	for (uint32_t i = 0; i < r->nblocks; i++) {
		if (!fs_block_is_journaled(log->sb, r->block[i])) {
			klog(LOG_ERROR,
			    "%s: journal: a record writes outside the metadata (block %u)",
			    log->bio->dev->name, r->block[i]);
			return EINVAL;
		}
		if (is_revoked(rp, r->block[i]))
			continue;
		if (read_slot(log, rp->slot + 1 + i, rp->scratch) != 0 ||
		    bio_transfer(log->bio->dev, BLK_WRITE, r->block[i], rp->scratch) != 0)
			return EIO;
	}
	return 0;
}

static int
replay_walk(struct replay *rp, const struct fs_jhead *head)
{
	int error;

	rp->slot = head->tail;
	rp->seq = head->seq;
	while ((error = read_record(rp)) == 0) {
		error = rp->write ? replay_record(rp) : collect_revokes(rp);
		if (error != 0)
			return error;
		rp->slot += 1 + (uint64_t)rp->log->record->nblocks;
		rp->seq++;
	}
	return error == ENOENT ? 0 : error;
}

/* Bring the homes up to date.  => rp says where the journal ends. */
static int
replay(struct replay *rp, const struct fs_jhead *head)
{
	struct blkdev *dev = rp->log->bio->dev;
	int error = replay_walk(rp, head);

	if (error != 0 || rp->seq == head->seq)
		return error;
	if (dev->readonly) {
		klog(LOG_ERROR, "%s: the journal must be replayed, but the disk is read-only",
		    dev->name);
		return EROFS;
	}
	klog(LOG_INFO, "%s: replaying %u transactions", dev->name, (unsigned)(rp->seq - head->seq));
	rp->write = true;
	error = replay_walk(rp, head);
	return error != 0 ? error : bio_flush(dev);
}

/* The header that counts, into *best.  => EINVAL: none is valid. */
static int
read_head(struct log *log, struct fs_jhead *h, struct fs_jhead *best)
{
	best->generation = 0;
	for (unsigned slot = 0; slot < FS_JSLOT0; slot++) {
		if (bio_transfer(log->bio->dev, BLK_READ, log->sb->journal_start + slot, h) != 0)
			return EIO;
		if (fs_jhead_valid(h, log->sb) && h->generation > best->generation)
			memcpy(best, h, sizeof(*best));
	}
	if (best->generation != 0)
		return 0;
	klog(LOG_ERROR, "%s: journal: both headers are damaged", log->bio->dev->name);
	return EINVAL;
}

static int
recover(struct log *log)
{
	struct replay rp = {.log = log, .scratch = km_poolpage_alloc(VM_ALLOC_NORMAL)};
	struct fs_jhead *head = km_poolpage_alloc(VM_ALLOC_NORMAL);
	int error = ENOMEM;

	if (rp.scratch != NULL && head != NULL)
		error = read_head(log, rp.scratch, head);
	if (error == 0)
		error = replay(&rp, head);
	if (error == 0) {
		log->generation = head->generation;
		log->head = log->tail = rp.slot;
		log->seq = rp.seq;
		log->committed = rp.seq - 1;
		if (rp.seq != head->seq)
			error = write_head(log, log->tail, log->seq);
	}
	for (struct revokes *page = rp.revokes, *next; page != NULL; page = next) {
		next = page->next;
		km_poolpage_free(page);
	}
	if (rp.scratch != NULL)
		km_poolpage_free(rp.scratch);
	if (head != NULL)
		km_poolpage_free(head);
	return error;
}

/*
 * Setting up.
 */

static bool
log_alloc(struct log *log)
{
	bool ok = true;

	log->record = km_poolpage_alloc(VM_ALLOC_NORMAL);
	log->revoked = km_poolpage_alloc(VM_ALLOC_NORMAL);
	log->extents = km_poolpage_alloc(VM_ALLOC_NORMAL);
	for (unsigned i = 0; i < LOG_REQUESTS; i++) {
		log->request[i] = kmalloc(sizeof(*log->request[i]), ZONE_ZERO);
		ok = ok && log->request[i] != NULL;
	}
	return ok && log->record != NULL && log->revoked != NULL && log->extents != NULL;
}

int
log_open(struct log *log, struct bio *bio, const struct fs_super *sb, unsigned capacity,
    unsigned pin_limit, log_prepare_fn *prepare, void *arg)
{
	unsigned largest = (FS_JSLOTS(sb) - LOG_PREPARE - 1) / 2;
	int error = ENOMEM;

	*log = (struct log){.bio = bio,
	    .sb = sb,
	    .pin_limit = pin_limit,
	    .prepare = prepare,
	    .prepare_arg = arg,
	    .capacity = capacity < largest ? capacity : largest};
	sx_init(&log->gate, "journal gate", RANK_LOG_TXN);
	mutex_init(&log->lock, "journal", RANK_LOG);
	list_init(&log->running);
	list_init(&log->pinned);
	KASSERT(log->capacity >= LOG_MAX_OP);
	if (log_alloc(log))
		error = recover(log);
	if (error != 0)
		log_close(log);
	return error;
}

/* After an error there are buffers whose contents will never be written. */
static void
drop_buffers(struct list *head)
{
	struct list *node;

	while ((node = list_pop_front(head)) != NULL) {
		struct buf *b = LIST_ENTRY(node, struct buf, log_link);

		flag_clear(b, BUF_RUNNING | BUF_PINNED | BUF_VALID);
		bio_unhold(b);
	}
}

void
log_close(struct log *log)
{
	drop_buffers(&log->running);
	drop_buffers(&log->pinned);
	if (log->record != NULL)
		km_poolpage_free(log->record);
	if (log->revoked != NULL)
		km_poolpage_free(log->revoked);
	if (log->extents != NULL)
		km_poolpage_free(log->extents);
	for (unsigned i = 0; i < LOG_REQUESTS; i++)
		if (log->request[i] != NULL)
			kfree(log->request[i], sizeof(*log->request[i]));
}
