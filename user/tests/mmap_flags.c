/* SPDX-License-Identifier: BSD-2-Clause */
/* Is each flag of mmap honoured, or refused with Linux's errno? */
#define _GNU_SOURCE
#include <fcntl.h>

#include "user/tests/umtest.h"

#define RW         (PROT_READ | PROT_WRITE)
#define PRIV       (MAP_PRIVATE | MAP_ANONYMOUS)
#define VALIDATE   0x03
#define GROWSDOWN  0x100
#define DENYWRITE  0x800
#define EXECUTABLE 0x1000
#define NORESERVE  0x4000
#define POPULATE   0x8000
#define NONBLOCK   0x10000
#define STACK      0x20000
#define HUGETLB    0x40000
#define SYNC       0x80000
#define NOREPLACE  0x100000
#define FILE_NAME  "/bin/sh"

static const struct {
	int flags;
	bool file;
	int want; /* 0: succeeds */
	const char *what;
} table[] = {
    {MAP_PRIVATE, false, 0, "private"},
    {MAP_SHARED, false, 0, "shared"},
    {VALIDATE, false, EINVAL, "validated anonymous memory"},
    {VALIDATE, true, 0, "validated file"},
    {VALIDATE | SYNC, true, EOPNOTSUPP, "synchronous file"},
    {VALIDATE | NOREPLACE, true, EOPNOTSUPP, "validated file, noreplace"},
    {VALIDATE | 0x200000, true, EOPNOTSUPP, "validated file, unknown flag"},
    {VALIDATE | POPULATE | NONBLOCK | NORESERVE | STACK, true, 0, "validated file, known flags"},
    {MAP_PRIVATE | SYNC, true, 0, "private file, sync means nothing"},
    {MAP_SHARED | SYNC, true, 0, "shared file, sync means nothing"},
    {MAP_PRIVATE | SYNC, false, 0, "anonymous, sync means nothing"},
    {MAP_PRIVATE | 0x200000, false, 0, "unknown flag, ignored"},
    {MAP_PRIVATE | NORESERVE, false, 0, "noreserve"},
    {MAP_PRIVATE | STACK, false, 0, "stack"},
    {MAP_PRIVATE | POPULATE, false, 0, "populate"},
    {MAP_PRIVATE | NONBLOCK, false, 0, "nonblock"},
    {MAP_PRIVATE | POPULATE | NONBLOCK, false, 0, "populate and nonblock"},
    {MAP_PRIVATE | DENYWRITE | EXECUTABLE, true, 0, "denywrite and executable"},
    {MAP_PRIVATE | GROWSDOWN, false, 0, "growsdown"},
    {MAP_SHARED | GROWSDOWN, false, EINVAL, "growsdown, shared"},
    {MAP_PRIVATE | GROWSDOWN, true, EINVAL, "growsdown, file"},
    {MAP_SHARED | GROWSDOWN, true, EINVAL, "growsdown, shared file"},
    {MAP_PRIVATE | HUGETLB, false, ENOMEM, "huge pages: there are none"},
    {MAP_SHARED | HUGETLB, false, ENOMEM, "huge pages, shared"},
    {MAP_PRIVATE | HUGETLB, true, EINVAL, "huge pages of a file"},
    {0, true, EINVAL, "file, neither private nor shared"},
    {4, true, EINVAL, "file, unknown sharing"},
};

static void
each_flag_is_known(void)
{
	int fd = open(FILE_NAME, O_RDONLY);

	if (fd < 0)
		fd = open("/proc/self/exe", O_RDONLY);
	REQUIRE(fd >= 0);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int flags = table[i].flags | (table[i].file ? 0 : MAP_ANONYMOUS);
		int prot = table[i].file ? PROT_READ : RW;
		long got =
		    um_syscall(222, 0x30000000, UM_PAGE, prot, flags, table[i].file ? fd : -1, 0);
		bool failed = got < 0 && got > -4096;

		if (failed ? -got != table[i].want : table[i].want != 0)
			um_fail(__FILE__, __LINE__, "%s: %s, expected %s", table[i].what,
			    failed ? strerror(-got) : "success",
			    table[i].want ? strerror(table[i].want) : "success");
		if (!failed)
			munmap((void *)got, UM_PAGE);
	}
	close(fd);
}

static unsigned
resident(char *p, unsigned pages)
{
	unsigned char vec[16];
	unsigned sum = 0;

	REQUIRE(mincore(p, pages * UM_PAGE, vec) == 0);
	for (unsigned i = 0; i < pages; i++)
		sum += vec[i] & 1;
	return sum;
}

/* Populate touches everything, unless nonblock says otherwise. */
static void
populate_touches(void)
{
	EXPECT_EQ(16, resident(um_map(16 * UM_PAGE, MAP_PRIVATE | POPULATE), 16));
	EXPECT_EQ(0, resident(um_map(16 * UM_PAGE, MAP_PRIVATE | POPULATE | NONBLOCK), 16));
	EXPECT_EQ(16, resident(um_map(16 * UM_PAGE, MAP_SHARED | POPULATE), 16));
}

static void
noreplace_keeps_what_is_there(void)
{
	char *p = um_map(3 * UM_PAGE, MAP_PRIVATE);

	p[UM_PAGE] = 'k';
	EXPECT_ERRNO(EEXIST, mmap(p, 3 * UM_PAGE, RW, PRIV | NOREPLACE, -1, 0));
	EXPECT_ERRNO(EEXIST, mmap(p + UM_PAGE, UM_PAGE, RW, PRIV | NOREPLACE, -1, 0));
	EXPECT_ERRNO(EEXIST, mmap(p, UM_PAGE, RW, PRIV | NOREPLACE | MAP_FIXED, -1, 0));
	EXPECT_EQ('k', p[UM_PAGE]);
	munmap(p, UM_PAGE);
	EXPECT(mmap(p, UM_PAGE, RW, PRIV | NOREPLACE, -1, 0) == p);
}

int
main(void)
{
	each_flag_is_known();
	populate_touches();
	noreplace_keeps_what_is_there();
	return um_result();
}
