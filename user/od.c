/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * od [-A d|o|x|n] [-t o1|o2|x1|x2|x4|x8|d1..|u1..|c] [-N count] [-j skip] [-v] [file]: a dump.
 * -b -c -o -x are short forms of -t; -C is the dump of `hexdump -C`: hexadecimal bytes and
 * characters. Lines equal to the one before are shown as '*' (not with -v).
 */
#include <stdint.h>

#include "user/cmd.h"

#define ROW 16

static const char usage[] = "od [-bcCovx] [-A d|o|x|n] [-t type] [-j skip] [-N count] [file]";
static char radix = 'o', type = 'o';
static int size = 2; /* bytes of a unit */
static bool canonical, all;

static void
print_address(unsigned long at)
{
	if (canonical)
		printf("%08lx", at);
	else if (radix != 'n')
		printf(radix == 'o' ? "%07lo" : radix == 'x' ? "%06lx" : "%07lu", at);
}

static void
print_char(unsigned char c)
{
	static const char letters[] = "0abtnvfr", values[] = "\0\a\b\t\n\v\f\r";
	const char *found = memchr(values, c, sizeof(values) - 1);

	if (found != NULL)
		printf("  \\%c", letters[found - values]);
	else if (isprint(c))
		printf("   %c", c);
	else
		printf(" %03o", c);
}

static void
print_unit(const unsigned char *p)
{
	static const int octal[] = {0, 3, 6, 0, 11, 0, 0, 0, 22},
			 decimal[] = {0, 3, 5, 0, 10, 0, 0, 0, 20};
	int64_t value = 0;
	uint64_t bits = 0;

	memcpy(&bits, p, size);
	value = (int64_t)(bits << (64 - 8 * size)) >> (64 - 8 * size);
	switch (type) {
	case 'c':
		print_char(*p);
		break;
	case 'x':
		printf(" %0*lx", 2 * size, bits);
		break;
	case 'd':
		printf(" %*ld", decimal[size] + 1, value);
		break;
	case 'u':
		printf(" %*lu", decimal[size], bits);
		break;
	default:
		printf(" %0*lo", octal[size], bits);
	}
}

/* 00000000  68 65 6c 6c 6f 0a                                 |hello.| */
static void
print_canonical(const unsigned char *row, int n)
{
	int i;

	for (i = 0; i < ROW; i++) {
		if (i % 8 == 0)
			putchar(' ');
		if (i < n)
			printf(" %02x", row[i]);
		else
			printf("   ");
	}
	printf("  |");
	for (i = 0; i < n; i++)
		putchar(isprint(row[i]) ? row[i] : '.');
	putchar('|');
}

static void
print_row(unsigned long at, const unsigned char *row, int n)
{
	int i;

	print_address(at);
	if (canonical)
		print_canonical(row, n);
	else
		for (i = 0; i < n; i += size)
			print_unit(row + i); /* behind the end are zeroes */
	putchar('\n');
}

static void
dump(FILE *f, unsigned long at, long limit)
{
	unsigned char row[ROW + 8], last[ROW];
	bool have_last = false, starred = false;
	long n;

	for (;; at += n, limit -= n) {
		memset(row, 0, sizeof(row));
		n = fread(row, 1, limit < ROW ? limit : ROW, f);
		if (n <= 0)
			break;
		if (have_last && !all && n == ROW && memcmp(row, last, ROW) == 0) {
			if (!starred)
				puts("*");
			starred = true;
			continue;
		}
		starred = false;
		print_row(at, row, n);
		memcpy(last, row, ROW);
		have_last = true;
	}
	if (radix != 'n' || canonical) {
		print_address(at);
		putchar('\n');
	}
}

static void
set_type(const char *s)
{
	type = *s;
	size = type == 'c' ? 1 : s[1] != 0 ? s[1] - '0' : 4;
	if (strchr("cdoux", type) == NULL || type == 0 ||
	    (size != 1 && size != 2 && size != 4 && size != 8))
		errx(1, "invalid type: '%s'", s);
}

static void
set_option(int c)
{
	switch (c) {
	case 'A':
		if (strlen(optarg) != 1 || strchr("doxn", *optarg) == NULL)
			errx(1, "invalid radix: '%s'", optarg);
		radix = *optarg;
		break;
	case 't':
		set_type(optarg);
		break;
	case 'b':
		set_type("o1");
		break;
	case 'c':
		set_type("c");
		break;
	case 'o':
		set_type("o2");
		break;
	case 'x':
		set_type("x2");
		break;
	case 'C':
		canonical = true;
		break;
	default:
		all = true;
	}
}

int
main(int argc, char *argv[])
{
	long skip = 0, limit = LONG_MAX, i;
	FILE *f = stdin;
	int c;

	while ((c = cmd_option(argc, argv, "A:bcCj:N:ot:vx", usage, 1)) != -1) {
		if (c == 'j')
			skip = cmd_number(optarg, 0, LONG_MAX);
		else if (c == 'N')
			limit = cmd_number(optarg, 0, LONG_MAX);
		else
			set_option(c);
	}
	if (argc - optind > 1)
		cmd_usage(usage, 1);
	if (optind < argc)
		f = fopen(argv[optind], "r");
	if (f == NULL)
		err(1, "%s", argv[optind]);
	for (i = 0; i < skip; i++)
		if (getc(f) == EOF)
			errx(1, "cannot skip %ld bytes", skip);
	dump(f, skip, limit);
	if (ferror(f))
		err(1, "read error");
	return cmd_finish(0);
}
