/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders. struct dirent is what getdents64(2) writes. */
#ifndef _DIRENT_H
#define _DIRENT_H

#include <sys/types.h>

struct dirent {
	uint64_t d_ino;
	int64_t d_off;           /* where the next entry is: an opaque position for seekdir */
	unsigned short d_reclen; /* bytes of this record, a multiple of 8 */
	unsigned char d_type;
	char d_name[256]; /* at 19; only as long as d_reclen says */
};

#define DT_UNKNOWN   0
#define DT_FIFO      1
#define DT_CHR       2
#define DT_DIR       4
#define DT_BLK       6
#define DT_REG       8
#define DT_LNK       10
#define DT_SOCK      12
#define DT_WHT       14

#define IFTODT(mode) (((mode)&0170000) >> 12)
#define DTTOIF(type) ((type) << 12)

typedef struct folder DIR;

ssize_t getdents64(int fd, void *buf, size_t size);
DIR *opendir(const char *path);
DIR *fdopendir(int fd);
struct dirent *readdir(DIR *dir);
int closedir(DIR *dir);
void rewinddir(DIR *dir);
int dirfd(DIR *dir);
long telldir(DIR *dir);
void seekdir(DIR *dir, long pos);
int alphasort(const struct dirent **a, const struct dirent **b);
int scandir(const char *path, struct dirent ***list, int (*select)(const struct dirent *),
    int (*compare)(const struct dirent **, const struct dirent **));

#endif
