/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf format [argument...]: C's printf for scripts. %b is %s with backslash sequences; the
 * format is used again while arguments are left; missing ones are empty or 0.
 */
#include "user/cmd.h"

static const char usage[] = "printf format [argument...]";
static char **args; /* the next argument */
static int status;

/*
 * Prints the backslash sequence at s; in %b octal numbers begin with 0.
 * => returns the place behind it.
 */
static const char *
print_escape(const char *s, bool in_b)
{
	static const char letters[] = "abefnrtv\\\"'", values[] = "\a\b\033\f\n\r\t\v\\\"'";
	const char *found = s[1] != 0 ? strchr(letters, s[1]) : NULL;
	int n = 0, i;

	if (found != NULL) {
		putchar(values[found - letters]);
		return s + 2;
	}
	if (s[1] == 'c')
		exit(cmd_finish(status));
	if (s[1] >= '0' && s[1] <= '7') {
		s += 1 + (in_b && s[1] == '0');
		for (i = 0; i < 3 && *s >= '0' && *s <= '7'; i++)
			n = n * 8 + (*s++ - '0');
		putchar(n);
		return s;
	}
	if (s[1] == 'x' && isxdigit((unsigned char)s[2])) {
		for (s += 2, i = 0; i < 2 && isxdigit((unsigned char)*s); i++, s++)
			n = n * 16 + (isdigit((unsigned char)*s) ? *s - '0' : (*s | 32) - 'a' + 10);
		putchar(n);
		return s;
	}
	putchar('\\');
	return s + 1;
}

static const char *
next_text(void)
{
	return *args != NULL ? *args++ : "";
}

/* An argument that must be a number; 'x is the code of x. */
static void
check_number(const char *s, const char *end)
{
	if (*s == 0 || (end != s && *end == 0 && errno == 0))
		return;
	warnx("'%s': not a valid number", s);
	status = 1;
}

static long
next_integer(void)
{
	const char *s = next_text();
	char *end;
	long n;

	if (*s == '\'' || *s == '"')
		return (unsigned char)s[1];
	errno = 0;
	n = *s == '-' ? strtol(s, &end, 0) : (long)strtoul(s, &end, 0);
	check_number(s, end);
	return n;
}

static double
next_real(void)
{
	const char *s = next_text();
	char *end;
	double n;

	errno = 0;
	n = strtod(s, &end);
	check_number(s, end);
	return n;
}

static void
print_b(void)
{
	const char *s = next_text();

	while (*s != 0)
		if (*s == '\\')
			s = print_escape(s, true);
		else
			putchar(*s++);
}

/* Prints one conversion with the flags, width and precision that stand in spec ("%-5.2"). */
static void
convert(char *spec, size_t n, int width, int prec, char conv)
{
	if (strchr("diouxX", conv) != NULL) {
		spec[n++] = 'l';
		spec[n++] = conv;
		spec[n] = 0;
		printf(spec, width, prec, next_integer());
		return;
	}
	spec[n++] = conv;
	spec[n] = 0;
	if (conv == 's')
		printf(spec, width, prec, next_text());
	else if (conv == 'c')
		printf(spec, width, prec, *next_text());
	else
		printf(spec, width, prec, next_real());
}

/* The number in a format, or an argument for '*'. */
static const char *
parse_number(const char *s, int *n)
{
	char *end;

	if (*s == '*') {
		*n = next_integer();
		return s + 1;
	}
	*n = strtol(s, &end, 10);
	return end;
}

/* A conversion, from behind the '%'.  => returns the place behind it. */
static const char *
parse_conversion(const char *s)
{
	char spec[16] = "%";
	size_t n = 1;
	int width = 0, prec = -1;

	for (; *s != 0 && strchr("-+ #0", *s) != NULL; s++)
		if (strchr(spec, *s) == NULL)
			spec[n++] = *s;
	s = parse_number(s, &width);
	if (*s == '.')
		s = parse_number(s + 1, &prec);
	if (*s == 'b') {
		print_b();
		return s + 1;
	}
	if (*s == 0 || strchr("diouxXeEfFgGaAcs", *s) == NULL)
		errx(1, "%%%c: invalid conversion", *s);
	strcpy(spec + n, "*.*");
	convert(spec, n + 3, width, prec, *s);
	return s + 1;
}

static void
print(const char *s)
{
	while (*s != 0) {
		if (*s == '\\') {
			s = print_escape(s, false);
		} else if (*s == '%' && s[1] == '%') {
			putchar('%');
			s += 2;
		} else if (*s == '%') {
			s = parse_conversion(s + 1);
		} else {
			putchar(*s++);
		}
	}
}

int
main(int argc, char *argv[])
{
	char **before;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		printf("usage: %s\n", usage);
		return 0;
	}
	args = argv + 1 + (argc > 1 && strcmp(argv[1], "--") == 0);
	if (*args == NULL)
		cmd_usage(usage, 1);
	const char *format = *args++;

	do {
		before = args;
		print(format);
	} while (*args != NULL && args != before);
	return cmd_finish(status);
}
