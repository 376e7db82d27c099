/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Semaphores: the value and the number of waiters in one word that changes in one step, so a post
 * knows from the step itself whether to wake, and does not look at a semaphore that the one it let
 * through may have destroyed. Waiters sleep on the half with the value.
 */
#include <errno.h>
#include <semaphore.h>

#include "lib/libc/thread.h"

#define WAITER (1UL << 32)

static unsigned
value_of(unsigned long state)
{
	return state;
}

static int
fail(int error)
{
	errno = error;
	return -1;
}

int
sem_init(sem_t *sem, int shared, unsigned int value)
{
	if (value > SEM_VALUE_MAX)
		return fail(EINVAL);
	*sem = (sem_t){.__state = value, .__shared = shared != 0};
	return 0;
}

int
sem_destroy(sem_t *sem)
{
	(void)sem;
	return 0;
}

/* Lowers the value, if it can, and the state by `also`. */
static bool
take(sem_t *sem, unsigned long also)
{
	unsigned long state = __atomic_load_n(&sem->__state, __ATOMIC_RELAXED);

	while (value_of(state) > 0)
		if (__atomic_compare_exchange_n(&sem->__state, &state, state - 1 - also, false,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

int
sem_trywait(sem_t *sem)
{
	return take(sem, 0) ? 0 : fail(EAGAIN);
}

int
sem_timedwait(sem_t *sem, const struct timespec *until)
{
	int error;

	if (take(sem, 0))
		return 0;
	__atomic_add_fetch(&sem->__state, WAITER, __ATOMIC_RELAXED);
	while (!take(sem, WAITER)) {
		error = __futex_wait((int *)&sem->__state, 0, sem->__shared, CLOCK_REALTIME, until);
		if (error == EINTR || error == ETIMEDOUT || error == EINVAL) {
			__atomic_sub_fetch(&sem->__state, WAITER, __ATOMIC_RELAXED);
			return fail(error);
		}
	}
	return 0;
}

int
sem_wait(sem_t *sem)
{
	return sem_timedwait(sem, NULL);
}

int
sem_post(sem_t *sem)
{
	unsigned long state = __atomic_load_n(&sem->__state, __ATOMIC_RELAXED);
	bool shared = sem->__shared;

	do
		if (value_of(state) == SEM_VALUE_MAX)
			return fail(EOVERFLOW);
	while (!__atomic_compare_exchange_n(
	    &sem->__state, &state, state + 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	if (state >= WAITER)
		__futex_wake((int *)&sem->__state, 1, shared);
	return 0;
}

int
sem_getvalue(sem_t *sem, int *value)
{
	*value = value_of(__atomic_load_n(&sem->__state, __ATOMIC_RELAXED));
	return 0;
}
