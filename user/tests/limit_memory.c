/* SPDX-License-Identifier: BSD-2-Clause */
/* Do RLIMIT_AS and RLIMIT_DATA hold for mmap, mprotect, mremap and brk, with ENOMEM and nothing changed? */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define RW  (PROT_READ | PROT_WRITE)
#define MIB (1ul << 20)

static void
limit(int which, unsigned long bytes)
{
	REQUIRE(setrlimit(which, &(struct rlimit){bytes, RLIM_INFINITY}) == 0);
}

static void *
try_map(unsigned long len, int prot, int flags)
{
	return mmap(NULL, len, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void
address_space(void *arg)
{
	char *p = um_map(4 * MIB, MAP_PRIVATE);
	void *brk = sbrk(0);

	(void)arg;
	p[0] = 'a';
	limit(RLIMIT_AS, 32 * MIB);
	EXPECT_ERRNO(ENOMEM, try_map(32 * MIB, PROT_NONE, MAP_PRIVATE));
	EXPECT_ERRNO(ENOMEM, try_map(32 * MIB, PROT_READ, MAP_SHARED));
	EXPECT_ERRNO(ENOMEM, mremap(p, 4 * MIB, 36 * MIB, MREMAP_MAYMOVE));
	EXPECT_ERRNO(ENOMEM, mremap(p, 4 * MIB, 36 * MIB, 0));
	EXPECT_ERRNO(ENOMEM, sbrk(32 * MIB));
	EXPECT(sbrk(0) == brk);
	EXPECT(mmap(p, 4 * MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	limit(RLIMIT_AS, 0);
	EXPECT_ERRNO(ENOMEM, try_map(UM_PAGE, RW, MAP_PRIVATE));
	EXPECT_ERRNO(ENOMEM, mremap(p, UM_PAGE, 2 * UM_PAGE, MREMAP_MAYMOVE));
	EXPECT_ERRNO(ENOMEM, mremap(p, MIB, MIB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
	/* What needs no more is still possible. */
	EXPECT_EQ(0, mprotect(p, MIB, PROT_READ));
	EXPECT(mremap(p, 4 * MIB, MIB, 0) == p);
	EXPECT_EQ(0, munmap(p, MIB));
	limit(RLIMIT_AS, RLIM_INFINITY);
	EXPECT(try_map(32 * MIB, RW, MAP_PRIVATE) != MAP_FAILED);
}

static void
data(void *arg)
{
	char *p, *shared;
	void *brk = sbrk(0);

	(void)arg;
	p = try_map(32 * MIB, PROT_READ, MAP_PRIVATE);
	REQUIRE(p != MAP_FAILED);
	limit(RLIMIT_DATA, 16 * MIB);
	EXPECT_ERRNO(ENOMEM, try_map(16 * MIB, RW, MAP_PRIVATE));
	EXPECT_ERRNO(ENOMEM, try_map(16 * MIB, PROT_WRITE, MAP_PRIVATE));
	EXPECT_ERRNO(ENOMEM, mprotect(p, 16 * MIB, RW));
	EXPECT_EQ(0, mprotect(p, MIB, RW));
	p[0] = 'd';
	EXPECT_ERRNO(ENOMEM, mremap(p, MIB, 17 * MIB, MREMAP_MAYMOVE));
	EXPECT_ERRNO(ENOMEM, sbrk(16 * MIB));
	EXPECT(sbrk(0) == brk);
	EXPECT_EQ('d', p[0]);
	/* What is shared, or cannot be written, is no data. */
	EXPECT(try_map(32 * MIB, PROT_READ, MAP_PRIVATE) != MAP_FAILED);
	shared = try_map(32 * MIB, RW, MAP_SHARED);
	EXPECT(shared != MAP_FAILED);
	EXPECT_EQ(0, mprotect(shared, 32 * MIB, PROT_READ));
	EXPECT_EQ(0, mprotect(shared, 32 * MIB, RW));
	/* Given back, it can be had again. */
	EXPECT_EQ(0, mprotect(p, MIB, PROT_READ));
	EXPECT(try_map(8 * MIB, RW, MAP_PRIVATE) != MAP_FAILED);
	EXPECT_ERRNO(ENOMEM, try_map(8 * MIB, RW, MAP_PRIVATE));
}

int
main(void)
{
	EXPECT_EQ(0, um_status_of(address_space, NULL));
	EXPECT_EQ(0, um_status_of(data, NULL));
	return um_result();
}
