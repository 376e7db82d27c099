/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does an idle process of one thread cost the kernel at most 24 KiB, its own pages not counted?
 *
 * Children of fork, and programs that were started by execve.
 */
#include "user/tests/umtest.h"

#define COUNT  100
#define LIMIT  24576
#define SETTLE 300 /* ms */

/* Of /proc/vmstat, before the processes and with them. */
struct counter {
	char name[32];
	long value;
};
#define COUNTERS 200
static struct counter counters[2][COUNTERS];

static long
stat_value(const char *name)
{
	long value = um_proc_value("/proc/vmstat", name);

	REQUIRE(value >= 0);
	return value;
}

/* Pages that are neither free nor of a program nor of a file. */
static long
kernel_pages(void)
{
	return stat_value("nr_total_pages") - stat_value("nr_free_pages") -
	    stat_value("nr_anon_pages") - stat_value("nr_file_pages");
}

static void
read_counters(struct counter *c)
{
	char line[100];
	FILE *f = fopen("/proc/vmstat", "r");

	REQUIRE(f != NULL);
	for (int i = 0; i < COUNTERS && fgets(line, sizeof(line), f) != NULL; i++)
		REQUIRE(sscanf(line, "%31s %ld", c[i].name, &c[i].value) == 2);
	fclose(f);
}

/* Where the memory is: what each process has added to. */
static void
print_growth(void)
{
	for (int i = 0; i < COUNTERS; i++) {
		long growth = counters[1][i].value - counters[0][i].value;

		if (growth >= COUNT / 2)
			printf("  %s: %ld more\n", counters[0][i].name, growth);
	}
}

static void
idle(const char *self)
{
	if (self != NULL)
		execl(self, self, "idle", (char *)NULL);
	for (;;)
		pause();
}

static void
start(pid_t *pids, const char *self)
{
	for (int i = 0; i < COUNT; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0)
			idle(self);
	}
	um_sleep_ms(SETTLE);
}

/*
 * Bytes that each of COUNT idle processes costs.  As many others come first: they take what earlier processes left behind
 * for the next ones.
 */
static long
cost(const char *self)
{
	pid_t pids[2 * COUNT];
	long before, after, bytes;

	start(pids, self);
	read_counters(counters[0]);
	before = kernel_pages();
	start(pids + COUNT, self);
	after = kernel_pages();
	read_counters(counters[1]);
	for (int i = 0; i < 2 * COUNT; i++) {
		kill(pids[i], SIGKILL);
		um_wait(pids[i]);
	}
	bytes = (after - before) * (long)UM_PAGE / COUNT;
	if (bytes > LIMIT) {
		printf("%d processes, %ld pages:\n", COUNT, after - before);
		print_growth();
	}
	return bytes;
}

int
main(int argc, char **argv)
{
	char self[300] = "";
	long forked, started;

	if (argc > 1 && strcmp(argv[1], "idle") == 0)
		idle(NULL);
	if (um_proc_value("/proc/vmstat", "nr_total_pages") < 0)
		return UM_SKIP;
	REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	forked = cost(NULL);
	started = cost(self);
	printf("kernel memory of an idle process: %ld bytes after fork, %ld after execve\n", forked,
	    started);
	EXPECT(forked <= LIMIT);
	EXPECT(started <= LIMIT);

	return um_result();
}
