/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: sending them, and taking them on the way back to user mode.
 */
#ifndef KERN_SIGNAL_H
#define KERN_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct proc;
struct trapframe;
struct uthread;

/*
 * Sending.  => any context (interrupt handlers too) where ranks from RANK_PROC_TREE on are not held.  sig 1..64.
 */
/* To the process; `info` may be NULL (from the kernel). */
void signal_proc(struct proc *p, int sig, const siginfo_t *info);
/* To one thread. */
void signal_thread(struct uthread *t, int sig, const siginfo_t *info);
/* To every process of the group.  Returns how many there were. */
unsigned signal_pgrp(int32_t pgid, int sig, const siginfo_t *info);
/* A fault of the current thread: cannot be blocked or ignored.  addr goes to si_addr. */
void signal_fault(int sig, int code, uint64_t addr);

/*
 * The current thread.
 */
/* Is a signal waiting that will be acted on?  What SLEEP_INTR sleeps look at.  => any lock. */
bool signal_pending(void);
/* Would this signal be ignored or is it blocked, so that a tty need not send SIGTTOU/SIGTTIN? */
bool signal_is_ignored_or_blocked(int sig);
/* Replace the mask until the next handler returned, or the call did without one: ppoll, sigsuspend. */
void signal_set_temporary_mask(sigset_t mask);
void signal_restore_mask(void); /* no signal came */

#endif
