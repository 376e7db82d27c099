/* SPDX-License-Identifier: BSD-2-Clause */
/* mknod [-m mode] name (b | c) major minor, mknod name p: make a device node or a FIFO. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "user/cmd.h"

static const char usage[] = "mknod [-m mode] name (b | c) major minor | mknod [-m mode] name p";

int
main(int argc, char *argv[])
{
	mode_t mode = 0666, type;
	dev_t dev = 0;
	char *end;

	while (cmd_option(argc, argv, "m:", usage, 1) != -1) {
		mode = strtoul(optarg, &end, 8);
		if (*optarg == 0 || *end != 0 || mode > 07777)
			errx(1, "invalid mode: '%s'", optarg);
		umask(0);
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || strlen(argv[1]) != 1)
		cmd_usage(usage, 1);
	type = argv[1][0] == 'b'                     ? S_IFBLK
	    : argv[1][0] == 'c' || argv[1][0] == 'u' ? S_IFCHR
	    : argv[1][0] == 'p'                      ? S_IFIFO
						     : 0;
	if (type == 0 || argc != (type == S_IFIFO ? 2 : 4))
		cmd_usage(usage, 1);
	if (type != S_IFIFO)
		dev = makedev(cmd_number(argv[2], 0, 0xfff), cmd_number(argv[3], 0, 0xfffff));
	if (mknod(argv[0], mode | type, dev) < 0)
		err(1, "%s", argv[0]);
	return 0;
}
