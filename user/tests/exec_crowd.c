/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When many processes call execve with as many arguments as there may be, all at once, does each get its own through?
 *
 * Their strings together are more than the kernel has room for: some have to wait for others.
 */
#include "user/tests/umtest.h"

#define CROWD  12
#define ROUNDS 4
#define WORDS  9
#define LENGTH 100000

static char words[WORDS][LENGTH];

static void
make_words(uint64_t seed)
{
	for (int i = 0; i < WORDS; i++) {
		for (int k = 0; k < LENGTH - 1; k++)
			words[i][k] = 'a' + (seed * 7 + i * 3 + k) % 26;
		words[i][LENGTH - 1] = '\0';
	}
}

/* exec_crowd ROUND SEED WORD...: look at the words, then do it again. */
static int
next_round(const char *self, int round, const char *seed)
{
	char text[16], *argv[WORDS + 4] = {(char *)self, text, (char *)seed};

	make_words(strtoull(seed, NULL, 10));
	snprintf(text, sizeof(text), "%d", round);
	for (int i = 0; i < WORDS; i++)
		argv[3 + i] = words[i];
	execv(self, argv);
	return 100 + errno % 100;
}

static int
check_words(int argc, char **argv)
{
	make_words(strtoull(argv[2], NULL, 10));
	if (argc != WORDS + 3)
		return 2;
	for (int i = 0; i < WORDS; i++)
		if (strcmp(argv[3 + i], words[i]) != 0)
			return 3;
	return 0;
}

int
main(int argc, char **argv)
{
	char self[300] = "";
	pid_t pids[CROWD];

	if (argc > 3) {
		int round = atoi(argv[1]), wrong = check_words(argc, argv);

		return wrong != 0 || round == ROUNDS ? wrong
						     : next_round(argv[0], round + 1, argv[2]);
	}
	REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	for (int i = 0; i < CROWD; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0) {
			char seed[16];

			snprintf(seed, sizeof(seed), "%d", i);
			_exit(next_round(self, 1, seed));
		}
	}
	for (int i = 0; i < CROWD; i++)
		EXPECT_EQ(0, um_wait(pids[i]));
	return um_result();
}
