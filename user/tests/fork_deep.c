/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In a line of 40 living generations, does each see the last write of its ancestors and none of its descendants?
 * All of the chain's objects stay in use, so none may be collapsed away.
 */
#include "user/tests/umtest.h"

#define DEPTH 40
#define WORDS (UM_PAGE / 8)

static uint64_t *base;

/* Generation g writes page g before it forks on and page DEPTH + g when all its descendants are gone. */
static void
generation(int g)
{
	pid_t pid;

	for (int i = 0; i < DEPTH; i++)
		EXPECT_EQ(i < g ? um_mix(um_nonce(), i) : 0, base[i * WORDS]);
	base[g * WORDS] = um_mix(um_nonce(), g);
	if (g + 1 < DEPTH) {
		pid = um_fork();
		if (pid == 0) {
			generation(g + 1);
			exit(um_result());
		}
		EXPECT_EQ(0, um_wait(pid));
	}
	for (int i = 0; i < DEPTH; i++) {
		EXPECT_EQ(i <= g ? um_mix(um_nonce(), i) : 0, base[i * WORDS]);
		EXPECT_EQ(0, base[(DEPTH + i) * WORDS]);
	}
	base[(DEPTH + g) * WORDS] = 1;
}

int
main(void)
{
	base = um_map(2 * DEPTH * UM_PAGE, MAP_PRIVATE);
	generation(0);
	um_value(base[0]);
	return um_result();
}
