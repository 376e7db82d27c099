/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does MADV_DONTNEED make private memory zero (or what the file says), for this process alone, and leave shared memory be?
 */
#include <fcntl.h>

#include "user/tests/umtest.h"

#define PAGES 16

static char *p, *file_map, *shared;

static void
expect_all(const char *at, unsigned pages, int value)
{
	for (size_t i = 0; i < pages * UM_PAGE; i += UM_PAGE / 4)
		if (at[i] != (char)value) {
			um_fail(__FILE__, __LINE__, "byte %zu is %d, expected %d", i, at[i], value);
			return;
		}
}

/* In a family: the parent's pages are older contents of the child's. */
static void
child_forgets(void *arg)
{
	(void)arg;
	memset(p, 'c', 4 * UM_PAGE);
	REQUIRE(madvise(p + 2 * UM_PAGE, 4 * UM_PAGE, MADV_DONTNEED) == 0);
	expect_all(p, 2, 'c');
	expect_all(p + 2 * UM_PAGE, 4, 0);
	expect_all(p + 6 * UM_PAGE, PAGES - 6, 'p');
	memset(p + 3 * UM_PAGE, 'd', UM_PAGE);
	expect_all(p + 2 * UM_PAGE, 1, 0);
	expect_all(p + 3 * UM_PAGE, 1, 'd');
	/* All of it, untouched by the child or not. */
	REQUIRE(madvise(p, PAGES * UM_PAGE, MADV_DONTNEED) == 0);
	expect_all(p, PAGES, 0);
	/* What it shares is not its own to forget. */
	shared[UM_PAGE] = 'C';
	REQUIRE(madvise(shared, 2 * UM_PAGE, MADV_DONTNEED) == 0);
	EXPECT_EQ('S', shared[0]);
	EXPECT_EQ('C', shared[UM_PAGE]);
	REQUIRE(madvise(file_map, 2 * UM_PAGE, MADV_DONTNEED) == 0);
	expect_all(file_map, 2, 'f');
}

static void
in_a_family(void)
{
	memset(p, 'p', PAGES * UM_PAGE);
	memset(file_map, 'm', UM_PAGE);
	memset(shared, 'S', 2 * UM_PAGE);
	EXPECT_EQ(0, um_status_of(child_forgets, NULL));
	expect_all(p, PAGES, 'p');
	expect_all(file_map, 1, 'm');
	expect_all(file_map + UM_PAGE, 1, 'f');
	EXPECT_EQ('C', shared[UM_PAGE]);
}

/* The parent forgets while a child still has the old contents. */
static void
parent_forgets(void)
{
	int pipes[2];
	char go = 0;
	pid_t pid;

	REQUIRE(pipe(pipes) == 0);
	memset(p, 'q', PAGES * UM_PAGE);
	pid = um_fork();
	if (pid == 0) {
		REQUIRE(read(pipes[0], &go, 1) == 1);
		expect_all(p, PAGES, 'q');
		exit(um_result());
	}
	REQUIRE(madvise(p + UM_PAGE, UM_PAGE, MADV_DONTNEED) == 0);
	REQUIRE(madvise(p + 4 * UM_PAGE, 4 * UM_PAGE, MADV_DONTNEED) == 0);
	p[5 * UM_PAGE] = 'n';
	expect_all(p, 1, 'q');
	expect_all(p + UM_PAGE, 1, 0);
	expect_all(p + 2 * UM_PAGE, 2, 'q');
	EXPECT_EQ('n', p[5 * UM_PAGE]);
	EXPECT_EQ(0, p[5 * UM_PAGE + 1]);
	REQUIRE(write(pipes[1], &go, 1) == 1);
	EXPECT_EQ(0, um_wait(pid));
	expect_all(p + UM_PAGE, 1, 0);
	expect_all(p + 8 * UM_PAGE, PAGES - 8, 'q');
	close(pipes[0]);
	close(pipes[1]);
}

int
main(void)
{
	static char text[2 * UM_PAGE];
	int fd = open("/tmp/madvise_dontneed", O_RDWR | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd >= 0);
	memset(text, 'f', sizeof(text));
	REQUIRE(write(fd, text, sizeof(text)) == (ssize_t)sizeof(text));
	file_map = mmap(NULL, 2 * UM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(file_map != MAP_FAILED);
	shared = um_map(2 * UM_PAGE, MAP_SHARED);
	p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);

	memset(p, 'a', PAGES * UM_PAGE);
	REQUIRE(madvise(p + UM_PAGE, 3 * UM_PAGE, MADV_DONTNEED) == 0);
	expect_all(p, 1, 'a');
	expect_all(p + UM_PAGE, 3, 0);
	expect_all(p + 4 * UM_PAGE, PAGES - 4, 'a');

	memset(file_map, 'm', 2 * UM_PAGE);
	REQUIRE(madvise(file_map, UM_PAGE, MADV_DONTNEED) == 0);
	expect_all(file_map, 1, 'f');
	expect_all(file_map + UM_PAGE, 1, 'm');
	REQUIRE(madvise(file_map, 2 * UM_PAGE, MADV_DONTNEED) == 0);
	expect_all(file_map, 2, 'f');

	in_a_family();
	parent_forgets();
	for (int i = 0; i < 20; i++) {
		in_a_family();
		REQUIRE(madvise(p + i % PAGES * UM_PAGE, UM_PAGE, MADV_DONTNEED) == 0);
		EXPECT_EQ(0, p[i % PAGES * UM_PAGE]);
	}
	REQUIRE(unlink("/tmp/madvise_dontneed") == 0);
	return um_result();
}
