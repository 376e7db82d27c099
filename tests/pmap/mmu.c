/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model's MMU: one walker and one TLB for each hart.
 *
 * A TLB keeps everything it has seen until a fence covers it, and it has its own lock: an access is
 * one step, and a remote fence is done when it returns, as on the machine. Tables are cached like
 * leaves, and fences that name an address do not cover them.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "arch/riscv/mmu.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/uaccess.h"
#include "kern/base/debug.h"
#include "tests/pmap/model.h"

#define TLB_ENTRIES 4096u

/* What an entry translates: a page, a 2 MiB range (to a last-level table), a 1 GiB range (to a
 * middle table). */
struct tlb_entry {
	int level;
	bool global;
	uint64_t asid;
	vaddr_t base;
	pte_t pte;
};

struct hart {
	uint32_t lock;
	bool exists;
	uint64_t satp;
	unsigned n;
	struct tlb_entry tlb[TLB_ENTRIES];
};

struct model_knobs model_knobs;
void (*model_on_fence)(void);

static struct hart harts[MAXHART];

static void
hart_lock(struct hart *h)
{
	while (__atomic_exchange_n(&h->lock, 1, __ATOMIC_ACQUIRE) != 0)
		sched_yield();
}

static void
hart_unlock(struct hart *h)
{
	__atomic_store_n(&h->lock, 0, __ATOMIC_RELEASE);
}

void
model_reset_tlbs(unsigned nharts)
{
	memset(harts, 0, sizeof(harts));
	for (unsigned i = 0; i < nharts; i++)
		harts[i].exists = true;
}

/*
 * Registers and fences.
 */
static uint64_t
satp_asid(uint64_t satp)
{
	return (satp & SATP_ASID_MASK) >> SATP_ASID_SHIFT;
}

uint64_t
mmu_get_root(void)
{
	return harts[cpu_id()].satp;
}

void
mmu_set_root(uint64_t satp)
{
	struct hart *h = &harts[cpu_id()];
	uint64_t implemented = ((1ul << model_knobs.asid_bits) - 1) << SATP_ASID_SHIFT;

	hart_lock(h);
	h->satp = satp & ~(SATP_ASID_MASK & ~implemented);
	hart_unlock(h);
}

/* Drop what a fence covers; start == end: any address, tables too. asid < 0: any, global entries
 * too. */
static void
fence(struct hart *h, vaddr_t start, vaddr_t end, int64_t asid)
{
	unsigned kept = 0;

	hart_lock(h);
	for (unsigned i = 0; i < h->n; i++) {
		const struct tlb_entry *e = &h->tlb[i];
		bool there = start == end || (e->level == 0 && e->base >= start && e->base < end);
		bool mine = asid < 0 || (!e->global && e->asid == (uint64_t)asid);
		if (!(there && mine))
			h->tlb[kept++] = *e;
	}
	h->n = kept;
	hart_unlock(h);
}

static void
fence_local(vaddr_t start, vaddr_t end, int64_t asid)
{
	__atomic_fetch_add(&model_counts.local_fences, 1, __ATOMIC_RELAXED);
	fence(&harts[cpu_id()], start, end, asid);
}

void
mmu_fence_all(void)
{
	fence_local(0, 0, -1);
}

void
mmu_fence_asid(uint64_t asid)
{
	fence_local(0, 0, (int64_t)asid);
}

void
mmu_fence_page(vaddr_t va, uint64_t asid)
{
	fence_local(va, va + PAGE_SIZE, (int64_t)asid);
}

void
mmu_fence_page_global(vaddr_t va)
{
	fence_local(va, va + PAGE_SIZE, -1);
}

void
sbi_remote_sfence(uint64_t cpumask, vaddr_t start, uint64_t size)
{
	KASSERT((cpumask & (1u << cpu_id())) == 0);
	__atomic_fetch_add(&model_counts.remote_fences, 1, __ATOMIC_RELAXED);
	if (model_on_fence != NULL)
		model_on_fence();
	for (unsigned i = 0; i < MAXHART; i++) {
		if ((cpumask >> i & 1) == 0)
			continue;
		KASSERT(harts[i].exists);
		fence(&harts[i], start, size == UINT64_MAX ? start : start + size, -1);
	}
}

void
md_icache_sync(void)
{
	__atomic_fetch_add(&model_counts.instruction_fences, 1, __ATOMIC_RELAXED);
}

/*
 * The walker.  => the hart is locked
 */
static struct tlb_entry *
tlb_find(struct hart *h, int level, vaddr_t va)
{
	uint64_t asid = satp_asid(h->satp);

	for (unsigned i = 0; i < h->n; i++) {
		struct tlb_entry *e = &h->tlb[i];
		if (e->level == level && va - e->base < pt_span(level) &&
		    (e->global || e->asid == asid))
			return e;
	}
	return NULL;
}

static void
tlb_add(struct hart *h, int level, vaddr_t va, pte_t pte)
{
	struct tlb_entry *old = tlb_find(h, level, va);
	struct tlb_entry new = {
	    .level = level,
	    .global = (pte & PTE_G) != 0,
	    .asid = satp_asid(h->satp),
	    .base = va & ~(pt_span(level) - 1),
	    .pte = pte,
	};

	if ((pte & PTE_V) == 0 && !model_knobs.stubborn)
		return;
	KASSERT(h->n < TLB_ENTRIES);
	if (old != NULL)
		*old = new;
	else
		h->tlb[h->n++] = new;
}

/* The table that translates va at this level, from the cached or the real entry above it; NULL:
 * invalid. */
static pte_t *
walk_to(struct hart *h, int level, vaddr_t va)
{
	paddr_t root = ptoa(h->satp & ((1ul << SATP_ASID_SHIFT) - 1));
	pte_t *table = dmap_pa_to_va(root);

	if (!model_frame_in_use(root))
		panic("walk from a free root");
	for (int above = PT_ROOT; above > level; above--) {
		struct tlb_entry *e = tlb_find(h, above, va);
		pte_t entry = e != NULL
		    ? e->pte
		    : __atomic_load_n(&table[pt_index(va, above)], __ATOMIC_ACQUIRE);
		if (e == NULL)
			tlb_add(h, above, va, entry);
		if ((entry & PTE_V) == 0)
			return NULL;
		KASSERT(!pte_is_leaf(entry));
		if (!model_frame_in_use(pte_pa(entry)))
			panic("walk through a free page table for %#lx", va);
		table = pte_table(entry);
	}
	return table;
}

static bool
allows(pte_t pte, vm_prot_t access, bool user)
{
	pte_t need = access == VM_PROT_WRITE ? PTE_W : access == VM_PROT_EXEC ? PTE_X : PTE_R;

	if (need == PTE_W)
		need |= PTE_R;
	return (pte & PTE_V) != 0 && (pte & need) == need && ((pte & PTE_U) != 0) == user;
}

static pte_t
accessed_bits(vm_prot_t access)
{
	return access == VM_PROT_WRITE ? PTE_A | PTE_D : PTE_A;
}

/* Read the leaf and do what the machine does about A and D.  0: page fault. */
static pte_t
walk(struct hart *h, vaddr_t va, vm_prot_t access, bool user)
{
	pte_t *table = walk_to(h, 0, va), *slot = table != NULL ? &table[pt_index(va, 0)] : NULL;
	pte_t old = slot != NULL ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : 0;
	pte_t set = accessed_bits(access);

	if (!allows(old, access, user)) {
		if (slot != NULL)
			tlb_add(h, 0, va, old);
		return 0;
	}
	if ((old & set) != set && !model_knobs.hardware_ad)
		return 0;
	while (!__atomic_compare_exchange_n(
	    slot, &old, old | set, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (!allows(old, access, user))
			return 0;
	}
	tlb_add(h, 0, va, old | set);
	return old | set;
}

struct vm_page *
model_access(vaddr_t va, vm_prot_t access, bool user)
{
	struct hart *h = &harts[cpu_id()];
	pte_t set = accessed_bits(access);

	hart_lock(h);
	struct tlb_entry *e = tlb_find(h, 0, va);
	pte_t leaf = e != NULL ? e->pte : 0;
	if (e == NULL ||
	    (allows(leaf, access, user) && (leaf & set) != set &&
		(model_knobs.hardware_ad || !model_knobs.stubborn)))
		leaf = walk(h, va, access, user);
	else if (!allows(leaf, access, user) || (leaf & set) != set)
		leaf = 0;
	if (leaf != 0 && !model_frame_in_use(pte_pa(leaf)))
		panic("access to a free frame at %#lx", va);
	hart_unlock(h);
	return leaf != 0 ? vm_phys_to_page(pte_pa(leaf)) : NULL;
}

void
model_evict(unsigned hart, uint32_t which)
{
	struct hart *h = &harts[hart];

	hart_lock(h);
	if (h->n > 0) {
		h->n--;
		h->tlb[which % (h->n + 1)] = h->tlb[h->n];
	}
	hart_unlock(h);
}

/* What the tables of the space that the hart is on say about an entry. */
static pte_t
table_entry(const struct hart *h, const struct tlb_entry *e)
{
	pte_t *table = dmap_pa_to_va(ptoa(h->satp & ((1ul << SATP_ASID_SHIFT) - 1)));

	for (int above = PT_ROOT; above > e->level; above--) {
		pte_t entry = table[pt_index(e->base, above)];
		if ((entry & PTE_V) == 0)
			return 0;
		table = pte_table(entry);
	}
	return table[pt_index(e->base, e->level)];
}

/* An entry may know less than the tables: fewer rights, no D, or that there is nothing. Never more, but for A: that a page was used
 * is forgotten without telling. */
static void
check_entry(const struct hart *h, const struct tlb_entry *e)
{
	pte_t now = table_entry(h, e), rights = PTE_RWX | PTE_D;

	if ((e->pte & PTE_V) == 0)
		return;
	if ((now & PTE_V) == 0 || pte_pa(now) != pte_pa(e->pte) || (e->pte & rights & ~now) != 0)
		panic("hart %d still knows %#lx for %#lx, where the table has %#lx",
		    (int)(h - harts), (unsigned long)e->pte, (unsigned long)e->base,
		    (unsigned long)now);
}

void
model_check_tlbs(void)
{
	for (const struct hart *h = harts; h < &harts[MAXHART]; h++)
		for (unsigned i = 0; i < h->n; i++)
			if (h->tlb[i].global || h->tlb[i].asid == satp_asid(h->satp))
				check_entry(h, &h->tlb[i]);
}

int
md_copyout(vaddr_t dst, const void *src, size_t n)
{
	(void)src;
	(void)n;
	return model_access(dst, VM_PROT_WRITE, true) != NULL ? 0 : EFAULT;
}

/* What vm_fault does when the page is there with the rights asked for: enter it again. */
static bool
enter_again(struct pmap *pm, vaddr_t va, vm_prot_t access) NO_LOCK_ANALYSIS
{
	const pte_t *pte = pt_find(pm, va);
	pte_t leaf = pte != NULL ? *pte : 0;
	unsigned flags = access | ((leaf & PTE_WIRED) != 0 ? PMAP_WIRED : 0);

	if (!allows(leaf, access, pm != kernel_pmap))
		return false;
	return pmap_enter(pm, va, pte_page(leaf), (leaf & PTE_RWX) / PTE_R, flags) == 0;
}

struct vm_page *
model_touch(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	bool user = pm != kernel_pmap;
	struct vm_page *m = model_access(va, access, user);

	for (unsigned faults = 0; m == NULL && faults < 2; faults++) {
		if (!pmap_fault_fixup(pm, va, access) && !enter_again(pm, va, access))
			return NULL;
		m = model_access(va, access, user);
	}
	return m;
}
