/* SPDX-License-Identifier: BSD-2-Clause */
/* Does F_SETPIPE_SZ change what a pipe holds, keep what is in it, and refuse with the errno of Linux? */
#include <fcntl.h>

#include "user/tests/umtest.h"

#define KIB    1024l
#define MIB    (1024l * KIB)
#define LIMIT  "/proc/sys/fs/pipe-max-size"
#define NOBODY 65534

static int end[2];
static unsigned char buffer[MIB], back[MIB];

static void
open_pipe(void)
{
	REQUIRE(pipe(end) == 0);
	REQUIRE(fcntl(end[1], F_SETFL, O_NONBLOCK) == 0);
}

static void
close_pipe(void)
{
	close(end[0]);
	close(end[1]);
}

static void
sizes_are_rounded(void)
{
	static const struct {
		long want, got;
	} sizes[] = {{0, 4 * KIB}, {1, 4 * KIB}, {4 * KIB, 4 * KIB}, {4 * KIB + 1, 8 * KIB},
	    {100 * KIB, 128 * KIB}, {MIB - 1, MIB}, {MIB, MIB}, {64 * KIB, 64 * KIB}};

	open_pipe();
	EXPECT_EQ(64 * KIB, fcntl(end[0], F_GETPIPE_SZ));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		EXPECT_EQ(sizes[i].got, fcntl(end[i % 2], F_SETPIPE_SZ, sizes[i].want));
		EXPECT_EQ(sizes[i].got, fcntl(end[0], F_GETPIPE_SZ));
		EXPECT_EQ(sizes[i].got, fcntl(end[1], F_GETPIPE_SZ));
	}
	close_pipe();
}

/* It holds as much as it says, to the byte. */
static void
capacity_is_what_it_says(void)
{
	for (long size = 4 * KIB; size <= MIB; size *= 4) {
		open_pipe();
		REQUIRE(fcntl(end[1], F_SETPIPE_SZ, size) == size);
		EXPECT_EQ(size, write(end[1], buffer, size));
		EXPECT_ERRNO(EAGAIN, write(end[1], buffer, 1));
		EXPECT_EQ(size, read(end[0], back, MIB));
		EXPECT(memcmp(buffer, back, size) == 0);
		close_pipe();
	}
}

/* From a ring that has wrapped around, to larger and smaller ones. */
static void
contents_move_along(void)
{
	static const long sizes[] = {16 * KIB, 64 * KIB, MIB, 32 * KIB, 16 * KIB, 128 * KIB};

	open_pipe();
	REQUIRE(fcntl(end[0], F_SETPIPE_SZ, 16 * KIB) == 16 * KIB);
	REQUIRE(write(end[1], buffer, 12 * KIB) == 12 * KIB);
	REQUIRE(read(end[0], back, 12 * KIB) == 12 * KIB);
	REQUIRE(write(end[1], buffer, 4 * KIB) == 4 * KIB);
	REQUIRE(write(end[1], buffer + 4 * KIB, 8 * KIB) == 8 * KIB);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		EXPECT_EQ(sizes[i], fcntl(end[0], F_SETPIPE_SZ, sizes[i]));
	EXPECT_ERRNO(EBUSY, fcntl(end[0], F_SETPIPE_SZ, 8 * KIB));
	EXPECT_EQ(128 * KIB, fcntl(end[0], F_GETPIPE_SZ));
	EXPECT_EQ(12 * KIB, read(end[0], back, MIB));
	EXPECT(memcmp(buffer, back, 12 * KIB) == 0);
	EXPECT_EQ(4 * KIB, fcntl(end[0], F_SETPIPE_SZ, 4 * KIB));
	close_pipe();
}

static void
wrong_calls(void)
{
	int file = open("/", O_RDONLY);

	open_pipe();
	EXPECT_ERRNO(EINVAL, fcntl(end[0], F_SETPIPE_SZ, (1l << 31) + 1));
	EXPECT_ERRNO(EINVAL, fcntl(end[0], F_SETPIPE_SZ, -1l));
	EXPECT_EQ(64 * KIB, fcntl(end[0], F_GETPIPE_SZ));
	EXPECT_ERRNO(EBADF, fcntl(file, F_SETPIPE_SZ, MIB));
	EXPECT_ERRNO(EBADF, fcntl(file, F_GETPIPE_SZ));
	EXPECT_ERRNO(EBADF, fcntl(-1, F_GETPIPE_SZ));
	close(file);
	close_pipe();
}

static void
limit_is_for_users(void *arg)
{
	(void)arg;
	open_pipe();
	EXPECT_EQ(2 * MIB, fcntl(end[0], F_SETPIPE_SZ, 2 * MIB)); /* root may */
	REQUIRE(setuid(NOBODY) == 0);
	EXPECT_EQ(2 * MIB, fcntl(end[0], F_SETPIPE_SZ, 2 * MIB)); /* no growth */
	EXPECT_ERRNO(EPERM, fcntl(end[0], F_SETPIPE_SZ, 4 * MIB));
	EXPECT_EQ(MIB, fcntl(end[0], F_SETPIPE_SZ, MIB));
	EXPECT_ERRNO(EPERM, fcntl(end[0], F_SETPIPE_SZ, MIB + 1));
	EXPECT_ERRNO(EACCES, open(LIMIT, O_WRONLY));
	close_pipe();
}

static void
set_limit(const char *text, int error)
{
	int fd = open(LIMIT, O_WRONLY);

	REQUIRE(fd >= 0);
	if (error != 0)
		EXPECT_ERRNO(error, write(fd, text, strlen(text)));
	else
		EXPECT_EQ(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static long
get_limit(void)
{
	char text[32] = "";
	int fd = open(LIMIT, O_RDONLY);

	REQUIRE(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtol(text, NULL, 10);
}

static void
lowered_limit(void *arg)
{
	(void)arg;
	open_pipe();
	REQUIRE(setuid(NOBODY) == 0);
	EXPECT_ERRNO(EPERM, fcntl(end[0], F_SETPIPE_SZ, 256 * KIB));
	EXPECT_EQ(128 * KIB, fcntl(end[0], F_SETPIPE_SZ, 128 * KIB));
	close_pipe();
}

static void
limit_can_be_set(void)
{
	EXPECT_EQ(MIB, get_limit());
	set_limit("100000\n", 0);
	EXPECT_EQ(128 * KIB, get_limit());
	EXPECT_EQ(0, um_status_of(lowered_limit, NULL));
	set_limit("0", 0);
	EXPECT_EQ(4 * KIB, get_limit());
	set_limit("4294967295", EINVAL);
	set_limit("many", EINVAL);
	EXPECT_EQ(4 * KIB, get_limit());
	set_limit("1048576", 0);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (unsigned char)um_mix(um_nonce(), i);
	sizes_are_rounded();
	capacity_is_what_it_says();
	contents_move_along();
	wrong_calls();
	if (geteuid() == 0) {
		EXPECT_EQ(0, um_status_of(limit_is_for_users, NULL));
		limit_can_be_set();
	}
	return um_result();
}
