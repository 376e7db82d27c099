/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does mincore refuse wrong ranges and buffers with Linux's errno?
 */
#include "user/tests/umtest.h"

#define USER_END 0x4000000000ul
#define NOTHING  0x20000000ul /* nothing is mapped here */

static long
in_core(unsigned long addr, unsigned long len, void *vec)
{
	return um_syscall(232, addr, len, (long)vec, 0, 0, 0);
}

int
main(void)
{
	char *p = um_map(8 * UM_PAGE, MAP_PRIVATE), *two = um_map(2 * UM_PAGE, MAP_PRIVATE);
	unsigned long at = (unsigned long)p;
	unsigned char vec[16];

	memset(p, 'x', 8 * UM_PAGE);
	REQUIRE(munmap(two + UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-EINVAL, in_core(at + 1, UM_PAGE, vec));
	EXPECT_EQ(-EINVAL, in_core(at + 1, 0, vec));
	EXPECT_EQ(-EINVAL, in_core(NOTHING + 1, UM_PAGE, NULL));
	EXPECT_EQ(-ENOMEM, in_core(NOTHING, UM_PAGE, vec));
	EXPECT_EQ(-ENOMEM, in_core(0, UM_PAGE, vec));
	EXPECT_EQ(-ENOMEM, in_core(USER_END, UM_PAGE, vec));
	EXPECT_EQ(-ENOMEM, in_core(USER_END - UM_PAGE, 2 * UM_PAGE, vec));
	EXPECT_EQ(-ENOMEM, in_core(-UM_PAGE, UM_PAGE, vec));
	EXPECT_EQ(-ENOMEM, in_core(at, -1ul, vec));
	EXPECT_EQ(-ENOMEM, in_core(at, -at, vec));
	EXPECT_EQ(-ENOMEM, in_core(at, -UM_PAGE, vec));
	EXPECT_EQ(0, in_core(at, 0, vec));
	EXPECT_EQ(0, in_core(NOTHING, 0, vec));
	EXPECT_EQ(-EFAULT, in_core(at, UM_PAGE, NULL));
	EXPECT_EQ(-EFAULT, in_core(at, UM_PAGE, (void *)NOTHING));
	EXPECT_EQ(-EFAULT, in_core(at, UM_PAGE, (void *)-UM_PAGE));
	EXPECT_EQ(-EFAULT, in_core(at, 2 * UM_PAGE, two + UM_PAGE - 1));
	EXPECT_EQ(0, in_core(at, UM_PAGE, two + UM_PAGE - 1));

	/* A started page counts; no byte behind the last is touched. */
	memset(vec, 0x55, sizeof(vec));
	EXPECT_EQ(0, in_core(at, 2 * UM_PAGE + 1, vec));
	EXPECT_EQ(1, vec[0] & 1);
	EXPECT_EQ(1, vec[2] & 1);
	EXPECT_EQ(0x55, vec[3]);

	REQUIRE(munmap(p + 4 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-ENOMEM, in_core(at, 8 * UM_PAGE, vec));
	EXPECT_EQ(-ENOMEM, in_core(at + 4 * UM_PAGE, UM_PAGE, vec));
	EXPECT_EQ(0, in_core(at, 4 * UM_PAGE, vec));
	return um_result();
}
