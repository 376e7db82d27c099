/* SPDX-License-Identifier: BSD-2-Clause */
/* A failed assertion. */
#include <assert.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void
__assert_fail(const char *cond, const char *file, int line, const char *func)
{
	fprintf(
	    stderr, "%s: %s:%d: %s: assertion failed: %s\n", __progname, file, line, func, cond);
	abort();
}
