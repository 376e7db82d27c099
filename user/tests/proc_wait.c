/* SPDX-License-Identifier: BSD-2-Clause */
/* Does wait report every way a child can end, the child asked for, and ECHILD when there is none? */
#include <sys/resource.h>

#include "user/tests/umtest.h"

static pid_t
exit_with(int code)
{
	pid_t pid = um_fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static pid_t
die_of(int sig)
{
	pid_t pid = um_fork();

	if (pid == 0) {
		signal(sig, SIG_DFL);
		kill(getpid(), sig);
		_exit(1);
	}
	return pid;
}

static void
ways_to_end(void)
{
	static const int codes[] = {0, 1, 127, 255, 256, -1};
	static const int signals[] = {
	    SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGSEGV, SIGPIPE, SIGUSR1, SIGALRM};
	int status;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		pid_t pid = exit_with(codes[i]);

		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT(WIFEXITED(status));
		EXPECT_EQ(codes[i] & 255, WEXITSTATUS(status));
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		pid_t pid = die_of(signals[i]);

		EXPECT_EQ(pid, wait(&status));
		EXPECT(WIFSIGNALED(status));
		EXPECT_EQ(signals[i], WTERMSIG(status));
	}
}

static void
which_child(void)
{
	pid_t first = exit_with(1), second = exit_with(2);
	struct rusage usage;
	int status;

	EXPECT_EQ(second, waitpid(second, &status, 0));
	EXPECT_EQ(2, WEXITSTATUS(status));
	EXPECT_ERRNO(ECHILD, waitpid(second, &status, 0));
	EXPECT_EQ(first, wait4(-1, NULL, 0, &usage));
	EXPECT_ERRNO(ECHILD, wait(NULL));
	EXPECT_ERRNO(ECHILD, waitpid(1 << 22, NULL, 0));
	EXPECT_ERRNO(ECHILD, waitpid(getppid(), NULL, 0));
	EXPECT_ERRNO(EINVAL, waitpid(-1, NULL, 0x40));
}

static void
without_waiting(void)
{
	int fds[2], status;
	pid_t pid;
	char c;

	REQUIRE(pipe(fds) == 0);
	pid = um_fork();
	if (pid == 0) {
		REQUIRE(read(fds[0], &c, 1) == 1);
		_exit(3);
	}
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	REQUIRE(write(fds[1], "x", 1) == 1);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(3, WEXITSTATUS(status));
	EXPECT_ERRNO(ECHILD, waitpid(pid, &status, WNOHANG));
}

int
main(void)
{
	ways_to_end();
	which_child();
	without_waiting();
	return um_result();
}
