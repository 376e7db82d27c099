/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparison without case, old BSD names, string functions with memory or static state. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int
strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		int diff = tolower((unsigned char)*a) - tolower((unsigned char)*b);

		if (diff != 0 || *a == 0)
			return diff;
	}
	return 0;
}

int
strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, -1);
}

char *
strcasestr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);

	for (;; hay++) {
		if (strncasecmp(hay, needle, n) == 0)
			return (char *)hay;
		if (*hay == 0)
			return NULL;
	}
}

int
ffs(int bits)
{
	return __builtin_ffs(bits);
}

void
bzero(void *dst, size_t n)
{
	memset(dst, 0, n);
}

void
bcopy(const void *src, void *dst, size_t n)
{
	memmove(dst, src, n);
}

int
strcoll(const char *a, const char *b)
{
	return strcmp(a, b);
}

char *
strndup(const char *s, size_t max)
{
	size_t n = strnlen(s, max);
	char *p = malloc(n + 1);

	if (p != NULL) {
		memcpy(p, s, n);
		p[n] = 0;
	}
	return p;
}

char *
strdup(const char *s)
{
	return strndup(s, strlen(s));
}

char *
strtok(char *s, const char *delim)
{
	static char *rest;

	return strtok_r(s, delim, &rest);
}
