/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do the interval timers of time used count it: in user mode only, or all of it; not while the program sleeps; of every
 * thread?
 */
#include <sys/time.h>

#include "user/tests/umclone.h"

static volatile int rings[NSIG];

static void
ring(int sig)
{
	rings[sig]++;
}

static long long
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void
compute(long ms)
{
	long long end = cpu_ns() + ms * 1000000ll;

	while (cpu_ns() < end)
		for (volatile int i = 0; i < 20000; i++)
			continue;
}

static void
set(int which, long first_us, long interval_us)
{
	struct itimerval t = {{0, interval_us}, {0, first_us}};

	REQUIRE(setitimer(which, &t, NULL) == 0);
}

static void
one(int which, int sig)
{
	struct itimerval left;

	rings[sig] = 0;
	set(which, 50000, 0);
	um_sleep_ms(150);
	EXPECT_EQ(0, rings[sig]);
	REQUIRE(getitimer(which, &left) == 0);
	EXPECT(left.it_value.tv_sec == 0 && left.it_value.tv_usec > 20000 &&
	    left.it_value.tv_usec <= 54000);
	compute(250);
	EXPECT_EQ(1, rings[sig]);
	REQUIRE(getitimer(which, &left) == 0);
	EXPECT(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0);
	/* Again and again, until it is stopped. */
	set(which, 20000, 20000);
	compute(400);
	EXPECT(rings[sig] >= 6);
	EXPECT(rings[sig] <= 26);
	set(which, 0, 0);
	rings[sig] = 0;
	compute(60);
	EXPECT_EQ(0, rings[sig]);
}

static long
work(void *arg)
{
	(void)arg;
	for (volatile long i = 0; rings[SIGPROF] < 3; i++)
		continue;
	return 0;
}

static void
threads(void)
{
	static struct um_thread t[3];

	rings[SIGPROF] = 0;
	set(ITIMER_PROF, 20000, 20000);
	for (int i = 0; i < 3; i++)
		um_thread_start(&t[i], i, work);
	for (int i = 0; i < 3; i++)
		um_thread_join(&t[i]);
	set(ITIMER_PROF, 0, 0);
}

static void
not_inherited(void *arg)
{
	struct itimerval left;

	(void)arg;
	EXPECT_EQ(0, getitimer(ITIMER_PROF, &left));
	EXPECT(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0);
}

static void
errors(void)
{
	struct itimerval t = {{0, 0}, {0, 1000000}}, old;

	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_PROF, &t, NULL));
	t.it_value.tv_usec = -1;
	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_VIRTUAL, &t, NULL));
	t.it_value.tv_usec = 0;
	t.it_value.tv_sec = -1;
	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_REAL, &t, NULL));
	t.it_value.tv_sec = 1000;
	EXPECT_ERRNO(EINVAL, setitimer(3, &t, NULL));
	EXPECT_ERRNO(EINVAL, setitimer(-1, &t, NULL));
	EXPECT_ERRNO(EINVAL, getitimer(3, &old));
	EXPECT_EQ(0, setitimer(ITIMER_PROF, &t, NULL));
	EXPECT_EQ(0, um_status_of(not_inherited, NULL));
	t.it_value.tv_sec = 0;
	EXPECT_EQ(0, setitimer(ITIMER_PROF, &t, &old));
	EXPECT(old.it_value.tv_sec >= 999 && old.it_value.tv_sec <= 1000);
}

int
main(void)
{
	signal(SIGVTALRM, ring);
	signal(SIGPROF, ring);
	one(ITIMER_VIRTUAL, SIGVTALRM);
	one(ITIMER_PROF, SIGPROF);
	threads();
	errors();
	return um_result();
}
