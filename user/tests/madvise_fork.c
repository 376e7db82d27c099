/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do DONTFORK, DOFORK, WIPEONFORK and KEEPONFORK decide what a child gets, and may they be taken back?
 */
#include "user/tests/umtest.h"

#define PAGES 8

static char *p, *shared;

static void
advise(unsigned page, unsigned n, int advice)
{
	REQUIRE(madvise(p + page * UM_PAGE, n * UM_PAGE, advice) == 0);
}

static void
child(void *arg)
{
	(void)arg;
	EXPECT_EQ('p', p[0]);
	EXPECT_EQ(128 + SIGSEGV, um_load_status(p + UM_PAGE));
	EXPECT_EQ(0, p[2 * UM_PAGE]);
	EXPECT_EQ('p', p[3 * UM_PAGE]);
	EXPECT_EQ('p', p[4 * UM_PAGE]);
	EXPECT_EQ(128 + SIGSEGV, um_load_status(p + 5 * UM_PAGE));
	EXPECT_EQ('p', p[6 * UM_PAGE]);
	EXPECT_EQ(0, p[7 * UM_PAGE]);
	EXPECT_EQ(128 + SIGSEGV, um_load_status(shared));
	EXPECT_EQ('s', shared[UM_PAGE]);
	shared[UM_PAGE] = 't';
	memset(p + 2 * UM_PAGE, 'c', UM_PAGE);
}

/* Wiped memory is wiped for the grandchild as well. */
static void
grandchild(void *arg)
{
	(void)arg;
	EXPECT_EQ(0, p[2 * UM_PAGE]);
}

static void
child_with_child(void *arg)
{
	(void)arg;
	p[2 * UM_PAGE] = 'c';
	EXPECT_EQ(0, um_status_of(grandchild, NULL));
}

int
main(void)
{
	p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	shared = um_map(2 * UM_PAGE, MAP_SHARED);
	memset(p, 'p', PAGES * UM_PAGE);
	memset(shared, 's', 2 * UM_PAGE);
	advise(1, 1, MADV_DONTFORK);
	advise(2, 1, MADV_WIPEONFORK);
	advise(3, 1, MADV_DONTFORK);
	advise(3, 1, MADV_DOFORK);
	advise(4, 1, MADV_WIPEONFORK);
	advise(4, 1, MADV_KEEPONFORK);
	/* One does not undo the other. */
	advise(5, 1, MADV_DONTFORK);
	advise(5, 1, MADV_KEEPONFORK);
	advise(6, 1, MADV_DOFORK);
	advise(6, 1, MADV_KEEPONFORK);
	advise(7, 1, MADV_WIPEONFORK);
	advise(7, 1, MADV_DOFORK);
	REQUIRE(madvise(shared, 2 * UM_PAGE, MADV_DONTFORK) == 0);
	REQUIRE(madvise(shared + UM_PAGE, UM_PAGE, MADV_DOFORK) == 0);
	EXPECT_EQ(0, um_status_of(child, NULL));
	EXPECT_EQ('s', shared[0]);
	EXPECT_EQ('t', shared[UM_PAGE]);
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT_EQ('p', p[i * UM_PAGE]);
	EXPECT_EQ(0, um_status_of(child_with_child, NULL));
	return um_result();
}
