/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping and waking (kern/base/sleep.c) and locks (kern/base/lock.c), between real harts.
 */
#include <errno.h>

#include "kern/base/lock.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "kern/base/timeout.h"
#include "kern/ktest.h"

#define MS     1000000ul
#define ROUNDS 300u

static struct mutex guard = MUTEX_INIT("ktest", RANK_LEAF_SLEEP);
static struct sx shared;
static struct spinlock spin = SPINLOCK_INIT("ktest", RANK_FREELIST);
static unsigned turn, counter; /* guard, shared or spin */
static unsigned inside;        /* a */
static const void *const nobody = &nobody;

/*
 * Two threads hand a turn back and forth: a wakeup that is lost is a test without end.
 */
static void
take_turns(void *arg)
{
	unsigned mine = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		mutex_lock(&guard);
		while (turn != mine)
			(void)sleep_mutex(&turn, &guard, "ktest", 0, NO_DEADLINE);
		turn = !mine;
		counter++;
		wakeup(&turn);
		mutex_unlock(&guard);
	}
}

KTEST(sleep_wakeups_are_not_lost)
{
	turn = counter = 0;
	ktest_spawn(take_turns, (void *)0);
	ktest_spawn(take_turns, (void *)1);
	ktest_join();
	KT_EXPECT(counter == 2 * ROUNDS);
}

/* The wakeup comes between prepare and wait: the wait returns at once. */
KTEST(sleep_prepared_is_asleep)
{
	sleep_prepare(&turn, "ktest");
	wakeup(&turn);
	KT_EXPECT(sleep_wait(0, clock_mono_ns() + 1000 * MS) == 0);
	sleep_prepare(&turn, "ktest");
	sleep_cancel();
}

KTEST(sleep_ends_at_its_deadline)
{
	uint64_t start = clock_mono_ns(), end;

	sleep_prepare(nobody, "ktest");
	KT_EXPECT(sleep_wait(0, start + 20 * MS) == ETIMEDOUT);
	end = clock_mono_ns();
	KT_EXPECT(end >= start + 20 * MS);
	sleep_prepare(nobody, "ktest");
	KT_EXPECT(sleep_wait(0, start) == ETIMEDOUT); /* in the past */
}

/*
 * A timeout that sets itself again, as an interval timer does, and then has more to do.
 */
struct again {
	struct timeout timeout;
	bool set, done; /* a */
};

static void
set_again(void *arg)
{
	struct again *a = arg;
	uint64_t now = clock_mono_ns();

	timeout_set(&a->timeout, now + 10000 * MS);
	__atomic_store_n(&a->set, true, __ATOMIC_RELEASE);
	while (clock_mono_ns() < now + MS)
		cpu_relax();
	__atomic_store_n(&a->done, true, __ATOMIC_RELEASE);
}

/* It runs on the hart that sets it: stay there. */
static void
set_and_wait(void *arg)
{
	struct again *a = arg;

	timeout_set(&a->timeout, clock_mono_ns() + MS);
	while (!__atomic_load_n(&a->done, __ATOMIC_ACQUIRE))
		cpu_relax();
}

KTEST(sleep_timeout_cancelled_is_over)
{
	for (unsigned i = 0; i < 20; i++) {
		struct again a = {.set = false};

		timeout_init(&a.timeout, set_again, &a);
		ktest_spawn(set_and_wait, &a);
		while (!__atomic_load_n(&a.set, __ATOMIC_ACQUIRE))
			cpu_relax();
		KT_EXPECT(timeout_cancel(&a.timeout));
		KT_EXPECT(__atomic_load_n(&a.done, __ATOMIC_ACQUIRE));
		ktest_join();
	}
}

static void
sleep_for_one(void *arg)
{
	(void)arg;
	mutex_lock(&guard);
	counter++;
	(void)sleep_mutex(&counter, &guard, "ktest", 0, NO_DEADLINE);
	turn++;
	mutex_unlock(&guard);
}

KTEST(sleep_wakeup_one_wakes_one)
{
	turn = counter = 0;
	for (unsigned i = 0; i < 4; i++)
		ktest_spawn(sleep_for_one, NULL);
	while (__atomic_load_n(&counter, __ATOMIC_ACQUIRE) < 4)
		(void)sleep_ns(MS, "ktest", 0);
	for (unsigned i = 1; i <= 4; i++) {
		mutex_lock(&guard); /* so that all of them are asleep */
		mutex_unlock(&guard);
		wakeup_one(&counter);
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) < i)
			(void)sleep_ns(MS, "ktest", 0);
		(void)sleep_ns(5 * MS, "ktest", 0);
		KT_EXPECT(__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == i);
	}
	ktest_join();
}

/*
 * Mutual exclusion: the increments are not atomic.
 */
static void
count_up(unsigned *n)
{
	unsigned seen = __atomic_load_n(n, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < 20; i++)
		cpu_relax();
	__atomic_store_n(n, seen + 1, __ATOMIC_RELAXED);
}

static void
count_with_mutex(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		mutex_lock(&guard);
		count_up(&counter);
		if (i % 32 == 0)
			yield();
		mutex_unlock(&guard);
	}
}

static void
count_with_spinlock(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		spin_lock(&spin);
		count_up(&counter);
		spin_unlock(&spin);
		if (i % 32 == 0)
			yield();
	}
}

/* A third of the threads write, the others look: nobody looks while somebody writes. */
static void
count_with_sx(void *arg)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		if ((uintptr_t)arg % 3 == 0) {
			sx_xlock(&shared);
			KT_EXPECT(__atomic_load_n(&inside, __ATOMIC_RELAXED) == 0);
			count_up(&counter);
			sx_xunlock(&shared);
		} else {
			unsigned seen;

			sx_slock(&shared);
			__atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED);
			seen = __atomic_load_n(&counter, __ATOMIC_RELAXED);
			if (i % 16 == 0)
				yield();
			KT_EXPECT(__atomic_load_n(&counter, __ATOMIC_RELAXED) == seen);
			__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
			sx_sunlock(&shared);
		}
	}
}

static unsigned
count_in_threads(void (*fn)(void *arg))
{
	unsigned n = 2 * sched_online_count() + 1;

	counter = 0;
	for (unsigned i = 0; i < n; i++)
		ktest_spawn(fn, (void *)(uintptr_t)i);
	ktest_join();
	return n;
}

KTEST(lock_mutex_excludes)
{
	KT_EXPECT(count_in_threads(count_with_mutex) * ROUNDS == counter);
}

KTEST(lock_spinlock_excludes)
{
	KT_EXPECT(count_in_threads(count_with_spinlock) * ROUNDS == counter);
}

KTEST(lock_sx_excludes)
{
	unsigned n;

	sx_init(&shared, "ktest", RANK_LEAF_SLEEP);
	inside = 0;
	n = count_in_threads(count_with_sx);
	KT_EXPECT(counter == (n + 2) / 3 * ROUNDS);
}

/* A reader that stays until it is told to go. */
struct stay {
	bool here, go; /* a */
};

static void
stay_inside(void *arg)
{
	struct stay *s = arg;

	sx_slock(&shared);
	__atomic_store_n(&s->here, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&s->go, __ATOMIC_ACQUIRE))
		(void)sleep_ns(MS, "ktest", 0);
	sx_sunlock(&shared);
}

/* Readers share; only the last one may become a writer, and nobody waits for it. */
KTEST(lock_sx_shares_and_upgrades)
{
	struct stay other = {false, false};

	sx_init(&shared, "ktest", RANK_LEAF_SLEEP);
	ktest_spawn(stay_inside, &other);
	while (!__atomic_load_n(&other.here, __ATOMIC_ACQUIRE))
		(void)sleep_ns(MS, "ktest", 0);
	sx_slock(&shared);
	KT_EXPECT(!sx_try_upgrade(&shared));
	KT_EXPECT(!sx_xowned(&shared));
	sx_sunlock(&shared);
	KT_EXPECT(!sx_try_xlock(&shared));
	__atomic_store_n(&other.go, true, __ATOMIC_RELEASE);
	ktest_join();
	sx_slock(&shared);
	KT_EXPECT(sx_try_upgrade(&shared));
	KT_EXPECT(sx_xowned(&shared));
	sx_downgrade(&shared);
	sx_sunlock(&shared);
}
