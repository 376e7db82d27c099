/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/base/lock.h on the host: one coroutine runs at a time, so a lock is a word and its owner; what is checked is what the kernel
 * checks with CHECK=1, and a little more: ranks, ownership, no lock twice, no sleeping lock under a spinlock.
 *
 * Every acquisition is a point where another coroutine may be switched to (host_point).
 */
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/lock.h"
#include "kern/base/thread.h"
#include "tests/host/host.h"

/*
 * What the thread holds.
 */
static void
check_rank(const struct lock_head *lock, bool nested)
{
	const struct held_locks *h = &curthread()->held;

	for (unsigned i = 0; i < h->n; i++) {
		if (h->lock[i] == lock)
			panic("lock %s taken twice", lock->name);
		if (h->lock[i]->rank > lock->rank || (h->lock[i]->rank == lock->rank && !nested))
			panic("lock order: %s (rank %u) while holding %s (rank %u)", lock->name,
			    lock->rank, h->lock[i]->name, h->lock[i]->rank);
	}
}

static void
check_may_sleep(const struct lock_head *lock)
{
	if (curthread()->spins.n > 0)
		panic("%s taken while a spinlock is held", lock->name);
}

static void
held_add(const struct lock_head *lock)
{
	struct held_locks *h = &curthread()->held;

	KASSERT(h->n < THREAD_LOCKS);
	h->lock[h->n++] = lock;
}

static void
held_drop(const struct lock_head *lock)
{
	struct held_locks *h = &curthread()->held;

	for (unsigned i = h->n; i-- > 0;)
		if (h->lock[i] == lock) {
			h->n--;
			memmove(&h->lock[i], &h->lock[i + 1], (h->n - i) * sizeof(h->lock[0]));
			return;
		}
	panic("%s released, but not held", lock->name);
}

void
lock_assert_none(void)
{
	const struct held_locks *h = &curthread()->held;

	if (h->n > 0)
		panic("still holding %s", h->lock[0]->name);
}

void
lock_assert_below(enum lock_rank rank)
{
	const struct held_locks *h = &curthread()->held;

	for (unsigned i = 0; i < h->n; i++)
		if (h->lock[i]->rank >= rank)
			panic("waits while holding %s", h->lock[i]->name);
}

/*
 * Locks of file systems are made to be slept with.  A map may be held while waiting for a busy page or a merge
 * (rule R1b), not for memory or I/O: vm_page_wait and the pagers assert that nothing is held.  An object never.
 */
void
host_assert_may_sleep(void)
{
	static const uint16_t allowed[] = {RANK_FILE, RANK_RENAME, RANK_LOG_TXN, RANK_INODE,
	    RANK_USER_MAP, RANK_KERNEL_MAP, RANK_BLOCKMAP, RANK_ORPHAN, RANK_BUF};
	const struct held_locks *h = &curthread()->held;

	for (unsigned i = 0; i < h->n; i++) {
		bool ok = false;

		for (unsigned a = 0; a < NELEM(allowed); a++)
			ok = ok || h->lock[i]->rank == allowed[a];
		if (!ok)
			panic("sleeps while holding %s", h->lock[i]->name);
	}
}

void
intr_push_off(void)
{
	curthread()->intr_off_depth++;
}

void
intr_pop_off(void)
{
	KASSERT(curthread()->intr_off_depth > 0);
	curthread()->intr_off_depth--;
}

/* Is a trylock to fail although it need not? */
static bool
try_fails(bool taken)
{
	return taken || host_chance(host_knobs.try_fails);
}

/*
 * Spinlocks: nobody is switched away while he holds one, so there is nothing to spin for.
 */
void
spin_init(struct spinlock *lk, const char *name, enum lock_rank rank)
{
	*lk = (struct spinlock){{name, (uint16_t)rank}, 0, -1};
}

/*
 * Not at the locks of the allocators: whether those are taken depends on what caches hold since earlier runs, and a run has to be a
 * function of its schedule.
 */
static void
spin_point(const struct spinlock *lk)
{
	if (lk->head.rank < RANK_ZONE)
		host_point();
}

static void
spin_acquire(struct spinlock *lk, bool nested)
{
	KASSERT(lk->head.name != NULL);
	check_rank(&lk->head, nested);
	spin_point(lk);
	KASSERT(!lk->locked);
	lk->locked = 1;
	held_add(&lk->head);
	curthread()->spins.n++;
}

void
spin_lock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	spin_acquire(lk, false);
}

void
spin_lock_nested(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	spin_acquire(lk, true);
}

bool
spin_trylock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	if (try_fails(lk->locked != 0))
		return false;
	lk->locked = 1;
	held_add(&lk->head);
	curthread()->spins.n++;
	return true;
}

void
spin_unlock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	KASSERT(lk->locked && curthread()->spins.n > 0);
	held_drop(&lk->head);
	lk->locked = 0;
	curthread()->spins.n--;
	spin_point(lk);
}

bool
spin_owned(const struct spinlock *lk)
{
	const struct held_locks *h = &curthread()->held;

	for (unsigned i = 0; i < h->n; i++)
		if (h->lock[i] == &lk->head)
			return true;
	return false;
}

/*
 * Mutexes.
 */
void
mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	*m = (struct mutex){{name, (uint16_t)rank}, 0};
}

static void
mutex_acquire(struct mutex *m, bool nested)
{
	KASSERT(m->head.name != NULL);
	check_may_sleep(&m->head);
	check_rank(&m->head, nested);
	host_point();
	while (m->owner != 0)
		host_block(m, m->head.name);
	m->owner = (uintptr_t)curthread();
	held_add(&m->head);
}

void
mutex_lock(struct mutex *m) NO_LOCK_ANALYSIS
{
	mutex_acquire(m, false);
}

void
mutex_lock_nested(struct mutex *m) NO_LOCK_ANALYSIS
{
	mutex_acquire(m, true);
}

bool
mutex_trylock(struct mutex *m) NO_LOCK_ANALYSIS
{
	check_may_sleep(&m->head);
	host_point();
	if (try_fails(m->owner != 0))
		return false;
	m->owner = (uintptr_t)curthread();
	held_add(&m->head);
	return true;
}

void
mutex_unlock(struct mutex *m) NO_LOCK_ANALYSIS
{
	if (!mutex_owned(m))
		panic("mutex %s released by another thread", m->head.name);
	held_drop(&m->head);
	m->owner = 0;
	host_unblock(m);
	host_point();
}

bool
mutex_owned(const struct mutex *m)
{
	return m->owner == (uintptr_t)curthread();
}

/*
 * Shared/exclusive locks.
 */
void
sx_init(struct sx *sx, const char *name, enum lock_rank rank)
{
	memset(sx, 0, sizeof(*sx));
	sx->head = (struct lock_head){name, (uint16_t)rank};
}

static void
sx_acquire_exclusive(struct sx *sx, bool nested)
{
	KASSERT(sx->head.name != NULL);
	check_may_sleep(&sx->head);
	check_rank(&sx->head, nested);
	host_point();
	while (sx->state != 0)
		host_block(sx, sx->head.name);
	sx->state = SX_WRITER;
	sx->owner = curthread();
	held_add(&sx->head);
}

void
sx_xlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	sx_acquire_exclusive(sx, false);
}

void
sx_xlock_nested(struct sx *sx) NO_LOCK_ANALYSIS
{
	sx_acquire_exclusive(sx, true);
}

void
sx_slock(struct sx *sx) NO_LOCK_ANALYSIS
{
	check_may_sleep(&sx->head);
	check_rank(&sx->head, false);
	host_point();
	while (sx->state & SX_WRITER)
		host_block(sx, sx->head.name);
	sx->state += SX_READER;
	held_add(&sx->head);
}

bool
sx_try_slock(struct sx *sx) NO_LOCK_ANALYSIS
{
	host_point();
	if (try_fails((sx->state & SX_WRITER) != 0))
		return false;
	sx->state += SX_READER;
	held_add(&sx->head);
	return true;
}

bool
sx_try_xlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	host_point();
	if (try_fails(sx->state != 0))
		return false;
	sx->state = SX_WRITER;
	sx->owner = curthread();
	held_add(&sx->head);
	return true;
}

void
sx_sunlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	KASSERT(sx->state >= SX_READER && !(sx->state & SX_WRITER));
	held_drop(&sx->head);
	sx->state -= SX_READER;
	host_unblock(sx);
	host_point();
}

void
sx_xunlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	if (!sx_xowned(sx))
		panic("sx %s released by another thread", sx->head.name);
	held_drop(&sx->head);
	sx->state = 0;
	sx->owner = NULL;
	host_unblock(sx);
	host_point();
}

bool
sx_try_upgrade(struct sx *sx)
{
	KASSERT(sx->state >= SX_READER && !(sx->state & SX_WRITER));
	host_point();
	if (try_fails(host_knobs.upgrade_fails || sx->state != SX_READER))
		return false;
	sx->state = SX_WRITER;
	sx->owner = curthread();
	return true;
}

void
sx_downgrade(struct sx *sx)
{
	KASSERT(sx_xowned(sx));
	sx->state = SX_READER;
	sx->owner = NULL;
	host_unblock(sx);
	host_point();
}

bool
sx_xowned(const struct sx *sx)
{
	return (sx->state & SX_WRITER) && sx->owner == curthread();
}

bool
sx_locked(const struct sx *sx)
{
	return sx->state != 0;
}
