/* SPDX-License-Identifier: BSD-2-Clause */
/* uptime: how long the machine has been running. */
#include <sys/sysinfo.h>
#include <time.h>

#include "user/cmd.h"

static const char usage[] = "uptime";

int
main(int argc, char *argv[])
{
	struct timespec up;
	time_t now = time(NULL);
	struct sysinfo info;
	char clock[16];
	long minutes;

	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	if (clock_gettime(CLOCK_MONOTONIC, &up) < 0)
		err(1, "clock_gettime");
	strftime(clock, sizeof(clock), "%H:%M:%S", gmtime(&now));
	minutes = up.tv_sec / 60;
	printf(" %s up ", clock);
	if (minutes >= 1440)
		printf("%ld day%s, ", minutes / 1440, minutes >= 2880 ? "s" : "");
	printf("%ld:%02ld:%02ld", minutes / 60 % 24, minutes % 60, (long)up.tv_sec % 60);
	if (sysinfo(&info) == 0)
		printf(", load average: %.2f, %.2f, %.2f", info.loads[0] / 65536.0,
		    info.loads[1] / 65536.0, info.loads[2] / 65536.0);
	putchar('\n');
	return cmd_finish(0);
}
