/* SPDX-License-Identifier: BSD-2-Clause */
/* date [-u] [+format], date -s @seconds: the time (UTC); -s sets it. */
#include <time.h>

#include "user/cmd.h"

static const char usage[] = "date [-u] [-d @seconds] [-s @seconds] [+format]";

static time_t
parse(const char *s)
{
	return cmd_number(*s == '@' ? s + 1 : s, LONG_MIN, LONG_MAX);
}

int
main(int argc, char *argv[])
{
	const char *format = "%a %b %e %H:%M:%S UTC %Y";
	time_t now = time(NULL);
	char buf[256];
	struct tm *tm;
	int c;

	while ((c = cmd_option(argc, argv, "ud:s:", usage, 1)) != -1) {
		if (c == 'd' || c == 's')
			now = parse(optarg);
		if (c == 's' &&
		    clock_settime(CLOCK_REALTIME, &(struct timespec){.tv_sec = now}) < 0)
			err(1, "cannot set the time");
	}
	if (optind < argc) {
		if (argv[optind][0] != '+' || argc - optind > 1)
			cmd_usage(usage, 1);
		format = argv[optind] + 1;
	}
	tm = gmtime(&now);
	if (tm == NULL)
		err(1, NULL);
	if (strftime(buf, sizeof(buf), format, tm) == 0 && *format != 0)
		errx(1, "the format is too long");
	puts(*format != 0 ? buf : "");
	return cmd_finish(0);
}
