/* SPDX-License-Identifier: BSD-2-Clause */
/* Do processes that never give up the processor still share it, and let a sleeper wake up in time? */
#include "user/tests/umtest.h"

#define SPINNERS 6
#define MEASURE  600 /* ms */

static volatile uint64_t *turns;

static void
spin(int i)
{
	for (;;)
		turns[i * 8]++;
}

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
main(void)
{
	pid_t pids[SPINNERS];
	uint64_t least = -1ul, most = 0;
	long start, late;

	turns = um_map(UM_PAGE, MAP_SHARED);
	for (int i = 0; i < SPINNERS; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0)
			spin(i);
	}
	start = now_ms();
	um_sleep_ms(MEASURE);
	late = now_ms() - start - MEASURE;
	for (int i = 0; i < SPINNERS; i++) {
		kill(pids[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, um_wait(pids[i]));
		least = turns[i * 8] < least ? turns[i * 8] : least;
		most = turns[i * 8] > most ? turns[i * 8] : most;
	}
	if (!EXPECT(least > 0 && least * 20 > most))
		fprintf(stderr, "one spinner had %llu turns, another %llu\n",
		    (unsigned long long)least, (unsigned long long)most);
	if (!EXPECT(late >= 0 && late < 1000))
		fprintf(stderr, "the sleeper woke %ld ms late\n", late);
	return um_result();
}
