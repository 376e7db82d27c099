/* SPDX-License-Identifier: BSD-2-Clause */
/* Do handlers run with the right signals blocked, and come back to exactly where the program was? */
#include "user/tests/umtest.h"

static volatile int counts[65], depth, deepest;
static volatile sig_atomic_t blocked_inside;

static void
count(int sig)
{
	sigset_t now;

	counts[sig]++;
	if (++depth > deepest)
		deepest = depth;
	sigprocmask(SIG_BLOCK, NULL, &now);
	blocked_inside = sigismember(&now, sig);
	if (sig == SIGUSR1 && counts[sig] == 1)
		raise(SIGUSR2);
	depth--;
}

static void
handle(int sig, int flags)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = count;
	act.sa_flags = flags;
	REQUIRE(sigaction(sig, &act, NULL) == 0);
}

static void
runs_and_nests(void)
{
	handle(SIGUSR1, 0);
	handle(SIGUSR2, 0);
	for (int i = 0; i < 100; i++)
		raise(SIGUSR1);
	EXPECT_EQ(100, counts[SIGUSR1]);
	EXPECT_EQ(1, counts[SIGUSR2]);
	EXPECT_EQ(2, deepest);
	EXPECT_EQ(1, blocked_inside);
}

static void
waits_while_blocked(void)
{
	sigset_t set, old, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	counts[SIGUSR1] = 1;
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, &old));
	raise(SIGUSR1);
	raise(SIGUSR1);
	EXPECT_EQ(1, counts[SIGUSR1]);
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT_EQ(1, sigismember(&pending, SIGUSR1));
	EXPECT_EQ(0, sigprocmask(SIG_SETMASK, &old, NULL));
	EXPECT_EQ(2, counts[SIGUSR1]);
}

static void
interrupts(void)
{
	int fds[2];
	pid_t me = getpid(), pid;
	char c;

	REQUIRE(pipe(fds) == 0);
	handle(SIGUSR2, 0);
	pid = um_fork();
	if (pid == 0) {
		um_sleep_ms(30);
		kill(me, SIGUSR2);
		_exit(0);
	}
	EXPECT_ERRNO(EINTR, read(fds[0], &c, 1));
	EXPECT_EQ(0, um_wait(pid));

	handle(SIGUSR2, SA_RESTART);
	pid = um_fork();
	if (pid == 0) {
		um_sleep_ms(30);
		kill(me, SIGUSR2);
		um_sleep_ms(30);
		_exit(write(fds[1], "x", 1) != 1);
	}
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(0, um_wait(pid));
}

/* Neither may be caught, ignored or blocked. */
static void
kill_and_stop(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = SIG_IGN;
	EXPECT_ERRNO(EINVAL, sigaction(SIGKILL, &act, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(SIGSTOP, &act, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(65, &act, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(0, &act, NULL));
}

/* An ignored signal stays ignored across exec and fork, a caught one does not: here only fork is asked. */
static void
inherits(void *arg)
{
	struct sigaction act;

	(void)arg;
	EXPECT_EQ(0, sigaction(SIGUSR1, NULL, &act));
	EXPECT(act.sa_handler == count);
	EXPECT_EQ(0, sigaction(SIGHUP, NULL, &act));
	EXPECT(act.sa_handler == SIG_IGN);
	raise(SIGHUP);
}

int
main(void)
{
	runs_and_nests();
	waits_while_blocked();
	interrupts();
	kill_and_stop();
	signal(SIGHUP, SIG_IGN);
	EXPECT_EQ(0, um_status_of(inherits, NULL));
	return um_result();
}
