/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork(), and what must be in order when it copies the memory of a process with threads: the child
 * has only the thread that called, so no other may be inside malloc() or another locked part of the
 * library, where nobody in the child could ever bring it out. With one thread there is nobody to
 * wait for, and fork() takes no lock: it may be called by a signal handler.
 */
#include <errno.h>
#include <unistd.h>

#include "lib/libc/thread.h"

static void
become_only_thread(void)
{
	struct pthread *self = __self();

	__locks_reset();
	if (__streams_after_fork != NULL)
		__streams_after_fork();
	__atomic_store_n(&__thread_count, 1, __ATOMIC_RELAXED);
	self->kill_lock = 0;
	if (__leaving != self)
		__leaving = NULL;
	if (self->tid != 0)
		self->tid = __call(SYS_set_tid_address, (long)&self->tid, 0, 0, 0, 0, 0);
}

pid_t
fork(void)
{
	bool threads;
	pid_t pid;

	if (__atfork_run != NULL)
		__atfork_run('p');
	threads = __atomic_load_n(&__thread_count, __ATOMIC_RELAXED) > 1;
	if (threads)
		__lock_all();
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		become_only_thread();
	else if (threads)
		__unlock_all();
	if (__atfork_run != NULL)
		__atfork_run(pid == 0 ? 'c' : 'P');
	return pid;
}
