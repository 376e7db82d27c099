/* SPDX-License-Identifier: BSD-2-Clause */
/* sleep n[.f][smhd]...: wait for the sum. */
#include <time.h>

#include "user/cmd.h"

static const char usage[] = "sleep seconds[s|m|h|d]...";

static double
parse_time(const char *s)
{
	static const char units[] = "smhd";
	static const int seconds[] = {1, 60, 3600, 86400};
	char *end;
	double t = strtod(s, &end);
	const char *unit = *end != 0 ? strchr(units, *end) : units;

	if (end == s || unit == NULL || (*end != 0 && end[1] != 0) || !(t >= 0))
		errx(1, "invalid time interval: '%s'", s);
	return t * seconds[unit - units];
}

int
main(int argc, char *argv[])
{
	double total = 0;
	struct timespec ts;

	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	if (optind == argc)
		cmd_usage(usage, 1);
	for (; optind < argc; optind++)
		total += parse_time(argv[optind]);
	ts.tv_sec = total < 4e18 ? (time_t)total : (time_t)4e18;
	ts.tv_nsec = (total - (double)ts.tv_sec) * 1e9;
	if (ts.tv_nsec < 0 || ts.tv_nsec > 999999999)
		ts.tv_nsec = 0;
	while (nanosleep(&ts, &ts) < 0)
		if (errno != EINTR)
			err(1, NULL);
	return 0;
}
