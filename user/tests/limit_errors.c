/* SPDX-License-Identifier: BSD-2-Clause */
/* Do prlimit64, getrlimit, setrlimit and getrusage refuse wrong requests as Linux does, root's and others'? */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define SYS_GETRLIMIT 163
#define SYS_SETRLIMIT 164
#define SYS_GETRUSAGE 165
#define SYS_PRLIMIT   261
#define NONE          (-1ul)
#define KERNEL        0xffffffc000000000ul

static struct rlimit buffer;
static const struct rlimit small = {100, 200}, wrong = {200, 100};

static void
expect(long want, long got, const char *what)
{
	if (got != -want)
		um_fail(__FILE__, __LINE__, "%s: %s, expected %s", what, strerror(-got),
		    strerror(want));
}

#define PRLIMIT(want, pid, which, new, old)                                                        \
	expect(want, um_syscall(SYS_PRLIMIT, pid, which, (long)(new), (long)(old), 0, 0),          \
	    "prlimit " #pid " " #which " " #new " " #old)
#define CALL(want, number, a, b)                                                                   \
	expect(want, um_syscall(number, a, (long)(b), 0, 0, 0, 0), #number " " #a " " #b)

static void
as_anybody(void)
{
	PRLIMIT(0, 0, RLIMIT_NOFILE, NULL, NULL);
	PRLIMIT(0, 0, RLIMIT_NOFILE, NULL, &buffer);
	PRLIMIT(0, getpid(), RLIMIT_NOFILE, NULL, &buffer);
	PRLIMIT(EINVAL, 0, 16, NULL, NULL);
	PRLIMIT(EINVAL, 0, 16, NULL, &buffer);
	PRLIMIT(EINVAL, 0, -1, NULL, &buffer);
	PRLIMIT(EINVAL, 0, 1 << 30, &small, NULL);
	PRLIMIT(ESRCH, -1, RLIMIT_NOFILE, NULL, NULL);
	PRLIMIT(ESRCH, 4000000, RLIMIT_NOFILE, NULL, NULL);
	PRLIMIT(EFAULT, 0, RLIMIT_CORE, 1, NULL);
	PRLIMIT(EFAULT, 0, RLIMIT_CORE, KERNEL, NULL);
	PRLIMIT(EFAULT, 0, 16, KERNEL, NULL);
	PRLIMIT(EFAULT, 4000000, RLIMIT_CORE, NONE, NULL);
	PRLIMIT(EFAULT, 0, RLIMIT_CORE, NULL, 1);
	PRLIMIT(EFAULT, 0, RLIMIT_CORE, NULL, KERNEL);
	PRLIMIT(EINVAL, 0, RLIMIT_CORE, &wrong, NULL);
	CALL(EINVAL, SYS_GETRLIMIT, 16, NULL);
	CALL(EINVAL, SYS_GETRLIMIT, -1, &buffer);
	CALL(EFAULT, SYS_GETRLIMIT, RLIMIT_AS, NULL);
	CALL(EFAULT, SYS_GETRLIMIT, RLIMIT_AS, NONE);
	CALL(EFAULT, SYS_SETRLIMIT, RLIMIT_AS, NULL);
	CALL(EFAULT, SYS_SETRLIMIT, 16, KERNEL);
	CALL(EINVAL, SYS_SETRLIMIT, 16, &small);
	CALL(EINVAL, SYS_SETRLIMIT, RLIMIT_CORE, &wrong);
	CALL(EINVAL, SYS_GETRUSAGE, 2, &buffer);
	CALL(EINVAL, SYS_GETRUSAGE, -2, &buffer);
	CALL(EINVAL, SYS_GETRUSAGE, 77, NULL);
	CALL(EFAULT, SYS_GETRUSAGE, RUSAGE_SELF, NULL);
	CALL(EFAULT, SYS_GETRUSAGE, RUSAGE_CHILDREN, KERNEL);
	CALL(EFAULT, SYS_GETRUSAGE, 1, NONE);
}

static void
as_nobody(void *arg)
{
	struct rlimit limit;

	(void)arg;
	REQUIRE(setrlimit(RLIMIT_DATA, &(struct rlimit){1 << 30, 1 << 30}) == 0);
	REQUIRE(setresgid(1234, 1234, 1234) == 0 && setresuid(1234, 1234, 1234) == 0);
	as_anybody();
	/* Down is allowed, up is not, and the soft limit moves below the hard one. */
	PRLIMIT(EPERM, 0, RLIMIT_DATA, &((struct rlimit){0, (1 << 30) + 1}), NULL);
	PRLIMIT(EINVAL, 0, RLIMIT_DATA, &((struct rlimit){RLIM_INFINITY, 1 << 30}), NULL);
	PRLIMIT(0, 0, RLIMIT_DATA, &((struct rlimit){1 << 29, 1 << 29}), &limit);
	EXPECT_EQ(1 << 30, limit.rlim_max);
	PRLIMIT(EPERM, 0, RLIMIT_DATA, &((struct rlimit){1 << 29, 1 << 30}), NULL);
	PRLIMIT(EPERM, 1, RLIMIT_DATA, NULL, &limit);
	PRLIMIT(EPERM, 1, 16, NULL, &limit);
	PRLIMIT(EPERM, getppid(), RLIMIT_DATA, &small, NULL);
}

int
main(void)
{
	struct rlimit limit;
	pid_t child;

	REQUIRE(getuid() == 0);
	as_anybody();
	EXPECT_EQ(0, um_status_of(as_nobody, NULL));
	/* Root raises what it likes, but for descriptors, whose table has an end. */
	PRLIMIT(0, 0, RLIMIT_CORE, &((struct rlimit){5, RLIM_INFINITY}), NULL);
	PRLIMIT(EPERM, 0, RLIMIT_NOFILE, &((struct rlimit){5, RLIM_INFINITY}), NULL);
	PRLIMIT(EPERM, 0, RLIMIT_NOFILE, &((struct rlimit){5, (1 << 20) + 1}), NULL);
	/* Another's limits, there and back. */
	child = um_fork();
	if (child == 0) {
		um_sleep_ms(60000);
		_exit(0);
	}
	PRLIMIT(0, child, RLIMIT_FSIZE, &small, NULL);
	PRLIMIT(0, child, RLIMIT_FSIZE, NULL, &limit);
	EXPECT_EQ(100, limit.rlim_cur);
	EXPECT_EQ(200, limit.rlim_max);
	EXPECT_EQ(0, getrlimit(RLIMIT_FSIZE, &limit));
	EXPECT(limit.rlim_cur != 100);
	kill(child, SIGKILL);
	um_wait(child);
	return um_result();
}
