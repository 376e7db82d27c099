/* SPDX-License-Identifier: BSD-2-Clause */
/* basename path [suffix]: the last component of a path. */
#include "user/cmd.h"

static const char usage[] = "basename path [suffix]";

int
main(int argc, char *argv[])
{
	char *name;

	while (cmd_option(argc, argv, "+", usage, 1) != -1)
		;
	if (argc - optind < 1 || argc - optind > 2)
		cmd_usage(usage, 1);
	name = cmd_base_name(argv[optind]);
	if (argc - optind == 2) {
		size_t n = strlen(name), s = strlen(argv[optind + 1]);

		if (n > s && strcmp(name + n - s, argv[optind + 1]) == 0)
			name[n - s] = 0;
	}
	puts(name);
	return cmd_finish(0);
}
