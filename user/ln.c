/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ln [-sf] target... name-or-folder: another name for a file; -s: a symbolic link; -f: replace what
 * is there.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] = "ln [-sf] target... [name | folder]";
static bool symbolic, force;

static bool
make(const char *target, const char *name)
{
	if (force)
		unlink(name);
	if ((symbolic ? symlink(target, name) : link(target, name)) == 0)
		return true;
	warn("cannot link '%s' to '%s'", name, target);
	return false;
}

static bool
make_in(const char *target, const char *folder)
{
	char *base = cmd_base_name(target), *name = cmd_join(folder, base);
	bool ok = make(target, name);

	free(base);
	free(name);
	return ok;
}

int
main(int argc, char *argv[])
{
	const char *last = argc > 1 ? argv[argc - 1] : ".";
	struct stat st;
	int status = 0, c;

	while ((c = cmd_option(argc, argv, "sfn", usage, 1)) != -1) {
		symbolic |= c == 's';
		force |= c == 'f';
	}
	if (optind == argc)
		cmd_usage(usage, 1);
	if (optind + 1 == argc)
		return !make_in(argv[optind], ".");
	last = argv[argc - 1];
	if (stat(last, &st) == 0 && S_ISDIR(st.st_mode)) {
		for (; optind < argc - 1; optind++)
			if (!make_in(argv[optind], last))
				status = 1;
		return status;
	}
	if (optind + 2 != argc)
		errx(1, "target '%s' is not a folder", last);
	return !make(argv[optind], last);
}
