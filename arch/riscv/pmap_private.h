/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the pmap share: pmap.c (spaces and ranges), pmap_table.c (page tables),
 * pmap_pv.c (reverse mappings, pages), pmap_boot.c (the kernel's table), tlb.c (address space
 * identifiers and shootdown), pmap_fixup.c (accessed and dirty bits by page fault), pmap_kernel.c
 * (kernel mappings), and mmu.h (the instructions).
 *
 * Lock order: pmap, then pv list. An operation on a space holds its pmap lock from the first look
 * at a PTE to the end of the shootdown, so whoever holds the lock and finds no mapping may rely on
 * no TLB having one. An operation on a page starts from the pv list and would need the locks the
 * other way round: it only *tries* the pmap lock and starts again when that is taken.
 *
 * A reverse mapping is dropped only after the shootdown of the mapping it stands for: a page with
 * no reverse mapping may be freed.
 */
#ifndef ARCH_RISCV_PMAP_PRIVATE_H
#define ARCH_RISCV_PMAP_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/pte.h"
#include "arch/riscv/vmparam.h"
#include "kern/base/lock.h"
#include "lib/annot.h"
#include "lib/list.h"
#include "vm/vm_page.h"
#include "vm/vm_types.h"

/*
 * Lock key:  x the pmap's lock   a atomic   I immutable between create and destroy
 *
 * context[n] says under which ASID hart n knows the space: generation << 16 | ASID, 0 for none.
 * Set by the hart, zeroed by anyone.
 */
struct pmap {
	struct spinlock lock;
	pte_t *root;               /* I */
	pte_t leaf_bits;           /* I  user: U; kernel: G */
	uint64_t resident;         /* x */
	uint64_t wired;            /* x */
	uint64_t tables;           /* x  page tables, without the root */
	uint32_t active;           /* a  bit n: hart n may be translating through root */
	uint64_t context[MAXHART]; /* a */
};

/* Changes made under one hold of the pmap lock and not yet known to the TLBs. */
struct flush {
	vaddr_t start, end; /* leaves changed in this range; empty: none */
	bool all;           /* tables changed too */
	struct list tables; /* page tables to be freed after the shootdown, by queue_link */
};

/*
 * tlb.c
 */
/* On return no hart translates by what was in those PTEs before.
 * => interrupts off; pm->lock held, or nobody else changes these PTEs. */
void tlb_flush(struct pmap *pm, const struct flush *f);
/* This hart alone: after a PTE gained rights. */
void tlb_flush_local_page(struct pmap *pm, vaddr_t va);
void tlb_flush_local(struct pmap *pm);
/* A kernel mapping became valid: kernel stacks cannot take the fault that a hart with a stale
 * invalid entry would. */
void tlb_kernel_grew(vaddr_t va);

/*
 * pmap_table.c
 */
/* The last-level entry for va, NULL if there is no table. */
static inline pte_t *pt_find(struct pmap *pm, vaddr_t va) REQUIRES(pm->lock);
/* Is there a valid entry for va?  Without the lock, so the answer may be old.
 * => not for the kernel's pmap. */
bool pt_peek(const struct pmap *pm, vaddr_t va);
/* As pt_find, but makes the tables.  NULL: no memory, nothing changed. */
pte_t *pt_make(struct pmap *pm, vaddr_t va) REQUIRES(pm->lock);
/* The entry for the lowest address >= *va and < end that has a last-level table; *va moves there.
 * NULL: none, *va = end. */
pte_t *pt_next(struct pmap *pm, vaddr_t *va, vaddr_t end) REQUIRES(pm->lock);
/* Take the tables for va that are empty out of use.  => a last-level table for va exists. */
void pt_prune(struct pmap *pm, vaddr_t va, struct flush *f) REQUIRES(pm->lock);
/* Free the tables in f, which is empty again.
 * => f is shot down, no reverse mapping names an entry of them. */
void pt_free(struct flush *f);
/* An entry of a last-level table became valid (+1) or invalid (-1). */
void pt_count(pte_t *pte, int change);
unsigned pt_valid_entries(const pte_t *pte);
/* Whose table this entry lies in, and which address it maps.  => the table is in use. */
struct pmap *pte_pmap(const pte_t *pte);
vaddr_t pte_va(const pte_t *pte);

static inline struct vm_page *
pte_page(pte_t value)
{
	return vm_phys_to_page(pte_pa(value));
}

static inline pte_t *
pt_find(struct pmap *pm, vaddr_t va)
{
	pte_t upper = pm->root[pt_index(va, 2)];

	if ((upper & PTE_V) == 0)
		return NULL;
	pte_t lower = pte_table(upper)[pt_index(va, 1)];
	if ((lower & PTE_V) == 0)
		return NULL;
	return &pte_table(lower)[pt_index(va, 0)];
}

/* Writing implies reading: the machine has no write-only pages. */
static inline pte_t
rights_to_bits(vm_prot_t prot)
{
	pte_t bits = (prot & VM_PROT_ALL) * PTE_R; /* R, W, X in the same order */

	return (prot & VM_PROT_WRITE) != 0 ? bits | PTE_R : bits;
}

_Static_assert(
    VM_PROT_READ *PTE_R == PTE_R && VM_PROT_WRITE * PTE_R == PTE_W && VM_PROT_EXEC * PTE_R == PTE_X,
    "rights_to_bits");

/* Where the last-level table for va ends, or `end` if that is before. */
static inline vaddr_t
pt_end(vaddr_t va, vaddr_t end)
{
	vaddr_t last = va | (pt_span(1) - 1);

	return last < end ? last + 1 : end;
}

static inline void
flush_init(struct flush *f)
{
	*f = (struct flush){.tables = LIST_INIT(f->tables)};
}

static inline void
flush_add(struct flush *f, vaddr_t va)
{
	if (f->start == f->end)
		f->start = f->end = va;
	if (va < f->start)
		f->start = va;
	if (va + PAGE_SIZE > f->end)
		f->end = va + PAGE_SIZE;
}

/*
 * pmap_pv.c
 */
void pv_init(void);
/* => the pmap of pte is locked; 0, or ENOMEM with nothing changed. */
int pv_insert(struct vm_page *m, pte_t *pte) MUST_CHECK;
/* => the shootdown is done. */
void pv_remove(struct vm_page *m, pte_t *pte);
/* Mappings of m, in all spaces.  => a pmap that maps it is locked. */
unsigned pv_count(struct vm_page *m);
/* Note in m's flags what a PTE that is gone, or lost W, says in A and D. */
void pv_harvest(struct vm_page *m, pte_t old);

/*
 * pmap_fixup.c
 */
/* => pmaps can be created. */
void fixup_init(void);

/* Make pte invalid; the shootdown (into f), pt_count and the reverse mapping are the caller's.
 * => pte is valid.  Returns what was there. */
static inline pte_t
mapping_clear(struct pmap *pm, pte_t *pte, vaddr_t va, struct flush *f) REQUIRES(pm->lock)
{
	pte_t old = pte_swap(pte, 0);

	pm->resident--;
	if ((old & PTE_WIRED) != 0)
		pm->wired--;
	flush_add(f, va);
	return old;
}

#endif
