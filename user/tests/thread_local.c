/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has each thread its own errno, _Thread_local variables and key values, with the right beginnings
 * and ends?
 */
#include "user/tests/umthread.h"

static _Thread_local int number = 12345;
static _Thread_local char zero[3000];
static _Thread_local struct {
	char bytes[64];
} aligned __attribute__((aligned(64))) = {"aligned"};
static _Thread_local int *self_pointer;

static void *
own_copies(void *arg)
{
	long n = (long)arg;

	EXPECT_EQ(12345, number);
	EXPECT_EQ(0, (uintptr_t)&aligned % 64);
	EXPECT(strcmp(aligned.bytes, "aligned") == 0);
	for (size_t i = 0; i < sizeof(zero); i++)
		if (zero[i] != 0)
			EXPECT(!"zero is zero");
	number += n;
	self_pointer = &number;
	memset(zero, n + 1, sizeof(zero));
	for (int i = 0; i < 50; i++) {
		sched_yield();
		EXPECT_EQ(12345 + n, number);
		EXPECT(self_pointer == &number && zero[sizeof(zero) - 1] == n + 1);
	}
	return NULL;
}

static int turn;

/* Each fails in its own way while the others fail in theirs. */
static void *
own_errno(void *arg)
{
	static const int want[] = {EBADF, EINVAL, ENOENT, ECHILD};
	long n = (long)arg;

	for (int i = 0; i < 100; i++) {
		long r = n == 0 ? close(-1)
		    : n == 1    ? kill(getpid(), 1000)
		    : n == 2    ? access("/no/such/file", F_OK)
				: waitpid(999999, NULL, 0);

		um_step(&turn);
		sched_yield();
		EXPECT_EQ(-1, r);
		EXPECT_EQ(want[n], errno);
	}
	return NULL;
}

static pthread_key_t key, other;
static int destroyed, rounds;

static void
destructor(void *value)
{
	EXPECT(pthread_getspecific(key) == NULL);
	__atomic_add_fetch(&destroyed, (long)value, __ATOMIC_SEQ_CST);
}

/* Sets a value again, twice: it is called again. */
static void
stubborn(void *value)
{
	um_step(&rounds);
	if ((long)value > 1)
		pthread_setspecific(other, (char *)value - 1);
}

static void *
own_values(void *arg)
{
	EXPECT(pthread_getspecific(key) == NULL);
	EXPECT_EQ(0, pthread_setspecific(key, arg));
	EXPECT_EQ(0, pthread_setspecific(other, (void *)3L));
	sched_yield();
	EXPECT(pthread_getspecific(key) == arg);
	if ((long)arg & 1)
		pthread_exit(NULL);
	return NULL;
}

static void
keys(void)
{
	pthread_key_t again;

	EXPECT_EQ(0, pthread_key_create(&key, destructor));
	EXPECT_EQ(0, pthread_key_create(&other, stubborn));
	EXPECT(key != other);
	EXPECT_EQ(0, pthread_setspecific(key, "main"));
	um_threads(8, own_values);
	EXPECT_EQ(28, destroyed);
	EXPECT_EQ(24, rounds);
	EXPECT(strcmp(pthread_getspecific(key), "main") == 0);
	EXPECT_EQ(0, pthread_key_delete(key));
	EXPECT_EQ(0, pthread_key_create(&again, NULL));
	EXPECT(pthread_getspecific(again) == NULL);
	EXPECT_EQ(0, pthread_key_delete(again));
	EXPECT_EQ(0, pthread_key_delete(other));
}

int
main(void)
{
	own_copies((void *)50);
	um_threads(8, own_copies);
	EXPECT_EQ(12345 + 50, number);
	um_threads(4, own_errno);
	keys();
	return um_result();
}
