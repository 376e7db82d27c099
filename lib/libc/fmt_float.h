/* SPDX-License-Identifier: BSD-2-Clause */
/* The floating point conversions of printf, for fmt_vformat_fp(). */
#ifndef LIB_LIBC_FMT_FLOAT_H
#define LIB_LIBC_FMT_FLOAT_H

#include "lib/fmt.h"

/* => prints e E f F g G a A, rounded to nearest even; a long double becomes a double first. */
void fmt_float(struct fmt_out *out, const struct fmt_spec *spec, struct fmt_args *args);

#endif
