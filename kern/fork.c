/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone: fork, vfork and threads.
 *
 *      prepare (may fail, nobody sees it)                          commit (cannot fail)
 *      proc_create -> address space -> files -> thread, registers  proc_publish -> sched_ready
 *
 * A thread needs less: uthread_alloc -> registers -> uthread_join -> sched_ready.
 *
 * The child's thread starts in child_start(), which leaves for user mode with a copy of the
 * parent's registers and a0 = 0.  A vfork child runs in its parent's space; the parent waits until
 * the child has another one, or none, or the parent itself is to exit.
 *
 * Lock order: one proc.lock at a time, for reading the parent; memory is copied with none.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>

#include "arch/riscv/cpu.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fdtable.h"
#include "kern/fsdirs.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/uaccess.h"
#include "vm/vmspace.h"

/* What clone can do.  Of the rest, some is about namespaces, some about tracers and descriptors of
 * processes. */
#define CLONE_KNOWN                                                                                \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_THREAD |          \
	    CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |            \
	    CLONE_CHILD_SETTID | CLONE_DETACHED | CLONE_UNTRACED | CLONE_IO)
/* Threads of one process share all that belongs to the process. */
#define CLONE_THREAD_NEEDS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

/* The first thing a child does.  arg: where in its memory it wants its pid, NULL: nowhere. */
static void
child_start(void *arg)
{
	int32_t tid = curuthread()->tid;

	if (arg != NULL)
		(void)!copyout((uint64_t)arg, &tid, sizeof(tid));
	md_user_enter();
}

/* The argument of child_start(). */
static void *
child_tid_address(const struct clone_args *args)
{
	return (args->flags & CLONE_CHILD_SETTID) != 0 ? (void *)args->child_tid : NULL;
}

static int
copy_space(struct proc *child, struct proc *parent, uint64_t flags)
{
	if ((flags & CLONE_VM) != 0) {
		vmspace_ref(parent->vmspace);
		child->vmspace = parent->vmspace;
		return 0;
	}
	return vmspace_fork(parent->vmspace, &child->vmspace);
}

/* Descriptors, and where in the file system it is. */
static int
copy_files(struct proc *child, struct proc *parent, uint64_t flags)
{
	if ((flags & CLONE_FILES) != 0) {
		fdtable_ref(parent->fdtable);
		child->fdtable = parent->fdtable;
	} else {
		child->fdtable = fdtable_copy(parent->fdtable);
	}
	if ((flags & CLONE_FS) != 0) {
		fsdirs_ref(parent->dirs);
		child->dirs = parent->dirs;
	} else {
		child->dirs = fsdirs_copy(parent->dirs);
	}
	return child->fdtable != NULL && child->dirs != NULL ? 0 : ENOMEM;
}

/* The child has a copy of its parent's actions so far. */
static void
share_actions(struct proc *child, struct proc *parent, uint64_t flags)
{
	if ((flags & CLONE_SIGHAND) == 0)
		return;
	sigactions_unref(child->actions);
	child->actions = parent->actions;
	__atomic_fetch_add(&child->actions->refs, 1, __ATOMIC_RELAXED);
}

/* What the new thread has of the one that clones. */
static void
copy_thread(struct uthread *t, struct uthread *from, const struct clone_args *args)
{
	struct trapframe *tf;

	md_thread_fork(&from->td.md, &t->td.md);
	tf = md_trapframe(&t->td.md);
	tf->a0 = 0;
	if (args->stack != 0)
		tf->sp = args->stack;
	if ((args->flags & CLONE_SETTLS) != 0)
		tf->tp = args->tls;
	t->cred = from->cred;
	cred_groups_ref(t->cred.groups);
	t->sigmask = from->sigmask;
	t->td.affinity = from->td.affinity;
	if ((args->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM)
		t->altstack = from->altstack;
	if ((args->flags & CLONE_CHILD_CLEARTID) != 0)
		t->clear_child_tid = args->child_tid;
}

/* A complete child that nobody knows of yet. */
static int
prepare_child(const struct clone_args *args, struct proc **childp)
{
	struct proc *parent = curproc(), *child;
	struct uthread *t;
	int error = proc_create(parent, &child);

	if (error != 0)
		return error;
	child->exit_signal = args->exit_signal;
	share_actions(child, parent, args->flags);
	error = copy_space(child, parent, args->flags);
	if (error == 0)
		error = copy_files(child, parent, args->flags);
	if (error == 0) {
		t = uthread_create(
		    child, child->pid, curthread()->name, child_start, child_tid_address(args));
		if (t == NULL)
			error = ENOMEM;
	}
	if (error != 0) {
		proc_abandon(child);
		return error;
	}
	copy_thread(t, curuthread(), args);
	t->td.pmap = child->vmspace->map.pmap;
	*childp = child;
	return 0;
}

static int
check_args(const struct clone_args *args)
{
	uint64_t flags = args->flags;

	if ((flags & ~(uint64_t)CLONE_KNOWN) != 0)
		return EINVAL;
	if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0)
		return EINVAL;
	if ((flags & CLONE_THREAD) == 0)
		return 0;
	if ((flags & CLONE_THREAD_NEEDS) != CLONE_THREAD_NEEDS)
		return EINVAL;
	return (flags & CLONE_VFORK) != 0 ? EINVAL : 0;
}

/* The child uses our memory: stay out of it, unless we are to exit. */
static void
wait_for_vfork(struct proc *child)
{
	int error = 0;

	spin_lock(&proc_tree_lock);
	while (!child->vfork_done && error == 0)
		error = sleep_spin(
		    &child->vfork_done, &proc_tree_lock, "vfork", SLEEP_KILL, NO_DEADLINE);
	spin_unlock(&proc_tree_lock);
}

/* Where the parent wants to know the number of its child, before that runs. */
static void
set_parent_tid(const struct clone_args *args, int32_t tid)
{
	if ((args->flags & CLONE_PARENT_SETTID) != 0)
		(void)!copyout(args->parent_tid, &tid, sizeof(tid));
}

static long
clone_process(const struct clone_args *args)
{
	struct proc *child;
	struct uthread *t;
	int32_t pid;
	int error = prepare_child(args, &child);

	if (error != 0)
		return -error;
	pid = child->pid;
	set_parent_tid(args, pid);
	t = first_thread(child);
	proc_ref(child);
	if (!proc_publish(child, curproc())) {
		proc_abandon(child);
		proc_unref(child);
		return -EINTR;
	}
	sched_ready(&t->td);
	if ((args->flags & CLONE_VFORK) != 0)
		wait_for_vfork(child);
	proc_unref(child);
	return pid;
}

/* One thread more of this process. */
static long
clone_thread(const struct clone_args *args)
{
	struct proc *p = curproc();
	int32_t tid = proc_too_many(p) ? 0 : pid_alloc();
	struct uthread *t;

	if (tid == 0)
		return -EAGAIN;
	t = uthread_alloc(p, tid, curthread()->name, child_start, child_tid_address(args));
	if (t == NULL) {
		pid_free(tid);
		return -ENOMEM;
	}
	copy_thread(t, curuthread(), args);
	t->td.pmap = p->vmspace->map.pmap;
	set_parent_tid(args, tid);
	if (uthread_join(t) != 0) {
		uthread_free(t);
		return -EINTR;
	}
	sched_ready(&t->td);
	return tid;
}

long
proc_clone(const struct clone_args *args)
{
	int error = check_args(args);

	if (error != 0)
		return -error;
	return (args->flags & CLONE_THREAD) != 0 ? clone_thread(args) : clone_process(args);
}
