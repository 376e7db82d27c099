/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders: getdents64() fills a buffer with entries, readdir() hands them out one by one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct folder {
	int fd;
	long pos;    /* where the next entry is, for telldir */
	size_t next; /* its offset in buf */
	size_t end;  /* bytes in buf */
	char buf[2048] __attribute__((aligned(8)));
};

ssize_t
getdents64(int fd, void *buf, size_t size)
{
	return syscall(SYS_getdents64, fd, buf, size);
}

DIR *
fdopendir(int fd)
{
	struct stat st;
	DIR *dir;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return NULL;
	}
	dir = malloc(sizeof(*dir));
	if (dir == NULL)
		return NULL;
	dir->fd = fd;
	dir->pos = 0;
	dir->next = dir->end = 0;
	return dir;
}

DIR *
opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (dir == NULL)
		close(fd);
	return dir;
}

struct dirent *
readdir(DIR *dir)
{
	struct dirent *e;
	ssize_t n;

	if (dir->next == dir->end) {
		n = getdents64(dir->fd, dir->buf, sizeof(dir->buf));
		if (n <= 0)
			return NULL;
		dir->next = 0;
		dir->end = n;
	}
	e = (struct dirent *)(dir->buf + dir->next);
	dir->next += e->d_reclen;
	dir->pos = e->d_off;
	return e;
}

int
closedir(DIR *dir)
{
	int fd = dir->fd;

	free(dir);
	return close(fd);
}

int
dirfd(DIR *dir)
{
	return dir->fd;
}

long
telldir(DIR *dir)
{
	return dir->pos;
}

void
seekdir(DIR *dir, long pos)
{
	lseek(dir->fd, pos, SEEK_SET);
	dir->pos = pos;
	dir->next = dir->end = 0;
}

void
rewinddir(DIR *dir)
{
	seekdir(dir, 0);
}

int
alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Appends a copy of an entry.  => -1 with errno. */
static int
collect(struct dirent ***list, int n, const struct dirent *e)
{
	struct dirent **new_list = realloc(*list, (n + 1) * sizeof(**list));

	if (new_list == NULL)
		return -1;
	*list = new_list;
	new_list[n] = malloc(e->d_reclen);
	if (new_list[n] == NULL)
		return -1;
	memcpy(new_list[n], e, e->d_reclen);
	return 0;
}

int
scandir(const char *path, struct dirent ***list, int (*select)(const struct dirent *),
    int (*compare)(const struct dirent **, const struct dirent **))
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int n = 0;

	*list = NULL;
	if (dir == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL) {
		if (select != NULL && !select(e))
			continue;
		if (collect(list, n, e) < 0) {
			while (n > 0)
				free((*list)[--n]);
			free(*list);
			closedir(dir);
			return -1;
		}
		n++;
	}
	closedir(dir);
	if (compare != NULL && n > 0)
		qsort(*list, n, sizeof(**list), (int (*)(const void *, const void *))compare);
	return n;
}
