/* SPDX-License-Identifier: BSD-2-Clause */
/* Do busy processes get to run on every hart of the machine? */
#include "user/tests/umtest.h"

#define SYS_GETCPU 168
#define MAX        64

static volatile long *seen;

static void
look_around(void)
{
	unsigned cpu = 0;

	for (int i = 0; i < 300; i++) {
		if (um_syscall(SYS_GETCPU, (long)&cpu, 0, 0, 0, 0, 0) == 0 && cpu < MAX)
			__atomic_store_n(&seen[cpu], 1, __ATOMIC_RELAXED);
		for (volatile int k = 0; k < 20000; k++)
			continue;
	}
}

int
main(void)
{
	long harts = sysconf(_SC_NPROCESSORS_ONLN), used = 0;
	unsigned cpu;
	pid_t pids[MAX];

	if (um_syscall(SYS_GETCPU, (long)&cpu, 0, 0, 0, 0, 0) == -ENOSYS)
		return UM_SKIP;
	seen = um_map(UM_PAGE, MAP_SHARED);
	for (int i = 0; i < 2 * harts; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0) {
			look_around();
			_exit(0);
		}
	}
	for (int i = 0; i < 2 * harts; i++)
		EXPECT_EQ(0, um_wait(pids[i]));
	for (int i = 0; i < MAX; i++)
		used += seen[i];
	EXPECT_EQ(harts, used);
	return um_result();
}
