/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does unshare know its flags, and give a process that shares its memory (Linux refuses that), its directory or its
 * descriptors a copy of its own, without harm to another thread that is about to use them?
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

#include "user/tests/umthread.h"

#define FIFO        "/tmp/limit_unshare"

#define SYS_UNSHARE 97
#define VM          0x100
#define FS          0x200
#define FILES       0x400
#define SIGHAND     0x800
#define THREAD      0x10000
#define SYSVSEM     0x40000

static volatile int value;

static long
unshare_of(long flags)
{
	return um_syscall(SYS_UNSHARE, flags, 0, 0, 0, 0, 0);
}

static void
errors(void)
{
	EXPECT_EQ(0, unshare_of(0));
	EXPECT_EQ(0, unshare_of(VM));
	EXPECT_EQ(0, unshare_of(VM | FS | FILES | SIGHAND | THREAD | SYSVSEM));
	EXPECT_EQ(-EINVAL, unshare_of(1));
	EXPECT_EQ(-EINVAL, unshare_of(SIGCHLD));
	EXPECT_EQ(-EINVAL, unshare_of(VM | 0x4000));
	EXPECT_EQ(-EINVAL, unshare_of(0x100000));
	EXPECT_EQ(-EINVAL, unshare_of(-1));
}

/* Runs in its parent's memory, on a stack of its own, until it has a copy. */
static int
child(void *arg)
{
	long error;

	(void)arg;
	value = 1;
	error = unshare_of(VM);
	if (error == -EINVAL)
		return UM_SKIP; /* as Linux has it */
	value = 2;
	return error == 0 && value == 2 ? 0 : 1;
}

static char stacks[2][65536] __attribute__((aligned(16)));

/* In a process that shares our directory until it says otherwise. */
static int
goes_elsewhere(void *arg)
{
	(void)arg;
	if (unshare_of(FS) != 0)
		return 1;
	return chdir("/tmp") == 0 ? 0 : 2;
}

static void
directories(void)
{
	char before[64], after[64];
	pid_t pid;

	REQUIRE(chdir("/") == 0 && getcwd(before, sizeof(before)) != NULL);
	pid = clone(goes_elsewhere, stacks[0] + sizeof(stacks[0]), CLONE_FS | SIGCHLD, NULL);
	REQUIRE(pid > 0);
	EXPECT_EQ(0, um_wait(pid));
	REQUIRE(getcwd(after, sizeof(after)) != NULL);
	EXPECT(strcmp(before, after) == 0);
}

static int
waits(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

/* Has its number before the other end is opened, and uses it after. */
static void *
opens(void *arg)
{
	int fd = open(FIFO, O_RDONLY);

	(void)arg;
	return (void *)(long)(fd >= 0 && fcntl(fd, F_GETFD) == 0);
}

/* Linux gives the one thread a table of its own; where that cannot be it has to be refused. */
static void
descriptors(void)
{
	pthread_t t;
	pid_t pid;
	long error;
	int fd;

	unlink(FIFO);
	REQUIRE(mkfifo(FIFO, 0600) == 0);
	pid = clone(waits, stacks[1] + sizeof(stacks[1]), CLONE_FILES | SIGCHLD, NULL);
	REQUIRE(pid > 0);
	t = um_thread(opens, NULL);
	usleep(100000);
	error = unshare_of(FILES);
	EXPECT(error == 0 || error == -EINVAL);
	REQUIRE(kill(pid, SIGKILL) == 0);
	EXPECT_EQ(128 + SIGKILL, um_wait(pid));
	fd = open(FIFO, O_WRONLY);
	EXPECT(fd >= 0);
	EXPECT_EQ(1, (long)um_join(t));
	close(fd);
	EXPECT_EQ(0, unlink(FIFO));
}

int
main(void)
{
	char *stack = um_map(64 * UM_PAGE, MAP_PRIVATE);
	int status;
	pid_t pid;

	errors();
	pid = clone(child, stack + 64 * UM_PAGE, CLONE_VM | SIGCHLD, NULL);
	REQUIRE(pid > 0);
	status = um_wait(pid);
	EXPECT(status == 0 || status == UM_SKIP);
	/* The first write was ours to see, the second was not. */
	EXPECT_EQ(1, value);
	directories();
	descriptors();
	return um_result();
}
