/* SPDX-License-Identifier: BSD-2-Clause */
/* Does PR_SET_MDWE keep memory that was writable from becoming executable, for good, in children too? */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "user/tests/umtest.h"

#define SET_MDWE   65
#define GET_MDWE   66
#define REFUSE     1
#define NO_INHERIT 2
#define RW         (PROT_READ | PROT_WRITE)
#define RX         (PROT_READ | PROT_EXEC)
#define RWX        (RW | PROT_EXEC)
#define PRIV       (MAP_PRIVATE | MAP_ANONYMOUS)

static void
errors(void)
{
	EXPECT_EQ(0, prctl(GET_MDWE, 0, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, prctl(GET_MDWE, 1, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, prctl(GET_MDWE, 0, 0, 0, 1));
	EXPECT_ERRNO(EINVAL, prctl(SET_MDWE, REFUSE, 1, 0, 0));
	EXPECT_ERRNO(EINVAL, prctl(SET_MDWE, REFUSE, 0, 0, 1));
	EXPECT_ERRNO(EINVAL, prctl(SET_MDWE, 4, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, prctl(SET_MDWE, NO_INHERIT, 0, 0, 0));
	EXPECT_EQ(0, prctl(SET_MDWE, 0, 0, 0, 0));
	EXPECT_EQ(0, prctl(GET_MDWE, 0, 0, 0, 0));
}

static void
is_refused(void)
{
	char *p = um_map(UM_PAGE, MAP_PRIVATE), *x;

	EXPECT_ERRNO(EACCES, mmap(NULL, UM_PAGE, RWX, PRIV, -1, 0));
	EXPECT_ERRNO(EACCES, mmap(NULL, UM_PAGE, PROT_WRITE | PROT_EXEC, PRIV, -1, 0));
	EXPECT_ERRNO(EACCES, mprotect(p, UM_PAGE, RX));
	EXPECT_ERRNO(EACCES, mprotect(p, UM_PAGE, RWX));
	EXPECT_EQ(0, mprotect(p, UM_PAGE, PROT_READ));
	EXPECT_ERRNO(EACCES, mprotect(p, UM_PAGE, PROT_EXEC));
	x = mmap(NULL, UM_PAGE, RX, PRIV, -1, 0);
	REQUIRE(x != MAP_FAILED);
	EXPECT_ERRNO(EACCES, mprotect(x, UM_PAGE, RWX));
	EXPECT_EQ(0, mprotect(x, UM_PAGE, PROT_EXEC));
	EXPECT_EQ(0, mprotect(x, UM_PAGE, PROT_READ));
	EXPECT_ERRNO(EACCES, mprotect(x, UM_PAGE, RX));
	munmap(x, UM_PAGE);
	munmap(p, UM_PAGE);
}

static void
child_is_refused(void *arg)
{
	(void)arg;
	EXPECT_EQ(REFUSE, prctl(GET_MDWE, 0, 0, 0, 0));
	is_refused();
}

static void
refused_for_good(void *arg)
{
	char *old = mmap(NULL, UM_PAGE, RWX, PRIV, -1, 0);
	char *argv[] = {arg, "exec", NULL};

	REQUIRE(old != MAP_FAILED);
	EXPECT_EQ(0, prctl(SET_MDWE, REFUSE, 0, 0, 0));
	EXPECT_EQ(0, prctl(SET_MDWE, REFUSE, 0, 0, 0));
	EXPECT_ERRNO(EPERM, prctl(SET_MDWE, 0, 0, 0, 0));
	EXPECT_ERRNO(EPERM, prctl(SET_MDWE, REFUSE | NO_INHERIT, 0, 0, 0));
	/* What was both before stays so until it is changed. */
	old[0] = 1;
	EXPECT_ERRNO(EACCES, mprotect(old, UM_PAGE, RWX));
	is_refused();
	EXPECT_EQ(0, um_status_of(child_is_refused, NULL));
	if (um_failures == 0)
		execv("/proc/self/exe", argv);
	um_failures++;
}

static void
child_is_free(void *arg)
{
	char *argv[] = {arg, "free", NULL};

	EXPECT_EQ(0, prctl(GET_MDWE, 0, 0, 0, 0));
	EXPECT(mmap(NULL, UM_PAGE, RWX, PRIV, -1, 0) != MAP_FAILED);
	if (um_failures == 0)
		execv("/proc/self/exe", argv);
	um_failures++;
}

static void
not_inherited(void *arg)
{
	EXPECT_EQ(0, prctl(SET_MDWE, REFUSE | NO_INHERIT, 0, 0, 0));
	EXPECT_EQ(REFUSE | NO_INHERIT, prctl(GET_MDWE, 0, 0, 0, 0));
	is_refused();
	EXPECT_EQ(0, um_status_of(child_is_free, arg));
}

int
main(int argc, char **argv)
{
	if (argc > 1) {
		EXPECT_EQ(strcmp(argv[1], "exec") == 0 ? REFUSE : 0, prctl(GET_MDWE, 0, 0, 0, 0));
		return um_result();
	}
	errors();
	EXPECT_EQ(0, um_status_of(refused_for_good, argv[0]));
	EXPECT_EQ(0, um_status_of(not_inherited, argv[0]));
	return um_result();
}
