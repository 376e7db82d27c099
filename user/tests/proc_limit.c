/* SPDX-License-Identifier: BSD-2-Clause */
/* When processes fork until fork fails, does it fail with an errno, and does everything work again afterwards? */
#include "user/tests/umtest.h"

#define MOST 20000

static pid_t pids[MOST];

int
main(void)
{
	int count, go[2];
	pid_t pid;
	char c;

	REQUIRE(pipe(go) == 0);
	for (count = 0; count < MOST; count++) {
		pids[count] = fork();
		if (pids[count] < 0)
			break;
		if (pids[count] == 0) {
			close(go[1]);
			_exit(read(go[0], &c, 1) == 0 ? 7 : 8);
		}
	}
	if (count < MOST)
		EXPECT(errno == EAGAIN || errno == ENOMEM);
	EXPECT(count >= 50);
	close(go[1]);
	for (int i = 0; i < count; i++)
		EXPECT_EQ(7, um_wait(pids[i]));
	pid = um_fork();
	if (pid == 0)
		_exit(9);
	EXPECT_EQ(9, um_wait(pid));
	return um_result();
}
