/* SPDX-License-Identifier: BSD-2-Clause */
/* test expression: the shell has it built in; this is for programs that run `test` without one. */
#include "user/cmd.h"

int
main(int argc, char *argv[])
{
	char **args = cmd_alloc(NULL, (argc + 4) * sizeof(*args));

	args[0] = "sh";
	args[1] = "-c";
	args[2] = "test \"$@\"";
	memcpy(args + 3, argv, (argc + 1) * sizeof(*args));
	execv("/bin/sh", args);
	err(2, "/bin/sh");
}
