/* SPDX-License-Identifier: BSD-2-Clause */
/* Does kill reach the process, the group and nobody else, whatever its target is doing? */
#include "user/tests/umtest.h"

static void
spin(void)
{
	for (;;)
		continue;
}

static void
sleep_long(void)
{
	um_sleep_ms(1000000);
}

static void
read_forever(void)
{
	int fds[2];
	char c;

	REQUIRE(pipe(fds) == 0);
	_exit(read(fds[0], &c, 1) != 0);
}

static void
wait_forever(void)
{
	pid_t pid = um_fork();

	if (pid == 0) {
		/* Ends when its parent has been killed. */
		while (getppid() != 1)
			um_sleep_ms(5);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	_exit(1);
}

static pid_t
start(void (*fn)(void))
{
	pid_t pid = um_fork();

	if (pid == 0) {
		fn();
		_exit(1);
	}
	um_sleep_ms(20);
	return pid;
}

static void
kills_everything(void)
{
	void (*doings[])(void) = {spin, sleep_long, read_forever, wait_forever};

	for (size_t i = 0; i < 4; i++) {
		pid_t pid = start(doings[i]);

		EXPECT_EQ(0, kill(pid, 0));
		EXPECT_EQ(0, kill(pid, i & 1 ? SIGTERM : SIGKILL));
		EXPECT_EQ(128 + (i & 1 ? SIGTERM : SIGKILL), um_wait(pid));
		EXPECT_ERRNO(ESRCH, kill(pid, 0));
	}
}

static void
kills_a_group(void)
{
	pid_t pids[3];

	for (int i = 0; i < 3; i++) {
		pids[i] = start(sleep_long);
		EXPECT_EQ(0, setpgid(pids[i], pids[0]));
	}
	EXPECT_EQ(pids[0], getpgid(pids[2]));
	EXPECT_EQ(0, kill(-pids[0], SIGTERM));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(128 + SIGTERM, um_wait(pids[i]));
	EXPECT_ERRNO(ESRCH, kill(-pids[0], SIGTERM));
}

int
main(void)
{
	kills_everything();
	kills_a_group();
	EXPECT_ERRNO(ESRCH, kill(1 << 21, SIGTERM));
	EXPECT_ERRNO(EINVAL, kill(getpid(), 65));
	EXPECT_ERRNO(EINVAL, kill(getpid(), -1));
	EXPECT_EQ(0, kill(getpid(), 0));
	return um_result();
}
