/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Barriers. The last of `count` threads begins the next round and wakes the others. Who leaves
 * first may destroy the barrier while others still look at it, so destroy waits until nobody is
 * inside.
 */
#include <errno.h>
#include <limits.h>

#include "lib/libc/thread.h"

int
pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr, unsigned int count)
{
	if (count == 0)
		return EINVAL;
	*b = (pthread_barrier_t){.__count = count, .__shared = attr != NULL && attr->__shared};
	return 0;
}

int
pthread_barrier_destroy(pthread_barrier_t *b)
{
	int inside;

	if (b->__arrived != 0)
		return EBUSY;
	while ((inside = __atomic_load_n(&b->__inside, __ATOMIC_ACQUIRE)) != 0)
		__futex_wait(&b->__inside, inside, b->__shared, CLOCK_MONOTONIC, NULL);
	return 0;
}

static void
leave(pthread_barrier_t *b, bool shared)
{
	if (__atomic_sub_fetch(&b->__inside, 1, __ATOMIC_ACQ_REL) == 0)
		__futex_wake(&b->__inside, INT_MAX, shared);
}

int
pthread_barrier_wait(pthread_barrier_t *b)
{
	bool shared = b->__shared, last;
	int round;

	__word_lock(&b->__word, shared, NULL);
	__atomic_add_fetch(&b->__inside, 1, __ATOMIC_RELAXED);
	round = b->__round;
	last = ++b->__arrived == b->__count;
	if (last) {
		b->__arrived = 0;
		__atomic_store_n(&b->__round, round + 1, __ATOMIC_RELEASE);
	}
	__word_unlock(&b->__word, shared);
	if (last)
		__futex_wake(&b->__round, INT_MAX, shared);
	while (!last && __atomic_load_n(&b->__round, __ATOMIC_ACQUIRE) == round)
		__futex_wait(&b->__round, round, shared, CLOCK_MONOTONIC, NULL);
	leave(b, shared);
	return last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

int
pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
	*attr = (pthread_barrierattr_t){0};
	return 0;
}

int
pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
	(void)attr;
	return 0;
}

int
pthread_barrierattr_getpshared(const pthread_barrierattr_t *attr, int *shared)
{
	*shared = attr->__shared;
	return 0;
}

int
pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}
