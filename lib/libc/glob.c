/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glob(): the pattern is taken apart at its slashes. Components without special characters are
 * appended as they stand; others are compared with the entries of the folder reached so far, one
 * recursion for each match.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
	glob_t *g;
	int flags;
	int (*on_error)(const char *path, int error);
	char path[PATH_MAX];
};

/* Adds a copy of `path` to the result.  => 0 or GLOB_NOSPACE. */
static int
add(glob_t *g, const char *path, bool mark)
{
	size_t used = g->gl_offs + g->gl_pathc, n = strlen(path);
	char **v = realloc(g->gl_pathv, (used + 2) * sizeof(*v));
	char *copy;

	if (v == NULL)
		return GLOB_NOSPACE;
	if (g->gl_pathv == NULL) /* the first path: reserved places come before it */
		memset(v, 0, g->gl_offs * sizeof(*v));
	g->gl_pathv = v;
	copy = malloc(n + 2);
	if (copy == NULL)
		return GLOB_NOSPACE;
	memcpy(copy, path, n + 1);
	if (mark)
		strcpy(copy + n, "/");
	v[used] = copy;
	v[used + 1] = NULL;
	g->gl_pathc++;
	return 0;
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The path is complete: is there such a file? */
static int
finish(struct walk *w, size_t len)
{
	struct stat st;

	if (len == 0 || lstat(w->path, &st) < 0)
		return 0;
	return add(
	    w->g, w->path, w->flags & GLOB_MARK && w->path[len - 1] != '/' && is_folder(w->path));
}

static int expand(struct walk *w, size_t len, const char *pattern);

/* Goes on with every entry of the folder at path that matches the component of n bytes. */
static int
expand_entries(struct walk *w, size_t len, const char *pattern, size_t n)
{
	int flags = FNM_PERIOD | (w->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0), result = 0;
	char component[NAME_MAX + 1];
	struct dirent *e;
	DIR *dir;

	if (n > NAME_MAX)
		return 0;
	memcpy(component, pattern, n);
	component[n] = 0;
	dir = opendir(len > 0 ? w->path : ".");
	if (dir == NULL) {
		if ((w->on_error != NULL && w->on_error(w->path, errno) != 0) ||
		    w->flags & GLOB_ERR)
			return GLOB_ABORTED;
		return 0;
	}
	while (result == 0 && (e = readdir(dir)) != NULL) {
		size_t name_len = strlen(e->d_name);

		if (fnmatch(component, e->d_name, flags) != 0 || len + name_len >= PATH_MAX)
			continue;
		memcpy(w->path + len, e->d_name, name_len + 1);
		if (pattern[n] == '/' && !is_folder(w->path))
			continue;
		result = expand(w, len + name_len, pattern + n);
	}
	closedir(dir);
	w->path[len] = 0;
	return result;
}

/*
 * Appends the component of n bytes, its backslashes removed.
 * => returns the new length, 0 if too long.
 */
static size_t
append(struct walk *w, size_t len, const char *component, size_t n)
{
	const char *end = component + n;

	for (; component < end; component++) {
		if (*component == '\\' && !(w->flags & GLOB_NOESCAPE) && component + 1 < end)
			component++;
		if (len + 1 >= PATH_MAX)
			return 0;
		w->path[len++] = *component;
	}
	w->path[len] = 0;
	return len;
}

/* The path has `len` bytes; what is left of the pattern follows. */
static int
expand(struct walk *w, size_t len, const char *pattern)
{
	while (*pattern != 0) {
		size_t n = *pattern == '/' ? strspn(pattern, "/") : strcspn(pattern, "/");
		size_t special = strcspn(pattern, "*?[");

		if (special < n)
			return expand_entries(w, len, pattern, n);
		len = append(w, len, pattern, n);
		if (len == 0)
			return 0;
		pattern += n;
	}
	return finish(w, len);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
glob(const char *pattern, int flags, int (*on_error)(const char *path, int error), glob_t *g)
{
	struct walk w = {.g = g, .flags = flags, .on_error = on_error};
	size_t before;
	int result;

	if (!(flags & GLOB_DOOFFS))
		g->gl_offs = 0;
	if (!(flags & GLOB_APPEND)) {
		g->gl_pathc = 0;
		g->gl_pathv = NULL;
	}
	before = g->gl_pathc;
	result = expand(&w, 0, pattern);
	if (result != 0)
		return result;
	if (g->gl_pathc == before)
		return flags & GLOB_NOCHECK ? add(g, pattern, false) : GLOB_NOMATCH;
	if (!(flags & GLOB_NOSORT))
		qsort(g->gl_pathv + g->gl_offs + before, g->gl_pathc - before, sizeof(char *),
		    by_name);
	return 0;
}

void
globfree(glob_t *g)
{
	size_t i;

	for (i = 0; i < g->gl_pathc; i++)
		free(g->gl_pathv[g->gl_offs + i]);
	free(g->gl_pathv);
	g->gl_pathv = NULL;
	g->gl_pathc = 0;
}
