/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does msync refuse wrong ranges, flags and locked memory with Linux's errno, and leave anonymous memory as it is?
 */
#include "user/tests/umtest.h"

#define USER_END 0x4000000000ul
#define NOTHING  0x20000000ul /* nothing is mapped here */

static long
sync_range(unsigned long addr, unsigned long len, int flags)
{
	return um_syscall(227, addr, len, flags, 0, 0, 0);
}

int
main(void)
{
	char *p = um_map(8 * UM_PAGE, MAP_PRIVATE), *s = um_map(2 * UM_PAGE, MAP_SHARED);
	unsigned long at = (unsigned long)p, shared = (unsigned long)s;

	memset(p, 'x', 8 * UM_PAGE);
	memset(s, 'y', 2 * UM_PAGE);
	EXPECT_EQ(-EINVAL, sync_range(at, UM_PAGE, MS_ASYNC | MS_SYNC));
	EXPECT_EQ(-EINVAL, sync_range(at, UM_PAGE, 8));
	EXPECT_EQ(-EINVAL, sync_range(at, UM_PAGE, -1));
	EXPECT_EQ(-EINVAL, sync_range(at + 1, UM_PAGE, MS_SYNC));
	EXPECT_EQ(-EINVAL, sync_range(at + 1, 0, MS_SYNC));
	EXPECT_EQ(-EINVAL, sync_range(NOTHING, UM_PAGE, 0x100));
	EXPECT_EQ(-ENOMEM, sync_range(NOTHING, UM_PAGE, MS_SYNC));
	EXPECT_EQ(-ENOMEM, sync_range(0, UM_PAGE, MS_ASYNC));
	EXPECT_EQ(-ENOMEM, sync_range(USER_END, UM_PAGE, MS_SYNC));
	EXPECT_EQ(-ENOMEM, sync_range(-UM_PAGE, UM_PAGE / 2, MS_SYNC));
	EXPECT_EQ(-ENOMEM, sync_range(at, -UM_PAGE, MS_SYNC));
	EXPECT_EQ(0, sync_range(at, 0, MS_SYNC));
	EXPECT_EQ(0, sync_range(NOTHING, 0, MS_SYNC));
	EXPECT_EQ(0, sync_range(-UM_PAGE, 0, MS_SYNC));
	/* A length that wraps to nothing when it is rounded up. */
	EXPECT_EQ(0, sync_range(at, -1ul, MS_SYNC));

	for (int flags = 0; flags <= (MS_INVALIDATE | MS_SYNC); flags++) {
		if ((flags & MS_ASYNC) && (flags & MS_SYNC))
			continue;
		EXPECT_EQ(0, sync_range(at, 8 * UM_PAGE, flags));
		EXPECT_EQ(0, sync_range(shared, 2 * UM_PAGE, flags));
		EXPECT_EQ('x', p[3 * UM_PAGE]);
		EXPECT_EQ('y', s[UM_PAGE]);
	}

	/* Never touched, and not to be touched. */
	p = mmap(NULL, UM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_EQ(0, sync_range((unsigned long)p, UM_PAGE, MS_SYNC | MS_INVALIDATE));
	p = (char *)at;

	REQUIRE(mlock(p + UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-EBUSY, sync_range(at, 2 * UM_PAGE, MS_INVALIDATE));
	EXPECT_EQ(-EBUSY, sync_range(at, 2 * UM_PAGE, MS_INVALIDATE | MS_SYNC));
	EXPECT_EQ(0, sync_range(at, UM_PAGE, MS_INVALIDATE));
	EXPECT_EQ(0, sync_range(at, 2 * UM_PAGE, MS_SYNC));
	REQUIRE(munlock(p + UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(0, sync_range(at, 2 * UM_PAGE, MS_INVALIDATE));

	REQUIRE(munmap(p + 4 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-ENOMEM, sync_range(at, 8 * UM_PAGE, MS_SYNC));
	EXPECT_EQ(-ENOMEM, sync_range(at + 4 * UM_PAGE, UM_PAGE, MS_SYNC));
	EXPECT_EQ(-ENOMEM, sync_range(at, 5 * UM_PAGE, MS_ASYNC));
	EXPECT_EQ(0, sync_range(at, 4 * UM_PAGE, MS_SYNC));
	/* Behind the hole there is something locked: that comes first. */
	REQUIRE(mlock(p + 6 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-EBUSY, sync_range(at, 8 * UM_PAGE, MS_INVALIDATE));
	EXPECT_EQ('x', p[3 * UM_PAGE]);
	EXPECT_EQ('x', p[5 * UM_PAGE]);
	return um_result();
}
