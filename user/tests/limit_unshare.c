/* SPDX-License-Identifier: BSD-2-Clause */
/* Does unshare know its flags, and give a process that shares its memory a copy of its own? (Linux refuses that.) */
#define _GNU_SOURCE
#include <sched.h>

#include "user/tests/umtest.h"

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
	return um_result();
}
