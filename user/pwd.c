/* SPDX-License-Identifier: BSD-2-Clause */
/* pwd: the current folder. */
#include "user/cmd.h"

static const char usage[] = "pwd";

int
main(int argc, char *argv[])
{
	char *path;

	while (cmd_option(argc, argv, "LP", usage, 1) != -1)
		;
	path = getcwd(NULL, 0);
	if (path == NULL)
		err(1, NULL);
	puts(path);
	return cmd_finish(0);
}
