/* SPDX-License-Identifier: BSD-2-Clause */
/* Are names of 255 bytes, odd names and long paths taken, and longer ones refused? */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define TOP "/tmp/fs_names"

static void
lengths(void)
{
	char name[300];
	struct stat st;

	for (int len = 250; len <= 258; len++) {
		memset(name, 'n', sizeof(name));
		name[len] = '\0';
		if (len <= 255) {
			EXPECT(close(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644)) == 0);
			EXPECT_EQ(0, stat(name, &st));
			EXPECT_EQ(0, unlink(name));
		} else {
			EXPECT_ERRNO(ENAMETOOLONG, open(name, O_CREAT | O_WRONLY, 0644));
			EXPECT_ERRNO(ENAMETOOLONG, mkdir(name, 0755));
			EXPECT_ERRNO(ENAMETOOLONG, symlink("x", name));
		}
	}
}

static void
odd_names(void)
{
	static const char *names[] = {
	    "...", " ", "a b", "new\nline", "\x01\xff\xfe", "\xc3\xbc", "-rf", "*"};
	struct stat st;

	for (int i = 0; i < 8; i++) {
		EXPECT(close(open(names[i], O_CREAT | O_EXCL | O_WRONLY, 0644)) == 0);
		EXPECT_EQ(0, stat(names[i], &st));
	}
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(0, unlink(names[i]));
}

static void
paths(void)
{
	static char path[2 * PATH_MAX];
	struct stat st;

	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_EQ(0, stat("d//.///././../d/", &st));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT(close(open("f", O_CREAT | O_WRONLY, 0644)) == 0);
	EXPECT_ERRNO(ENOTDIR, stat("f/", &st));
	EXPECT_ERRNO(ENOTDIR, stat("f/.", &st));
	EXPECT_ERRNO(ENOENT, stat("", &st));
	EXPECT_ERRNO(ENOENT, stat("none/../f", &st));
	EXPECT_EQ(0, stat("/../../tmp/../" TOP "/f", &st));
	EXPECT_ERRNO(EEXIST, mkdir("/", 0755));
	EXPECT_ERRNO(EEXIST, mkdir(".", 0755));
	EXPECT_ERRNO(EINVAL, rmdir("."));
	EXPECT(rmdir("..") == -1 && (errno == ENOTEMPTY || errno == EINVAL || errno == EBUSY));
	/* A path just short enough, and one too long. */
	for (int i = 0; i < PATH_MAX; i++)
		memcpy(path + 2 * i, "./", 2);
	memcpy(path + PATH_MAX - 2, "f", 2);
	EXPECT_EQ(0, stat(path, &st));
	memset(path + PATH_MAX - 2, '/', 2);
	EXPECT_ERRNO(ENAMETOOLONG, stat(path, &st));
	EXPECT_EQ(0, unlink("f") | rmdir("d"));
}

int
main(void)
{
	REQUIRE(mkdir(TOP, 0755) == 0 && chdir(TOP) == 0);
	lengths();
	odd_names();
	paths();
	REQUIRE(chdir("/") == 0);
	EXPECT_EQ(0, rmdir(TOP));
	return um_result();
}
