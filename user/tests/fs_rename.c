/* SPDX-License-Identifier: BSD-2-Clause */
/* Does rename replace, move and refuse as POSIX says, without ever losing the file? */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define TOP "/tmp/fs_rename"

static void
make(const char *path)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	REQUIRE(fd >= 0 && write(fd, path, strlen(path)) == (ssize_t)strlen(path));
	close(fd);
}

/* What is at `path` was made as `origin`. */
static void
expect_from(const char *path, const char *origin)
{
	char got[100] = "";
	int fd = open(path, O_RDONLY);

	EXPECT(fd >= 0);
	EXPECT_EQ(strlen(origin), read(fd, got, sizeof(got)));
	EXPECT(strcmp(got, origin) == 0);
	close(fd);
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
files(void)
{
	make(TOP "/a");
	make(TOP "/b");
	EXPECT_EQ(0, rename(TOP "/a", TOP "/c"));
	EXPECT(!exists(TOP "/a"));
	expect_from(TOP "/c", TOP "/a");
	EXPECT_EQ(0, rename(TOP "/c", TOP "/b"));
	expect_from(TOP "/b", TOP "/a");
	EXPECT_EQ(0, rename(TOP "/b", TOP "/b"));
	expect_from(TOP "/b", TOP "/a");
	/* Two names of one file: nothing happens. */
	EXPECT_EQ(0, link(TOP "/b", TOP "/b2"));
	EXPECT_EQ(0, rename(TOP "/b", TOP "/b2"));
	EXPECT(exists(TOP "/b") && exists(TOP "/b2"));
	EXPECT_EQ(0, unlink(TOP "/b2"));
	EXPECT_ERRNO(ENOENT, rename(TOP "/none", TOP "/x"));
	EXPECT_ERRNO(ENOENT, rename(TOP "/b", TOP "/none/x"));
	EXPECT_ERRNO(ENOTDIR, rename(TOP "/b", TOP "/b/x"));
}

static void
directories(void)
{
	struct stat top, moved;

	EXPECT_EQ(0, mkdir(TOP "/d", 0755) | mkdir(TOP "/e", 0755) | mkdir(TOP "/d/sub", 0755));
	make(TOP "/d/sub/f");
	EXPECT_ERRNO(EINVAL, rename(TOP "/d", TOP "/d/sub/d"));
	EXPECT_ERRNO(EINVAL, rename(TOP "/d", TOP "/d/d"));
	EXPECT_ERRNO(EISDIR, rename(TOP "/b", TOP "/e"));
	EXPECT_ERRNO(ENOTDIR, rename(TOP "/e", TOP "/b"));
	EXPECT_EQ(0, rename(TOP "/d/sub", TOP "/e"));
	expect_from(TOP "/e/f", TOP "/d/sub/f");
	EXPECT_EQ(0, rename(TOP "/e", TOP "/d/e"));
	EXPECT_EQ(0, stat(TOP "/d", &top) | stat(TOP "/d/e/..", &moved));
	EXPECT_EQ(top.st_ino, moved.st_ino);
	EXPECT_EQ(3, top.st_nlink);
	EXPECT_EQ(0, mkdir(TOP "/full", 0755));
	EXPECT_ERRNO(ENOTEMPTY, rename(TOP "/full", TOP "/d"));
	EXPECT_EQ(0, rmdir(TOP "/full"));
	EXPECT_EQ(0, unlink(TOP "/d/e/f") | rmdir(TOP "/d/e") | rmdir(TOP "/d"));
}

int
main(void)
{
	REQUIRE(mkdir(TOP, 0755) == 0);
	files();
	directories();
	EXPECT_EQ(0, unlink(TOP "/b"));
	EXPECT_EQ(0, rmdir(TOP));
	return um_result();
}
