/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns what the TLBs know: address space identifiers (ASIDs), the switch between spaces, the
 * shootdown.
 *
 * Each hart numbers the spaces that it runs by itself, from 1 to what its satp holds; 0 is the
 * kernel's. A pmap remembers for each hart (generation, ASID). When a hart runs out of numbers it
 * flushes its TLB and starts a new generation, and whatever carries an older one is a stranger
 * again. A hart without ASIDs has the number 0 only, and so a new generation with each switch to
 * another space.
 *
 * To shoot down a mapping on a hart that has the space in satp, tell it (SBI RFENCE; the firmware
 * answers with interrupts off, so locks may be held). On one that has not, it is enough to forget
 * its number: it will come back as a stranger, with a number the TLB has never seen. The two sides
 * pair up so:
 *
 *      shootdown                              pmap_activate
 *      change the PTE                         set my bit in active
 *      zero context of harts not in active    read my context, make a new one if it is zero or old
 *      read active: tell those harts          write satp, translate
 *
 * Either the one sees the bit or the other sees the zero; and a hart that clears its bit in between
 * was seen in the first reading.
 *
 * Rejected: one ASID for all harts, as Linux has it. One call could flush one ASID everywhere, but
 * the number of a running space may not change, so a rollover must look at every hart under a
 * global lock; here it concerns one hart and needs none.
 *
 * After an entry becomes valid there is no fence: a hart that remembers the invalid one faults once
 * and pmap_fault_fixup() or vm_fault() ends it.
 */
#include "arch/riscv/cpu.h"
#include "arch/riscv/mmu.h"
#include "arch/riscv/pmap_private.h"
#include "arch/riscv/sbi.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"

#define ASID_BITS        16
#define FLUSH_PAGES_MAX  16 /* more than this: the whole space */
#define FLUSH_EVERYTHING UINT64_MAX

/* Only the hart itself touches its own. */
struct tlb_hart {
	struct pmap *pmap;       /* in satp; NULL: kernel only */
	uint64_t asid;           /* in satp */
	uint64_t asid_max;       /* 0: the hart has none */
	uint64_t asid_next;      /* the next to be given out */
	uint64_t generation;     /* from 1 */
	uint64_t kernel_changes; /* what it was at the last full flush */
} __attribute__((aligned(64)));

static struct tlb_hart tlb_harts[MAXHART];

/* Counts kernel mappings made: see tlb_kernel_grew. */
static uint64_t kernel_changes;

/*
 * Start.
 */
/* How many ASIDs the register holds: bits that are not there read back as zero. */
static uint64_t
probe_asid_max(uint64_t satp)
{
	mmu_set_root(satp | SATP_ASID_MASK);
	uint64_t max = (mmu_get_root() & SATP_ASID_MASK) >> SATP_ASID_SHIFT;
	mmu_set_root(satp);
	return max;
}

static uint64_t
satp_of(const struct pmap *pm, uint64_t asid)
{
	return SATP_SV39 | asid << SATP_ASID_SHIFT | atop(dmap_va_to_pa(pm->root));
}

void
pmap_hart_init(void)
{
	unsigned self = cpu_id();
	struct tlb_hart *h = &tlb_harts[self];
	uint64_t satp = satp_of(kernel_pmap, 0);

	__atomic_fetch_or(&kernel_pmap->active, 1u << self, __ATOMIC_SEQ_CST);
	h->kernel_changes = __atomic_load_n(&kernel_changes, __ATOMIC_SEQ_CST);
	mmu_set_root(satp);
	mmu_fence_all();
	h->asid_max = probe_asid_max(satp);
	h->asid_next = h->asid_max > 0;
	h->generation = 1;
	mmu_fence_all();
}

/*
 * The switch.
 */
/* A number that the TLB of h knows nothing of; sets *flush when that takes a flush first. */
static uint64_t
new_asid(struct tlb_hart *h, bool *flush)
{
	if (h->asid_next > h->asid_max) {
		h->generation++;
		h->asid_next = h->asid_max > 0;
		*flush = true;
	}
	return h->asid_next++;
}

/* The ASID of pm on this hart. */
static uint64_t
context_asid(struct tlb_hart *h, struct pmap *pm, unsigned self, bool *flush)
{
	uint64_t context = __atomic_load_n(&pm->context[self], __ATOMIC_SEQ_CST);

	if (context >> ASID_BITS != h->generation) {
		uint64_t asid = new_asid(h, flush);
		context = h->generation << ASID_BITS | asid;
		__atomic_store_n(&pm->context[self], context, __ATOMIC_SEQ_CST);
	}
	return context & ((1ul << ASID_BITS) - 1);
}

static void
switch_root(struct tlb_hart *h, struct pmap *pm, unsigned self)
{
	struct pmap *old = h->pmap;
	bool flush = false;

	if (pm != NULL)
		__atomic_fetch_or(&pm->active, 1u << self, __ATOMIC_SEQ_CST);
	h->asid = pm != NULL ? context_asid(h, pm, self, &flush) : 0;
	h->pmap = pm;
	mmu_set_root(satp_of(pm != NULL ? pm : kernel_pmap, h->asid));
	if (flush && h->asid_max == 0)
		mmu_fence_asid(0);
	else if (flush)
		mmu_fence_all();
	if (old != NULL)
		__atomic_fetch_and(&old->active, ~(1u << self), __ATOMIC_SEQ_CST);
}

void
pmap_activate(struct pmap *pm)
{
	unsigned self = cpu_id();
	struct tlb_hart *h = &tlb_harts[self];
	uint64_t changes = __atomic_load_n(&kernel_changes, __ATOMIC_ACQUIRE);

	if (pm != h->pmap)
		switch_root(h, pm, self);
	if (changes != h->kernel_changes) {
		h->kernel_changes = changes;
		mmu_fence_all();
	}
}

/*
 * The shootdown.
 */
/* Every hart that is not translating through pm forgets its number.  Returns those that are. */
static uint32_t
flush_targets(struct pmap *pm)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint32_t before = __atomic_load_n(&pm->active, __ATOMIC_SEQ_CST);
	uint32_t idle = __atomic_load_n(&kernel_pmap->active, __ATOMIC_RELAXED) & ~before;

	for (unsigned hart = 0; idle >> hart != 0; hart++) {
		if ((idle >> hart & 1) != 0)
			__atomic_store_n(&pm->context[hart], 0, __ATOMIC_SEQ_CST);
	}
	return before | __atomic_load_n(&pm->active, __ATOMIC_SEQ_CST);
}

void
tlb_flush_local_page(struct pmap *pm, vaddr_t va)
{
	struct tlb_hart *h = &tlb_harts[cpu_id()];

	if (pm == kernel_pmap)
		mmu_fence_page_global(va);
	else if (pm == h->pmap)
		mmu_fence_page(va, h->asid);
}

void
tlb_flush_local(struct pmap *pm)
{
	struct tlb_hart *h = &tlb_harts[cpu_id()];

	if (pm == kernel_pmap)
		mmu_fence_all();
	else if (pm == h->pmap)
		mmu_fence_asid(h->asid);
}

void
tlb_flush(struct pmap *pm, const struct flush *f)
{
	bool all = f->all || f->end - f->start > FLUSH_PAGES_MAX * PAGE_SIZE;

	if (f->start == f->end && !f->all)
		return;
	uint32_t self = 1u << cpu_id();
	uint32_t targets = flush_targets(pm);
	if ((targets & ~self) != 0)
		sbi_remote_sfence(targets & ~self, all ? 0 : f->start,
		    all ? FLUSH_EVERYTHING : f->end - f->start);
	if ((targets & self) == 0)
		return;
	if (all)
		tlb_flush_local(pm);
	for (vaddr_t va = f->start; !all && va < f->end; va += PAGE_SIZE)
		tlb_flush_local_page(pm, va);
}

void
tlb_kernel_grew(vaddr_t va)
{
	__atomic_fetch_add(&kernel_changes, 1, __ATOMIC_RELEASE);
	mmu_fence_page_global(va);
}
