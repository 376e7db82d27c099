/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has the child of a process with threads one thread, all of the memory at one moment, and a C
 * library that works?
 */
#include "user/tests/umthread.h"

static int stop, atfork_calls, child_calls;
static volatile long *pair; /* pair[0] is written first, then pair[1] */

static void *
allocate(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		void *p = malloc(100), *q = malloc(5000);

		setenv("THREAD_FORK", "x", 1);
		free(p);
		free(q);
	}
	return NULL;
}

/* On one page: a copy of it may be from between the stores, never from the wrong side. */
static void *
write_pair(void *arg)
{
	(void)arg;
	for (long n = 1; !__atomic_load_n(&stop, __ATOMIC_SEQ_CST); n++) {
		pair[0] = n;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		pair[1] = n;
	}
	return NULL;
}

static void *
nested(void *arg)
{
	return arg;
}

static void
child(void)
{
	long first = pair[0], second = pair[1];

	EXPECT(first == second || first == second + 1);
	for (int i = 0; i < 50; i++)
		free(malloc(i * 50));
	EXPECT(getenv("THREAD_FORK") != NULL || atfork_calls == 0);
	EXPECT_EQ(getpid(), syscall(SYS_gettid));
	EXPECT_EQ(0, pthread_kill(pthread_self(), 0));
	um_sleep_ms(1);
	EXPECT_EQ(first, pair[0]); /* nobody writes here any more */
	EXPECT(um_join(um_thread(nested, "x")) != NULL);
	exit(um_result());
}

static void *
fork_often(void *arg)
{
	int *status = arg;

	for (int i = 0; i < 6; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			um_failures = 0;
			child();
		}
		if (pid < 0 || um_wait(pid) != 0)
			um_step(status);
	}
	return NULL;
}

static void
prepare(void)
{
	um_step(&atfork_calls);
}

static void
in_child(void)
{
	child_calls++;
}

int
main(void)
{
	pthread_t t[4];
	int bad = 0;

	setenv("THREAD_FORK", "y", 1);
	pair = um_map(UM_PAGE, MAP_PRIVATE);
	EXPECT_EQ(0, pthread_atfork(prepare, prepare, in_child));
	t[0] = um_thread(allocate, NULL);
	t[1] = um_thread(write_pair, NULL);
	t[2] = um_thread(fork_often, &bad);
	t[3] = um_thread(fork_often, &bad);
	fork_often(&bad);
	um_join(t[2]);
	um_join(t[3]);
	um_step(&stop);
	um_join(t[0]);
	um_join(t[1]);
	EXPECT_EQ(0, bad);
	EXPECT_EQ(36, atfork_calls);
	EXPECT_EQ(0, child_calls);
	return um_result();
}
