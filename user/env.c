/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env [-i] [-u name] [name=value...] [program [argument...]]: run a program in another environment,
 * or print it.
 */
#include "user/cmd.h"

static const char usage[] = "env [-i] [-u name] [name=value...] [program [argument...]]";

int
main(int argc, char *argv[])
{
	char **e;
	int c;

	while ((c = cmd_option(argc, argv, "+iu:", usage, 125)) != -1)
		if (c == 'i')
			clearenv();
		else if (unsetenv(optarg) < 0)
			err(125, "%s", optarg);
	for (; optind < argc && strchr(argv[optind], '=') != NULL; optind++)
		if (putenv(argv[optind]) < 0)
			err(125, "%s", argv[optind]);
	if (optind < argc) {
		execvp(argv[optind], argv + optind);
		warn("%s", argv[optind]);
		return errno == ENOENT ? 127 : 126;
	}
	for (e = environ; *e != NULL; e++)
		puts(*e);
	return cmd_finish(0);
}
