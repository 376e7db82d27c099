/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a stack grow to RLIMIT_STACK, whatever that is, and no further, mprotect or not? */
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define KIB 1024ul

static char *top; /* a little below the stack's end */

static void
limit_to(unsigned long bytes)
{
	struct rlimit limit;

	REQUIRE(getrlimit(RLIMIT_STACK, &limit) == 0);
	limit.rlim_cur = bytes;
	REQUIRE(setrlimit(RLIMIT_STACK, &limit) == 0);
}

/* In a child: this far below the top, by one access. */
static int
reach(unsigned long bytes)
{
	return um_store_status(top - bytes);
}

int
main(void)
{
	char here;

	top = &here;
	limit_to(1024 * KIB);
	EXPECT_EQ(0, reach(900 * KIB));
	EXPECT_EQ(128 + SIGSEGV, reach(1100 * KIB));
	/* Not a multiple of the page size. */
	limit_to(1024 * KIB + 123);
	EXPECT_EQ(0, reach(900 * KIB));
	EXPECT_EQ(128 + SIGSEGV, reach(1100 * KIB));
	/* Raised again, it counts at once. */
	limit_to(4096 * KIB);
	EXPECT_EQ(0, reach(3500 * KIB));
	EXPECT_EQ(128 + SIGSEGV, reach(4200 * KIB));
	/* Beyond what it was when the program began. */
	limit_to(32768 * KIB);
	EXPECT_EQ(0, reach(20000 * KIB));
	/* Less than there is already. */
	limit_to(16 * KIB);
	EXPECT_EQ(128 + SIGSEGV, reach(1024 * KIB));
	return um_result();
}
