/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt: the engine of the printf family. It knows conversions, not destinations: each byte goes to
 * a function.
 *
 * Conversions: d i u o x X c s p n %; flags - + space # 0; width and precision, also *; sizes hh h
 * l ll j z t. Floating point is a hook, so that the kernel, which has neither the registers nor a
 * use for it, does not carry it: the C library passes fmt_float().
 */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>
#include <stddef.h>

#define FMT_LEFT  0x01 /* '-' */
#define FMT_PLUS  0x02 /* '+' */
#define FMT_SPACE 0x04 /* ' ' */
#define FMT_ALT   0x08 /* '#' */
#define FMT_ZERO  0x10 /* '0' */

/* One conversion, taken apart. */
struct fmt_spec {
	unsigned flags; /* FMT_* */
	int width;      /* at least this many bytes */
	int prec;       /* -1: not given */
	char size;      /* 0, or one of h l j z t L; 'H' is hh, 'q' is ll */
	char conv;      /* the letter */
};

/* Where the output goes. */
struct fmt_out {
	void (*put)(void *arg, char c);
	void *arg;
	size_t count; /* bytes handed to put() so far */
};

/* A va_list in a struct, so that its address can be passed on whatever type it has. */
struct fmt_args {
	va_list ap;
};

/* Formats one of e E f F g G a A: takes the argument and prints it. */
typedef void fmt_float_fn(struct fmt_out *out, const struct fmt_spec *spec, struct fmt_args *args);

/*
 * Print fmt with its arguments, one put(arg, c) per byte.
 * => never sleeps by itself, needs no memory.
 * => returns the number of bytes, -1 if that exceeds an int.
 */
int fmt_vformat(void (*put)(void *arg, char c), void *arg, const char *fmt, va_list ap);

/* The same with floating point conversions done by `fp` (NULL: they print as they stand in fmt). */
int fmt_vformat_fp(
    void (*put)(void *arg, char c), void *arg, const char *fmt, va_list ap, fmt_float_fn *fp);

/*
 * Print into buf: at most size - 1 bytes and a terminating 0 (nothing when size is 0).
 * => returns the length of the whole output: >= size means it was cut.
 */
int
fmt_snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int fmt_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int fmt_vsnprintf_fp(char *buf, size_t size, const char *fmt, va_list ap, fmt_float_fn *fp);

/* For fmt_float_fn: n bytes of s; n times c; a number as [pad][prefix][zeroes][digits][pad]. */
void fmt_write(struct fmt_out *out, const char *s, size_t n);
void fmt_fill(struct fmt_out *out, char c, long n);
void fmt_number(struct fmt_out *out, const struct fmt_spec *spec, const char *prefix, long zeroes,
    const char *digits, size_t n);

#endif
