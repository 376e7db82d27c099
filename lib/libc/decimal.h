/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decimal numbers of up to 800 digits: enough to hold any double exactly (the longest has 767), so
 * that conversions between binary and decimal can be exact without wide integers.
 *
 *	value = 0.d[0]d[1]d[2]..d[n-1] * 10^point        d[0] and d[n-1] are not 0; n == 0 is zero
 */
#ifndef LIB_LIBC_DECIMAL_H
#define LIB_LIBC_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#define DECIMAL_MAX 800

struct decimal {
	int n;
	int point;
	bool truncated; /* digits other than 0 were lost behind d[n-1] */
	unsigned char d[DECIMAL_MAX];
};

/* => *d is exactly value. */
void decimal_set(struct decimal *d, uint64_t value);

/* Append a digit as read from left to right, before the decimal point or behind it. */
void decimal_append(struct decimal *d, int digit, bool behind_point);

/* Multiply by 2^shift, which may be negative. */
void decimal_shift(struct decimal *d, int shift);

/*
 * Keep the first `digits` digits, rounding to nearest, ties to even.
 * => digits may be negative: zero.
 */
void decimal_round(struct decimal *d, int digits);

/* The integer nearest to the value.  => the value is < 2^63. */
uint64_t decimal_to_integer(const struct decimal *d);

#endif
