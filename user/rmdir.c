/* SPDX-License-Identifier: BSD-2-Clause */
/* rmdir folder...: remove empty folders. */
#include "user/cmd.h"

static const char usage[] = "rmdir folder...";

int
main(int argc, char *argv[])
{
	int status = 0;

	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	if (optind == argc)
		cmd_usage(usage, 1);
	for (; optind < argc; optind++)
		if (rmdir(argv[optind]) < 0) {
			warn("failed to remove '%s'", argv[optind]);
			status = 1;
		}
	return status;
}
