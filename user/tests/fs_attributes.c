/* SPDX-License-Identifier: BSD-2-Clause */
/* Are mode, owner, link count, size and the three times of a file kept and changed when they should be? */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

static const char path[] = "/tmp/fs_attributes";

static struct stat
look(void)
{
	struct stat st;

	REQUIRE(stat(path, &st) == 0);
	return st;
}

static void
modes(void)
{
	mode_t old = umask(027);

	EXPECT(close(open(path, O_CREAT | O_WRONLY, 0777)) == 0);
	EXPECT_EQ(S_IFREG | 0750, look().st_mode);
	EXPECT_EQ(0, chmod(path, 06421));
	EXPECT_EQ(S_IFREG | 06421, look().st_mode);
	EXPECT_EQ(0, chown(path, 12, 34));
	EXPECT_EQ(12, look().st_uid);
	EXPECT_EQ(34, look().st_gid);
	EXPECT_EQ(0, chown(path, -1, 56));
	EXPECT_EQ(12, look().st_uid);
	EXPECT_EQ(56, look().st_gid);
	EXPECT_EQ(027, umask(old));
}

static void
times(void)
{
	struct timespec set[2] = {{1000000, 123456789}, {2000000000, 987654321}};
	struct stat st;

	EXPECT_EQ(0, utimensat(AT_FDCWD, path, set, 0));
	st = look();
	EXPECT_EQ(1000000, st.st_atim.tv_sec);
	EXPECT_EQ(2000000000, st.st_mtim.tv_sec);
	EXPECT_EQ(987654321, st.st_mtim.tv_nsec);
	set[0].tv_nsec = UTIME_OMIT;
	set[1].tv_nsec = UTIME_NOW;
	EXPECT_EQ(0, utimensat(AT_FDCWD, path, set, 0));
	EXPECT_EQ(1000000, look().st_atim.tv_sec);
	EXPECT(look().st_mtim.tv_sec != 2000000000);
	set[1].tv_nsec = 1000000000;
	EXPECT_ERRNO(EINVAL, utimensat(AT_FDCWD, path, set, 0));
}

static void
writing_sets_mtime(void)
{
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	int fd = open(path, O_WRONLY);

	REQUIRE(fd >= 0);
	EXPECT_EQ(0, utimensat(AT_FDCWD, path, old, 0));
	EXPECT_EQ(5, write(fd, "bytes", 5));
	EXPECT(look().st_mtim.tv_sec != 1000);
	EXPECT_EQ(5, look().st_size);
	/* A place on the disk may be found as late as now. */
	EXPECT_EQ(0, fsync(fd));
	EXPECT_EQ(8, look().st_blocks);
	close(fd);
}

int
main(void)
{
	modes();
	times();
	writing_sets_mtime();
	EXPECT_EQ(1, look().st_nlink);
	EXPECT_EQ(0, unlink(path));
	return um_result();
}
