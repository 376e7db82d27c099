/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After 10,000 generations of "parent exits, child forks on", is the shadow chain still at most 3 deep and memory constant?
 *
 * A chain that is never collapsed grows by one object each generation:   map -> shadow -> shadow -> ... -> first object
 * The depth is read from /proc/self/vmmap, the memory from /proc/vmstat; where there is none, only the bytes are checked.
 */
#include "user/tests/umtest.h"

#define GENERATIONS 10000
#define WARM_UP     400 /* until each hart's caches hold what they will hold */
#define PAGES       16
#define WORDS       (UM_PAGE / 8)
#define MAX_DEPTH   3
#define SLACK_PAGES 64
#define PATIENCE_MS 3000 /* parents may still be on their way out, on other harts */

/* Shared by all generations: how the last one ended. */
struct report {
	volatile int done;
	int failed, generation, depth;
	uint64_t sum;
};

static struct report *report;
static uint64_t *base;

/* The depth of the deepest object chain of this process: lines of /proc/self/vmmap that begin with "chain". */
static int
chain_depth(void)
{
	char line[256];
	int depth = 0, n;
	FILE *f = fopen("/proc/self/vmmap", "r");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		char *at = strstr(line, "depth=");

		n = at != NULL ? atoi(at + 6) : 0;
		if (n > depth)
			depth = n;
	}
	fclose(f);
	return depth;
}

/* In generation g, page g % PAGES is written; every page holds what its last writer put there. */
static void
live(int g)
{
	for (int page = 0; page < PAGES; page++) {
		int writer = g - 1 - (g - 1 - page) % PAGES;

		if (g > page && base[page * WORDS] != um_mix(um_nonce(), writer))
			report->failed = g;
	}
	base[g % PAGES * WORDS] = um_mix(um_nonce(), g);
}

static void
last_words(int g)
{
	report->generation = g;
	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		report->depth = chain_depth();
		if (report->depth <= MAX_DEPTH)
			break;
		um_sleep_ms(10);
	}
	report->sum = base[g % PAGES * WORDS];
	report->done = 1;
}

static void
generations(int n)
{
	for (int g = 0; g < n; g++) {
		pid_t pid;

		live(g);
		pid = fork();
		if (pid < 0) {
			report->failed = g + 1;
			break;
		}
		if (pid > 0)
			_exit(0);
	}
	last_words(n - 1);
	_exit(0);
}

static void
run_generations(int n)
{
	pid_t pid;

	report->done = 0;
	pid = um_fork();
	if (pid == 0)
		generations(n);
	EXPECT_EQ(0, um_wait(pid));
	while (!report->done)
		um_sleep_ms(10);
}

/* Free pages, as soon as there are at least `enough`. */
static long
free_pages(long enough)
{
	long now = um_proc_value("/proc/vmstat", "nr_free_pages");

	for (int ms = 0; now < enough && ms < PATIENCE_MS; ms += 10) {
		um_sleep_ms(10);
		now = um_proc_value("/proc/vmstat", "nr_free_pages");
	}
	return now;
}

int
main(void)
{
	long before, after;

	report = um_map(UM_PAGE, MAP_SHARED);
	base = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	run_generations(WARM_UP);
	um_sleep_ms(100);
	before = um_proc_value("/proc/vmstat", "nr_free_pages");
	run_generations(GENERATIONS);
	after = free_pages(before - SLACK_PAGES);

	EXPECT_EQ(0, report->failed);
	EXPECT_EQ(GENERATIONS - 1, report->generation);
	if (!EXPECT(report->depth <= MAX_DEPTH))
		fprintf(stderr, "the chain is %d objects deep\n", report->depth);
	/* Linux has the counter as well, but much else that moves it. */
	if (report->depth > 0 && !EXPECT(before - after <= SLACK_PAGES))
		fprintf(stderr, "free pages fell from %ld to %ld\n", before, after);
	um_value(report->sum);
	return um_result();
}
