/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does mprotect refuse wrong ranges with Linux's errno?
 * With a hole in the range it says ENOMEM and has already changed what lies before the hole.
 */
#include "user/tests/umtest.h"

#define USER_END 0x4000000000ul

static long
protect(unsigned long addr, unsigned long len, int prot)
{
	return um_syscall(226, addr, len, prot, 0, 0, 0);
}

int
main(void)
{
	char *p = um_map(8 * UM_PAGE, MAP_PRIVATE);
	unsigned long at = (unsigned long)p;

	memset(p, 'x', 8 * UM_PAGE);
	EXPECT_EQ(-EINVAL, protect(at + 1, UM_PAGE, PROT_READ));
	EXPECT_EQ(-EINVAL, protect(at + 2048, UM_PAGE, PROT_READ));
	EXPECT_EQ(-EINVAL, protect(at, UM_PAGE, 0x40000));
	EXPECT_EQ(-EINVAL, protect(at, UM_PAGE, PROT_READ | 0x10));
	EXPECT_EQ(-ENOMEM, protect(at, -UM_PAGE, PROT_READ));
	EXPECT_EQ(-ENOMEM, protect(at, -at, PROT_READ));
	EXPECT_EQ(-ENOMEM, protect(0x20000000, UM_PAGE, PROT_READ));
	EXPECT_EQ(-ENOMEM, protect(USER_END, UM_PAGE, PROT_READ));
	EXPECT_EQ(-ENOMEM, protect(-UM_PAGE, UM_PAGE, PROT_READ));
	EXPECT_EQ(0, protect(at, 0, PROT_READ));
	EXPECT_EQ(0, protect(0x20000000, 0, PROT_READ));
	/* A length that wraps when it is rounded up is not a length of zero. */
	EXPECT_EQ(-ENOMEM, protect(at, -1ul, PROT_READ));
	EXPECT_EQ(0, um_store_status(p));

	/* A length in bytes takes in the whole last page. */
	EXPECT_EQ(0, protect(at, UM_PAGE + 1, PROT_READ));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(p + UM_PAGE * 2 - 1));
	EXPECT_EQ(0, um_store_status(p + UM_PAGE * 2));
	EXPECT_EQ(0, protect(at, 8 * UM_PAGE, PROT_READ | PROT_WRITE));

	REQUIRE(munmap(p + 4 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-ENOMEM, protect(at, 8 * UM_PAGE, PROT_READ));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(p));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(p + 3 * UM_PAGE));
	EXPECT_EQ(0, um_store_status(p + 5 * UM_PAGE));
	EXPECT_EQ(-ENOMEM, protect(at + 4 * UM_PAGE, 2 * UM_PAGE, PROT_READ));
	EXPECT_EQ(0, um_store_status(p + 5 * UM_PAGE));
	EXPECT_EQ('x', p[0]);
	return um_result();
}
