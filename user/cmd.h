/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the small programs have in common: options, numbers, paths, copying. Inline, because each
 * program is one file.
 */
#ifndef USER_CMD_H
#define USER_CMD_H

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The next option, as getopt().
 * => --help prints `usage` and leaves with 0; a bad option prints a line and `usage` and leaves
 * with `status`.
 */
static inline int
cmd_option(int argc, char *argv[], const char *options, const char *usage, int status)
{
	static int wanted;
	static const struct option help[] = {{"help", no_argument, &wanted, 1}, {0}};
	int c = getopt_long(argc, argv, options, help, NULL);

	if (wanted) {
		printf("usage: %s\n", usage);
		exit(0);
	}
	if (c == '?') {
		fprintf(stderr, "usage: %s\n", usage);
		exit(status);
	}
	return c;
}

/* Complain about the arguments and leave. */
static inline _Noreturn void
cmd_usage(const char *usage, int status)
{
	fprintf(stderr, "usage: %s\n", usage);
	exit(status);
}

/*
 * A number between min and max, with an optional suffix K, M or G.
 * => leaves with a message if it is none.
 */
static inline long
cmd_number(const char *s, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 0);
	if (end != s && *end != 0 && strchr("kKMG", *end) != NULL) {
		int shift = *end == 'G' ? 30 : *end == 'M' ? 20 : 10;

		if (n > LONG_MAX >> shift || n < 0)
			errno = ERANGE;
		n <<= shift;
		end++;
	}
	if (end == s || *end != 0 || errno != 0 || n < min || n > max)
		errx(1, "invalid number: '%s'", s);
	return n;
}

/* dir/name, in memory that is to be freed. */
static inline char *
cmd_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path;

	if (asprintf(&path, "%s%s%s", dir, n > 0 && dir[n - 1] == '/' ? "" : "/", name) < 0)
		err(1, NULL);
	return path;
}

/*
 * The last component of a path, slashes at its end not counted.
 * => in memory that is to be freed.
 */
static inline char *
cmd_base_name(const char *path)
{
	size_t end = strlen(path), start;
	char *name;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	if (start == end && end > 0)
		start--; /* the root */
	name = strndup(path + start, end - start);
	if (name == NULL)
		err(1, NULL);
	return name;
}

/* Write all of it.  => false with errno. */
static inline bool
cmd_write(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= done;
	}
	return true;
}

/* malloc that leaves with a message when there is no memory. */
static inline void *
cmd_alloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (p == NULL && size > 0)
		err(1, NULL);
	return p;
}

/*
 * Make sure that everything printed has arrived.
 * => the exit status: `status`, or 1 with a message.
 */
static inline int
cmd_finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	warn("write error");
	return status != 0 ? status : 1;
}

#endif
