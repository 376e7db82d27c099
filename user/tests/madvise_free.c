/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After MADV_FREE, is every page either what was last written or zero, never anything older, in parent and child?
 */
#include "user/tests/umtest.h"

#define PAGES  32
#define ROUNDS 50

static unsigned char *p;

static void
write_all(int value)
{
	for (size_t i = 0; i < PAGES; i++)
		p[i * UM_PAGE] = (unsigned char)value;
}

static void
expect_free(size_t from, size_t to, int value)
{
	for (size_t i = from; i < to; i++) {
		int now = p[i * UM_PAGE];

		if (now != 0 && now != value)
			um_fail(
			    __FILE__, __LINE__, "page %zu is %d, neither 0 nor %d", i, now, value);
	}
}

static void
expect_kept(size_t from, size_t to, int value)
{
	for (size_t i = from; i < to; i++)
		EXPECT_EQ(value, p[i * UM_PAGE]);
}

static void
family(int round)
{
	pid_t pid;

	write_all(100);
	pid = um_fork();
	write_all(pid == 0 ? 110 : 120);
	REQUIRE(madvise(p + 4 * UM_PAGE, 8 * UM_PAGE, MADV_FREE) == 0);
	expect_kept(0, 4, pid == 0 ? 110 : 120);
	expect_free(4, 12, pid == 0 ? 110 : 120);
	expect_kept(12, PAGES, pid == 0 ? 110 : 120);
	/* Written again: it stays. */
	p[5 * UM_PAGE] = 7;
	p[(12 + round % 4) * UM_PAGE] = 8;
	um_sleep_ms(1);
	EXPECT_EQ(7, p[5 * UM_PAGE]);
	EXPECT_EQ(8, p[(12 + round % 4) * UM_PAGE]);
	/* What was never written here shows the parent's page, unless it is freed. */
	if (pid == 0)
		exit(um_result());
	EXPECT_EQ(0, um_wait(pid));
	expect_free(6, 12, 120);
	expect_kept(0, 4, 120);
}

int
main(void)
{
	p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	write_all(1);
	REQUIRE(madvise(p, PAGES * UM_PAGE, MADV_FREE) == 0);
	expect_free(0, PAGES, 1);
	write_all(2);
	expect_kept(0, PAGES, 2);
	/* Half written since the fork: the other half is the parent's and must not come back once freed and written. */
	for (int round = 0; round < ROUNDS; round++)
		family(round);
	return um_result();
}
