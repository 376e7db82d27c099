/* SPDX-License-Identifier: BSD-2-Clause */
/* Does locked memory stay each process's own through fork, copy-on-write and changing rights? */
#include "user/tests/umtest.h"

#define PAGES 8

static char *private, *readonly, *shared;

static char
byte_of(int page)
{
	return (char)um_mix(um_nonce(), page);
}

static void
child(void *unused)
{
	(void)unused;
	for (int i = 0; i < PAGES; i++) {
		EXPECT_EQ(byte_of(i), private[i * UM_PAGE]);
		EXPECT_EQ(byte_of(i), readonly[i * UM_PAGE]);
		private[i * UM_PAGE] = 1;
		shared[i * UM_PAGE] = (char)i;
	}
	EXPECT_EQ(0, mprotect(readonly, PAGES * UM_PAGE, PROT_READ | PROT_WRITE));
	readonly[0] = 2;
	EXPECT_EQ(0, mlock(private, UM_PAGE));
	EXPECT_EQ(1, private[0]);
	EXPECT_EQ(2, readonly[0]);
}

static void
fill(char *p)
{
	for (int i = 0; i < PAGES; i++)
		p[i * UM_PAGE] = byte_of(i);
}

static void
expect_untouched(const char *p)
{
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(byte_of(i), p[i * UM_PAGE]);
}

/* Locked read-only memory that gets write access, while a child shares its pages. */
static void
make_writable(void)
{
	int fd[2];
	char c;
	pid_t pid;

	REQUIRE(pipe(fd) == 0);
	pid = um_fork();
	if (pid == 0) {
		close(fd[1]);
		(void)!read(fd[0], &c, 1); /* until the parent has written */
		expect_untouched(readonly);
		exit(um_result());
	}
	EXPECT_EQ(0, mprotect(readonly, PAGES * UM_PAGE, PROT_READ | PROT_WRITE));
	expect_untouched(readonly);
	memset(readonly, 7, PAGES * UM_PAGE);
	close(fd[1]);
	close(fd[0]);
	EXPECT_EQ(0, um_wait(pid));
	EXPECT_EQ(7, readonly[3 * UM_PAGE]);
}

int
main(void)
{
	size_t len = PAGES * UM_PAGE;

	private = um_map(len, MAP_PRIVATE);
	readonly = um_map(len, MAP_PRIVATE);
	shared = um_map(len, MAP_SHARED);
	fill(private);
	fill(readonly);
	REQUIRE(mprotect(readonly, len, PROT_READ) == 0);
	REQUIRE(mlock(private, len) == 0 && mlock(readonly, len) == 0 && mlock(shared, len) == 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, um_status_of(child, NULL));
		expect_untouched(private);
		expect_untouched(readonly);
		EXPECT_EQ(i + 2, shared[(i + 2) * UM_PAGE]);
		private[0] = byte_of(0);
	}
	make_writable();
	/* Without rights it stays locked, and can be unlocked. */
	EXPECT_EQ(0, mprotect(private, len, PROT_NONE));
	EXPECT_EQ(0, munlock(private, len));
	EXPECT_EQ(0, mprotect(private, len, PROT_READ));
	expect_untouched(private);
	EXPECT_EQ(0, mlock(private, len));
	EXPECT_EQ(0, munmap(private, len));
	return um_result();
}
