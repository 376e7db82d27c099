/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading /proc in tests: whole files, and the lines of maps and smaps taken apart.
 */
#ifndef USER_TESTS_PROCFS_H
#define USER_TESTS_PROCFS_H

#include <fcntl.h>

#include "user/tests/umtest.h"

/* The file's text, to be freed.  It is read in pieces, as /proc may hand it out. */
static inline char *
proc_text(const char *path)
{
	size_t size = 4096, n = 0;
	char *text = malloc(size);
	int fd = open(path, O_RDONLY);
	ssize_t got = 1;

	REQUIRE(fd >= 0);
	while (got > 0) {
		if (size - n < 2048)
			text = realloc(text, size *= 2);
		REQUIRE(text != NULL);
		got = read(fd, text + n, size - n - 1);
		REQUIRE(got >= 0);
		n += (size_t)got;
	}
	close(fd);
	text[n] = '\0';
	return text;
}

/* A line of maps. */
struct proc_map {
	unsigned long start, end, offset, inode;
	unsigned major, minor;
	char rights[5];
	char name[128];
};

/* => does the line have the format, to the byte? */
static inline bool
proc_parse_map(const char *line, struct proc_map *m)
{
	char again[256];
	int at = 0;

	memset(m, 0, sizeof(*m));
	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu%n", &m->start, &m->end, m->rights, &m->offset,
		&m->major, &m->minor, &m->inode, &at) != 7 ||
	    strlen(m->rights) != 4)
		return false;
	sscanf(line + at, " %127[^\n]", m->name);
	snprintf(again, sizeof(again), "%08lx-%08lx %s %08lx %02x:%02x %lu ", m->start, m->end,
	    m->rights, m->offset, m->major, m->minor, m->inode);
	return strncmp(line, again, strlen(again)) == 0 && m->start < m->end;
}

/* The next line of a text, NUL-terminated in place; NULL: the end. */
static inline char *
proc_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');

	if (*line == '\0')
		return NULL;
	REQUIRE(end != NULL);
	*end = '\0';
	*rest = end + 1;
	return line;
}

/* The value behind `name:` or `name ` in a text of such lines, -1: no such line. */
static inline long
proc_value(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0';) {
		if (strncmp(line, name, n) == 0 && (line[n] == ':' || line[n] == ' '))
			return strtol(line + n + 1, NULL, 10);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return -1;
}

#endif
