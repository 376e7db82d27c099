/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks for many readers or one writer: counters under a lock of one word, and a number that
 * changes whenever the last holder leaves. Readers go first: a thread may take a read lock it
 * already has.
 */
#include <errno.h>
#include <limits.h>

#include "lib/libc/thread.h"

int
pthread_rwlock_init(pthread_rwlock_t *rw, const pthread_rwlockattr_t *attr)
{
	*rw = (pthread_rwlock_t){0};
	if (attr != NULL)
		rw->__shared = attr->__shared;
	return 0;
}

int
pthread_rwlock_destroy(pthread_rwlock_t *rw)
{
	return rw->__holders != 0 ? EBUSY : 0;
}

/* => the lock word is held. */
static bool
take(pthread_rwlock_t *rw, bool write)
{
	if (write ? rw->__holders != 0 : rw->__holders < 0)
		return false;
	rw->__holders = write ? -1 : rw->__holders + 1;
	return true;
}

static int
try(pthread_rwlock_t *rw, bool write)
{
	bool taken;

	__word_lock(&rw->__word, rw->__shared, NULL);
	taken = take(rw, write);
	__word_unlock(&rw->__word, rw->__shared);
	return taken ? 0 : EBUSY;
}

static int
acquire(pthread_rwlock_t *rw, bool write, const struct timespec *until)
{
	int error = 0, number;

	__word_lock(&rw->__word, rw->__shared, NULL);
	rw->__waiters++;
	while (!take(rw, write)) {
		number = rw->__sequence;
		__word_unlock(&rw->__word, rw->__shared);
		error = __futex_wait(&rw->__sequence, number, rw->__shared, CLOCK_REALTIME, until);
		__word_lock(&rw->__word, rw->__shared, NULL);
		if (error == ETIMEDOUT || error == EINVAL)
			break;
		error = 0;
	}
	rw->__waiters--;
	__word_unlock(&rw->__word, rw->__shared);
	return error;
}

int
pthread_rwlock_rdlock(pthread_rwlock_t *rw)
{
	return acquire(rw, false, NULL);
}

int
pthread_rwlock_tryrdlock(pthread_rwlock_t *rw)
{
	return try(rw, false);
}

int
pthread_rwlock_timedrdlock(pthread_rwlock_t *rw, const struct timespec *until)
{
	return acquire(rw, false, until);
}

int
pthread_rwlock_wrlock(pthread_rwlock_t *rw)
{
	return acquire(rw, true, NULL);
}

int
pthread_rwlock_trywrlock(pthread_rwlock_t *rw)
{
	return try(rw, true);
}

int
pthread_rwlock_timedwrlock(pthread_rwlock_t *rw, const struct timespec *until)
{
	return acquire(rw, true, until);
}

int
pthread_rwlock_unlock(pthread_rwlock_t *rw)
{
	bool wake = false, shared = rw->__shared;

	__word_lock(&rw->__word, shared, NULL);
	if (rw->__holders < 0)
		rw->__holders = 0;
	else if (rw->__holders > 0)
		rw->__holders--;
	if (rw->__holders == 0 && rw->__waiters > 0) {
		__atomic_add_fetch(&rw->__sequence, 1, __ATOMIC_RELAXED);
		wake = true;
	}
	__word_unlock(&rw->__word, shared);
	if (wake)
		__futex_wake(&rw->__sequence, INT_MAX, shared);
	return 0;
}

int
pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
	*attr = (pthread_rwlockattr_t){0};
	return 0;
}

int
pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
	(void)attr;
	return 0;
}

int
pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *attr, int *shared)
{
	*shared = attr->__shared;
	return 0;
}

int
pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}
