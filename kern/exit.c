/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of threads and processes, and waiting for it.
 *
 *      exit(2) of one thread ------------------> uthread_exit --last one--> process_end:
 *      exit_group, fatal signal -> proc_exit: all --'            memory, files go --> zombie
 *                                                        --wait--> reap: thread, pid, struct go
 *
 * A parent that ignores SIGCHLD (or says SA_NOCLDWAIT) does not wait: its children are unlinked at
 * once, and the scheduler's reaper frees the thread, which holds the last reference.  Orphans
 * belong to init.
 *
 * Lock order: proc_tree_lock, proc.lock.  The zombie becomes visible under the tree lock with
 * interrupts off, and they stay off until its thread has left its stack, so that whoever reaps it
 * spins only for the length of a switch.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fs/vfs.h"
#include "kern/futex.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/time.h"
#include "kern/tty.h"
#include "vm/vmspace.h"

/*
 * One thread.
 */

/* Every thread of p but t is to leave.  => p locked. */
static void
kill_others(struct proc *p, const struct uthread *t)
{
	LIST_FOREACH(link, &p->threads) {
		struct uthread *other = LIST_ENTRY(link, struct uthread, link);

		if (other != t)
			sleep_kill(&other->td);
	}
	signal_end_stop(p);
}

void
proc_begin_exit(struct proc *p, int status)
{
	KASSERT(spin_owned(&p->lock));
	if (p->exiting)
		return;
	p->exiting = true;
	p->exit_status = status;
	kill_others(p, NULL);
}

void
proc_exit(int status)
{
	struct proc *p = curproc();

	spin_lock(&p->lock);
	proc_begin_exit(p, status);
	spin_unlock(&p->lock);
	uthread_exit(status);
}

int
proc_single_thread(void)
{
	struct proc *p = curproc();
	struct uthread *t = curuthread();
	int error = 0;

	spin_lock(&p->lock);
	if (p->exiting || p->survivor != NULL) {
		spin_unlock(&p->lock);
		return EINTR;
	}
	p->survivor = t;
	kill_others(p, t);
	while (p->nthreads > 1 && error == 0)
		error = sleep_spin(&p->nthreads, &p->lock, "threads", SLEEP_KILL, NO_DEADLINE);
	p->survivor = NULL;
	spin_unlock(&p->lock);
	return error;
}

bool
proc_shares_memory(void)
{
	struct proc *p = curproc();

	return p->vmspace != NULL &&
	    (p->nthreads > 1 || __atomic_load_n(&p->vmspace->users, __ATOMIC_RELAXED) > 1);
}

/* Leave the process; what it used is added up there.  => true: it was the last thread. */
static bool
leave_process(struct proc *p, struct uthread *t, int status)
{
	bool last;

	spin_lock(&p->lock);
	last = --p->nthreads == 0;
	if (last && !p->exiting)
		p->exit_status = status;
	if (!last) {
		struct proc_usage u;

		uthread_get_usage(t, &u);
		proc_usage_add(&p->usage, &u);
		list_remove(&t->link);
		if (p->survivor != NULL)
			wakeup(&p->nthreads);
	}
	signal_flush(&t->pending);
	if (!last)
		signal_retarget(p, t, ~t->sigmask);
	spin_unlock(&p->lock);
	return last;
}

/*
 * The process.
 */

void
proc_vfork_done(struct proc *p)
{
	spin_lock(&proc_tree_lock);
	if (!p->vfork_done) {
		p->vfork_done = true;
		wakeup(&p->vfork_done);
	}
	spin_unlock(&proc_tree_lock);
}

void
proc_wake_parent(struct proc *p)
{
	KASSERT(spin_owned(&proc_tree_lock));
	if (p->parent != NULL)
		wakeup(&p->parent->children);
}

/* The first process is gone: so is the machine. */
static void NORETURN
init_died(int status)
{
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	if (WIFSIGNALED(status))
		klog(LOG_ERROR, "init was killed by signal %d: power off", WTERMSIG(status));
	else
		klog(LOG_ERROR, "init exited with status %d: power off", code);
	(void)vfs_sync();
	machine_poweroff(code);
}

struct orphan_search {
	int32_t pgid;
	bool stopped;
};

static void
note_stopped(struct proc *p, void *arg)
{
	struct orphan_search *s = arg;

	if (p->pgid == s->pgid && p->state == PROC_ALIVE && p->stop_signal != 0)
		s->stopped = true;
}

/* A group that has lost its last link to a shell, and is stopped, would stay so for ever.  => tree
 * locked; `parent` was the link of `member`, and is no more. */
static void
release_orphaned_group(const struct proc *member, const struct proc *parent)
{
	struct orphan_search s = {member->pgid, false};

	if (parent == NULL || parent->pgid == member->pgid || parent->sid != member->sid ||
	    !pgrp_is_orphaned_locked(member->pgid))
		return;
	proc_foreach_locked(note_stopped, &s);
	if (s.stopped) {
		signal_pgrp_locked(s.pgid, SIGHUP, NULL);
		signal_pgrp_locked(s.pgid, SIGCONT, NULL);
	}
}

/* The children become init's.  => tree locked. */
static void
give_away_children(struct proc *p)
{
	LIST_FOREACH_SAFE(link, &p->children) {
		struct proc *child = LIST_ENTRY(link, struct proc, sibling);

		list_remove(link);
		list_push_back(&init_proc->children, link);
		child->parent = init_proc;
		__atomic_store_n(&child->ppid, init_proc->pid, __ATOMIC_RELAXED);
		child->exit_signal = SIGCHLD;
		if (child->state == PROC_ZOMBIE) {
			wakeup(&init_proc->children);
			(void)signal_proc_locked(init_proc, SIGCHLD, NULL);
		} else {
			release_orphaned_group(child, p);
		}
	}
}

static bool
parent_does_not_wait(const struct proc *p)
{
	struct sigaction act = signal_action(p->parent, SIGCHLD);

	return p->exit_signal == SIGCHLD &&
	    (act.sa_handler == SIG_IGN || (act.sa_flags & SA_NOCLDWAIT) != 0);
}

static void
tell_parent(struct proc *p, uint32_t uid)
{
	siginfo_t info = {.si_signo = p->exit_signal};

	proc_wake_parent(p);
	/* clone takes any number below 256. */
	if (p->exit_signal == 0 || p->exit_signal >= NSIG)
		return;
	info.si_code = WIFSIGNALED(p->exit_status) ? CLD_KILLED : CLD_EXITED;
	info.si_status =
	    WIFSIGNALED(p->exit_status) ? WTERMSIG(p->exit_status) : WEXITSTATUS(p->exit_status);
	info.si_pid = p->pid;
	info.si_uid = uid;
	(void)signal_proc_locked(p->parent, p->exit_signal, &info);
}

/* The last thread: what the process had goes back, and only its status stays. */
static void NORETURN
process_end(struct proc *p)
{
	uint32_t uid = curuthread()->cred.ruid;
	struct proc_usage u;
	bool reaped;

	if (p == init_proc)
		init_died(p->exit_status);
	itimer_free(p);
	proc_get_usage(p, &u); /* notes how much memory it had */
	proc_release_resources(p);
	proc_vfork_done(p);
	if (p->sid == p->pid)
		tty_leader_exit(p->sid);

	intr_push_off();
	spin_lock(&proc_tree_lock);
	p->state = PROC_ZOMBIE;
	give_away_children(p);
	release_orphaned_group(p, p->parent);
	reaped = parent_does_not_wait(p);
	tell_parent(p, uid);
	if (reaped)
		proc_unlink(p);
	spin_unlock(&proc_tree_lock);
	if (!reaped)
		thread_exit_kept();
	intr_pop_off();
	proc_unref(p);
	thread_exit();
}

void
uthread_exit(int status)
{
	struct proc *p = curproc();
	struct uthread *t = curuthread();

	futex_leave_space(t, proc_shares_memory());
	/* Once we are not counted, others may free the page table. */
	thread_set_pmap(NULL);
	if (leave_process(p, t, status))
		process_end(p);
	signal_check_stop(p);
	thread_exit();
}

/*
 * Waiting.
 */

static bool
wait_matches(const struct wait_query *q, const struct proc *child)
{
	switch (q->kind) {
	case P_PID:
		return child->pid == q->id;
	case P_PGID:
		return child->pgid == q->id;
	default:
		return true;
	}
}

/* Has the child something to report?  => tree locked; fills in r->status. */
static bool
wait_ready(const struct wait_query *q, struct proc *child, struct wait_result *r)
{
	bool keep = (q->options & WNOWAIT) != 0, ready = true;

	if (child->state == PROC_ZOMBIE) {
		r->status = child->exit_status;
		return (q->options & WEXITED) != 0;
	}
	spin_lock(&child->lock);
	if ((q->options & WSTOPPED) != 0 && child->wait_stopped) {
		r->status = W_STOPCODE(child->stop_signal);
		child->wait_stopped = keep;
	} else if ((q->options & WCONTINUED) != 0 && child->wait_continued) {
		r->status = 0xffff;
		child->wait_continued = keep;
	} else {
		ready = false;
	}
	spin_unlock(&child->lock);
	return ready;
}

static void
wait_report(struct proc *child, struct wait_result *r)
{
	struct proc_usage u;

	proc_get_usage(child, &u);
	proc_usage_add(&u, &child->children_usage);
	proc_usage_to_rusage(&u, &r->usage);
	r->pid = child->pid;
	spin_lock(&child->lock);
	r->uid = list_empty(&child->threads) ? 0 : first_thread(child)->cred.ruid;
	spin_unlock(&child->lock);
}

/* Free a zombie that has been unlinked. */
static void
reap(struct proc *p)
{
	struct uthread *t = first_thread(p);

	thread_wait_dead(&t->td);
	uthread_free(t);
	proc_unref(p);
}

/* Look once.  => tree locked; *child: the one that has something to report.  ECHILD: there is
 * nobody to wait for. */
static int
wait_scan(const struct wait_query *q, struct wait_result *r, struct proc **childp)
{
	struct proc *p = curproc();
	int error = ECHILD;

	*childp = NULL;
	LIST_FOREACH(link, &p->children) {
		struct proc *child = LIST_ENTRY(link, struct proc, sibling);

		if (!wait_matches(q, child))
			continue;
		error = 0;
		if (wait_ready(q, child, r)) {
			*childp = child;
			break;
		}
	}
	return error;
}

int
proc_wait(const struct wait_query *q, struct wait_result *r)
{
	struct proc *p = curproc(), *child;
	bool take;
	int error;

	memset(r, 0, sizeof(*r));
	spin_lock(&proc_tree_lock);
	for (;;) {
		error = wait_scan(q, r, &child);
		if (error != 0 || child != NULL || (q->options & WNOHANG) != 0)
			break;
		error = sleep_spin(&p->children, &proc_tree_lock, "wait", SLEEP_INTR, NO_DEADLINE);
		if (error != 0) {
			error = ERESTARTSYS;
			break;
		}
	}
	if (error != 0 || child == NULL) {
		spin_unlock(&proc_tree_lock);
		return error;
	}
	wait_report(child, r);
	take = child->state == PROC_ZOMBIE && (q->options & WNOWAIT) == 0;
	if (take) {
		struct proc_usage u;

		proc_get_usage(child, &u);
		proc_usage_add(&p->children_usage, &u);
		proc_usage_add(&p->children_usage, &child->children_usage);
		proc_unlink(child);
	}
	spin_unlock(&proc_tree_lock);
	if (take)
		reap(child);
	return 0;
}
