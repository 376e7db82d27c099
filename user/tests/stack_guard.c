/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a stack stop growing before it touches the mapping below it?
 *
 *     [ mapping ] . . . guard . . . . [ stack grows down -> ]        a runaway recursion must die in the guard
 */
#include "user/tests/umtest.h"

#define BELOW (2ul << 20)

static char *wall;

static __attribute__((noinline)) int
recurse(volatile char *above)
{
	volatile char frame[1000];

	if (above == NULL)
		return 0;
	frame[0] = above[0];
	return recurse(frame) + frame[0];
}

static void
run_away(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < UM_PAGE; i++)
		if (wall[i] != 'w')
			um_fail(__FILE__, __LINE__, "the mapping changed");
	recurse(wall);
}

/* The recursion ends by a signal, and the page below, shared so that we can see it, is as it was. */
int
main(void)
{
	uintptr_t at = ((uintptr_t)__builtin_frame_address(0) - BELOW) & -UM_PAGE;

	wall = mmap((void *)at, UM_PAGE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	REQUIRE(wall == (char *)at);
	memset(wall, 'w', UM_PAGE);
	EXPECT_EQ(128 + SIGSEGV, um_status_of(run_away, NULL));
	for (size_t i = 0; i < UM_PAGE; i++)
		if (!EXPECT(wall[i] == 'w'))
			break;
	/* Right above the wall nothing was left behind either: the guard itself is never used. */
	EXPECT_EQ(128 + SIGSEGV, um_load_status(wall + UM_PAGE));
	return um_result();
}
