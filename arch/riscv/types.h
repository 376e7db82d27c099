/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses and pages of this machine.
 */
#ifndef ARCH_RISCV_TYPES_H
#define ARCH_RISCV_TYPES_H

#include <stdint.h>

typedef uint64_t vaddr_t;
typedef uint64_t paddr_t;

/* RAM, [start, end). */
struct phys_range {
	paddr_t start, end;
};

#define PAGE_SHIFT    12
#define PAGE_SIZE     (1ul << PAGE_SHIFT)
#define PAGE_MASK     (PAGE_SIZE - 1)

#define trunc_page(x) ((uint64_t)(x) & ~PAGE_MASK)
#define round_page(x) (((uint64_t)(x) + PAGE_MASK) & ~PAGE_MASK)
#define atop(x)       ((uint64_t)(x) >> PAGE_SHIFT)
#define ptoa(x)       ((uint64_t)(x) << PAGE_SHIFT)

#endif
