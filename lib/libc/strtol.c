/* SPDX-License-Identifier: BSD-2-Clause */
/* Text to integers. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/libc/libc.h"

/* The value of a digit, 36 for what is none. */
static unsigned
digit_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isalpha((unsigned char)c) ? (c | 32) - 'a' + 10 : 36;
}

uintmax_t
__parse_integer(const char *s, char **end, int base, int *negative, int *overflow)
{
	const char *start = s;
	uintmax_t n = 0;
	bool any = false;

	*overflow = 0;
	while (isspace((unsigned char)*s))
		s++;
	*negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 32) == 'x' &&
	    digit_value(s[2]) < 16) {
		s += 2;
		base = 16;
	}
	if (base == 0)
		base = *s == '0' ? 8 : 10;
	for (; digit_value(*s) < (unsigned)base; s++) {
		*overflow |= __builtin_mul_overflow(n, (uintmax_t)base, &n);
		*overflow |= __builtin_add_overflow(n, digit_value(*s), &n);
		any = true;
	}
	if (end != NULL)
		*end = (char *)(any ? s : start);
	return n;
}

static bool
bad_base(int base, const char *s, char **end)
{
	if (base == 0 || (base >= 2 && base <= 36))
		return false;
	errno = EINVAL;
	if (end != NULL)
		*end = (char *)s;
	return true;
}

long
strtol(const char *s, char **end, int base)
{
	int negative, overflow;
	uintmax_t n;

	if (bad_base(base, s, end))
		return 0;
	n = __parse_integer(s, end, base, &negative, &overflow);
	if (overflow || n > (uintmax_t)LONG_MAX + negative) {
		errno = ERANGE;
		return negative ? LONG_MIN : LONG_MAX;
	}
	return negative ? -n : n;
}

unsigned long
strtoul(const char *s, char **end, int base)
{
	int negative, overflow;
	uintmax_t n;

	if (bad_base(base, s, end))
		return 0;
	n = __parse_integer(s, end, base, &negative, &overflow);
	if (overflow) {
		errno = ERANGE;
		return ULONG_MAX;
	}
	return negative ? -n : n;
}

long long
strtoll(const char *s, char **end, int base)
{
	return strtol(s, end, base);
}

unsigned long long
strtoull(const char *s, char **end, int base)
{
	return strtoul(s, end, base);
}

intmax_t
strtoimax(const char *s, char **end, int base)
{
	return strtol(s, end, base);
}

uintmax_t
strtoumax(const char *s, char **end, int base)
{
	return strtoul(s, end, base);
}

int
atoi(const char *s)
{
	return strtol(s, NULL, 10);
}

long
atol(const char *s)
{
	return strtol(s, NULL, 10);
}

long long
atoll(const char *s)
{
	return strtol(s, NULL, 10);
}
