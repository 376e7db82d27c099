/* SPDX-License-Identifier: BSD-2-Clause */
/* cmp [-s] file1 file2: do two files differ, and where?  Status: 0 no, 1 yes, 2 an error. */
#include "user/cmd.h"

static const char usage[] = "cmp [-s] file1 file2";

static FILE *
open_input(const char *name)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

	if (f == NULL)
		err(2, "%s", name);
	return f;
}

int
main(int argc, char *argv[])
{
	unsigned long at = 0, line = 1;
	bool silent = false;
	FILE *a, *b;
	int x, y;

	while (cmd_option(argc, argv, "s", usage, 2) != -1)
		silent = true;
	if (argc - optind != 2)
		cmd_usage(usage, 2);
	a = open_input(argv[optind]);
	b = open_input(argv[optind + 1]);
	do {
		x = getc(a);
		y = getc(b);
		at++;
		if (x == y)
			line += x == '\n';
	} while (x == y && x != EOF);
	if (ferror(a) || ferror(b))
		err(2, "%s", argv[optind + ferror(b)]);
	if (x == y)
		return 0;
	if (!silent && (x == EOF || y == EOF))
		fprintf(
		    stderr, "cmp: EOF on %s after byte %lu\n", argv[optind + (y == EOF)], at - 1);
	else if (!silent)
		printf(
		    "%s %s differ: char %lu, line %lu\n", argv[optind], argv[optind + 1], at, line);
	return cmd_finish(1);
}
