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
 * mutex: one word, the owner; bit 0 says that somebody sleeps for it.  Whoever was on the sleep
 * queue, be it for a moment, takes it with the bit set: it may have got the wakeup that another
 * sleeper needed, and cannot know whether it was the last one.  The price is at most one wakeup for
 * nobody.
 *
 * sx: one word too (SX_READER counts, SX_WRITER, SX_WAITERS), so that uncontended use never touches
 * the interlock.  While SX_WAITERS is set the fast paths are closed.  A waiting writer stops new
 * readers; a writer that leaves lets in (`grants`) as many readers as waited at that moment.  So
 * each side waits for one turn of the other, and nobody starves.
 *
 * Sleepers wait on a word inside the lock, never on the lock's address, which may also be that of
 * the object it is the first field of.
 *
 * What is rare is in functions of its own (NOINLINE): the rest then needs no stack frame.
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

#define LIKELY(x)     __builtin_expect(!!(x), 1)

/*
 * The record of held locks.
 */

static void
held_print(const struct held_locks *h)
{
	for (size_t i = 0; i < h->n; i++)
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
static void
held_check(const struct held_locks *h, const struct lock_head *lock, bool nested)
{
	if (CHECK && h->n != 0 && h->lock[h->n - 1]->rank + !nested > lock->rank)
		held_bad_rank(h, lock);
}

/* The usual case of held_check, with room for one more. */
static inline bool
held_in_order(const struct held_locks *h, const struct lock_head *lock)
{
	size_t n = h->n;

	return !CHECK || n == 0 || (n < THREAD_LOCKS && h->lock[n - 1]->rank < lock->rank);
}

/* => held_in_order said so. */
static inline void
held_push(struct held_locks *h, const struct lock_head *lock)
{
	if (CHECK)
		h->lock[h->n++] = lock;
}

/* Put a lock in its place: only a trylock can be out of order. */
static void
held_insert(struct held_locks *h, const struct lock_head *lock)
{
	size_t i;

	if (!CHECK)
		return;
	if (h->n == THREAD_LOCKS)
		panic("%s: too many locks held", lock->name);
	for (i = h->n++; i > 0 && h->lock[i - 1]->rank > lock->rank; i--)
		h->lock[i] = h->lock[i - 1];
	h->lock[i] = lock;
}

/* Take the lock off the record if it is the last one, as it nearly always is. */
static inline bool
held_pop(struct held_locks *h, const struct lock_head *lock)
{
	if (!CHECK)
		return true;
	if (h->n == 0 || h->lock[h->n - 1] != lock)
		return false;
	h->n--;
	return true;
}

/* The same for any lock of the record. */
static NOINLINE void
held_remove(struct held_locks *h, const struct lock_head *lock)
{
	size_t i = h->n;

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

static void
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
		panic("%s: %lu locks still held", curthread()->name, h->n);
	}
}

void
lock_assert_below(enum lock_rank rank)
{
	const struct held_locks *h = &curthread()->held;

	for (size_t i = 0; CHECK && i < h->n; i++) {
		if (h->lock[i]->rank < rank)
			continue;
		held_print(h);
		panic("%s: waits while %s is held", curthread()->name, h->lock[i]->name);
	}
}

/*
 * Interrupts.
 */

static inline void
push_off(struct thread *td)
{
	bool were_on = intr_off_save();

	if (td->intr_off_depth++ == 0)
		td->intr_was_on = were_on;
}

static inline void
pop_off(struct thread *td)
{
	if (--td->intr_off_depth == 0 && td->intr_was_on)
		intr_on();
}

void
intr_push_off(void)
{
	push_off(curthread());
}

void
intr_pop_off(void)
{
	KASSERT(curthread()->intr_off_depth > 0);
	pop_off(curthread());
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
	return __atomic_load_n(&lk->hart, __ATOMIC_RELAXED) == (int32_t)curthread()->hart;
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
spin_set_owner(struct spinlock *lk, const struct thread *td)
{
	__atomic_store_n(&lk->hart, (int32_t)td->hart, __ATOMIC_RELAXED);
}

/* => interrupts pushed off. */
static NOINLINE void
spin_lock_slow(struct spinlock *lk, bool nested)
{
	struct thread *td = curthread();

	held_check(&td->spins, &lk->head, nested);
	if (!spin_try(lk))
		spin_wait(lk);
	spin_set_owner(lk, td);
	held_insert(&td->spins, &lk->head);
}

void
spin_lock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	struct thread *td = curthread();

	push_off(td);
	if (LIKELY(held_in_order(&td->spins, &lk->head) && spin_try(lk))) {
		spin_set_owner(lk, td);
		held_push(&td->spins, &lk->head);
		return;
	}
	spin_lock_slow(lk, false);
}

void
spin_lock_nested(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	push_off(curthread());
	spin_lock_slow(lk, true);
}

bool
spin_trylock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	struct thread *td = curthread();

	push_off(td);
	if (!spin_try(lk)) {
		pop_off(td);
		return false;
	}
	spin_set_owner(lk, td);
	held_insert(&td->spins, &lk->head);
	return true;
}

static inline void
spin_release(struct spinlock *lk, struct thread *td)
{
	__atomic_store_n(&lk->hart, -1, __ATOMIC_RELAXED);
	__atomic_store_n(&lk->locked, 0, __ATOMIC_RELEASE);
	pop_off(td);
}

static NOINLINE void
spin_unlock_slow(struct spinlock *lk)
{
	KASSERT(spin_owned(lk));
	held_remove(&curthread()->spins, &lk->head);
	spin_release(lk, curthread());
}

void
spin_unlock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	struct thread *td = curthread();

	/* A lock of the record is one that this hart holds. */
	if (LIKELY(held_pop(&td->spins, &lk->head)))
		spin_release(lk, td);
	else
		spin_unlock_slow(lk);
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
		/* From here on the wakeup for somebody who sleeps already may be spent on us. */
		bits = MUTEX_WAITERS;
		word = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);
		if (word == 0 ||
		    !__atomic_compare_exchange_n(&m->owner, &word, word | MUTEX_WAITERS, false,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			sleep_cancel();
			continue;
		}
		(void)sleep_wait(0, NO_DEADLINE);
	}
}

static NOINLINE void
mutex_lock_slow(struct mutex *m, bool nested)
{
	struct held_locks *h = &curthread()->held;

	check_may_sleep(&m->head);
	held_check(h, &m->head, nested);
	if (!mutex_try(m, 0))
		mutex_wait(m);
	held_insert(h, &m->head);
}

/* Nothing forbids sleeping for the lock, and recording it is easy. */
static inline bool
may_take(const struct thread *td, const struct lock_head *lock)
{
	return (!CHECK || td->spins.n == 0) && held_in_order(&td->held, lock);
}

void
mutex_lock(struct mutex *m) NO_LOCK_ANALYSIS
{
	struct thread *td = curthread();

	if (LIKELY(may_take(td, &m->head) && mutex_try(m, 0)))
		held_push(&td->held, &m->head);
	else
		mutex_lock_slow(m, false);
}

void
mutex_lock_nested(struct mutex *m) NO_LOCK_ANALYSIS
{
	mutex_lock_slow(m, true);
}

bool
mutex_trylock(struct mutex *m) NO_LOCK_ANALYSIS
{
	if (!mutex_try(m, 0))
		return false;
	held_insert(&curthread()->held, &m->head);
	return true;
}

static NOINLINE void
mutex_unlock_slow(struct mutex *m)
{
	KASSERT(mutex_owned(m));
	held_remove(&curthread()->held, &m->head);
	if ((__atomic_exchange_n(&m->owner, 0, __ATOMIC_RELEASE) & MUTEX_WAITERS) != 0)
		wakeup_one(&m->owner);
}

void
mutex_unlock(struct mutex *m) NO_LOCK_ANALYSIS
{
	struct thread *td = curthread();

	if (!LIKELY(held_pop(&td->held, &m->head)))
		mutex_unlock_slow(m);
	else if (!LIKELY(__atomic_exchange_n(&m->owner, 0, __ATOMIC_RELEASE) == (uintptr_t)td))
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
static NOINLINE void
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

static NOINLINE void
sx_slock_slow(struct sx *sx)
{
	check_may_sleep(&sx->head);
	held_check(&curthread()->held, &sx->head, false);
	if (!sx_try_shared(sx))
		sx_wait_shared(sx);
	held_insert(&curthread()->held, &sx->head);
}

void
sx_slock(struct sx *sx) NO_LOCK_ANALYSIS
{
	struct thread *td = curthread();

	if (LIKELY(may_take(td, &sx->head) && sx_try_shared(sx)))
		held_push(&td->held, &sx->head);
	else
		sx_slock_slow(sx);
}

static inline void
sx_set_owner(struct sx *sx, struct thread *td)
{
	__atomic_store_n(&sx->owner, td, __ATOMIC_RELAXED);
}

static NOINLINE void
sx_xlock_slow(struct sx *sx, bool nested)
{
	check_may_sleep(&sx->head);
	held_check(&curthread()->held, &sx->head, nested);
	if (!sx_try_exclusive(sx))
		sx_wait_exclusive(sx);
	sx_set_owner(sx, curthread());
	held_insert(&curthread()->held, &sx->head);
}

void
sx_xlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	struct thread *td = curthread();

	if (LIKELY(may_take(td, &sx->head) && sx_try_exclusive(sx))) {
		sx_set_owner(sx, td);
		held_push(&td->held, &sx->head);
		return;
	}
	sx_xlock_slow(sx, false);
}

void
sx_xlock_nested(struct sx *sx) NO_LOCK_ANALYSIS
{
	sx_xlock_slow(sx, true);
}

bool
sx_try_slock(struct sx *sx) NO_LOCK_ANALYSIS
{
	if (!sx_try_shared(sx))
		return false;
	held_insert(&curthread()->held, &sx->head);
	return true;
}

bool
sx_try_xlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	if (!sx_try_exclusive(sx))
		return false;
	sx_set_owner(sx, curthread());
	held_insert(&curthread()->held, &sx->head);
	return true;
}

void
sx_sunlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	uint32_t old;

	if (!LIKELY(held_pop(&curthread()->held, &sx->head)))
		held_remove(&curthread()->held, &sx->head);
	old = __atomic_fetch_sub(&sx->state, SX_READER, __ATOMIC_RELEASE);
	if ((old & SX_WAITERS) != 0 && (old & ~SX_WAITERS) == SX_READER)
		sx_wake(sx, false);
}

void
sx_xunlock(struct sx *sx) NO_LOCK_ANALYSIS
{
	KASSERT(sx_xowned(sx));
	if (!LIKELY(held_pop(&curthread()->held, &sx->head)))
		held_remove(&curthread()->held, &sx->head);
	sx_set_owner(sx, NULL);
	if ((__atomic_fetch_and(&sx->state, ~SX_WRITER, __ATOMIC_RELEASE) & SX_WAITERS) != 0)
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
