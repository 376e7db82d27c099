/* SPDX-License-Identifier: BSD-2-Clause */
/* yes [text...]: a line, again and again. */
#include "user/cmd.h"

static const char usage[] = "yes [text...]";

int
main(int argc, char *argv[])
{
	int i;

	while (cmd_option(argc, argv, "+", usage, 1) != -1)
		;
	do {
		for (i = optind; i < argc; i++)
			printf("%s%s", argv[i], i + 1 < argc ? " " : "");
		if (optind == argc)
			putchar('y');
	} while (putchar('\n') != EOF);
	return cmd_finish(1);
}
