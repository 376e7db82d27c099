/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does SIGCHLD tell of each child what happened to it, as SA_NOCLDSTOP, SA_NOCLDWAIT and SIG_IGN
 * want it?
 */
#include <sched.h>

#include "user/tests/umtest.h"

static volatile sig_atomic_t calls, code, status, pid_seen;

static void
note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	code = info->si_code;
	status = info->si_status;
	pid_seen = info->si_pid;
	calls++;
}

static void
handle(unsigned long flags)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = note;
	act.sa_flags = SA_SIGINFO | flags;
	REQUIRE(sigaction(SIGCHLD, &act, NULL) == 0);
	calls = 0;
}

static void
wait_call(int n)
{
	for (int i = 0; calls < n && i < 2000; i++)
		um_sleep_ms(1);
	EXPECT_EQ(n, calls);
}

static pid_t
sleeper(void)
{
	pid_t pid = um_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void
ends(void)
{
	pid_t pid;

	handle(SA_RESTART);
	pid = um_fork();
	if (pid == 0)
		_exit(42);
	wait_call(1);
	EXPECT_EQ(CLD_EXITED, code);
	EXPECT_EQ(42, status);
	EXPECT_EQ(pid, pid_seen);
	EXPECT_EQ(42, um_wait(pid));
	pid = sleeper();
	kill(pid, SIGTERM);
	wait_call(2);
	EXPECT_EQ(CLD_KILLED, code);
	EXPECT_EQ(SIGTERM, status);
	EXPECT_EQ(128 + SIGTERM, um_wait(pid));
}

static void
stops(void)
{
	pid_t pid;
	int how;

	handle(SA_RESTART);
	pid = sleeper();
	kill(pid, SIGSTOP);
	wait_call(1);
	EXPECT_EQ(CLD_STOPPED, code);
	EXPECT_EQ(SIGSTOP, status);
	EXPECT_EQ(pid, waitpid(pid, &how, WUNTRACED));
	EXPECT(WIFSTOPPED(how) && WSTOPSIG(how) == SIGSTOP);
	kill(pid, SIGCONT);
	wait_call(2);
	EXPECT_EQ(CLD_CONTINUED, code);
	EXPECT_EQ(pid, waitpid(pid, &how, WCONTINUED));
	EXPECT(WIFCONTINUED(how));
	/* The same, but only the end is to be told. */
	handle(SA_RESTART | SA_NOCLDSTOP);
	kill(pid, SIGSTOP);
	EXPECT_EQ(pid, waitpid(pid, &how, WUNTRACED));
	kill(pid, SIGCONT);
	EXPECT_EQ(pid, waitpid(pid, &how, WCONTINUED));
	um_sleep_ms(5);
	EXPECT_EQ(0, calls);
	kill(pid, SIGKILL);
	wait_call(1);
	EXPECT_EQ(128 + SIGKILL, um_wait(pid));
}

/* Nobody waits: the child is gone at once, and wait has nothing to tell. */
static void
no_zombies(void (*set)(void), int want_calls)
{
	pid_t pid;

	set();
	calls = 0;
	pid = um_fork();
	if (pid == 0)
		_exit(1);
	EXPECT_ERRNO(ECHILD, waitpid(pid, NULL, 0));
	while (kill(pid, 0) == 0) /* Linux wakes the parent a little before */
		sched_yield();
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(want_calls, calls);
}

static void
set_nocldwait(void)
{
	handle(SA_RESTART | SA_NOCLDWAIT);
}

static void
set_ignore(void)
{
	signal(SIGCHLD, SIG_IGN);
}

int
main(void)
{
	ends();
	stops();
	no_zombies(set_nocldwait, 1);
	no_zombies(set_ignore, 0);
	signal(SIGCHLD, SIG_DFL);
	return um_result();
}
