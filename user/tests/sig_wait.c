/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Can a program wait for signals without a gap, by sigsuspend, sigtimedwait and sigwait, and learn
 * who sent what?
 */
#include <sys/syscall.h>

#include "user/tests/umtest.h"

static volatile sig_atomic_t calls;
static volatile sig_atomic_t order[8];

static void
count(int sig)
{
	if (calls < 8)
		order[calls] = sig;
	calls++;
}

static sigset_t
set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, a);
	sigaddset(&set, b);
	return set;
}

static void
suspend(void)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR2), old, only_usr2, now;
	pid_t me = getpid(), pid;

	signal(SIGUSR1, count);
	signal(SIGUSR2, count);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	only_usr2 = old;
	sigaddset(&only_usr2, SIGUSR2);
	/* Pending already: it comes at once, and only during the call. */
	raise(SIGUSR2);
	raise(SIGUSR1);
	EXPECT_EQ(0, calls);
	EXPECT_ERRNO(EINTR, sigsuspend(&only_usr2));
	EXPECT_EQ(1, calls);
	EXPECT_EQ(SIGUSR1, order[0]);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EXPECT_EQ(1, sigismember(&now, SIGUSR1));
	EXPECT_EQ(1, sigismember(&now, SIGUSR2));
	EXPECT_ERRNO(EINTR, sigsuspend(&old));
	EXPECT_EQ(2, calls);
	/* Not there yet. */
	pid = um_fork();
	if (pid == 0) {
		um_sleep_ms(20);
		_exit(kill(me, SIGUSR1) != 0);
	}
	EXPECT_ERRNO(EINTR, sigsuspend(&old));
	EXPECT_EQ(3, calls);
	EXPECT_EQ(0, um_wait(pid));
	sigprocmask(SIG_SETMASK, &old, NULL);
	EXPECT_EQ(-EINVAL, um_syscall(SYS_rt_sigsuspend, (long)&old, 4, 0, 0, 0, 0));
	EXPECT_EQ(-EFAULT, um_syscall(SYS_rt_sigsuspend, 8, 8, 0, 0, 0, 0));
}

static void
timed(void)
{
	sigset_t set = set_of(SIGUSR1, SIGRTMIN + 3), old;
	struct timespec none = {0, 0}, little = {0, 20000000}, bad = {0, 1000000000}, before, after;
	union sigval value = {.sival_int = 31};
	siginfo_t info;
	pid_t me = getpid(), pid;

	REQUIRE(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	calls = 0;
	EXPECT_ERRNO(EAGAIN, sigtimedwait(&set, &info, &none));
	clock_gettime(CLOCK_MONOTONIC, &before);
	EXPECT_ERRNO(EAGAIN, sigtimedwait(&set, &info, &little));
	clock_gettime(CLOCK_MONOTONIC, &after);
	EXPECT((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >=
	    20000000);
	EXPECT_ERRNO(EINVAL, sigtimedwait(&set, &info, &bad));
	kill(me, SIGUSR1);
	EXPECT_EQ(SIGUSR1, sigtimedwait(&set, &info, &none));
	EXPECT_EQ(SIGUSR1, info.si_signo);
	EXPECT_EQ(SI_USER, info.si_code);
	EXPECT_EQ(me, info.si_pid);
	EXPECT_EQ(0, sigqueue(me, SIGRTMIN + 3, value));
	EXPECT_EQ(SIGRTMIN + 3, sigwaitinfo(&set, &info));
	EXPECT_EQ(SI_QUEUE, info.si_code);
	EXPECT_EQ(31, info.si_value.sival_int);
	pid = um_fork();
	if (pid == 0) {
		um_sleep_ms(20);
		_exit(kill(me, SIGUSR1) != 0);
	}
	EXPECT_EQ(SIGUSR1, sigtimedwait(&set, &info, NULL));
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_EQ(0, um_wait(pid));
	/* Another signal's handler interrupts the wait. */
	pid = um_fork();
	if (pid == 0) {
		um_sleep_ms(20);
		_exit(kill(me, SIGUSR2) != 0);
	}
	EXPECT_ERRNO(EINTR, sigwaitinfo(&set, &info));
	EXPECT_EQ(1, calls);
	EXPECT_EQ(0, um_wait(pid));
	sigprocmask(SIG_SETMASK, &old, NULL);
	EXPECT_EQ(1, calls); /* no handler ran for what was waited for */
}

/* Real-time signals queue, with their values in order; others are pending once. */
static void
queues(void)
{
	sigset_t set = set_of(SIGUSR1, SIGRTMIN + 1), pending, old;
	siginfo_t info;

	REQUIRE(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	for (int i = 0; i < 5; i++) {
		union sigval value = {.sival_int = i};

		EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN + 1, value));
		raise(SIGUSR1);
	}
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT_EQ(1, sigismember(&pending, SIGUSR1));
	EXPECT_EQ(1, sigismember(&pending, SIGRTMIN + 1));
	EXPECT_EQ(SIGUSR1, sigwaitinfo(&set, &info)); /* the lower number first */
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(SIGRTMIN + 1, sigwaitinfo(&set, &info));
		EXPECT_EQ(i, info.si_value.sival_int);
	}
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT_EQ(0, sigismember(&pending, SIGUSR1));
	EXPECT_EQ(0, sigismember(&pending, SIGRTMIN + 1));
	/* What becomes ignored is pending no longer. */
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT_EQ(0, sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void
child_starts_clean(void *arg)
{
	sigset_t pending;

	(void)arg;
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT_EQ(0, sigismember(&pending, SIGUSR2));
	sigprocmask(SIG_BLOCK, NULL, &pending);
	EXPECT_EQ(1, sigismember(&pending, SIGUSR2)); /* but the mask is the parent's */
}

int
main(void)
{
	sigset_t set = set_of(SIGUSR2, SIGUSR2);

	suspend();
	timed();
	queues();
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	EXPECT_EQ(0, um_status_of(child_starts_clean, NULL));
	return um_result();
}
