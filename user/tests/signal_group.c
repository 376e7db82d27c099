/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a signal that kills a process group leave none of it alive, though its members are forking at that moment?
 */
#include "user/tests/umtest.h"

#define ROUNDS  25
#define MEMBERS 6

/* Fork for ever, each child in the place of its parent: whoever escapes goes on. */
static void
run_away(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid > 0)
			_exit(0);
		if (pid < 0)
			usleep(1000);
	}
}

/* => whether the group is empty within five seconds */
static bool
gone(pid_t group)
{
	for (int i = 0; i < 5000; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (kill(-group, 0) != 0 && errno == ESRCH)
			return true;
		um_sleep_ms(1);
	}
	return false;
}

int
main(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t leader = um_fork();

		if (leader == 0) {
			setpgid(0, 0);
			for (int i = 0; i < MEMBERS; i++)
				if (fork() == 0)
					run_away();
			for (;;)
				pause();
		}
		setpgid(leader, leader);
		um_sleep_ms(5 + round % 7);
		EXPECT_EQ(0, kill(-leader, round % 2 == 0 ? SIGKILL : SIGTERM));
		if (!EXPECT(gone(leader))) {
			for (int i = 0; i < 1000 && kill(-leader, SIGKILL) == 0; i++)
				um_sleep_ms(1);
			break;
		}
	}
	return um_result();
}
