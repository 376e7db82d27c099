/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Resolving a page fault.
 */
#ifndef VM_VM_FAULT_H
#define VM_VM_FAULT_H

#include "vm/vm_types.h"

/* => boot, once pages can be allocated. */
void vm_fault_init(void);

/*
 * Make `access` (VM_PROT_READ, WRITE or EXEC) at va possible.
 * => map is alive; no lock, no busy page held; may sleep, unless `nofault` is set for the thread
 * (then fails with EFAULT).
 * => returns 0: run the instruction again.  EFAULT no mapping (SEGV_MAPERR); EACCES rights
 * (SEGV_ACCERR); EINVAL beyond the end of what is mapped (SIGBUS); EIO the pager failed (SIGBUS);
 * ENOMEM no memory will come (out of memory kill).
 */
int vm_fault(struct vm_map *map, vaddr_t va, vm_prot_t access);

/* vm_fault for vm_map_wire: the page gets a wiring, and lies where no write can replace it: in the
 * top object, if anybody may write to that.  => the entry is in transition by this thread.  Same
 * returns. */
int vm_fault_wire(struct vm_map *map, vaddr_t va, vm_prot_t access);

/* vm_fault, and hold the page (vm_page_wire): *m stays until vm_page_unwire(m, PQ_ACTIVE).  The map
 * is not clipped.  Same returns. */
int vm_fault_hold(struct vm_map *map, vaddr_t va, vm_prot_t access, struct vm_page **m);

/* Hold the pages of [va, va+len), n = number of pages spanned, or none of them.  Same returns. */
int vm_fault_hold_pages(struct vm_map *map, vaddr_t va, size_t len, vm_prot_t access,
    struct vm_page **pages, unsigned n);
void vm_fault_unhold_pages(struct vm_page **pages, unsigned n, bool dirtied);

#endif
