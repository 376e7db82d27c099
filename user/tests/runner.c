/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runner NONCE NAME[:SECONDS]...: run guest tests one after another and report on /dev/hvc1.
 *
 * It is the machine's first process (init=/tests/runner ...), so that a verdict on memory depends on no shell. The records,
 * each with a sequence number that starts at 0 and rises by one:
 *
 *     SEQ begin NAME                    the test starts
 *     SEQ leak NAME COUNTER BEFORE AFTER    something did not come back
 *     SEQ check NAME TEXT               /proc/vmcheck found an invariant broken
 *     SEQ end NAME STATUS               its exit status, 128+N for signal N, or "timeout"
 *     SEQ done COUNT                    all tests were run
 *
 * Time limits are in guest time: under icount they do not depend on how busy the host is.
 *
 * A leak is what happens every time. The first runs of a program also fill caches (pages of its file, items a zone keeps),
 * so when a counter has risen, the test runs again, and only what rises in each of six runs is reported.
 */
#include <fcntl.h>

#include "user/tests/umtest.h"

#define DEFAULT_LIMIT 30 /* seconds of guest time */
#define SETTLE_MS     500
#define LEAK_RUNS     6
#define MAX_COUNTERS  64
#define NAME_LEN      48
#define SYS_REBOOT    142
#define POWER_OFF     0x4321fedc

struct counter {
	char name[NAME_LEN];
	long value;
};

struct snapshot {
	int count;
	struct counter counter[MAX_COUNTERS];
};

static int record_fd, output_fd;
static uint64_t nonce;
static unsigned seq;

/* ---- What must come back ---------------------------------------------------------------------- */

/* Free, or free for everyone who needs them: pages of files and metadata, and of zones, whose items are counted one by one. */
static bool
is_page_counter(const char *name)
{
	static const char *const counters[] = {
	    "nr_free_pages", "nr_file_pages", "nr_zone_pages", "zone_fs_buf"};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (strcmp(name, counters[i]) == 0)
			return true;
	return false;
}

/* The items of these zones are caches of the file systems. */
static bool
is_cache(const char *name)
{
	return strcmp(name, "zone_fs_inode") == 0 || strcmp(name, "zone_fs_buf") == 0 ||
	    strcmp(name, "zone_proc_inode") == 0;
}

static bool
is_watched(const char *name)
{
	return (strncmp(name, "zone_", 5) == 0 && !is_cache(name)) ||
	    strncmp(name, "swap_used", 9) == 0;
}

/* => the index of a counter, -1 if there is none of that name */
static int
find(const struct snapshot *s, const char *name)
{
	for (int i = 0; i < s->count; i++)
		if (strcmp(s->counter[i].name, name) == 0)
			return i;
	return -1;
}

/* Counter 0 is pages in use by anything else, less a constant. */
static void
take_snapshot(struct snapshot *s)
{
	char line[128], name[NAME_LEN];
	FILE *f = fopen("/proc/vmstat", "r");
	long value;

	memset(s, 0, sizeof(*s));
	strcpy(s->counter[0].name, "pages");
	s->count = 1;
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%47s %ld", name, &value) != 2)
			continue;
		if (is_page_counter(name))
			s->counter[0].value -= value;
		if (is_watched(name) && s->count < MAX_COUNTERS) {
			strcpy(s->counter[s->count].name, name);
			s->counter[s->count++].value = value;
		}
	}
	fclose(f);
}

/* Forget the counters that did not rise from `before` to `after`.  => whether any is left */
static bool
keep_growing(struct snapshot *suspects, const struct snapshot *before, const struct snapshot *after)
{
	int kept = 0;

	for (int i = 0; i < suspects->count; i++) {
		int at = find(before, suspects->counter[i].name),
		    now = find(after, suspects->counter[i].name);

		if (at >= 0 && now >= 0 && after->counter[now].value > before->counter[at].value)
			suspects->counter[kept++] = after->counter[now];
	}
	suspects->count = kept;
	return kept > 0;
}

/* What a process held is freed by whoever reaps it, a moment after its end.  => as keep_growing */
static bool
settle(struct snapshot *suspects, const struct snapshot *before, struct snapshot *after)
{
	struct snapshot left;

	for (int ms = 0; ms < SETTLE_MS; ms += 20) {
		take_snapshot(after);
		left = *suspects;
		if (!keep_growing(&left, before, after))
			break;
		um_sleep_ms(20);
	}
	*suspects = left;
	return left.count > 0;
}

/* ---- One test ---------------------------------------------------------------------------------- */

/* Bring the program's pages into the file cache before they are counted. */
static void
warm(const char *path)
{
	char block[4096];
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && read(fd, block, sizeof(block)) > 0)
		continue;
	if (fd >= 0)
		close(fd);
}

static void
become_test(const char *path, const char *name, int out, int records)
{
	char nonce_text[20];
	char *argv[] = {(char *)name, NULL};

	snprintf(nonce_text, sizeof(nonce_text), "%llx", (unsigned long long)nonce);
	setenv("UM_NONCE", nonce_text, 1);
	if (records >= 0)
		setenv("UM_TEST", name, 1);
	setpgid(0, 0);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(out, 2);
	if (records >= 0)
		dup2(records, UM_RECORD_FD);
	else
		close(UM_RECORD_FD);
	execv(path, argv);
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* As init we inherit whatever the test left running: end it and bury it. */
static void
clean_up(void)
{
	if (getpid() == 1)
		kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

/* => exit status, 128+signal, or -1 when the time was over */
static int
run_once(const char *path, const char *name, double limit, int out, int records)
{
	double end = now() + limit;
	int status = -1, raw;
	pid_t pid = um_fork(), found;

	if (pid == 0)
		become_test(path, name, out, records);
	while ((found = waitpid(-1, &raw, WNOHANG)) != pid) {
		if (found == 0 && now() > end)
			break;
		if (found == 0)
			um_sleep_ms(2);
	}
	if (found == pid)
		status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	else
		kill(-pid, SIGKILL);
	clean_up();
	return status;
}

/* Is every invariant of the memory system still true? Says which is not. */
static void
check_invariants(const char *name)
{
	char text[120] = "";
	FILE *f = fopen("/proc/vmcheck", "r");

	if (f == NULL)
		return;
	if (fgets(text, sizeof(text), f) == NULL)
		strcpy(text, "no answer");
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "ok") != 0)
		um_record(record_fd, nonce, "%u check %s %s", seq++, name, text);
}

/* Run the test again for as long as every run leaves more behind than the one before it. */
static void
check_leaks(const char *path, const char *name, double limit, const struct snapshot *start)
{
	struct snapshot before = *start, suspects = *start, after;
	int quiet = open("/dev/null", O_WRONLY);

	for (int run = 1; settle(&suspects, &before, &after) && run < LEAK_RUNS; run++) {
		before = after;
		run_once(path, name, limit, quiet, -1);
	}
	close(quiet);
	for (int i = 0; i < suspects.count; i++) {
		const char *counter = suspects.counter[i].name;

		um_record(record_fd, nonce, "%u leak %s %s %ld %ld", seq++, name, counter,
		    before.counter[find(&before, counter)].value, suspects.counter[i].value);
	}
}

static void
run_test(const char *dir, char *spec)
{
	struct snapshot before;
	char path[200];
	char *colon = strchr(spec, ':');
	double limit = colon != NULL ? atof(colon + 1) : DEFAULT_LIMIT;
	int status;

	if (colon != NULL)
		*colon = '\0';
	snprintf(path, sizeof(path), "%s/%s", dir, spec);
	warm(path);
	take_snapshot(&before);
	dprintf(output_fd, "@begin %s\n", spec);
	um_record(record_fd, nonce, "%u begin %s", seq++, spec);
	status = run_once(path, spec, limit, output_fd, record_fd);
	dprintf(output_fd, "@end %s\n", spec);
	if (status == 0)
		check_leaks(path, spec, limit, &before);
	check_invariants(spec);
	if (status < 0)
		um_record(record_fd, nonce, "%u end %s timeout", seq++, spec);
	else
		um_record(record_fd, nonce, "%u end %s %d", seq++, spec, status);
}

/* The first process has no open files. */
static void
open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	while (fd >= 0 && fd < 2)
		fd = dup(fd);
}

/* High up and closed by exec, so that what a test finds at descriptor 3 is what become_test puts there. */
static int
open_channel(const char *path)
{
	int fd = open(path, O_WRONLY), high = fcntl(fd >= 0 ? fd : 1, F_DUPFD_CLOEXEC, 10);

	if (fd >= 0)
		close(fd);
	return high;
}

int
main(int argc, char *argv[])
{
	char *slash = strrchr(argv[0], '/');
	char dir[100] = "/tests";

	if (getpid() == 1)
		open_console();
	if (argc < 3) {
		fprintf(stderr, "usage: runner NONCE NAME[:SECONDS]...\n");
		return 2;
	}
	if (slash != NULL && slash - argv[0] < (long)sizeof(dir))
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - argv[0]), argv[0]);
	record_fd = open_channel("/dev/hvc1");
	output_fd = open_channel("/dev/hvc0");
	nonce = strtoull(argv[1], NULL, 16);
	for (int i = 2; i < argc; i++)
		run_test(dir, argv[i]);
	um_record(record_fd, nonce, "%u done %d", seq++, argc - 2);
	if (getpid() == 1)
		um_syscall(SYS_REBOOT, 0xfee1dead, 672274793, POWER_OFF, 0, 0, 0);
	return 0;
}
