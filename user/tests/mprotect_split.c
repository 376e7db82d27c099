/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does each page of a mapping have exactly the access it was given last, through 400 changes of random ranges?
 * Every change splits or joins pieces of the mapping; a clip that loses an offset shows up as wrong bytes.
 */
#include "user/tests/umtest.h"

#define PAGES  40
#define ROUNDS 400

static char *base;
static int model[PAGES];

/* The byte a page holds. */
static char
mark(int page)
{
	return 'A' + page;
}

/* A probe without a child: the kernel reads or writes the byte for us, or says EFAULT. */
static bool
can_read(int fd, int page)
{
	return write(fd, base + page * UM_PAGE, 1) == 1;
}

static void
check_page(const int *fds, int page)
{
	char got = 0;

	EXPECT_EQ(model[page] != PROT_NONE, can_read(fds[1], page));
	if (model[page] == PROT_NONE)
		return;
	REQUIRE(read(fds[0], &got, 1) == 1);
	EXPECT_EQ(mark(page), got);
	/* And back: reading into the page works only where it may be written. */
	got = mark(page);
	REQUIRE(write(fds[1], &got, 1) == 1);
	if (read(fds[0], base + page * UM_PAGE, 1) == 1)
		EXPECT_EQ(PROT_READ | PROT_WRITE, model[page]);
	else {
		EXPECT_EQ(PROT_READ, model[page]);
		/* A pipe may or may not have given up the byte it could not store. */
		close(fds[0]);
		close(fds[1]);
		REQUIRE(pipe((int *)fds) == 0);
	}
}

int
main(void)
{
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};
	int fds[2];

	REQUIRE(pipe(fds) == 0);
	base = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	for (int i = 0; i < PAGES; i++) {
		base[i * UM_PAGE] = mark(i);
		model[i] = PROT_READ | PROT_WRITE;
	}
	for (int round = 0; round < ROUNDS && um_failures == 0; round++) {
		uint64_t r = um_mix(um_nonce(), round);
		int first = r % PAGES, count = 1 + (r >> 8) % (PAGES - first);
		int prot = prots[(r >> 16) % 3];

		EXPECT_EQ(0, mprotect(base + first * UM_PAGE, count * UM_PAGE, prot));
		for (int i = first; i < first + count; i++)
			model[i] = prot;
		for (int i = 0; i < 4; i++)
			check_page(fds, (r >> (24 + 8 * i)) % PAGES);
	}
	for (int i = 0; i < PAGES; i++)
		check_page(fds, i);
	return um_result();
}
