/* SPDX-License-Identifier: BSD-2-Clause */
/* Do /proc/meminfo, /proc/vmstat and the memory lines of /proc/self/status have their formats, and move with what happens? */
#include "user/tests/procfs.h"

#define MIB 16

/* Lines of `name value`, no name twice. */
static void
expect_vmstat(void)
{
	char *text = proc_text("/proc/vmstat"), *copy = strdup(text), *rest = copy, *line;
	char name[80], after;
	unsigned long n;
	long lines = 0;

	while ((line = proc_line(&rest)) != NULL) {
		if (sscanf(line, "%79s %lu%c", name, &n, &after) != 2)
			um_fail(__FILE__, __LINE__, "not a name and a number: %s", line);
		else if (proc_value(rest, name) >= 0)
			um_fail(__FILE__, __LINE__, "%s is there twice", name);
		lines++;
	}
	EXPECT(lines > 20);
	EXPECT(proc_value(text, "nr_free_pages") > 0);
	EXPECT(proc_value(text, "nr_anon_pages") > 0);
	EXPECT(proc_value(text, "nr_page_table_pages") > 0);
	free(copy);
	free(text);
}

/* Lines of `name: value kB`. */
static void
expect_meminfo(void)
{
	static const char *const names[] = {"MemTotal", "MemFree", "MemAvailable", "Buffers",
	    "Cached", "SwapCached", "Active", "Inactive", "Mlocked", "SwapTotal", "SwapFree",
	    "AnonPages", "Mapped", "Slab", "KernelStack", "PageTables", "VmallocTotal",
	    "VmallocUsed"};
	char *text = proc_text("/proc/meminfo"), *copy = strdup(text), *rest = copy, *line;
	char name[80];
	unsigned long n;
	int at;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (proc_value(text, names[i]) < 0)
			um_fail(__FILE__, __LINE__, "no %s", names[i]);
	while ((line = proc_line(&rest)) != NULL) {
		at = 0;
		if (sscanf(line, "%79[^:]: %lu%n", name, &n, &at) != 2 ||
		    (strcmp(line + at, " kB") != 0 && line[at] != '\0'))
			um_fail(__FILE__, __LINE__, "not a name and kB: %s", line);
	}
	EXPECT(proc_value(text, "MemFree") < proc_value(text, "MemTotal"));
	EXPECT(proc_value(text, "MemAvailable") < proc_value(text, "MemTotal"));
	free(copy);
	free(text);
}

static long
read_value(const char *path, const char *name)
{
	char *text = proc_text(path);
	long n = proc_value(text, name);

	free(text);
	return n;
}

static void
expect_status(void)
{
	static const char path[] = "/proc/self/status";

	EXPECT(read_value(path, "VmSize") >= read_value(path, "VmRSS"));
	EXPECT(read_value(path, "VmHWM") >= read_value(path, "RssAnon"));
	EXPECT(read_value(path, "VmData") > 0 && read_value(path, "VmStk") > 0);
	EXPECT(read_value(path, "VmExe") > 0 && read_value(path, "VmPTE") > 0);
	EXPECT_EQ(0, read_value(path, "VmLck"));
	EXPECT_EQ(0, read_value(path, "VmSwap"));
}

/* Memory that is touched leaves MemFree and comes to AnonPages and RssAnon, and goes the other way back. */
static void
expect_movement(void)
{
	long kib = MIB << 10, most = kib * 3 / 4; /* others may move, too, but not so much */
	long free_before = read_value("/proc/meminfo", "MemFree");
	long anon_before = read_value("/proc/meminfo", "AnonPages");
	long rss_before = read_value("/proc/self/status", "RssAnon");
	long size_before = read_value("/proc/self/status", "VmSize");
	char *p = um_map((size_t)MIB << 20, MAP_PRIVATE);

	memset(p, 1, (size_t)MIB << 20);
	EXPECT_EQ(size_before + kib, read_value("/proc/self/status", "VmSize"));
	EXPECT(read_value("/proc/self/status", "RssAnon") - rss_before >= kib);
	EXPECT(free_before - read_value("/proc/meminfo", "MemFree") > most);
	EXPECT(read_value("/proc/meminfo", "AnonPages") - anon_before > most);
	REQUIRE(munmap(p, (size_t)MIB << 20) == 0);
	EXPECT_EQ(size_before, read_value("/proc/self/status", "VmSize"));
	EXPECT(read_value("/proc/self/status", "RssAnon") - rss_before < kib / 4);
}

int
main(void)
{
	expect_vmstat();
	expect_meminfo();
	expect_status();
	expect_movement();
	return um_result();
}
