/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a signal for a process go to a thread that does not block it, or waits for it; does it go to another when the one
 * that was to take it blocks it first, or exits; does one for a thread go to no other?
 */
#include "user/tests/umclone.h"

static struct um_thread b;
static volatile int taker[NSIG], handled[NSIG], stop, up, got;

static void
note(int sig)
{
	taker[sig] = (int)um_gettid();
	handled[sig]++;
}

static bool
soon(volatile int *count, int n)
{
	for (int i = 0; i < 2000 && *count < n; i++)
		um_sleep_ms(1);
	return *count >= n;
}

static void
set_mask(int how, int sig1, int sig2)
{
	uint64_t set = 1ul << (sig1 - 1) | 1ul << (sig2 - 1);

	um_syscall(SYS_rt_sigprocmask, how, (long)&set, 0, 8, 0, 0);
}

static long
idle(void *arg)
{
	(void)arg;
	up = 1;
	while (!stop)
		um_sleep_ms(2);
	return 0;
}

static long
wait_for_usr2(void *arg)
{
	uint64_t set = 1ul << (SIGUSR2 - 1);

	(void)arg;
	up = 1;
	got = (int)um_syscall(SYS_rt_sigtimedwait, (long)&set, 0, 0, 8, 0, 0);
	return 0;
}

static void
start(long (*fn)(void *))
{
	stop = up = got = 0;
	memset((void *)handled, 0, sizeof(handled));
	um_thread_start(&b, 1, fn);
	soon(&up, 1);
	um_sleep_ms(10);
}

static void
end(void)
{
	stop = 1;
	um_thread_join(&b);
}

/* Blocked here, open there. */
static void
unblocked_one(void)
{
	start(idle);
	set_mask(SIG_BLOCK, SIGUSR1, SIGUSR2);
	for (int i = 1; i <= 20; i++) {
		kill(getpid(), SIGUSR1);
		EXPECT(soon(&handled[SIGUSR1], i));
	}
	EXPECT_EQ(b.tid, taker[SIGUSR1]);
	/* For this thread alone: it stays pending. */
	um_syscall(SYS_tgkill, getpid(), getpid(), SIGUSR2, 0, 0, 0);
	um_sleep_ms(20);
	EXPECT_EQ(0, handled[SIGUSR2]);
	set_mask(SIG_UNBLOCK, SIGUSR1, SIGUSR2);
	EXPECT_EQ(1, handled[SIGUSR2]);
	EXPECT_EQ(getpid(), taker[SIGUSR2]);
	um_syscall(SYS_tgkill, getpid(), b.tid, SIGUSR2, 0, 0, 0);
	EXPECT(soon(&handled[SIGUSR2], 2));
	EXPECT_EQ(b.tid, taker[SIGUSR2]);
	end();
}

/* One that waits for it while everybody blocks it. */
static void
waiting_one(void)
{
	set_mask(SIG_BLOCK, SIGUSR1, SIGUSR2);
	start(wait_for_usr2);
	kill(getpid(), SIGUSR2);
	EXPECT(soon(&got, 1));
	EXPECT_EQ(SIGUSR2, got);
	EXPECT_EQ(0, handled[SIGUSR2]);
	end();
	set_mask(SIG_UNBLOCK, SIGUSR1, SIGUSR2);
	EXPECT_EQ(0, handled[SIGUSR2]);
}

/* The handler of the first signal blocks the second, which was to be ours too. */
static void
until_usr2(int sig)
{
	note(sig);
	for (int i = 0; i < 2000 && handled[SIGUSR2] == 0; i++)
		um_sleep_ms(1);
	got = handled[SIGUSR2];
}

static void
send_both(pid_t to)
{
	pid_t pid = um_fork();

	if (pid == 0) {
		um_sleep_ms(30);
		kill(to, SIGUSR1);
		kill(to, SIGUSR2);
		_exit(0);
	}
}

static void
passed_on(void)
{
	struct sigaction sa = {.sa_handler = until_usr2};

	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	start(idle);
	send_both(getpid());
	EXPECT(soon(&handled[SIGUSR1], 1));
	soon(&got, 1);
	EXPECT_EQ(1, got);
	if (taker[SIGUSR1] == getpid())
		EXPECT_EQ(b.tid, taker[SIGUSR2]);
	end();
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	signal(SIGUSR1, note);
}

/* The thread that is to take it exits at that moment: the other one, started later, does. */
static long
short_life(void *arg)
{
	struct um_thread *me = arg;

	for (int i = 0; i < me->index; i++)
		um_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	return 0;
}

static void
none_lost(void)
{
	static struct um_thread s;
	uint64_t none = 0, blocked;

	set_mask(SIG_BLOCK, SIGUSR1, SIGUSR1);
	for (int i = 0; i < 60; i++) {
		um_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, (long)&blocked, 8, 0, 0);
		um_thread_start(&s, i % 20, short_life);
		stop = 0;
		handled[SIGUSR1] = 0;
		um_thread_start(&b, 1, idle);
		um_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&blocked, 0, 8, 0, 0);
		kill(getpid(), SIGUSR1);
		EXPECT(soon(&handled[SIGUSR1], 1));
		um_thread_join(&s);
		end();
	}
}

int
main(void)
{
	struct sigaction sa = {.sa_handler = note, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	unblocked_one();
	waiting_one();
	passed_on();
	none_lost();
	return um_result();
}
