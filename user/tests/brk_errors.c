/* SPDX-License-Identifier: BSD-2-Clause */
/* Does brk stay where it is when asked for the impossible, and say so? */
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define SYS_BRK  214
#define USER_END 0x4000000000ul
#define RW       (PROT_READ | PROT_WRITE)

static unsigned long
brk_to(unsigned long to)
{
	return um_syscall(SYS_BRK, to, 0, 0, 0, 0, 0);
}

int
main(void)
{
	static const unsigned long wrong[] = {0, 1, UM_PAGE, USER_END - UM_PAGE, USER_END,
	    1ul << 62, 1ul << 63, 0xffffffc000000000, -UM_PAGE, -1ul, -2ul};
	unsigned long start = brk_to(0), now;
	char *wall;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_EQ(start, brk_to(wrong[i]));
	/* Odd ones are taken as they are. */
	now = start + 3 * UM_PAGE + 123;
	EXPECT_EQ(now, brk_to(now));
	((char *)start)[3 * UM_PAGE + 122] = 'b';
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_EQ(now, brk_to(wrong[i]));
	EXPECT_EQ('b', ((char *)start)[3 * UM_PAGE + 122]);
	/* Something in the way. */
	wall = (char *)((start + 64 * UM_PAGE) & -UM_PAGE);
	REQUIRE(mmap(wall, UM_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == wall);
	wall[0] = 'w';
	EXPECT_EQ(now, brk_to((unsigned long)wall + 1));
	EXPECT_EQ(now, brk_to((unsigned long)wall + 10 * UM_PAGE));
	EXPECT_EQ('w', wall[0]);
	munmap(wall, UM_PAGE);
	EXPECT_EQ((unsigned long)wall + UM_PAGE, brk_to((unsigned long)wall + UM_PAGE));
	EXPECT_EQ(0, wall[0]);
	/* A hole in the heap is no obstacle on the way down. */
	munmap(wall - 2 * UM_PAGE, UM_PAGE);
	EXPECT_EQ(now, brk_to(now));
	EXPECT_EQ('b', ((char *)start)[3 * UM_PAGE + 122]);
	EXPECT_EQ(start, brk_to(start));
	return um_result();
}
