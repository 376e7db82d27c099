/* SPDX-License-Identifier: BSD-2-Clause */
/* Does memory allow exactly what its protection says: load, store, execute, and the kernel's reads and writes for us? */
#include "user/tests/umtest.h"

/* c.li a0, 0; c.jr ra: a function that returns 0 */
static const uint16_t code[] = {0x4501, 0x8082};

static void
call(void *p)
{
	EXPECT_EQ(0, ((int (*)(void))p)());
}

static void
fill(char *p)
{
	memcpy(p, code, sizeof(code));
	__asm__ volatile("fence.i" ::: "memory");
}

static void
check(int prot, bool load, bool store, bool execute)
{
	char *p = um_map(UM_PAGE, MAP_PRIVATE);
	int fds[2], bad = 128 + SIGSEGV;

	REQUIRE(pipe(fds) == 0);
	fill(p);
	REQUIRE(mprotect(p, UM_PAGE, prot) == 0);
	EXPECT_EQ(load ? 0 : bad, um_load_status(p));
	EXPECT_EQ(store ? 0 : bad, um_store_status(p + 64));
	EXPECT_EQ(execute ? 0 : bad, um_status_of(call, p));
	if (load)
		EXPECT_EQ(4, write(fds[1], p, 4));
	else
		EXPECT_ERRNO(EFAULT, write(fds[1], p, 4));
	REQUIRE(write(fds[1], "abcd", 4) == 4);
	if (store)
		EXPECT_EQ(4, read(fds[0], p + 8, 4));
	else
		EXPECT_ERRNO(EFAULT, read(fds[0], p + 8, 4));
	close(fds[0]);
	close(fds[1]);
	REQUIRE(munmap(p, UM_PAGE) == 0);
}

int
main(void)
{
	check(PROT_NONE, false, false, false);
	check(PROT_READ, true, false, false);
	check(PROT_READ | PROT_WRITE, true, true, false);
	/* There are no pages that can be written but not read. */
	check(PROT_WRITE, true, true, false);
	check(PROT_READ | PROT_EXEC, true, false, true);
	check(PROT_READ | PROT_WRITE | PROT_EXEC, true, true, true);
	return um_result();
}
