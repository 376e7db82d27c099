/* SPDX-License-Identifier: BSD-2-Clause */
/* Do threads of one space that map, move, protect, fork and unmap at once each keep what is theirs? */
#define _GNU_SOURCE
#include <pthread.h>

#include "user/tests/umtest.h"

#define RW      (PROT_READ | PROT_WRITE)
#define THREADS 6
#define ROUNDS  15
#define PAGES   24

static int wrong[THREADS];

static void
fill(char *p, unsigned from, unsigned to, uint64_t seed)
{
	for (unsigned i = from; i < to; i++)
		*(uint64_t *)(p + i * UM_PAGE) = um_mix(seed, i);
}

static bool
holds(char *p, unsigned pages, uint64_t seed)
{
	for (unsigned i = 0; i < pages; i++)
		if (*(uint64_t *)(p + i * UM_PAGE) != um_mix(seed, i))
			return false;
	return true;
}

/* A life of a mapping. */
static bool
live(uint64_t seed)
{
	char *p = mmap(NULL, 8 * UM_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *to;
	bool good;

	if (p == MAP_FAILED)
		return false;
	fill(p, 0, 8, seed);
	p = mremap(p, 8 * UM_PAGE, PAGES * UM_PAGE, MREMAP_MAYMOVE);
	if (p == MAP_FAILED || !holds(p, 8, seed))
		return false;
	fill(p, 8, PAGES, seed);
	good = mprotect(p + 4 * UM_PAGE, 4 * UM_PAGE, PROT_READ) == 0 && holds(p, PAGES, seed) &&
	    mprotect(p + 4 * UM_PAGE, 4 * UM_PAGE, RW) == 0;
	to = mremap(p, PAGES * UM_PAGE, PAGES * UM_PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (to == MAP_FAILED)
		return false;
	good = good && holds(to, PAGES, seed) && *(uint64_t *)p == 0;
	fill(p, 0, 2, seed + 1);
	good = good && holds(to, PAGES, seed);
	munmap(p, PAGES * UM_PAGE);
	good = good && mremap(to, PAGES * UM_PAGE, 3 * UM_PAGE, 0) == to && holds(to, 3, seed);
	return munmap(to, 3 * UM_PAGE) == 0 && good;
}

static void *
run(void *arg)
{
	int self = (int)(intptr_t)arg;

	for (uint64_t round = 0; round < ROUNDS && wrong[self] == 0; round++)
		if (!live(um_nonce() + 1000 * round + self))
			wrong[self] = 1;
	return NULL;
}

int
main(void)
{
	pthread_t thread[THREADS];
	char *kept = um_map(UM_PAGE, MAP_PRIVATE);

	kept[0] = 'k';
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&thread[i], NULL, run, (void *)(intptr_t)i) == 0);
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		REQUIRE(pid >= 0);
		if (pid == 0)
			_exit(kept[0] == 'k' && live(i) ? 0 : 1);
		EXPECT_EQ(0, um_wait(pid));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, wrong[i]);
	}
	return um_result();
}
