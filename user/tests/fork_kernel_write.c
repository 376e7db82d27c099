/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the kernel itself stores into a page that fork left shared (read(2), pipe, wait status), does only that process see it?
 * A copyout that ignores copy-on-write changes the other process's memory.
 */
#include "user/tests/umtest.h"

static char *buffer;
static int fds[2];

static void
child_reads(void *arg)
{
	(void)arg;
	REQUIRE(read(fds[0], buffer + UM_PAGE - 4, 8) == 8);
	EXPECT_EQ(0, memcmp(buffer + UM_PAGE - 4, "abcdefgh", 8));
}

static void
child_waits(void *arg)
{
	int *status = (int *)buffer;
	pid_t pid = um_fork();

	(void)arg;
	if (pid == 0)
		_exit(7);
	REQUIRE(waitpid(pid, status, 0) == pid);
	EXPECT_EQ(7, WEXITSTATUS(*status));
}

static void
child_gets_time(void *arg)
{
	struct timespec *t = (struct timespec *)buffer;

	(void)arg;
	EXPECT_EQ(0, clock_gettime(CLOCK_MONOTONIC, t));
	EXPECT(t->tv_sec >= 0 && t->tv_nsec < 1000000000);
}

int
main(void)
{
	void (*children[])(void *) = {child_reads, child_waits, child_gets_time};

	buffer = um_map(2 * UM_PAGE, MAP_PRIVATE);
	REQUIRE(pipe(fds) == 0);
	for (int i = 0; i < 3; i++) {
		memset(buffer, 0x5a, 2 * UM_PAGE);
		REQUIRE(write(fds[1], "abcdefgh", 8) == 8);
		EXPECT_EQ(0, um_status_of(children[i], NULL));
		for (size_t at = 0; at < 2 * UM_PAGE; at++)
			if (buffer[at] != 0x5a) {
				um_fail(__FILE__, __LINE__,
				    "child %d changed byte %zu of its parent", i, at);
				break;
			}
		if (i > 0)
			REQUIRE(read(fds[0], buffer, 8) == 8);
	}
	return um_result();
}
