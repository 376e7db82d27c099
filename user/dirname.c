/* SPDX-License-Identifier: BSD-2-Clause */
/* dirname path: a path without its last component. */
#include "user/cmd.h"

static const char usage[] = "dirname path";

int
main(int argc, char *argv[])
{
	const char *path;
	size_t n;

	while (cmd_option(argc, argv, "+", usage, 1) != -1)
		;
	if (argc - optind != 1)
		cmd_usage(usage, 1);
	path = argv[optind];
	n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	printf("%.*s\n", n > 0 ? (int)n : 1, n > 0 ? path : ".");
	return cmd_finish(0);
}
