/* SPDX-License-Identifier: BSD-2-Clause */
/* Does memory keep its contents through mremap, wherever it goes, and whatever is mapped around it? */
#define _GNU_SOURCE
#include "user/tests/umtest.h"

#define RW     (PROT_READ | PROT_WRITE)
#define PAGES  64
#define ROUNDS 200

/* Numbers that tell page and test apart. */
static void
fill(char *p, unsigned pages, unsigned what)
{
	for (unsigned i = 0; i < pages; i++)
		*(uint64_t *)(p + i * UM_PAGE) = um_mix(um_nonce() + what, i);
}

static bool
holds(char *p, unsigned pages, unsigned what, unsigned from)
{
	for (unsigned i = 0; i < pages; i++)
		if (*(uint64_t *)(p + i * UM_PAGE) != um_mix(um_nonce() + what, from + i))
			return false;
	return true;
}

static bool
is_zero(char *p, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		if (*(uint64_t *)(p + i * UM_PAGE) != 0)
			return false;
	return true;
}

static void
grows_and_shrinks(void)
{
	char *p = um_map(4 * UM_PAGE, MAP_PRIVATE);

	fill(p, 4, 1);
	p = mremap(p, 4 * UM_PAGE, PAGES * UM_PAGE, MREMAP_MAYMOVE);
	REQUIRE(p != MAP_FAILED);
	EXPECT(holds(p, 4, 1, 0) && is_zero(p + 4 * UM_PAGE, PAGES - 4));
	fill(p, PAGES, 2);
	EXPECT(mremap(p, PAGES * UM_PAGE, 2 * UM_PAGE, 0) == p);
	EXPECT_EQ(128 + SIGSEGV, um_load_status(p + 2 * UM_PAGE));
	EXPECT(mremap(p, 2 * UM_PAGE, 4 * UM_PAGE, 0) == p);
	EXPECT(holds(p, 2, 2, 0) && is_zero(p + 2 * UM_PAGE, 2));
	munmap(p, 4 * UM_PAGE);
}

/* The middle moves out, the hole is filled: what moved is still what it was. */
static void
middle_moves(void)
{
	char *p = um_map(6 * UM_PAGE, MAP_PRIVATE), *to = um_map(2 * UM_PAGE, MAP_PRIVATE);

	fill(p, 6, 3);
	EXPECT(mremap(p + 2 * UM_PAGE, 2 * UM_PAGE, 2 * UM_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   to) == to);
	EXPECT(mmap(p + 2 * UM_PAGE, 2 * UM_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == p + 2 * UM_PAGE);
	EXPECT(is_zero(p + 2 * UM_PAGE, 2));
	fill(p + 2 * UM_PAGE, 2, 4);
	EXPECT(holds(to, 2, 3, 2) && holds(p, 2, 3, 0) && holds(p + 4 * UM_PAGE, 2, 3, 4));
	munmap(p, 6 * UM_PAGE);
	EXPECT(holds(to, 2, 3, 2));
	munmap(to, 2 * UM_PAGE);
}

static void
old_place_is_kept(void)
{
	char *p = um_map(4 * UM_PAGE, MAP_PRIVATE), *to;

	fill(p, 4, 5);
	to = mremap(p, 4 * UM_PAGE, 4 * UM_PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	REQUIRE(to != MAP_FAILED && to != p);
	EXPECT(holds(to, 4, 5, 0) && is_zero(p, 4));
	fill(p, 4, 6);
	EXPECT(holds(to, 4, 5, 0));
	munmap(p, 4 * UM_PAGE);
	munmap(to, 4 * UM_PAGE);
}

static void
shared_memory_has_two_views(void)
{
	char *p = um_map(4 * UM_PAGE, MAP_SHARED), *to;
	pid_t pid;

	fill(p, 4, 7);
	to = mremap(p + UM_PAGE, 0, 4 * UM_PAGE, MREMAP_MAYMOVE);
	REQUIRE(to != MAP_FAILED);
	EXPECT(holds(to, 3, 7, 1));
	EXPECT_EQ(128 + SIGBUS, um_load_status(to + 3 * UM_PAGE));
	pid = um_fork();
	if (pid == 0) {
		fill(p, 4, 8);
		_exit(0);
	}
	EXPECT_EQ(0, um_wait(pid));
	EXPECT(holds(to, 3, 8, 1));
	munmap(p, 4 * UM_PAGE);
	EXPECT(holds(to, 3, 8, 1));
	munmap(to, 4 * UM_PAGE);
}

/* Pieces of one mapping wander about at random; each knows its number. */
static void
pieces_wander(void)
{
	char *area = um_map(2 * PAGES * UM_PAGE, MAP_PRIVATE), *at[PAGES], *p;

	fill(area, PAGES, 9);
	munmap(area + PAGES * UM_PAGE, PAGES * UM_PAGE);
	for (int i = 0; i < PAGES; i++)
		at[i] = area + i * UM_PAGE;
	for (int round = 0; round < ROUNDS; round++) {
		unsigned i = um_mix(um_nonce(), round) % PAGES;

		p = mremap(at[i], UM_PAGE, 2 * UM_PAGE, MREMAP_MAYMOVE);
		REQUIRE(p != MAP_FAILED);
		EXPECT(is_zero(p + UM_PAGE, 1));
		EXPECT(mremap(p, 2 * UM_PAGE, UM_PAGE, 0) == p);
		at[i] = p;
	}
	for (int i = 0; i < PAGES; i++) {
		EXPECT(holds(at[i], 1, 9, i));
		munmap(at[i], UM_PAGE);
	}
}

int
main(void)
{
	grows_and_shrinks();
	middle_moves();
	old_place_is_kept();
	shared_memory_has_two_views();
	pieces_wander();
	return um_result();
}
