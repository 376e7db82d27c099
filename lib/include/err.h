/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to stderr, "program: text: reason". err*() then leave; the *x() forms add no reason. */
#ifndef _ERR_H
#define _ERR_H

#include <stdarg.h>

extern const char *__progname; /* the last part of argv[0] */

_Noreturn void err(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void errx(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void verr(int status, const char *fmt, va_list ap);
_Noreturn void verrx(int status, const char *fmt, va_list ap);
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void vwarn(const char *fmt, va_list ap);
void vwarnx(const char *fmt, va_list ap);

#endif
