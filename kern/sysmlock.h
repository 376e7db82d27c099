/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much a process may lock into memory.
 */
#ifndef KERN_SYSMLOCK_H
#define KERN_SYSMLOCK_H

struct proc;
struct vmspace;

/* Tell p's address space what RLIMIT_MEMLOCK and the privilege of p's thread (the current one, if
 * it is p's) add up to: before anything that may lock memory, and when the limit changes.
 * => p unlocked; vm is p's, or will be. */
void memlock_apply(struct proc *p, struct vmspace *vm);

#endif
