/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do protections survive fork, and does a page made writable again only after fork still copy on write?
 * Restoring write permission must not restore it on a page that is now shared.
 */
#include "user/tests/umtest.h"

static char *area;

static void
write_after_mprotect(void *arg)
{
	(void)arg;
	EXPECT_EQ(128 + SIGSEGV, um_store_status(area));
	EXPECT_EQ(128 + SIGSEGV, um_load_status(area + UM_PAGE));
	EXPECT_EQ(0, mprotect(area, 2 * UM_PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ('p', area[0]);
	EXPECT_EQ('q', area[UM_PAGE]);
	area[0] = area[UM_PAGE] = 'c';
}

int
main(void)
{
	area = um_map(2 * UM_PAGE, MAP_PRIVATE);
	area[0] = 'p';
	area[UM_PAGE] = 'q';
	REQUIRE(mprotect(area, UM_PAGE, PROT_READ) == 0);
	REQUIRE(mprotect(area + UM_PAGE, UM_PAGE, PROT_NONE) == 0);
	EXPECT_EQ(0, um_status_of(write_after_mprotect, NULL));

	EXPECT_EQ(128 + SIGSEGV, um_store_status(area));
	REQUIRE(mprotect(area, 2 * UM_PAGE, PROT_READ | PROT_WRITE) == 0);
	EXPECT_EQ('p', area[0]);
	EXPECT_EQ('q', area[UM_PAGE]);
	return um_result();
}
