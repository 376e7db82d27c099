/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with a new name: the XXXXXX of a template become six characters that no other file has. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 100

/* Fills in the template.  => it ends in XXXXXX, or in what an earlier attempt made of that. */
static void
make_name(char *template)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char *x = template + strlen(template) - 6;
	unsigned char bytes[6];
	int i;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		for (i = 0; i < 6; i++)
			bytes[i] = rand() ^ getpid();
	for (i = 0; i < 6; i++)
		x[i] = letters[bytes[i] % (sizeof(letters) - 1)];
}

static int
ends_in_x(const char *template)
{
	size_t n = strlen(template);

	if (n >= 6 && strcmp(template + n - 6, "XXXXXX") == 0)
		return 1;
	errno = EINVAL;
	return 0;
}

int
mkstemp(char *template)
{
	int i, fd = -1;

	if (!ends_in_x(template))
		return -1;
	for (i = 0; i < ATTEMPTS; i++) {
		make_name(template);
		fd = open(template, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd;
}

char *
mkdtemp(char *template)
{
	int i;

	if (!ends_in_x(template))
		return NULL;
	for (i = 0; i < ATTEMPTS; i++) {
		make_name(template);
		if (mkdir(template, 0700) == 0)
			return template;
		if (errno != EEXIST)
			break;
	}
	return NULL;
}

FILE *
tmpfile(void)
{
	char path[] = "/tmp/tmpXXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return NULL;
	unlink(path);
	return fdopen(fd, "w+");
}
