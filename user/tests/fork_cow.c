/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After fork, is every write of parent or child invisible to the other, page by page?
 * Pages are written by the parent only, the child only, both, or neither, before and after the other one reads.
 */
#include "user/tests/umtest.h"

#define PAGES 256
#define WORDS (UM_PAGE / 8)

enum { BEFORE = 1, PARENT = 2, CHILD = 3 };

static uint64_t *base;

static uint64_t
word(int who, int page)
{
	return um_mix(um_nonce() + who, page);
}

/* The first and last word of a page: both ends were copied. */
static void
put(int page, uint64_t value)
{
	base[page * WORDS] = value;
	base[page * WORDS + WORDS - 1] = ~value;
}

static void
expect(int page, int who)
{
	EXPECT_EQ(word(who, page), base[page * WORDS]);
	EXPECT_EQ(~word(who, page), base[page * WORDS + WORDS - 1]);
}

static void
wait_byte(int fd)
{
	char c;

	REQUIRE(read(fd, &c, 1) == 1);
}

/* Bit 0 of the page number: the child writes it. Bit 1: the parent does. */
static void
child(int from_parent, int to_parent)
{
	for (int i = 0; i < PAGES; i++)
		if (i & 1)
			put(i, word(CHILD, i));
	REQUIRE(write(to_parent, "c", 1) == 1);
	wait_byte(from_parent);
	for (int i = 0; i < PAGES; i++)
		expect(i, i & 1 ? CHILD : BEFORE);
	exit(um_result());
}

int
main(void)
{
	int to_child[2], to_parent[2];
	uint64_t sum = 0;
	pid_t pid;

	base = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	for (int i = 0; i < PAGES; i++)
		put(i, word(BEFORE, i));
	REQUIRE(pipe(to_child) == 0 && pipe(to_parent) == 0);
	pid = um_fork();
	if (pid == 0)
		child(to_child[0], to_parent[1]);

	wait_byte(to_parent[0]);
	for (int i = 0; i < PAGES; i++) {
		expect(i, BEFORE);
		if (i & 2)
			put(i, word(PARENT, i));
	}
	REQUIRE(write(to_child[1], "p", 1) == 1);
	EXPECT_EQ(0, um_wait(pid));
	for (int i = 0; i < PAGES; i++) {
		expect(i, i & 2 ? PARENT : BEFORE);
		sum += base[i * WORDS];
	}
	um_value(sum);
	return um_result();
}
