/* SPDX-License-Identifier: BSD-2-Clause */
/* Do RLIMIT_NPROC and RLIMIT_NOFILE hold, with EAGAIN, EMFILE, EBADF and EINVAL as on Linux? */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define CHILDREN 3

static void
processes(void *arg)
{
	pid_t pid[CHILDREN];
	int made = 0;

	(void)arg;
	/* Of this user there is but this one. */
	REQUIRE(setresgid(4321, 4321, 4321) == 0 && setresuid(4321, 4321, 4321) == 0);
	REQUIRE(setrlimit(RLIMIT_NPROC, &(struct rlimit){1 + CHILDREN, 1 + CHILDREN}) == 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid[i] = um_fork();
		if (pid[i] == 0) {
			um_sleep_ms(60000);
			_exit(0);
		}
		made++;
	}
	EXPECT_EQ(CHILDREN, made);
	EXPECT_ERRNO(EAGAIN, fork());
	EXPECT_ERRNO(EAGAIN, vfork());
	kill(pid[0], SIGKILL);
	um_wait(pid[0]);
	/* One has gone, one may come. */
	pid[0] = fork();
	if (pid[0] == 0)
		_exit(0);
	EXPECT(pid[0] > 0);
	for (int i = 0; i < CHILDREN; i++) {
		kill(pid[i], SIGKILL);
		um_wait(pid[i]);
	}
}

static void
descriptors(void *arg)
{
	int fds[2], fd = open("/dev/null", O_RDWR);

	(void)arg;
	REQUIRE(fd >= 0 && fd < 20);
	REQUIRE(setrlimit(RLIMIT_NOFILE, &(struct rlimit){20, 30}) == 0);
	while (dup(fd) >= 0)
		continue;
	EXPECT_EQ(EMFILE, errno);
	EXPECT_ERRNO(EMFILE, open("/dev/null", O_RDONLY));
	EXPECT_ERRNO(EMFILE, pipe(fds));
	EXPECT_ERRNO(EMFILE, fcntl(fd, F_DUPFD, 3));
	EXPECT_ERRNO(EINVAL, fcntl(fd, F_DUPFD, 20));
	EXPECT_ERRNO(EBADF, dup2(fd, 20));
	EXPECT_EQ(19, dup2(fd, 19));
	close(19);
	/* One is too little for a pipe, and stays free. */
	EXPECT_ERRNO(EMFILE, pipe(fds));
	EXPECT_EQ(19, dup(fd));
	/* Raised, it counts at once. */
	REQUIRE(setrlimit(RLIMIT_NOFILE, &(struct rlimit){21, 30}) == 0);
	EXPECT_EQ(20, dup(fd));
	/* Lowered, what is open stays open. */
	REQUIRE(setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, 30}) == 0);
	EXPECT_EQ(1, write(20, "x", 1));
	close(20);
	EXPECT_ERRNO(EMFILE, dup(fd));
}

int
main(void)
{
	REQUIRE(getuid() == 0);
	EXPECT_EQ(0, um_status_of(processes, NULL));
	EXPECT_EQ(0, um_status_of(descriptors, NULL));
	return um_result();
}
