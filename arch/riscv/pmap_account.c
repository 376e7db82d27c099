/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a space has in its page tables, page by page, for /proc.
 *
 * Locks: the pmap's, for one last-level table at a time, so that interrupts are not off for long.
 */
#include "arch/riscv/pmap_private.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

static struct pmap_mapping
describe(vaddr_t va, pte_t leaf)
{
	struct vm_page *m = pte_page(leaf);

	return (struct pmap_mapping){
	    .va = va,
	    .m = m,
	    .prot = (leaf & PTE_RWX) / PTE_R,
	    .wired = (leaf & PTE_WIRED) != 0,
	    .accessed = (leaf & PTE_A) != 0,
	    .dirty = (leaf & PTE_D) != 0,
	    .mappings = pv_count(m),
	};
}

/* The table that *va is in, or the next there is; *va moves behind it.  False: there is none. */
static bool
visit_table(struct pmap *pm, vaddr_t *va, vaddr_t end,
    void (*fn)(void *arg, const struct pmap_mapping *mapping), void *arg) REQUIRES(pm->lock)
{
	const pte_t *pte = pt_next(pm, va, end);

	if (pte == NULL)
		return false;
	for (vaddr_t stop = pt_end(*va, end); *va < stop; *va += PAGE_SIZE, pte++) {
		pte_t leaf = pte_load(pte);

		if ((leaf & (PTE_V | PTE_MANAGED)) == (PTE_V | PTE_MANAGED)) {
			struct pmap_mapping mapping = describe(*va, leaf);

			fn(arg, &mapping);
		}
	}
	return true;
}

void
pmap_foreach(struct pmap *pm, vaddr_t start, vaddr_t end,
    void (*fn)(void *arg, const struct pmap_mapping *mapping), void *arg)
{
	bool more = true;

	while (more && start < end) {
		spin_lock(&pm->lock);
		more = visit_table(pm, &start, end, fn, arg);
		spin_unlock(&pm->lock);
	}
}

uint64_t
pmap_table_count(const struct pmap *pm)
{
	return pm->tables + 1;
}
