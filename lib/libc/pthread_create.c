/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a thread. Its memory (thread.h has the picture) goes back
 *
 *	joinable    by whoever joins, once the kernel has cleared tid: it does so, and wakes sleepers
 *	            on it, when the thread needs its stack no more (CLONE_CHILD_CLEARTID);
 *	detached    by the thread itself, with the stack it runs on (thread_exit.S);
 *	detached    while it was ending: by pthread_detach(), which then joins.
 *
 * `state` decides between them in one atomic step: JOINABLE becomes DETACHED or EXITING, never
 * both. A thread of its own for freeing, or a list of dead stacks that the next create cleans up,
 * were the other ways; both keep memory longer.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/libc/thread.h"

#define PAGE ((size_t)4096)

#define CLONE_FLAGS                                                                                \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |        \
	    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static size_t
round_page(size_t size)
{
	return (size + PAGE - 1) & -PAGE;
}

pthread_t
pthread_self(void)
{
	return __self();
}

int
pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

static bool
change_state(struct pthread *t, int from, int to)
{
	return __atomic_compare_exchange_n(
	    &t->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Guard, stack and the rest in one mapping; a stack of the caller's own saves the first two. */
static struct pthread *
make(const pthread_attr_t *attr, void **stack_top)
{
	size_t tls = round_page(__tls_size()), guard = 0, stack = 0, size;
	struct pthread *t;
	char *map;

	if (attr->__stack == NULL) {
		guard = round_page(attr->__guard_size);
		stack = round_page(attr->__stack_size);
	}
	size = guard + stack + tls;
	map = (char *)__call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if ((uintptr_t)map > -PAGE)
		return NULL;
	if (guard > 0 && __call(SYS_mprotect, (long)map, guard, PROT_NONE, 0, 0, 0) != 0) {
		__call(SYS_munmap, (long)map, size, 0, 0, 0, 0);
		return NULL;
	}
	t = __tls_place(map + guard + stack);
	t->map = map;
	t->map_size = size;
	*stack_top = attr->__stack != NULL ? (char *)attr->__stack + attr->__stack_size
					   : map + guard + stack;
	return t;
}

static void
destroy(struct pthread *t)
{
	if (t->map != NULL)
		__call(SYS_munmap, (long)t->map, t->map_size, 0, 0, 0, 0);
}

static int
enter(void *arg)
{
	struct pthread *t = arg;

	pthread_sigmask(SIG_SETMASK, &t->mask, NULL);
	pthread_exit(t->start(t->arg));
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	struct pthread *self = __self(), *t;
	sigset_t all = ~0UL, mask;
	pthread_attr_t defaults;
	void *stack;
	int saved = errno, error = 0;

	if (attr == NULL) {
		pthread_attr_init(&defaults);
		attr = &defaults;
	}
	t = make(attr, &stack);
	if (t == NULL)
		return EAGAIN;
	if (self->tid == 0) /* main may be joined too */
		self->tid = __call(SYS_set_tid_address, (long)&self->tid, 0, 0, 0, 0, 0);
	/* No handler may run in the new thread before it has its mask. */
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	t->state = attr->__detached ? THREAD_DETACHED : THREAD_JOINABLE;
	t->start = start;
	t->arg = arg;
	t->mask = mask;
	*thread = t; /* now: a detached thread may be gone when clone() returns */
	__atomic_add_fetch(&__thread_count, 1, __ATOMIC_RELAXED);
	if (clone(enter, stack, CLONE_FLAGS, t, &t->tid, t + 1, &t->tid) < 0) {
		__atomic_sub_fetch(&__thread_count, 1, __ATOMIC_RELAXED);
		destroy(t);
		error = EAGAIN;
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	errno = saved;
	return error;
}

/* From here on pthread_kill() finds nobody: the tid may soon be another thread's. */
static void
stop_signals(struct pthread *self)
{
	sigset_t all = ~0UL;

	pthread_sigmask(SIG_SETMASK, &all, NULL);
	__word_lock(&self->kill_lock, false, NULL);
	self->gone = true;
	__word_unlock(&self->kill_lock, false);
}

_Noreturn void
pthread_exit(void *result)
{
	struct pthread *self = __self();

	while (self->cleanups != NULL)
		__cleanup_pop(self->cleanups, true);
	if (__thread_run_destructors != NULL)
		__thread_run_destructors();
	self->result = result;
	if (__atomic_sub_fetch(&__thread_count, 1, __ATOMIC_ACQ_REL) == 0) {
		__thread_count = 1; /* the handlers of exit() may fork or create */
		exit(0);
	}
	stop_signals(self);
	if (!change_state(self, THREAD_JOINABLE, THREAD_EXITING) && self->map != NULL) {
		__call(SYS_set_tid_address, 0, 0, 0, 0, 0, 0);
		__thread_unmap_exit(self->map, self->map_size);
	}
	for (;;)
		__call(SYS_exit, 0, 0, 0, 0, 0, 0);
}

/* Waits until the kernel has let go of the thread. Its wakeup is one among processes. */
static void
wait_for_end(struct pthread *t)
{
	int tid;

	while ((tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)) != 0)
		__futex_wait(&t->tid, tid, true, CLOCK_MONOTONIC, NULL);
}

int
pthread_join(pthread_t t, void **result)
{
	if (t == __self())
		return EDEADLK;
	if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == THREAD_DETACHED)
		return EINVAL;
	wait_for_end(t);
	if (result != NULL)
		*result = t->result;
	destroy(t);
	return 0;
}

int
pthread_detach(pthread_t t)
{
	if (change_state(t, THREAD_JOINABLE, THREAD_DETACHED))
		return 0;
	if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == THREAD_DETACHED)
		return EINVAL;
	wait_for_end(t);
	destroy(t);
	return 0;
}

void
__cleanup_push(struct __cleanup *c)
{
	struct pthread *self = __self();

	c->next = self->cleanups;
	self->cleanups = c;
}

void
__cleanup_pop(struct __cleanup *c, int execute)
{
	__self()->cleanups = c->next;
	if (execute)
		c->fn(c->arg);
}
