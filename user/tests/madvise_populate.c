/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does MADV_POPULATE bring memory in without changing it, and does no other advice give what the rights deny?
 */
#include <fcntl.h>

#include "user/tests/umtest.h"

#define PAGES 8

static unsigned
resident(const char *p)
{
	unsigned char vec[PAGES];
	unsigned n = 0;

	REQUIRE(mincore((void *)p, PAGES * UM_PAGE, vec) == 0);
	for (unsigned i = 0; i < PAGES; i++)
		n += vec[i] & 1;
	return n;
}

int
main(void)
{
	char *p = um_map(PAGES * UM_PAGE, MAP_PRIVATE), *q, *f;
	int fd = open("/tmp/madvise_populate", O_RDWR | O_CREAT | O_TRUNC, 0600);

	EXPECT_EQ(0, resident(p));
	REQUIRE(madvise(p, PAGES * UM_PAGE, MADV_WILLNEED) == 0);
	EXPECT_EQ(0, resident(p));
	REQUIRE(madvise(p, 2 * UM_PAGE, MADV_POPULATE_READ) == 0);
	EXPECT_EQ(2, resident(p));
	REQUIRE(madvise(p + UM_PAGE, 3 * UM_PAGE, MADV_POPULATE_WRITE) == 0);
	EXPECT_EQ(4, resident(p));
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT_EQ(0, p[i * UM_PAGE]);
	memset(p, 'x', PAGES * UM_PAGE);
	REQUIRE(madvise(p, PAGES * UM_PAGE, MADV_POPULATE_WRITE) == 0);
	EXPECT_EQ('x', p[0]);
	REQUIRE(madvise(p, PAGES * UM_PAGE, MADV_DONTNEED) == 0);
	EXPECT_EQ(0, resident(p));

	/* Resident, but not for us. */
	q = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	memset(q, 'y', PAGES * UM_PAGE);
	REQUIRE(mprotect(q, 4 * UM_PAGE, PROT_NONE) == 0);
	REQUIRE(mprotect(q + 4 * UM_PAGE, 4 * UM_PAGE, PROT_READ) == 0);
	REQUIRE(madvise(q, PAGES * UM_PAGE, MADV_WILLNEED) == 0);
	EXPECT_ERRNO(EINVAL, madvise(q, PAGES * UM_PAGE, MADV_POPULATE_READ));
	EXPECT_ERRNO(EINVAL, madvise(q + 4 * UM_PAGE, UM_PAGE, MADV_POPULATE_WRITE));
	EXPECT_EQ(128 + SIGSEGV, um_load_status(q));
	EXPECT_EQ(0, um_load_status(q + 4 * UM_PAGE));
	EXPECT_EQ(128 + SIGSEGV, um_store_status(q + 4 * UM_PAGE));
	REQUIRE(mprotect(q, PAGES * UM_PAGE, PROT_READ) == 0);
	EXPECT_EQ('y', q[0]);

	/* Behind the end of a file there is nothing to bring in. */
	REQUIRE(fd >= 0 && write(fd, "hello", 5) == 5);
	f = mmap(NULL, 2 * UM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(f != MAP_FAILED);
	REQUIRE(madvise(f, UM_PAGE, MADV_POPULATE_WRITE) == 0);
	EXPECT_EQ('h', f[0]);
	EXPECT_ERRNO(EFAULT, madvise(f, 2 * UM_PAGE, MADV_POPULATE_READ));
	REQUIRE(madvise(f, 2 * UM_PAGE, MADV_WILLNEED) == 0);
	EXPECT_EQ(128 + SIGBUS, um_load_status(f + UM_PAGE));
	REQUIRE(unlink("/tmp/madvise_populate") == 0);
	return um_result();
}
