/* SPDX-License-Identifier: BSD-2-Clause */
/* Do tokens passed around a ring of 8 processes through pipes arrive unchanged, none lost and none woken too late? */
#include "user/tests/umtest.h"

#define PROCESSES 8
#define TOKENS    3
#define LAPS      150

static int pipes[PROCESSES][2];

/* Process i takes from pipe i and gives to pipe i + 1; each lap adds 1 to the token. */
static void
pass_on(int i)
{
	uint64_t token;

	for (int n = 0; n < TOKENS * LAPS; n++) {
		REQUIRE(read(pipes[i][0], &token, sizeof(token)) == sizeof(token));
		token++;
		REQUIRE(
		    write(pipes[(i + 1) % PROCESSES][1], &token, sizeof(token)) == sizeof(token));
	}
}

int
main(void)
{
	uint64_t token, sum = 0, want = 0;
	pid_t pids[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		REQUIRE(pipe(pipes[i]) == 0);
	for (int i = 1; i < PROCESSES; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0) {
			pass_on(i);
			exit(um_result());
		}
	}
	for (int i = 0; i < TOKENS; i++) {
		token = um_mix(um_nonce(), i);
		want += token + PROCESSES * LAPS;
		REQUIRE(write(pipes[0][1], &token, sizeof(token)) == sizeof(token));
	}
	pass_on(0);
	/* The last lap's tokens wait in pipe 1; all others have left. */
	for (int i = 1; i < PROCESSES; i++)
		EXPECT_EQ(0, um_wait(pids[i]));
	for (int i = 0; i < TOKENS; i++) {
		REQUIRE(read(pipes[0][0], &token, sizeof(token)) == sizeof(token));
		sum += token;
	}
	EXPECT_EQ(want, sum);
	um_value(sum);
	return um_result();
}
