/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The upcalls of the machine layer: what a fault, an exception, a tick means to the process.
 *
 *      page fault --> user_map --> vm_fault (vm/) --error--> user_fault_failed --> signal
 *      exception  --> user_exception --> signal
 *
 * Every way back to user mode ends in user_return, where signals are taken and other threads get
 * their turn.
 */
#include "kern/trap.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "arch/riscv/cpu.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "kern/ddb.h"
#include "kern/oom.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/time.h"
#include "vm/vmspace.h"

struct vm_map *
user_map(void)
{
	struct proc *p = curproc();

	if (p == NULL || p->vmspace == NULL)
		return NULL;
	return &p->vmspace->map;
}

/* A word on the log about a program that is about to die of a fault nobody handles. */
static void
log_fault(const struct trapframe *tf, int sig, vaddr_t va)
{
	const struct proc *p = curproc();

	if (klog_enabled(LOG_DEBUG) && signal_handler(p, sig) == SIG_DFL)
		klog(LOG_DEBUG, "%s (pid %d): signal %d at pc %#lx, address %#lx",
		    curthread()->name, p->pid, sig, tf->pc, va);
}

void
user_fault_failed(struct trapframe *tf, vaddr_t va, vm_prot_t access, int error)
{
	(void)access;
	switch (error) {
	case EFAULT:
		log_fault(tf, SIGSEGV, va);
		signal_fault(SIGSEGV, SEGV_MAPERR, va);
		break;
	case EACCES:
		log_fault(tf, SIGSEGV, va);
		signal_fault(SIGSEGV, SEGV_ACCERR, va);
		break;
	case ENOMEM:
		(void)oom_kill(); /* then the instruction faults again, unless it was us */
		break;
	case EIO:
		log_fault(tf, SIGBUS, va);
		signal_fault(SIGBUS, BUS_OBJERR, va);
		break;
	default:
		log_fault(tf, SIGBUS, va);
		signal_fault(SIGBUS, BUS_ADRERR, va);
		break;
	}
}

bool
user_copy_needs_memory(void)
{
	return oom_kill();
}

void
user_exception(struct trapframe *tf, enum user_exception what, vaddr_t va)
{
	static const struct {
		int sig, code;
	} meaning[] = {
	    [EXC_ILLEGAL] = {SIGILL, ILL_ILLOPC},
	    [EXC_BREAKPOINT] = {SIGTRAP, TRAP_BRKPT},
	    [EXC_ALIGNMENT] = {SIGBUS, BUS_ADRALN},
	    [EXC_ACCESS] = {SIGBUS, BUS_OBJERR},
	};

	log_fault(tf, meaning[what].sig, va);
	signal_fault(meaning[what].sig, meaning[what].code, va);
}

void
user_return(struct trapframe *tf)
{
	struct thread *td = curthread();

	while (td->resched || __atomic_load_n(&td->interrupted, __ATOMIC_RELAXED)) {
		intr_on();
		if (td->resched)
			yield();
		if (td->interrupted)
			signal_deliver(tf);
		intr_off();
	}
}

void
clock_tick(bool user)
{
	struct thread *td = curthread();
	uint64_t ticks = (uint64_t)td->user_ticks + td->sys_ticks;

	sched_tick(user);
	if (td->proc != NULL && (uint64_t)td->user_ticks + td->sys_ticks != ticks)
		itimer_tick(td->proc, user, TICK_NS);
	ddb_check_request();
}

void
ipi_received(void)
{
	/* The interrupt was the message: it ended a wait, or leads through user_return(). */
}

void
kernel_preempt(void)
{
	sched_preempt();
}
