/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does /proc/self/smaps say how much of each mapping is resident, dirty, shared, anonymous, locked?
 *
 * A child that has the same pages halves what they count for; what it has written counts in full again.
 */
#include "user/tests/procfs.h"

#define PAGES   64
#define TOUCHED 20
#define WRITTEN 5
#define KIB     4

static const char *const fields[] = {"Size", "KernelPageSize", "MMUPageSize", "Rss", "Pss",
    "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
    "Swap", "Locked", "VmFlags"};

/* The lines of smaps about the mapping that contains p, to be freed. */
static char *
section(const void *p)
{
	char *text = proc_text("/proc/self/smaps"), *mine = NULL, *end = text;
	struct proc_map m;

	for (; *end != '\0'; end = strchr(end, '\n') + 1) {
		if (!proc_parse_map(end, &m))
			continue;
		if (mine != NULL)
			break;
		if (m.start <= (unsigned long)p && (unsigned long)p < m.end)
			mine = end;
	}
	REQUIRE(mine != NULL);
	mine = strndup(mine, (size_t)(end - mine));
	REQUIRE(mine != NULL);
	free(text);
	return mine;
}

static long
value(const void *p, const char *name)
{
	char *text = section(p);
	long n = proc_value(text, name);

	free(text);
	return n;
}

static bool
has_flag(const void *p, const char *flag)
{
	char *text = section(p), *line = strstr(text, "VmFlags:"), *end, padded[8];
	bool found;

	REQUIRE(line != NULL && (end = strchr(line, '\n')) != NULL);
	*end = '\0';
	snprintf(padded, sizeof(padded), " %s ", flag);
	found = strstr(line, padded) != NULL;
	free(text);
	return found;
}

/* Every mapping: all fields, and sums that add up. */
static void
expect_sums(void)
{
	char *maps = proc_text("/proc/self/maps"), *rest = maps, *line;
	struct proc_map m;

	while ((line = proc_line(&rest)) != NULL) {
		char *text;
		long rss;

		REQUIRE(proc_parse_map(line, &m));
		text = section((void *)m.start);
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (proc_value(text, fields[i]) < 0)
				um_fail(__FILE__, __LINE__, "%s: no %s", line, fields[i]);
		rss = proc_value(text, "Rss");
		EXPECT_EQ((m.end - m.start) / 1024, proc_value(text, "Size"));
		EXPECT_EQ(rss,
		    proc_value(text, "Shared_Clean") + proc_value(text, "Shared_Dirty") +
			proc_value(text, "Private_Clean") + proc_value(text, "Private_Dirty"));
		EXPECT(proc_value(text, "Pss") <= rss && rss <= proc_value(text, "Size"));
		EXPECT(proc_value(text, "Anonymous") <= rss);
		free(text);
	}
	free(maps);
}

static char *
map_alone(void)
{
	char *p = mmap(NULL, (PAGES + 2) * UM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	p += UM_PAGE;
	REQUIRE(mprotect(p, PAGES * UM_PAGE, PROT_READ | PROT_WRITE) == 0);
	return p;
}

static void
expect_alone(const char *p)
{
	EXPECT_EQ(PAGES * KIB, value(p, "Size"));
	EXPECT_EQ(TOUCHED * KIB, value(p, "Rss"));
	EXPECT_EQ(TOUCHED * KIB, value(p, "Pss"));
	EXPECT_EQ(TOUCHED * KIB, value(p, "Private_Dirty"));
	EXPECT_EQ(0, value(p, "Shared_Dirty"));
	EXPECT_EQ(TOUCHED * KIB, value(p, "Anonymous"));
	EXPECT_EQ(0, value(p, "Locked"));
	EXPECT(has_flag(p, "rd") && has_flag(p, "wr") && !has_flag(p, "ex") && !has_flag(p, "sh"));
	EXPECT(has_flag(p, "mr") && has_flag(p, "mw") && has_flag(p, "me") && has_flag(p, "ac"));
}

/* Touch what the parent has, write some of it, say so, and wait to be told to go. */
static void
child(volatile char *p, int ready, int go)
{
	char byte, sum = 0;

	for (int i = 0; i < TOUCHED; i++)
		sum += p[i * UM_PAGE];
	for (int i = 0; i < WRITTEN; i++)
		p[i * UM_PAGE] = (char)(sum + 1);
	if (write(ready, "", 1) != 1 || read(go, &byte, 1) != 0)
		_exit(1);
	_exit(0);
}

static void
share_with_child(char *p)
{
	int ready[2], go[2], status;
	char byte;
	pid_t pid;

	REQUIRE(pipe(ready) == 0 && pipe(go) == 0);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		close(go[1]);
		child(p, ready[1], go[0]);
	}
	REQUIRE(read(ready[0], &byte, 1) == 1);
	/* What the child has written is the parent's alone again. */
	EXPECT_EQ(TOUCHED * KIB, value(p, "Rss"));
	EXPECT_EQ(WRITTEN * KIB, value(p, "Private_Dirty"));
	EXPECT_EQ((TOUCHED - WRITTEN) * KIB, value(p, "Shared_Dirty"));
	EXPECT_EQ(WRITTEN * KIB + (TOUCHED - WRITTEN) * KIB / 2, value(p, "Pss"));
	close(go[1]);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	EXPECT_EQ(0, status);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
	char *p = map_alone();

	for (int i = 0; i < TOUCHED; i++)
		p[i * UM_PAGE] = 1;
	expect_alone(p);
	share_with_child(p);
	/* Its pages are the parent's alone; reading maps them again, where that was lost. */
	for (int i = 0; i < TOUCHED; i++)
		*(volatile char *)&p[i * UM_PAGE];
	expect_alone(p);
	expect_sums();

	REQUIRE(madvise(p, PAGES * UM_PAGE, MADV_SEQUENTIAL) == 0);
	EXPECT(has_flag(p, "sr") && !has_flag(p, "rr"));
	REQUIRE(mprotect(p, PAGES * UM_PAGE, PROT_READ) == 0);
	EXPECT(has_flag(p, "rd") && !has_flag(p, "wr"));
	REQUIRE(mlock(p, TOUCHED * UM_PAGE) == 0);
	EXPECT(has_flag(p, "lo") && !has_flag(p + TOUCHED * UM_PAGE, "lo"));
	EXPECT_EQ(TOUCHED * KIB, value(p, "Locked"));
	return um_result();
}
