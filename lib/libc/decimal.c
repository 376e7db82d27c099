/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiplication by powers of two is all the arithmetic that binary <-> decimal conversion needs,
 * and on decimal digits it is the method taught at school: from the right with a carry to multiply,
 * from the left with a remainder to divide. Steps of 2^STEP keep carry and remainder within 64
 * bits.
 *
 * Rejected: the faster shortest-path algorithms (Grisu, Ryu, Eisel-Lemire): tables of kilobytes,
 * and nothing here converts millions of numbers.
 */
#include <string.h>

#include "lib/libc/decimal.h"

#define STEP 58 /* 10 << STEP fits 64 bits with a carry */

/* Restores "the last digit is not 0" and a canonical zero. */
static void
trim(struct decimal *d)
{
	while (d->n > 0 && d->d[d->n - 1] == 0)
		d->n--;
	if (d->n == 0)
		d->point = 0;
}

void
decimal_append(struct decimal *d, int digit, bool behind_point)
{
	if (d->n == 0 && digit == 0) { /* leading zeroes are not stored */
		if (behind_point)
			d->point--;
		return;
	}
	if (d->n < DECIMAL_MAX)
		d->d[d->n++] = digit;
	else if (digit != 0)
		d->truncated = true;
	if (!behind_point)
		d->point++;
}

void
decimal_set(struct decimal *d, uint64_t value)
{
	unsigned char digits[20];
	int n = 0;

	for (; value > 0; value /= 10)
		digits[n++] = value % 10;
	d->n = 0;
	d->point = 0;
	d->truncated = false;
	while (n > 0)
		decimal_append(d, digits[--n], false);
	trim(d);
}

/* d *= 2^k, k <= STEP: from the last digit to the first; the result is up to 18 digits longer. */
static void
multiply(struct decimal *d, int k)
{
	unsigned char result[DECIMAL_MAX + 20];
	int at = sizeof(result), i, kept;
	uint64_t carry = 0;

	for (i = d->n - 1; i >= 0; i--) {
		carry += (uint64_t)d->d[i] << k;
		result[--at] = carry % 10;
		carry /= 10;
	}
	for (; carry > 0; carry /= 10)
		result[--at] = carry % 10;
	kept = sizeof(result) - at;
	d->point += kept - d->n;
	for (; kept > DECIMAL_MAX; kept--)
		if (result[at + kept - 1] != 0)
			d->truncated = true;
	memcpy(d->d, result + at, kept);
	d->n = kept;
	trim(d);
}

/*
 * d /= 2^k, k <= STEP: from the first digit on; goes on behind the last digit until nothing
 * remains.
 */
static void
divide(struct decimal *d, int k)
{
	struct decimal q = {.point = d->point};
	uint64_t rest = 0;
	int i;

	for (i = 0; i < d->n || rest != 0; i++) {
		int digit;

		rest = rest * 10 + (i < d->n ? d->d[i] : 0);
		digit = rest >> k;
		rest -= (uint64_t)digit << k;
		if (q.n == 0 && digit == 0)
			q.point--;
		else if (q.n < DECIMAL_MAX)
			q.d[q.n++] = digit;
		else if (digit != 0)
			q.truncated = true;
	}
	q.truncated |= d->truncated;
	*d = q;
	trim(d);
}

void
decimal_shift(struct decimal *d, int shift)
{
	if (d->n == 0)
		return;
	for (; shift > 0; shift -= shift < STEP ? shift : STEP)
		multiply(d, shift < STEP ? shift : STEP);
	for (; shift < 0; shift += -shift < STEP ? -shift : STEP)
		divide(d, -shift < STEP ? -shift : STEP);
}

/* Does rounding to `digits` digits go up?  => 0 <= digits < n. */
static bool
rounds_up(const struct decimal *d, int digits)
{
	if (d->d[digits] != 5)
		return d->d[digits] > 5;
	if (digits + 1 < d->n || d->truncated)
		return true;
	return digits > 0 && d->d[digits - 1] % 2 != 0; /* exactly half: to even */
}

void
decimal_round(struct decimal *d, int digits)
{
	bool up;

	if (digits >= d->n)
		return;
	if (digits < 0) {
		d->n = 0;
		trim(d);
		return;
	}
	up = rounds_up(d, digits);
	d->n = digits;
	d->truncated = false;
	if (!up) {
		trim(d);
		return;
	}
	while (d->n > 0 && d->d[d->n - 1] == 9)
		d->n--;
	if (d->n > 0) {
		d->d[d->n - 1]++;
	} else { /* 99.. became 100.. */
		d->d[d->n++] = 1;
		d->point++;
	}
}

uint64_t
decimal_to_integer(const struct decimal *d)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < d->point; i++)
		value = value * 10 + (i < d->n ? d->d[i] : 0);
	if (d->point >= 0 && d->point < d->n && rounds_up(d, d->point))
		value++;
	return value;
}
