/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo [-n] [-e] [text...]: -n: no newline; -e: backslash sequences. Anything else is text, --help
 * too if not alone.
 */
#include "user/cmd.h"

static const char usage[] = "echo [-neE] [text...]";

/* Up to `max` digits of `base`.  => returns the place behind them. */
static const char *
parse_digits(const char *s, int base, int max, int *value)
{
	for (*value = 0; max > 0; max--, s++) {
		int digit = isdigit((unsigned char)*s) ? *s - '0'
		    : isxdigit((unsigned char)*s)      ? (*s | 32) - 'a' + 10
						       : 99;

		if (digit >= base)
			break;
		*value = *value * base + digit;
	}
	return s;
}

/* Prints text with its backslash sequences.  => false: \c, print nothing more. */
static bool
print_escaped(const char *s)
{
	static const char letters[] = "abefnrtv\\", values[] = "\a\b\033\f\n\r\t\v\\";
	const char *found;
	int value;

	while (*s != 0) {
		if (*s != '\\' || s[1] == 0) {
			putchar(*s++);
			continue;
		}
		s++;
		if (*s == 'c')
			return false;
		if (*s == '0') {
			s = parse_digits(s + 1, 8, 3, &value);
			putchar(value);
		} else if (*s == 'x' && isxdigit((unsigned char)s[1])) {
			s = parse_digits(s + 1, 16, 2, &value);
			putchar(value);
		} else if ((found = strchr(letters, *s)) != NULL) {
			putchar(values[found - letters]);
			s++;
		} else {
			putchar('\\');
		}
	}
	return true;
}

int
main(int argc, char *argv[])
{
	bool newline = true, escapes = false;
	int i;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		printf("usage: %s\n", usage);
		return 0;
	}
	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != 0; i++) {
		const char *p = argv[i] + 1;

		if (p[strspn(p, "neE")] != 0)
			break;
		for (; *p != 0; p++)
			if (*p == 'n')
				newline = false;
			else
				escapes = *p == 'e';
	}
	for (; i < argc; i++) {
		if (!escapes)
			fputs(argv[i], stdout);
		else if (!print_escaped(argv[i]))
			return cmd_finish(0);
		if (i + 1 < argc)
			putchar(' ');
	}
	if (newline)
		putchar('\n');
	return cmd_finish(0);
}
