/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutexes: the lock in one word of lock.c. Only the recursive and the error-checking kind also
 * remember their owner, which others may read while it changes: what they compare it with is their
 * own id, and that only they write.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "lib/libc/thread.h"

static int
own_id(void)
{
	struct pthread *self = __self();

	return self->tid != 0 ? self->tid : gettid(); /* main, when there is nobody else */
}

static bool
is_mine(pthread_mutex_t *m)
{
	return __atomic_load_n(&m->__owner, __ATOMIC_RELAXED) == own_id();
}

int
pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	*m = (pthread_mutex_t){0};
	if (attr != NULL) {
		m->__type = attr->__type;
		m->__shared = attr->__shared;
	}
	return 0;
}

int
pthread_mutex_destroy(pthread_mutex_t *m)
{
	return __atomic_load_n(&m->__word, __ATOMIC_RELAXED) != 0 ? EBUSY : 0;
}

/* What a second lock by the owner of a mutex that knows its owner comes to. */
static int
lock_again(pthread_mutex_t *m, int otherwise)
{
	if (m->__type == PTHREAD_MUTEX_ERRORCHECK)
		return otherwise;
	if (m->__count == UINT_MAX)
		return EAGAIN;
	m->__count++;
	return 0;
}

static void
set_owner(pthread_mutex_t *m)
{
	if (m->__type == PTHREAD_MUTEX_NORMAL)
		return;
	__atomic_store_n(&m->__owner, own_id(), __ATOMIC_RELAXED);
	m->__count = 1;
}

int
pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
	int error;

	if (m->__type != PTHREAD_MUTEX_NORMAL && is_mine(m))
		return lock_again(m, EDEADLK);
	error = __word_lock(&m->__word, m->__shared, until);
	if (error == 0)
		set_owner(m);
	return error;
}

int
pthread_mutex_lock(pthread_mutex_t *m)
{
	return pthread_mutex_timedlock(m, NULL);
}

int
pthread_mutex_trylock(pthread_mutex_t *m)
{
	if (m->__type != PTHREAD_MUTEX_NORMAL && is_mine(m))
		return lock_again(m, EBUSY);
	if (!__word_trylock(&m->__word))
		return EBUSY;
	set_owner(m);
	return 0;
}

int
pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (m->__type != PTHREAD_MUTEX_NORMAL) {
		if (!is_mine(m))
			return EPERM;
		if (--m->__count > 0)
			return 0;
		__atomic_store_n(&m->__owner, 0, __ATOMIC_RELAXED);
	}
	__word_unlock(&m->__word, m->__shared);
	return 0;
}

int
pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
	*attr = (pthread_mutexattr_t){0};
	return 0;
}

int
pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
	(void)attr;
	return 0;
}

int
pthread_mutexattr_gettype(const pthread_mutexattr_t *attr, int *type)
{
	*type = attr->__type;
	return 0;
}

int
pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
	if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
		return EINVAL;
	attr->__type = type;
	return 0;
}

int
pthread_mutexattr_getpshared(const pthread_mutexattr_t *attr, int *shared)
{
	*shared = attr->__shared;
	return 0;
}

int
pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}
