/* SPDX-License-Identifier: BSD-2-Clause */
/* Does getrusage count faults, and the most memory there was, of the process, the thread and the children? */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define PAGES 1024

static struct rusage
usage(int who)
{
	struct rusage r;

	REQUIRE(getrusage(who, &r) == 0);
	return r;
}

static void
touch(void *arg)
{
	char *p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);

	(void)arg;
	for (int i = 0; i < PAGES; i++)
		p[i * UM_PAGE] = 1;
	munmap(p, PAGES * UM_PAGE);
}

int
main(void)
{
	struct rusage before = usage(RUSAGE_SELF), thread = usage(RUSAGE_THREAD), after;
	long most;

	touch(NULL);
	after = usage(RUSAGE_SELF);
	EXPECT(after.ru_minflt - before.ru_minflt >= PAGES);
	EXPECT(after.ru_minflt - before.ru_minflt < 2 * PAGES);
	EXPECT(usage(RUSAGE_THREAD).ru_minflt - thread.ru_minflt >= PAGES);
	EXPECT(after.ru_majflt >= before.ru_majflt);
	/* What is unmapped long ago still counts as the most there was, in KiB. */
	EXPECT(after.ru_maxrss >= PAGES * 4);
	EXPECT(after.ru_maxrss < PAGES * 4 + 16384);
	most = after.ru_maxrss;
	EXPECT_EQ(0, usage(RUSAGE_CHILDREN).ru_minflt);
	EXPECT_EQ(0, um_status_of(touch, NULL));
	EXPECT(usage(RUSAGE_CHILDREN).ru_minflt >= PAGES);
	EXPECT(usage(RUSAGE_CHILDREN).ru_maxrss >= PAGES * 4);
	EXPECT(usage(RUSAGE_SELF).ru_maxrss >= most);
	return um_result();
}
