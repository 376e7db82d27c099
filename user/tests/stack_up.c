/* SPDX-License-Identifier: BSD-2-Clause */
/* Do stacks that grow up, and both ways, grow to their limit and no further? (MAP_GROWSUP is Umbra's.) */
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define RW   (PROT_READ | PROT_WRITE)
#define AREA (64ul << 20)
#define UP   0x10000000 /* MAP_GROWSUP */

/* A place with nothing around it. */
static char *
place(int grows)
{
	char *area = um_map(AREA, MAP_PRIVATE), *at;

	REQUIRE(munmap(area, AREA) == 0);
	at = area + AREA / 2;
	REQUIRE(
	    mmap(at, UM_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | grows, -1, 0) == at);
	return at;
}

static void
grows_up(void)
{
	char *p = place(UP);

	p[0] = 'u';
	for (int i = 1; i <= 64; i++) {
		EXPECT_EQ(0, p[i * UM_PAGE]);
		p[i * UM_PAGE] = i;
	}
	for (int i = 1; i <= 64; i++)
		EXPECT_EQ(i, p[i * UM_PAGE]);
	EXPECT_EQ('u', p[0]);
	EXPECT_EQ(128 + SIGSEGV, um_store_status(p - UM_PAGE));
	/* In the child as well, each for himself. */
	EXPECT_EQ(0, um_store_status(p + 100 * UM_PAGE));
	EXPECT_EQ(0, p[100 * UM_PAGE]);
	munmap(p, 101 * UM_PAGE);
	EXPECT_EQ(128 + SIGSEGV, um_store_status(p + 50 * UM_PAGE));
}

static void
grows_both_ways(void)
{
	char *p = place(UP | MAP_GROWSDOWN);

	for (int i = 1; i <= 32; i++) {
		p[i * UM_PAGE] = i;
		p[-i * (long)UM_PAGE] = 100 + i;
	}
	for (int i = 1; i <= 32; i++) {
		EXPECT_EQ(i, p[i * UM_PAGE]);
		EXPECT_EQ(100 + i, p[-i * (long)UM_PAGE]);
	}
	EXPECT_EQ(0, mprotect(p + 30 * UM_PAGE, UM_PAGE, PROT_READ | PROT_GROWSUP));
	EXPECT_EQ(0, mprotect(p - 32 * (long)UM_PAGE, 2 * UM_PAGE, PROT_READ));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(p + 32 * UM_PAGE));
	EXPECT_EQ(0, um_store_status(p + 29 * UM_PAGE));
}

static void
limit_holds(void)
{
	struct rlimit limit = {256 << 10, 256 << 10};
	char *p = place(UP);

	REQUIRE(setrlimit(RLIMIT_STACK, &limit) == 0);
	EXPECT_EQ(0, um_store_status(p + (256 << 10) - 1));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(p + (256 << 10)));
}

int
main(void)
{
	grows_up();
	grows_both_ways();
	limit_holds();
	return um_result();
}
