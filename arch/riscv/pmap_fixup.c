/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the page faults that are nobody's business but the page table's: an accessed or dirty bit
 * that the machine does not set by itself, or a TLB entry that is older than the table.
 *
 *      fault --> pmap_fault_fixup --true--> run the instruction again
 *                      '-----------false--> vm_fault
 *
 * Both kinds of machine work without it, for vm_fault() would enter the mapping again; this is the
 * short way. Where it is never wanted it costs three instructions.
 *
 * Locks: the user pmap's; none for kernel addresses.
 */
#include "arch/riscv/cpu.h"
#include "arch/riscv/pmap_private.h"
#include "arch/riscv/uaccess.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

static bool hardware_ad; /* I  the machine sets A and D by itself */

/* Does the leaf allow the access?  Then A, and D for a write, are set. */
static bool
fixup_leaf(struct pmap *pm, pte_t *pte, vaddr_t va, vm_prot_t access) REQUIRES(pm->lock)
{
	pte_t rights = rights_to_bits(access) | PTE_V;
	pte_t accessed = (access & VM_PROT_WRITE) != 0 ? PTE_A | PTE_D : PTE_A;
	pte_t old = pte_load(pte);

	do {
		if ((old & rights) != rights)
			return false;
	} while (!pte_cas(pte, &old, old | accessed));
	/* If nothing was missing, a stale entry was in the way: of the leaf or of a table. */
	if ((old & accessed) == accessed)
		tlb_flush_local(pm);
	else
		tlb_flush_local_page(pm, va);
	return true;
}

/* The kernel's leaves have their A and D from the start, and may be changed by who owns the
 * address: just look. No lock, for the fault may come under any. */
static bool
kernel_fixup(vaddr_t va, vm_prot_t access) NO_LOCK_ANALYSIS
{
	pte_t need =
	    rights_to_bits(access) | PTE_V | PTE_A | ((access & VM_PROT_WRITE) != 0 ? PTE_D : 0);
	const pte_t *pte = pt_find(kernel_pmap, va);

	if (pte == NULL || (pte_load(pte) & need) != need)
		return false;
	tlb_flush_local(kernel_pmap);
	return true;
}

/* On a machine that sets A and D there is nothing to fix but the rare stale TLB entry, and vm_fault
 * does that as well. */
bool
pmap_fault_fixup(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	bool fixed = false;

	if (pm == kernel_pmap)
		return va >= VM_MIN_KERNEL_ADDRESS && va < VM_MAX_KERNEL_ADDRESS &&
		    kernel_fixup(va, access);
	if (hardware_ad || va >= VM_MAX_USER_ADDRESS || !pt_peek(pm, va))
		return false;
	spin_lock(&pm->lock);
	pte_t *pte = pt_find(pm, va);
	if (pte != NULL)
		fixed = fixup_leaf(pm, pte, trunc_page(va), access);
	spin_unlock(&pm->lock);
	return fixed;
}

/*
 * Does the machine set A and D by itself?  Store to a page whose mapping has neither.
 */
static bool
probe_hardware_ad(void)
{
	struct pmap *pm = pmap_create();
	struct vm_page *m = vm_page_alloc_noobj(VM_ALLOC_ZERO);
	const vaddr_t va = VM_MIN_USER_ADDRESS;
	const char byte = 1;

	if (pm == NULL || m == NULL || pmap_enter(pm, va, m, VM_PROT_RW, 0) != 0)
		panic("pmap: no memory at boot");
	pmap_ts_referenced(m);
	intr_push_off();
	pmap_activate(pm);
	bool set = md_copyout(va, &byte, sizeof(byte)) == 0;
	pmap_activate(NULL);
	intr_pop_off();
	pmap_remove(pm, va, va + PAGE_SIZE);
	pmap_destroy(pm);
	vm_page_unwire(m, PQ_NONE);
	return set;
}

void
fixup_init(void)
{
	hardware_ad = probe_hardware_ad();
}
