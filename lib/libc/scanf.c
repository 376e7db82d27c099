/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scanf family. Each conversion collects the bytes that can belong to it from the stream, never
 * more than one byte ahead, and converts them with strtol() or strtod(). A string is read as a
 * stream without a file.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/libc/stream.h"

#define NUMBER_MAX 512 /* bytes of a number that are looked at */

struct scan {
	FILE *f;
	long read;     /* bytes taken from f */
	int width;     /* of this conversion; 0: not given */
	char size;     /* h H l L j z t, as in lib/fmt.c */
	bool suppress; /* '*' */
	char conv;
};

static int
next_char(struct scan *s)
{
	int c = fgetc_unlocked(s->f);

	if (c != EOF)
		s->read++;
	return c;
}

static void
put_back(struct scan *s, int c)
{
	if (c == EOF)
		return;
	ungetc(c, s->f);
	s->read--;
}

static void
skip_space(struct scan *s)
{
	int c;

	while (isspace(c = next_char(s)))
		;
	put_back(s, c);
}

/* Takes the next byte if it is one of `set` and there is room.  => false: it stays. */
static bool
accept(struct scan *s, const char *set, char *buf, int *n)
{
	int c;

	if (*n == NUMBER_MAX || (s->width > 0 && *n == s->width))
		return false;
	c = next_char(s);
	if (c != EOF && strchr(set, c) != NULL) {
		buf[(*n)++] = c;
		return true;
	}
	put_back(s, c);
	return false;
}

static void
store_integer(const struct scan *s, void *p, long value)
{
	switch (s->size) {
	case 'H':
		*(char *)p = value;
		break;
	case 'h':
		*(short *)p = value;
		break;
	case 0:
		*(int *)p = value;
		break;
	default:
		*(long *)p = value;
	}
}

/* Collects [sign][0x]digits.  => returns the base, 0 if there is no number. */
static int
collect_integer(struct scan *s, char *buf, int base)
{
	const char *digits = "0123456789";
	int n = 0, start;

	accept(s, "+-", buf, &n);
	start = n;
	if ((base == 0 || base == 16) && accept(s, "0", buf, &n)) {
		if (accept(s, "xX", buf, &n))
			base = 16;
		else if (base == 0)
			base = 8;
	}
	if (base == 0)
		base = 10;
	if (base == 16)
		digits = "0123456789abcdefABCDEF";
	else if (base == 8)
		digits = "01234567";
	while (accept(s, digits, buf, &n))
		;
	buf[n] = 0;
	return n > start ? base : 0;
}

/* => 1 stored (or suppressed), 0 no match, EOF. So do the others. */
static int
scan_integer(struct scan *s, void *p, int base)
{
	char buf[NUMBER_MAX + 1];
	long value;

	base = collect_integer(s, buf, base);
	if (base == 0)
		return 0;
	value = s->conv == 'd' || s->conv == 'i' ? strtol(buf, NULL, base)
						 : (long)strtoul(buf, NULL, base);
	if (s->conv == 'p')
		s->size = 'l';
	if (!s->suppress)
		store_integer(s, p, value);
	return 1;
}

static int
scan_float(struct scan *s, void *p)
{
	char buf[NUMBER_MAX + 1], *end;
	int n = 0;
	double value;

	accept(s, "+-", buf, &n);
	while (accept(s, "0123456789.eEpPxXabcdfABCDFinINtTyY", buf, &n) ||
	    (n > 0 && strchr("eEpP", buf[n - 1]) != NULL && accept(s, "+-", buf, &n)))
		;
	buf[n] = 0;
	value = strtod(buf, &end);
	if (end == buf)
		return 0;
	while (n > end - buf && n > 0 && s->f->pos > s->f->buf - UNGET)
		put_back(s, (unsigned char)buf[--n]);
	if (s->suppress)
		return 1;
	if (s->size == 'L')
		*(long double *)p = value;
	else if (s->size == 'l')
		*(double *)p = value;
	else
		*(float *)p = value;
	return 1;
}

/* %c: as many bytes as the width says, or as there are. */
static int
scan_chars(struct scan *s, char *p)
{
	int want = s->width > 0 ? s->width : 1, n;

	for (n = 0; n < want; n++) {
		int c = next_char(s);

		if (c == EOF)
			return n > 0 ? 1 : EOF;
		if (!s->suppress)
			*p++ = c;
	}
	return 1;
}

/* Bytes as long as their class says so: %s and %[. */
static int
scan_class(struct scan *s, char *p, const bool class[256])
{
	int n, c = EOF;

	for (n = 0; s->width == 0 || n < s->width; n++) {
		c = next_char(s);
		if (c == EOF || !class[c]) {
			put_back(s, c);
			break;
		}
		if (!s->suppress)
			*p++ = c;
	}
	if (n == 0)
		return c == EOF ? EOF : 0;
	if (!s->suppress)
		*p = 0;
	return 1;
}

static int
scan_word(struct scan *s, char *p)
{
	bool class[256];
	int c;

	for (c = 0; c < 256; c++)
		class[c] = !isspace(c);
	return scan_class(s, p, class);
}

/*
 * Reads the set of %[...] from behind the bracket.
 * => returns the place behind the closing bracket.
 */
static const char *
parse_class(const char *fmt, bool class[256])
{
	bool negated = *fmt == '^';
	const unsigned char *u = (const unsigned char *)fmt + negated, *start = u;
	int c;

	memset(class, negated, 256);
	for (; *u != 0 && (*u != ']' || u == start); u++) {
		if (*u == '-' && u > start && u[1] != ']' && u[1] != 0)
			for (c = u[-1]; c <= u[1]; c++)
				class[c] = !negated;
		class[*u] = !negated;
	}
	return (const char *)u + (*u != 0);
}

/* Reads [*][width][size]letter.  => returns the place behind the letter. */
static const char *
parse_conversion(struct scan *s, const char *fmt)
{
	s->suppress = *fmt == '*';
	fmt += s->suppress;
	for (s->width = 0; isdigit((unsigned char)*fmt); fmt++)
		if (s->width < 100000000)
			s->width = s->width * 10 + (*fmt - '0');
	s->size = 0;
	if (*fmt != 0 && strchr("hljztL", *fmt) != NULL) {
		s->size = *fmt++;
		if (*fmt == s->size) {
			s->size = s->size == 'h' ? 'H' : 'q';
			fmt++;
		}
	}
	s->conv = *fmt;
	return *fmt != 0 ? fmt + 1 : fmt;
}

/* Runs one conversion.  => 1 matched, 0 not, EOF: input ended before anything matched. */
static int
convert(struct scan *s, void *p)
{
	int c;

	if (s->conv != 'c') {
		skip_space(s);
		c = next_char(s);
		if (c == EOF)
			return EOF;
		put_back(s, c);
	}
	switch (s->conv) {
	case 'd':
	case 'u':
		return scan_integer(s, p, 10);
	case 'i':
		return scan_integer(s, p, 0);
	case 'o':
		return scan_integer(s, p, 8);
	case 'x':
	case 'X':
	case 'p':
		return scan_integer(s, p, 16);
	case 'c':
		return scan_chars(s, p);
	case 's':
		return scan_word(s, p);
	default:
		return strchr("aAeEfFgG", s->conv) != NULL ? scan_float(s, p) : 0;
	}
}

/*
 * Matches a byte of the format that is no conversion.
 * => false: it differs, or the input is at its end.
 */
static bool
match_literal(struct scan *s, char want)
{
	int c;

	if (isspace((unsigned char)want)) {
		skip_space(s);
		return true;
	}
	c = next_char(s);
	if (c == (unsigned char)want)
		return true;
	put_back(s, c);
	return false;
}

static int
scan(FILE *f, const char *fmt, va_list ap)
{
	struct scan s = {.f = f};
	bool class[256];
	int done = 0, result;

	while (*fmt != 0) {
		if (*fmt != '%' || fmt[1] == '%') {
			if (*fmt == '%') {
				fmt++;
				skip_space(&s);
			}
			if (!match_literal(&s, *fmt++))
				return feof(f) && done == 0 ? EOF : done;
			continue;
		}
		fmt = parse_conversion(&s, fmt + 1);
		if (s.conv == '[')
			fmt = parse_class(fmt, class);
		if (s.conv == 'n') {
			if (!s.suppress)
				store_integer(&s, va_arg(ap, void *), s.read);
			continue;
		}
		void *p = s.suppress ? NULL : va_arg(ap, void *);

		result = s.conv == '[' ? scan_class(&s, p, class) : convert(&s, p);
		if (result != 1)
			return result == EOF && done == 0 ? EOF : done;
		done += !s.suppress;
	}
	return done;
}

int
vfscanf(FILE *f, const char *fmt, va_list ap)
{
	int n;

	flockfile(f);
	n = scan(f, fmt, ap);
	funlockfile(f);
	return n;
}

int
vsscanf(const char *str, const char *fmt, va_list ap)
{
	struct stream f = {.fd = -1, .can_read = true, .reading = true};

	/*
	 * What ungetc() gets back is what stands there already, so it does not write to the string.
	 */
	f.buf = f.pos = (unsigned char *)str;
	f.size = strlen(str);
	f.end = f.buf + f.size;
	return vfscanf(&f, fmt, ap);
}

int
vscanf(const char *fmt, va_list ap)
{
	return vfscanf(stdin, fmt, ap);
}

int
scanf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscanf(fmt, ap);
	va_end(ap);
	return n;
}

int
fscanf(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfscanf(f, fmt, ap);
	va_end(ap);
	return n;
}

int
sscanf(const char *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsscanf(s, fmt, ap);
	va_end(ap);
	return n;
}
