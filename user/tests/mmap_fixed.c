/* SPDX-License-Identifier: BSD-2-Clause */
/* Does MAP_FIXED replace exactly the pages it names, with zeros, and MAP_FIXED_NOREPLACE refuse to touch any? */
#include "user/tests/umtest.h"

#define RW (PROT_READ | PROT_WRITE)

static void *
fixed(char *at, size_t len, int flags)
{
	return mmap(at, len, RW, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void
replaces(char *p)
{
	memset(p, 'o', 8 * UM_PAGE);
	EXPECT(fixed(p + 2 * UM_PAGE, 2 * UM_PAGE, MAP_FIXED) == p + 2 * UM_PAGE);
	EXPECT_EQ('o', p[2 * UM_PAGE - 1]);
	EXPECT_EQ(0, p[2 * UM_PAGE]);
	EXPECT_EQ(0, p[4 * UM_PAGE - 1]);
	EXPECT_EQ('o', p[4 * UM_PAGE]);
	/* Across a boundary of two mappings, and over both ends. */
	memset(p + 2 * UM_PAGE, 'n', 2 * UM_PAGE);
	EXPECT(fixed(p + 3 * UM_PAGE, 3 * UM_PAGE, MAP_FIXED) == p + 3 * UM_PAGE);
	EXPECT_EQ('n', p[3 * UM_PAGE - 1]);
	EXPECT_EQ(0, p[3 * UM_PAGE]);
	EXPECT_EQ(0, p[6 * UM_PAGE - 1]);
	EXPECT_EQ('o', p[6 * UM_PAGE]);
	/* Read-only pages are replaced as well. */
	REQUIRE(mprotect(p, UM_PAGE, PROT_READ) == 0);
	EXPECT(fixed(p, UM_PAGE, MAP_FIXED) == p);
	p[0] = 1;
}

static void
refuses(char *p)
{
	int flags = MAP_FIXED_NOREPLACE;

	memset(p, 'o', 8 * UM_PAGE);
	REQUIRE(munmap(p + 2 * UM_PAGE, 3 * UM_PAGE) == 0);
	EXPECT_ERRNO(EEXIST, fixed(p, UM_PAGE, flags));
	EXPECT_ERRNO(EEXIST, fixed(p + UM_PAGE, 2 * UM_PAGE, flags));
	EXPECT_ERRNO(EEXIST, fixed(p + 4 * UM_PAGE, 2 * UM_PAGE, flags));
	EXPECT_ERRNO(EEXIST, fixed(p + UM_PAGE, 6 * UM_PAGE, flags));
	EXPECT_EQ('o', p[2 * UM_PAGE - 1]);
	EXPECT_EQ('o', p[5 * UM_PAGE]);
	EXPECT_EQ(128 + SIGSEGV, um_load_status(p + 2 * UM_PAGE));
	EXPECT(fixed(p + 2 * UM_PAGE, 3 * UM_PAGE, flags) == p + 2 * UM_PAGE);
	EXPECT_EQ(0, p[2 * UM_PAGE]);
	EXPECT_EQ('o', p[5 * UM_PAGE]);
}

/* A hint is taken when there is room, and is no more than a hint when there is none. */
static void
hints(char *p)
{
	char *q;

	REQUIRE(munmap(p + 4 * UM_PAGE, 2 * UM_PAGE) == 0);
	EXPECT(fixed(p + 4 * UM_PAGE, UM_PAGE, 0) == p + 4 * UM_PAGE);
	p[0] = 'h';
	q = fixed(p, UM_PAGE, 0);
	EXPECT(q != MAP_FAILED && q != p);
	EXPECT_EQ('h', p[0]);
	q[0] = 'q';
	EXPECT_EQ('h', p[0]);
	munmap(q, UM_PAGE);
}

int
main(void)
{
	char *p = um_map(8 * UM_PAGE, MAP_PRIVATE);

	replaces(p);
	refuses(p);
	hints(p);
	EXPECT_EQ(0, munmap(p, 8 * UM_PAGE));
	return um_result();
}
