/* SPDX-License-Identifier: BSD-2-Clause */
/* Does setitimer ring when asked, again when asked, and not any more when stopped? */
#include <sys/syscall.h>
#include <sys/time.h>

#include "user/tests/umtest.h"

static volatile sig_atomic_t rings;

static void
ring(int sig)
{
	(void)sig;
	rings++;
}

static long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
wait_rings(int n)
{
	while (rings < n)
		um_sleep_ms(1);
}

static void
once(void)
{
	struct itimerval t = {{0, 0}, {0, 30000}}, left;
	long begin = now_us();

	EXPECT_EQ(0, setitimer(ITIMER_REAL, &t, NULL));
	EXPECT_EQ(0, getitimer(ITIMER_REAL, &left));
	EXPECT(left.it_value.tv_sec == 0 && left.it_value.tv_usec > 0);
	EXPECT(left.it_value.tv_usec <= 40000);
	wait_rings(1);
	EXPECT(now_us() - begin >= 30000);
	um_sleep_ms(60);
	EXPECT_EQ(1, rings);
	EXPECT_EQ(0, getitimer(ITIMER_REAL, &left));
	EXPECT(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0);
}

static void
again_and_again(void)
{
	struct itimerval t = {{0, 10000}, {0, 10000}}, off = {{0, 0}, {0, 0}}, old;
	long begin = now_us();
	int n;

	rings = 0;
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &t, NULL));
	wait_rings(5);
	EXPECT(now_us() - begin >= 50000 - 1000);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &off, &old));
	EXPECT_EQ(10000, old.it_interval.tv_usec);
	n = rings;
	um_sleep_ms(40);
	EXPECT_EQ(n, rings);
}

static void
alarms(void)
{
	EXPECT_EQ(0, alarm(100));
	EXPECT_EQ(100, alarm(50));
	EXPECT_EQ(50, alarm(0));
	EXPECT_EQ(0, alarm(0));
}

/* The child has no timer; a program that execs keeps it, which proc tests ask. */
static void
not_inherited(void *arg)
{
	struct itimerval left;

	(void)arg;
	EXPECT_EQ(0, getitimer(ITIMER_REAL, &left));
	EXPECT(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0);
}

static void
by_default_fatal(void *arg)
{
	struct itimerval t = {{0, 0}, {0, 5000}};

	(void)arg;
	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &t, NULL);
	for (;;)
		pause();
}

static void
errors(void)
{
	struct itimerval bad = {{0, 0}, {0, 1000000}}, t;

	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_REAL, &bad, NULL));
	bad.it_value.tv_usec = -1;
	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_REAL, &bad, NULL));
	EXPECT_ERRNO(EINVAL, getitimer(7, &t));
	EXPECT_EQ(-EFAULT, um_syscall(SYS_setitimer, ITIMER_REAL, 8, 0, 0, 0, 0));
	EXPECT_EQ(-EFAULT, um_syscall(SYS_getitimer, ITIMER_REAL, 8, 0, 0, 0, 0));
}

int
main(void)
{
	signal(SIGALRM, ring);
	once();
	again_and_again();
	alarms();
	alarm(100);
	EXPECT_EQ(0, um_status_of(not_inherited, NULL));
	alarm(0);
	EXPECT_EQ(128 + SIGALRM, um_status_of(by_default_fatal, NULL));
	errors();
	return um_result();
}
