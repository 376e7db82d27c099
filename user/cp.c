/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cp [-rfp] source... target: copy files; -r: folders with all they hold, links and devices as
 * such; -p: keep mode and times.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] = "cp [-rRafp] source... target";
static bool recursive, force, preserve;
static char buf[32768];

static bool
fail(const char *what, const char *path)
{
	warn("%s '%s'", what, path);
	return false;
}

static bool
copy_data(int in, int out, const char *from, const char *to)
{
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (!cmd_write(out, buf, n))
			return fail("error writing", to);
	return n == 0 || fail("error reading", from);
}

static bool
copy_file(const char *from, const char *to, const struct stat *st)
{
	int in = open(from, O_RDONLY), out;
	struct stat old;
	bool ok;

	if (in < 0)
		return fail("cannot open", from);
	if (stat(to, &old) == 0 && old.st_dev == st->st_dev && old.st_ino == st->st_ino) {
		close(in);
		warnx("'%s' and '%s' are the same file", from, to);
		return false;
	}
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
	if (out < 0 && force && unlink(to) == 0)
		out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
	if (out < 0) {
		fail("cannot create", to);
		close(in);
		return false;
	}
	ok = copy_data(in, out, from, to);
	if (preserve) {
		fchmod(out, st->st_mode & 07777);
		futimens(out, (struct timespec[2]){st->st_atim, st->st_mtim});
	}
	close(in);
	return close(out) == 0 ? ok : fail("error writing", to);
}

static bool
copy_link(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return fail("cannot read link", from);
	target[n] = 0;
	if (force)
		unlink(to);
	return symlink(target, to) == 0 || fail("cannot create link", to);
}

static bool copy(const char *from, const char *to);

static bool
copy_folder(const char *from, const char *to, const struct stat *st)
{
	struct dirent *e;
	bool ok = true;
	DIR *dir;

	if (mkdir(to, (st->st_mode & 07777) | S_IRWXU) < 0 && errno != EEXIST)
		return fail("cannot create folder", to);
	dir = opendir(from);
	if (dir == NULL)
		return fail("cannot open folder", from);
	while ((e = readdir(dir)) != NULL) {
		char *f, *t;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		f = cmd_join(from, e->d_name);
		t = cmd_join(to, e->d_name);
		ok &= copy(f, t);
		free(f);
		free(t);
	}
	closedir(dir);
	if (preserve)
		utimensat(AT_FDCWD, to, (struct timespec[2]){st->st_atim, st->st_mtim}, 0);
	return ok;
}

/* Copies one thing. With -r a link is copied, without it the file that it leads to. */
static bool
copy(const char *from, const char *to)
{
	struct stat st;

	if ((recursive ? lstat(from, &st) : stat(from, &st)) < 0)
		return fail("cannot stat", from);
	if (S_ISDIR(st.st_mode)) {
		if (recursive)
			return copy_folder(from, to, &st);
		warnx("-r not given: leaving out folder '%s'", from);
		return false;
	}
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to);
	if (recursive && !S_ISREG(st.st_mode))
		return mknod(to, st.st_mode, st.st_rdev) == 0 || fail("cannot create", to);
	return copy_file(from, to, &st);
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Is `path` inside the folder `top`?  A copy of a folder into itself would never end. */
static bool
is_inside(const char *path, const char *top)
{
	char *real_top = realpath(top, NULL), *dir = strdup(path), *real, *slash;
	bool inside;
	size_t n;

	slash = dir != NULL ? strrchr(dir, '/') : NULL;
	if (slash != NULL)
		slash[slash == dir] = 0;
	real = realpath(is_folder(path) ? path : slash != NULL ? dir : ".", NULL);
	n = real_top != NULL ? strlen(real_top) : 0;
	inside = real != NULL && n > 0 && strncmp(real, real_top, n) == 0 &&
	    (real[n] == 0 || real[n] == '/');
	free(real_top);
	free(real);
	free(dir);
	return inside;
}

/* Copies to a path, or into a folder under the same name. */
static bool
copy_to(const char *from, const char *target, bool into)
{
	char *base = cmd_base_name(from);
	char *to = into ? cmd_join(target, base) : strdup(target);
	bool ok = false;

	if (recursive && is_folder(from) && is_inside(to, from))
		warnx("cannot copy folder '%s' into itself, '%s'", from, to);
	else
		ok = copy(from, to);
	free(base);
	free(to);
	return ok;
}

int
main(int argc, char *argv[])
{
	const char *target;
	int status = 0, c;
	bool into;

	while ((c = cmd_option(argc, argv, "rRafp", usage, 1)) != -1) {
		recursive |= c == 'r' || c == 'R' || c == 'a';
		preserve |= c == 'p' || c == 'a';
		force |= c == 'f';
	}
	if (argc - optind < 2)
		cmd_usage(usage, 1);
	target = argv[argc - 1];
	into = is_folder(target);
	if (!into && argc - optind > 2)
		errx(1, "target '%s' is not a folder", target);
	for (; optind < argc - 1; optind++)
		if (!copy_to(argv[optind], target, into))
			status = 1;
	return status;
}
