/* SPDX-License-Identifier: BSD-2-Clause */
/* Does exec replace everything it should, keep what it should, and fail without a trace when it cannot? */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

extern char **environ;

static const char *self;

/* The second life: descriptors and signals as the first one left them for us. */
static int
second(char *argv[])
{
	struct sigaction act;
	sigset_t blocked;

	EXPECT_EQ(atoi(argv[2]), getpid());
	EXPECT(fcntl(20, F_GETFD) == 0);
	EXPECT_ERRNO(EBADF, fcntl(21, F_GETFD));
	EXPECT_EQ(0, sigaction(SIGUSR1, NULL, &act));
	EXPECT(act.sa_handler == SIG_DFL);
	EXPECT_EQ(0, sigaction(SIGUSR2, NULL, &act));
	EXPECT(act.sa_handler == SIG_IGN);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, NULL, &blocked));
	EXPECT_EQ(1, sigismember(&blocked, SIGHUP));
	EXPECT_EQ(0, sigismember(&blocked, SIGTERM));
	EXPECT(getenv("UM_MARK") != NULL && strcmp(getenv("UM_MARK"), "marked") == 0);
	return um_result();
}

static void
handler(int sig)
{
	(void)sig;
}

static void
first(void *arg)
{
	char pid[20];
	char *argv[] = {"proc_exec", "second", pid, NULL};
	sigset_t set;

	(void)arg;
	snprintf(pid, sizeof(pid), "%d", getpid());
	REQUIRE(dup2(1, 20) == 20 && dup2(1, 21) == 21);
	REQUIRE(fcntl(21, F_SETFD, FD_CLOEXEC) == 0);
	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setenv("UM_MARK", "marked", 1);
	execv(self, argv);
	_exit(90);
}

static void
put_file(const char *path, const char *text, int mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	REQUIRE(fchmod(fd, mode) == 0 && close(fd) == 0);
}

static void
failures(void)
{
	char *argv[] = {"x", NULL};
	static char long_name[5000];

	memset(long_name, 'n', sizeof(long_name) - 1);
	put_file("/tmp/proc_exec.plain", "not a program", 0755);
	put_file("/tmp/proc_exec.off", "#!/bin/true\n", 0644);
	EXPECT_ERRNO(ENOENT, execve("/tmp/proc_exec.none", argv, environ));
	EXPECT_ERRNO(ENOENT, execve("", argv, environ));
	EXPECT_ERRNO(EACCES, execve("/tmp", argv, environ));
	EXPECT_ERRNO(EACCES, execve("/tmp/proc_exec.off", argv, environ));
	EXPECT_ERRNO(ENOEXEC, execve("/tmp/proc_exec.plain", argv, environ));
	EXPECT_ERRNO(ENOTDIR, execve("/tmp/proc_exec.plain/x", argv, environ));
	EXPECT_ERRNO(ENAMETOOLONG, execve(long_name, argv, environ));
	unlink("/tmp/proc_exec.plain");
	unlink("/tmp/proc_exec.off");
}

int
main(int argc, char *argv[])
{
	self = access("/tests/proc_exec", X_OK) == 0 ? "/tests/proc_exec" : "/proc/self/exe";
	if (argc > 1)
		return second(argv);
	failures();
	EXPECT_EQ(0, um_status_of(first, NULL));
	return um_result();
}
