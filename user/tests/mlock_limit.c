/* SPDX-License-Identifier: BSD-2-Clause */
/* Does everything that locks memory count against RLIMIT_MEMLOCK, and does VmLck say how much it is? */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "user/tests/umtest.h"

#define LIMIT_PAGES 16

static long
locked_pages(void)
{
	return um_proc_value("/proc/self/status", "VmLck") * 1024 / (long)UM_PAGE;
}

static void *
map_locked(size_t pages, int flags)
{
	return mmap(NULL, pages * UM_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void
by_hand(char *p)
{
	EXPECT_EQ(0, mlock(p, 10 * UM_PAGE));
	EXPECT_EQ(10, locked_pages());
	EXPECT_EQ(0, mlock(p + 4 * UM_PAGE, 12 * UM_PAGE)); /* what is locked already counts once */
	EXPECT_EQ(16, locked_pages());
	EXPECT_ERRNO(ENOMEM, mlock(p + 16 * UM_PAGE, 1));
	EXPECT_EQ(0, munlock(p + 2 * UM_PAGE, 2 * UM_PAGE));
	EXPECT_EQ(14, locked_pages());
	EXPECT_EQ(0, munmap(p + UM_PAGE, 4 * UM_PAGE));
	EXPECT_EQ(12, locked_pages());
	EXPECT_EQ(0, mprotect(p + 6 * UM_PAGE, UM_PAGE, PROT_NONE));
	EXPECT_EQ(12, locked_pages());
	EXPECT_EQ(0, munlockall());
	EXPECT_EQ(0, locked_pages());
}

static void
by_mmap(void)
{
	char *p = map_locked(12, MAP_LOCKED);

	REQUIRE(p != MAP_FAILED);
	EXPECT_EQ(12, locked_pages());
	EXPECT_ERRNO(EAGAIN, map_locked(5, MAP_LOCKED));
	EXPECT_EQ(12, locked_pages());
	EXPECT_EQ(0, munmap(p, 12 * UM_PAGE));
	EXPECT_EQ(0, locked_pages());
}

static void
by_future(void)
{
	char *heap = sbrk(0), *p;

	EXPECT_EQ(0, mlockall(MCL_FUTURE));
	EXPECT_EQ(0, locked_pages());
	p = map_locked(8, 0);
	REQUIRE(p != MAP_FAILED);
	EXPECT_EQ(8, locked_pages());
	EXPECT_EQ(0, brk(heap + 8 * UM_PAGE));
	EXPECT_EQ(16, locked_pages());
	EXPECT_ERRNO(EAGAIN, map_locked(1, 0));
	EXPECT_ERRNO(ENOMEM, brk(heap + 9 * UM_PAGE));
	EXPECT_EQ(0, brk(heap));
	EXPECT_EQ(8, locked_pages());
	EXPECT_EQ(0, munlockall());
	EXPECT_EQ(0, munmap(p, 8 * UM_PAGE));
	p = map_locked(32, 0);
	EXPECT(p != MAP_FAILED);
	EXPECT_EQ(0, locked_pages());
	munmap(p, 32 * UM_PAGE);
}

static void
as_nobody(void *arg)
{
	struct rlimit limit = {LIMIT_PAGES * UM_PAGE, LIMIT_PAGES * UM_PAGE};

	REQUIRE(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	REQUIRE(setuid(65534) == 0);
	by_hand(arg);
	by_mmap();
	by_future();
}

static void
has_nothing_locked(void *unused)
{
	(void)unused;
	EXPECT_EQ(0, locked_pages());
}

/* The privileged do not care, and their children start with nothing locked. */
static void
as_root(void *arg)
{
	struct rlimit limit = {UM_PAGE, UM_PAGE};

	REQUIRE(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	EXPECT_EQ(0, mlock(arg, 20 * UM_PAGE));
	EXPECT_EQ(20, locked_pages());
	EXPECT_EQ(0, um_status_of(has_nothing_locked, NULL));
}

int
main(void)
{
	char *p = um_map(20 * UM_PAGE, MAP_PRIVATE);

	if (locked_pages() < 0)
		return UM_SKIP;
	EXPECT_EQ(0, locked_pages());
	EXPECT_EQ(0, um_status_of(as_nobody, p));
	EXPECT_EQ(0, um_status_of(as_root, p));
	return um_result();
}
