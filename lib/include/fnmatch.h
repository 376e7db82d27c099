/* SPDX-License-Identifier: BSD-2-Clause */
/* Shell patterns: * ? [a-z] [!a-z] and backslash. */
#ifndef _FNMATCH_H
#define _FNMATCH_H

#define FNM_NOMATCH  1
#define FNM_PATHNAME 1 /* '/' is only matched by '/' */
#define FNM_NOESCAPE 2 /* backslash is an ordinary character */
#define FNM_PERIOD   4 /* a leading '.' is only matched by '.' */

int fnmatch(const char *pattern, const char *string, int flags);

#endif
