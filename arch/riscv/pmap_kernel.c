/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the kernel's side of the tables: mappings without reverse (stacks, large allocations), what
 * is behind a kernel address, and the contents of pages through the direct map.
 *
 * Locks: none but to make tables. Who asks owns the addresses, and the kernel's tables stay.
 */
#include <errno.h>

#include "arch/riscv/pmap_private.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

int
pmap_growkernel(vaddr_t start, vaddr_t end)
{
	bool made = true;

	KASSERT(start >= VM_MIN_KERNEL_ADDRESS && end <= pmap_kernel_end);
	spin_lock(&kernel_pmap->lock);
	for (vaddr_t va = start; made && va < end; va = pt_end(va, end))
		made = pt_make(kernel_pmap, va) != NULL;
	tlb_flush_local(kernel_pmap);
	spin_unlock(&kernel_pmap->lock);
	return made ? 0 : ENOMEM;
}

void
pmap_kenter(vaddr_t va, paddr_t pa, vm_prot_t prot) NO_LOCK_ANALYSIS
{
	pte_t *pte = pt_find(kernel_pmap, va);

	KASSERT(pte != NULL && (pte_load(pte) & PTE_V) == 0);
	KASSERT((prot & (VM_PROT_WRITE | VM_PROT_EXEC)) != (VM_PROT_WRITE | VM_PROT_EXEC));
	pte_publish(pte, pte_make(pa, PTE_V | PTE_G | PTE_A | PTE_D | rights_to_bits(prot)));
	tlb_kernel_grew(va);
}

void
pmap_kremove(vaddr_t start, vaddr_t end) NO_LOCK_ANALYSIS
{
	struct flush f;
	pte_t *pte;

	flush_init(&f);
	for (vaddr_t va = start; (pte = pt_next(kernel_pmap, &va, end)) != NULL; va += PAGE_SIZE) {
		if ((pte_swap(pte, 0) & PTE_V) != 0)
			flush_add(&f, va);
	}
	intr_push_off();
	tlb_flush(kernel_pmap, &f);
	intr_pop_off();
}

paddr_t
pmap_kextract(const void *kva)
{
	vaddr_t va = (vaddr_t)kva;
	const pte_t *table = kernel_pmap->root;

	if (va >= DMAP_BASE && va < DMAP_BASE + DMAP_SIZE)
		return dmap_va_to_pa(kva);
	for (int level = PT_ROOT; level >= 0; level--) {
		pte_t entry = pte_load(&table[pt_index(va, level)]);
		if ((entry & PTE_V) == 0)
			break;
		if (pte_is_leaf(entry))
			return pte_pa(entry) | (va & (pt_span(level) - 1));
		table = pte_table(entry);
	}
	panic("pmap: kernel address %p is not mapped", kva);
}

/*
 * The contents of pages.
 */
void
pmap_zero_page(struct vm_page *m)
{
	uint64_t *word = vm_page_kva(m);

	for (uint64_t *end = word + PAGE_SIZE / sizeof(*word); word < end; word += 16) {
		word[0] = word[1] = word[2] = word[3] = 0;
		word[4] = word[5] = word[6] = word[7] = 0;
		word[8] = word[9] = word[10] = word[11] = 0;
		word[12] = word[13] = word[14] = word[15] = 0;
	}
}

void
pmap_copy_page(struct vm_page *src, struct vm_page *dst)
{
	const uint64_t *from = vm_page_kva(src);
	uint64_t *to = vm_page_kva(dst);

	for (const uint64_t *end = from + PAGE_SIZE / sizeof(*from); from < end;
	     from += 8, to += 8) {
		uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
		uint64_t e = from[4], f = from[5], g = from[6], h = from[7];
		to[0] = a, to[1] = b, to[2] = c, to[3] = d;
		to[4] = e, to[5] = f, to[6] = g, to[7] = h;
	}
}
