/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do processes share what clone says: directory and umask (CLONE_FS), descriptors (CLONE_FILES), actions on signals
 * (CLONE_SIGHAND), memory (CLONE_VM); and does an execve end the sharing of descriptors and actions?
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umclone.h"

static struct um_thread t;
static int memory;

static void
handler(int sig)
{
	(void)sig;
}

/* Change all there is. */
static long
change(void *arg)
{
	uint64_t action[3] = {1 /* SIG_IGN */, 0, 0};

	(void)arg;
	um_syscall(SYS_chdir, (long)"/dev", 0, 0, 0, 0, 0);
	um_syscall(SYS_umask, 077, 0, 0, 0, 0, 0);
	um_syscall(SYS_rt_sigaction, SIGUSR1, (long)action, 0, 8, 0, 0);
	um_syscall(SYS_dup3, 0, 50, 0, 0, 0, 0);
	memory = 1;
	return 0;
}

static long
change_after_exec(void *arg)
{
	char *argv[] = {"clone_shared", "again", NULL};

	(void)arg;
	um_syscall(SYS_dup3, 0, 51, O_CLOEXEC, 0, 0, 0);
	um_syscall(SYS_execve, (long)"/proc/self/exe", (long)argv, 0, 0, 0, 0);
	return 1;
}

static void
run(long flags, long (*fn)(void *))
{
	int status;
	long pid;

	t.fn = fn;
	pid = um_clone_raw(flags, t.stack + UM_STACK, NULL, um_thread_pointer(), NULL, &t);
	REQUIRE(pid > 0);
	REQUIRE(um_syscall(SYS_wait4, pid, (long)&status, 0x40000000, 0, 0, 0) == pid);
	EXPECT_EQ(0, status);
}

static void
expect(bool fs, bool files, bool sighand, bool vm)
{
	char cwd[64] = "";
	struct sigaction sa;
	mode_t mask = umask(022);

	EXPECT(getcwd(cwd, sizeof(cwd)) != NULL);
	EXPECT_EQ(fs, strcmp(cwd, "/dev") == 0);
	EXPECT_EQ(fs ? 077 : 022, mask);
	EXPECT_EQ(files, fcntl(50, F_GETFD) >= 0);
	EXPECT(sigaction(SIGUSR1, NULL, &sa) == 0);
	EXPECT(sa.sa_handler == (sighand ? SIG_IGN : handler));
	EXPECT_EQ(vm, memory);
	EXPECT_EQ(0, chdir("/"));
	close(50);
	signal(SIGUSR1, handler);
	memory = 0;
}

int
main(int argc, char **argv)
{
	struct sigaction sa;

	(void)argv;
	if (argc > 1) {
		/* A new program: it has its own of everything. */
		signal(SIGUSR1, SIG_DFL);
		signal(SIGUSR2, SIG_IGN);
		return fcntl(51, F_GETFD) < 0 ? 0 : 1;
	}
	umask(022);
	EXPECT_EQ(0, chdir("/"));
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	run(SIGCHLD, change);
	expect(false, false, false, false);
	run(CLONE_FS | SIGCHLD, change);
	expect(true, false, false, false);
	run(CLONE_FILES, change);
	expect(false, true, false, false);
	run(CLONE_VM | CLONE_SIGHAND | SIGCHLD, change);
	expect(false, false, true, true);
	run(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, change);
	expect(true, true, true, true);
	run(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, change_after_exec);
	EXPECT(fcntl(51, F_GETFD) >= 0);
	EXPECT(sigaction(SIGUSR1, NULL, &sa) == 0 && sa.sa_handler == handler);
	EXPECT(sigaction(SIGUSR2, NULL, &sa) == 0 && sa.sa_handler == handler);
	return um_result();
}
