/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads on the host: coroutines on stacks of their own, one of which runs; kern/base/sleep.h over them.
 *
 * Coroutine 0 is the test itself.  Where threads may change places (every lock, unlock, sleep, wakeup and access to memory) schedule.c
 * is asked who is next.  With nobody ready and no deadline to wait for it is a deadlock, and told who holds what.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "tests/host/context.h"
#include "tests/host/host.h"
#include "tests/host/sanitizer.h"

#define STACK_SIZE (256u * 1024)

struct host_thread {
	struct thread td; /* must be first */
	struct host_context context;
	void *stack; /* NULL: coroutine 0 */
	void *fake_stack;
	void (*fn)(void *arg);
	void *arg;
	bool used, ready;
	bool joining;      /* not ready until the others have ended */
	uint64_t deadline; /* while it sleeps */
};

static struct host_thread threads[HOST_THREADS] = {{.used = true, .ready = true}};
static struct host_thread *current = &threads[0];
struct md_thread *host_self = &threads[0].td.md;

static const void *main_stack; /* of coroutine 0, as the sanitizer says */
static size_t main_stack_size;

bool
host_alone(void)
{
	for (struct host_thread *t = threads; t < &threads[HOST_THREADS]; t++)
		if (t->used && t != current)
			return false;
	return true;
}

static void
switch_to(struct host_thread *to)
{
	struct host_thread *from = current;

	if (to == from)
		return;
	current = to;
	host_self = &to->td.md;
	sanitizer_leave_stack(from->used ? &from->fake_stack : NULL,
	    to->stack != NULL ? to->stack : main_stack,
	    to->stack != NULL ? STACK_SIZE : main_stack_size);
	host_context_switch(&from->context, &to->context);
	sanitizer_enter_stack(from->fake_stack, NULL, NULL);
}

/* Ask the schedule.  NULL: nobody is ready, but for the current one if it `gives_way`. */
static struct host_thread *
choose(bool may_stay, bool gives_way)
{
	unsigned self = (unsigned)(current - threads), n = 0, who[HOST_THREADS];

	if (may_stay)
		who[n++] = self;
	for (unsigned i = 1; i < HOST_THREADS; i++) {
		unsigned next = (self + i) % HOST_THREADS;

		if (threads[next].used && threads[next].ready)
			who[n++] = next;
	}
	if (n == 0)
		return NULL;
	return &threads[who[host_schedule_choose(who, n, self, may_stay, gives_way)]];
}

/*
 * Reports.
 */
static void
report_held(const struct held_locks *h)
{
	for (unsigned i = 0; i < h->n; i++)
		kprintf("%s %s", i == 0 ? ", holds" : ",", h->lock[i]->name);
}

static void
report_owner(const void *lock)
{
	for (struct host_thread *t = threads; t < &threads[HOST_THREADS]; t++)
		for (unsigned i = 0; t->used && i < t->td.held.n; i++)
			if (t->td.held.lock[i] == lock)
				kprintf(" (held by thread %d)", (int)(t - threads));
}

void
host_report_threads(void)
{
	for (struct host_thread *t = threads; t < &threads[HOST_THREADS]; t++) {
		if (!t->used || t->joining)
			continue;
		kprintf("thread %d%s", (int)(t - threads), t->ready ? " is ready" : "");
		if (!t->ready) {
			kprintf(" waits for %s", t->td.why != NULL ? t->td.why : "?");
			report_owner(t->td.wchan);
		}
		report_held(&t->td.held);
		if (t->td.busy_pages != 0)
			kprintf(", owns %d busy pages", t->td.busy_pages);
		kprintf("\n");
	}
}

/* Nobody is ready: let time pass until the first deadline. */
static struct host_thread *
pass_time(void)
{
	struct host_thread *first = NULL;

	for (struct host_thread *t = threads; t < &threads[HOST_THREADS]; t++)
		if (t->used && !t->ready && !t->joining && t->deadline != NO_DEADLINE &&
		    (first == NULL || t->deadline < first->deadline))
			first = t;
	if (first == NULL) {
		host_report_threads();
		panic("would deadlock");
	}
	if (host_clock < first->deadline)
		host_clock = first->deadline;
	first->ready = true;
	first->td.wchan = NULL;
	first->td.sleep_error = ETIMEDOUT;
	return first;
}

/* The current coroutine is not ready: run others until it is. */
static void
wait_ready(void)
{
	struct host_thread *self = current;

	while (!self->ready) {
		struct host_thread *t = choose(false, false);

		switch_to(t != NULL ? t : pass_time());
	}
}

/* The last but one has ended: who waits for that goes on. */
static void
wake_joiner(void)
{
	struct host_thread *left = NULL;

	for (struct host_thread *t = threads; t < &threads[HOST_THREADS]; t++) {
		if (t->used && left != NULL)
			return;
		if (t->used)
			left = t;
	}
	if (left->joining)
		left->ready = true;
}

static void
thread_main(void)
{
	struct host_thread *next;

	/* The first coroutine ever is entered from coroutine 0. */
	sanitizer_enter_stack(NULL, main_stack == NULL ? &main_stack : NULL,
	    main_stack == NULL ? &main_stack_size : NULL);
	current->fn(current->arg);
	lock_assert_none();
	KASSERT(current->td.busy_pages == 0);
	current->used = false;
	current->ready = false;
	wake_joiner();
	next = choose(false, false);
	switch_to(next != NULL ? next : pass_time());
	abort();
}

void
thread_set_pmap(struct pmap *pmap)
{
	curthread()->pmap = pmap;
}

struct host_thread *
host_spawn(void (*fn)(void *arg), void *arg)
{
	struct host_thread *t = &threads[1];
	void *stack;

	while (t < &threads[HOST_THREADS] && t->used)
		t++;
	KASSERT(t < &threads[HOST_THREADS]);
	stack = t->stack != NULL ? t->stack : malloc(STACK_SIZE);
	KASSERT(stack != NULL);
	*t =
	    (struct host_thread){.stack = stack, .fn = fn, .arg = arg, .used = true, .ready = true};
	t->td.hart = (uint32_t)((t - threads) % MAXHART);
	host_context_make(&t->context, stack, STACK_SIZE, thread_main);
	host_schedule_spawned((unsigned)(t - threads));
	return t;
}

void
host_yield(void)
{
	struct host_thread *t = choose(false, true);

	if (t != NULL)
		switch_to(t);
}

void
host_join_all(void)
{
	if (host_alone())
		return;
	host_schedule_joined();
	current->joining = true;
	current->ready = false;
	wait_ready();
	current->joining = false;
}

void
host_point(void)
{
	if (curthread()->spins.n != 0 || !host_schedule_interrupts())
		return;
	host_machine_point();
	switch_to(choose(true, false));
}

/*
 * Waiting for locks.
 */
void
host_block(const void *chan, const char *why)
{
	struct thread *td = curthread();

	if (td->wchan != NULL)
		panic("%s is waited for between sleep_prepare and sleep_wait", why);
	td->wchan = chan;
	td->why = why;
	current->deadline = NO_DEADLINE;
	current->ready = false;
	wait_ready();
	sleep_cancel();
}

void
host_unblock(const void *chan)
{
	for (struct host_thread *t = threads; t < &threads[HOST_THREADS]; t++)
		if (t->used && !t->ready && t->td.wchan == chan)
			t->ready = true;
}

/*
 * Sleep and wakeup.
 */
void
sleep_prepare(const void *chan, const char *why)
{
	KASSERT(curthread()->wchan == NULL);
	curthread()->wchan = chan;
	curthread()->why = why;
}

void
sleep_cancel(void)
{
	curthread()->wchan = NULL;
	curthread()->why = NULL;
}

int
sleep_wait(unsigned flags, uint64_t deadline)
{
	struct thread *td = curthread();

	(void)flags;
	if (td->spins.n > 0)
		panic("%s: sleeps while a spinlock is held", td->why);
	host_assert_may_sleep();
	td->sleep_error = 0;
	host_point();
	if (td->wchan != NULL) {
		current->deadline = deadline;
		current->ready = false;
		wait_ready();
	}
	sleep_cancel();
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

int
sleep_ns(uint64_t ns, const char *why, unsigned flags)
{
	int error = 0;

	sleep_prepare(&error, why);
	error = sleep_wait(flags, host_clock + ns);
	return error == ETIMEDOUT ? 0 : error;
}

/* Wake sleepers on chan, all or the first. */
static void
wake(const void *chan, bool all)
{
	host_point();
	for (struct host_thread *t = threads; t < &threads[HOST_THREADS]; t++) {
		if (!t->used || t->td.wchan != chan)
			continue;
		t->td.wchan = NULL;
		t->ready = true;
		if (!all)
			return;
	}
}

void
wakeup(const void *chan)
{
	wake(chan, true);
}

void
wakeup_one(const void *chan)
{
	wake(chan, false);
}
