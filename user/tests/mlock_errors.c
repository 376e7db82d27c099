/* SPDX-License-Identifier: BSD-2-Clause */
/* Do mlock, mlock2, munlock, mlockall and munlockall refuse wrong arguments with the errors that Linux has? */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "user/tests/umtest.h"

#define PAGES 8

enum call { LOCK, LOCK2, UNLOCK, LOCKALL, UNLOCKALL };

struct row {
	enum call call;
	long addr, len, flags;
	int want; /* errno, 0: succeeds */
};

static long
call(const struct row *r)
{
	switch (r->call) {
	case LOCK:
		return um_syscall(SYS_mlock, r->addr, r->len, 0, 0, 0, 0);
	case LOCK2:
		return um_syscall(SYS_mlock2, r->addr, r->len, r->flags, 0, 0, 0);
	case UNLOCK:
		return um_syscall(SYS_munlock, r->addr, r->len, 0, 0, 0, 0);
	case LOCKALL:
		return um_syscall(SYS_mlockall, r->flags, 0, 0, 0, 0, 0);
	default:
		return um_syscall(SYS_munlockall, 0, 0, 0, 0, 0, 0);
	}
}

static void
check(const char *who, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		long got = call(&rows[i]);

		if (got != -rows[i].want)
			um_fail(__FILE__, __LINE__,
			    "%s %zu: call %d (%#lx, %#lx, %#lx) is %ld, expected %d", who, i,
			    rows[i].call, rows[i].addr, rows[i].len, rows[i].flags, got,
			    -rows[i].want);
		if (rows[i].call != UNLOCKALL)
			call(&(struct row){UNLOCKALL, 0, 0, 0, 0});
	}
}

static void
become_nobody(rlim_t memlock)
{
	struct rlimit limit = {memlock, memlock};

	REQUIRE(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	REQUIRE(um_syscall(SYS_setresuid, 65534, 65534, 65534, 0, 0, 0) == 0);
}

/* p: pages 0 to 7, of which 4 is a hole and 6 has no rights. */
static void
with_a_limit(void *arg)
{
	long p = (long)arg, pg = UM_PAGE;
	const struct row rows[] = {
	    {LOCK, p, 4 * pg, 0, 0},
	    {LOCK, p + 1, 4 * pg - 1, 0, 0},
	    {LOCK, p, 5 * pg, 0, ENOMEM},
	    {LOCK, p + 1, 4 * pg, 0, ENOMEM},
	    {LOCK, p + 5 * pg, pg, 0, 0},
	    {LOCK, p, 0, 0, 0},
	    {LOCK, 1, 0, 0, ENOMEM},
	    {LOCK, 0, 0, 0, 0},
	    {LOCK, p, -1, 0, 0},
	    {LOCK, p, -pg, 0, ENOMEM},
	    {LOCK, -pg, pg, 0, EINVAL},
	    {LOCK, -pg, 2 * pg, 0, EINVAL},
	    {LOCK2, p, pg, 1, 0},
	    {LOCK2, p, pg, 2, EINVAL},
	    {LOCK2, p, pg, -1, EINVAL},
	    {LOCK2, p + 4 * pg, pg, 1, ENOMEM},
	    {LOCKALL, 0, 0, 0, EINVAL},
	    {LOCKALL, 0, 0, 4, EINVAL},
	    {LOCKALL, 0, 0, 8, EINVAL},
	    {LOCKALL, 0, 0, 1, ENOMEM},
	    {LOCKALL, 0, 0, 2, 0},
	    {LOCKALL, 0, 0, 6, 0},
	};

	become_nobody(16384);
	check("limit", rows, sizeof(rows) / sizeof(rows[0]));
}

static void
with_no_limit_at_all(void *arg)
{
	long p = (long)arg, pg = UM_PAGE;
	const struct row rows[] = {
	    {LOCK, p, pg, 0, EPERM},
	    {LOCK, p, 0, 0, EPERM},
	    {LOCK, p + 4 * pg, pg, 0, EPERM},
	    {LOCK2, p, pg, 1, EPERM},
	    {LOCK2, p, pg, 2, EINVAL},
	    {LOCKALL, 0, 0, 1, EPERM},
	    {LOCKALL, 0, 0, 0, EINVAL},
	    {UNLOCK, p, pg, 0, 0},
	    {UNLOCK, p + 4 * pg, pg, 0, ENOMEM},
	    {UNLOCKALL, 0, 0, 0, 0},
	};

	become_nobody(0);
	check("no limit", rows, sizeof(rows) / sizeof(rows[0]));
	EXPECT_ERRNO(
	    EPERM, mmap(NULL, pg, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
}

static void
privileged(void *arg)
{
	long p = (long)arg, pg = UM_PAGE;
	const struct row rows[] = {
	    {LOCK, p, 4 * pg, 0, 0},
	    {LOCK, p, 5 * pg, 0, ENOMEM},
	    {LOCK, p + 4 * pg, 0, 0, 0},
	    {LOCK, p + 4 * pg, pg, 0, ENOMEM},
	    {LOCK, p + 5 * pg, 2 * pg, 0, ENOMEM},
	    {LOCK, p + 6 * pg, pg, 0, ENOMEM},
	    {LOCK2, p + 6 * pg, pg, 1, 0},
	    {LOCK, p, -1, 0, 0},
	    {LOCK, p, -pg, 0, EINVAL},
	    {LOCK, -pg, pg - 1, 0, EINVAL},
	    {LOCK, -pg, 2 * pg, 0, EINVAL},
	    {LOCK, 1l << 50, pg, 0, ENOMEM},
	    {LOCK2, p, pg, 4, EINVAL},
	    {UNLOCK, p, 4 * pg, 0, 0},
	    {UNLOCK, p + 5, 1, 0, 0},
	    {UNLOCK, p, 5 * pg, 0, ENOMEM},
	    {UNLOCK, p + 5 * pg, 3 * pg, 0, 0},
	    {UNLOCK, p, 0, 0, 0},
	    {UNLOCK, p, -1, 0, 0},
	    {UNLOCK, p, -pg, 0, EINVAL},
	    {UNLOCK, -pg, pg, 0, EINVAL},
	    {LOCKALL, 0, 0, 1, 0},
	    {LOCKALL, 0, 0, 7, 0},
	    {LOCKALL, 0, 0, -1, EINVAL},
	    {UNLOCKALL, 0, 0, 0, 0},
	};

	check("privileged", rows, sizeof(rows) / sizeof(rows[0]));
}

int
main(void)
{
	char *p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);

	REQUIRE(munmap(p + 4 * UM_PAGE, UM_PAGE) == 0);
	REQUIRE(mprotect(p + 6 * UM_PAGE, UM_PAGE, PROT_NONE) == 0);
	EXPECT_EQ(0, um_status_of(with_a_limit, p));
	EXPECT_EQ(0, um_status_of(with_no_limit_at_all, p));
	EXPECT_EQ(0, um_status_of(privileged, p));
	return um_result();
}
