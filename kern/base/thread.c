/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and the scheduler: a run queue per hart.
 *
 *      sched_wake, sched_ready, finish_switch --enqueue--> queue of a hart --pick--> switch_to
 *                                                               '---steal---> idle hart
 *
 * The state word says what a thread does, and, by THREAD_ON_HART, whether some hart still runs on
 * its stack.  A thread is put on a run queue only when no hart does: one that is woken, or yields,
 * while it is still being switched away from is queued by the hart that leaves it (finish_switch).
 * So whoever picks a thread may resume it at once.
 *
 *      RUNNING|ON --yield--> RUNNABLE|ON ---finish---> RUNNABLE (queued)
 *          |                     ^ wake
 *          '-----sleep---> SLEEPING|ON ----finish---> SLEEPING --wake--> RUNNABLE (queued)
 *
 * An idle hart says so in `waiting` before it waits; whoever queues work claims that bit and sends
 * an interrupt.  The clock ticks only while something other than the idle thread runs.
 *
 * Lock order: a run queue lock (RANK_RUNQ) is a leaf, and only one is held at a time; the switch
 * itself holds none.
 *
 * Rejected: one run queue for the machine (every switch would meet on its lock), and holding the
 * queue's lock across the switch, as xv6 does with p->lock: the hand-over of a held lock from one
 * thread to another is the hardest part of xv6 to explain.
 */
#include "kern/base/thread.h"

#include <string.h>

#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/timeout.h"
#include "lib/bitmap.h"

/* Longest sleep of an idle hart.  Without any timer set, an emulator whose clock advances only by
 * instructions and timers (QEMU -icount sleep=off) never looks whether a disk has answered. */
#define IDLE_NS   100000000ul
#define NEVER     UINT64_MAX

#define ON(state) ((state) | THREAD_ON_HART)

struct thread boot_thread[MAXHART];

static struct hart {
	struct spinlock lock; /* RANK_RUNQ */
	struct list queue;    /* r */
	uint32_t nqueued;     /* a    written under r */
	/* The hart's own, interrupts off: */
	struct thread *idle;
	struct thread *prev; /* whom it has just switched away from */
	uint64_t tick;       /* ns: when the clock ticks next */
	uint64_t armed;      /* ns: what the timer is set to */
} harts[MAXHART];

static uint32_t online;  /* a  harts that run threads, as a mask */
static uint32_t waiting; /* a  harts that wait for an interrupt; who takes a bit out sends one */

static struct thread_ops ops; /* I */

/* Threads that have exited and that nobody but us knows: the reaper frees them. */
static struct spinlock dead_lock = SPINLOCK_INIT("dead threads", RANK_INTERLOCK);
static struct list dead = LIST_INIT(dead); /* dead_lock  runq_link */

/*
 * The clock.
 */

void
sched_arm_timer(void)
{
	struct hart *h = &harts[cpu_id()];
	uint64_t next = timeout_next();

	if (h->tick < next)
		next = h->tick;
	if (next != h->armed) {
		h->armed = next;
		timer_set(next);
	}
}

static inline bool
allowed_on(const struct thread *td, unsigned hart)
{
	return (__atomic_load_n(&td->affinity, __ATOMIC_RELAXED) >> hart & 1) != 0;
}

void
sched_tick(bool user)
{
	struct hart *h = &harts[cpu_id()];
	struct thread *td = curthread();
	uint64_t now = timer_now_ns();

	h->armed = NEVER;
	timeout_run(now);
	if (now >= h->tick) {
		h->tick = NEVER;
		if (td != h->idle) {
			h->tick = now + TICK_NS;
			if (user)
				td->user_ticks++;
			else
				td->sys_ticks++;
			if (__atomic_load_n(&h->nqueued, __ATOMIC_RELAXED) > 0 ||
			    !allowed_on(td, cpu_id()))
				td->resched = true;
		}
	}
	sched_arm_timer();
}

uint64_t
thread_runtime(const struct thread *td)
{
	uint64_t ns = td->runtime;

	if (thread_is_running(td))
		ns += timer_now_ns() - td->run_start;
	return ns;
}

/*
 * Run queues.
 */

/* If `hart` waits for an interrupt, it is now ours to send one. */
static inline bool
claim(unsigned hart)
{
	uint32_t bit = 1u << hart;

	return (__atomic_load_n(&waiting, __ATOMIC_RELAXED) & bit) != 0 &&
	    (__atomic_fetch_and(&waiting, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

/* Claim any hart of the mask that waits.  => false: none does. */
static bool
claim_any(uint32_t mask, unsigned *hart)
{
	uint32_t idle;

	while ((idle = __atomic_load_n(&waiting, __ATOMIC_RELAXED) & mask) != 0) {
		*hart = bitmap_lowest(idle);
		if (claim(*hart))
			return true;
	}
	return false;
}

/* Where td should run: an idle hart if there is one, else where it ran last.  => *kick: that hart
 * needs an interrupt.  Interrupts off. */
static unsigned
choose_hart(const struct thread *td, bool *kick)
{
	uint32_t mask = __atomic_load_n(&td->affinity, __ATOMIC_RELAXED) & sched_online_mask();
	unsigned me = cpu_id(), hart = td->hart;
	bool hart_allowed = (mask >> hart & 1) != 0;

	*kick = hart_allowed && claim(hart);
	if (*kick)
		return hart;
	if ((mask >> me & 1) != 0 && curthread() == harts[me].idle)
		return me;
	*kick = claim_any(mask, &hart);
	if (*kick || hart_allowed)
		return hart;
	return mask != 0 ? bitmap_lowest(mask) : me;
}

/* => td is RUNNABLE and on no hart. */
static void
enqueue(struct thread *td)
{
	struct hart *h;
	unsigned hart;
	bool kick;

	intr_push_off();
	hart = choose_hart(td, &kick);
	h = &harts[hart];
	spin_lock(&h->lock);
	list_push_back(&h->queue, &td->runq_link);
	__atomic_store_n(&h->nqueued, h->nqueued + 1, __ATOMIC_RELAXED);
	spin_unlock(&h->lock);
	/* The hart may have gone idle since we looked: it saw the queue, or we see its bit. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (hart != cpu_id() && (kick || claim(hart)))
		ipi_send(hart);
	intr_pop_off();
}

/* The first thread in that queue that may run on hart `me`.  => NULL: none. */
static struct thread *
dequeue(struct hart *h, unsigned me)
{
	struct thread *found = NULL;

	if (__atomic_load_n(&h->nqueued, __ATOMIC_RELAXED) == 0)
		return NULL;
	spin_lock(&h->lock);
	LIST_FOREACH(link, &h->queue) {
		struct thread *td = LIST_ENTRY(link, struct thread, runq_link);

		if (allowed_on(td, me)) {
			found = td;
			list_remove(link);
			__atomic_store_n(&h->nqueued, h->nqueued - 1, __ATOMIC_RELAXED);
			break;
		}
	}
	spin_unlock(&h->lock);
	return found;
}

/* What this hart runs next: of its own queue, else stolen.  => NULL: nothing to do.  Interrupts
 * off. */
static struct thread *
pick(void)
{
	unsigned me = cpu_id();
	struct thread *td = dequeue(&harts[me], me);

	for (unsigned i = 1; td == NULL && i < MAXHART; i++)
		td = dequeue(&harts[(me + i) % MAXHART], me);
	return td;
}

/*
 * Switching.
 */

/* What the switch left to do once this hart is off the old thread's stack.  => interrupts off. */
static void
finish_switch(void)
{
	struct hart *h = &harts[cpu_id()];
	struct thread *prev = h->prev;
	uint32_t old;
	bool kept;

	if (prev == h->idle)
		return;
	kept = prev->kept; /* once the flag is off, whoever keeps a dead thread may free it */
	old = __atomic_fetch_and(&prev->state, ~THREAD_ON_HART, __ATOMIC_ACQ_REL);
	KASSERT(old != ON(THREAD_RUNNING));
	if (old == ON(THREAD_RUNNABLE)) {
		enqueue(prev);
	} else if (old == ON(THREAD_DEAD) && !kept) {
		spin_lock(&dead_lock);
		list_push_back(&dead, &prev->runq_link);
		wakeup(&dead);
		spin_unlock(&dead_lock);
	}
}

/* => interrupts pushed off once, nothing locked; the current thread's state says why it stops. */
static void
switch_to(struct thread *next)
{
	struct hart *h = &harts[cpu_id()];
	struct thread *prev = curthread();
	uint64_t now = timer_now_ns();

	KASSERT(prev->intr_off_depth == 1 && prev->spins.n == 0 && next != prev);
	prev->runtime += now - prev->run_start;
	next->run_start = now;
	next->hart = cpu_id();
	__atomic_store_n(&next->state, ON(THREAD_RUNNING), __ATOMIC_RELAXED);
	if (next != h->idle && h->tick == NEVER) {
		h->tick = now + TICK_NS;
		sched_arm_timer();
	}
	ops.activate(next->pmap); /* even if it is the same: next's stack may be new to this hart */
	h->prev = prev;
	md_switch(&prev->md, &next->md);
	finish_switch();
}

/* Give up the hart; the state is set.  => interrupts pushed off once. */
static void
switch_away(void)
{
	struct thread *next = pick();

	switch_to(next != NULL ? next : harts[cpu_id()].idle);
}

void
yield(void)
{
	struct thread *td = curthread();
	struct thread *next;

	intr_push_off();
	td->resched = false;
	next = dequeue(&harts[cpu_id()], cpu_id());
	if (next == NULL && !allowed_on(td, cpu_id()))
		next = harts[cpu_id()].idle;
	if (next != NULL && td != harts[cpu_id()].idle) {
		__atomic_store_n(&td->state, ON(THREAD_RUNNABLE), __ATOMIC_RELAXED);
		td->preemptions++;
		switch_to(next);
	}
	intr_pop_off();
}

void
sched_preempt(void)
{
	if (curthread()->resched && curthread()->intr_off_depth == 0)
		yield();
}

void
sched_mark_sleeping(struct thread *td)
{
	__atomic_store_n(&td->state, ON(THREAD_SLEEPING), __ATOMIC_RELEASE);
}

void
sched_switch_away(void)
{
	struct thread *td = curthread();
	uint32_t woken = ON(THREAD_RUNNABLE);

	KASSERT(td != harts[cpu_id()].idle);
	if (!__atomic_compare_exchange_n(&td->state, &woken, ON(THREAD_RUNNING), false,
		__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		td->switches++;
		switch_away();
	}
}

void
sched_wake(struct thread *td)
{
	uint32_t old = __atomic_load_n(&td->state, __ATOMIC_RELAXED);

	while ((old & THREAD_STATE_MASK) == THREAD_SLEEPING)
		if (__atomic_compare_exchange_n(&td->state, &old,
			(old & THREAD_ON_HART) | THREAD_RUNNABLE, false, __ATOMIC_ACQ_REL,
			__ATOMIC_RELAXED)) {
			if (!(old & THREAD_ON_HART))
				enqueue(td);
			return;
		}
}

void
thread_set_pmap(struct pmap *pmap)
{
	struct thread *td = curthread();

	intr_push_off();
	if (td->pmap != pmap) {
		td->pmap = pmap;
		ops.activate(pmap);
	}
	intr_pop_off();
}

void
sched_set_affinity(struct thread *td, uint32_t mask)
{
	KASSERT((mask & sched_online_mask()) != 0);
	__atomic_store_n(&td->affinity, mask, __ATOMIC_RELAXED);
}

uint32_t
sched_online_mask(void)
{
	return __atomic_load_n(&online, __ATOMIC_RELAXED);
}

unsigned
sched_online_count(void)
{
	unsigned n = 0;

	for (uint32_t mask = sched_online_mask(); mask != 0; mask &= mask - 1)
		n++;
	return n;
}

/*
 * Life of a thread.
 */

/* The first instructions of every thread, on its own stack. */
static void
thread_first(void *arg)
{
	struct thread *td = arg;

	finish_switch();
	intr_pop_off();
	td->start(td->start_arg);
	thread_exit();
}

void
thread_setup(struct thread *td, const char *name, void (*fn)(void *arg), void *arg)
{
	list_init(&td->runq_link);
	list_init(&td->sleep_link);
	strlcpy(td->name, name, sizeof(td->name));
	td->affinity = UINT32_MAX;
	td->hart = cpu_id();
	td->start = fn;
	td->start_arg = arg;
	td->state = THREAD_NEW;
	/* It begins where others come back from switch_to(). */
	td->intr_off_depth = 1;
	td->intr_was_on = true;
	md_thread_init(&td->md, td->md.kstack, thread_first, td);
}

void
sched_ready(struct thread *td)
{
	KASSERT(td->state == THREAD_NEW);
	__atomic_store_n(&td->state, THREAD_RUNNABLE, __ATOMIC_RELEASE);
	enqueue(td);
}

struct thread *
thread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *td = ops.alloc();

	if (td == NULL)
		return NULL;
	thread_setup(td, name, fn, arg);
	sched_ready(td);
	return td;
}

static void NORETURN
thread_die(bool kept)
{
	struct thread *td = curthread();

	lock_assert_none();
	KASSERT(td->busy_pages == 0 && td->wchan == NULL);
	td->kept = kept;
	__atomic_store_n(&td->state, ON(THREAD_DEAD), __ATOMIC_RELAXED);
	switch_away();
	panic("a dead thread ran");
}

void
thread_exit(void)
{
	intr_push_off();
	thread_die(false);
}

void
thread_exit_kept(void)
{
	thread_die(true);
}

void
thread_wait_dead(const struct thread *td)
{
	while (__atomic_load_n(&td->state, __ATOMIC_ACQUIRE) != THREAD_DEAD)
		cpu_relax();
}

static void
reaper(void *arg)
{
	(void)arg;
	for (;;) {
		struct list *link;

		spin_lock(&dead_lock);
		while ((link = list_pop_front(&dead)) == NULL)
			(void)sleep_spin(&dead, &dead_lock, "reaper", 0, NO_DEADLINE);
		spin_unlock(&dead_lock);
		ops.free(LIST_ENTRY(link, struct thread, runq_link));
	}
}

/*
 * Boot.
 */

void
sched_prepare_hart(unsigned hart)
{
	struct thread *td = &boot_thread[hart];

	list_init(&td->runq_link);
	list_init(&td->sleep_link);
	memcpy(td->name, "idle0", 6);
	td->name[4] = (char)('0' + hart);
	td->state = ON(THREAD_RUNNING);
	td->hart = hart;
	td->affinity = 1u << hart;
	harts[hart].idle = td;
}

void
sched_bootstrap(void)
{
	for (unsigned i = 0; i < MAXHART; i++) {
		spin_init(&harts[i].lock, "run queue", RANK_RUNQ);
		list_init(&harts[i].queue);
		harts[i].tick = harts[i].armed = NEVER;
	}
	sleep_bootstrap();
	timeout_bootstrap();
	sched_prepare_hart(cpu_id());
	__atomic_store_n(&online, 1u << cpu_id(), __ATOMIC_RELEASE);
}

void
sched_init(const struct thread_ops *thread_ops)
{
	ops = *thread_ops;
	if (thread_create("reaper", reaper, NULL) == NULL)
		panic("no memory for the first thread");
}

/* Nothing to run: wait for an interrupt.  => interrupts off. */
static void
wait_for_work(struct hart *h)
{
	uint32_t bit = 1u << cpu_id();

	if (h->armed == NEVER) {
		h->armed = timer_now_ns() + IDLE_NS;
		timer_set(h->armed);
	}
	__atomic_fetch_or(&waiting, bit, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&h->nqueued, __ATOMIC_SEQ_CST) == 0)
		cpu_wait();
	__atomic_fetch_and(&waiting, ~bit, __ATOMIC_SEQ_CST);
}

void
sched_idle(void)
{
	struct hart *h = &harts[cpu_id()];

	__atomic_fetch_or(&online, 1u << cpu_id(), __ATOMIC_RELEASE);
	for (;;) {
		struct thread *next;

		intr_push_off();
		next = pick();
		if (next != NULL)
			switch_to(next);
		else
			wait_for_work(h);
		curthread()->intr_was_on = true;
		intr_pop_off();
	}
}

void
sched_foreach_queued(void (*fn)(struct thread *td, void *arg), void *arg)
{
	for (struct hart *h = harts; h < &harts[MAXHART]; h++) {
		const struct list *link = h->queue.next;

		for (unsigned n = 0; link != NULL && link != &h->queue && n < h->nqueued;
		     link = link->next, n++)
			fn(LIST_ENTRY(link, struct thread, runq_link), arg);
	}
}
