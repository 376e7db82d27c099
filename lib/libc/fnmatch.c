/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shell patterns. A '*' is tried with more and more text; when a later part fails, only the last
 * '*' needs another try, because it can give way to anything an earlier one could: no recursion, at
 * worst n * m steps.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

static const struct {
	const char *name;
	int (*is)(int c);
} classes[] = {
    {"alnum", isalnum},
    {"alpha", isalpha},
    {"blank", isblank},
    {"cntrl", iscntrl},
    {"digit", isdigit},
    {"graph", isgraph},
    {"lower", islower},
    {"print", isprint},
    {"punct", ispunct},
    {"space", isspace},
    {"upper", isupper},
    {"xdigit", isxdigit},
};

/* Is c in the class at p, "alpha:]"?  => *end: behind it; NULL if it is no class. */
static bool
in_named_class(const char *p, unsigned char c, const char **end)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t n = strlen(classes[i].name);

		if (strncmp(p, classes[i].name, n) == 0 && p[n] == ':' && p[n + 1] == ']') {
			*end = p + n + 2;
			return classes[i].is(c) != 0;
		}
	}
	*end = NULL;
	return false;
}

/*
 * Matches c with the bracket expression behind '['.
 * => returns the place behind ']', NULL if it never ends.
 */
static const char *
match_bracket(const char *p, unsigned char c, int flags, bool *matched)
{
	bool negated = *p == '!' || *p == '^', found = false;
	const char *start, *end;

	p += negated;
	for (start = p; *p != ']' || p == start;) {
		unsigned char low, high;

		if (p[0] == '[' && p[1] == ':') {
			found |= in_named_class(p + 2, c, &end);
			if (end != NULL) {
				p = end;
				continue;
			}
		}
		if (*p == '\\' && !(flags & FNM_NOESCAPE) && p[1] != 0)
			p++;
		if (*p == 0)
			return NULL;
		low = high = *p++;
		if (p[0] == '-' && p[1] != ']' && p[1] != 0) {
			p++;
			if (*p == '\\' && !(flags & FNM_NOESCAPE) && p[1] != 0)
				p++;
			high = *p++;
		}
		found |= low <= c && c <= high;
	}
	*matched = found != negated;
	return p + 1;
}

/*
 * Matches one byte.
 * => returns the place in the pattern behind what matched it, NULL if it does not.
 */
static const char *
match_one(const char *p, char c, int flags)
{
	const char *end;
	bool matched;

	if (c == '/' && flags & FNM_PATHNAME)
		return *p == '/' ? p + 1 : NULL;
	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		end = match_bracket(p + 1, c, flags, &matched);
		if (end != NULL)
			return matched ? end : NULL;
	}
	if (*p == '\\' && !(flags & FNM_NOESCAPE) && p[1] != 0)
		p++;
	return *p == c ? p + 1 : NULL;
}

/* Is this a '.' that only a '.' may match? */
static bool
is_leading_dot(const char *string, const char *s, int flags)
{
	return *s == '.' && flags & FNM_PERIOD &&
	    (s == string || (s[-1] == '/' && flags & FNM_PATHNAME));
}

int
fnmatch(const char *pattern, const char *string, int flags)
{
	const char *p = pattern, *s = string, *star = NULL, *star_s = NULL, *next;

	while (*s != 0 || *p == '*') {
		if (*p == '*') {
			if (is_leading_dot(string, s, flags))
				return FNM_NOMATCH;
			star = ++p;
			star_s = s;
			continue;
		}
		if (is_leading_dot(string, s, flags) && (*p == '?' || *p == '['))
			next = NULL;
		else
			next = match_one(p, *s, flags);
		if (next != NULL && *p != 0) {
			p = next;
			s++;
			continue;
		}
		if (star == NULL || (*star_s == '/' && flags & FNM_PATHNAME))
			return FNM_NOMATCH;
		p = star;
		s = ++star_s;
	}
	return *p == 0 ? 0 : FNM_NOMATCH;
}
