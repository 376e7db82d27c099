/* SPDX-License-Identifier: BSD-2-Clause */
/* Does an access across a page boundary need both pages, for user code and for the kernel's copies? */
#include "user/tests/umtest.h"

static void
load8(void *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	EXPECT_EQ(0, value);
}

int
main(void)
{
	char *p = um_map(3 * UM_PAGE, MAP_PRIVATE);
	int fds[2];

	REQUIRE(pipe(fds) == 0);
	/* Both pages are still to be filled. */
	EXPECT_EQ(0, um_status_of(load8, p + UM_PAGE - 3));
	EXPECT_EQ(100, write(fds[1], p + UM_PAGE - 50, 100));
	EXPECT_EQ(100, read(fds[0], p + UM_PAGE - 50, 100));

	REQUIRE(munmap(p + 2 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(128 + SIGSEGV, um_status_of(load8, p + 2 * UM_PAGE - 3));
	EXPECT_EQ(0, um_status_of(load8, p + 2 * UM_PAGE - 8));
	EXPECT_ERRNO(EFAULT, write(fds[1], p + 2 * UM_PAGE, 1));
	/* A copy that starts well and ends badly moves some bytes or none, and never says it moved all. */
	EXPECT(write(fds[1], p + 2 * UM_PAGE - 5, 10) < 10);
	return um_result();
}
