/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The printf engine (fmt.h says what it does). One conversion is parsed into a struct fmt_spec,
 * then printed by the function for its letter:
 *
 *	"%-8.3lx" -parse_spec-> {LEFT, width 8, prec 3, size l, conv x} -format_one-> put() ..
 *
 * Rejected: a buffer for the whole output. The kernel's stack is small, and "%500d" must work
 * there.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/fmt.h"

/* ceil(64 / 3): the longest integer, in octal. */
#define DIGITS_MAX 22

static void
put_char(struct fmt_out *out, char c)
{
	out->put(out->arg, c);
	out->count++;
}

void
fmt_write(struct fmt_out *out, const char *s, size_t n)
{
	while (n-- > 0)
		put_char(out, *s++);
}

void
fmt_fill(struct fmt_out *out, char c, long n)
{
	while (n-- > 0)
		put_char(out, c);
}

void
fmt_number(struct fmt_out *out, const struct fmt_spec *spec, const char *prefix, long zeroes,
    const char *digits, size_t n)
{
	size_t prefix_len = strlen(prefix);
	long pad = spec->width - (long)(prefix_len + n) - zeroes;

	if (spec->flags & FMT_ZERO && !(spec->flags & FMT_LEFT) && pad > 0) {
		zeroes += pad;
		pad = 0;
	}
	if (!(spec->flags & FMT_LEFT))
		fmt_fill(out, ' ', pad);
	fmt_write(out, prefix, prefix_len);
	fmt_fill(out, '0', zeroes);
	fmt_write(out, digits, n);
	if (spec->flags & FMT_LEFT)
		fmt_fill(out, ' ', pad);
}

/* Prints a string of n bytes with blanks around it. */
static void
format_text(struct fmt_out *out, const struct fmt_spec *spec, const char *s, size_t n)
{
	struct fmt_spec plain = *spec;

	plain.flags &= ~FMT_ZERO;
	fmt_number(out, &plain, "", 0, s, n);
}

static void
format_string(struct fmt_out *out, const struct fmt_spec *spec, const char *s)
{
	if (s == NULL)
		s = spec->prec >= 0 && spec->prec < 6 ? "" : "(null)";
	format_text(out, spec, s, spec->prec < 0 ? strlen(s) : strnlen(s, spec->prec));
}

/* Writes n in that base, ending before `end`.  => returns the first digit; there is none for 0. */
static char *
make_digits(char *end, uintmax_t n, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; n > 0; n /= base)
		*--end = digits[n % base];
	return end;
}

/* Prints a number given as its absolute value and what stands before it. */
static void
format_integer(struct fmt_out *out, const struct fmt_spec *spec, uintmax_t n, unsigned base,
    const char *prefix)
{
	char buf[DIGITS_MAX], *end = buf + DIGITS_MAX;
	char *digits = make_digits(end, n, base, spec->conv == 'X');
	struct fmt_spec padded = *spec;
	long zeroes = (spec->prec < 0 ? 1 : spec->prec) - (end - digits);

	if (spec->prec >= 0)
		padded.flags &= ~FMT_ZERO;
	if (zeroes < 0)
		zeroes = 0;
	if (base == 8 && spec->flags & FMT_ALT && zeroes == 0)
		zeroes = 1;
	fmt_number(out, &padded, prefix, zeroes, digits, end - digits);
}

static intmax_t
signed_arg(struct fmt_args *args, char size)
{
	switch (size) {
	case 'H':
		return (signed char)va_arg(args->ap, int);
	case 'h':
		return (short)va_arg(args->ap, int);
	case 0:
		return va_arg(args->ap, int);
	default:
		return va_arg(args->ap, long);
	}
}

static uintmax_t
unsigned_arg(struct fmt_args *args, char size)
{
	switch (size) {
	case 'H':
		return (unsigned char)va_arg(args->ap, int);
	case 'h':
		return (unsigned short)va_arg(args->ap, int);
	case 0:
		return va_arg(args->ap, unsigned);
	default:
		return va_arg(args->ap, unsigned long);
	}
}

static void
format_signed(struct fmt_out *out, const struct fmt_spec *spec, intmax_t n)
{
	const char *sign = spec->flags & FMT_PLUS ? "+" : spec->flags & FMT_SPACE ? " " : "";

	if (n < 0)
		format_integer(out, spec, -(uintmax_t)n, 10, "-");
	else
		format_integer(out, spec, n, 10, sign);
}

static void
format_hex(struct fmt_out *out, const struct fmt_spec *spec, uintmax_t n)
{
	const char *prefix = "";

	if (spec->flags & FMT_ALT && n != 0)
		prefix = spec->conv == 'X' ? "0X" : "0x";
	format_integer(out, spec, n, 16, prefix);
}

static void
format_pointer(struct fmt_out *out, const struct fmt_spec *spec, uintptr_t p)
{
	if (p == 0)
		format_text(out, spec, "(nil)", 5);
	else
		format_integer(out, spec, p, 16, "0x");
}

/* %n: stores how much has been printed. */
static void
store_count(const struct fmt_out *out, char size, void *p)
{
	switch (size) {
	case 'H':
		*(signed char *)p = out->count;
		break;
	case 'h':
		*(short *)p = out->count;
		break;
	case 0:
		*(int *)p = out->count;
		break;
	default:
		*(long *)p = out->count;
	}
}

/* Prints one conversion.  => false if its letter is unknown: nothing printed, no argument taken. */
static bool
format_one(
    struct fmt_out *out, const struct fmt_spec *spec, struct fmt_args *args, fmt_float_fn *fp)
{
	char c;

	switch (spec->conv) {
	case 'd':
	case 'i':
		format_signed(out, spec, signed_arg(args, spec->size));
		break;
	case 'u':
		format_integer(out, spec, unsigned_arg(args, spec->size), 10, "");
		break;
	case 'o':
		format_integer(out, spec, unsigned_arg(args, spec->size), 8, "");
		break;
	case 'x':
	case 'X':
		format_hex(out, spec, unsigned_arg(args, spec->size));
		break;
	case 'c':
		c = va_arg(args->ap, int);
		format_text(out, spec, &c, 1);
		break;
	case 's':
		format_string(out, spec, va_arg(args->ap, const char *));
		break;
	case 'p':
		format_pointer(out, spec, (uintptr_t)va_arg(args->ap, void *));
		break;
	case 'n':
		store_count(out, spec->size, va_arg(args->ap, void *));
		break;
	case '%':
		put_char(out, '%');
		break;
	default:
		if (fp == NULL || spec->conv == 0 || strchr("eEfFgGaA", spec->conv) == NULL)
			return false;
		fp(out, spec, args);
	}
	return true;
}

/* Reads digits, or takes an argument for '*'. Too many digits stop at INT_MAX. */
static const char *
parse_number(const char *s, int *n, struct fmt_args *args)
{
	long value = 0;

	if (*s == '*') {
		*n = va_arg(args->ap, int);
		return s + 1;
	}
	for (; *s >= '0' && *s <= '9'; s++)
		if (value < INT_MAX)
			value = value * 10 + (*s - '0');
	*n = value < INT_MAX ? value : INT_MAX;
	return s;
}

/* Reads h hh l ll j z t L. */
static const char *
parse_size(const char *s, char *size)
{
	*size = 0;
	if (*s == 0 || strchr("hljztL", *s) == NULL)
		return s;
	*size = *s++;
	if (*size == 'h' && *s == 'h') {
		*size = 'H';
		s++;
	} else if (*size == 'l' && *s == 'l') {
		*size = 'q';
		s++;
	}
	return s;
}

/* Takes apart what follows a '%'.  => returns the place after the letter. */
static const char *
parse_spec(const char *s, struct fmt_spec *spec, struct fmt_args *args)
{
	static const char flag_chars[] = "-+ #0"; /* in the order of the FMT_ bits */
	const char *flag;

	*spec = (struct fmt_spec){.prec = -1};
	while (*s != 0 && (flag = strchr(flag_chars, *s)) != NULL) {
		spec->flags |= 1U << (flag - flag_chars);
		s++;
	}
	s = parse_number(s, &spec->width, args);
	if (spec->width < 0) {
		spec->flags |= FMT_LEFT;
		spec->width = spec->width == INT_MIN ? INT_MAX : -spec->width;
	}
	if (*s == '.') {
		s = parse_number(s + 1, &spec->prec, args);
		if (spec->prec < 0)
			spec->prec = -1;
	}
	s = parse_size(s, &spec->size);
	spec->conv = *s;
	return *s != 0 ? s + 1 : s;
}

int
fmt_vformat_fp(
    void (*put)(void *arg, char c), void *arg, const char *fmt, va_list ap, fmt_float_fn *fp)
{
	struct fmt_out out = {.put = put, .arg = arg};
	struct fmt_args args;

	va_copy(args.ap, ap);
	while (*fmt != 0) {
		const char *start = fmt;
		struct fmt_spec spec;

		if (*fmt != '%') {
			put_char(&out, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec, &args);
		if (!format_one(&out, &spec, &args, fp))
			fmt_write(&out, start, fmt - start);
	}
	va_end(args.ap);
	return out.count <= INT_MAX ? (int)out.count : -1;
}

int
fmt_vformat(void (*put)(void *arg, char c), void *arg, const char *fmt, va_list ap)
{
	return fmt_vformat_fp(put, arg, fmt, ap, NULL);
}

struct buffer {
	char *next;
	char *last; /* where the terminating 0 goes at the latest */
};

static void
put_buffer(void *arg, char c)
{
	struct buffer *b = arg;

	if (b->next < b->last)
		*b->next++ = c;
}

int
fmt_vsnprintf_fp(char *buf, size_t size, const char *fmt, va_list ap, fmt_float_fn *fp)
{
	struct buffer b = {.next = buf, .last = size > 0 ? buf + size - 1 : buf};
	int n = fmt_vformat_fp(put_buffer, &b, fmt, ap, fp);

	if (size > 0)
		*b.next = 0;
	return n;
}

int
fmt_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return fmt_vsnprintf_fp(buf, size, fmt, ap, NULL);
}

int
fmt_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = fmt_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
