/* SPDX-License-Identifier: BSD-2-Clause */
/* Is locked memory there at once, and memory locked on fault when it is touched, in mappings, heap and stack? */
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define PAGES 16

static int
resident(char *p, size_t pages)
{
	unsigned char vec[PAGES];
	int n = 0;

	REQUIRE(pages <= PAGES && mincore(p, pages * UM_PAGE, vec) == 0);
	for (size_t i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

static long
minor_faults(void)
{
	struct rusage u;

	REQUIRE(getrusage(RUSAGE_SELF, &u) == 0);
	return u.ru_minflt;
}

static void
at_once(void)
{
	char *p = um_map(PAGES * UM_PAGE, MAP_PRIVATE), *q;
	long before;

	EXPECT_EQ(0, resident(p, PAGES));
	EXPECT_EQ(0, mlock(p + UM_PAGE, 4 * UM_PAGE));
	EXPECT_EQ(4, resident(p, PAGES));
	before = minor_faults();
	for (int i = 1; i < 5; i++)
		p[i * UM_PAGE] = 1;
	EXPECT_EQ(before, minor_faults());
	q = mmap(NULL, PAGES * UM_PAGE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	REQUIRE(q != MAP_FAILED);
	EXPECT_EQ(PAGES, resident(q, PAGES));
	EXPECT_EQ(0, munmap(p, PAGES * UM_PAGE));
	EXPECT_EQ(0, munmap(q, PAGES * UM_PAGE));
}

static void
on_fault(void)
{
	char *p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);

	p[0] = 1;
	EXPECT_EQ(0, mlock2(p, PAGES * UM_PAGE, MLOCK_ONFAULT));
	EXPECT_EQ(1, resident(p, PAGES));
	p[5 * UM_PAGE] = 1;
	EXPECT_EQ(2, resident(p, PAGES));
	EXPECT_EQ(0, mlock(p, PAGES * UM_PAGE));
	EXPECT_EQ(PAGES, resident(p, PAGES));
	EXPECT_EQ(1, p[5 * UM_PAGE]);
	EXPECT_EQ(0, p[6 * UM_PAGE]);
	EXPECT_EQ(0, munmap(p, PAGES * UM_PAGE));
}

static int
deep(int n)
{
	volatile char frame[2048];

	frame[0] = (char)n;
	return n == 0 ? 0 : deep(n - 1) + frame[0] - (char)n;
}

static void
everything(void)
{
	char *heap, *p;

	EXPECT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	EXPECT_EQ(PAGES, resident(p, PAGES));
	heap = sbrk(4 * UM_PAGE);
	REQUIRE(heap != (char *)-1);
	EXPECT_EQ(4, resident((char *)(((uintptr_t)heap + UM_PAGE - 1) & ~(UM_PAGE - 1)), 4));
	EXPECT_EQ(0, deep(100)); /* the stack grows, locked */
	EXPECT_EQ(0, um_store_status(p));
	EXPECT_EQ(0, mlockall(MCL_FUTURE | MCL_ONFAULT));
	EXPECT_EQ(0, munmap(p, PAGES * UM_PAGE));
	p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	EXPECT_EQ(0, resident(p, PAGES));
	EXPECT_EQ(0, munlockall());
}

int
main(void)
{
	at_once();
	on_fault();
	everything();
	return um_result();
}
