/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the table of inodes in memory and their reference counts.
 *
 *      inode_get                     last inode_unref
 *      (none) -> LOADING -> READY, refs > 0 -----> READY, refs == 0, on the LRU list
 *                              |  ^                        |              |
 *                              |  +------ inode_get -------+              | evicted
 *                              |                                          v
 *                              +-- no links, or nothing is kept ----> DYING -> (none)
 *
 * LOADING and DYING inodes are in the table so that a second inode_get waits for the first one's
 * disk read, and for the end of one that leaves; they belong to one thread, which works without the
 * spinlock.  That thread must not need what those who wait hold (directory locks, an open
 * transaction), so only inodes without changes are evicted; a deleted one is looked for by nobody.
 *
 * Lock order: icache_lock is a spinlock (RANK_VFS) that is held for list work only.
 */
#include "kern/fs/icache.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"

#define ICACHE_HASH 256u
#define ICACHE_IDLE 1024u /* unreferenced inodes of one mount that are kept without need */

enum inode_state { INODE_LOADING, INODE_READY, INODE_DYING };

static struct spinlock icache_lock = SPINLOCK_INIT("icache", RANK_VFS);
static struct list table[ICACHE_HASH]; /* V */
static unsigned ninodes;               /* V */

void
icache_init(void)
{
	for (unsigned i = 0; i < ICACHE_HASH; i++)
		list_init(&table[i]);
}

static struct list *
bucket(const struct mount *mnt, uint64_t ino)
{
	return &table[(ino + mnt->dev * 31) % ICACHE_HASH];
}

void
icache_inode_init(struct inode *ip, struct mount *mnt, uint64_t ino)
{
	sx_init(&ip->lock, "inode", RANK_INODE);
	ip->mnt = mnt;
	ip->ino = ino;
	ip->refs = 1;
	ip->state = INODE_LOADING;
	list_init(&ip->hash_link);
	list_init(&ip->lru_link);
}

static struct inode *
find_locked(const struct mount *mnt, uint64_t ino) REQUIRES(icache_lock)
{
	LIST_FOREACH(node, bucket(mnt, ino)) {
		struct inode *ip = LIST_ENTRY(node, struct inode, hash_link);

		if (ip->ino == ino && ip->mnt == mnt)
			return ip;
	}
	return NULL;
}

static void
enter_locked(struct inode *ip) REQUIRES(icache_lock)
{
	list_push_front(bucket(ip->mnt, ip->ino), &ip->hash_link);
	list_push_back(&ip->mnt->used, &ip->lru_link);
	ninodes++;
}

static void
ref_locked(struct inode *ip) REQUIRES(icache_lock)
{
	if (ip->refs++ == 0) {
		list_remove(&ip->lru_link);
		list_push_back(&ip->mnt->used, &ip->lru_link);
		ip->mnt->nidle--;
	}
}

/* Take it out of the table and wake those who wait for it to be gone. */
static void
leave_locked(struct inode *ip) REQUIRES(icache_lock)
{
	list_remove(&ip->hash_link);
	list_remove(&ip->lru_link);
	ninodes--;
	wakeup(ip);
}

static void
forget(struct inode *ip)
{
	spin_lock(&icache_lock);
	leave_locked(ip);
	spin_unlock(&icache_lock);
	ip->mnt->ops->inode_free(ip);
}

/*
 * Getting.
 */

/* Read a new inode that is in the table as LOADING with our reference. */
static int
load(struct inode *ip)
{
	int error = ip->mnt->ops->inode_load(ip);

	if (error != 0) {
		forget(ip);
		return error;
	}
	spin_lock(&icache_lock);
	ip->state = INODE_READY;
	wakeup(ip);
	spin_unlock(&icache_lock);
	return 0;
}

int
inode_get(struct mount *mnt, uint64_t ino, struct inode **ipp)
{
	struct inode *fresh = NULL, *ip;
	int error = 0;

	spin_lock(&icache_lock);
	while ((ip = find_locked(mnt, ino)) == NULL || ip->state != INODE_READY) {
		if (ip != NULL) {
			sleep_spin(ip, &icache_lock, "inode", 0, NO_DEADLINE);
			continue;
		}
		if (fresh != NULL)
			break;
		spin_unlock(&icache_lock);
		fresh = mnt->ops->inode_alloc(mnt, ino);
		if (fresh == NULL)
			return ENOMEM;
		spin_lock(&icache_lock);
	}
	if (ip != NULL)
		ref_locked(ip);
	else
		enter_locked(fresh);
	spin_unlock(&icache_lock);
	if (ip == NULL)
		error = load(ip = fresh);
	else if (fresh != NULL)
		mnt->ops->inode_free(fresh);
	*ipp = error == 0 ? ip : NULL;
	return error;
}

void
icache_insert(struct inode *ip)
{
	struct inode *old;

	spin_lock(&icache_lock);
	while ((old = find_locked(ip->mnt, ip->ino)) != NULL) {
		KASSERT(old->state == INODE_DYING);
		sleep_spin(old, &icache_lock, "inode", 0, NO_DEADLINE);
	}
	ip->state = INODE_READY;
	enter_locked(ip);
	spin_unlock(&icache_lock);
}

void
inode_ref(struct inode *ip)
{
	spin_lock(&icache_lock);
	KASSERT(ip->refs > 0);
	ip->refs++;
	spin_unlock(&icache_lock);
}

/*
 * Letting go.
 */

/* An inode that this thread made DYING leaves: for good, or only the cache.  => false: it could not
 * be written back, it stays. */
static bool
bury(struct inode *ip, bool delete)
{
	const struct mount_ops *ops = ip->mnt->ops;

	if (delete) {
		if (ops->inode_delete != NULL)
			ops->inode_delete(ip);
	} else if (ops->inode_evict != NULL && !ops->inode_evict(ip)) {
		spin_lock(&icache_lock);
		ip->state = INODE_READY;
		list_push_back(&ip->mnt->lru, &ip->lru_link);
		ip->mnt->nidle++;
		wakeup(ip);
		spin_unlock(&icache_lock);
		return false;
	}
	forget(ip);
	return true;
}

void
inode_unref(struct inode *ip)
{
	struct mount *mnt;
	bool delete, dying = false, crowded = false;

	if (ip == NULL)
		return;
	mnt = ip->mnt;
	spin_lock(&icache_lock);
	KASSERT(ip->refs > 0);
	delete = ip->nlink == 0;
	if (--ip->refs == 0) {
		list_remove(&ip->lru_link);
		dying = delete || (mnt->flags & MOUNT_NOCACHE) != 0;
		if (dying) {
			ip->state = INODE_DYING;
		} else {
			list_push_back(&mnt->lru, &ip->lru_link);
			crowded = ++mnt->nidle > ICACHE_IDLE;
		}
	}
	spin_unlock(&icache_lock);
	if (dying)
		bury(ip, delete);
	else if (crowded)
		icache_shrink(mnt, 1);
}

unsigned
icache_shrink(struct mount *mnt, unsigned n)
{
	unsigned gone = 0;

	while (n-- > 0) {
		struct list *node;
		struct inode *ip = NULL;

		spin_lock(&icache_lock);
		node = list_pop_front(&mnt->lru);
		if (node != NULL) {
			ip = LIST_ENTRY(node, struct inode, lru_link);
			ip->state = INODE_DYING;
			mnt->nidle--;
		}
		spin_unlock(&icache_lock);
		if (ip == NULL)
			break;
		if (bury(ip, false))
			gone++;
	}
	return gone;
}

void
icache_discard(struct mount *mnt)
{
	struct list *node;

	KASSERT(list_empty(&mnt->used));
	spin_lock(&icache_lock);
	while ((node = list_pop_front(&mnt->lru)) != NULL) {
		struct inode *ip = LIST_ENTRY(node, struct inode, lru_link);

		ip->state = INODE_DYING;
		mnt->nidle--;
		spin_unlock(&icache_lock);
		if (mnt->ops->inode_discard != NULL)
			mnt->ops->inode_discard(ip);
		forget(ip);
		spin_lock(&icache_lock);
	}
	spin_unlock(&icache_lock);
}

/*
 * Walking.
 */

/* The first inode of this bucket that the walk has not seen, referenced; NULL: none is left. */
static struct inode *
next_unseen(struct list *head, const struct mount *mnt, bool (*want)(struct inode *), uint64_t walk)
{
	struct inode *found = NULL;

	spin_lock(&icache_lock);
	LIST_FOREACH(node, head) {
		struct inode *ip = LIST_ENTRY(node, struct inode, hash_link);

		if (ip->mnt != mnt || ip->state != INODE_READY || ip->walk == walk)
			continue;
		ip->walk = walk;
		if (want == NULL || want(ip)) {
			ref_locked(ip);
			found = ip;
			break;
		}
	}
	spin_unlock(&icache_lock);
	return found;
}

void
icache_foreach(
    struct mount *mnt, bool (*want)(struct inode *), bool (*fn)(struct inode *, void *), void *arg)
{
	static uint64_t walks; /* a */
	uint64_t walk = __atomic_add_fetch(&walks, 1, __ATOMIC_RELAXED);
	bool more = true;

	for (unsigned i = 0; i < ICACHE_HASH && more; i++) {
		struct inode *ip;

		while (more && (ip = next_unseen(&table[i], mnt, want, walk)) != NULL) {
			more = fn(ip, arg);
			inode_unref(ip);
		}
	}
}

unsigned
icache_count(void)
{
	return __atomic_load_n(&ninodes, __ATOMIC_RELAXED);
}
