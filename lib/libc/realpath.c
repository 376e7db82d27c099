/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * realpath(): the path without ".", ".." and symbolic links. Components are taken one by one from
 * `rest` and put behind `done`; a link's target goes before what is left of `rest`.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Removes the last component. */
static void
go_up(char *done)
{
	*strrchr(done, '/') = 0;
}

/* If `done` is a link, prepends its target to rest.  => -1 with errno. */
static int
follow(char *done, char *rest, int *links)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t n = readlink(done, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL ? 0 : -1; /* not a link */
	target[n] = 0;
	if (++*links > SYMLOOP_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (snprintf(joined, sizeof(joined), "%s/%s", target, rest) >= (int)sizeof(joined)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(rest, joined);
	if (*target == '/')
		*done = 0;
	else
		go_up(done);
	return 0;
}

/* Moves the first component of rest to the end of done.  => -1 with errno. */
static int
take_component(char *done, char *rest, int *links)
{
	size_t n = strcspn(rest, "/"), len = strlen(done);
	char name[NAME_MAX + 1];

	if (n > NAME_MAX || len + n + 2 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, rest, n);
	name[n] = 0;
	memmove(rest, rest + n, strlen(rest + n) + 1);
	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		if (len > 0)
			go_up(done);
		return 0;
	}
	done[len] = '/';
	strcpy(done + len + 1, name);
	return follow(done, rest, links);
}

char *
realpath(const char *path, char *resolved)
{
	char done[PATH_MAX] = "", rest[PATH_MAX];
	int links = 0;
	struct stat st;

	if (*path == 0) {
		errno = ENOENT;
		return NULL;
	}
	if (*path != '/' && getcwd(done, sizeof(done)) == NULL)
		return NULL;
	if (strcmp(done, "/") == 0)
		*done = 0;
	if (strlcpy(rest, path, sizeof(rest)) >= sizeof(rest)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	for (;;) {
		size_t slashes = strspn(rest, "/");

		memmove(rest, rest + slashes, strlen(rest + slashes) + 1);
		if (*rest == 0)
			break;
		if (take_component(done, rest, &links) < 0)
			return NULL;
	}
	if (*done == 0)
		strcpy(done, "/");
	if (stat(done, &st) < 0)
		return NULL;
	return resolved != NULL ? strcpy(resolved, done) : strdup(done);
}
