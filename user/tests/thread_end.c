/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a process with threads end once, with the right status, whichever thread ends it and
 * whatever the others do?
 */
#include "user/tests/umthread.h"

static void *
busy(void *arg)
{
	volatile long n = 0;

	(void)arg;
	for (;;)
		n++;
	return NULL;
}

static void *
asleep(void *arg)
{
	int fds[2];
	char c;

	(void)arg;
	REQUIRE(pipe(fds) == 0);
	(void)!read(fds[0], &c, 1);
	return NULL;
}

static void *
in_memory(void *arg)
{
	(void)arg;
	for (;;) {
		char *p = um_map(64 * UM_PAGE, MAP_PRIVATE);

		memset(p, 1, 64 * UM_PAGE);
		munmap(p, 64 * UM_PAGE);
	}
	return NULL;
}

static void *
forking(void *arg)
{
	pid_t pid;

	(void)arg;
	for (;;) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return NULL;
}

static void *
exits(void *arg)
{
	um_sleep_ms(5);
	_exit((long)arg);
}

static void
others(void)
{
	um_thread(busy, NULL);
	um_thread(asleep, NULL);
	um_thread(in_memory, NULL);
	um_thread(forking, NULL);
}

static void
exit_from_a_thread(void *arg)
{
	others();
	um_thread(exits, arg);
	for (;;)
		pause();
}

static void
exit_from_main(void *arg)
{
	others();
	um_sleep_ms(5);
	_exit((long)arg);
}

static void
return_from_main(void *arg)
{
	(void)arg;
	others();
}

static int handlers;

static void
handler(void)
{
	handlers++;
	_exit(handlers == 1 ? 9 : 10);
}

static void *
late(void *arg)
{
	(void)arg;
	um_sleep_ms(10);
	return NULL;
}

/* Main leaves first; the last thread ends the process as exit(0) would. */
static void
main_leaves(void *arg)
{
	if (arg != NULL)
		atexit(handler);
	um_thread(late, NULL);
	pthread_exit(NULL);
}

static pthread_t main_thread;

static void *
joins_main(void *arg)
{
	void *result;

	(void)arg;
	EXPECT_EQ(0, pthread_join(main_thread, &result));
	EXPECT_EQ(77, (long)result);
	_exit(um_failures == 0 ? 11 : 12);
}

static void
main_is_joined(void *arg)
{
	(void)arg;
	main_thread = pthread_self();
	um_thread(joins_main, NULL);
	um_sleep_ms(5);
	pthread_exit((void *)77);
}

/* The raw call ends one thread only, and the process lives as long as one is left. */
static void *
raw_exit(void *arg)
{
	(void)arg;
	um_syscall(SYS_exit, 33, 0, 0, 0, 0, 0);
	return NULL;
}

static void
last_thread_counts(void *arg)
{
	(void)arg;
	pthread_detach(um_thread(raw_exit, NULL));
	um_sleep_ms(10);
	um_syscall(SYS_exit, 44, 0, 0, 0, 0, 0);
}

static void
kill_it(void *arg)
{
	pid_t pid = um_fork();

	(void)arg;
	if (pid == 0) {
		others();
		for (;;)
			pause();
	}
	um_sleep_ms(10);
	EXPECT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(128 + SIGTERM, um_wait(pid));
}

int
main(void)
{
	for (long i = 0; i < 3; i++) {
		EXPECT_EQ(20 + i, um_status_of(exit_from_a_thread, (void *)(20 + i)));
		EXPECT_EQ(30 + i, um_status_of(exit_from_main, (void *)(30 + i)));
		EXPECT_EQ(0, um_status_of(return_from_main, NULL));
		kill_it(NULL);
	}
	EXPECT_EQ(0, um_status_of(main_leaves, NULL));
	EXPECT_EQ(9, um_status_of(main_leaves, "handler"));
	EXPECT_EQ(11, um_status_of(main_is_joined, NULL));
	EXPECT_EQ(44, um_status_of(last_thread_counts, NULL));
	return um_result();
}
