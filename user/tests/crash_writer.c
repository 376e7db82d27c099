/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Not a question but a workload, for fs_crash in tests/grade/hosted.py, which cuts the power in the middle of it:
 * how much of what this program has synced is on the disk afterwards?
 *
 * File i has a content that follows from the nonce and i. After its fsync, um_value(i) says so; 40 files later it goes.
 * In between, directories and names change all the time, so that the journal always has something in flight.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define DIR    "/tmp/crash"
#define WINDOW 40

static unsigned char bytes[20000];

static void
write_file(long i)
{
	size_t len = um_mix(um_nonce(), i) % sizeof(bytes);
	char name[40];
	int fd;

	snprintf(name, sizeof(name), DIR "/%ld", i);
	for (size_t k = 0; k < len; k++)
		bytes[k] = um_mix(um_nonce() + i, k / 64);
	fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
	REQUIRE(fd >= 0);
	REQUIRE(write(fd, bytes, len) == (ssize_t)len);
	REQUIRE(fsync(fd) == 0);
	close(fd);
	um_value(i);
}

static void
churn(long i)
{
	char from[40], to[40];

	snprintf(from, sizeof(from), DIR "/%ld", i - WINDOW);
	unlink(from);
	snprintf(from, sizeof(from), DIR "/d%ld", i % 5);
	snprintf(to, sizeof(to), DIR "/e%ld", i % 7);
	mkdir(from, 0755);
	rmdir(to);
	rename(from, to);
	truncate(DIR "/sparse", um_mix(um_nonce(), i) % (100l << 20));
	close(open(DIR "/sparse", O_CREAT | O_WRONLY, 0644));
}

int
main(void)
{
	REQUIRE(mkdir(DIR, 0755) == 0);
	for (long i = 0;; i++) {
		write_file(i);
		churn(i);
	}
}
