/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do the counters of /proc/vmstat count what happens: faults, zeros, copies, moves, forks?
 *
 * Only Umbra has them under these names.
 */
#include "user/tests/procfs.h"

#define PAGES 50

struct counters {
	long faults, zero_fill, zero_reads, cow, cow_moves, forks, fork_pages, shadows;
};

static struct counters
look(void)
{
	char *text = proc_text("/proc/vmstat");
	struct counters c = {
	    .faults = proc_value(text, "faults"),
	    .zero_fill = proc_value(text, "zero_fill"),
	    .zero_reads = proc_value(text, "zero_reads"),
	    .cow = proc_value(text, "cow_copies"),
	    .cow_moves = proc_value(text, "cow_moves"),
	    .forks = proc_value(text, "forks"),
	    .fork_pages = proc_value(text, "fork_pages"),
	    .shadows = proc_value(text, "shadows"),
	};

	free(text);
	if (c.cow < 0)
		exit(UM_SKIP);
	return c;
}

static void
touch(volatile char *p, bool write)
{
	for (int i = 0; i < PAGES; i++)
		if (write)
			p[i * UM_PAGE] = 1;
		else
			(void)p[i * UM_PAGE];
}

static void
write_in_child(void *arg)
{
	touch(arg, true);
}

int
main(void)
{
	char *p = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	struct counters before = look(), after;

	touch(p, true);
	after = look();
	EXPECT(after.faults - before.faults >= PAGES);
	EXPECT(after.zero_fill - before.zero_fill >= PAGES);

	before = after;
	EXPECT_EQ(0, um_status_of(write_in_child, p));
	after = look();
	EXPECT(after.forks - before.forks >= 1);
	EXPECT(after.fork_pages - before.fork_pages >= PAGES);
	EXPECT(after.shadows - before.shadows >= 1);
	EXPECT(after.cow - before.cow >= PAGES);

	/* Untouched memory that is read gets the one page of zeros. */
	before = after;
	touch(um_map(PAGES * UM_PAGE, MAP_PRIVATE), false);
	after = look();
	EXPECT(after.zero_reads - before.zero_reads >= PAGES);
	EXPECT(after.zero_fill - before.zero_fill < PAGES);
	return um_result();
}
