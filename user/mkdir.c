/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkdir [-p] [-m mode] folder...: make folders; -p: also those above, and no complaint about what
 * is there.
 */
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] = "mkdir [-p] [-m mode] folder...";

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Makes the folders above the last component. */
static bool
make_parents(char *path)
{
	char *slash;

	for (slash = path + strspn(path, "/"); (slash = strchr(slash, '/')) != NULL;
	     *slash++ = '/') {
		slash += strspn(slash, "/") - 1; /* the last of several */
		if (slash[1] == 0)
			break;
		*slash = 0;
		if (mkdir(path, 0777) < 0 && !is_folder(path)) {
			warn("cannot create folder '%s'", path);
			return false;
		}
	}
	return true;
}

static bool
make(char *path, bool parents, mode_t mode)
{
	if (parents && !make_parents(path))
		return false;
	if (mkdir(path, mode) == 0 || (parents && errno == EEXIST && is_folder(path)))
		return true;
	warn("cannot create folder '%s'", path);
	return false;
}

int
main(int argc, char *argv[])
{
	bool parents = false;
	mode_t mode = 0777;
	char *end;
	int status = 0, c;

	while ((c = cmd_option(argc, argv, "pm:", usage, 1)) != -1) {
		if (c == 'p') {
			parents = true;
			continue;
		}
		mode = strtoul(optarg, &end, 8);
		if (*optarg == 0 || *end != 0 || mode > 07777)
			errx(1, "invalid mode: '%s'", optarg);
		umask(0);
	}
	if (optind == argc)
		cmd_usage(usage, 1);
	for (; optind < argc; optind++)
		if (!make(argv[optind], parents, mode))
			status = 1;
	return status;
}
