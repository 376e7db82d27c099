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

#define NBUCKET      128    /* a power of two */
#define SLEEPERS_MAX 65536u /* a longer queue is a broken one */

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
	td->sleep_intr = td->sleep_killable = false;
	list_push_back(&b->sleepers, &td->sleep_link);
	__atomic_store_n(&td->wchan, chan, __ATOMIC_SEQ_CST);
	spin_unlock(&b->lock);
}

/* Why somebody ends another thread's sleep; not every sleep lets them. */
enum sleep_ender { END_ANY, END_INTERRUPTED, END_KILLED };

/* => the bucket locked. */
static bool
may_end(const struct thread *td, enum sleep_ender why)
{
	return why == END_ANY || td->sleep_intr || (why == END_KILLED && td->sleep_killable);
}

/* End td's sleep with that error if it sleeps at all, and lets us.  The channel may change until we
 * hold the lock. */
static void
sleep_end(struct thread *td, int error, enum sleep_ender why)
{
	const void *chan;

	while ((chan = __atomic_load_n(&td->wchan, __ATOMIC_SEQ_CST)) != NULL) {
		struct bucket *b = bucket_of(chan);
		bool same;

		spin_lock(&b->lock);
		same = td->wchan == chan;
		if (same && may_end(td, why))
			wake_thread(td, error);
		spin_unlock(&b->lock);
		if (same)
			break;
	}
}

void
sleep_cancel(void)
{
	sleep_end(curthread(), 0, END_ANY);
}

static void
interrupt(struct thread *td, enum sleep_ender why)
{
	__atomic_store_n(&td->interrupted, true, __ATOMIC_SEQ_CST);
	sleep_end(td, EINTR, why);
	/* One in user mode notices at its next trap: that is now. */
	if (td != curthread() && thread_is_running(td))
		ipi_send(td->hart);
}

void
sleep_interrupt(struct thread *td)
{
	interrupt(td, END_INTERRUPTED);
}

void
sleep_kill(struct thread *td)
{
	__atomic_store_n(&td->killed, true, __ATOMIC_SEQ_CST);
	interrupt(td, END_KILLED);
}

static void
sleep_timed_out(void *arg)
{
	sleep_end(arg, ETIMEDOUT, END_ANY);
}

/* Has whoever may end such a sleep come before it? */
static bool
ended_before(struct thread *td, unsigned flags)
{
	if ((flags & SLEEP_INTR) != 0 && __atomic_load_n(&td->interrupted, __ATOMIC_SEQ_CST))
		return true;
	return (flags & SLEEP_KILL) != 0 && __atomic_load_n(&td->killed, __ATOMIC_SEQ_CST);
}

/* Go to sleep, unless the sleep has ended already.  => b, the bucket of td's channel, locked, and
 * unlocked on return. */
static void
sleep_in(struct bucket *b, struct thread *td, unsigned flags) RELEASES(b->lock)
{
	bool sleep = td->wchan != NULL;

	if (sleep && ended_before(td, flags)) {
		wake_thread(td, EINTR);
		sleep = false;
	}
	if (sleep) {
		td->sleep_intr = (flags & SLEEP_INTR) != 0;
		td->sleep_killable = (flags & SLEEP_KILL) != 0;
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

void
sleep_foreach(void (*fn)(struct thread *td, void *arg), void *arg)
{
	for (struct bucket *b = buckets; b < &buckets[NBUCKET]; b++) {
		const struct list *link = b->sleepers.next;

		for (unsigned n = 0; link != &b->sleepers && n < SLEEPERS_MAX;
		     link = link->next, n++)
			fn(LIST_ENTRY(link, struct thread, sleep_link), arg);
	}
}
