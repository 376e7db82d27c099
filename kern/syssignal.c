/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls about signals.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "arch/riscv/cpu.h"
#include "kern/base/sleep.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/time.h"
#include "kern/uaccess.h"

static bool
bad_signal(int sig)
{
	return sig < 0 || sig >= NSIG;
}

/* May the caller send sig to p?  => tree lock held. */
static bool
may_signal(struct proc *p, int sig)
{
	const struct cred *me = &curuthread()->cred;
	bool allowed = false;

	if (me->euid == 0 || p == curproc() || (sig == SIGCONT && p->sid == curproc()->sid))
		return true;
	spin_lock(&p->lock);
	if (!list_empty(&p->threads)) {
		const struct cred *c = &first_thread(p)->cred;

		allowed = me->euid == c->ruid || me->euid == c->suid || me->ruid == c->ruid ||
		    me->ruid == c->suid;
	}
	spin_unlock(&p->lock);
	return allowed;
}

static siginfo_t
info_from_user(int sig, int code)
{
	siginfo_t info = {.si_signo = sig, .si_code = code};

	info.si_pid = curproc()->pid;
	info.si_uid = curuthread()->cred.ruid;
	return info;
}

/* kill() of several processes. */
struct kill_request {
	int32_t pgid; /* 0: everybody but init and the caller */
	int sig;
	const siginfo_t *info;
	unsigned found, sent;
};

static void
kill_if_meant(struct proc *p, void *arg)
{
	struct kill_request *k = arg;

	if (k->pgid != 0 ? p->pgid != k->pgid : p == init_proc || p == curproc())
		return;
	k->found++;
	if (!may_signal(p, k->sig))
		return;
	k->sent++;
	if (k->sig != 0 && !bad_signal(k->sig))
		(void)signal_proc_locked(p, k->sig, k->info);
}

static int
kill_many(int32_t pgid, int sig, const siginfo_t *info)
{
	struct kill_request k = {.pgid = pgid, .sig = sig, .info = info};

	proc_foreach(kill_if_meant, &k);
	if (k.found == 0)
		return ESRCH;
	if (bad_signal(sig))
		return EINVAL;
	return k.sent == 0 ? EPERM : 0;
}

static int
kill_one(int32_t pid, int sig, const siginfo_t *info)
{
	struct proc *p = proc_find(pid);
	int error = 0;

	if (p == NULL)
		return ESRCH;
	spin_lock(&proc_tree_lock);
	if (bad_signal(sig))
		error = EINVAL;
	else if (!may_signal(p, sig))
		error = EPERM;
	else if (sig != 0)
		error = signal_proc_locked(p, sig, info);
	spin_unlock(&proc_tree_lock);
	proc_unref(p);
	return error;
}

long
sys_kill(const struct syscall_args *args)
{
	int32_t pid = (int32_t)args->a[0];
	int sig = (int)args->a[1];
	siginfo_t info;

	info = info_from_user(sig, SI_USER);
	if (pid > 0)
		return -kill_one(pid, sig, &info);
	if (pid == INT_MIN)
		return -ESRCH;
	return -kill_many(pid == 0 ? curproc()->pgid : pid == -1 ? 0 : -pid, sig, &info);
}

/* To thread tid; tgid: of that process, 0: whosever it is. */
static int
kill_thread(int32_t tgid, int32_t tid, int sig, const siginfo_t *info)
{
	struct proc *p = tgid != 0 ? proc_find(tgid) : proc_find_thread(tid);
	int error;

	if (p == NULL)
		return ESRCH;
	spin_lock(&proc_tree_lock);
	error = may_signal(p, sig) ? 0 : EPERM;
	spin_unlock(&proc_tree_lock);
	if (error == 0)
		error = signal_thread(p, tid, bad_signal(sig) ? 0 : sig, info);
	if (error == 0 && bad_signal(sig))
		error = EINVAL;
	proc_unref(p);
	return error;
}

long
sys_tkill(const struct syscall_args *args)
{
	siginfo_t info = info_from_user((int)args->a[1], SI_TKILL);

	if ((int32_t)args->a[0] <= 0)
		return -EINVAL;
	return -kill_thread(0, (int32_t)args->a[0], info.si_signo, &info);
}

long
sys_tgkill(const struct syscall_args *args)
{
	siginfo_t info = info_from_user((int)args->a[2], SI_TKILL);

	if ((int32_t)args->a[0] <= 0 || (int32_t)args->a[1] <= 0)
		return -EINVAL;
	return -kill_thread((int32_t)args->a[0], (int32_t)args->a[1], info.si_signo, &info);
}

/* A siginfo made by a program: it may not pretend to come from the kernel or from kill(), but to
 * itself. */
static int
fetch_info(siginfo_t *info, uint64_t user, int32_t pid, int sig)
{
	int error = copyin(info, user, sizeof(*info));

	if (error != 0)
		return error;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && pid != curproc()->pid)
		return EPERM;
	info->si_signo = sig;
	return 0;
}

long
sys_rt_sigqueueinfo(const struct syscall_args *args)
{
	int32_t pid = (int32_t)args->a[0];
	siginfo_t info;
	int error = fetch_info(&info, args->a[2], pid, (int)args->a[1]);

	return error != 0 ? -error : -kill_one(pid, info.si_signo, &info);
}

long
sys_rt_tgsigqueueinfo(const struct syscall_args *args)
{
	int32_t tgid = (int32_t)args->a[0], tid = (int32_t)args->a[1];
	siginfo_t info;
	int error;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	error = fetch_info(&info, args->a[3], tgid, (int)args->a[2]);
	return error != 0 ? -error : -kill_thread(tgid, tid, info.si_signo, &info);
}

/*
 * Actions and masks.
 */

/* A handler that ignores the signal lets go of what is pending.  => p locked. */
static void
drop_if_ignored(struct proc *p, int sig)
{
	sighandler_t handler = signal_handler(p, sig);
	bool ignored = handler == SIG_IGN ||
	    (handler == SIG_DFL &&
		(sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH));

	if (!ignored)
		return;
	signal_discard(&p->pending, SIGMASK(sig));
	LIST_FOREACH(link, &p->threads)
		signal_discard(&LIST_ENTRY(link, struct uthread, link)->pending, SIGMASK(sig));
}

long
sys_rt_sigaction(const struct syscall_args *args)
{
	struct proc *p = curproc();
	int sig = (int)args->a[0], error = 0;
	struct sigaction new = {.sa_mask = 0}, old;

	if (args->a[3] != sizeof(sigset_t) || sig < 1 || sig >= NSIG)
		return -EINVAL;
	if (args->a[1] != 0) {
		if (sig == SIGKILL || sig == SIGSTOP)
			return -EINVAL;
		error = copyin(&new, args->a[1], sizeof(new));
		if (error != 0)
			return -error;
	}
	new.sa_mask &= ~SIG_UNBLOCKABLE;
	spin_lock(&p->lock);
	if (args->a[1] == 0) {
		old = signal_action(p, sig);
	} else {
		error = signal_change_action(p, sig, &new, &old);
		if (error == 0)
			drop_if_ignored(p, sig);
	}
	spin_unlock(&p->lock);
	if (error == 0 && args->a[2] != 0)
		error = copyout(args->a[2], &old, sizeof(old));
	return -error;
}

long
sys_rt_sigprocmask(const struct syscall_args *args)
{
	int how = (int)args->a[0], error = 0;
	sigset_t old = curuthread()->sigmask, set;

	if (args->a[3] != sizeof(sigset_t))
		return -EINVAL;
	if (args->a[1] != 0) {
		error = copyin(&set, args->a[1], sizeof(set));
		if (error != 0)
			return -error;
		if (how == SIG_BLOCK)
			set = old | set;
		else if (how == SIG_UNBLOCK)
			set = old & ~set;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		signal_set_mask(set);
	}
	if (args->a[2] != 0)
		error = copyout(args->a[2], &old, sizeof(old));
	return -error;
}

long
sys_rt_sigpending(const struct syscall_args *args)
{
	struct proc *p = curproc();
	struct uthread *t = curuthread();
	sigset_t set;

	if (args->a[1] > sizeof(set))
		return -EINVAL;
	spin_lock(&p->lock);
	set = (p->pending.set | t->pending.set) & t->sigmask;
	spin_unlock(&p->lock);
	return -copyout(args->a[0], &set, args->a[1]);
}

long
sys_rt_sigsuspend(const struct syscall_args *args)
{
	static const char channel; /* nobody wakes it: only a signal ends this */
	sigset_t mask;
	int error;

	if (args->a[1] != sizeof(mask))
		return -EINVAL;
	error = copyin(&mask, args->a[0], sizeof(mask));
	if (error != 0)
		return -error;
	signal_set_temporary_mask(mask);
	sleep_prepare(&channel, "sigsuspend");
	(void)sleep_wait(SLEEP_INTR, NO_DEADLINE);
	return -ERESTARTNOHAND;
}

/* Take a signal of the set, waiting for one until the deadline.  => returns its number, or a
 * negative errno. */
static int
take_or_wait(sigset_t set, siginfo_t *info, uint64_t deadline)
{
	struct proc *p = curproc();
	struct uthread *t = curuthread();
	int error = 0, sig;

	spin_lock(&p->lock);
	for (;;) {
		sig = signal_take(p, t, set, info);
		signal_recalc(p, t);
		if (sig != 0 || error != 0 || deadline == 0)
			break;
		t->waiting_for = set;
		error = sleep_spin(&t->waiting_for, &p->lock, "sigwait", SLEEP_INTR, deadline);
		t->waiting_for = 0;
	}
	spin_unlock(&p->lock);
	if (sig != 0)
		return sig;
	return error == EINTR ? -EINTR : -EAGAIN;
}

long
sys_rt_sigtimedwait(const struct syscall_args *args)
{
	uint64_t deadline = NO_DEADLINE, ns;
	struct timespec ts;
	siginfo_t info;
	sigset_t set;
	int error, sig;

	if (args->a[3] != sizeof(set))
		return -EINVAL;
	error = copyin(&set, args->a[0], sizeof(set));
	if (error == 0 && args->a[2] != 0) {
		error = copyin(&ts, args->a[2], sizeof(ts));
		if (error == 0 && !timespec_to_ns(&ts, &ns))
			error = EINVAL;
		if (error == 0)
			deadline = ns == 0 ? 0 : clock_mono_ns() + ns;
	}
	if (error != 0)
		return -error;
	sig = take_or_wait(set & ~SIG_UNBLOCKABLE, &info, deadline);
	if (sig > 0 && args->a[1] != 0 && copyout(args->a[1], &info, sizeof(info)) != 0)
		return -EFAULT;
	return sig;
}

/*
 * Frames and stacks.
 */

long
sys_rt_sigreturn(const struct syscall_args *args)
{
	struct trapframe *tf = md_trapframe(&curthread()->md);

	(void)args;
	if (signal_return(tf) != 0)
		signal_fault(SIGSEGV, SI_KERNEL, tf->sp);
	return (long)tf->a0;
}

/* Calls that go on after a stop are simply run again (kern/signal.c), so there never is one waiting
 * for this. */
long
sys_restart_syscall(const struct syscall_args *args)
{
	(void)args;
	return -EINTR;
}

static int
set_altstack(struct uthread *t, const stack_t *new)
{
	int mode = new->ss_flags & ~SS_AUTODISARM;

	if ((mode & ~SS_ONSTACK) == SS_DISABLE) {
		t->altstack = (stack_t){.ss_flags = SS_DISABLE};
		return 0;
	}
	if (mode != 0 && mode != SS_ONSTACK)
		return EINVAL;
	if (new->ss_size < MINSIGSTKSZ)
		return ENOMEM;
	t->altstack = *new;
	t->altstack.ss_flags &= SS_AUTODISARM;
	return 0;
}

long
sys_sigaltstack(const struct syscall_args *args)
{
	struct uthread *t = curuthread();
	int state = signal_altstack_state(t, md_trapframe(&t->td.md)->sp), error = 0;
	stack_t old = t->altstack, new;

	old.ss_flags |= state;
	if (args->a[0] != 0) {
		error = copyin(&new, args->a[0], sizeof(new));
		if (error == 0)
			error = state == SS_ONSTACK ? EPERM : set_altstack(t, &new);
	}
	if (error == 0 && args->a[1] != 0)
		error = copyout(args->a[1], &old, sizeof(old));
	return -error;
}
