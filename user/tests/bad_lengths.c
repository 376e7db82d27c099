/* SPDX-License-Identifier: BSD-2-Clause */
/* Do wild lengths, offsets, counts and descriptors give an errno, or as much as is there, and nothing worse? */
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>

#include "user/tests/umtest.h"

static const char path[] = "/tmp/bad_lengths";
static char *page;
static int fd;

static long
call(long number, long a, long b, long c, long d)
{
	return um_syscall(number, a, b, c, d, 0, 0);
}

/* A read that may store 10 bytes before it meets what is unmapped may do so; more is not there. */
static void
lengths(void)
{
	static const unsigned long wild[] = {
	    1ul << 31, 1ul << 32, 1ul << 62, 1ul << 63, -1ul, -4096ul};

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		long n;

		lseek(fd, 0, SEEK_SET);
		n = call(63, fd, (long)page, wild[i], 0);
		EXPECT(n == 10 || n == -EFAULT || n == -EINVAL);
		n = call(67, fd, (long)page, wild[i], 0);
		EXPECT(n == 10 || n == -EFAULT || n == -EINVAL);
		lseek(fd, 10, SEEK_SET);
		n = call(64, fd, (long)page, wild[i], 0);
		EXPECT(n == 4096 || n == -EFAULT || n == -EINVAL);
		REQUIRE(ftruncate(fd, 10) == 0);
		n = call(17, (long)page, wild[i], 0, 0);
		EXPECT(n > 0 || n == -EFAULT || n == -ERANGE || n == -EINVAL || n == -ENAMETOOLONG);
		EXPECT(call(78, AT_FDCWD, (long)path, (long)page, wild[i]) == -EINVAL);
	}
	EXPECT_EQ(0, call(63, fd, 8, 0, 0));
	EXPECT_EQ(0, call(64, fd, (long)page, 0, 0));
}

static void
offsets(void)
{
	EXPECT_EQ(-EINVAL, call(62, fd, -1, SEEK_SET, 0));
	EXPECT_EQ(-EINVAL, call(62, fd, -11, SEEK_END, 0));
	EXPECT_EQ(-EINVAL, call(62, fd, 0, 17, 0));
	lseek(fd, 1, SEEK_SET);
	EXPECT(call(62, fd, LONG_MAX, SEEK_CUR, 0) < 0);
	EXPECT_EQ(-EINVAL, call(67, fd, (long)page, 1, -1));
	EXPECT_EQ(-EINVAL, call(68, fd, (long)page, 1, LONG_MIN));
	EXPECT_EQ(0, call(67, fd, (long)page, 1, LONG_MAX - 10));
	EXPECT(call(68, fd, (long)page, 100, LONG_MAX - 10) < 0);
	EXPECT_EQ(-EINVAL, call(46, fd, -1, 0, 0));
}

static void
vectors(void)
{
	struct iovec v[2] = {{page, 4096}, {page, -1ul}};

	EXPECT_EQ(-EINVAL, call(66, fd, (long)v, -1, 0));
	EXPECT_EQ(-EINVAL, call(66, fd, (long)v, 1025, 0));
	EXPECT_EQ(-EINVAL, call(66, fd, (long)v, 2, 0));
	v[1].iov_len = LONG_MAX;
	EXPECT(call(66, fd, (long)v, 2, 0) <= 4096);
	EXPECT_EQ(0, call(66, fd, (long)v, 0, 0));
}

static void
descriptors(void)
{
	static const long wild[] = {-1, 1000000, INT_MAX, INT_MIN, -100};
	static const int numbers[] = {23, 25, 46, 57, 61, 62, 63, 64, 67, 68, 80, 82};

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++)
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
			if (call(numbers[k], wild[i], (long)page, 1, 0) != -EBADF)
				um_fail(__FILE__, __LINE__,
				    "system call %d on descriptor %ld: no EBADF", numbers[k],
				    wild[i]);
	EXPECT_EQ(-EBADF, call(24, fd, 1 << 30, 0, 0));
	EXPECT_EQ(-EBADF, call(24, fd, -1, 0, 0));
	EXPECT_EQ(-EINVAL, call(24, fd, fd, 0, 0));
	EXPECT_EQ(-EINVAL, call(25, fd, F_DUPFD, 1 << 30, 0));
	EXPECT_EQ(-EINVAL, call(25, fd, 9999, 0, 0));
}

int
main(void)
{
	page = um_map(2 * UM_PAGE, MAP_PRIVATE);
	REQUIRE(munmap(page + UM_PAGE, UM_PAGE) == 0);
	fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
	REQUIRE(fd >= 0 && write(fd, "0123456789", 10) == 10);
	lengths();
	offsets();
	vectors();
	descriptors();
	EXPECT_EQ(0, unlink(path));
	return um_result();
}
