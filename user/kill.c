/* SPDX-License-Identifier: BSD-2-Clause */
/* kill [-signal | -s signal] pid..., kill -l: send signals. A negative pid is a process group. */
#include <signal.h>

#include "user/cmd.h"

static const char usage[] = "kill [-s signal | -signal] pid... | kill -l";
static const char *const names[] = {"EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS",
    "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",
    "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"};

#define NAMES (int)(sizeof(names) / sizeof(names[0]))

static int
parse_signal(const char *s)
{
	const char *name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
	char *end;
	long n;
	int i;

	for (i = 0; i < NAMES; i++)
		if (strcasecmp(name, names[i]) == 0)
			return i;
	n = strtol(s, &end, 10);
	if (end == s || *end != 0 || n < 0 || n >= NSIG)
		errx(1, "unknown signal: '%s'", s);
	return n;
}

int
main(int argc, char *argv[])
{
	int sig = SIGTERM, status = 0, i = 1;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		printf("usage: %s\n", usage);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "-l") == 0) {
		for (i = 1; i < NAMES; i++)
			printf("%2d %s\n", i, names[i]);
		return cmd_finish(0);
	}
	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		sig = parse_signal(argv[2]);
		i = 3;
	} else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
		sig = parse_signal(argv[1] + 1);
		i = 2;
	}
	i += i < argc && strcmp(argv[i], "--") == 0;
	if (i == argc)
		cmd_usage(usage, 1);
	for (; i < argc; i++)
		if (kill(cmd_number(argv[i], INT_MIN, INT_MAX), sig) < 0) {
			warn("%s", argv[i]);
			status = 1;
		}
	return status;
}
