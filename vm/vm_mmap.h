/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap, munmap, mprotect and relatives: argument checks with Linux's errors, then one call into the
 * map.
 */
#ifndef VM_VM_MMAP_H
#define VM_VM_MMAP_H

#include "vm/vmspace.h"

/* What mmap maps.  For files, the caller (kern/sysvm.c) has checked the descriptor's mode against
 * prot and sharing. */
struct vm_mmap_args {
	vaddr_t addr; /* hint, or the place with MAP_FIXED */
	size_t len;
	int prot;                 /* PROT_* */
	int flags;                /* MAP_* */
	struct vm_object *object; /* NULL: anonymous; a reference, consumed whatever is returned */
	vm_off_t offset;
	vm_prot_t max_prot; /* files: what the descriptor allows; anonymous: VM_PROT_ALL */
};

/* => no lock held; may sleep.  Returns 0 and *addr, or EINVAL, ENOMEM, EEXIST
 * (MAP_FIXED_NOREPLACE), EACCES, EPERM, EOPNOTSUPP. */
int vm_mmap(struct vmspace *vm, const struct vm_mmap_args *args, vaddr_t *addr);
int vm_munmap(struct vmspace *vm, vaddr_t addr, size_t len);
int vm_mprotect(struct vmspace *vm, vaddr_t addr, size_t len, int prot);

/* What mremap moves, as mremap(2) has it. */
struct vm_mremap_args {
	vaddr_t addr;
	size_t old_len, new_len;
	int flags;        /* MREMAP_* */
	vaddr_t new_addr; /* with MREMAP_FIXED; a hint with MREMAP_DONTUNMAP */
};
/* => no lock held; may sleep.  Returns 0 and *addr, or, with nothing changed: EINVAL, EFAULT (not
 * one mapping), ENOMEM (limits, memory, room), EACCES (W^X), EAGAIN (locked memory). */
int vm_mremap(struct vmspace *vm, const struct vm_mremap_args *args, vaddr_t *addr);
/* BSD minherit(2): INHERIT_SHARE, COPY, NONE, ZERO. */
int vm_minherit(struct vmspace *vm, vaddr_t addr, size_t len, int inherit);

#endif
