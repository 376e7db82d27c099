/* SPDX-License-Identifier: BSD-2-Clause */
/* cat [-nu] [file...]: files one after the other. */
#include <fcntl.h>

#include "user/cmd.h"

static const char usage[] = "cat [-nu] [file...]";
static char buf[16384];
static bool number;

/* Copies as read. */
static bool
copy(int fd, const char *name)
{
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (!cmd_write(STDOUT_FILENO, buf, n))
			err(1, "write error");
	if (n < 0)
		warn("%s", name);
	return n == 0;
}

/* Copies with line numbers, which go on from file to file. */
static bool
copy_numbered(int fd, const char *name)
{
	static unsigned long line;
	static bool at_start = true;
	ssize_t n, i;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++) {
			if (at_start)
				printf("%6lu\t", ++line);
			putchar(buf[i]);
			at_start = buf[i] == '\n';
		}
	if (n < 0)
		warn("%s", name);
	return n == 0;
}

static bool
cat(const char *name)
{
	bool standard = strcmp(name, "-") == 0, ok;
	int fd = standard ? STDIN_FILENO : open(name, O_RDONLY);

	if (fd < 0) {
		warn("%s", name);
		return false;
	}
	ok = number ? copy_numbered(fd, name) : copy(fd, name);
	if (!standard)
		close(fd);
	return ok;
}

int
main(int argc, char *argv[])
{
	int status = 0, c;

	while ((c = cmd_option(argc, argv, "nu", usage, 1)) != -1)
		number |= c == 'n';
	if (optind == argc)
		status = !cat("-");
	for (; optind < argc; optind++)
		if (!cat(argv[optind]))
			status = 1;
	return cmd_finish(status);
}
