/* SPDX-License-Identifier: BSD-2-Clause */
/* Does mprotect with PROT_GROWSDOWN change a stack down to its end, and refuse what is no stack? */
#define _GNU_SOURCE
#include "user/tests/umtest.h"

#define RW   (PROT_READ | PROT_WRITE)
#define AREA (8ul << 20)
#define SEM  8 /* PROT_SEM */

int
main(void)
{
	char *area = um_map(AREA, MAP_PRIVATE), *top, *plain = um_map(4 * UM_PAGE, MAP_PRIVATE);

	REQUIRE(munmap(area, AREA) == 0);
	top = area + AREA - UM_PAGE;
	REQUIRE(mmap(top, UM_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1,
		    0) == top);
	for (int i = 0; i <= 16; i++)
		top[-i * (long)UM_PAGE] = i;

	EXPECT_ERRNO(EINVAL, mprotect(plain, UM_PAGE, RW | PROT_GROWSDOWN));
	EXPECT_ERRNO(EINVAL, mprotect(plain, UM_PAGE, RW | PROT_GROWSUP));
	EXPECT_ERRNO(EINVAL, mprotect(top, UM_PAGE, RW | PROT_GROWSUP));
	EXPECT_ERRNO(EINVAL, mprotect(top, UM_PAGE, RW | PROT_GROWSUP | PROT_GROWSDOWN));
	EXPECT_ERRNO(EINVAL, mprotect(top + 1, UM_PAGE, RW | PROT_GROWSDOWN));
	EXPECT_ERRNO(EINVAL, mprotect(top, UM_PAGE, 16 | PROT_GROWSDOWN));
	EXPECT_EQ(0, mprotect(top, 0, RW | PROT_GROWSDOWN));
	EXPECT_ERRNO(ENOMEM, mprotect(area, UM_PAGE, RW | PROT_GROWSDOWN));
	EXPECT_EQ(0, mprotect(plain, UM_PAGE, RW | SEM));

	/* From the lowest page to the one that is named. */
	EXPECT_EQ(0, mprotect(top - 8 * UM_PAGE, UM_PAGE, PROT_READ | PROT_GROWSDOWN));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(top - 16 * UM_PAGE));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(top - 8 * UM_PAGE));
	EXPECT_EQ(0, um_store_status(top - 7 * UM_PAGE));
	EXPECT_EQ(16, top[-16 * (long)UM_PAGE]);
	/* A range that begins below the stack reaches it from there. */
	EXPECT_EQ(0, mprotect(top - 20 * UM_PAGE, 13 * UM_PAGE, RW | PROT_GROWSDOWN));
	EXPECT_EQ(0, um_store_status(top - 16 * UM_PAGE));
	EXPECT_EQ(0, um_store_status(top - 17 * UM_PAGE));
	for (int i = 0; i <= 16; i++)
		EXPECT_EQ(i, top[-i * (long)UM_PAGE]);
	return um_result();
}
