/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When another thread unmaps a buffer while the kernel reads or writes it, is the answer EFAULT or
 * a count, and no harm done?
 */
#include <fcntl.h>

#include "user/tests/umthread.h"

#define PAGES 16
#define LEN   (PAGES * UM_PAGE)

static char *buffer;
static int stop, full, partial, faults;

static void *
unmap_and_map(void *arg)
{
	uint64_t seed = um_nonce();

	(void)arg;
	for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_SEQ_CST); i++) {
		size_t at = um_mix(seed, i) % PAGES * UM_PAGE;

		if (i % 3 == 0)
			mprotect(buffer, LEN, i % 2 ? PROT_READ : PROT_NONE);
		else
			munmap(buffer + at, LEN - at);
		if (i % 2)
			sched_yield();
		if (mmap(buffer, LEN, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != buffer)
			EXPECT(!"mapped again");
		if (i % 5 == 0)
			um_sleep_ms(1);
	}
	return NULL;
}

static void
judge(long n, size_t want)
{
	if (n == (long)want)
		full++;
	else if (n >= 0)
		partial++;
	else if (errno == EFAULT)
		faults++;
	else
		EXPECT_EQ(EFAULT, errno);
}

static void
files(void)
{
	int fd = open("/tmp/thread_buffer", O_RDWR | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd >= 0);
	EXPECT_EQ(0, ftruncate(fd, LEN));
	for (int i = 0; i < 60; i++) {
		judge(pwrite(fd, buffer, LEN, 0), LEN);
		judge(pread(fd, buffer, LEN, 0), LEN);
	}
	close(fd);
	unlink("/tmp/thread_buffer");
}

static void
pipes(void)
{
	int fds[2];

	REQUIRE(pipe(fds) == 0);
	EXPECT_EQ(0, fcntl(fds[0], F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 60; i++) {
		judge(write(fds[1], buffer + (LEN / 2), 4096), 4096);
		long n = read(fds[0], buffer + LEN / 2, 4096);

		if (n < 0 && errno == EAGAIN)
			continue;
		judge(n, 4096);
		/* What a fault left in the pipe is taken out where nobody unmaps. */
		char rest[4096];

		while (read(fds[0], rest, sizeof(rest)) > 0)
			continue;
	}
	close(fds[0]);
	close(fds[1]);
}

static void
structures(void)
{
	for (int i = 0; i < 200; i++) {
		struct timespec *ts = (struct timespec *)(buffer + (i * 777) % (LEN - 64));

		judge(
		    um_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (long)ts & ~15L, 0, 0, 0, 0) < 0
			? (errno = EFAULT, -1)
			: 1,
		    1);
	}
}

int
main(void)
{
	pthread_t t;

	buffer = um_map(LEN, MAP_PRIVATE);
	t = um_thread(unmap_and_map, NULL);
	files();
	pipes();
	structures();
	um_step(&stop);
	um_join(t);
	EXPECT(full > 0);
	memset(buffer, 1, LEN);
	return um_result();
}
