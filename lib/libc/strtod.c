/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strtod(): text to the nearest double, ties to even, for any number of digits. Short numbers take
 * the fast way: both the digits and the power of ten are exact doubles, so one operation rounds
 * once. All others go through struct decimal: shift by powers of two until the value is an integer
 * of exactly as many bits as the mantissa holds.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/libc/decimal.h"

/* A binary format: mantissa bits without the hidden one, exponent bias. */
struct format {
	int mantissa;
	int bias;
};

static const struct format double_format = {52, 1023}, float_format = {23, 127};

/*
 * The bits of mantissa * 2^exponent, where rounding may have carried the mantissa one bit further.
 */
static uint64_t
pack(const struct format *f, uint64_t mantissa, int exponent)
{
	uint64_t hidden = 1UL << f->mantissa;
	int biased = exponent + f->mantissa + f->bias;

	if (mantissa == 2 * hidden) {
		mantissa = hidden;
		biased++;
	}
	if (biased >= 2 * f->bias + 1) {
		errno = ERANGE;
		return (uint64_t)(2 * f->bias + 1) << f->mantissa; /* infinity */
	}
	if (mantissa < hidden) {
		biased = 0; /* subnormal */
		errno = ERANGE;
	}
	return (uint64_t)biased << f->mantissa | (mantissa & (hidden - 1));
}

/*
 * By how many bits to shift a number with that many digits before the point, or zeroes behind it.
 */
static int
bits_for_digits(int digits)
{
	static const unsigned char bits[] = {
	    0, 3, 6, 9, 13, 16, 19, 23, 26, 29, 33, 36, 39, 43, 46, 49, 53, 56};

	return digits < (int)sizeof(bits) ? bits[digits] : 56;
}

static uint64_t
decimal_to_bits(struct decimal *d, const struct format *f)
{
	int exponent = 0, n;

	if (d->n == 0 || d->point < -400)
		goto tiny;
	if (d->point > 400)
		return pack(f, 1UL << f->mantissa, 2 * f->bias);
	for (; d->point > 0; exponent += n) { /* to [0.5, 1) */
		n = bits_for_digits(d->point);
		decimal_shift(d, -n);
	}
	for (; d->point < 0 || d->d[0] < 5; exponent -= n) {
		n = d->point < 0 ? bits_for_digits(-d->point) : 1;
		decimal_shift(d, n);
	}
	n = f->mantissa + 1;            /* bits wanted */
	if (exponent - 1 < 1 - f->bias) /* fewer for a subnormal number */
		n -= 1 - f->bias - (exponent - 1);
	if (n < 0)
		goto tiny;
	decimal_shift(d, n);
	return pack(f, decimal_to_integer(d), exponent - n);
tiny:
	if (d->n != 0)
		errno = ERANGE;
	return 0;
}

/*
 * Reads digits with a point and an exponent.
 * => returns the place behind, NULL if there is no digit.
 */
static const char *
parse_decimal(const char *s, struct decimal *d)
{
	bool any = false, behind = false;
	long exponent = 0;
	const char *e;

	memset(d, 0, offsetof(struct decimal, d));
	for (; isdigit((unsigned char)*s) || (*s == '.' && !behind); s++) {
		if (*s == '.') {
			behind = true;
			continue;
		}
		decimal_append(d, *s - '0', behind);
		any = true;
	}
	if (!any)
		return NULL;
	e = s + 1;
	if ((*s == 'e' || *s == 'E') && isdigit((unsigned char)e[*e == '+' || *e == '-'])) {
		bool negative = *e == '-';

		for (e += *e == '+' || *e == '-'; isdigit((unsigned char)*e); e++)
			if (exponent < 100000)
				exponent = exponent * 10 + (*e - '0');
		d->point += negative ? -exponent : exponent;
		s = e;
	}
	while (d->n > 0 && d->d[d->n - 1] == 0)
		d->n--;
	return s;
}

/*
 * Reads 0x1.8p3 into a mantissa and an exponent; digits that do not fit leave a 1 behind the last
 * bit.
 */
static const char *
parse_hex(const char *s, uint64_t *mantissa, long *exponent)
{
	bool any = false, behind = false, sticky = false;
	long power = 0;
	const char *e;

	*mantissa = 0;
	*exponent = 0;
	for (; isxdigit((unsigned char)*s) || (*s == '.' && !behind); s++) {
		int digit = isdigit((unsigned char)*s) ? *s - '0' : (*s | 32) - 'a' + 10;

		if (*s == '.') {
			behind = true;
			continue;
		}
		any = true;
		if (*mantissa >> 58 != 0) {
			sticky |= digit != 0;
			*exponent += behind ? 0 : 4;
		} else {
			*mantissa = *mantissa << 4 | digit;
			*exponent -= behind ? 4 : 0;
		}
	}
	*mantissa |= sticky;
	e = s + 1;
	if (any && (*s == 'p' || *s == 'P') && isdigit((unsigned char)e[*e == '+' || *e == '-'])) {
		bool negative = *e == '-';

		for (e += *e == '+' || *e == '-'; isdigit((unsigned char)*e); e++)
			if (power < 100000)
				power = power * 10 + (*e - '0');
		*exponent += negative ? -power : power;
		s = e;
	}
	return any ? s : NULL;
}

static uint64_t
hex_to_bits(uint64_t mantissa, long exponent, const struct format *f)
{
	struct decimal d = {0};

	if (mantissa == 0)
		return 0;
	for (; mantissa >> 63 == 0; exponent--)
		mantissa <<= 1;
	if (exponent > 2000)
		exponent = 2000;
	if (exponent < -2000)
		exponent = -2000;
	decimal_set(&d, mantissa);
	decimal_shift(&d, exponent);
	return decimal_to_bits(&d, f);
}

/* Is the number exact in a double before and after its power of ten? */
static bool
fast_decimal(const struct decimal *d, double *value)
{
	static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	    1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	int power = d->point - d->n, i;
	uint64_t digits = 0;

	if (d->n > 15 || power > 22 || power < -22)
		return false;
	for (i = 0; i < d->n; i++)
		digits = digits * 10 + d->d[i];
	*value = power < 0 ? digits / powers[-power] : digits * powers[power];
	return true;
}

/* inf, infinity, nan, nan(text).  => returns the place behind, NULL if it is none of them. */
static const char *
parse_special(const char *s, const struct format *f, uint64_t *bits)
{
	const char *end;

	*bits = (uint64_t)(2 * f->bias + 1) << f->mantissa;
	if (strncasecmp(s, "infinity", 8) == 0)
		return s + 8;
	if (strncasecmp(s, "inf", 3) == 0)
		return s + 3;
	if (strncasecmp(s, "nan", 3) != 0)
		return NULL;
	*bits |= 1UL << (f->mantissa - 1);
	end = s[3] == '(' ? strchr(s, ')') : NULL;
	return end != NULL ? end + 1 : s + 3;
}

/* Converts all but the sign.  => returns the place behind, NULL if there is no number. */
static const char *
parse_bits(const char *s, const struct format *f, uint64_t *bits)
{
	struct decimal d;
	uint64_t mantissa;
	const char *end;
	double value;
	long exponent;

	end = parse_special(s, f, bits);
	if (end != NULL)
		return end;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		end = parse_hex(s + 2, &mantissa, &exponent);
		if (end != NULL) {
			*bits = hex_to_bits(mantissa, exponent, f);
			return end;
		}
	}
	end = parse_decimal(s, &d);
	if (end == NULL)
		return NULL;
	if (f == &double_format && fast_decimal(&d, &value))
		memcpy(bits, &value, sizeof(*bits));
	else
		*bits = decimal_to_bits(&d, f);
	return end;
}

static uint64_t
parse_real(const char *s, char **end, const struct format *f, bool *negative)
{
	const char *start = s, *behind;
	uint64_t bits = 0;

	while (isspace((unsigned char)*s))
		s++;
	*negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	behind = parse_bits(s, f, &bits);
	if (end != NULL)
		*end = (char *)(behind != NULL ? behind : start);
	if (behind == NULL)
		*negative = false;
	return behind != NULL ? bits : 0;
}

double
strtod(const char *s, char **end)
{
	bool negative;
	uint64_t bits = parse_real(s, end, &double_format, &negative);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return negative ? -value : value;
}

float
strtof(const char *s, char **end)
{
	bool negative;
	uint32_t bits = parse_real(s, end, &float_format, &negative);
	float value;

	memcpy(&value, &bits, sizeof(value));
	return negative ? -value : value;
}

double
atof(const char *s)
{
	return strtod(s, NULL);
}
