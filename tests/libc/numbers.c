/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers to text and back: printf, strtod, strtol, scanf. Known answers, most of them where naive
 * code is wrong.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>

#include "tests/libc/check.h"

/* Not declared as a printf: the tests pass what compilers warn about. */
static void
expect(const char *want, const char *fmt, ...)
{
	char got[1200];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(got, sizeof(got), fmt, ap);
	va_end(ap);
	CHECK_STR(want, got);
	CHECK(n == (int)strlen(want));
}

static void
printf_integers(void)
{
	expect("0 -1 2147483647 -2147483648", "%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	expect("18446744073709551615 ffffffffffffffff", "%lu %lx", ULONG_MAX, ULONG_MAX);
	expect("-9223372036854775808", "%ld", LONG_MIN);
	expect("[   42] [42   ] [00042] [+42] [ 42]", "[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42,
	    42, 42);
	expect("[  007] [007  ]", "[%5.3d] [%-5.3d]", 7, 7);
	expect("[]", "[%.0d]", 0);
	expect("0x2a 0X2A 052 0", "%#x %#X %#o %#x", 42, 42, 42, 0);
	expect("-1 255 1", "%hhd %hhu %hd", 0xff, 0x1ff, 0x10001);
	expect("[   12]", "[%*d]", 5, 12);
	expect("[12   ]", "[%*d]", -5, 12);
}

static void
printf_text(void)
{
	char buf[4];
	int n;

	expect(
	    "[abc] [  abc] [abc  ] [ab]", "[%s] [%5s] [%-5s] [%.2s]", "abc", "abc", "abc", "abc");
	expect("a%b(nil)", "%c%%%c%p", 'a', 'b', (void *)0);
	expect("0x10", "%p", (void *)16);
	n = snprintf(buf, sizeof(buf), "%s", "abcdef");
	CHECK(n == 6);
	CHECK_STR("abc", buf);
	CHECK(snprintf(NULL, 0, "%d", 12345) == 5);
}

static void
printf_fixed_and_exponent(void)
{
	expect("3.141593 3.14 3", "%f %.2f %.0f", 3.14159265, 3.14159265, 3.14159265);
	expect("0 2 2 4", "%.0f %.0f %.0f %.0f", 0.5, 1.5, 2.5, 3.5);
	expect("0.1000000000000000055511151231257827", "%.34f", 0.1);
	expect("1.00e+01 9.99e+99", "%.2e %.2e", 9.999, 9.99e99);
	expect("4.940656e-324 1.797693e+308", "%e %e", 5e-324, 1.7976931348623157e308);
	expect("99999999999999991611392", "%.0f", 1e23);
	expect("[    1.50] [1.50    ] [00001.50] [+1.50]", "[%8.2f] [%-8.2f] [%08.2f] [%+.2f]", 1.5,
	    1.5, 1.5, 1.5);
	expect("inf -inf nan [  INF]", "%f %f %f [%05F]", 1 / 0.0, -1 / 0.0, __builtin_nan(""),
	    1 / 0.0);
	expect("-0.0 0.", "%.1f %#.0f", -0.0, 0.0);
}

static void
printf_general_and_hex(void)
{
	expect("0.0001 1e-05 100000 1e+06", "%g %g %g %g", 0.0001, 0.00001, 1e5, 1e6);
	expect("1.5 100 1.0E+02", "%g %.3g %#.2G", 1.5, 99.99, 99.5);
	expect("0x1p+0 0x1.8p+1 0x0p+0 -0x1.fffffffffffffp+1023", "%a %a %a %a", 1.0, 3.0, 0.0,
	    -1.7976931348623157e308);
	expect("0x1.0p-2 0x2p+0", "%.1a %.0a", 0.25, 1.75);
}

static void
read_real(const char *text, uint64_t want)
{
	char *end;
	double got = strtod(text, &end);
	uint64_t bits;

	memcpy(&bits, &got, sizeof(bits));
	if (bits != want || *end != 0)
		printf("strtod(\"%s\"): %016lx instead of %016lx\n", text, bits, want);
	CHECK(bits == want && *end == 0);
}

static void
strtod_rounds_correctly(void)
{
	read_real("1", 0x3ff0000000000000);
	read_real("-0.0", 0x8000000000000000);
	read_real("0.1", 0x3fb999999999999a);
	read_real("9007199254740993", 0x4340000000000000); /* half way: to even */
	read_real("9007199254740993.00000000000000000000000000001", 0x4340000000000001);
	read_real("2.2250738585072011e-308", 0x000fffffffffffff);
	read_real("2.4703282292062327e-324", 0);
	read_real("2.4703282292062328e-324", 1);
	read_real("1.7976931348623158e308", 0x7fefffffffffffff);
	read_real("1.7976931348623159e308", 0x7ff0000000000000);
	read_real("6.9294956446009195e15", 0x43389e56ee5e7a58);
	read_real("0x1.fffffffffffff8p1022", 0x7fe0000000000000);
	read_real("0x1p-1074", 1);
	read_real("inf", 0x7ff0000000000000);
}

static void
strtod_finds_the_end(void)
{
	static const struct {
		const char *text;
		int length;
	} cases[] = {{"1e", 1}, {"1e+", 1}, {".", 0}, {"e5", 0}, {"-.5x", 3}, {"0x", 1}, {"0xg", 1},
	    {"infx", 3}, {" 7", 2}, {"nan(1)x", 6}, {"--1", 0}};
	size_t i;
	char *end;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strtod(cases[i].text, &end);
		CHECK(end - cases[i].text == cases[i].length);
	}
	CHECK((errno = 0, strtod("1e999", NULL)) > 1e308 && errno == ERANGE);
	CHECK((errno = 0, strtod("1e-999", NULL)) == 0 && errno == ERANGE);
}

static void
printf_and_strtod_are_inverse(void)
{
	uint64_t bits = 88172645463325252;
	char text[64];
	double value;
	int i;

	for (i = 0; i < 2000; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		if ((bits >> 52 & 0x7ff) == 0x7ff)
			continue;
		memcpy(&value, &bits, sizeof(value));
		snprintf(text, sizeof(text), "%.17g", value);
		read_real(text, bits);
	}
}

static void
strtol_limits(void)
{
	char *end;

	CHECK(strtol("9223372036854775807", NULL, 10) == LONG_MAX);
	CHECK((errno = 0, strtol("9223372036854775808", NULL, 10)) == LONG_MAX && errno == ERANGE);
	CHECK(strtol("-9223372036854775808", NULL, 10) == LONG_MIN);
	CHECK((errno = 0, strtol("-9223372036854775809", NULL, 10)) == LONG_MIN && errno == ERANGE);
	CHECK(strtoul("-1", NULL, 10) == ULONG_MAX);
	CHECK(strtol("0x1fg", &end, 0) == 31 && *end == 'g');
	CHECK(strtol("0x", &end, 16) == 0 && *end == 'x');
	CHECK(strtol("077", NULL, 0) == 63 && strtol("zz", NULL, 36) == 35 * 37);
	CHECK((errno = 0, strtol("1", NULL, 1)) == 0 && errno == EINVAL);
}

static void
scanf_conversions(void)
{
	char word[16], set[16];
	double real;
	int a, b, n;

	CHECK(sscanf(" 12,-5", "%d,%d", &a, &b) == 2 && a == 12 && b == -5);
	CHECK(sscanf("0x1f 077", "%i %i", &a, &b) == 2 && a == 31 && b == 63);
	CHECK(sscanf("abc 2.5e1x", "%s %lf%n", word, &real, &n) == 2 && real == 25 && n == 9);
	CHECK_STR("abc", word);
	CHECK(sscanf("aabbxy", "%[ab]%2c", set, word) == 2 && memcmp(word, "xy", 2) == 0);
	CHECK_STR("aabb", set);
	CHECK(sscanf("123456", "%2d%*2d%d", &a, &b) == 2 && a == 12 && b == 56);
	CHECK(sscanf("", "%d", &a) == EOF && sscanf("x", "%d", &a) == 0);
}

int
main(void)
{
	RUN(printf_integers);
	RUN(printf_text);
	RUN(printf_fixed_and_exponent);
	RUN(printf_general_and_hex);
	RUN(strtod_rounds_correctly);
	RUN(strtod_finds_the_end);
	RUN(printf_and_strtod_are_inverse);
	RUN(strtol_limits);
	RUN(scanf_conversions);
	return check_failures != 0;
}
