/* SPDX-License-Identifier: BSD-2-Clause */
/* Do hard links, symbolic links and files without a name behave: counts, loops, dangling ends, last close? */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define TOP "/tmp/fs_links"

static void
make(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void
expect_text(const char *path, const char *want)
{
	char got[100] = "";
	int fd = open(path, O_RDONLY);

	EXPECT(fd >= 0);
	EXPECT_EQ(strlen(want), read(fd, got, sizeof(got)));
	EXPECT(strncmp(want, got, strlen(want)) == 0);
	close(fd);
}

static void
hard(void)
{
	struct stat a, b;

	make(TOP "/a", "hard");
	EXPECT_EQ(0, link(TOP "/a", TOP "/b"));
	EXPECT_EQ(0, stat(TOP "/a", &a) | stat(TOP "/b", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(2, a.st_nlink);
	EXPECT_ERRNO(EEXIST, link(TOP "/a", TOP "/b"));
	EXPECT_ERRNO(EPERM, link(TOP, TOP "/dir"));
	EXPECT_EQ(0, unlink(TOP "/a"));
	expect_text(TOP "/b", "hard");
	EXPECT_EQ(0, unlink(TOP "/b"));
}

static void
symbolic(void)
{
	char target[100];
	struct stat st;

	make(TOP "/a", "soft");
	EXPECT_EQ(0, symlink("a", TOP "/s"));
	EXPECT_EQ(0, symlink(TOP, TOP "/d"));
	EXPECT_EQ(0, symlink("nowhere", TOP "/dangling"));
	EXPECT_EQ(0, symlink("y", TOP "/x") | symlink("x", TOP "/y"));
	expect_text(TOP "/s", "soft");
	expect_text(TOP "/d/d/d/s", "soft");
	EXPECT_EQ(1, readlink(TOP "/s", target, sizeof(target)));
	EXPECT_EQ(4, readlink(TOP "/d", target, 4));
	EXPECT_ERRNO(EINVAL, readlink(TOP "/a", target, sizeof(target)));
	EXPECT_EQ(0, lstat(TOP "/s", &st));
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_EQ(1, st.st_size);
	EXPECT_EQ(0, stat(TOP "/s", &st));
	EXPECT(S_ISREG(st.st_mode));
	EXPECT_ERRNO(ENOENT, open(TOP "/dangling", O_RDONLY));
	EXPECT_ERRNO(ELOOP, open(TOP "/x", O_RDONLY));
	EXPECT_ERRNO(ELOOP, open(TOP "/s", O_RDONLY | O_NOFOLLOW));
	EXPECT_ERRNO(EEXIST, open(TOP "/dangling", O_CREAT | O_EXCL | O_WRONLY, 0644));
	make(TOP "/dangling", "made");
	expect_text(TOP "/nowhere", "made");
	EXPECT_EQ(
	    0, unlink(TOP "/a") | unlink(TOP "/s") | unlink(TOP "/d") | unlink(TOP "/dangling"));
	EXPECT_EQ(0, unlink(TOP "/x") | unlink(TOP "/y") | unlink(TOP "/nowhere"));
}

/* The bytes of an open file live until the last close. */
static void
nameless(void)
{
	char got[10];
	struct stat st;
	int fd;

	make(TOP "/gone", "still here");
	fd = open(TOP "/gone", O_RDWR);
	REQUIRE(fd >= 0);
	EXPECT_EQ(0, unlink(TOP "/gone"));
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_EQ(10, read(fd, got, 10));
	EXPECT(memcmp(got, "still here", 10) == 0);
	EXPECT_EQ(4, pwrite(fd, "more", 4, 100000));
	close(fd);
	EXPECT_ERRNO(ENOENT, stat(TOP "/gone", &st));
}

int
main(void)
{
	REQUIRE(mkdir(TOP, 0755) == 0);
	hard();
	symbolic();
	nameless();
	EXPECT_EQ(0, rmdir(TOP));
	return um_result();
}
