/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes: waiting in the kernel for a word of user memory.
 */
#ifndef KERN_FUTEX_H
#define KERN_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

struct uthread;

/* => boot. */
void futex_init(void);

/* Wake up to n threads, at least one, that wait for the word at `uaddr` of the current space; an
 * address that is no good wakes nobody.  => no lock held; may sleep. */
void futex_wake_user(uint64_t uaddr, unsigned n);

/* The current thread leaves its address space: the locks of its robust list are marked as
 * orphaned, and the word that clone or set_tid_address named becomes 0 if anybody is left to see
 * it.  => no lock held; may sleep. */
void futex_leave_space(struct uthread *t, bool others);

#endif
