/* SPDX-License-Identifier: BSD-2-Clause */
/* Do 2,000 children come and go, 100 of them at a time, each with a pid of its own and the right status? */
#include "user/tests/umtest.h"

#define ROUNDS 20
#define ALIVE  100

int
main(void)
{
	pid_t pids[ALIVE];
	int go[2];
	char c;

	for (int round = 0; round < ROUNDS; round++) {
		REQUIRE(pipe(go) == 0);
		for (int i = 0; i < ALIVE; i++) {
			pids[i] = um_fork();
			if (pids[i] == 0) {
				/* All are alive until the parent closes its end. */
				close(go[1]);
				_exit(read(go[0], &c, 1) == 0 ? i : 200);
			}
			for (int j = 0; j < i; j++)
				if (pids[j] == pids[i])
					um_fail(
					    __FILE__, __LINE__, "pid %d was given twice", pids[i]);
		}
		close(go[1]);
		for (int i = ALIVE - 1; i >= 0; i--)
			EXPECT_EQ(i, um_wait(pids[i]));
		close(go[0]);
	}
	return um_result();
}
