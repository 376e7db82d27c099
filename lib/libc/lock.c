/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes, the lock of one word that stands on them, and the library's own locks. */
#include <errno.h>
#include <limits.h>
#include <sys/futex.h>

#include "lib/libc/thread.h"

int __locks[LOCK_COUNT];
int __thread_count = 1;

int
__futex_wait(int *word, int value, bool shared, clockid_t clock, const struct timespec *until)
{
	int op = FUTEX_WAIT_BITSET;

	if (!shared)
		op |= FUTEX_PRIVATE_FLAG;
	if (clock == CLOCK_REALTIME)
		op |= FUTEX_CLOCK_REALTIME;
	if (until != NULL && (until->tv_nsec < 0 || until->tv_nsec >= 1000000000))
		return EINVAL;
	if (until != NULL && until->tv_sec < 0)
		return ETIMEDOUT; /* long ago; the kernel would call it invalid */
	return -__call(
	    SYS_futex, (long)word, op, value, (long)until, 0, (long)FUTEX_BITSET_MATCH_ANY);
}

void
__futex_wake(int *word, int count, bool shared)
{
	__call(SYS_futex, (long)word, shared ? FUTEX_WAKE : FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count,
	    0, 0, 0);
}

bool
__word_trylock(int *word)
{
	int free = 0;

	return __atomic_compare_exchange_n(
	    word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

int
__word_lock(int *word, bool shared, const struct timespec *until)
{
	if (__word_trylock(word))
		return 0;
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0) {
		int error = __futex_wait(word, 2, shared, CLOCK_REALTIME, until);

		if (error == ETIMEDOUT || error == EINVAL)
			return error;
	}
	return 0;
}

void
__word_unlock(int *word, bool shared)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
		__futex_wake(word, 1, shared);
}

void
__lock(enum libc_lock lock)
{
	__word_lock(&__locks[lock], false, NULL);
}

void
__unlock(enum libc_lock lock)
{
	__word_unlock(&__locks[lock], false);
}

void
__lock_all(void)
{
	for (int i = 0; i < LOCK_COUNT; i++)
		__lock(i);
}

void
__unlock_all(void)
{
	for (int i = LOCK_COUNT - 1; i >= 0; i--)
		__unlock(i);
}

void
__locks_reset(void)
{
	for (int i = 0; i < LOCK_COUNT; i++)
		__atomic_store_n(&__locks[i], 0, __ATOMIC_RELAXED);
}
