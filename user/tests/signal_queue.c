/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do queued real-time signals arrive in order with their values, is their number limited by RLIMIT_SIGPENDING, and are
 * those of kill(), and the standard signals, sent all the same?
 */
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define RT    (SIGRTMIN + 3)
#define LIMIT 5

static int
queue(int sig, int value)
{
	union sigval v = {.sival_int = value};

	return sigqueue(getpid(), sig, v);
}

static void
drain(sigset_t *set)
{
	struct timespec none = {0, 0};
	siginfo_t info;

	while (sigtimedwait(set, &info, &none) > 0)
		continue;
}

int
main(void)
{
	struct rlimit limit = {LIMIT, LIMIT};
	struct timespec none = {0, 0};
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, RT);
	sigaddset(&set, RT + 1);
	sigaddset(&set, SIGUSR1);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	REQUIRE(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	for (int i = 0; i < LIMIT; i++)
		EXPECT_EQ(0, queue(RT, i));
	for (int i = 0; i < 1000; i++)
		EXPECT_ERRNO(EAGAIN, queue(RT, 99));
	EXPECT_ERRNO(EAGAIN, queue(RT + 1, 99));
	EXPECT_EQ(0, kill(getpid(), RT + 1));
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));

	EXPECT_EQ(SIGUSR1, sigtimedwait(&set, &info, &none));
	EXPECT_EQ(SI_USER, info.si_code);
	for (int i = 0; i < LIMIT; i++) {
		EXPECT_EQ(RT, sigtimedwait(&set, &info, &none));
		EXPECT_EQ(i, info.si_value.sival_int);
		EXPECT_EQ(SI_QUEUE, info.si_code);
		EXPECT_EQ(getpid(), info.si_pid);
	}
	EXPECT_EQ(RT + 1, sigtimedwait(&set, &info, &none));
	EXPECT_ERRNO(EAGAIN, sigtimedwait(&set, &info, &none));

	/* What has been taken makes room. */
	for (int i = 0; i < LIMIT; i++)
		EXPECT_EQ(0, queue(RT, i));
	EXPECT_ERRNO(EAGAIN, queue(RT, 99));
	drain(&set);
	EXPECT_EQ(0, queue(RT, 7));
	drain(&set);
	limit.rlim_cur = 0;
	EXPECT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &limit));
	EXPECT_ERRNO(EAGAIN, queue(RT, 1));
	EXPECT_EQ(0, kill(getpid(), RT));
	return um_result();
}
