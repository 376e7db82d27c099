/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a process that is stopped and continued in quick succession go on, whatever the moment, and does one that is killed
 * while it stops die? Does a stop stop every thread, before the parent hears of it?
 */
#include "user/tests/umclone.h"

#define ROUNDS  150
#define WORKERS 4
#define SECOND  1000000000ll

static long *counters; /* shared with the child: one for each thread */

static long long
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* => whether the counter moves within five seconds */
static bool
moves(const long *counter)
{
	long before = __atomic_load_n(counter, __ATOMIC_SEQ_CST);
	long long end = now_ns() + 5 * SECOND;

	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) == before && now_ns() < end)
		um_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST) != before;
}

static long
count(void *arg)
{
	struct um_thread *t = arg;

	for (;;) {
		__atomic_add_fetch(&counters[t->index], 1, __ATOMIC_SEQ_CST);
		um_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
	return 0;
}

static pid_t
start(int threads)
{
	static struct um_thread t[WORKERS];
	pid_t pid = um_fork();

	if (pid == 0) {
		for (int i = 1; i < threads; i++)
			um_thread_start(&t[i], i, count);
		t[0].index = 0;
		count(&t[0]);
	}
	/* A group of its own, of which we are the link: SIGTSTP would not stop an orphan. */
	REQUIRE(setpgid(pid, pid) == 0);
	for (int i = 0; i < threads; i++)
		REQUIRE(moves(&counters[i]));
	return pid;
}

static void
finish(pid_t pid)
{
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, um_wait(pid));
}

static void
stop_and_go(int sig)
{
	pid_t pid = start(1);
	int i;

	for (i = 0; i < ROUNDS; i++) {
		kill(pid, sig);
		/* Some rounds meet it before it has noticed, some while it stops, some after. */
		for (volatile int delay = 0; delay < i * 20; delay++)
			continue;
		kill(pid, SIGCONT);
		if (!moves(&counters[0]))
			break;
	}
	EXPECT_EQ(ROUNDS, i);
	finish(pid);
}

static void
kill_while_it_stops(void)
{
	for (int i = 0; i < ROUNDS / 3; i++) {
		pid_t pid = start(1);
		int status;

		kill(pid, SIGSTOP);
		for (volatile int delay = 0; delay < i * 60; delay++)
			continue;
		um_syscall(SYS_tgkill, pid, pid, SIGKILL, 0, 0, 0);
		while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status))
			continue;
		EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

static void
all_threads(void)
{
	pid_t pid = start(WORKERS);
	long before[WORKERS];
	int status;

	for (int round = 0; round < 20; round++) {
		kill(pid, SIGSTOP);
		REQUIRE(waitpid(pid, &status, WUNTRACED) == pid);
		EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		memcpy(before, counters, sizeof(before));
		um_sleep_ms(5);
		for (int i = 0; i < WORKERS; i++)
			EXPECT_EQ(before[i], counters[i]);
		EXPECT_EQ(0, waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG));
		kill(pid, SIGCONT);
		REQUIRE(waitpid(pid, &status, WCONTINUED) == pid);
		EXPECT(WIFCONTINUED(status));
		for (int i = 0; i < WORKERS; i++)
			EXPECT(moves(&counters[i]));
	}
	finish(pid);
}

int
main(void)
{
	counters = um_map(UM_PAGE, MAP_SHARED);
	stop_and_go(SIGSTOP);
	stop_and_go(SIGTSTP);
	kill_while_it_stops();
	all_threads();
	return um_result();
}
