/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * While threads write and read memory, others forget it, advise about it and fork: does each byte stay the last one written or zero?
 */
#include <pthread.h>
#include <stdatomic.h>

#include "user/tests/umtest.h"

#define PAGES   16u
#define WRITERS 3
#define ROUNDS  300

static unsigned char *p;
static atomic_bool done;
static atomic_uint wrong;

/* Each writer has pages of its own: what it reads there is what it wrote last, or zero, and then zero until it writes again. */
static void *
writer(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	unsigned char last[PAGES] = {0};

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = me; i < PAGES; i += WRITERS) {
			volatile unsigned char *at = p + i * UM_PAGE;
			unsigned char now = *at;

			if (now != 0 && now != last[i])
				atomic_fetch_add(&wrong, 1);
			last[i] = (unsigned char)(1 + round % 255);
			*at = last[i];
			now = *at;
			if (now != 0 && now != last[i])
				atomic_fetch_add(&wrong, 1);
		}
	}
	return NULL;
}

static void *
forgetter(void *arg)
{
	static const int advice[] = {MADV_DONTNEED, MADV_RANDOM, MADV_FREE, MADV_WILLNEED,
	    MADV_SEQUENTIAL, MADV_DONTNEED, MADV_COLD, MADV_NORMAL};
	unsigned char vec[PAGES];

	(void)arg;
	for (unsigned n = 0; !atomic_load(&done); n++) {
		unsigned first = n * 7 % PAGES, count = 1 + n % (PAGES - first);

		if (madvise(p + first * UM_PAGE, count * UM_PAGE, advice[n % 8]) != 0)
			atomic_fetch_add(&wrong, 1);
		if (n % 16 == 0 && mincore(p, PAGES * UM_PAGE, vec) != 0)
			atomic_fetch_add(&wrong, 1);
		if (n % 16 == 8 && msync(p, PAGES * UM_PAGE, MS_SYNC | MS_INVALIDATE) != 0)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

/* Children hold on to older contents, of which nothing may come back. */
static void *
forker(void *arg)
{
	(void)arg;
	while (!atomic_load(&done)) {
		pid_t pid = fork();

		if (pid == 0) {
			volatile unsigned char sum = 0;

			for (unsigned i = 0; i < PAGES; i++)
				sum += p[i * UM_PAGE];
			(void)sum;
			_exit(madvise(p, PAGES * UM_PAGE, MADV_DONTNEED) == 0 && p[0] == 0 ? 0 : 1);
		}
		if (pid < 0 || um_wait(pid) != 0)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[WRITERS + 2];

	p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	for (unsigned i = 0; i < WRITERS; i++)
		REQUIRE(pthread_create(&t[i], NULL, writer, (void *)(uintptr_t)i) == 0);
	REQUIRE(pthread_create(&t[WRITERS], NULL, forgetter, NULL) == 0);
	REQUIRE(pthread_create(&t[WRITERS + 1], NULL, forker, NULL) == 0);
	for (unsigned i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	atomic_store(&done, true);
	pthread_join(t[WRITERS], NULL);
	pthread_join(t[WRITERS + 1], NULL);
	EXPECT_EQ(0, atomic_load(&wrong));
	return um_result();
}
