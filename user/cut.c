/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cut (-b list | -c list | -f list [-d delimiter] [-s]) [file...]: parts of lines. A list is
 * 1,3-5,7-.
 */
#include "user/cmd.h"

#define RANGES_MAX 32

static const char usage[] = "cut (-b list | -c list | -f list [-d delimiter] [-s]) [file...]";
static struct range {
	long first, last;
} ranges[RANGES_MAX];
static int range_count;
static bool fields, only_delimited;
static char delimiter = '\t';

static void
parse_list(const char *text)
{
	const char *s = text;
	char *end;

	for (;; s++) {
		struct range r = {1, LONG_MAX};

		if (isdigit((unsigned char)*s)) {
			r.first = r.last = strtol(s, &end, 10);
			s = end;
		}
		if (*s == '-') {
			r.last = LONG_MAX;
			s++;
			if (isdigit((unsigned char)*s)) {
				r.last = strtol(s, &end, 10);
				s = end;
			}
		}
		if (r.first < 1 || r.last < r.first || (*s != 0 && *s != ',') ||
		    range_count == RANGES_MAX)
			errx(1, "invalid list: '%s'", text);
		ranges[range_count++] = r;
		if (*s == 0)
			return;
	}
}

static bool
selected(long n)
{
	int i;

	for (i = 0; i < range_count; i++)
		if (n >= ranges[i].first && n <= ranges[i].last)
			return true;
	return false;
}

static void
cut_bytes(const char *line)
{
	long n;

	for (n = 1; *line != 0; line++, n++)
		if (selected(n))
			putchar(*line);
	putchar('\n');
}

static void
cut_fields(const char *line)
{
	bool any = false;
	long n;

	if (strchr(line, delimiter) == NULL) {
		if (!only_delimited)
			puts(line);
		return;
	}
	for (n = 1;; n++) {
		const char *end = strchrnul(line, delimiter);

		if (selected(n)) {
			if (any)
				putchar(delimiter);
			fwrite(line, 1, end - line, stdout);
			any = true;
		}
		if (*end == 0)
			break;
		line = end + 1;
	}
	putchar('\n');
}

static bool
cut(const char *name)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (f == NULL) {
		warn("%s", name);
		return false;
	}
	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		if (fields)
			cut_fields(line);
		else
			cut_bytes(line);
	}
	free(line);
	if (f != stdin)
		fclose(f);
	return true;
}

int
main(int argc, char *argv[])
{
	int status = 0, c;

	while ((c = cmd_option(argc, argv, "b:c:d:f:s", usage, 1)) != -1) {
		if (c == 'd')
			delimiter = *optarg;
		else if (c == 's')
			only_delimited = true;
		else
			parse_list(optarg);
		fields |= c == 'f';
	}
	if (range_count == 0)
		cmd_usage(usage, 1);
	if (optind == argc)
		status = !cut("-");
	for (; optind < argc; optind++)
		if (!cut(argv[optind]))
			status = 1;
	return cmd_finish(status);
}
