/* SPDX-License-Identifier: BSD-2-Clause */
/* Is at least 95% of memory free after boot, file cache not counted as used, and is nearly all of it managed? */
#include "user/tests/umtest.h"

#define RAM (128 << 10) /* KiB; tests/grade/suite.py says so */

int
main(void)
{
	long total = um_proc_value("/proc/meminfo", "MemTotal");
	long free = um_proc_value("/proc/meminfo", "MemAvailable");

	if (um_proc_value("/proc/vmstat", "nr_total_pages") < 0)
		return UM_SKIP; /* Linux is larger than that */
	EXPECT(total * 100 >= RAM * 95);
	if (!EXPECT(free * 100 >= RAM * 95))
		fprintf(stderr, "%ld KiB of %d are available\n", free, RAM);
	return um_result();
}
