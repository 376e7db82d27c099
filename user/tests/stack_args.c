/* SPDX-License-Identifier: BSD-2-Clause */
/* Do many and long arguments and environment strings arrive intact through exec, and too many give E2BIG? */
#include "user/tests/umtest.h"

#define COUNT 500
#define LEN   200

extern char **environ;

static void
make(char *s, int i)
{
	int n = snprintf(s, LEN, "%d-%016llx-", i, (unsigned long long)um_mix(um_nonce(), i));

	memset(s + n, 'a' + i % 26, LEN - 1 - n);
	s[LEN - 1] = '\0';
}

/* The second life of this program: arguments 2 and on are what main made. */
static int
verify(int argc, char *argv[])
{
	static char want[LEN];

	EXPECT_EQ(COUNT + 2, argc);
	for (int i = 0; i < COUNT && um_failures == 0; i++) {
		make(want, i);
		EXPECT(strcmp(want, argv[i + 2]) == 0);
		make(want, i + 7);
		EXPECT(strcmp(want, environ[i] + 2) == 0);
	}
	EXPECT(argv[argc] == NULL);
	EXPECT(environ[COUNT] == NULL);
	EXPECT_EQ(0, (uintptr_t)__builtin_frame_address(0) % 16);
	return um_result();
}

static void
exec_self(char *path)
{
	static char args[COUNT][LEN], env[COUNT][LEN + 2];
	static char *argv[COUNT + 3], *envp[COUNT + 2];

	argv[0] = path;
	argv[1] = "verify";
	for (int i = 0; i < COUNT; i++) {
		make(args[i], i);
		argv[i + 2] = args[i];
		memcpy(env[i], "v=", 2);
		make(env[i] + 2, i + 7);
		envp[i] = env[i];
	}
	execve(path, argv, envp);
	_exit(99);
}

static void
too_big(void *arg)
{
	size_t len = 4ul << 20;
	char *big = um_map(len, MAP_PRIVATE);
	char *argv[] = {arg, big, NULL};

	memset(big, 'b', len - 1);
	EXPECT_ERRNO(E2BIG, execve(arg, argv, environ));
}

int
main(int argc, char *argv[])
{
	char *self =
	    access("/tests/stack_args", X_OK) == 0 ? "/tests/stack_args" : "/proc/self/exe";
	pid_t pid;

	if (argc > 1)
		return verify(argc, argv);
	unsetenv("UM_NONCE");
	pid = um_fork();
	if (pid == 0)
		exec_self(self);
	EXPECT_EQ(0, um_wait(pid));
	EXPECT_EQ(0, um_status_of(too_big, self));
	return um_result();
}
