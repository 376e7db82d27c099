/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seq [-s separator] [first [step]] last: numbers, one a line. Fractions are printed with as many
 * digits as given.
 */
#include "user/cmd.h"

static const char usage[] = "seq [-s separator] [first [step]] last";

/* A number and how many digits it has behind the point. */
static double
parse(const char *s, int *digits)
{
	const char *point = strchr(s, '.');
	char *end;
	double n = strtod(s, &end);
	int d = point != NULL ? (int)strspn(point + 1, "0123456789") : 0;

	if (end == s || *end != 0 || n != n)
		errx(1, "invalid number: '%s'", s);
	if (d > *digits)
		*digits = d;
	return n;
}

int
main(int argc, char *argv[])
{
	const char *separator = "\n";
	double first = 1, step = 1, last, n;
	int digits = 0, unused = 0, c;
	long i;

	/* A negative number is no option. */
	while (optind < argc &&
	    !(argv[optind][0] == '-' &&
		(isdigit((unsigned char)argv[optind][1]) || argv[optind][1] == '.')) &&
	    (c = cmd_option(argc, argv, "+s:", usage, 1)) != -1)
		separator = optarg;
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 3)
		cmd_usage(usage, 1);
	if (argc > 1)
		first = parse(argv[0], &digits);
	if (argc > 2)
		step = parse(argv[1], &digits);
	last = parse(argv[argc - 1], &unused);
	if (step == 0)
		errx(1, "the step must not be 0");
	for (i = 0; n = first + (double)i * step, step > 0 ? n <= last : n >= last; i++)
		printf("%s%.*f", i > 0 ? separator : "", digits, n);
	if (i > 0)
		putchar('\n');
	return cmd_finish(0);
}
