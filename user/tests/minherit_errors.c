/* SPDX-License-Identifier: BSD-2-Clause */
/* Does minherit, Umbra's own, refuse wrong ranges and values, and change nothing when it does? */
#include "user/tests/umtest.h"

#define SYS_MINHERIT 1000
#define USER_END     0x4000000000ul

static char *p;

static long
call(unsigned long addr, unsigned long len, long how)
{
	return um_syscall(SYS_MINHERIT, addr, len, how, 0, 0, 0);
}

static void
write_all(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		p[i * UM_PAGE] = 'c';
}

int
main(void)
{
	unsigned long at;

	p = um_map(4 * UM_PAGE, MAP_PRIVATE);
	at = (unsigned long)p;
	for (int i = 0; i < 4; i++)
		p[i * UM_PAGE] = 'p';
	EXPECT_EQ(-EINVAL, call(at, 4 * UM_PAGE, 4));
	EXPECT_EQ(-EINVAL, call(at, 4 * UM_PAGE, -1));
	EXPECT_EQ(-EINVAL, call(at, 4 * UM_PAGE, 1 << 30));
	EXPECT_EQ(-EINVAL, call(at, -1ul, 0));
	EXPECT_EQ(-EINVAL, call(at, -UM_PAGE, 0));
	EXPECT_EQ(-EINVAL, call(USER_END, UM_PAGE, 0));
	EXPECT_EQ(-EINVAL, call(-UM_PAGE, UM_PAGE, 0));
	EXPECT_EQ(-EINVAL, call(0xffffffc000000000, UM_PAGE, 0));
	EXPECT_EQ(-EINVAL, call(USER_END - UM_PAGE, 4 * UM_PAGE, 0));
	/* Nothing to do. */
	EXPECT_EQ(0, call(at, 0, 0));
	EXPECT_EQ(0, call(0x30000000, 8 * UM_PAGE, 0));
	/* None of that was heeded. */
	EXPECT_EQ(0, um_status_of(write_all, NULL));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ('p', p[i * UM_PAGE]);
	/* Whole pages, whatever part of them is named. */
	EXPECT_EQ(0, call(at + UM_PAGE + 5, UM_PAGE, 0));
	EXPECT_EQ(0, um_status_of(write_all, NULL));
	EXPECT_EQ('p', p[0]);
	EXPECT_EQ('c', p[UM_PAGE]);
	EXPECT_EQ('c', p[2 * UM_PAGE]);
	EXPECT_EQ('p', p[3 * UM_PAGE]);
	return um_result();
}
