/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sv39 page table entries.
 *
 *      63    54 53                    10 9 8 7 6 5 4 3 2 1 0
 *      | zero  |  physical page number  |RSW|D|A|G|U|X|W|R|V|
 *
 * V with none of R, W, X points to the next table; W without R is reserved. A and D of a valid leaf
 * may change under our hands: the hardware of another hart sets them when it translates. So a valid
 * leaf is changed by atomic read-modify-write only, and what that returns is the last word on A and
 * D.
 */
#ifndef ARCH_RISCV_PTE_H
#define ARCH_RISCV_PTE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/pmap_md.h"
#include "arch/riscv/types.h"

#define PTE_V         (1ul << 0)
#define PTE_R         (1ul << 1)
#define PTE_W         (1ul << 2)
#define PTE_X         (1ul << 3)
#define PTE_U         (1ul << 4)
#define PTE_G         (1ul << 5)
#define PTE_A         (1ul << 6)
#define PTE_D         (1ul << 7)
#define PTE_MANAGED   (1ul << 8) /* ours: has a reverse mapping */
#define PTE_WIRED     (1ul << 9) /* ours: pmap.h, PMAP_WIRED */

#define PTE_RWX       (PTE_R | PTE_W | PTE_X)
#define PTE_PPN_SHIFT 10

#define PT_ENTRIES    512u
#define PT_ROOT       2 /* level of the root; a leaf of level 0 maps 4 KiB, of 1 2 MiB, of 2 1 GiB */

/* One entry of a table of this level maps 1 << pt_shift bytes. */
static inline int
pt_shift(int level)
{
	return PAGE_SHIFT + 9 * level;
}

static inline uint64_t
pt_span(int level)
{
	return 1ul << pt_shift(level);
}

static inline unsigned
pt_index(vaddr_t va, int level)
{
	return (va >> pt_shift(level)) % PT_ENTRIES;
}

static inline pte_t
pte_make(paddr_t pa, pte_t bits)
{
	return (pa >> PAGE_SHIFT) << PTE_PPN_SHIFT | bits;
}

/* The bits above the frame number are zero in all entries that we make. */
static inline paddr_t
pte_pa(pte_t pte)
{
	return pte >> PTE_PPN_SHIFT << PAGE_SHIFT;
}

static inline bool
pte_is_leaf(pte_t pte)
{
	return (pte & PTE_RWX) != 0;
}

/* The table that a non-leaf entry points to. */
static inline pte_t *
pte_table(pte_t pte)
{
	return dmap_pa_to_va(pte_pa(pte));
}

static inline pte_t
pte_load(const pte_t *pte)
{
	return __atomic_load_n(pte, __ATOMIC_RELAXED);
}

/* Make an invalid entry valid: what was stored before, to the page or the table, is visible to
 * whoever walks through it. */
static inline void
pte_publish(pte_t *pte, pte_t value)
{
	__atomic_store_n(pte, value, __ATOMIC_RELEASE);
}

static inline pte_t
pte_swap(pte_t *pte, pte_t value)
{
	return __atomic_exchange_n(pte, value, __ATOMIC_ACQ_REL);
}

/* Returns what was there before. */
static inline pte_t
pte_clear_bits(pte_t *pte, pte_t bits)
{
	return __atomic_fetch_and(pte, ~bits, __ATOMIC_ACQ_REL);
}

/* On failure *expected becomes what is there. */
static inline bool
pte_cas(pte_t *pte, pte_t *expected, pte_t value)
{
	return __atomic_compare_exchange_n(
	    pte, expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

#endif
