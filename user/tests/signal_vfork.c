/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Can a process be killed while it waits for its vfork child, and can another of its threads exit or execve?
 */
#include "user/tests/umclone.h"

static int *child_pid; /* shared: who has to be cleaned up */
static struct um_thread child;

static long
stay(void *arg)
{
	(void)arg;
	__atomic_store_n(child_pid, (int)um_gettid(), __ATOMIC_SEQ_CST);
	for (;;)
		um_sleep_ms(1000);
	return 0;
}

/* As vfork, on a stack of its own: does not return while the child lives. */
static long
vfork_and_wait(void *arg)
{
	(void)arg;
	child.fn = stay;
	um_clone_raw(CLONE_VM | CLONE_VFORK | SIGCHLD, child.stack + UM_STACK, NULL,
	    um_thread_pointer(), NULL, &child);
	return 0;
}

static void
only_thread(void *arg)
{
	vfork_and_wait(arg);
}

static long
wait_for_child(void)
{
	while (__atomic_load_n(child_pid, __ATOMIC_SEQ_CST) == 0)
		um_sleep_ms(1);
	return 0;
}

static void
second_exits(void *arg)
{
	static struct um_thread t;

	(void)arg;
	um_thread_start(&t, 0, vfork_and_wait);
	wait_for_child();
	_exit(31);
}

static void
second_execs(void *arg)
{
	static struct um_thread t;

	(void)arg;
	um_thread_start(&t, 0, vfork_and_wait);
	wait_for_child();
	execl("/proc/self/exe", "signal_vfork", "32", NULL);
}

/* => the status of the process that runs fn, within five seconds, or -1 */
static int
status_soon(void (*fn)(void *), int sig)
{
	pid_t pid = um_fork(), got = 0;
	int status = 0;

	if (pid == 0) {
		fn(NULL);
		_exit(1);
	}
	wait_for_child();
	if (sig != 0) {
		um_sleep_ms(20);
		kill(pid, sig);
	}
	for (int i = 0; i < 500 && got == 0; i++) {
		um_sleep_ms(10);
		got = waitpid(pid, &status, WNOHANG);
	}
	EXPECT_EQ(0, kill(*child_pid, 0));
	kill(*child_pid, SIGKILL);
	*child_pid = 0;
	if (got == 0) {
		um_wait(pid);
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return atoi(argv[1]);
	child_pid = um_map(UM_PAGE, MAP_SHARED);
	EXPECT_EQ(128 + SIGKILL, status_soon(only_thread, SIGKILL));
	EXPECT_EQ(128 + SIGTERM, status_soon(only_thread, SIGTERM));
	EXPECT_EQ(31, status_soon(second_exits, 0));
	EXPECT_EQ(32, status_soon(second_execs, 0));
	return um_result();
}
