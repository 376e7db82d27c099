/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping and waking: a hash table of queues, by channel.
 *
 *      bucket[hash(chan)]:  lock, list of threads that wait for any channel of this hash,
 *                           longest first
 *
 * sleep_prepare() puts the thread on the queue while it still holds its interlock; from then on a
 * wakeup finds it, running or not. sleep_wait() goes to sleep only if it is still on the queue.
 * Four things end a sleep: a wakeup, the deadline, an interruption, sleep_cancel(); each takes the
 * thread off the queue under the bucket's lock, so exactly one of them does.
 *
 * Lock order: the bucket lock (RANK_SLEEPQ), then a run queue.
 *
 * Rejected: a queue embedded in every object one can wait for.  It would save the hash, but make
 * every page, map and process larger.
 */
#include "kern/base/sleep.h"

#include <errno.h>

#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "kern/base/timeout.h"

#define NBUCKET 128 /* a power of two */

static struct bucket {
	struct spinlock lock;
	struct list sleepers; /* s  longest first */
} buckets[NBUCKET];

void
sleep_bootstrap(void)
{
	for (unsigned i = 0; i < NBUCKET; i++) {
		spin_init(&buckets[i].lock, "sleepq", RANK_SLEEPQ);
		list_init(&buckets[i].sleepers);
	}
}

static inline struct bucket *
bucket_of(const void *chan)
{
	/* Channels are fields of structs: neighbours differ in the low bits, structs of a zone in
	 * the middle ones. */
	uint64_t h = (uint64_t)(uintptr_t)chan * 0x9e3779b97f4a7c15ul;

	return &buckets[h >> 57];
}

/* Take td off its queue and let it run.  => its bucket locked, td->wchan set. */
static void
wake_thread(struct thread *td, int error)
{
	list_remove(&td->sleep_link);
	td->sleep_error = error;
	td->why = NULL;
	__atomic_store_n(&td->wchan, NULL, __ATOMIC_RELAXED);
	sched_wake(td);
}

void
sleep_prepare(const void *chan, const char *why)
{
	struct thread *td = curthread();
	struct bucket *b = bucket_of(chan);

	KASSERT(chan != NULL && td->wchan == NULL);
	spin_lock(&b->lock);
	td->why = why;
	td->sleep_error = 0;
	td->sleep_intr = false;
	list_push_back(&b->sleepers, &td->sleep_link);
	__atomic_store_n(&td->wchan, chan, __ATOMIC_SEQ_CST);
	spin_unlock(&b->lock);
}

/* End td's sleep with that error if it sleeps at all (intr: only an interruptible one).  The
 * channel may change until we hold the lock. */
static void
sleep_end(struct thread *td, int error, bool intr)
{
	const void *chan;

	while ((chan = __atomic_load_n(&td->wchan, __ATOMIC_SEQ_CST)) != NULL) {
		struct bucket *b = bucket_of(chan);
		bool same;

		spin_lock(&b->lock);
		same = td->wchan == chan;
		if (same && (!intr || td->sleep_intr))
			wake_thread(td, error);
		spin_unlock(&b->lock);
		if (same)
			break;
	}
}

void
sleep_cancel(void)
{
	sleep_end(curthread(), 0, false);
}

void
sleep_interrupt(struct thread *td)
{
	__atomic_store_n(&td->interrupted, true, __ATOMIC_SEQ_CST);
	sleep_end(td, EINTR, true);
	/* One in user mode notices at its next trap: that is now. */
	if (td != curthread() && thread_is_running(td))
		ipi_send(td->hart);
}

static void
sleep_timed_out(void *arg)
{
	sleep_end(arg, ETIMEDOUT, false);
}

/* Go to sleep, unless the sleep has ended already.  => b, the bucket of td's channel, locked, and
 * unlocked on return. */
static void
sleep_in(struct bucket *b, struct thread *td, unsigned flags) RELEASES(b->lock)
{
	bool sleep = td->wchan != NULL;

	if (sleep && (flags & SLEEP_INTR) && __atomic_load_n(&td->interrupted, __ATOMIC_SEQ_CST)) {
		wake_thread(td, EINTR);
		sleep = false;
	}
	if (sleep) {
		td->sleep_intr = (flags & SLEEP_INTR) != 0;
		sched_mark_sleeping(td);
	}
	spin_unlock(&b->lock);
	if (sleep)
		sched_switch_away();
}

/* The second half of a sleep.  => on return td is off the queue. */
static void
sleep_block(struct thread *td, unsigned flags)
{
	const void *chan;

	/* Whoever is marked as sleeping must not be preempted: it would be put on a run queue. */
	intr_push_off();
	chan = __atomic_load_n(&td->wchan, __ATOMIC_RELAXED);
	if (chan != NULL) {
		struct bucket *b = bucket_of(chan);

		spin_lock(&b->lock);
		sleep_in(b, td, flags);
	}
	intr_pop_off();
}

int
sleep_wait(unsigned flags, uint64_t deadline)
{
	struct thread *td = curthread();
	struct timeout timeout;

	if (CHECK && td->intr_off_depth != 0 && !panicking())
		panic("sleeping on %s with interrupts off", td->why != NULL ? td->why : "?");
	if (deadline == NO_DEADLINE) {
		sleep_block(td, flags);
		return td->sleep_error;
	}
	timeout_init(&timeout, sleep_timed_out, td);
	timeout_set(&timeout, deadline);
	sleep_block(td, flags);
	timeout_cancel(&timeout);
	return td->sleep_error;
}

int
sleep_spin(const void *chan, struct spinlock *lk, const char *why, unsigned flags,
    uint64_t deadline) NO_LOCK_ANALYSIS
{
	int error;

	sleep_prepare(chan, why);
	spin_unlock(lk);
	error = sleep_wait(flags, deadline);
	spin_lock(lk);
	return error;
}

int
sleep_mutex(const void *chan, struct mutex *m, const char *why, unsigned flags,
    uint64_t deadline) NO_LOCK_ANALYSIS
{
	int error;

	sleep_prepare(chan, why);
	mutex_unlock(m);
	error = sleep_wait(flags, deadline);
	mutex_lock(m);
	return error;
}

static void
wake_channel(const void *chan, bool all)
{
	struct bucket *b = bucket_of(chan);

	spin_lock(&b->lock);
	LIST_FOREACH_SAFE(link, &b->sleepers) {
		struct thread *td = LIST_ENTRY(link, struct thread, sleep_link);

		if (td->wchan != chan)
			continue;
		wake_thread(td, 0);
		if (!all)
			break;
	}
	spin_unlock(&b->lock);
}

void
wakeup(const void *chan)
{
	wake_channel(chan, true);
}

void
wakeup_one(const void *chan)
{
	wake_channel(chan, false);
}

int
sleep_ns(uint64_t ns, const char *why, unsigned flags)
{
	uint64_t now = clock_mono_ns();
	uint64_t deadline = ns < NO_DEADLINE - 1 - now ? now + ns : NO_DEADLINE - 1;
	int error;

	/* Nobody wakes this channel. */
	sleep_prepare(&deadline, why);
	error = sleep_wait(flags, deadline);
	return error == ETIMEDOUT ? 0 : error;
}
