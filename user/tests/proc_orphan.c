/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a process whose parent has died become a child of process 1, and live on? */
#include "user/tests/umtest.h"

int
main(void)
{
	int fds[2];
	pid_t pid, seen[2];

	REQUIRE(pipe(fds) == 0);
	pid = um_fork();
	if (pid == 0) {
		pid_t parent = getpid();

		if (um_fork() == 0) {
			while (getppid() == parent)
				um_sleep_ms(1);
			seen[0] = getpid();
			seen[1] = getppid();
			_exit(write(fds[1], seen, sizeof(seen)) != sizeof(seen));
		}
		_exit(0);
	}
	EXPECT_EQ(0, um_wait(pid));
	REQUIRE(read(fds[0], seen, sizeof(seen)) == sizeof(seen));
	EXPECT(seen[0] != pid && seen[0] != getpid());
	EXPECT_EQ(1, seen[1]);
	EXPECT_ERRNO(ECHILD, waitpid(seen[0], NULL, 0));
	return um_result();
}
