/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: sending them, and taking them on the way back to user mode.
 */
#ifndef KERN_SIGNAL_H
#define KERN_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "kern/base/lock.h"
#include "kern/proc.h"
#include "lib/annot.h"

struct trapframe;

#define SIGMASK(sig)    (1ul << ((sig)-1))
#define SIG_UNBLOCKABLE (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

/* => boot, after zones. */
void signal_init(void);
/* The page with the code that handlers return to; one for all, mapped by exec at USER_TRAMPOLINE.
 * => one reference of it. */
struct vm_object *signal_trampoline(void);

/*
 * Sending.  sig is 1..64; `info` NULL: from the kernel, which interrupt handlers must use (a record
 * would need memory).
 * => any context where ranks from RANK_PROC_TREE on are not held (_locked: the tree lock is).
 */
/* => EAGAIN: RLIMIT_SIGPENDING, for real-time signals of sigqueue and the like only. */
int signal_proc(struct proc *p, int sig, const siginfo_t *info);
int signal_proc_locked(struct proc *p, int sig, const siginfo_t *info);
/* To one thread; sig 0: only look.  => ESRCH: p has none of that number; EAGAIN. */
int signal_thread(struct proc *p, int32_t tid, int sig, const siginfo_t *info);
/* To every process of the group.  Returns how many there were. */
unsigned signal_pgrp(int32_t pgid, int sig, const siginfo_t *info);
unsigned signal_pgrp_locked(int32_t pgid, int sig, const siginfo_t *info);
/* A fault of the current thread: cannot be blocked or ignored.  addr goes to si_addr. */
void signal_fault(int sig, int code, uint64_t addr);

/*
 * The current thread.
 */
/* Is a signal waiting that will be acted on?  What SLEEP_INTR sleeps look at.  => any lock. */
bool signal_pending(void);
/* Would this signal be ignored or is it blocked, so that a tty need not send SIGTTOU/SIGTTIN? */
bool signal_is_ignored_or_blocked(int sig);
/* Replace the mask until the next handler returned, or the call did without one: ppoll, sigsuspend.
 * */
void signal_set_temporary_mask(sigset_t mask);
void signal_restore_mask(void); /* no signal came */
void signal_set_mask(sigset_t mask);

/* Take a pending signal of `set`, blocked or not.  => p locked.  Returns its number, 0: there is
 * none. */
int signal_take(struct proc *p, struct uthread *t, sigset_t set, siginfo_t *info);
/* Does t have to come out of the kernel?  => p locked; after anything changed that this depends on.
 * */
void signal_recalc(struct proc *p, struct uthread *t);

/* Act on what is pending: handlers, defaults, stops, exit.  => on the way to user mode, no lock
 * held; may not return. */
void signal_deliver(struct trapframe *tf);
/* rt_sigreturn: back to where the handler's frame says.  => EFAULT: no good frame. */
int signal_return(struct trapframe *tf);

/*
 * Actions.
 */
/* What p does on sig.  => p or the tree locked, or p is the caller's. */
struct sigaction signal_action(const struct proc *p, int sig);
/* The same, in short: SIG_DFL, SIG_IGN or a handler. */
sighandler_t signal_handler(const struct proc *p, int sig);
/* Which signals p ignores by its own choice, and for which it has handlers.  => as signal_action. */
void signal_choices(const struct proc *p, sigset_t *ignored, sigset_t *caught);
/* Replace an action, and tell the old one.  => p locked.  => 0; ENOMEM: nothing has changed. */
int signal_change_action(
    struct proc *p, int sig, const struct sigaction *new, struct sigaction *old) MUST_CHECK;
/* Actions of one's own, as `from` has them (NULL: defaults).  => any context.  NULL: no memory. */
struct sigactions *sigactions_alloc(struct sigactions *from) MUST_CHECK;
/* The same for a new program: caught signals go back to their defaults. */
struct sigactions *sigactions_for_exec(struct sigactions *from) MUST_CHECK;
void sigactions_unref(struct sigactions *a); /* NULL is ignored */

/*
 * Threads that come and go.  => p locked.
 */
/* t does not take those signals any more: others should, of what is pending for the process. */
void signal_retarget(struct proc *p, struct uthread *t, sigset_t set);
/* A thread has left a process that is stopping: were they waiting for it?  => nothing locked. */
void signal_check_stop(struct proc *p);
/* The process does not stop, or stay stopped, any longer. */
void signal_end_stop(struct proc *p);

/* Drop what is pending there of `set`.  => p locked. */
void signal_discard(struct sigpending *pending, sigset_t set);
/* Drop all that is pending there.  => p locked, or p is not reachable any more. */
void signal_flush(struct sigpending *pending);

/* On which stack would a handler run whose interrupted code has this sp?  SS_ONSTACK, SS_DISABLE or
 * 0. */
int signal_altstack_state(const struct uthread *t, uint64_t sp);

#endif
