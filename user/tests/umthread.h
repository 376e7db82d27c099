/* SPDX-License-Identifier: BSD-2-Clause */
/* What guest tests with threads stand on. */
#ifndef USER_TESTS_UMTHREAD_H
#define USER_TESTS_UMTHREAD_H

#include <pthread.h>
#include <sys/syscall.h>

#include "user/tests/umtest.h"

#define UM_THREADS_MAX 64

static inline pthread_t
um_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int error = pthread_create(&t, NULL, fn, arg);

	if (error != 0)
		um_fail(__FILE__, __LINE__, "pthread_create: %s", strerror(error));
	REQUIRE(error == 0);
	return t;
}

/* => what the thread returned */
static inline void *
um_join(pthread_t t)
{
	void *result = NULL;

	REQUIRE(pthread_join(t, &result) == 0);
	return result;
}

/* Run fn(0) .. fn(n - 1), each in a thread. */
static inline void
um_threads(int n, void *(*fn)(void *))
{
	pthread_t t[UM_THREADS_MAX];

	REQUIRE(n <= UM_THREADS_MAX);
	for (long i = 0; i < n; i++)
		t[i] = um_thread(fn, (void *)i);
	for (int i = 0; i < n; i++)
		um_join(t[i]);
}

/* A step that others wait for: a counter that only grows. */
static inline void
um_step(int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static inline void
um_wait_step(int *counter, int at_least)
{
	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < at_least)
		um_sleep_ms(1);
}

#endif
