/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * %e %f %g %a. A double is taken apart into mantissa * 2^exponent, which struct decimal holds
 * exactly; printing is then rounding to the digits asked for and writing them out.
 */
#include "lib/libc/fmt_float.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/libc/decimal.h"

#define MANTISSA_BITS 52

struct real {
	struct fmt_out *out;
	const struct fmt_spec *spec;
	struct decimal d;
	char sign[2];
	bool upper;
	bool nan;
	bool infinite;
	int exponent;      /* value = mantissa * 2^exponent */
	uint64_t mantissa; /* with the hidden bit */
};

static char
sign_char(const struct fmt_spec *spec, bool negative)
{
	if (negative)
		return '-';
	if (spec->flags & FMT_PLUS)
		return '+';
	return spec->flags & FMT_SPACE ? ' ' : 0;
}

static void
take_apart(struct real *r, double value)
{
	uint64_t bits;
	int biased;

	memcpy(&bits, &value, sizeof(bits));
	biased = bits >> MANTISSA_BITS & 0x7ff;
	r->mantissa = bits & ((1UL << MANTISSA_BITS) - 1);
	r->exponent = (biased != 0 ? biased : 1) - 1023 - MANTISSA_BITS;
	r->infinite = biased == 0x7ff && r->mantissa == 0;
	r->nan = biased == 0x7ff && r->mantissa != 0;
	if (biased != 0)
		r->mantissa |= 1UL << MANTISSA_BITS;
	r->sign[0] = sign_char(r->spec, bits >> 63 != 0);
}

/* Prints what stands before a number of `len` bytes.  => returns how many blanks go behind it. */
static long
begin(struct real *r, const char *prefix, long len)
{
	long pad = r->spec->width - len - (long)strlen(r->sign) - (long)strlen(prefix);
	bool zero = r->spec->flags & FMT_ZERO && !(r->spec->flags & FMT_LEFT);

	if (!zero && !(r->spec->flags & FMT_LEFT))
		fmt_fill(r->out, ' ', pad);
	fmt_write(r->out, r->sign, strlen(r->sign));
	fmt_write(r->out, prefix, strlen(prefix));
	if (zero)
		fmt_fill(r->out, '0', pad);
	return r->spec->flags & FMT_LEFT ? pad : 0;
}

/* Writes digits [from, from + n) of d; those behind its last are 0. */
static void
write_digits(struct real *r, int from, long n)
{
	for (; n > 0 && from < r->d.n; n--, from++)
		fmt_fill(r->out, from < 0 ? '0' : '0' + r->d.d[from], 1);
	fmt_fill(r->out, '0', n);
}

/* ddd.ddd with `prec` digits behind the point.  => d is rounded already. */
static void
print_fixed(struct real *r, long prec)
{
	long whole = r->d.point > 0 ? r->d.point : 1;
	bool point = prec > 0 || r->spec->flags & FMT_ALT;
	long pad = begin(r, "", whole + point + prec);

	write_digits(r, r->d.point - whole, whole);
	if (point)
		fmt_fill(r->out, '.', 1);
	write_digits(r, r->d.point, prec);
	fmt_fill(r->out, ' ', pad);
}

/* The exponent with its sign, in at least `min` digits.  => returns the length. */
static int
make_exponent(char *buf, char letter, int exponent, int min)
{
	char digits[8];
	int n = 0, len = 0;
	unsigned rest = exponent < 0 ? -exponent : exponent;

	buf[len++] = letter;
	buf[len++] = exponent < 0 ? '-' : '+';
	for (; rest > 0 || n < min; rest /= 10)
		digits[n++] = '0' + rest % 10;
	while (n > 0)
		buf[len++] = digits[--n];
	return len;
}

/* d.ddde+xx with `prec` digits behind the point.  => d is rounded already. */
static void
print_exponent(struct real *r, long prec)
{
	char exponent[12];
	int len = make_exponent(exponent, r->upper ? 'E' : 'e', r->d.n > 0 ? r->d.point - 1 : 0, 2);
	bool point = prec > 0 || r->spec->flags & FMT_ALT;
	long pad = begin(r, "", 1 + point + prec + len);

	write_digits(r, 0, 1);
	if (point)
		fmt_fill(r->out, '.', 1);
	write_digits(r, 1, prec);
	fmt_write(r->out, exponent, len);
	fmt_fill(r->out, ' ', pad);
}

/* %g: `prec` significant digits, no zeroes at the end; as %e for very large and small numbers. */
static void
print_general(struct real *r, long prec)
{
	long digits;
	int exponent;

	if (prec == 0)
		prec = 1;
	decimal_round(&r->d, prec < DECIMAL_MAX ? prec : DECIMAL_MAX);
	exponent = r->d.n > 0 ? r->d.point - 1 : 0;
	digits = r->spec->flags & FMT_ALT ? prec : r->d.n > 0 ? r->d.n : 1;
	if (exponent < -4 || exponent >= prec)
		print_exponent(r, digits - 1);
	else
		print_fixed(r, digits - 1 > exponent ? digits - 1 - exponent : 0);
}

/* %a: the mantissa in hexadecimal, 1.xxxp+e. */
static void
print_hex(struct real *r)
{
	const char *letters = r->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int exponent = r->mantissa != 0 ? r->exponent + MANTISSA_BITS : 0;
	long prec = r->spec->prec, zeroes, pad;
	char digits[14], tail[12];
	int n, len;
	bool point;

	if (prec >= 0 && prec < 13) { /* round to nearest even at the last digit kept */
		uint64_t unit = 1UL << (4 * (13 - prec)), half = unit / 2,
			 low = r->mantissa & (unit - 1);

		r->mantissa -= low;
		if (low > half || (low == half && r->mantissa & unit))
			r->mantissa += unit;
	}
	for (n = 0; n < 14; n++)
		digits[n] = letters[r->mantissa >> (52 - 4 * n) & 15];
	if (prec < 0)
		for (prec = 13; prec > 0 && digits[prec] == '0';)
			prec--;
	zeroes = prec > 13 ? prec - 13 : 0;
	point = prec > 0 || r->spec->flags & FMT_ALT;
	len = make_exponent(tail, r->upper ? 'P' : 'p', exponent, 1);
	pad = begin(r, r->upper ? "0X" : "0x", 1 + point + prec + len);
	fmt_write(r->out, digits, 1);
	fmt_write(r->out, ".", point);
	fmt_write(r->out, digits + 1, prec - zeroes);
	fmt_fill(r->out, '0', zeroes);
	fmt_write(r->out, tail, len);
	fmt_fill(r->out, ' ', pad);
}

/* inf and nan are padded with blanks even if zeroes were asked for. */
static void
print_special(struct real *r)
{
	const char *name = r->nan ? (r->upper ? "NAN" : "nan") : r->upper ? "INF" : "inf";
	struct fmt_spec spec = *r->spec;

	spec.flags &= ~FMT_ZERO;
	fmt_number(r->out, &spec, r->sign, 0, name, 3);
}

void
fmt_float(struct fmt_out *out, const struct fmt_spec *spec, struct fmt_args *args)
{
	struct real r = {.out = out, .spec = spec, .upper = spec->conv < 'a'};
	int prec = spec->prec < 0 ? 6 : spec->prec;

	if (spec->size == 'L')
		take_apart(&r, (double)va_arg(args->ap, long double));
	else
		take_apart(&r, va_arg(args->ap, double));
	if (r.nan || r.infinite) {
		print_special(&r);
		return;
	}
	if (spec->conv == 'a' || spec->conv == 'A') {
		print_hex(&r);
		return;
	}
	decimal_set(&r.d, r.mantissa);
	decimal_shift(&r.d, r.exponent);
	switch (spec->conv) {
	case 'e':
	case 'E':
		decimal_round(&r.d, prec < DECIMAL_MAX ? prec + 1 : DECIMAL_MAX);
		print_exponent(&r, prec);
		break;
	case 'f':
	case 'F':
		decimal_round(&r.d, prec < DECIMAL_MAX ? r.d.point + prec : DECIMAL_MAX);
		print_fixed(&r, prec);
		break;
	default:
		print_general(&r, prec);
	}
}
