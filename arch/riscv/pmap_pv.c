/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the reverse mappings: for each page, where it is mapped; and the operations that start from a page.
 *
 *      vm_page.md.pv_first --> PTE                            most pages are mapped once and need nothing else
 *                .pv_more  --> chunk [PTE PTE  - ] --> chunk [PTE PTE PTE] --> NULL
 *
 * Only the first chunk has free slots, at its end; pv_first is in use when any is.  It is filled without the lock.
 *
 * Locks: a hash of pv list locks, above the pmap locks.  A page's operation walks the list under its lock, which keeps the PTEs'
 * tables and pmaps alive, and tries the lock of each pmap on the way.  When one is taken it drops everything and begins again: what it
 * has done so far it need not undo, for each step is complete (shot down) in itself and does nothing the second time.
 *
 * Rejected: pv records with pmap, address and two list links (32 bytes for each mapping, where this takes 8 to 11 and often none).
 * Rejected: changing PTEs under the pv lock alone, without the pmap's: then an empty PTE says nothing about TLBs, because the shootdown
 * may still be under way on another hart.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/pmap_private.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

#define PV_SLOTS       3
#define PV_LOCKS       64
#define REFERENCED_MAX 5 /* pmap_ts_referenced looks no further */

struct pv_chunk {
	struct pv_chunk *next; /* v */
	pte_t *pte[PV_SLOTS];  /* v  NULLs last */
};

static struct spinlock pv_locks[PV_LOCKS];
static struct zone *pv_zone;

void
pv_init(void)
{
	for (unsigned i = 0; i < PV_LOCKS; i++)
		spin_init(&pv_locks[i], "pv list", RANK_PV);
	pv_zone = zone_create("pv", sizeof(struct pv_chunk), 0, NULL);
}

/* The first mapping.  Acquire: what it points to was made before it. */
static inline pte_t *
pv_first(const struct vm_page *m)
{
	return __atomic_load_n(&m->md.pv_first, __ATOMIC_ACQUIRE);
}

static struct spinlock *
pv_lock_of(const struct vm_page *m)
{
	return &pv_locks[atop(vm_page_to_phys(m)) % PV_LOCKS];
}

void
pmap_page_init(struct vm_page *m)
{
	m->md.pv_first = NULL;
	m->md.pv_more = NULL;
}

/*
 * The list.
 */
/* A slot of a chunk, to put another mapping in; NULL: no memory. */
static pte_t **
pv_free_slot(struct md_page *md)
{
	struct pv_chunk *chunk = md->pv_more;

	for (unsigned i = 0; chunk != NULL && i < PV_SLOTS; i++) {
		if (chunk->pte[i] == NULL)
			return &chunk->pte[i];
	}
	chunk = zone_alloc(pv_zone, ZONE_ZERO | ZONE_SYSTEM);
	if (chunk == NULL)
		return NULL;
	chunk->next = md->pv_more;
	md->pv_more = chunk;
	return &chunk->pte[0];
}

/* From empty, the list changes in this way only, and the usual first mapping needs no lock. */
static bool
pv_insert_first(struct md_page *md, pte_t *pte)
{
	pte_t *none = NULL;

	return __atomic_compare_exchange_n(&md->pv_first, &none, pte, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

int
pv_insert(struct vm_page *m, pte_t *pte)
{
	struct spinlock *lock = pv_lock_of(m);
	int error = 0;

	if (pv_insert_first(&m->md, pte))
		return 0;
	spin_lock(lock);
	if (!pv_insert_first(&m->md, pte)) { /* it may be empty by now */
		pte_t **slot = pv_free_slot(&m->md);
		if (slot != NULL)
			*slot = pte;
		else
			error = ENOMEM;
	}
	spin_unlock(lock);
	return error;
}

/* Take the mapping that was added last off the list: one whose slot may become empty.  => there is one */
static pte_t *
pv_take_last(struct md_page *md)
{
	struct pv_chunk *chunk = md->pv_more;
	unsigned last = PV_SLOTS - 1;
	pte_t *pte = md->pv_first;

	if (chunk == NULL) {
		/* Release: whoever sees it unmapped sees what pv_harvest noted. */
		__atomic_store_n(&md->pv_first, NULL, __ATOMIC_RELEASE);
		return pte;
	}
	while (chunk->pte[last] == NULL)
		last--;
	pte = chunk->pte[last];
	chunk->pte[last] = NULL;
	if (last == 0) {
		md->pv_more = chunk->next;
		zone_free(pv_zone, chunk);
	}
	return pte;
}

/* Where pte is on the list.  => it is */
static pte_t **
pv_slot_of(struct md_page *md, const pte_t *pte)
{
	if (md->pv_first == pte)
		return &md->pv_first;
	for (struct pv_chunk *chunk = md->pv_more; chunk != NULL; chunk = chunk->next) {
		for (unsigned i = 0; i < PV_SLOTS; i++) {
			if (chunk->pte[i] == pte)
				return &chunk->pte[i];
		}
	}
	panic("pmap: a mapping without its reverse");
}

/* => the list is locked */
static void
pv_remove_locked(struct vm_page *m, pte_t *pte)
{
	KASSERT(pv_first(m) != NULL);
	pte_t *last = pv_take_last(&m->md);

	if (last != pte)
		*pv_slot_of(&m->md, pte) = last;
}

void
pv_remove(struct vm_page *m, pte_t *pte)
{
	struct spinlock *lock = pv_lock_of(m);

	spin_lock(lock);
	pv_remove_locked(m, pte);
	spin_unlock(lock);
}

void
pv_harvest(struct vm_page *m, pte_t old)
{
	if ((old & PTE_D) != 0)
		vm_page_dirty(m);
	if ((old & PTE_A) != 0)
		vm_page_reference(m);
}

/*
 * Operations on a page.
 */
bool
pmap_page_is_mapped(struct vm_page *m)
{
	return pv_first(m) != NULL;
}

/* What to do with one mapping, its pmap locked; must be complete in itself.  The answers are added up. */
typedef unsigned pv_visit_fn(struct pmap *pm, pte_t *pte, struct vm_page *m);

/* Where in the chunks a walk is. */
struct pv_cursor {
	struct pv_chunk *chunk;
	unsigned slot;
};

/* The mapping there, moving on; NULL at the end. */
static pte_t *
pv_next(struct pv_cursor *at)
{
	if (at->chunk != NULL && (at->slot == PV_SLOTS || at->chunk->pte[at->slot] == NULL)) {
		at->chunk = at->chunk->next;
		at->slot = 0;
	}
	return at->chunk != NULL ? at->chunk->pte[at->slot++] : NULL;
}

/* One pass over the list.  => the list is locked; false: a pmap was busy. */
static bool
pv_try_visit(struct vm_page *m, pv_visit_fn *visit, unsigned limit, unsigned *sum) NO_LOCK_ANALYSIS
{
	struct pv_cursor at = { m->md.pv_more, 0 };

	for (pte_t *pte = pv_first(m); pte != NULL && *sum < limit; pte = pv_next(&at)) {
		struct pmap *pm = pte_pmap(pte);
		if (!spin_trylock(&pm->lock))
			return false;
		*sum += visit(pm, pte, m);
		spin_unlock(&pm->lock);
	}
	return true;
}

/* Visit every mapping, or until the answers add up to the limit; some twice, if a pmap is busy.  Returns the sum. */
static unsigned
pv_visit(struct vm_page *m, pv_visit_fn *visit, unsigned limit)
{
	struct spinlock *lock = pv_lock_of(m);
	unsigned sum = 0;
	bool done = !pmap_page_is_mapped(m);

	while (!done) {
		spin_lock(lock);
		done = pv_try_visit(m, visit, limit, &sum);
		spin_unlock(lock);
		cpu_relax();
	}
	return sum;
}

/* Remove mappings until none is left.  => the list is locked; false: a pmap was busy. */
static bool
pv_try_remove_all(struct vm_page *m) NO_LOCK_ANALYSIS
{
	pte_t *pte;

	while ((pte = pv_first(m)) != NULL) {
		struct pmap *pm = pte_pmap(pte);
		vaddr_t va = pte_va(pte);
		struct flush f;

		if (!spin_trylock(&pm->lock))
			return false;
		flush_init(&f);
		pv_harvest(m, mapping_clear(pm, pte, va, &f));
		pt_count(pte, -1);
		pt_prune(pm, va, &f);
		tlb_flush(pm, &f);
		pv_remove_locked(m, pte);
		pt_free(&f);
		spin_unlock(&pm->lock);
	}
	return true;
}

void
pmap_remove_all(struct vm_page *m)
{
	struct spinlock *lock = pv_lock_of(m);
	bool done = !pmap_page_is_mapped(m);

	while (!done) {
		spin_lock(lock);
		done = pv_try_remove_all(m);
		spin_unlock(lock);
		cpu_relax();
	}
}

/* Take bits from a leaf and tell the TLBs at once. */
static pte_t
revoke(struct pmap *pm, pte_t *pte, pte_t bits) REQUIRES(pm->lock)
{
	pte_t old = pte_clear_bits(pte, bits);

	if ((old & bits) != 0) {
		struct flush f;
		flush_init(&f);
		flush_add(&f, pte_va(pte));
		tlb_flush(pm, &f);
	}
	return old;
}

static unsigned
visit_remove_write(struct pmap *pm, pte_t *pte, struct vm_page *m) REQUIRES(pm->lock)
{
	pv_harvest(m, revoke(pm, pte, PTE_W | PTE_D) & PTE_D);
	return 0;
}

void
pmap_remove_write(struct vm_page *m)
{
	pv_visit(m, visit_remove_write, UINT_MAX);
}

static unsigned
visit_is_modified(struct pmap *pm, pte_t *pte, struct vm_page *m)
{
	(void)pm;
	(void)m;
	return (pte_load(pte) & PTE_D) != 0;
}

bool
pmap_is_modified(struct vm_page *m)
{
	return pv_visit(m, visit_is_modified, 1) != 0;
}

/* The kernel cannot take the fault that sets D again: its writable mappings stay dirty. */
static unsigned
visit_clear_modify(struct pmap *pm, pte_t *pte, struct vm_page *m) REQUIRES(pm->lock)
{
	(void)m;
	if (pm != kernel_pmap)
		revoke(pm, pte, PTE_D);
	return 0;
}

void
pmap_clear_modify(struct vm_page *m)
{
	pv_visit(m, visit_clear_modify, UINT_MAX);
}

/* Without a shootdown: a TLB that keeps the entry makes the page look less used than it is, and no more. */
static unsigned
visit_referenced(struct pmap *pm, pte_t *pte, struct vm_page *m)
{
	(void)m;
	return pm != kernel_pmap && (pte_clear_bits(pte, PTE_A) & PTE_A) != 0;
}

unsigned
pmap_ts_referenced(struct vm_page *m)
{
	return pv_visit(m, visit_referenced, REFERENCED_MAX);
}

static unsigned
visit_wired(struct pmap *pm, pte_t *pte, struct vm_page *m)
{
	(void)pm;
	(void)m;
	return (pte_load(pte) & PTE_WIRED) != 0;
}

unsigned
pmap_page_wired_mappings(struct vm_page *m)
{
	return pv_visit(m, visit_wired, UINT_MAX);
}
