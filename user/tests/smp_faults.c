/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When 16 processes touch the same fresh shared pages at the same time, is it one page for all of them?
 * Two harts that both fill the same page would each count on their own.
 */
#include "user/tests/umtest.h"

#define PROCESSES 16
#define PAGES     256
#define ROUNDS    4

static long *base, *gate;

static void
add_to_all(int who)
{
	__atomic_add_fetch(gate, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(gate, __ATOMIC_SEQ_CST) < PROCESSES)
		continue;
	for (int i = 0; i < PAGES; i++)
		__atomic_add_fetch(&base[i * (UM_PAGE / sizeof(long))], who, __ATOMIC_RELAXED);
}

int
main(void)
{
	pid_t pids[PROCESSES];
	long want = PROCESSES * (PROCESSES + 1) / 2;

	gate = um_map(UM_PAGE, MAP_SHARED);
	for (int round = 0; round < ROUNDS; round++) {
		base = um_map(PAGES * UM_PAGE, MAP_SHARED);
		*gate = 0;
		for (int i = 0; i < PROCESSES; i++) {
			pids[i] = um_fork();
			if (pids[i] == 0) {
				add_to_all(i + 1);
				exit(um_result());
			}
		}
		for (int i = 0; i < PROCESSES; i++)
			EXPECT_EQ(0, um_wait(pids[i]));
		for (int i = 0; i < PAGES; i++)
			EXPECT_EQ(want, base[i * (UM_PAGE / sizeof(long))]);
		REQUIRE(munmap(base, PAGES * UM_PAGE) == 0);
	}
	return um_result();
}
