/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmmap [pid...]: the memory map of processes (default: its own), as the kernel sees it: map
 * entries, the chain of objects behind each, resident pages. The kernel writes the text
 * (/proc/PID/vmmap).
 */
#include <fcntl.h>

#include "user/cmd.h"

static const char usage[] = "vmmap [pid...]";

static bool
show(const char *pid)
{
	static char buf[8192];
	char *path = NULL;
	ssize_t n = -1;
	int fd;

	if (asprintf(&path, "/proc/%s/vmmap", pid) < 0)
		err(1, NULL);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		if (!cmd_write(STDOUT_FILENO, buf, n))
			err(1, "write error");
	if (n < 0 && errno == ENOENT)
		warnx("%s: no such process", pid);
	else if (n < 0)
		warn("%s", path);
	if (fd >= 0)
		close(fd);
	free(path);
	return n == 0;
}

int
main(int argc, char *argv[])
{
	int status = 0;

	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	if (optind == argc)
		return !show("self");
	for (; optind < argc; optind++)
		if (cmd_number(argv[optind], 1, INT_MAX) > 0 && !show(argv[optind]))
			status = 1;
	return status;
}
