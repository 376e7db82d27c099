/* SPDX-License-Identifier: BSD-2-Clause */
/* Do contents that are taken from under a lock go, and does the lock outlive that? */
#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define PAGES 4

static sigjmp_buf out;

static void
on_bus(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static bool
is_there(volatile const char *p)
{
	if (sigsetjmp(out, 1) != 0)
		return false;
	(void)*p;
	return true;
}

/* A file that is cut, and made longer again, while it is locked. */
static void
cut_a_file(int sharing)
{
	char page[UM_PAGE], *p;
	int fd = open("mlock_truncate.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd >= 0);
	memset(page, 'x', sizeof(page));
	for (int i = 0; i < PAGES; i++)
		REQUIRE(write(fd, page, UM_PAGE) == (long)UM_PAGE);
	p = mmap(NULL, PAGES * UM_PAGE, PROT_READ, sharing, fd, 0);
	REQUIRE(p != MAP_FAILED);
	EXPECT_EQ(0, mlock(p, PAGES * UM_PAGE));
	EXPECT_EQ(0, ftruncate(fd, UM_PAGE));
	EXPECT(is_there(p));
	EXPECT(!is_there(p + 2 * UM_PAGE));
	EXPECT_EQ(0, ftruncate(fd, 3 * UM_PAGE));
	EXPECT(is_there(p + 2 * UM_PAGE));
	EXPECT_EQ(0, p[2 * UM_PAGE]);
	EXPECT(!is_there(p + 3 * UM_PAGE));
	REQUIRE(pwrite(fd, "y", 1, 2 * UM_PAGE) == 1);
	EXPECT_EQ('y', p[2 * UM_PAGE]);
	EXPECT_EQ(0, ftruncate(fd, 0));
	EXPECT_EQ(0, munlock(p, PAGES * UM_PAGE));
	EXPECT_EQ(0, munmap(p, PAGES * UM_PAGE));
	close(fd);
	EXPECT_EQ(0, unlink("mlock_truncate.tmp"));
}

/* Shared memory that another process has locked. */
static void
remove_shared(void)
{
	int fd[2], status;
	char *p = mmap(
		 NULL, PAGES * UM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	     c;
	pid_t pid;

	REQUIRE(p != MAP_FAILED && pipe(fd) == 0);
	memset(p, 'x', PAGES * UM_PAGE);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		EXPECT_EQ(0, mlock(p, PAGES * UM_PAGE));
		EXPECT_EQ(1, write(fd[1], "l", 1));
		while (((volatile char *)p)[UM_PAGE] != 'y')
			usleep(1000);
		EXPECT_EQ(0, p[0]);
		EXPECT_EQ(0, munlock(p, PAGES * UM_PAGE));
		_exit(um_result());
	}
	REQUIRE(read(fd[0], &c, 1) == 1);
	EXPECT_EQ(0, madvise(p, PAGES * UM_PAGE, MADV_REMOVE));
	EXPECT_EQ(0, p[0]);
	p[UM_PAGE] = 'y';
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

int
main(void)
{
	struct sigaction sa = {.sa_handler = on_bus};

	REQUIRE(sigaction(SIGBUS, &sa, NULL) == 0);
	cut_a_file(MAP_SHARED);
	cut_a_file(MAP_PRIVATE);
	remove_shared();
	return um_result();
}
