/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poweroff [status]: write everything out and switch the machine off; QEMU leaves with the status.
 */
#include <sys/reboot.h>

#include "user/cmd.h"

static const char usage[] = "poweroff [status]";

int
main(int argc, char *argv[])
{
	long status = 0;

	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	if (argc - optind > 1)
		cmd_usage(usage, 1);
	if (optind < argc)
		status = cmd_number(argv[optind], 0, 255);
	sync();
	poweroff(status);
	err(1, NULL);
}
