/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rm [-rf] file...: remove files; -r: folders with all they hold; -f: what is missing is no error.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] = "rm [-rRf] file...";
static bool recursive, force;

static bool remove_path(const char *path);

/*
 * Removes what a folder holds, then the folder. Entries are read anew after each round: removing
 * moves them.
 */
static bool
remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	bool ok = true, again;

	if (dir == NULL) {
		warn("cannot open folder '%s'", path);
		return false;
	}
	do {
		again = false;
		rewinddir(dir);
		while ((e = readdir(dir)) != NULL) {
			char *inner;

			if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
				continue;
			inner = cmd_join(path, e->d_name);
			if (remove_path(inner))
				again = true;
			else
				ok = false;
			free(inner);
		}
	} while (again && ok);
	closedir(dir);
	if (ok && rmdir(path) < 0) {
		warn("cannot remove '%s'", path);
		return false;
	}
	return ok;
}

static bool
remove_path(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (force && errno == ENOENT)
			return true;
		warn("cannot remove '%s'", path);
		return false;
	}
	if (S_ISDIR(st.st_mode) && recursive)
		return remove_folder(path);
	if (S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (unlink(path) == 0)
		return true;
	warn("cannot remove '%s'", path);
	return false;
}

/* "." and ".." must not be removed by mistake. */
static bool
is_dots(const char *path)
{
	char *name = cmd_base_name(path);
	bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "/") == 0;

	free(name);
	return dots;
}

int
main(int argc, char *argv[])
{
	int status = 0, c;

	while ((c = cmd_option(argc, argv, "rRf", usage, 1)) != -1) {
		if (c == 'f')
			force = true;
		else
			recursive = true;
	}
	if (optind == argc && !force)
		cmd_usage(usage, 1);
	for (; optind < argc; optind++) {
		if (is_dots(argv[optind])) {
			warnx("refusing to remove '%s'", argv[optind]);
			status = 1;
		} else if (!remove_path(argv[optind])) {
			status = 1;
		}
	}
	return status;
}
