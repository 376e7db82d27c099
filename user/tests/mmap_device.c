/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Can devices be mapped: /dev/zero as fresh memory, private or shared, and the clock's registers, to be read by all and written by none?
 */
#include <fcntl.h>
#include <time.h>

#include "user/tests/umtest.h"

static void *
map(int fd, int prot, int flags)
{
	return mmap(NULL, 2 * UM_PAGE, prot, flags, fd, 0);
}

static void
store_both(void *arg)
{
	char **p = arg;

	p[0][0] = 'c';
	p[1][0] = 'c';
}

static void
zero(void)
{
	int fd = open("/dev/zero", O_RDWR), rd = open("/dev/zero", O_RDONLY);
	int null = open("/dev/null", O_RDWR);
	char *p[2];

	REQUIRE(fd >= 0 && rd >= 0 && null >= 0);
	p[0] = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	p[1] = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	REQUIRE(p[0] != MAP_FAILED && p[1] != MAP_FAILED);
	EXPECT_EQ(0, p[0][0] | p[0][UM_PAGE] | p[1][0] | p[1][UM_PAGE]);
	p[0][0] = p[1][0] = 'p';
	EXPECT_EQ(0, um_status_of(store_both, p));
	EXPECT_EQ('p', p[0][0]);
	EXPECT_EQ('c', p[1][0]);
	/* Not the memory of whoever mapped it before. */
	p[1] = map(fd, PROT_READ, MAP_SHARED);
	EXPECT_EQ(0, p[1][0]);
	EXPECT_ERRNO(EACCES, map(rd, PROT_READ | PROT_WRITE, MAP_SHARED));
	p[0] = map(rd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	REQUIRE(p[0] != MAP_FAILED);
	um_store(p[0]);
	p[1] = map(rd, PROT_READ, MAP_SHARED);
	REQUIRE(p[1] != MAP_FAILED);
	EXPECT_ERRNO(EACCES, mprotect(p[1], UM_PAGE, PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(ENODEV, map(null, PROT_READ, MAP_PRIVATE));
	close(fd);
	close(rd);
	close(null);
}

static uint64_t
clock_ns(const volatile uint32_t *rtc)
{
	uint64_t low = rtc[0];

	return (uint64_t)rtc[1] << 32 | low;
}

static void
child_reads(void *arg)
{
	const volatile uint32_t *rtc = arg;

	EXPECT(clock_ns(rtc) > 1600000000ull * 1000000000ull);
}

static void
registers(int fd)
{
	volatile uint32_t *rtc = map(fd, PROT_READ, MAP_SHARED);
	struct timespec now;
	uint64_t first;
	int pipes[2];

	REQUIRE(rtc != MAP_FAILED);
	clock_gettime(CLOCK_REALTIME, &now);
	first = clock_ns(rtc);
	EXPECT(first / 1000000000 + 5 >= (uint64_t)now.tv_sec);
	EXPECT(first / 1000000000 <= (uint64_t)now.tv_sec + 5);
	um_sleep_ms(20);
	EXPECT(clock_ns(rtc) >= first + 10000000);
	EXPECT_EQ(0, um_status_of(child_reads, (void *)rtc));
	EXPECT_EQ(128 + SIGSEGV, um_store_status((void *)rtc));
	EXPECT_EQ(128 + SIGBUS, um_load_status((char *)rtc + UM_PAGE));
	EXPECT_ERRNO(EACCES, mprotect((void *)rtc, UM_PAGE, PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, map(fd, PROT_READ | PROT_EXEC, MAP_SHARED));
	EXPECT_ERRNO(EACCES, map(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
	EXPECT_ERRNO(EINVAL, map(fd, PROT_READ, MAP_PRIVATE));
	EXPECT_ERRNO(EINVAL, madvise((void *)rtc, UM_PAGE, MADV_DONTNEED));
	EXPECT_ERRNO(EINVAL, madvise((void *)rtc, UM_PAGE, MADV_FREE));
	EXPECT_ERRNO(EINVAL, madvise((void *)rtc, UM_PAGE, MADV_POPULATE_READ));
	REQUIRE(madvise((void *)rtc, UM_PAGE, MADV_WILLNEED) == 0);
	REQUIRE(pipe(pipes) == 0);
	/* As the source of a write it is memory like any other. */
	EXPECT(write(pipes[1], (void *)rtc, 8) == 8);
	close(pipes[0]);
	close(pipes[1]);
	/* Registers are always there; locking them changes nothing. */
	EXPECT_EQ(0, mlock((void *)rtc, UM_PAGE));
	EXPECT_EQ(0, um_status_of(child_reads, (void *)rtc));
	EXPECT(clock_ns(rtc) > first);
	EXPECT_EQ(0, munlock((void *)rtc, UM_PAGE));
	EXPECT_EQ(0, mlock((void *)rtc, UM_PAGE));
	REQUIRE(munmap((void *)rtc, 2 * UM_PAGE) == 0);
}

int
main(void)
{
	int fd;

	zero();
	fd = open("/dev/rtc0", O_RDONLY);
	/* Only Umbra's can be mapped. */
	if (fd >= 0 && um_proc_value("/proc/vmstat", "zero_fill") >= 0)
		registers(fd);
	return um_result();
}
