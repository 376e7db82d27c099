/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals. The kernel wants to know the size of a sigset: 8 bytes. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int
kill(pid_t pid, int sig)
{
	return syscall(SYS_kill, pid, sig);
}

int
killpg(pid_t pgrp, int sig)
{
	if (pgrp < 0) {
		errno = EINVAL;
		return -1;
	}
	return kill(-pgrp, sig);
}

int
raise(int sig)
{
	return syscall(SYS_tgkill, getpid(), gettid(), sig);
}

/*
 * The kernel takes and gives the 24 bytes of struct sigaction. qemu-riscv64 (7.2), under which
 * programs are tested on the host, believes that the mask comes a word later: with the mask in both
 * places it does not matter.
 */
int
sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
	struct {
		struct sigaction action;
		sigset_t again;
	} in, out;

	if (new != NULL) {
		in.action = *new;
		in.again = new->sa_mask;
	}
	if (syscall(SYS_rt_sigaction, sig, new != NULL ? &in : NULL, old != NULL ? &out : NULL,
		sizeof(sigset_t)) < 0)
		return -1;
	if (old != NULL)
		*old = out.action;
	return 0;
}

/* As in BSD: the handler stays, and interrupted calls go on. */
sighandler_t
signal(int sig, sighandler_t handler)
{
	struct sigaction new = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;

	return sigaction(sig, &new, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int
sigprocmask(int how, const sigset_t *new, sigset_t *old)
{
	return syscall(SYS_rt_sigprocmask, how, new, old, sizeof(sigset_t));
}

int
sigpending(sigset_t *set)
{
	return syscall(SYS_rt_sigpending, set, sizeof(sigset_t));
}

int
sigsuspend(const sigset_t *mask)
{
	return syscall(SYS_rt_sigsuspend, mask, sizeof(sigset_t));
}

int
pause(void)
{
	return syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

int
sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	return syscall(SYS_rt_sigtimedwait, set, info, timeout, sizeof(sigset_t));
}

int
sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	return sigtimedwait(set, info, NULL);
}

/* => returns the error instead of setting errno. */
int
sigwait(const sigset_t *set, int *sig)
{
	int n;

	do
		n = sigwaitinfo(set, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	*sig = n;
	return 0;
}

int
sigqueue(pid_t pid, int sig, const union sigval value)
{
	siginfo_t info = {.si_signo = sig, .si_code = SI_QUEUE};

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = value;
	return syscall(SYS_rt_sigqueueinfo, pid, sig, &info);
}

int
sigaltstack(const stack_t *new, stack_t *old)
{
	return syscall(SYS_sigaltstack, new, old);
}

int
sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

int
sigfillset(sigset_t *set)
{
	*set = ~0UL;
	return 0;
}

/* => 0 and EINVAL if there is no such signal. */
static sigset_t
bit(int sig)
{
	if (sig >= 1 && sig < NSIG)
		return 1UL << (sig - 1);
	errno = EINVAL;
	return 0;
}

int
sigaddset(sigset_t *set, int sig)
{
	*set |= bit(sig);
	return bit(sig) != 0 ? 0 : -1;
}

int
sigdelset(sigset_t *set, int sig)
{
	*set &= ~bit(sig);
	return bit(sig) != 0 ? 0 : -1;
}

int
sigismember(const sigset_t *set, int sig)
{
	return bit(sig) != 0 ? (*set & bit(sig)) != 0 : -1;
}
