/* SPDX-License-Identifier: BSD-2-Clause */
/* Does munmap accept holes, refuse the rest with Linux's errno, and leave what it must not touch? */
#include "user/tests/umtest.h"

#define USER_END 0x4000000000ul

static long
unmap(unsigned long addr, unsigned long len)
{
	return um_syscall(215, addr, len, 0, 0, 0, 0);
}

static void
refused(unsigned long at)
{
	static const struct {
		unsigned long addr, len;
		const char *what;
	} table[] = {
	    {0, 0, "nothing at nowhere"},
	    {1, 4096, "odd address"},
	    {2048, 4096, "mid page"},
	    {0, -1ul, "length that wraps when rounded"},
	    {0, -4096ul, "length of all but a page"},
	    {USER_END, 4096, "above user space"},
	    {USER_END - 4096, 8192, "across the end of user space"},
	    {-4096ul, 4096, "the last page of all"},
	    {-4096ul, 8192, "address plus length wraps"},
	    {0xffffffc000000000, 4096, "the kernel's half"},
	    {0, USER_END + 4096, "more than user space"},
	};

	for (unsigned long i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (unmap(table[i].addr, table[i].len) != -EINVAL)
			um_fail(__FILE__, __LINE__, "%s: not EINVAL", table[i].what);
	EXPECT_EQ(-EINVAL, unmap(at, 0));
	EXPECT_EQ(-EINVAL, unmap(at + 1, 4096));
	EXPECT_EQ(-EINVAL, unmap(at, -at));
}

int
main(void)
{
	char *p = um_map(9 * UM_PAGE, MAP_PRIVATE);
	unsigned long at = (unsigned long)p;

	memset(p, 'x', 9 * UM_PAGE);
	refused(at);
	EXPECT_EQ('x', p[0]);
	EXPECT_EQ('x', p[9 * UM_PAGE - 1]);

	/* The length is rounded up, the neighbours stay. */
	EXPECT_EQ(0, unmap(at + UM_PAGE, 1));
	EXPECT_EQ('x', p[UM_PAGE - 1]);
	EXPECT_EQ(128 + SIGSEGV, um_load_status(p + UM_PAGE));
	EXPECT_EQ(128 + SIGSEGV, um_load_status(p + 2 * UM_PAGE - 1));
	EXPECT_EQ('x', p[2 * UM_PAGE]);

	/* Holes: unmapping nothing, and a range with mapped and unmapped pages, is a success. */
	EXPECT_EQ(0, unmap(at + UM_PAGE, UM_PAGE));
	EXPECT_EQ(0, unmap(at + 4 * UM_PAGE, UM_PAGE));
	EXPECT_EQ(0, unmap(at + UM_PAGE, 5 * UM_PAGE));
	for (int page = 1; page < 6; page++)
		EXPECT_EQ(128 + SIGSEGV, um_load_status(p + page * UM_PAGE));
	EXPECT_EQ('x', p[0]);
	EXPECT_EQ('x', p[6 * UM_PAGE]);
	EXPECT_EQ(0, unmap(at, 9 * UM_PAGE));
	return um_result();
}
