/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads an image: mkfs -l, -x, --cat.  The image has passed the checker, so nothing is checked
 * again here.
 */
#include "mkfs/export.h"

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

/* One inode on the way through a tree. */
struct visit {
	struct image *img;
	const char *guest; /* path in the image */
	const char *host;  /* where it goes; NULL: list only */
};

/*
 * Listing.
 */

static void
format_mode(uint32_t mode, char text[11])
{
	static const char types[] = "?pc?d?b?-?l?s???";
	static const char rwx[] = "rwxrwxrwx";

	text[0] = types[mode >> 12 & 15];
	for (int i = 0; i < 9; i++)
		text[i + 1] = mode & 0400u >> i ? rwx[i] : '-';
	if (mode & 04000)
		text[3] = mode & 0100 ? 's' : 'S';
	if (mode & 02000)
		text[6] = mode & 0010 ? 's' : 'S';
	if (mode & 01000)
		text[9] = mode & 0001 ? 't' : 'T';
	text[10] = '\0';
}

static void
list_one(const struct visit *v, uint32_t ino)
{
	const struct fs_dinode *di = image_inode(v->img, ino);
	time_t when = di->mtime;
	char mode[11], stamp[32], size[32];
	struct tm tm;

	format_mode(di->mode, mode);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M", gmtime_r(&when, &tm));
	snprintf(size, sizeof(size), "%llu", (unsigned long long)di->size);
	if (fs_mode_is(di->mode, FS_IFCHR) || fs_mode_is(di->mode, FS_IFBLK))
		snprintf(size, sizeof(size), "%u,%u", di->rdev >> 8 & 0xfff,
		    (di->rdev & 0xff) | (di->rdev >> 12 & 0xfff00));
	printf("%s %3u %u %u %10s %s %s", mode, di->nlink, di->uid, di->gid, size, stamp, v->guest);
	if (fs_mode_is(di->mode, FS_IFLNK)) {
		char *target = tree_readlink(v->img, ino);

		printf(" -> %s", target);
		free(target);
	}
	putchar('\n');
}

/*
 * Extracting.
 */

static void
write_all(int fd, const void *data, size_t n, const char *path)
{
	const char *p = data;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0)
			die("%s: %s", path, strerror(errno));
		p += done;
		n -= (size_t)done;
	}
}

static void
write_contents(struct image *img, uint32_t ino, int fd, const char *path)
{
	static const uint8_t zeros[FS_BLOCK_SIZE];
	uint64_t size = image_inode(img, ino)->size;

	for (uint64_t at = 0; at < size; at += FS_BLOCK_SIZE) {
		uint32_t block = tree_block(img, ino, at / FS_BLOCK_SIZE, false);
		size_t n = size - at < FS_BLOCK_SIZE ? size - at : FS_BLOCK_SIZE;

		write_all(fd, block != 0 ? image_block(img, block) : zeros, n, path);
	}
}

static void
extract_one(const struct visit *v, uint32_t ino)
{
	const struct fs_dinode *di = image_inode(v->img, ino);
	char *target;
	int fd;

	switch (di->mode & 0170000) {
	case FS_IFDIR:
		if (mkdir(v->host, 0700) != 0 && errno != EEXIST)
			die("%s: %s", v->host, strerror(errno));
		break;
	case FS_IFLNK:
		target = tree_readlink(v->img, ino);
		if ((unlink(v->host) != 0 && errno != ENOENT) || symlink(target, v->host) != 0)
			die("%s: %s", v->host, strerror(errno));
		free(target);
		break;
	case FS_IFREG:
		fd = open(v->host, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
		if (fd < 0)
			die("%s: %s", v->host, strerror(errno));
		write_contents(v->img, ino, fd, v->host);
		close(fd);
		break;
	default:
		fprintf(stderr, "mkfs: %s: not a file, directory or link: skipped\n", v->guest);
	}
}

/* Mode and time, after the contents are there (a directory may not allow writing). */
static void
extract_attributes(const struct visit *v, uint32_t ino)
{
	const struct fs_dinode *di = image_inode(v->img, ino);
	struct timespec times[2] = {{.tv_sec = di->atime, .tv_nsec = di->atime_ns},
	    {.tv_sec = di->mtime, .tv_nsec = di->mtime_ns}};

	if (!fs_mode_is(di->mode, FS_IFREG) && !fs_mode_is(di->mode, FS_IFDIR))
		return;
	if (chmod(v->host, di->mode & 07777) != 0 || utimensat(AT_FDCWD, v->host, times, 0) != 0)
		die("%s: %s", v->host, strerror(errno));
}

/*
 * Both.
 */

static void visit(const struct visit *v, uint32_t ino);

static void
visit_entry(void *arg, const struct fs_dirent *de)
{
	const struct visit *parent = arg;
	struct visit v = {.img = parent->img};
	char name[FS_NAME_MAX + 1];
	char *guest, *host = NULL;

	memcpy(name, de->name, de->namelen);
	name[de->namelen] = '\0';
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	v.guest = guest = path_join(parent->guest, name);
	if (parent->host != NULL)
		v.host = host = path_join(parent->host, name);
	visit(&v, de->ino);
	free(guest);
	free(host);
}

static void
visit(const struct visit *v, uint32_t ino)
{
	if (v->host == NULL)
		list_one(v, ino);
	else
		extract_one(v, ino);
	if (fs_mode_is(image_inode(v->img, ino)->mode, FS_IFDIR))
		tree_dir_foreach(v->img, ino, visit_entry, (void *)v);
	if (v->host != NULL)
		extract_attributes(v, ino);
}

void
export_list(struct image *img)
{
	struct visit v = {.img = img, .guest = "/"};

	visit(&v, FS_ROOT_INO);
}

static uint32_t
find(struct image *img, const char *path)
{
	uint32_t ino = tree_walk(img, path);

	if (ino == 0)
		die("%s: no %s in it", img->path, path);
	return ino;
}

void
export_path(struct image *img, const char *path, const char *dir)
{
	uint32_t ino = find(img, path);
	const char *name = strrchr(path, '/');
	struct visit v = {.img = img, .guest = path, .host = dir};
	char *host = NULL;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		die("%s: %s", dir, strerror(errno));
	name = name != NULL ? name + 1 : path;
	if (ino != FS_ROOT_INO)
		v.host = host = path_join(dir, name);
	visit(&v, ino);
	free(host);
}

void
export_cat(struct image *img, const char *path)
{
	uint32_t ino = find(img, path);

	if (!fs_mode_is(image_inode(img, ino)->mode, FS_IFREG))
		die("%s: not a regular file", path);
	write_contents(img, ino, STDOUT_FILENO, "standard output");
}
