/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a file keep every byte written to it, wherever and in whatever order, and read zeros where nothing was? */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define SIZE   (300 << 10)
#define WRITES 300

static const char path[] = "/tmp/fs_data";
static unsigned char model[SIZE], buf[SIZE];

static void
compare(int fd, size_t size)
{
	struct stat st;

	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(size, st.st_size);
	memset(buf, 0xee, sizeof(buf));
	EXPECT_EQ(size, pread(fd, buf, sizeof(buf), 0));
	for (size_t i = 0; i < size; i++)
		if (buf[i] != model[i]) {
			um_fail(
			    __FILE__, __LINE__, "byte %zu is %d, expected %d", i, buf[i], model[i]);
			return;
		}
}

/* Random pieces at random places; the end grows now and then. => the size */
static size_t
scribble(int fd)
{
	size_t size = 0;

	for (int i = 0; i < WRITES; i++) {
		uint64_t r = um_mix(um_nonce(), i);
		size_t at = r % (SIZE - 9000), len = 1 + (r >> 32) % 9000;

		memset(model + at, i + 1, len);
		EXPECT_EQ(len, pwrite(fd, model + at, len, at));
		if (at + len > size)
			size = at + len;
	}
	return size;
}

static void
truncates(int fd)
{
	size_t sizes[] = {200000, 4096, 100, 0, 70000};

	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(0, ftruncate(fd, sizes[i]));
		/* What comes back after growing is zero, never the old bytes. */
		memset(model + sizes[i], 0, SIZE - sizes[i]);
		compare(fd, sizes[i]);
		EXPECT_EQ(0, ftruncate(fd, sizes[i] + 5000));
		compare(fd, sizes[i] + 5000);
	}
}

int
main(void)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644), again;
	size_t size;

	REQUIRE(fd >= 0);
	size = scribble(fd);
	compare(fd, size);
	EXPECT_EQ(0, fsync(fd));
	again = open(path, O_RDONLY);
	compare(again, size);
	EXPECT_ERRNO(EBADF, write(again, "x", 1));
	close(again);
	truncates(fd);
	close(fd);
	EXPECT_EQ(0, unlink(path));
	EXPECT_ERRNO(ENOENT, open(path, O_RDONLY));
	return um_result();
}
