/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

char *
ttyname(int fd)
{
	static char path[64];
	char link[32];
	ssize_t n;

	if (!isatty(fd))
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		n = snprintf(path, sizeof(path), "/dev/console");
	path[n] = 0;
	return path;
}
