/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals to one thread. */
#include <errno.h>
#include <unistd.h>

#include "lib/libc/thread.h"

int
pthread_sigmask(int how, const sigset_t *new, sigset_t *old)
{
	return -__call(SYS_rt_sigprocmask, how, (long)new, (long)old, sizeof(sigset_t), 0, 0);
}

/*
 * While kill_lock is held the thread cannot end, so its id is not another thread's. Signals wait
 * meanwhile: a handler that sends one to the same thread would wait for us.
 * => a thread that has ended but is not joined yet exists, and takes the signal nowhere.
 */
int
pthread_kill(pthread_t t, int sig)
{
	sigset_t all = ~0UL, mask;
	int error = 0;

	if (sig < 0 || sig >= NSIG)
		return EINVAL;
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	__word_lock(&t->kill_lock, false, NULL);
	if (!t->gone)
		error =
		    -__call(SYS_tgkill, getpid(), t->tid != 0 ? t->tid : gettid(), sig, 0, 0, 0);
	__word_unlock(&t->kill_lock, false);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return error;
}
