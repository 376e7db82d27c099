/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ls [-1adilRrtSFhn] [path...]: list folders. In columns on a terminal (down, then across), one
 * name a line elsewhere.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "user/cmd.h"

struct entry {
	char *name; /* as printed */
	char *path;
	struct stat st;
};

struct list {
	struct entry *v;
	size_t count, room;
};

static const char usage[] = "ls [-1AadFhilnRrSst] [path...]";
static bool opt[128]; /* options given, by letter */
static int status;
static unsigned width = 80; /* of the terminal */

/* ---- Collecting ---- */

static void
add(struct list *l, char *name, char *path, const struct stat *st)
{
	if (l->count == l->room) {
		l->room = 2 * l->room + 32;
		l->v = cmd_alloc(l->v, l->room * sizeof(*l->v));
	}
	l->v[l->count++] = (struct entry){name, path, *st};
}

static void
clear(struct list *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		if (l->v[i].name != l->v[i].path)
			free(l->v[i].name);
		free(l->v[i].path);
	}
	free(l->v);
	*l = (struct list){0};
}

static int
compare_times(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

/* -t: newest first, -S: largest first, else by name; -r turns it round. */
static int
compare(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int order = 0;

	if (opt['t'])
		order = compare_times(&b->st.st_mtim, &a->st.st_mtim);
	else if (opt['S'])
		order = a->st.st_size < b->st.st_size ? 1 : a->st.st_size > b->st.st_size ? -1 : 0;
	if (order == 0)
		order = strcmp(a->name, b->name);
	return opt['r'] ? -order : order;
}

static bool
is_hidden(const char *name)
{
	if (opt['a'])
		return false;
	if (opt['A'])
		return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
	return *name == '.';
}

/* ---- Printing ---- */

static char
type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	default:
		return '-';
	}
}

/* "drwxr-xr-x" */
static void
make_mode(char out[11], mode_t mode)
{
	static const char letters[] = "rwxrwxrwx";
	int i;

	out[0] = type_letter(mode);
	for (i = 0; i < 9; i++)
		out[i + 1] = mode >> (8 - i) & 1 ? letters[i] : '-';
	if (mode & S_ISUID)
		out[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		out[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		out[9] = mode & S_IXOTH ? 't' : 'T';
	out[10] = 0;
}

/* The size, or the numbers of a device; with -h in units. */
static void
make_size(char *out, size_t room, const struct stat *st)
{
	static const char units[] = "KMGTPE";
	double n = st->st_size;
	int unit = -1;

	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		snprintf(out, room, "%u, %u", major(st->st_rdev), minor(st->st_rdev));
		return;
	}
	if (!opt['h'] || st->st_size < 1024) {
		snprintf(out, room, "%ld", st->st_size);
		return;
	}
	for (; n >= 1024; n /= 1024)
		unit++;
	/* rounded up, so that nothing looks smaller than it is */
	if (n < 10 && n * 10 <= 99)
		snprintf(out, room, "%.1f%c", (long)(n * 10 + 0.999) / 10.0, units[unit]);
	else
		snprintf(out, room, "%ld%c", (long)(n + 0.999), units[unit]);
}

/* What -F puts behind a name. */
static const char *
mark(mode_t mode)
{
	if (!opt['F'])
		return "";
	switch (type_letter(mode)) {
	case 'd':
		return "/";
	case 'l':
		return "@";
	case 'p':
		return "|";
	case '-':
		return mode & 0111 ? "*" : "";
	default:
		return "";
	}
}

static void
print_time(time_t t)
{
	char buf[32];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		return;
	/*
	 * the time of the day for the last half year, the year for older files and those of the
	 * future
	 */
	strftime(buf, sizeof(buf),
	    t > now - 182 * 86400L && t <= now + 60 ? "%b %e %H:%M" : "%b %e  %Y", &tm);
	fputs(buf, stdout);
}

static void
print_target(const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n >= 0)
		printf(" -> %.*s", (int)n, target);
}

/* How wide the columns of -l have to be. */
struct widths {
	int links, uid, gid, size, ino, blocks;
};

static void
widen(int *width, int n)
{
	if (n > *width)
		*width = n;
}

static struct widths
measure(const struct list *l)
{
	struct widths w = {0};
	char buf[32];
	size_t i;

	for (i = 0; i < l->count; i++) {
		const struct stat *st = &l->v[i].st;

		widen(&w.links, snprintf(NULL, 0, "%u", st->st_nlink));
		widen(&w.uid, snprintf(NULL, 0, "%u", st->st_uid));
		widen(&w.gid, snprintf(NULL, 0, "%u", st->st_gid));
		widen(&w.ino, snprintf(NULL, 0, "%lu", st->st_ino));
		widen(&w.blocks, snprintf(NULL, 0, "%ld", st->st_blocks / 2));
		make_size(buf, sizeof(buf), st);
		widen(&w.size, strlen(buf));
	}
	return w;
}

/* The owner: there are no names, but everybody knows root. */
static void
print_owner(unsigned id, int width)
{
	if (id == 0 && !opt['n'])
		printf(" root");
	else
		printf(" %*u", width < 4 && !opt['n'] ? 4 : width, id);
}

/* What stands before a name: -i and -s.  => returns how much was printed. */
static int
print_prefix(const struct entry *e, const struct widths *w)
{
	int n = 0;

	if (opt['i'])
		n += printf("%*lu ", w->ino, e->st.st_ino);
	if (opt['s'])
		n += printf("%*ld ", w->blocks, e->st.st_blocks / 2);
	return n;
}

static void
print_long(const struct entry *e, const struct widths *w)
{
	char mode[11], size[32];

	make_mode(mode, e->st.st_mode);
	make_size(size, sizeof(size), &e->st);
	print_prefix(e, w);
	printf("%s %*u", mode, w->links, e->st.st_nlink);
	print_owner(e->st.st_uid, w->uid);
	print_owner(e->st.st_gid, w->gid);
	printf(" %*s ", w->size, size);
	print_time(e->st.st_mtime);
	printf(" %s", e->name);
	if (S_ISLNK(e->st.st_mode))
		print_target(e->path);
	else
		fputs(mark(e->st.st_mode), stdout);
	putchar('\n');
}

/* Names in columns as wide as the longest. */
static void
print_columns(const struct list *l, const struct widths *w)
{
	size_t longest = 1, columns, rows, row, i;

	for (i = 0; i < l->count; i++) {
		size_t n = strlen(l->v[i].name) + (opt['i'] ? w->ino + 1 : 0) +
		    (opt['s'] ? w->blocks + 1 : 0) + opt['F'];

		if (n > longest)
			longest = n;
	}
	columns = width / (longest + 2) > 0 ? width / (longest + 2) : 1;
	rows = (l->count + columns - 1) / columns;
	for (row = 0; row < rows; row++) {
		for (i = row; i < l->count; i += rows) {
			int n = print_prefix(&l->v[i], w);

			n += printf("%s%s", l->v[i].name, mark(l->v[i].st.st_mode));
			if (i + rows < l->count)
				printf("%*s", (int)longest + 2 - n, "");
		}
		putchar('\n');
	}
}

static void
print_list(struct list *l)
{
	struct widths w = measure(l);
	size_t i;

	qsort(l->v, l->count, sizeof(*l->v), compare);
	if (!opt['l'] && !opt['1']) {
		print_columns(l, &w);
		return;
	}
	for (i = 0; i < l->count; i++)
		if (opt['l']) {
			print_long(&l->v[i], &w);
		} else {
			print_prefix(&l->v[i], &w);
			printf("%s%s\n", l->v[i].name, mark(l->v[i].st.st_mode));
		}
}

/* ---- Folders ---- */

static void
read_folder(struct list *l, const char *path, DIR *dir)
{
	struct dirent *e;
	struct stat st;

	while ((e = readdir(dir)) != NULL) {
		char *name, *inner;

		if (is_hidden(e->d_name))
			continue;
		inner = cmd_join(path, e->d_name);
		if (lstat(inner, &st) < 0) {
			warn("cannot access '%s'", inner);
			status = 1;
			free(inner);
			continue;
		}
		name = strdup(e->d_name);
		if (name == NULL)
			err(2, NULL);
		add(l, name, inner, &st);
	}
}

static void
list_folder(const char *path, bool title)
{
	static bool printed;
	struct list l = {0};
	DIR *dir = opendir(path);
	long blocks = 0;
	size_t i;

	if (dir == NULL) {
		warn("cannot open folder '%s'", path);
		status = 2;
		return;
	}
	read_folder(&l, path, dir);
	closedir(dir);
	if (title)
		printf("%s%s:\n", printed ? "\n" : "", path);
	printed = true;
	for (i = 0; i < l.count; i++)
		blocks += l.v[i].st.st_blocks / 2;
	if (opt['l'] || opt['s'])
		printf("total %ld\n", blocks);
	print_list(&l);
	for (i = 0; opt['R'] && i < l.count; i++)
		if (S_ISDIR(l.v[i].st.st_mode) && strcmp(l.v[i].name, ".") != 0 &&
		    strcmp(l.v[i].name, "..") != 0)
			list_folder(l.v[i].path, true);
	clear(&l);
}

/*
 * An argument: into `files`, or `folders` if it is to be opened. A link to a folder is opened
 * unless -l.
 */
static void
classify(char *path, struct list *files, struct list *folders)
{
	struct stat st, target;
	char *copy;

	if (lstat(path, &st) < 0) {
		warn("cannot access '%s'", path);
		status = 2;
		return;
	}
	if (S_ISLNK(st.st_mode) && !opt['l'] && stat(path, &target) == 0)
		st = target;
	copy = strdup(path);
	if (copy == NULL)
		err(2, NULL);
	add(S_ISDIR(st.st_mode) && !opt['d'] ? folders : files, copy, copy, &st);
}

static void
list_arguments(int count, char *paths[])
{
	struct list files = {0}, folders = {0};
	bool title = count > 1 || opt['R'];
	size_t i;

	for (i = 0; i < (size_t)count; i++)
		classify(paths[i], &files, &folders);
	if (files.count > 0)
		print_list(&files);
	if (files.count > 0 && folders.count > 0)
		putchar('\n');
	qsort(folders.v, folders.count, sizeof(*folders.v), compare);
	for (i = 0; i < folders.count; i++)
		list_folder(folders.v[i].path, title);
	clear(&files);
	clear(&folders);
}

int
main(int argc, char *argv[])
{
	static char here[] = ".", *const here_only[] = {here, NULL};
	struct winsize size;
	int c;

	while ((c = cmd_option(argc, argv, "1AaCdFhilnRrSst", usage, 2)) != -1)
		opt[c] = true;
	opt['l'] |= opt['n'];
	if (!isatty(STDOUT_FILENO) && !opt['C'])
		opt['1'] = true;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	if (optind == argc)
		list_arguments(1, (char **)here_only);
	else
		list_arguments(argc - optind, argv + optind);
	return cmd_finish(status);
}
