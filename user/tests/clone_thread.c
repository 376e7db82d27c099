/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a thread made by a bare clone a thread: same process, same memory, another number, its own thread pointer, and does
 * its end clear and wake the word that whoever joins it waits for?
 */

#include "user/tests/umclone.h"

#include <limits.h>

static int ready, done, where[UM_THREADS], exec_pid;

static long
worker(void *arg)
{
	struct um_thread *t = arg;

	where[t->index] = (int)um_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 0)
		um_futex_wait(&done, 0);
	return um_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static void
numbers(void)
{
	struct um_thread t[UM_THREADS];
	char path[64];

	for (int i = 0; i < UM_THREADS; i++)
		um_thread_start(&t[i], i, worker);
	while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < UM_THREADS)
		um_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	for (int i = 0; i < UM_THREADS; i++) {
		EXPECT_EQ(t[i].tid, where[i]);
		EXPECT(t[i].tid != getpid());
		EXPECT_EQ(0, um_syscall(SYS_tgkill, getpid(), t[i].tid, 0, 0, 0, 0));
		EXPECT_EQ(-ESRCH, um_syscall(SYS_tgkill, 1, t[i].tid, 0, 0, 0, 0));
		for (int j = 0; j < i; j++)
			EXPECT(t[i].tid != t[j].tid);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", t[i].tid);
		EXPECT_EQ(0, access(path, R_OK));
	}
	EXPECT_EQ(UM_THREADS + 1, um_proc_value("/proc/self/status", "Threads"));
	__atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
	um_futex_wake(&done, INT_MAX);
	for (int i = 0; i < UM_THREADS; i++) {
		um_thread_join(&t[i]);
		EXPECT_EQ(getpid(), t[i].result);
	}
	um_sleep_ms(50);
	EXPECT_EQ(1, um_proc_value("/proc/self/status", "Threads"));
	EXPECT_ERRNO(ECHILD, waitpid(-1, NULL, WNOHANG));
}

/* The first thread ends, and the process goes on: its status is that of the last one. */
static long
outlive(void *arg)
{
	(void)arg;
	um_sleep_ms(50);
	return 21;
}

static void
first_ends(void *arg)
{
	static struct um_thread t;

	(void)arg;
	um_thread_start(&t, 0, outlive);
	um_syscall(SYS_exit, 20, 0, 0, 0, 0, 0);
}

static long
group_exit(void *arg)
{
	(void)arg;
	um_syscall(SYS_exit_group, 22, 0, 0, 0, 0, 0);
	return 0;
}

static void
other_exits(void *arg)
{
	static struct um_thread t;

	(void)arg;
	um_thread_start(&t, 0, group_exit);
	for (;;)
		um_sleep_ms(1000);
}

static long
exec_self(void *arg)
{
	char *argv[] = {"clone_thread", "again", NULL, NULL};
	char pid[16];

	(void)arg;
	snprintf(pid, sizeof(pid), "%d", exec_pid);
	argv[2] = pid;
	execv("/proc/self/exe", argv);
	return 1;
}

/* The others die, and the one that is left has the number of the process. */
static void
exec_from_thread(void *arg)
{
	static struct um_thread sleeper, caller;

	(void)arg;
	exec_pid = getpid();
	um_thread_start(&sleeper, 0, worker);
	um_thread_start(&caller, 1, exec_self);
	for (;;)
		um_sleep_ms(1000);
}

static int
after_exec(const char *pid)
{
	EXPECT_EQ(atoi(pid), getpid());
	EXPECT_EQ(getpid(), um_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0));
	EXPECT_EQ(1, um_proc_value("/proc/self/status", "Threads"));
	return um_result() == 0 ? 23 : 1;
}

int
main(int argc, char **argv)
{
	if (argc > 2)
		return after_exec(argv[2]);
	numbers();
	EXPECT_EQ(21, um_status_of(first_ends, NULL));
	EXPECT_EQ(22, um_status_of(other_exits, NULL));
	EXPECT_EQ(23, um_status_of(exec_from_thread, NULL));
	return um_result();
}
