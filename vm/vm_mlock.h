/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mlock and relatives: Linux's argument rules over vm/vm_wire.h.
 *
 * How much a process may lock is vmspace.limit_memlock, which the caller keeps up to date: its
 * RLIMIT_MEMLOCK, or UINT64_MAX if it is privileged.
 */
#ifndef VM_VM_MLOCK_H
#define VM_VM_MLOCK_H

#include "vm/vmspace.h"

/* May it lock anything at all?  => any context. */
bool vm_mlock_permitted(const struct vmspace *vm);

/* => no lock held; may sleep.  Addresses need not be aligned.
 * => returns 0.  EPERM: may lock nothing; ENOMEM: hole, no rights, limit, too many entries; EAGAIN:
 * no memory; EINVAL: range or flags.  After an error nothing has changed. */
int vm_mlock(struct vmspace *vm, vaddr_t addr, size_t len, int flags); /* flags: MLOCK_ONFAULT */
int vm_munlock(struct vmspace *vm, vaddr_t addr, size_t len);
int vm_mlockall(struct vmspace *vm, int flags); /* MCL_* */
int vm_munlockall(struct vmspace *vm);

#endif
