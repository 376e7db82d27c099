/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the page tables below the roots: finding an entry, making tables on the way, and giving
 * empty ones back.
 *
 *      root (level 2) --> level 1 table --> level 0 table --> page
 *        1 GiB each          2 MiB each        4 KiB each
 *
 * A table page's struct vm_page says whose it is, where it maps, and how many of its entries are
 * valid (struct md_page). It is freed when that is none, after a shootdown that covers the entry
 * above it, for the hardware may remember that one as well. The kernel's tables are never freed, so
 * that roots and level 1 tables of the kernel half never change.
 *
 * Locks: the pmap's, held by the caller.
 */
#include <stddef.h>

#include "arch/riscv/pmap_private.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

#define VA_BITS        39
#define PT_INDEX_SHIFT (PAGE_SHIFT + 9)

/* The table page an entry lies in; NULL: made at boot, before there were struct vm_pages. */
static struct vm_page *
pt_page(const pte_t *pte)
{
	return vm_phys_to_page(dmap_va_to_pa(pte));
}

struct pmap *
pte_pmap(const pte_t *pte)
{
	return pt_page(pte)->md.pt_pmap;
}

vaddr_t
pte_va(const pte_t *pte)
{
	uint64_t index = (uint64_t)pt_page(pte)->md.pt_index << PT_INDEX_SHIFT;
	uint64_t page = ((uintptr_t)pte & PAGE_MASK) / sizeof(pte_t);

	/* Addresses above the middle are negative. */
	return (vaddr_t)((int64_t)((index | ptoa(page)) << (64 - VA_BITS)) >> (64 - VA_BITS));
}

void
pt_count(pte_t *pte, int change)
{
	pt_page(pte)->md.pt_count += change;
}

unsigned
pt_valid_entries(const pte_t *pte)
{
	return pt_page(pte)->md.pt_count;
}

/* An empty table for the entries around va; NULL: no memory. */
static struct vm_page *
pt_alloc(struct pmap *pm, vaddr_t va)
{
	struct vm_page *pt = vm_page_alloc_noobj(VM_ALLOC_SYSTEM | VM_ALLOC_ZERO);

	if (pt == NULL)
		return NULL;
	pt->md.pt_pmap = pm;
	pt->md.pt_index =
	    (uint32_t)(va >> PT_INDEX_SHIFT) & ((1u << (VA_BITS - PT_INDEX_SHIFT)) - 1);
	pt->md.pt_count = 0;
	pm->tables++;
	return pt;
}

/* The table below a non-leaf entry, made if there is none; NULL: no memory. */
static pte_t *
pt_below(struct pmap *pm, pte_t *entry, vaddr_t va)
{
	if ((*entry & PTE_V) == 0) {
		struct vm_page *pt = pt_alloc(pm, va);
		if (pt == NULL)
			return NULL;
		if (pm != kernel_pmap)
			pt_count(entry, 1);
		pte_publish(entry, pte_make(vm_page_to_phys(pt), PTE_V));
	}
	return pte_table(*entry);
}

/* Unlink the table below `entry` if it is empty. */
static void
pt_prune_below(struct pmap *pm, pte_t *entry, struct flush *f)
{
	struct vm_page *pt = pte_page(*entry);

	if (pt->md.pt_count > 0)
		return;
	pte_swap(entry, 0);
	pt_count(entry, -1);
	pm->tables--;
	list_push_back(&f->tables, &pt->queue_link);
	f->all = true;
}

void
pt_prune(struct pmap *pm, vaddr_t va, struct flush *f)
{
	pte_t *upper = &pm->root[pt_index(va, 2)];
	pte_t *lower = &pte_table(*upper)[pt_index(va, 1)];

	if (pm == kernel_pmap)
		return;
	if ((*lower & PTE_V) != 0)
		pt_prune_below(pm, lower, f);
	pt_prune_below(pm, upper, f);
}

void
pt_free(struct flush *f)
{
	struct list *link;

	while ((link = list_pop_front(&f->tables)) != NULL) {
		struct vm_page *pt = LIST_ENTRY(link, struct vm_page, queue_link);
		pmap_page_init(pt);
		vm_page_unwire(pt, PQ_NONE);
	}
	flush_init(f);
}

/*
 * The tables may be freed while we look, and used for something else. Then what we read is garbage,
 * but it is read from RAM, for no address is followed that is not a page's.
 */
bool
pt_peek(const struct pmap *pm, vaddr_t va)
{
	pte_t upper = pte_load(&pm->root[pt_index(va, 2)]);

	if ((upper & PTE_V) == 0)
		return false;
	pte_t lower = pte_load(&pte_table(upper)[pt_index(va, 1)]);
	if ((lower & PTE_V) == 0 || pte_page(lower) == NULL)
		return false;
	return (pte_load(&pte_table(lower)[pt_index(va, 0)]) & PTE_V) != 0;
}

pte_t *
pt_make(struct pmap *pm, vaddr_t va)
{
	pte_t *upper = pt_below(pm, &pm->root[pt_index(va, 2)], va);

	if (upper == NULL)
		return NULL;
	pte_t *lower = pt_below(pm, &upper[pt_index(va, 1)], va);
	if (lower == NULL && pm != kernel_pmap) {
		struct flush f;
		flush_init(&f);
		pt_prune(pm, va, &f);
		tlb_flush(pm, &f);
		pt_free(&f);
	}
	return lower != NULL ? &lower[pt_index(va, 0)] : NULL;
}

/* Move *va over invalid entries of a table, up to `end`.  Returns whether it is at a valid one. */
static bool
skip_invalid(const pte_t *table, int level, vaddr_t *va, vaddr_t end)
{
	int shift = pt_shift(level);
	unsigned first = pt_index(*va, level), i = first;
	uint64_t stop = first + ((end - 1) >> shift) - (*va >> shift) + 1;

	if (stop > PT_ENTRIES)
		stop = PT_ENTRIES;
	/* Most of a table is empty: four at a time. */
	while (i + 4 <= stop && (table[i] | table[i + 1] | table[i + 2] | table[i + 3]) == 0)
		i += 4;
	while (i < stop && (pte_load(&table[i]) & PTE_V) == 0)
		i++;
	if (i > first)
		*va = ((*va >> shift) + (i - first)) << shift;
	return i < stop;
}

pte_t *
pt_next(struct pmap *pm, vaddr_t *va, vaddr_t end)
{
	while (*va < end && skip_invalid(pm->root, 2, va, end)) {
		const pte_t *upper = pte_table(pm->root[pt_index(*va, 2)]);
		if (skip_invalid(upper, 1, va, end))
			return &pte_table(upper[pt_index(*va, 1)])[pt_index(*va, 0)];
	}
	*va = end;
	return NULL;
}
