/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things live in the Sv39 address space.
 *
 *      0x0000000000010000 .. 0x0000003ffffff000   user
 *      0xffffffc000000000 + PA                     direct map of RAM and devices: RW, never X
 *      0xffffffe000000000 .. + 64 GiB              kernel_map: submaps, stacks, large memory
 *      0xffffffff80000000 ..                       kernel image
 */
#ifndef ARCH_RISCV_VMPARAM_H
#define ARCH_RISCV_VMPARAM_H

#include "arch/riscv/types.h"

#define MAXHART               8

#define VM_MIN_USER_ADDRESS   0x10000ul
#define VM_MAX_USER_ADDRESS   0x3ffffff000ul

#define DMAP_BASE             0xffffffc000000000ul
#define DMAP_SIZE             (128ul << 30)

#define VM_MIN_KERNEL_ADDRESS 0xffffffe000000000ul
#define VM_MAX_KERNEL_ADDRESS (VM_MIN_KERNEL_ADDRESS + (64ul << 30))

#define KERNBASE              0xffffffff80000000ul

/* What the deepest needs, and as much again: docs/vm.md, Kernel stacks. */
#define KSTACK_PAGES 2
#define KSTACK_SIZE  (KSTACK_PAGES * PAGE_SIZE)

/*
 * Where Umbra's own programs are linked.  Stack, return page, text and data of a small one share the 2 MiB around it, so that its
 * page table is three pages; below there is 512 MiB for the stack, above as much for the heap before the next table is due.  Below
 * 2 GiB, so that code reaches address 0, where weak symbols without a definition are.
 */
#define USER_PROGRAM 0x60300000ul
/* The page with the return from signal handlers; an unmapped page; the main thread's stack: reserved, and mapped at exec. */
#define USER_TRAMPOLINE    (USER_PROGRAM - PAGE_SIZE)
#define USER_STACK_TOP     (USER_TRAMPOLINE - PAGE_SIZE)
#define USER_STACK_RESERVE (8ul << 20)
#define USER_STACK_GUARD   (256ul * PAGE_SIZE) /* stack_guard_gap: never consumed by growth */

/* Most memory banks, reserved ranges taken into account. */
#define PHYS_SEG_MAX 16

#endif
