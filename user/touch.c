/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * touch [-c] file...: set the times of files to now, and make those that do not exist (not with
 * -c).
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] = "touch [-c] file...";

static bool
touch(const char *path, bool create)
{
	int fd;

	if (utimensat(AT_FDCWD, path, NULL, 0) == 0)
		return true;
	if (errno == ENOENT && !create)
		return true;
	fd = errno == ENOENT ? open(path, O_WRONLY | O_CREAT, 0666) : -1;
	if (fd < 0) {
		warn("cannot touch '%s'", path);
		return false;
	}
	close(fd);
	return true;
}

int
main(int argc, char *argv[])
{
	bool create = true;
	int status = 0, c;

	while ((c = cmd_option(argc, argv, "c", usage, 1)) != -1)
		create = false;
	if (optind == argc)
		cmd_usage(usage, 1);
	for (; optind < argc; optind++)
		if (!touch(argv[optind], create))
			status = 1;
	return status;
}
