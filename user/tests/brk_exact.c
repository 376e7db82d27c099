/* SPDX-License-Identifier: BSD-2-Clause */
/* Does brk return exactly the break asked for, or the old one when it cannot be had? */
#include "user/tests/umtest.h"

static unsigned long
set_break(unsigned long end)
{
	return um_syscall(214, end, 0, 0, 0, 0, 0);
}

int
main(void)
{
	unsigned long start = set_break(0);

	EXPECT_EQ(start, set_break(0));
	EXPECT_EQ(start + 1, set_break(start + 1));
	EXPECT_EQ(start + 12345, set_break(start + 12345));
	*(char *)(start + 12344) = 1;
	EXPECT_EQ(start + 100, set_break(start + 100));
	EXPECT_EQ(start + 100, set_break(1));
	EXPECT_EQ(start + 100, set_break(-1ul));
	EXPECT_EQ(start + 100, set_break(0x4000000000ul));
	EXPECT_EQ(start + 100, set_break(0));
	EXPECT_EQ(start + (64ul << 20), set_break(start + (64ul << 20)));
	um_store((char *)start + (64ul << 20) - 1);
	EXPECT_EQ(start, set_break(start));
	EXPECT_EQ(128 + SIGSEGV, um_store_status((char *)start + (1ul << 20)));
	return um_result();
}
