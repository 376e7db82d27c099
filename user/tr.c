/* SPDX-License-Identifier: BSD-2-Clause */
/* tr [-cds] set1 [set2]: replace, delete or squeeze bytes. Sets: a-z, \n, \012, [:class:]. */
#include "user/cmd.h"

struct set {
	unsigned char v[512];
	int n;
};

static const char usage[] = "tr [-cds] set1 [set2]";

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

static void
add(struct set *s, int c)
{
	if (s->n == (int)sizeof(s->v))
		errx(1, "set too long");
	s->v[s->n++] = c;
}

/* A byte, perhaps written as a backslash sequence.  => returns the place behind it. */
static const char *
parse_byte(const char *p, int *c)
{
	static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
	const char *found;
	int i;

	if (*p != '\\' || p[1] == 0) {
		*c = (unsigned char)*p;
		return p + 1;
	}
	p++;
	if (*p >= '0' && *p <= '7') {
		for (*c = 0, i = 0; i < 3 && *p >= '0' && *p <= '7'; i++)
			*c = *c * 8 + (*p++ - '0');
		return p;
	}
	found = strchr(letters, *p);
	*c = found != NULL ? values[found - letters] : *p;
	return p + 1;
}

/* [:name:]  => returns the place behind it, NULL if it is none. */
static const char *
parse_class(const char *p, struct set *s)
{
	size_t i, n;
	int c;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		n = strlen(classes[i].name);
		if (strncmp(p, "[:", 2) == 0 && strncmp(p + 2, classes[i].name, n) == 0 &&
		    strncmp(p + 2 + n, ":]", 2) == 0) {
			for (c = 0; c < 256; c++)
				if (classes[i].is(c))
					add(s, c);
			return p + n + 4;
		}
	}
	return NULL;
}

static void
parse_set(const char *p, struct set *s)
{
	const char *behind;
	int first, last;

	while (*p != 0) {
		behind = parse_class(p, s);
		if (behind != NULL) {
			p = behind;
			continue;
		}
		p = parse_byte(p, &first);
		last = first;
		if (*p == '-' && p[1] != 0)
			p = parse_byte(p + 1, &last);
		if (last < first)
			errx(1, "range in reverse order");
		for (; first <= last; first++)
			add(s, first);
	}
}

static bool
contains(const struct set *s, int c)
{
	return memchr(s->v, c, s->n) != NULL;
}

static void
complement(struct set *s)
{
	struct set all = {.n = 0};
	int c;

	for (c = 0; c < 256; c++)
		if (!contains(s, c))
			add(&all, c);
	*s = all;
}

int
main(int argc, char *argv[])
{
	bool complemented = false, delete = false, squeeze = false, member[256] = {false};
	struct set from = {.n = 0}, to = {.n = 0};
	int map[256], c, last = EOF, i;

	while ((c = cmd_option(argc, argv, "+cCds", usage, 1)) != -1) {
		complemented |= c == 'c' || c == 'C';
		delete |= c == 'd';
		squeeze |= c == 's';
	}
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 2 || (argc == 1 && !delete &&!squeeze))
		cmd_usage(usage, 1);
	parse_set(argv[0], &from);
	if (argc == 2)
		parse_set(argv[1], &to);
	if (argc == 2 && to.n == 0 && !delete)
		errx(1, "set2 must not be empty");
	if (complemented)
		complement(&from);
	for (c = 0; c < 256; c++) {
		map[c] = delete &&contains(&from, c) ? EOF : c;
		member[c] = squeeze && contains(to.n > 0 ? &to : &from, c);
	}
	for (i = 0; !delete &&to.n > 0 && i < from.n; i++)
		map[from.v[i]] = to.v[i < to.n ? i : to.n - 1];
	while ((c = getchar()) != EOF) {
		c = map[c];
		if (c == EOF || (c == last && member[c]))
			continue;
		putchar(c);
		last = c;
	}
	return cmd_finish(0);
}
