/* SPDX-License-Identifier: BSD-2-Clause */
/* Do directories nest, list, refuse and vanish as they should, 500 entries wide and 60 levels deep? */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define WIDE 500
#define DEEP 60
#define TOP  "/tmp/fs_dirs"

static void
expect_entries(const char *path, int want)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0, dots = 0;

	REQUIRE(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			dots++;
		else
			count++;
	}
	closedir(dir);
	EXPECT_EQ(2, dots);
	EXPECT_EQ(want, count);
}

static void
wide(void)
{
	char name[100];
	int fd;

	for (int i = 0; i < WIDE; i++) {
		snprintf(name, sizeof(name), TOP "/%d-%0*d", i, i % 60 + 1, i);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
		EXPECT(fd >= 0);
		close(fd);
	}
	expect_entries(TOP, WIDE);
	EXPECT_ERRNO(ENOTEMPTY, rmdir(TOP));
	/* Every third goes; the rest is still there. */
	for (int i = 0; i < WIDE; i += 3) {
		snprintf(name, sizeof(name), TOP "/%d-%0*d", i, i % 60 + 1, i);
		EXPECT_EQ(0, unlink(name));
	}
	expect_entries(TOP, WIDE - (WIDE + 2) / 3);
	for (int i = 0; i < WIDE; i++) {
		snprintf(name, sizeof(name), TOP "/%d-%0*d", i, i % 60 + 1, i);
		EXPECT_EQ(i % 3 == 0 ? -1 : 0, unlink(name));
	}
	expect_entries(TOP, 0);
}

static void
deep(void)
{
	char cwd[300], name[20];
	struct stat up, here;

	REQUIRE(chdir(TOP) == 0);
	for (int i = 0; i < DEEP; i++) {
		snprintf(name, sizeof(name), "%d", i % 10);
		REQUIRE(stat(".", &up) == 0 && mkdir(name, 0755) == 0 && chdir(name) == 0);
		REQUIRE(stat("..", &here) == 0);
		EXPECT_EQ(up.st_ino, here.st_ino);
	}
	EXPECT(getcwd(cwd, sizeof(cwd)) == cwd);
	EXPECT_EQ(strlen(TOP) + 2 * DEEP, strlen(cwd));
	EXPECT_ERRNO(ERANGE, getcwd(cwd, 20) == NULL ? -1 : 0);
	for (int i = DEEP - 1; i >= 0; i--) {
		snprintf(name, sizeof(name), "%d", i % 10);
		REQUIRE(chdir("..") == 0);
		EXPECT_EQ(0, rmdir(name));
	}
	REQUIRE(chdir("/") == 0);
}

static void
links_count(void)
{
	struct stat st;

	EXPECT_EQ(0, stat(TOP, &st));
	EXPECT_EQ(2, st.st_nlink);
	EXPECT_EQ(0, mkdir(TOP "/sub", 0700));
	EXPECT_EQ(0, stat(TOP, &st));
	EXPECT_EQ(3, st.st_nlink);
	EXPECT_EQ(0, rmdir(TOP "/sub"));
	EXPECT_EQ(0, stat(TOP, &st));
	EXPECT_EQ(2, st.st_nlink);
}

int
main(void)
{
	REQUIRE(mkdir(TOP, 0755) == 0);
	wide();
	deep();
	links_count();
	EXPECT_EQ(0, rmdir(TOP));
	EXPECT_ERRNO(ENOENT, chdir(TOP));
	return um_result();
}
