/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debugger's view of processes, threads and locks.
 *
 * Processes are found by the list that proc.c keeps; the kernel's own threads are in no list of
 * their own, so they are looked for where threads can be: on a hart, on a run queue, asleep.
 */
#include <string.h>

#include "arch/riscv/debug.h"
#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "kern/ddb_command.h"
#include "kern/proc.h"
#include "lib/minmax.h"

#define BT_MAX 32u

struct visit {
	void (*fn)(struct thread *td, void *arg);
	void *arg;
};

static void
visit_process(struct proc *p, void *arg)
{
	const struct visit *v = arg;
	unsigned n = 0;

	for (struct list *l = p->threads.next; l != &p->threads && n < DDB_MANY; l = l->next, n++)
		v->fn(&LIST_ENTRY(l, struct uthread, link)->td, v->arg);
}

static void
visit_kernel_thread(struct thread *td, void *arg)
{
	const struct visit *v = arg;

	if (td->proc == NULL)
		v->fn(td, v->arg);
}

static struct thread *
running_on(unsigned hart)
{
	if (hart == cpu_id())
		return curthread();
	return (struct thread *)(uintptr_t)debug_paused_thread(hart);
}

/* Threads without a process: running, idle, waiting for a hart, asleep. */
static void
foreach_kernel_thread(const struct visit *v)
{
	struct visit copy = *v;

	for (unsigned hart = 0; hart < machine.nhart; hart++) {
		struct thread *td = running_on(hart);

		v->fn(&boot_thread[hart], v->arg);
		if (td != NULL && td != &boot_thread[hart])
			visit_kernel_thread(td, &copy);
	}
	sched_foreach_queued(visit_kernel_thread, &copy);
	sleep_foreach(visit_kernel_thread, &copy);
}

static void
foreach_thread(void (*fn)(struct thread *td, void *arg), void *arg)
{
	struct visit v = {fn, arg};

	ddb_warn_locked(proc_tree_lock.locked != 0, "the process table");
	proc_foreach_unlocked(visit_process, &v);
	foreach_kernel_thread(&v);
}

struct proc *
ddb_current_proc(void)
{
	return curthread()->proc;
}

struct find_pid {
	uint64_t pid;
	struct proc *found;
};

static void
match_pid(struct proc *p, void *arg)
{
	struct find_pid *f = arg;

	if ((uint64_t)p->pid == f->pid)
		f->found = p;
}

struct proc *
ddb_find_proc(uint64_t pid)
{
	struct find_pid f = {pid, NULL};

	proc_foreach_unlocked(match_pid, &f);
	if (f.found == NULL)
		kprintf("ddb: no process %lu\n", pid);
	return f.found;
}

struct vmspace *
ddb_find_vmspace(uint64_t pid)
{
	struct proc *p = ddb_find_proc(pid);

	if (p != NULL && p->vmspace == NULL)
		kprintf("ddb: process %lu has no address space any more\n", pid);
	return p != NULL ? p->vmspace : NULL;
}

/*
 * ps
 */
static const char *
state_name(const struct thread *td)
{
	static const char *const names[] = {
	    [THREAD_NEW] = "new",
	    [THREAD_RUNNING] = "running",
	    [THREAD_RUNNABLE] = "ready",
	    [THREAD_SLEEPING] = "sleeping",
	    [THREAD_DEAD] = "dead",
	};
	enum thread_state state = thread_state(td);

	return state < NELEM(names) ? names[state] : "?";
}

static void
print_thread(const struct thread *td, int32_t tid)
{
	kprintf("%6d %18p %-8s hart %u  %-15.15s", tid, (const void *)td, state_name(td), td->hart,
	    td->name);
	if (td->wchan != NULL)
		kprintf(" %s %p", td->why != NULL ? td->why : "?", td->wchan);
	kprintf("\n");
}

static void
print_process(struct proc *p, void *arg)
{
	unsigned n = 0;

	(void)arg;
	kprintf("%5d %5d %5d %c", p->pid, p->ppid, p->pgid,
	    p->state == PROC_ZOMBIE   ? 'Z'
		: p->stop_signal != 0 ? 'T'
		: p->lock.locked != 0 ? 'L'
				      : ' ');
	for (struct list *l = p->threads.next; l != &p->threads && n < DDB_MANY; l = l->next, n++) {
		const struct uthread *t = LIST_ENTRY(l, struct uthread, link);

		kprintf(n > 0 ? "%19s" : "%s", "");
		print_thread(&t->td, t->tid);
	}
	if (n == 0)
		kprintf("\n");
}

static void
print_kernel_thread(struct thread *td, void *arg)
{
	(void)arg;
	kprintf("%19s", "");
	print_thread(td, 0);
}

void
ddb_ps(const struct ddb_args *a)
{
	struct visit v = {print_kernel_thread, NULL};

	(void)a;
	ddb_warn_locked(proc_tree_lock.locked != 0, "the process table");
	kprintf("%5s %5s %5s  %7s %18s %-8s        %-15s waits for\n", "PID", "PPID", "PGRP", "TID",
	    "thread", "state", "name");
	proc_foreach_unlocked(print_process, NULL);
	foreach_kernel_thread(&v);
}

/*
 * bt
 */
struct find_tid {
	uint64_t tid;
	struct thread *found;
};

static void
match_tid(struct thread *td, void *arg)
{
	struct find_tid *f = arg;

	if (td->proc != NULL && (uint64_t)thread_uthread(td)->tid == f->tid)
		f->found = td;
}

void
ddb_bt(const struct ddb_args *a)
{
	struct find_tid f = {0, curthread()};
	vaddr_t pc[BT_MAX];

	if (a->n > 0) {
		if (!ddb_number(a->word[0], &f.tid))
			return;
		f.found = NULL;
		if (f.tid < PID_MAX)
			foreach_thread(match_tid, &f);
		else
			f.found = (struct thread *)f.tid;
	}
	if (f.found == NULL) {
		ddb_complain("no such thread", a->word[0]);
		return;
	}
	kprintf("%s, %s on hart %u, stack %#lx\n", f.found->name, state_name(f.found),
	    f.found->hart, f.found->md.kstack);
	backtrace_print(pc, debug_backtrace(&f.found->md, cpu_frame_pointer(), pc, BT_MAX));
	if (f.found == curthread())
		md_print_trap();
}

/*
 * show locks
 */
static void
print_held(const struct thread *td, const struct held_locks *held, const char *kind)
{
	for (size_t i = 0; i < MIN(held->n, (size_t)THREAD_LOCKS); i++)
		kprintf("%-15.15s %p holds %s %s (%p, rank %u)\n", td->name, (const void *)td, kind,
		    held->lock[i]->name, (const void *)held->lock[i], held->lock[i]->rank);
}

static void
print_locks(struct thread *td, void *arg)
{
	unsigned *n = arg;

	*n += (unsigned)(td->held.n + td->spins.n);
	print_held(td, &td->held, "sleeping lock");
	print_held(td, &td->spins, "spinlock");
	if (td->wchan != NULL && (td->held.n > 0 || td->spins.n > 0))
		kprintf("%-15.15s %p   waits for %s (%p)\n", td->name, (const void *)td,
		    td->why != NULL ? td->why : "?", td->wchan);
}

void
ddb_show_locks(const struct ddb_args *a)
{
	unsigned n = 0;

	(void)a;
	if (!CHECK)
		kprintf("this kernel was built with CHECK=0 and keeps no account of locks\n");
	foreach_thread(print_locks, &n);
	kprintf("%u locks held\n", n);
}
