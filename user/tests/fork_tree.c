/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do 200 processes that share, write and unmap the same 8 MiB of private memory each see exactly
 * their own bytes?
 *
 * The tree: process n forks 2n and 2n+1. Before it forks, n writes a stripe of pages that its
 * descendants must inherit; after it forked, it writes another that nobody else may see, and unmaps
 * a third. Every process checks each page that was written on its path from the root, and some of
 * those that never were.
 */
#include "user/tests/umtest.h"

#define PROCESSES 200
#define PAGES     2048
#define WORDS     (UM_PAGE / 8)

static uint64_t *base;

/* The last process to write each page on our path from the root, as the model has it; -1: unmapped
 * by us. */
static int owner[PAGES];
/* Which of its writes that was: before or after the fork. */
static int moment[PAGES];

static uint64_t
value_of(int process, int when, int page)
{
	return um_mix(um_nonce() + process * 2 + when, page);
}

/*
 * Process n writes every 128th page, a stripe that depends on n, so that stripes of relatives
 * overlap.  All 200 alive at once write 6,400 pages of their own: 25 MiB.
 */
static void
write_stripe(int n, int when)
{
	for (int page = (n * 3 + when * 5) % 128; page < PAGES; page += 128) {
		if (owner[page] < 0)
			continue;
		base[page * WORDS + n % WORDS] = value_of(n, when, page);
		base[page * WORDS] = value_of(n, when, page);
		owner[page] = n;
		moment[page] = when;
	}
}

static void
check_all(int n)
{
	for (int page = 0; page < PAGES; page++) {
		uint64_t want = owner[page] ? value_of(owner[page], moment[page], page) : 0;

		if (owner[page] < 0 || (owner[page] == 0 && (page + n) % 16 != 0))
			continue;
		if (base[page * WORDS] == want)
			continue;
		um_fail(__FILE__, __LINE__, "process %d: page %d is not what process %d wrote", n,
		    page, owner[page]);
		return;
	}
}

static void
unmap_stripe(int n)
{
	for (int page = n % 64; page < PAGES; page += 64) {
		REQUIRE(munmap(base + page * WORDS, UM_PAGE) == 0);
		owner[page] = -1;
	}
}

/* Processes are numbered from 1: owner 0 means untouched, all zero. */
static void
node(int n)
{
	pid_t kids[2];
	int count = 0;

	write_stripe(n, 0);
	for (int kid = 2 * n; kid <= 2 * n + 1; kid++) {
		if (kid > PROCESSES)
			continue;
		kids[count] = um_fork();
		if (kids[count++] == 0) {
			node(kid);
			exit(um_result());
		}
	}
	write_stripe(n, 1);
	check_all(n);
	unmap_stripe(n);
	while (count > 0)
		EXPECT_EQ(0, um_wait(kids[--count]));
	check_all(n);
}

int
main(void)
{
	base = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	node(1);
	um_value(base[8 * WORDS]);
	return um_result();
}
