/* SPDX-License-Identifier: BSD-2-Clause */
/* Can a file have bytes at 1 TiB less a page, holes in between that cost nothing, and give it all back? */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "user/tests/umtest.h"

static const char path[] = "/tmp/fs_huge";

/* One place for each depth of indirection: direct, single, double, triple, and the far end. */
static const off_t places[] = {0, 100l << 10, 100l << 20, 20l << 30, (1l << 40) - 4096};

#define PLACES (int)(sizeof(places) / sizeof(places[0]))

static long
free_blocks(void)
{
	struct statfs s;

	sync();
	REQUIRE(statfs("/tmp", &s) == 0);
	return s.f_bfree;
}

static void
write_places(int fd)
{
	for (int i = 0; i < PLACES; i++) {
		uint64_t value = um_mix(um_nonce(), i);

		EXPECT_EQ(8, pwrite(fd, &value, 8, places[i]));
	}
}

static void
read_places(int fd, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t value = 0;

		EXPECT_EQ(8, pread(fd, &value, 8, places[i]));
		EXPECT_EQ(um_mix(um_nonce(), i), value);
		EXPECT_EQ(8, pread(fd, &value, 8, places[i] + 2048));
		EXPECT_EQ(0, value);
	}
}

int
main(void)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
	struct stat st;
	uint64_t hole;
	long before;

	REQUIRE(fd >= 0);
	before = free_blocks();
	write_places(fd);
	EXPECT_EQ(0, ftruncate(fd, 1l << 40));
	read_places(fd, PLACES);
	EXPECT_EQ(8, pread(fd, &hole, 8, 500l << 30));
	EXPECT_EQ(0, hole);
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(1l << 40, st.st_size);
	EXPECT(st.st_blocks < 1000);
	/* Cut behind each place in turn: the ones before it stay. */
	for (int i = PLACES - 1; i > 0; i--) {
		EXPECT_EQ(0, ftruncate(fd, places[i - 1] + 4096));
		read_places(fd, i);
	}
	close(fd);
	EXPECT_EQ(0, unlink(path));
	/* The directory may have grown by a block. */
	EXPECT(before - free_blocks() <= 1);
	return um_result();
}
