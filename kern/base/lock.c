/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spinlocks, mutexes and shared/exclusive locks, and the checks on all three.
 *
 *      acquire = check rank -> get it -> record in curthread()->held or spins
 *                              '-- fast: one atomic operation; slow: spin or sleep
 *
 * The record is sorted by rank, so the check is one comparison with its last entry, and a release
 * usually pops it.  Sleeping locks and spinlocks have a record each: an interrupt handler, which
 * takes spinlocks on top of whatever the thread was doing, never touches the first, and the second
 * only changes with interrupts off.
 *
 * mutex: one word, the owner; bit 0 says that somebody sleeps for it.  Whoever slept takes it with
 * the bit set, because it cannot know whether it was the last sleeper; the price is at most one
 * wakeup for nobody.
 *
 * sx: one word too (SX_READER counts, SX_WRITER, SX_WAITERS), so that uncontended use never touches
 * the interlock.  While SX_WAITERS is set the fast paths are closed.  A waiting writer stops new
 * readers; a writer that leaves lets in (`grants`) as many readers as waited at that moment.  So
 * each side waits for one turn of the other, and nobody starves.
 *
 * Sleepers wait on a word inside the lock, never on the lock's address, which may also be that of
 * the object it is the first field of.
 *
 * Rejected: handing the lock over to the first waiter (direct hand-off).  It is fair, but a lock
 * that is always owned by a thread still on its way to a hart makes everybody run at the speed of
 * the scheduler.
 */
#include "kern/base/lock.h"

#include "arch/riscv/cpu.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"

#define MUTEX_WAITERS ((uintptr_t)1)
#define MUTEX_SPINS   2000 /* looks at a running owner before sleeping */

/*
 * The record of held locks.
 */

static void
held_print(const struct held_locks *h)
{
	for (unsigned i = 0; i < h->n; i++)
		kprintf("  holds %s (rank %u)\n", h->lock[i]->name, h->lock[i]->rank);
}

static void
held_bad_rank(const struct held_locks *h, const struct lock_head *lock)
{
	if (panicking())
		return;
	held_print(h);
	panic("lock order: %s (rank %u) wanted while %s (rank %u) is held", lock->name, lock->rank,
	    h->lock[h->n - 1]->name, h->lock[h->n - 1]->rank);
}

/* May `lock` be waited for, with these held?  nested: an equal rank is fine. */
static inline void
held_check(const struct held_locks *h, const struct lock_head *lock, bool nested)
{
	if (CHECK && h->n != 0 && h->lock[h->n - 1]->rank + !nested > lock->rank)
		held_bad_rank(h, lock);
}

/* Put a lock that is out of order, as only a trylock can be, in its place. */
static void
held_insert(struct held_locks *h, const struct lock_head *lock)
{
	unsigned i;

	for (i = h->n; i > 0 && h->lock[i - 1]->rank > lock->rank; i--)
		h->lock[i] = h->lock[i - 1];
	h->lock[i] = lock;
}

static inline void
held_push(struct held_locks *h, const struct lock_head *lock)
{
	unsigned n = h->n;

	if (!CHECK)
		return;
	if (n == THREAD_LOCKS)
		panic("%s: too many locks held", lock->name);
	if (n == 0 || h->lock[n - 1]->rank <= lock->rank)
		h->lock[n] = lock;
	else
		held_insert(h, lock);
	h->n = n + 1;
}

static void
held_remove(struct held_locks *h, const struct lock_head *lock)
{
	unsigned i = h->n;

	while (i > 0 && h->lock[i - 1] != lock)
		i--;
	if (i == 0) {
		if (panicking())
			return;
		panic("%s: released, but not held", lock->name);
	}
	for (; i < h->n; i++)
		h->lock[i - 1] = h->lock[i];
	h->n--;
}

static inline void
held_pop(struct held_locks *h, const struct lock_head *lock)
{
	if (!CHECK)
		return;
	if (h->n > 0 && h->lock[h->n - 1] == lock)
		h->n--;
	else
		held_remove(h, lock);
}

static inline void
check_may_sleep(const struct lock_head *lock)
{
	const struct held_locks *h = &curthread()->spins;

	if (CHECK && h->n != 0 && !panicking())
		panic("%s: might sleep while spinlock %s is held", lock->name,
		    h->lock[h->n - 1]->name);
}

void
lock_assert_none(void)
{
	const struct held_locks *h = &curthread()->held;

	if (CHECK && h->n != 0) {
		held_print(h);
		panic("%s: %u locks still held", curthread()->name, h->n);
	}
}

void
lock_assert_below(enum lock_rank rank)
{
	const struct held_locks *h = &curthread()->held;

	for (unsigned i = 0; CHECK && i < h->n; i++) {
		if (h->lock[i]->rank < rank)
			continue;
		held_print(h);
		panic("%s: waits while %s is held", curthread()->name, h->lock[i]->name);
	}
}

/*
 * Interrupts.
 */

void
intr_push_off(void)
{
	bool were_on = intr_off_save();
	struct thread *td = curthread();

	if (td->intr_off_depth++ == 0)
		td->intr_was_on = were_on;
}

void
intr_pop_off(void)
{
	struct thread *td = curthread();

	KASSERT(td->intr_off_depth > 0);
	if (--td->intr_off_depth == 0 && td->intr_was_on)
		intr_on();
}

/*
 * Spinlocks.
 */

void
spin_init(struct spinlock *lk, const char *name, enum lock_rank rank)
{
	*lk = (struct spinlock)SPINLOCK_INIT(name, rank);
}

bool
spin_owned(const struct spinlock *lk)
{
	return __atomic_load_n(&lk->locked, __ATOMIC_RELAXED) != 0 &&
	    __atomic_load_n(&lk->hart, __ATOMIC_RELAXED) == (int32_t)cpu_id();
}

static inline bool
spin_try(struct spinlock *lk)
{
	return __atomic_exchange_n(&lk->locked, 1, __ATOMIC_ACQUIRE) == 0;
}

static void
spin_wait(struct spinlock *lk)
{
	if (CHECK && spin_owned(lk))
		panic("%s: spinlock taken twice", lk->head.name);
	do {
		while (__atomic_load_n(&lk->locked, __ATOMIC_RELAXED) != 0)
			cpu_relax();
	} while (!spin_try(lk));
}

static inline void
spin_acquired(struct spinlock *lk)
{
	__atomic_store_n(&lk->hart, (int32_t)cpu_id(), __ATOMIC_RELAXED);
	held_push(&curthread()->spins, &lk->head);
}

void
spin_lock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	intr_push_off();
	held_check(&curthread()->spins, &lk->head, false);
	if (!spin_try(lk))
		spin_wait(lk);
	spin_acquired(lk);
}

void
spin_lock_nested(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	intr_push_off();
	held_check(&curthread()->spins, &lk->head, true);
	if (!spin_try(lk))
		spin_wait(lk);
	spin_acquired(lk);
}

bool
spin_trylock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	intr_push_off();
	if (!spin_try(lk)) {
		intr_pop_off();
		return false;
	}
	spin_acquired(lk);
	return true;
}

void
spin_unlock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	KASSERT(spin_owned(lk));
	held_pop(&curthread()->spins, &lk->head);
	__atomic_store_n(&lk->hart, -1, __ATOMIC_RELAXED);
	__atomic_store_n(&lk->locked, 0, __ATOMIC_RELEASE);
	intr_pop_off();
}

/*
 * Mutexes.
 */

void
mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	*m = (struct mutex)MUTEX_INIT(name, rank);
}

static inline struct thread *
mutex_owner(uintptr_t word)
{
	return (struct thread *)(word & ~MUTEX_WAITERS);
}

bool
mutex_owned(const struct mutex *m)
{
	return mutex_owner(__atomic_load_n(&m->owner, __ATOMIC_RELAXED)) == curthread();
}

static inline bool
mutex_try(struct mutex *m, uintptr_t bits)
{
	uintptr_t none = 0;

	return __atomic_compare_exchange_n(&m->owner, &none, (uintptr_t)curthread() | bits, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Wait while the owner runs on another hart: it will soon be done.  => true: the mutex was free a
 * moment ago. The owner may exit under our eyes; its memory stays readable, and a wrong answer
 * costs a loop. */
static bool
mutex_spin(struct mutex *m)
{
	for (unsigned i = 0; i < MUTEX_SPINS; i++) {
		uintptr_t word = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);

		if (word == 0)
			return true;
		if (!thread_is_running(mutex_owner(word)))
			return false;
		cpu_relax();
	}
	return false;
}

static void
mutex_wait(struct mutex *m)
{
	uintptr_t bits = 0, word;

	if (CHECK && mutex_owned(m))
		panic("%s: mutex taken twice", m->head.name);
	while (!mutex_try(m, bits)) {
		if (mutex_spin(m))
			continue;
		sleep_prepare(&m->owner, m->head.name);
		word = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);
		if (word == 0 ||
		    !__atomic_compare_exchange_n(&m->owner, &word, word | MUTEX_WAITERS, false,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			sleep_cancel();
			continue;
		}
		(void)sleep_wait(0, NO_DEADLINE);
		bits = MUTEX_WAITERS;
	}
}

void
mutex_lock(struct mutex *m) NO_LOCK_ANALYSIS
{
	check_may_sleep(&m->head);
	held_check(&curthread()->held, &m->head, false);
	if (!mutex_try(m, 0))
		mutex_wait(m);
	held_push(&curthread()->held, &m->head);
}

void
mutex_lock_nested(struct mutex *m) NO_LOCK_ANALYSIS
{
	check_may_sleep(&m->head);
	held_check(&curthread()->held, &m->head, true);
	if (!mutex_try(m, 0))
		mutex_wait(m);
	held_push(&curthread()->held, &m->head);
}

bool
mutex_trylock(struct mutex *m) NO_LOCK_ANALYSIS
{
	if (!mutex_try(m, 0))
		return false;
	held_push(&curthread()->held, &m->head);
	return true;
}

void
mutex_unlock(struct mutex *m) NO_LOCK_ANALYSIS
{
	KASSERT(mutex_owned(m));
	held_pop(&curthread()->held, &m->head);
	if (__atomic_exchange_n(&m->owner, 0, __ATOMIC_RELEASE) & MUTEX_WAITERS)
		wakeup_one(&m->owner);
}

/*
 * Shared/exclusive locks.
 */

void
sx_init(struct sx *sx, const char *name, enum lock_rank rank)
{
	*sx = (struct sx){.head = {name, rank}};
	spin_init(&sx->interlock, name, RANK_INTERLOCK);
}

bool
sx_xowned(const struct sx *sx)
{
	return __atomic_load_n(&sx->owner, __ATOMIC_RELAXED) == curthread();
}

bool
sx_locked(const struct sx *sx)
{
	return (__atomic_load_n(&sx->state, __ATOMIC_RELAXED) & ~SX_WAITERS) != 0;
}

/* The fast paths.  => false: held by others, or somebody waits. */
static inline bool
sx_try_shared(struct sx *sx)
{
	uint32_t v = __atomic_load_n(&sx->state, __ATOMIC_RELAXED);

	while (!(v & (SX_WRITER | SX_WAITERS)))
		if (__atomic_compare_exchange_n(
			&sx->state, &v, v + SX_READER, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static inline bool
sx_try_exclusive(struct sx *sx)
{
	uint32_t none = 0;

	return __atomic_compare_exchange_n(
	    &sx->state, &none, SX_WRITER, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* => interlock held; the caller has just stopped waiting. */
static void
sx_stop_waiting(struct sx *sx)
{
	if (sx->waiting_readers == 0 && sx->waiting_writers == 0)
		__atomic_fetch_and(&sx->state, ~SX_WAITERS, __ATOMIC_RELAXED);
}

static void
sx_wait_shared(struct sx *sx)
{
	if (CHECK && sx_xowned(sx))
		panic("%s: taken twice", sx->head.name);
	spin_lock(&sx->interlock);
	sx->waiting_readers++;
	__atomic_fetch_or(&sx->state, SX_WAITERS, __ATOMIC_RELAXED);
	while ((__atomic_load_n(&sx->state, __ATOMIC_RELAXED) & SX_WRITER) ||
	    (sx->waiting_writers > 0 && sx->grants == 0))
		(void)sleep_spin(
		    &sx->waiting_readers, &sx->interlock, sx->head.name, 0, NO_DEADLINE);
	if (sx->grants > 0)
		sx->grants--;
	__atomic_fetch_add(&sx->state, SX_READER, __ATOMIC_ACQUIRE);
	sx->waiting_readers--;
	sx_stop_waiting(sx);
	spin_unlock(&sx->interlock);
}

static void
sx_wait_exclusive(struct sx *sx)
{
	if (CHECK && sx_xowned(sx))
		panic("%s: taken twice", sx->head.name);
	spin_lock(&sx->interlock);
	sx->waiting_writers++;
	__atomic_fetch_or(&sx->state, SX_WAITERS, __ATOMIC_RELAXED);
	while (sx_locked(sx) || sx->grants > 0)
		(void)sleep_spin(
		    &sx->waiting_writers, &sx->interlock, sx->head.name, 0, NO_DEADLINE);
	__atomic_fetch_or(&sx->state, SX_WRITER, __ATOMIC_ACQUIRE);
	sx->waiting_writers--;
	sx_stop_waiting(sx);
	spin_unlock(&sx->interlock);
}

/* The lock became free, or free for readers: choose who is next. */
static void
sx_wake(struct sx *sx, bool readers_first)
{
	spin_lock(&sx->interlock);
	if (sx->waiting_readers > 0 && (readers_first || sx->waiting_writers == 0)) {
		sx->grants = sx->waiting_readers;
		wakeup(&sx->waiting_readers);
	} else if (sx->waiting_writers > 0 && sx->grants == 0) {
		wakeup_one(&sx->waiting_writers);
	}
	spin_unlock(&sx->interlock);
}

void
sx_slock(struct sx *sx) NO_LOCK_ANALYSIS
{
	check_may_sleep(&sx->head);
	held_check(&curthread()->held, &sx->head, false);
	if (!sx_try_shared(sx))
		sx_wait_shared(sx);
	held_push(&curthread()->held, &sx->head);
}

static inline void
sx_xacquire(struct sx *sx)
{
	if (!sx_try_exclusive(sx))
		sx_wait_exclusive(sx);
	__atomic_store_n(&sx->owner, curthread(), __ATOMIC_RELAXED);
	held_push(&curthread()->held, &sx->head);
}

void
sx_xlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	check_may_sleep(&sx->head);
	held_check(&curthread()->held, &sx->head, false);
	sx_xacquire(sx);
}

void
sx_xlock_nested(struct sx *sx) NO_LOCK_ANALYSIS
{
	check_may_sleep(&sx->head);
	held_check(&curthread()->held, &sx->head, true);
	sx_xacquire(sx);
}

bool
sx_try_slock(struct sx *sx) NO_LOCK_ANALYSIS
{
	if (!sx_try_shared(sx))
		return false;
	held_push(&curthread()->held, &sx->head);
	return true;
}

bool
sx_try_xlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	if (!sx_try_exclusive(sx))
		return false;
	__atomic_store_n(&sx->owner, curthread(), __ATOMIC_RELAXED);
	held_push(&curthread()->held, &sx->head);
	return true;
}

void
sx_sunlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	uint32_t old;

	held_pop(&curthread()->held, &sx->head);
	old = __atomic_fetch_sub(&sx->state, SX_READER, __ATOMIC_RELEASE);
	KASSERT(old >= SX_READER);
	if ((old & SX_WAITERS) && (old & ~SX_WAITERS) == SX_READER)
		sx_wake(sx, false);
}

void
sx_xunlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	KASSERT(sx_xowned(sx));
	held_pop(&curthread()->held, &sx->head);
	__atomic_store_n(&sx->owner, NULL, __ATOMIC_RELAXED);
	if (__atomic_fetch_and(&sx->state, ~SX_WRITER, __ATOMIC_RELEASE) & SX_WAITERS)
		sx_wake(sx, true);
}

bool
sx_try_upgrade(struct sx *sx)
{
	uint32_t v = __atomic_load_n(&sx->state, __ATOMIC_RELAXED);

	while ((v & ~SX_WAITERS) == SX_READER)
		if (__atomic_compare_exchange_n(&sx->state, &v, (v & SX_WAITERS) | SX_WRITER, false,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			__atomic_store_n(&sx->owner, curthread(), __ATOMIC_RELAXED);
			return true;
		}
	return false;
}

void
sx_downgrade(struct sx *sx)
{
	KASSERT(sx_xowned(sx));
	__atomic_store_n(&sx->owner, NULL, __ATOMIC_RELAXED);
	/* One addition turns SX_WRITER into one SX_READER. */
	if (__atomic_fetch_add(&sx->state, SX_READER - SX_WRITER, __ATOMIC_RELEASE) & SX_WAITERS)
		sx_wake(sx, true);
}
