/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a pipe deliver every byte in order, block when full or empty, and tell each end when the other is gone? */
#include <fcntl.h>

#include "user/tests/umtest.h"

#define TOTAL (1 << 20)

/* Chunks of sizes that fit neither the pipe nor the page. */
static void
send_all(int fd)
{
	static unsigned char chunk[10000];
	int sent = 0;

	for (int n = 1; sent < TOTAL; n = n * 7 % 9973 + 1) {
		if (n > TOTAL - sent)
			n = TOTAL - sent;
		for (int i = 0; i < n; i++)
			chunk[i] = um_mix(um_nonce(), sent + i);
		REQUIRE(write(fd, chunk, n) == n);
		sent += n;
	}
}

static void
delivers(void)
{
	static unsigned char buf[7777];
	int fds[2], got = 0;
	ssize_t n;
	pid_t pid;

	REQUIRE(pipe(fds) == 0);
	pid = um_fork();
	if (pid == 0) {
		close(fds[0]);
		send_all(fds[1]);
		exit(um_result());
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n && um_failures == 0; i++)
			EXPECT_EQ((unsigned char)um_mix(um_nonce(), got + i), buf[i]);
		got += n;
	}
	EXPECT_EQ(0, n);
	EXPECT_EQ(TOTAL, got);
	EXPECT_EQ(0, um_wait(pid));
	close(fds[0]);
}

/* Several writers of small records: none may be torn. */
static void
is_atomic(void)
{
	static char record[512], got[512];
	pid_t pids[4];
	int fds[2], count[4] = {0};

	REQUIRE(pipe(fds) == 0);
	for (int w = 0; w < 4; w++) {
		pids[w] = um_fork();
		if (pids[w] == 0) {
			memset(record, 'a' + w, sizeof(record));
			for (int i = 0; i < 100; i++)
				REQUIRE(write(fds[1], record, sizeof(record)) == sizeof(record));
			exit(um_result());
		}
	}
	for (int i = 0; i < 400; i++) {
		for (size_t have = 0; have < sizeof(got);) {
			ssize_t n = read(fds[0], got + have, sizeof(got) - have);

			REQUIRE(n > 0);
			have += n;
		}
		for (size_t k = 1; k < sizeof(got); k++)
			if (got[k] != got[0]) {
				um_fail(__FILE__, __LINE__, "record %d is torn", i);
				break;
			}
		count[(got[0] - 'a') & 3]++;
	}
	for (int w = 0; w < 4; w++) {
		EXPECT_EQ(100, count[w]);
		EXPECT_EQ(0, um_wait(pids[w]));
	}
}

static void
write_to_nobody(void *arg)
{
	int *fds = arg;

	close(fds[0]);
	write(fds[1], "x", 1);
}

static void
ends(void)
{
	int fds[2];
	char c;

	REQUIRE(pipe(fds) == 0);
	EXPECT_EQ(128 + SIGPIPE, um_status_of(write_to_nobody, (close(fds[0]), fds)));
	signal(SIGPIPE, SIG_IGN);
	EXPECT_ERRNO(EPIPE, write(fds[1], "x", 1));
	close(fds[1]);
	REQUIRE(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
	EXPECT_ERRNO(EAGAIN, read(fds[0], &c, 1));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
	while (write(fds[1], "0123456789", 10) > 0)
		continue;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_ERRNO(ESPIPE, lseek(fds[0], 0, SEEK_SET));
	EXPECT_ERRNO(EBADF, write(fds[0], "x", 1));
	EXPECT_ERRNO(EBADF, read(fds[1], &c, 1));
}

int
main(void)
{
	delivers();
	is_atomic();
	ends();
	return um_result();
}
