/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a fork bomb has gone off and is killed, is it gone, and is the machine as quick as before soon after?
 *
 * A user without rights sets it off: first his limit of processes stops it, then, without one, the kernel's memory.
 */
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define NOBODY   65533
#define LIMIT    120
#define BURN_MS  1500
#define SECOND   1000000000l
#define QUIET_MS 400
#define TRIES    12

static long
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void
explode(rlim_t limit)
{
	struct rlimit processes = {limit, limit};

	setpgid(0, 0);
	REQUIRE(setrlimit(RLIMIT_NPROC, &processes) == 0);
	REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	for (;;)
		if (fork() < 0 && errno != EAGAIN && errno != ENOMEM)
			_exit(1);
}

/*
 * Killed once, it is gone: nobody gets away by having been born meanwhile. Forks that had begun are counted, and come to
 * nothing; its dead may still wait for process 1.
 */
static void
put_out(pid_t group)
{
	long before, after = -1;

	EXPECT_EQ(0, kill(-group, SIGKILL));
	for (int i = 0; i < TRIES; i++) {
		before = after;
		um_sleep_ms(QUIET_MS);
		after = um_proc_value("/proc/vmstat", "forks");
		if (after == before)
			return;
	}
	EXPECT(before == after);
}

static long
time_of_program(void)
{
	long start = now_ns();
	pid_t pid = um_fork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	EXPECT_EQ(0, um_wait(pid));
	return now_ns() - start;
}

static void
survive(rlim_t limit)
{
	pid_t bomb = um_fork();

	if (bomb == 0)
		explode(limit);
	setpgid(bomb, bomb);
	um_sleep_ms(BURN_MS);
	put_out(bomb);
	EXPECT_EQ(128 + SIGKILL, um_wait(bomb));
	EXPECT(time_of_program() < 5 * SECOND);
}

int
main(void)
{
	if (geteuid() != 0 || um_proc_value("/proc/vmstat", "kstack_high_water") < 0)
		return UM_SKIP;
	time_of_program();
	survive(LIMIT);
	survive(RLIM_INFINITY);
	return um_result();
}
