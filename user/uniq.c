/* SPDX-License-Identifier: BSD-2-Clause */
/* uniq [-cdu] [input [output]]: of lines that follow each other and are equal, one. */
#include "user/cmd.h"

static const char usage[] = "uniq [-cdu] [input [output]]";
static bool counts, repeated, single;

static void
print(const char *line, unsigned long n)
{
	if ((repeated && n == 1) || (single && n > 1))
		return;
	if (counts)
		printf("%7lu ", n);
	puts(line);
}

int
main(int argc, char *argv[])
{
	char *line = NULL, *last = NULL, *swap;
	size_t size = 0, last_size = 0, swap_size;
	unsigned long n = 0;
	ssize_t len;
	int c;

	while ((c = cmd_option(argc, argv, "cdu", usage, 1)) != -1) {
		counts |= c == 'c';
		repeated |= c == 'd';
		single |= c == 'u';
	}
	if (optind < argc && strcmp(argv[optind], "-") != 0 &&
	    freopen(argv[optind], "r", stdin) == NULL)
		err(1, "%s", argv[optind]);
	if (optind + 1 < argc && freopen(argv[optind + 1], "w", stdout) == NULL)
		err(1, "%s", argv[optind + 1]);
	while ((len = getline(&line, &size, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = 0;
		if (n > 0 && strcmp(line, last) == 0) {
			n++;
			continue;
		}
		if (n > 0)
			print(last, n);
		n = 1;
		swap = last;
		last = line;
		line = swap;
		swap_size = last_size;
		last_size = size;
		size = swap_size;
	}
	if (n > 0)
		print(last, n);
	return cmd_finish(0);
}
