/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Condition variables: a number that every signal changes.
 *
 *	wait       n = number; unlock the mutex; sleep if the number still is n; lock the mutex
 *	signal     number++; wake one
 *
 * A signal that comes between unlock and sleep has changed the number, so no wakeup is lost; and as
 * the kernel wakes in the order in which threads went to sleep, one that began to wait later cannot
 * take the wakeup from all that waited before. Nobody touches the variable after waking, so it may
 * be destroyed as soon as all have been woken. The price: a signal that nobody waits for is a
 * system call too. (What this cannot see is exactly 2^32 signals between unlock and sleep.)
 */
#include <errno.h>
#include <limits.h>

#include "lib/libc/thread.h"

int
pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
	*c = (pthread_cond_t){0};
	if (attr != NULL) {
		c->__shared = attr->__shared;
		c->__clock = attr->__clock;
	}
	return 0;
}

int
pthread_cond_destroy(pthread_cond_t *c)
{
	(void)c;
	return 0;
}

int
pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	int number = __atomic_load_n(&c->__sequence, __ATOMIC_RELAXED), error;
	unsigned count = m->__count;

	if (until != NULL && (until->tv_nsec < 0 || until->tv_nsec >= 1000000000))
		return EINVAL;
	m->__count = 1; /* a recursive mutex is given up altogether */
	error = pthread_mutex_unlock(m);
	if (error != 0) {
		m->__count = count;
		return error;
	}
	error = __futex_wait(&c->__sequence, number, c->__shared, c->__clock, until);
	pthread_mutex_lock(m);
	m->__count = count;
	return error == ETIMEDOUT ? ETIMEDOUT : 0;
}

int
pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	return pthread_cond_timedwait(c, m, NULL);
}

static int
wake(pthread_cond_t *c, int count)
{
	bool shared = c->__shared;

	__atomic_add_fetch(&c->__sequence, 1, __ATOMIC_RELAXED);
	__futex_wake(&c->__sequence, count, shared);
	return 0;
}

int
pthread_cond_signal(pthread_cond_t *c)
{
	return wake(c, 1);
}

int
pthread_cond_broadcast(pthread_cond_t *c)
{
	return wake(c, INT_MAX);
}

int
pthread_condattr_init(pthread_condattr_t *attr)
{
	*attr = (pthread_condattr_t){.__clock = CLOCK_REALTIME};
	return 0;
}

int
pthread_condattr_destroy(pthread_condattr_t *attr)
{
	(void)attr;
	return 0;
}

int
pthread_condattr_getclock(const pthread_condattr_t *attr, clockid_t *clock)
{
	*clock = attr->__clock;
	return 0;
}

int
pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	attr->__clock = clock;
	return 0;
}

int
pthread_condattr_getpshared(const pthread_condattr_t *attr, int *shared)
{
	*shared = attr->__shared;
	return 0;
}

int
pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}
