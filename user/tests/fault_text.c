/* SPDX-License-Identifier: BSD-2-Clause */
/* Are a program's text and constants read-only, and its data and stack not executable? */
#include "user/tests/umtest.h"

static const char constant[] = "constant";
static long data = 1;

static void
jump(void *p)
{
	((void (*)(void))p)();
}

int
main(void)
{
	long stack = 0;
	int bad = 128 + SIGSEGV;

	EXPECT_EQ(bad, um_store_status((void *)(uintptr_t)main));
	EXPECT_EQ(bad, um_store_status((void *)(uintptr_t)constant));
	EXPECT_EQ(bad, um_status_of(jump, &data));
	EXPECT_EQ(bad, um_status_of(jump, &stack));
	EXPECT_EQ(bad, um_status_of(jump, malloc(100)));
	EXPECT_EQ(0, um_load_status((void *)(uintptr_t)main));
	EXPECT_EQ(0, um_store_status(&data));
	return um_result();
}
