/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies host files into an image, reads the device table.
 *
 * Names are imported in the order of strcmp, so that the same tree gives the same image whatever
 * the host's directory order.
 */
#include "mkfs/import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kern/fs/fs_format.h"
#include "mkfs/tree.h"

/*
 * Time.
 */

/* The value of SOURCE_DATE_EPOCH, or -1. */
static int64_t
source_date_epoch(void)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");
	char *end;
	long long value;

	if (s == NULL || *s == '\0')
		return -1;
	value = strtoll(s, &end, 10);
	if (*end != '\0' || value < 0)
		die("SOURCE_DATE_EPOCH=\"%s\" is not a number of seconds", s);
	return value;
}

int64_t
import_now(void)
{
	int64_t epoch = source_date_epoch();

	return epoch >= 0 ? epoch : (int64_t)time(NULL);
}

/* A new inode with the host file's mode and time. */
static uint32_t
inode_like(struct image *img, const struct stat *st)
{
	int64_t epoch = source_date_epoch();
	bool clamp = epoch >= 0 && st->st_mtim.tv_sec >= epoch;

	return tree_inode_alloc(img, st->st_mode & 0177777, clamp ? epoch : st->st_mtim.tv_sec,
	    clamp ? 0 : (uint32_t)st->st_mtim.tv_nsec);
}

/*
 * Hard links: host (device, inode) -> guest inode.
 */

struct known {
	dev_t dev;
	ino_t host;
	uint32_t guest;
};

static struct known *known;
static size_t nknown;

static uint32_t
known_find(const struct stat *st)
{
	for (size_t i = 0; i < nknown; i++)
		if (known[i].dev == st->st_dev && known[i].host == st->st_ino)
			return known[i].guest;
	return 0;
}

static void
known_add(const struct stat *st, uint32_t guest)
{
	known = realloc(known, (nknown + 1) * sizeof(*known));
	if (known == NULL)
		die("out of memory");
	known[nknown++] = (struct known){st->st_dev, st->st_ino, guest};
}

/*
 * Copying.
 */

static void
copy_file(struct image *img, const char *host, uint32_t ino)
{
	static uint8_t buffer[64 * FS_BLOCK_SIZE];
	int fd = open(host, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		die("%s: %s", host, strerror(errno));
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		tree_append(img, ino, buffer, (size_t)n);
	if (n < 0)
		die("%s: %s", host, strerror(errno));
	close(fd);
}

static void
copy_link(struct image *img, const char *host, uint32_t ino)
{
	char target[FS_SYMLINK_MAX + 2];
	ssize_t n = readlink(host, target, sizeof(target) - 1);

	if (n < 0)
		die("%s: %s", host, strerror(errno));
	target[n] = '\0';
	tree_set_link(img, ino, target);
}

static void import_into(struct image *img, const char *host, uint32_t dir);

/* Put what is at `host` into `dir` under `name`, which is not there yet. */
static void
import_new(
    struct image *img, const char *host, const struct stat *st, uint32_t dir, const char *name)
{
	uint32_t ino = S_ISDIR(st->st_mode) || st->st_nlink == 1 ? 0 : known_find(st);

	if (ino != 0) {
		tree_dir_add(img, dir, name, ino);
		return;
	}
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode))
		die("%s: not a file, directory or symbolic link", host);
	ino = inode_like(img, st);
	if (S_ISDIR(st->st_mode)) {
		tree_dir_init(img, ino, dir);
		import_into(img, host, ino);
	} else if (S_ISLNK(st->st_mode)) {
		copy_link(img, host, ino);
	} else {
		copy_file(img, host, ino);
	}
	tree_dir_add(img, dir, name, ino);
	known_add(st, ino);
}

static void
import_name(struct image *img, const char *host, uint32_t dir, const char *name)
{
	uint32_t old = tree_dir_lookup(img, dir, name);
	struct stat st;

	if (lstat(host, &st) != 0)
		die("%s: %s", host, strerror(errno));
	if (old != 0 && fs_mode_is(image_inode(img, old)->mode, FS_IFDIR)) {
		if (!S_ISDIR(st.st_mode))
			die("%s: there is a directory of that name in %s", host, img->path);
		import_into(img, host, old);
		return;
	}
	if (old != 0)
		tree_dir_remove(img, dir, name);
	import_new(img, host, &st, dir, name);
}

static int
not_dots(const struct dirent *de)
{
	return strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Everything in host directory `host` into `dir`. */
static void
import_into(struct image *img, const char *host, uint32_t dir)
{
	struct dirent **names;
	int n = scandir(host, &names, not_dots, by_name);

	if (n < 0)
		die("%s: %s", host, strerror(errno));
	for (int i = 0; i < n; i++) {
		char *path = path_join(host, names[i]->d_name);

		import_name(img, path, dir, names[i]->d_name);
		free(path);
		free(names[i]);
	}
	free(names);
}

void
import_root(struct image *img, const char *dir)
{
	struct stat st = {.st_mode = S_IFDIR | 0755};
	uint32_t root;

	st.st_mtim.tv_sec = import_now();
	if (dir != NULL && stat(dir, &st) != 0)
		die("%s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		die("%s: not a directory", dir);
	root = inode_like(img, &st);
	tree_dir_init(img, root, root);
	if (dir != NULL)
		import_into(img, dir, root);
}

/*
 * -a.
 */

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

void
import_add(struct image *img, const char *spec)
{
	const char *colon = strrchr(spec, ':');
	char *host = xstrdup(spec), *guest, *name;
	uint32_t at;

	nknown = 0;
	if (colon != NULL)
		host[colon - spec] = '\0';
	for (size_t n = strlen(host); n > 1 && host[n - 1] == '/'; n--)
		host[n - 1] = '\0';
	guest = path_join("/", colon != NULL && colon[1] != '\0' ? colon + 1 : base_name(host));
	at = tree_walk(img, guest);
	if (guest[strlen(guest) - 1] == '/' ||
	    (at != 0 && fs_mode_is(image_inode(img, at)->mode, FS_IFDIR)))
		guest = path_join(guest, base_name(host));
	name = strrchr(guest, '/');
	*name++ = '\0';
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		die("-a %s: no name for the file", spec);
	import_name(img, host, tree_mkdirs(img, guest, import_now()), name);
	free(host);
}

/*
 * Device table.
 */

struct device_line {
	char path[256];
	char type;
	unsigned mode, uid, gid, major, minor;
};

static void
device_make(struct image *img, const struct device_line *line, const char *where)
{
	static const struct {
		char type;
		uint32_t mode;
	} types[] = {{'c', FS_IFCHR}, {'b', FS_IFBLK}, {'p', FS_IFIFO}, {'d', FS_IFDIR}};
	char *parent = xstrdup(line->path), *name = strrchr(parent, '/');
	uint32_t mode = 0, dir, ino;
	struct fs_dinode *di;

	for (size_t i = 0; i < NELEM(types); i++)
		if (types[i].type == line->type)
			mode = types[i].mode;
	if (mode == 0 || name == NULL || name[1] == '\0')
		die("%s: the path must be absolute and the type one of c b p d", where);
	*name++ = '\0';
	dir = tree_mkdirs(img, parent, import_now());
	ino = tree_dir_lookup(img, dir, name);
	if (ino == 0) {
		ino = tree_inode_alloc(img, mode, import_now(), 0);
		if (mode == FS_IFDIR)
			tree_dir_init(img, ino, dir);
		tree_dir_add(img, dir, name, ino);
	}
	di = image_inode(img, ino);
	if (!fs_mode_is(di->mode, mode))
		die("%s: %s is there already and is something else", where, line->path);
	di->mode = mode | line->mode;
	di->uid = line->uid;
	di->gid = line->gid;
	if (mode == FS_IFCHR || mode == FS_IFBLK)
		di->rdev = (line->minor & 0xff) | (line->major & 0xfff) << 8 |
		    (line->minor & ~0xffu) << 12;
	tree_inode_seal(img, ino);
	free(parent);
}

void
import_devices(struct image *img, const char *table)
{
	FILE *f = fopen(table, "r");
	char text[512], where[512];

	if (f == NULL)
		die("%s: %s", table, strerror(errno));
	for (unsigned n = 1; fgets(text, sizeof(text), f) != NULL; n++) {
		struct device_line line = {.major = 0};
		int fields = sscanf(text, "%255s %c %o %u %u %u %u", line.path, &line.type,
		    &line.mode, &line.uid, &line.gid, &line.major, &line.minor);

		if (fields < 1 || line.path[0] == '#')
			continue;
		snprintf(where, sizeof(where), "%.480s:%u", table, n);
		if (fields != (line.type == 'c' || line.type == 'b' ? 7 : 5))
			die("%s: expected: path type mode uid gid [major minor]", where);
		device_make(img, &line, where);
	}
	fclose(f);
}
