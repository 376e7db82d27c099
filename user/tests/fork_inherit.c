/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does minherit make fork share, copy, drop or clear a range as told?
 * Sharing a private mapping that itself is a copy in waiting is the hard case: both must end up on one object.
 */
#include "user/tests/umtest.h"

#define SYS_MINHERIT 1000

/* Values of minherit(2) as in the BSDs. */
#define INHERIT_SHARE 0
#define INHERIT_COPY  1
#define INHERIT_NONE  2
#define INHERIT_ZERO  3

static volatile char *area;

static long
inherit(int page, int how)
{
	return um_syscall(SYS_MINHERIT, (long)area + page * UM_PAGE, UM_PAGE, how, 0, 0, 0);
}

static void
child(void *arg)
{
	(void)arg;
	EXPECT_EQ('0', area[0 * UM_PAGE]);
	EXPECT_EQ('1', area[1 * UM_PAGE]);
	EXPECT_EQ(128 + SIGSEGV, um_load_status((void *)(area + 2 * UM_PAGE)));
	EXPECT_EQ(0, area[3 * UM_PAGE]);
	area[0 * UM_PAGE] = area[1 * UM_PAGE] = area[3 * UM_PAGE] = 'c';
}

static void
fork_and_expect(void)
{
	for (int i = 0; i < 4; i++)
		area[i * UM_PAGE] = '0' + i;
	EXPECT_EQ(0, um_status_of(child, NULL));
	EXPECT_EQ('c', area[0 * UM_PAGE]);
	EXPECT_EQ('1', area[1 * UM_PAGE]);
	EXPECT_EQ('2', area[2 * UM_PAGE]);
	EXPECT_EQ('3', area[3 * UM_PAGE]);
}

static void
nothing(void *arg)
{
	(void)arg;
}

int
main(void)
{
	area = um_map(4 * UM_PAGE, MAP_PRIVATE);
	if (inherit(0, INHERIT_COPY) == -ENOSYS)
		return UM_SKIP;
	/* Two forks before, so that the entries are copies in waiting when they are told to share. */
	memset((void *)area, 'x', 4 * UM_PAGE);
	EXPECT_EQ(0, um_status_of(nothing, NULL));
	EXPECT_EQ(0, inherit(0, INHERIT_SHARE));
	EXPECT_EQ(0, inherit(2, INHERIT_NONE));
	EXPECT_EQ(0, inherit(3, INHERIT_ZERO));
	fork_and_expect();
	fork_and_expect();
	EXPECT_EQ(-EINVAL, inherit(0, 77));
	return um_result();
}
