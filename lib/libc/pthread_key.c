/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys: values that each thread has its own of. A key has a number that changes when it is created
 * and deleted, and a value remembers for which number it was set: what is left in other threads
 * from a deleted key is not taken for a value of its successor.
 */
#include <errno.h>

#include "lib/libc/thread.h"

static struct {
	unsigned number; /* a: odd while the key exists; changed under LOCK_KEYS */
	void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];

static _Thread_local struct {
	unsigned number;
	const void *value;
} values[PTHREAD_KEYS_MAX];

int
pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	pthread_key_t k;

	__lock(LOCK_KEYS);
	for (k = 0; k < PTHREAD_KEYS_MAX; k++)
		if (keys[k].number % 2 == 0)
			break;
	if (k < PTHREAD_KEYS_MAX) {
		keys[k].destructor = destructor;
		__atomic_store_n(&keys[k].number, keys[k].number + 1, __ATOMIC_RELEASE);
		*key = k;
	}
	__unlock(LOCK_KEYS);
	return k < PTHREAD_KEYS_MAX ? 0 : EAGAIN;
}

/* => 0: there is no such key. */
static unsigned
number_of(pthread_key_t key)
{
	unsigned number = 0;

	if (key < PTHREAD_KEYS_MAX)
		number = __atomic_load_n(&keys[key].number, __ATOMIC_ACQUIRE);
	return number % 2 == 1 ? number : 0;
}

int
pthread_key_delete(pthread_key_t key)
{
	unsigned number;

	__lock(LOCK_KEYS);
	number = number_of(key);
	if (number != 0)
		__atomic_store_n(&keys[key].number, number + 1, __ATOMIC_RELEASE);
	__unlock(LOCK_KEYS);
	return number != 0 ? 0 : EINVAL;
}

void *
pthread_getspecific(pthread_key_t key)
{
	unsigned number = number_of(key);

	return number != 0 && values[key].number == number ? (void *)values[key].value : NULL;
}

int
pthread_setspecific(pthread_key_t key, const void *value)
{
	unsigned number = number_of(key);

	if (number == 0)
		return EINVAL;
	values[key].number = number;
	values[key].value = value;
	return 0;
}

/* => true: there was a value, and its destructor ran; the value is NULL then. */
static bool
destroy(pthread_key_t key)
{
	void *value = pthread_getspecific(key);
	void (*destructor)(void *);

	__lock(LOCK_KEYS);
	destructor = keys[key].destructor;
	__unlock(LOCK_KEYS);
	if (value == NULL || destructor == NULL)
		return false;
	values[key].value = NULL;
	destructor(value);
	return true;
}

/* Destructors may set values again: another round, up to a limit. */
void
__thread_run_destructors(void)
{
	bool again = true;

	for (int i = 0; again && i < PTHREAD_DESTRUCTOR_ITERATIONS; i++) {
		again = false;
		for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX; key++)
			again |= destroy(key);
	}
}
