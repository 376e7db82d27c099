/* SPDX-License-Identifier: BSD-2-Clause */
/* When 8 processes fork, write, exit and wait as fast as they can, is every child counted once and all memory right? */
#include "user/tests/umtest.h"

#define PROCESSES 8
#define FORKS     150
#define PAGES     8
#define WORDS     (UM_PAGE / 8)

static void
storm(int who)
{
	uint64_t *base = um_map(PAGES * UM_PAGE, MAP_PRIVATE);

	for (int i = 0; i < FORKS; i++) {
		pid_t pid;

		for (int page = 0; page < PAGES; page++)
			base[page * WORDS] = um_mix(who, i + page);
		pid = um_fork();
		if (pid == 0) {
			for (int page = 0; page < PAGES; page++) {
				EXPECT_EQ(um_mix(who, i + page), base[page * WORDS]);
				base[page * WORDS] = 0;
			}
			_exit(um_result() == 0 ? i % 100 : 200);
		}
		/* While the child copies, so do we. */
		base[(i % PAGES) * WORDS + 1] = i;
		EXPECT_EQ(i % 100, um_wait(pid));
		for (int page = 0; page < PAGES; page++)
			EXPECT_EQ(um_mix(who, i + page), base[page * WORDS]);
	}
}

int
main(void)
{
	pid_t pids[PROCESSES];

	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0) {
			storm(i);
			exit(um_result());
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, um_wait(pids[i]));
	return um_result();
}
