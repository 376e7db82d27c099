/* SPDX-License-Identifier: BSD-2-Clause */
/* Does every wrong request to the file system get the errno that Linux gives? */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define TOP "/tmp/fs_errors"

static void
opens(void)
{
	char buf[10];
	int fd;

	EXPECT_ERRNO(ENOENT, open("none", O_RDONLY));
	EXPECT_ERRNO(ENOENT, open("none/x", O_CREAT | O_WRONLY, 0644));
	EXPECT_ERRNO(ENOTDIR, open("f/x", O_CREAT | O_WRONLY, 0644));
	EXPECT_ERRNO(EEXIST, open("f", O_CREAT | O_EXCL | O_WRONLY, 0644));
	EXPECT_ERRNO(EISDIR, open("d", O_WRONLY));
	EXPECT_ERRNO(EISDIR, open("d", O_RDWR));
	EXPECT_ERRNO(EISDIR, open("d", O_CREAT | O_RDONLY, 0644));
	EXPECT_ERRNO(ENOTDIR, open("f", O_RDONLY | O_DIRECTORY));
	fd = open("d", O_RDONLY);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(EISDIR, read(fd, buf, 10));
	EXPECT_ERRNO(EBADF, write(fd, buf, 10));
	EXPECT_ERRNO(EINVAL, ftruncate(fd, 0));
	close(fd);
	EXPECT_ERRNO(EBADF, close(fd));
}

static void
changes(void)
{
	EXPECT_ERRNO(EEXIST, mkdir("f", 0755));
	EXPECT_ERRNO(EEXIST, mkdir("d", 0755));
	EXPECT_ERRNO(ENOENT, mkdir("none/x", 0755));
	EXPECT_ERRNO(ENOTDIR, mkdir("f/x", 0755));
	EXPECT_ERRNO(EISDIR, unlink("d"));
	EXPECT_ERRNO(ENOENT, unlink("none"));
	EXPECT_ERRNO(ENOTDIR, unlink("f/x"));
	EXPECT_ERRNO(ENOTDIR, rmdir("f"));
	EXPECT_ERRNO(ENOENT, rmdir("none"));
	EXPECT_ERRNO(ENOENT, link("none", "l"));
	EXPECT_ERRNO(EEXIST, symlink("x", "f"));
	EXPECT_ERRNO(ENOENT, symlink("x", ""));
	EXPECT_ERRNO(ENOENT, truncate("none", 0));
	EXPECT_ERRNO(EISDIR, truncate("d", 0));
	EXPECT_ERRNO(EINVAL, truncate("f", -1));
	EXPECT_ERRNO(ENOENT, chmod("none", 0644));
	EXPECT_ERRNO(ENOTDIR, chdir("f"));
	EXPECT_ERRNO(ENOENT, chdir("none"));
	EXPECT_ERRNO(ENOENT, access("none", F_OK));
	EXPECT_ERRNO(EINVAL, access("f", 0x10));
}

int
main(void)
{
	REQUIRE(mkdir(TOP, 0755) == 0 && chdir(TOP) == 0);
	REQUIRE(mkdir("d", 0755) == 0 && close(open("f", O_CREAT | O_WRONLY, 0644)) == 0);
	opens();
	changes();
	EXPECT_EQ(0, unlink("f") | rmdir("d"));
	REQUIRE(chdir("/") == 0);
	EXPECT_EQ(0, rmdir(TOP));
	return um_result();
}
