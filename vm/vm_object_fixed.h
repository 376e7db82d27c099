/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects whose pages are all there from the start and stay: frames of RAM that are never paged,
 * and registers of devices.
 */
#ifndef VM_VM_OBJECT_FIXED_H
#define VM_VM_OBJECT_FIXED_H

#include "vm/vm_types.h"

/* => boot, after zones; vm_object_init calls it. */
void vm_object_fixed_init(void);

/* An OBJ_PHYS object of n pages of zeros, wired, with one reference.  The last reference frees
 * them.
 * => never sleeps.  NULL: no memory. */
struct vm_object *vm_phys_object(pindex_t n);

/*
 * An OBJ_DEVICE object that stands for the n frames from physical address `pa` (page aligned) on,
 * which are not RAM, with one reference.  Its pages have no reverse mapping, cannot be held
 * (vm_fault_hold: EFAULT), and are not to be executed.
 * => never sleeps.  NULL: no memory.
 */
struct vm_object *vm_device_object(paddr_t pa, pindex_t n);

#endif
