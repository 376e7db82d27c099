/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone: fork and vfork.
 *
 *      prepare (may fail, nobody sees it)                          commit (cannot fail)
 *      proc_create -> address space -> files -> thread, registers  proc_publish -> sched_ready
 *
 * The child's thread starts in child_start(), which leaves for user mode with a copy of the
 * parent's registers and a0 = 0.  A vfork child runs in its parent's space; the parent waits until
 * the child has another one, or none.
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
#include "kern/fs/vfs.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/uaccess.h"
#include "vm/vmspace.h"

/* What clone can do; of the rest some would need threads of one process, some namespaces. */
#define CLONE_KNOWN                                                                                \
	(CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_SETTLS | CLONE_PARENT_SETTID |               \
	    CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_DETACHED | CLONE_UNTRACED)

/* The first thing a child does.  arg: where in its memory it wants its pid, NULL: nowhere. */
static void
child_start(void *arg)
{
	int32_t tid = curuthread()->tid;

	if (arg != NULL)
		(void)!copyout((uint64_t)arg, &tid, sizeof(tid));
	md_user_enter();
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

static int
copy_files(struct proc *child, struct proc *parent, uint64_t flags)
{
	if ((flags & CLONE_FILES) != 0) {
		fdtable_ref(parent->fdtable);
		child->fdtable = parent->fdtable;
	} else {
		child->fdtable = fdtable_copy(parent->fdtable);
		if (child->fdtable == NULL)
			return ENOMEM;
	}
	spin_lock(&parent->lock);
	child->root = parent->root;
	child->cwd = parent->cwd;
	inode_ref(child->root);
	inode_ref(child->cwd);
	spin_unlock(&parent->lock);
	return 0;
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
	uint64_t set_tid = (args->flags & CLONE_CHILD_SETTID) != 0 ? args->child_tid : 0;
	struct uthread *t;
	int error = proc_create(parent, &child);

	if (error != 0)
		return error;
	child->exit_signal = args->exit_signal;
	error = copy_space(child, parent, args->flags);
	if (error == 0)
		error = copy_files(child, parent, args->flags);
	if (error == 0) {
		t = uthread_create(
		    child, child->pid, curthread()->name, child_start, (void *)set_tid);
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
	if ((args->flags & ~(uint64_t)(CLONE_KNOWN | CSIGNAL)) != 0)
		return EINVAL;
	return args->exit_signal < 0 || args->exit_signal >= NSIG ? EINVAL : 0;
}

/* The child uses our memory: stay out of it. */
static void
wait_for_vfork(struct proc *child)
{
	spin_lock(&proc_tree_lock);
	while (!child->vfork_done)
		(void)sleep_spin(&child->vfork_done, &proc_tree_lock, "vfork", 0, NO_DEADLINE);
	spin_unlock(&proc_tree_lock);
}

long
proc_clone(const struct clone_args *args)
{
	struct proc *child;
	struct uthread *t;
	int32_t pid;
	int error = check_args(args);

	if (error == 0)
		error = prepare_child(args, &child);
	if (error != 0)
		return -error;
	pid = child->pid;
	if ((args->flags & CLONE_PARENT_SETTID) != 0)
		(void)!copyout(args->parent_tid, &pid, sizeof(pid));
	t = first_thread(child);
	proc_ref(child);
	proc_publish(child, curproc());
	sched_ready(&t->td);
	if ((args->flags & CLONE_VFORK) != 0)
		wait_for_vfork(child);
	proc_unref(child);
	return pid;
}
