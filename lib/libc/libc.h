/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the C library share among themselves.
 */
#ifndef LIB_LIBC_LIBC_H
#define LIB_LIBC_LIBC_H

#include <elf.h>
#include <stdint.h>

/* Called by _start.  => runs main and does not come back. */
_Noreturn void __libc_start(long *sp, const Elf64_Dyn *dynamic);

/*
 * Writes out every stream. Only linked into programs that use streams.
 * => called once, by exit().
 */
void __stdio_exit(void) __attribute__((weak));

/*
 * The number at s, of which strtol and its family are restrictions.
 * => *negative: it had a minus sign.
 * => *overflow: it does not fit.
 * => *end: behind it, or s if there is none.
 */
uintmax_t __parse_integer(const char *s, char **end, int base, int *negative, int *overflow);

#endif
