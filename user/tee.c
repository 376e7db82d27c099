/* SPDX-License-Identifier: BSD-2-Clause */
/* tee [-a] [file...]: copy standard input to standard output and to files. */
#include <fcntl.h>

#include "user/cmd.h"

static const char usage[] = "tee [-a] [file...]";

int
main(int argc, char *argv[])
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC, status = 0, count, i;
	static char buf[16384];
	ssize_t n;
	int *fds;

	while (cmd_option(argc, argv, "a", usage, 1) != -1)
		flags = O_WRONLY | O_CREAT | O_APPEND;
	count = argc - optind;
	fds = cmd_alloc(NULL, (count + 1) * sizeof(*fds));
	fds[count] = STDOUT_FILENO;
	for (i = 0; i < count; i++) {
		fds[i] = open(argv[optind + i], flags, 0666);
		if (fds[i] < 0) {
			warn("%s", argv[optind + i]);
			status = 1;
		}
	}
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		for (i = 0; i <= count; i++)
			if (fds[i] >= 0 && !cmd_write(fds[i], buf, n)) {
				warn("%s", i < count ? argv[optind + i] : "standard output");
				fds[i] = -1;
				status = 1;
			}
	if (n < 0)
		err(1, "read error");
	return status;
}
