/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does mincore say which pages are there: written, only read, forgotten, inherited, shared, of a file?
 */
#include <fcntl.h>

#include "user/tests/umtest.h"

#define PAGES 8

static char *p, *shared;

/* The pages from `at` on, as a string of 0 and 1. */
static void
expect_resident(const char *want, char *at, int line)
{
	unsigned char vec[PAGES];
	char got[PAGES + 1] = {0};

	REQUIRE(mincore(at, PAGES * UM_PAGE, vec) == 0);
	for (unsigned i = 0; i < PAGES; i++)
		got[i] = vec[i] & 1 ? '1' : '0';
	if (strcmp(want, got) != 0)
		um_fail(__FILE__, line, "resident: %s, expected %s", got, want);
}

#define RESIDENT(want, at) expect_resident(want, at, __LINE__)

static void
child(void *arg)
{
	(void)arg;
	RESIDENT("11010000", p);
	p[4 * UM_PAGE] = 1;
	RESIDENT("11011000", p);
	/* What is shared is there for all as soon as one has written it. */
	shared[3 * UM_PAGE] = 1;
}

int
main(void)
{
	static char text[2 * UM_PAGE];
	int fd = open("/tmp/mincore_pages", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *f;

	p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	shared = um_map(PAGES * UM_PAGE, MAP_SHARED);
	RESIDENT("00000000", p);
	p[0] = 1;
	p[3 * UM_PAGE] = 1;
	RESIDENT("10010000", p);
	um_load(p + UM_PAGE);
	RESIDENT("11010000", p);
	EXPECT_EQ(0, um_status_of(child, NULL));
	RESIDENT("11010000", p);
	RESIDENT("00010000", shared);
	REQUIRE(madvise(p, 2 * UM_PAGE, MADV_DONTNEED) == 0);
	RESIDENT("00010000", p);
	/* Rights are another matter. */
	REQUIRE(mprotect(p, PAGES * UM_PAGE, PROT_NONE) == 0);
	RESIDENT("00010000", p);
	/* Shared pages stay, though nobody maps them. */
	REQUIRE(madvise(shared, PAGES * UM_PAGE, MADV_DONTNEED) == 0);
	RESIDENT("00010000", shared);
	REQUIRE(madvise(shared, PAGES * UM_PAGE, MADV_REMOVE) == 0);
	RESIDENT("00000000", shared);
	EXPECT_EQ(0, shared[3 * UM_PAGE]);

	/* What was just written to a file is in memory; behind its end nothing is. */
	REQUIRE(fd >= 0);
	memset(text, 'f', sizeof(text));
	REQUIRE(write(fd, text, sizeof(text)) == (ssize_t)sizeof(text));
	f = mmap(NULL, PAGES * UM_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(f != MAP_FAILED);
	RESIDENT("11000000", f);
	REQUIRE(munmap(f, PAGES * UM_PAGE) == 0);
	f = mmap(NULL, PAGES * UM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(f != MAP_FAILED);
	f[UM_PAGE] = 1;
	RESIDENT("11000000", f);
	REQUIRE(unlink("/tmp/mincore_pages") == 0);
	return um_result();
}
