/* SPDX-License-Identifier: BSD-2-Clause */
/* Old-style odds and ends. */
#ifndef _SYS_PARAM_H
#define _SYS_PARAM_H

#include <limits.h>
#include <sys/types.h>

#define MAXPATHLEN       PATH_MAX
#define MIN(a, b)        ((a) < (b) ? (a) : (b))
#define MAX(a, b)        ((a) > (b) ? (a) : (b))
#define howmany(n, unit) (((n) + (unit)-1) / (unit))
#define roundup(n, unit) (howmany(n, unit) * (unit))

#endif
