/* SPDX-License-Identifier: BSD-2-Clause */
/* sync: everything written is on the disk when it returns. */
#include "user/cmd.h"

static const char usage[] = "sync";

int
main(int argc, char *argv[])
{
	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	sync();
	return 0;
}
