/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparison without case, and the old BSD names. */
#ifndef _STRINGS_H
#define _STRINGS_H

#include <stddef.h>

int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strcasestr(const char *hay, const char *needle);
int ffs(int bits);
void bzero(void *dst, size_t n);
void bcopy(const void *src, void *dst, size_t n);

#endif
