/* SPDX-License-Identifier: BSD-2-Clause */
/* When the disk is full, is that ENOSPC and no more, and is all the room back when the files are gone? */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "user/tests/umtest.h"

#define TOP   "/tmp/fs_full"
#define CHUNK (64 << 10)

static char chunk[CHUNK];

static long
free_blocks(void)
{
	struct statfs s;

	sync();
	REQUIRE(statfs("/tmp", &s) == 0);
	return s.f_bfree;
}

/* Fill one file up to the last block. => its size */
static off_t
fill(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
	off_t size = 0;
	ssize_t n;

	REQUIRE(fd >= 0);
	for (size_t len = CHUNK; len >= 1; len /= 4)
		while ((n = write(fd, chunk, len)) > 0)
			size += n;
	EXPECT_EQ(ENOSPC, errno);
	close(fd);
	return size;
}

static void
check(const char *path, off_t size)
{
	static char buf[CHUNK];
	int fd = open(path, O_RDONLY);
	off_t got = 0;
	ssize_t n;

	REQUIRE(fd >= 0);
	while ((n = read(fd, buf, CHUNK)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != 'f') {
				um_fail(__FILE__, __LINE__, "byte %ld is wrong", (long)(got + i));
				break;
			}
		got += n;
	}
	EXPECT_EQ(size, got);
	close(fd);
}

int
main(void)
{
	long before;
	struct stat st;
	off_t size;

	memset(chunk, 'f', CHUNK);
	REQUIRE(mkdir(TOP, 0755) == 0);
	before = free_blocks();
	/* A disk of gigabytes would take minutes. */
	if (before > 100000)
		return UM_SKIP;
	size = fill(TOP "/one");
	EXPECT(size > (1 << 20));
	EXPECT_EQ(0, stat(TOP "/one", &st));
	EXPECT_EQ(size, st.st_size);
	check(TOP "/one", size);
	EXPECT_EQ(0, unlink(TOP "/one"));
	EXPECT_EQ(before, free_blocks());
	EXPECT(fill(TOP "/two") >= size - CHUNK);
	EXPECT_EQ(0, unlink(TOP "/two"));
	EXPECT_EQ(0, rmdir(TOP));
	return um_result();
}
