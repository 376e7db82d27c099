/* SPDX-License-Identifier: BSD-2-Clause */
/* which name...: where in $PATH programs are. */
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] = "which name...";

static bool
find(const char *name)
{
	const char *dir = getenv("PATH"), *end;
	char path[PATH_MAX];
	struct stat st;

	for (; dir != NULL; dir = *end != 0 ? end + 1 : NULL) {
		end = strchrnul(dir, ':');
		snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - dir), dir,
		    end > dir ? "/" : "", name);
		if (access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			puts(path);
			return true;
		}
	}
	return false;
}

int
main(int argc, char *argv[])
{
	int status = 0;

	while (cmd_option(argc, argv, "", usage, 2) != -1)
		;
	if (optind == argc)
		cmd_usage(usage, 2);
	for (; optind < argc; optind++)
		if (!find(argv[optind]))
			status = 1;
	return cmd_finish(status);
}
