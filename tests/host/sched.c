/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads on the host: coroutines on stacks of their own, one of which runs; kern/base/sleep.h over them.
 *
 * Coroutine 0 is the test itself.  Who is next is chosen in turn, or at random by host_knobs.seed, so a run is repeated by its seed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "tests/host/host.h"
#include "tests/host/sanitizer.h"

#define THREADS_MAX 17
#define STACK_SIZE  (256u * 1024)
#define SWITCH_ODDS 4u /* with a seed, one point in so many switches */

struct host_thread {
	struct thread td; /* must be first */
	ucontext_t context;
	void *stack; /* NULL: coroutine 0 */
	void *fake_stack;
	void (*fn)(void *arg);
	void *arg;
	bool used, ready;
	uint64_t deadline; /* while it sleeps */
};

static struct host_thread threads[THREADS_MAX] = {{.used = true, .ready = true}};
static struct host_thread *current = &threads[0];
struct md_thread *host_self = &threads[0].td.md;

static const void *main_stack; /* of coroutine 0, as the sanitizer says */
static size_t main_stack_size;

static uint32_t
next_random(void)
{
	uint32_t x = host_knobs.seed;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	host_knobs.seed = x;
	return x;
}

bool
host_alone(void)
{
	for (struct host_thread *t = threads; t < &threads[THREADS_MAX]; t++)
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
	swapcontext(&from->context, &to->context);
	sanitizer_enter_stack(from->fake_stack, NULL, NULL);
}

/* The next ready coroutine after the current one, or NULL. */
static struct host_thread *
pick(void)
{
	unsigned first = (unsigned)(current - threads) + 1;

	if (host_knobs.seed != 0)
		first = next_random() % THREADS_MAX;
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct host_thread *t = &threads[(first + i) % THREADS_MAX];

		if (t->used && t->ready && t != current)
			return t;
	}
	return NULL;
}

/* Nobody is ready: let time pass until the first deadline. */
static struct host_thread *
pass_time(void)
{
	struct host_thread *first = NULL;

	for (struct host_thread *t = threads; t < &threads[THREADS_MAX]; t++)
		if (t->used && !t->ready && t->deadline != NO_DEADLINE &&
		    (first == NULL || t->deadline < first->deadline))
			first = t;
	if (first == NULL) {
		for (struct host_thread *t = threads; t < &threads[THREADS_MAX]; t++)
			if (t->used)
				kprintf("thread %d waits for %s\n", (int)(t - threads),
				    t->td.why != NULL ? t->td.why : "?");
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
		struct host_thread *t = pick();

		switch_to(t != NULL ? t : pass_time());
	}
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
	next = pick();
	switch_to(next != NULL ? next : pass_time());
	abort();
}

static void
prepare_context(struct host_thread *t)
{
	getcontext(&t->context);
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&t->context, thread_main, 0);
}

struct host_thread *
host_spawn(void (*fn)(void *arg), void *arg)
{
	struct host_thread *t = &threads[1];
	void *stack;

	while (t < &threads[THREADS_MAX] && t->used)
		t++;
	KASSERT(t < &threads[THREADS_MAX]);
	stack = t->stack != NULL ? t->stack : malloc(STACK_SIZE);
	KASSERT(stack != NULL);
	*t =
	    (struct host_thread){.stack = stack, .fn = fn, .arg = arg, .used = true, .ready = true};
	t->td.hart = (uint32_t)((t - threads) % MAXHART);
	prepare_context(t);
	return t;
}

void
host_yield(void)
{
	struct host_thread *t = pick();

	if (t != NULL)
		switch_to(t);
}

void
host_join_all(void)
{
	while (!host_alone()) {
		struct host_thread *t = pick();

		switch_to(t != NULL ? t : pass_time());
	}
}

void
host_point(void)
{
	if (host_knobs.seed != 0 && curthread()->spins.n == 0 && next_random() % SWITCH_ODDS == 0)
		host_yield();
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
	for (struct host_thread *t = threads; t < &threads[THREADS_MAX]; t++)
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
	for (struct host_thread *t = threads; t < &threads[THREADS_MAX]; t++) {
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
