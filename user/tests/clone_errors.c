/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does clone, given wrong flags, say what Linux says and make nothing; does it take the words that are no good, as Linux
 * does; do the calls about threads refuse wrong numbers?
 */
#include "user/tests/umclone.h"

static struct um_thread t;
static char *unmapped;

static long
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void
refused(long flags, long error)
{
	t.fn = nothing;
	EXPECT_EQ(
	    error, um_clone_raw(flags, t.stack + UM_STACK, &t.tid, um_thread_pointer(), NULL, &t));
	EXPECT_ERRNO(ECHILD, waitpid(-1, NULL, 0));
}

static void
flags(void)
{
	static const long bad[] = {
	    CLONE_THREAD,
	    CLONE_THREAD | CLONE_VM,
	    CLONE_THREAD | CLONE_SIGHAND,
	    CLONE_SIGHAND,
	    CLONE_SIGHAND | CLONE_FS | CLONE_FILES,
	    CLONE_NEWNS | CLONE_FS,
	    CLONE_NEWUSER | CLONE_FS,
	    CLONE_NEWPID | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND,
	    CLONE_PIDFD | CLONE_DETACHED,
	    CLONE_PIDFD | CLONE_PARENT_SETTID,
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i] | SIGCHLD, -EINVAL);
}

/* Where the numbers should go is not looked at before, and no reason to fail. */
static void
addresses(void)
{
	long f = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
	long pid = um_clone_raw(f, t.stack + UM_STACK, (int *)unmapped, NULL, (int *)unmapped, &t);

	EXPECT(pid > 0);
	EXPECT_EQ(0, um_wait((pid_t)pid));
	pid = um_clone_raw(f, t.stack + UM_STACK, (int *)-4096, NULL, (int *)-4096, &t);
	EXPECT(pid > 0);
	EXPECT_EQ(0, um_wait((pid_t)pid));
	/* A stack that is no good is the child's business. */
	t.fn = nothing;
	pid = um_clone_raw(SIGCHLD, unmapped, NULL, NULL, NULL, &t);
	EXPECT(pid > 0);
	EXPECT_EQ(128 + SIGSEGV, um_wait((pid_t)pid));
}

/* The low byte of the flags is a signal, or none, or a number that is no signal. */
static void
exit_signals(void)
{
	static const int sig[] = {0, SIGCHLD, SIGUSR1, 64, 65, 255};
	int status;

	signal(SIGUSR1, SIG_IGN);
	for (unsigned i = 0; i < sizeof(sig) / sizeof(sig[0]); i++) {
		long pid;

		if (sig[i] == 64)
			signal(64, SIG_IGN);
		t.fn = nothing;
		pid = um_clone_raw(sig[i], t.stack + UM_STACK, NULL, NULL, NULL, &t);
		EXPECT(pid > 0);
		EXPECT_EQ(pid,
		    um_syscall(SYS_wait4, pid, (long)&status, 0x40000000 /* __WALL */, 0, 0, 0));
		EXPECT_EQ(0, status);
	}
}

static void
numbers(void)
{
	int me = getpid();

	EXPECT_EQ(me, um_syscall(SYS_set_tid_address, 0, 0, 0, 0, 0, 0));
	EXPECT_EQ(me, um_syscall(SYS_set_tid_address, (long)unmapped, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tkill, 0, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tkill, -1, 0, 0, 0, 0, 0));
	EXPECT_EQ(-ESRCH, um_syscall(SYS_tkill, 32767, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tkill, me, 65, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tkill, me, -1, 0, 0, 0, 0));
	EXPECT_EQ(0, um_syscall(SYS_tkill, me, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tgkill, 0, me, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tgkill, me, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tgkill, -1, me, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tgkill, me, -1, 0, 0, 0, 0));
	EXPECT_EQ(-ESRCH, um_syscall(SYS_tgkill, me, 1, 0, 0, 0, 0));
	EXPECT_EQ(-ESRCH, um_syscall(SYS_tgkill, 1, me, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_tgkill, me, me, 65, 0, 0, 0));
	EXPECT_EQ(0, um_syscall(SYS_tgkill, me, me, 0, 0, 0, 0));
	EXPECT_EQ(-EINTR, um_syscall(SYS_restart_syscall, 0, 0, 0, 0, 0, 0));
}

int
main(void)
{
	unmapped = um_map(UM_PAGE, MAP_PRIVATE);
	munmap(unmapped, UM_PAGE);
	flags();
	addresses();
	exit_signals();
	numbers();
	return um_result();
}
