/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does madvise refuse wrong advice and wrong ranges with Linux's errno?
 * A hole in the range is ENOMEM, after the rest has been done.
 */
#include "user/tests/umtest.h"

#define USER_END  0x4000000000ul
#define NOTHING   0x20000000ul /* nothing is mapped here */
#define SYS_ADV   233
#define NO_ADVICE 7 /* a number that no advice has */

static long
advise(unsigned long addr, unsigned long len, int advice)
{
	return um_syscall(SYS_ADV, addr, len, advice, 0, 0, 0);
}

static const int known[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
    MADV_FREE, MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
    MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE};

#define NKNOWN (sizeof(known) / sizeof(known[0]))

/* What is wrong with every advice. */
static void
ranges(unsigned long at, int advice)
{
	EXPECT_EQ(-EINVAL, advise(at + 1, UM_PAGE, advice));
	EXPECT_EQ(-EINVAL, advise(at + 1, 0, advice));
	EXPECT_EQ(-EINVAL, advise(at, -1ul, advice));
	EXPECT_EQ(-EINVAL, advise(at, -at - UM_PAGE / 2, advice));
	EXPECT_EQ(0, advise(at, 0, advice));
	EXPECT_EQ(0, advise(NOTHING, 0, advice));
	EXPECT_EQ(0, advise(-UM_PAGE, 0, advice));
	EXPECT_EQ(-ENOMEM, advise(NOTHING, UM_PAGE, advice));
	EXPECT_EQ(-ENOMEM, advise(NOTHING, 1, advice));
	EXPECT_EQ(-ENOMEM, advise(0, UM_PAGE, advice));
	EXPECT_EQ(-ENOMEM, advise(USER_END, UM_PAGE, advice));
	EXPECT_EQ(-ENOMEM, advise(-2 * UM_PAGE, UM_PAGE, advice));
	EXPECT_EQ(0, advise(at, UM_PAGE, advice));
	EXPECT_EQ(0, advise(at, 1, advice));
}

/* Advice that does not go with that kind of memory. */
static void
kinds(void)
{
	unsigned long shared = (unsigned long)um_map(2 * UM_PAGE, MAP_SHARED);
	unsigned long locked = (unsigned long)um_map(2 * UM_PAGE, MAP_PRIVATE);
	unsigned long none =
	    (unsigned long)mmap(NULL, 2 * UM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long rdonly =
	    (unsigned long)mmap(NULL, 2 * UM_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(-EINVAL, advise(shared, UM_PAGE, MADV_FREE));
	EXPECT_EQ(-EINVAL, advise(shared, UM_PAGE, MADV_WIPEONFORK));
	EXPECT_EQ(0, advise(shared, UM_PAGE, MADV_KEEPONFORK));
	EXPECT_EQ(0, advise(shared, UM_PAGE, MADV_DONTNEED));
	EXPECT_EQ(0, advise(shared, UM_PAGE, MADV_REMOVE));
	EXPECT_EQ(-EINVAL, advise(rdonly, UM_PAGE, MADV_REMOVE));

	REQUIRE(mlock((void *)locked, UM_PAGE) == 0);
	EXPECT_EQ(-EINVAL, advise(locked, 2 * UM_PAGE, MADV_DONTNEED));
	EXPECT_EQ(-EINVAL, advise(locked, UM_PAGE, MADV_FREE));
	EXPECT_EQ(-EINVAL, advise(locked, UM_PAGE, MADV_COLD));
	EXPECT_EQ(-EINVAL, advise(locked, UM_PAGE, MADV_PAGEOUT));
	EXPECT_EQ(0, advise(locked, UM_PAGE, MADV_WILLNEED));
	EXPECT_EQ(0, advise(locked, UM_PAGE, MADV_POPULATE_WRITE));
	REQUIRE(munlock((void *)locked, UM_PAGE) == 0);
	EXPECT_EQ(0, advise(locked, UM_PAGE, MADV_DONTNEED));

	EXPECT_EQ(-EINVAL, advise(none, UM_PAGE, MADV_POPULATE_READ));
	EXPECT_EQ(-EINVAL, advise(none, UM_PAGE, MADV_POPULATE_WRITE));
	EXPECT_EQ(-EINVAL, advise(rdonly, UM_PAGE, MADV_POPULATE_WRITE));
	EXPECT_EQ(0, advise(rdonly, UM_PAGE, MADV_POPULATE_READ));
	EXPECT_EQ(0, advise(none, UM_PAGE, MADV_WILLNEED));
	EXPECT_EQ(0, advise(none, UM_PAGE, MADV_DONTNEED));
	EXPECT_EQ(128 + SIGSEGV, um_load_status((void *)none));
}

/* With a hole: what lies around it is done all the same, but POPULATE stops there. */
static void
holes(void)
{
	char *p = um_map(6 * UM_PAGE, MAP_PRIVATE);
	unsigned long at = (unsigned long)p;

	memset(p, 'x', 6 * UM_PAGE);
	REQUIRE(munmap(p + 2 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-ENOMEM, advise(at, 6 * UM_PAGE, MADV_WILLNEED));
	EXPECT_EQ(-ENOMEM, advise(at, 6 * UM_PAGE, MADV_RANDOM));
	EXPECT_EQ(-ENOMEM, advise(at + 2 * UM_PAGE, 2 * UM_PAGE, MADV_POPULATE_WRITE));
	EXPECT_EQ(-ENOMEM, advise(at, 6 * UM_PAGE, MADV_POPULATE_READ));
	EXPECT_EQ('x', p[5 * UM_PAGE]);
	EXPECT_EQ(-ENOMEM, advise(at + UM_PAGE, 4 * UM_PAGE, MADV_DONTNEED));
	EXPECT_EQ('x', p[0]);
	EXPECT_EQ(0, p[UM_PAGE]);
	EXPECT_EQ(0, p[3 * UM_PAGE]);
	EXPECT_EQ(0, p[4 * UM_PAGE]);
	EXPECT_EQ('x', p[5 * UM_PAGE]);
	/* Up to the first one that refuses. */
	memset(p + 3 * UM_PAGE, 'y', 3 * UM_PAGE);
	REQUIRE(mlock(p + 4 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(-EINVAL, advise(at + UM_PAGE, 5 * UM_PAGE, MADV_DONTNEED));
	EXPECT_EQ(0, p[3 * UM_PAGE]);
	EXPECT_EQ('y', p[4 * UM_PAGE]);
	EXPECT_EQ('y', p[5 * UM_PAGE]);
}

int
main(void)
{
	unsigned long at = (unsigned long)um_map(4 * UM_PAGE, MAP_PRIVATE);

	for (unsigned i = 0; i < NKNOWN; i++) {
		int before = um_failures;

		ranges(at, known[i]);
		if (um_failures != before)
			fprintf(stderr, "that was advice %d\n", known[i]);
	}
	EXPECT_EQ(-EINVAL, advise(at, UM_PAGE, NO_ADVICE));
	EXPECT_EQ(-EINVAL, advise(at, 0, NO_ADVICE));
	EXPECT_EQ(-EINVAL, advise(NOTHING, UM_PAGE, NO_ADVICE));
	EXPECT_EQ(-EINVAL, advise(at, UM_PAGE, -1));
	EXPECT_EQ(-EINVAL, advise(at, UM_PAGE, 0x7fffffff));
	EXPECT_EQ(-EINVAL, advise(at, UM_PAGE, MADV_REMOVE));
	kinds();
	holes();
	return um_result();
}
