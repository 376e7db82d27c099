/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the reverse mappings: for each page, where it is mapped; and the operations that start from
 * a page.
 *
 *      vm_page.md.pv_head   --> PTE                 most pages are mapped once: nothing else
 *                .pv_second --> PTE                 or twice: since a fork
 *                .pv_more   --> chunk [PTE PTE  - ] --> chunk [PTE PTE PTE] --> NULL
 *
 * Only the first chunk has free slots, at its end; pv_head has a PTE when any has. Three bits of
 * pv_head that an address does not need:
 *
 *      PV_LOCKED   the list is locked: pv_head is the holder's
 *      PV_PAIR     there is a second mapping, no more
 *      PV_MORE     there are chunks, with two mappings or more
 *
 * So the usual changes, from no mapping to one and back, are one atomic instruction each that
 * succeeds only if none of the bits is set.
 *
 * Locks: pmap, then pv list; interrupts are off. A page's operation walks the list locked, which
 * keeps the PTEs' tables and pmaps alive, and tries the lock of each pmap on the way. When one is
 * taken it drops everything and begins again: what it has done so far it need not undo, for each
 * step is complete (shot down) in itself and does nothing the second time.
 *
 * Rejected: a hash of spinlocks instead of the bit. Lock and unlock cost more than all the rest of
 * adding a mapping.
 * Rejected: pv records with pmap, address and two list links (32 bytes for each mapping, where this
 * takes 8 to 11 and often none).
 * Rejected: changing PTEs under the pv lock alone, without the pmap's: then an empty PTE says
 * nothing about TLBs, because the shootdown may still be under way on another hart.
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
#define PV_LOCKED      1ul
#define PV_PAIR        2ul
#define PV_MORE        4ul
#define PV_FLAGS       (PV_LOCKED | PV_PAIR | PV_MORE)
#define REFERENCED_MAX 5 /* pmap_ts_referenced looks no further */

struct pv_chunk {
	struct pv_chunk *next; /* v */
	pte_t *pte[PV_SLOTS];  /* v  NULLs last */
};

static struct zone *pv_zone;

void
pv_init(void)
{
	pv_zone = zone_create("pv", sizeof(struct pv_chunk), 0, NULL);
}

void
pmap_page_init(struct vm_page *m)
{
	m->md.pv_head = 0;
	m->md.pv_more = NULL;
}

/*
 * The head of a list.
 */
static inline pte_t *
head_pte(uintptr_t head)
{
	return (pte_t *)(head & ~PV_FLAGS);
}

/* Acquire: what the PTE's table says of itself was written before, and what pv_harvest noted. */
static inline uintptr_t
head_load(const struct vm_page *m)
{
	return __atomic_load_n(&m->md.pv_head, __ATOMIC_ACQUIRE);
}

static inline bool
head_replace(struct vm_page *m, uintptr_t old, uintptr_t new)
{
	return __atomic_compare_exchange_n(
	    &m->md.pv_head, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* => interrupts off. Returns what the head is without the lock; pv_unlock stores what it shall be.
 * */
static uintptr_t
pv_lock(struct vm_page *m)
{
	uintptr_t head = head_load(m) & ~PV_LOCKED;

	while (!head_replace(m, head, head | PV_LOCKED)) {
		cpu_relax();
		head = head_load(m) & ~PV_LOCKED;
	}
	return head;
}

static void
pv_unlock(struct vm_page *m, uintptr_t head)
{
	__atomic_store_n(&m->md.pv_head, head, __ATOMIC_RELEASE);
}

/*
 * The list.
 */
/* A new chunk in front of `next`, with one mapping; NULL: no memory. */
static struct pv_chunk *
pv_chunk_create(struct pv_chunk *next, pte_t *pte)
{
	struct pv_chunk *chunk = zone_alloc(pv_zone, ZONE_ZERO | ZONE_SYSTEM);

	if (chunk != NULL) {
		chunk->next = next;
		chunk->pte[0] = pte;
	}
	return chunk;
}

/* Add a mapping to the chunks.  => the list is locked, there are chunks; returns 0 or ENOMEM */
static int
pv_add(struct md_page *md, pte_t *pte)
{
	struct pv_chunk *chunk = md->pv_more;

	for (unsigned i = 0; i < PV_SLOTS; i++) {
		if (chunk->pte[i] == NULL) {
			chunk->pte[i] = pte;
			return 0;
		}
	}
	chunk = pv_chunk_create(chunk, pte);
	if (chunk == NULL)
		return ENOMEM;
	md->pv_more = chunk;
	return 0;
}

static int
pv_insert_locked(struct vm_page *m, pte_t *pte, uintptr_t *head)
{
	if (*head == 0) {
		*head = (uintptr_t)pte;
		return 0;
	}
	if ((*head & PV_FLAGS) == 0) {
		m->md.pv_second = pte;
		*head |= PV_PAIR;
		return 0;
	}
	if ((*head & PV_PAIR) != 0) {
		struct pv_chunk *chunk = pv_chunk_create(NULL, m->md.pv_second);

		if (chunk == NULL)
			return ENOMEM;
		m->md.pv_more = chunk;
		*head = (*head & ~PV_PAIR) | PV_MORE;
	}
	return pv_add(&m->md, pte);
}

int
pv_insert(struct vm_page *m, pte_t *pte)
{
	if (head_load(m) == 0 && head_replace(m, 0, (uintptr_t)pte))
		return 0;
	uintptr_t head = pv_lock(m);
	int error = pv_insert_locked(m, pte, &head);
	pv_unlock(m, head);
	return error;
}

/* Take the mapping that was added last off the chunks.  => there are chunks */
static pte_t *
pv_take_last(struct md_page *md)
{
	struct pv_chunk *chunk = md->pv_more;
	unsigned last = PV_SLOTS - 1;

	while (chunk->pte[last] == NULL)
		last--;
	pte_t *pte = chunk->pte[last];
	chunk->pte[last] = NULL;
	if (last == 0) {
		md->pv_more = chunk->next;
		zone_free(pv_zone, chunk);
	}
	return pte;
}

/* Put `last` in the place of pte.  => pte is in the chunks */
static void
pv_replace(struct md_page *md, const pte_t *pte, pte_t *last)
{
	for (struct pv_chunk *chunk = md->pv_more; chunk != NULL; chunk = chunk->next) {
		for (unsigned i = 0; i < PV_SLOTS; i++) {
			if (chunk->pte[i] == pte) {
				chunk->pte[i] = last;
				return;
			}
		}
	}
	panic("pmap: a mapping without its reverse");
}

/* The head for `first` and the chunks; the last chunk goes when it has a single mapping. */
static uintptr_t
pv_tail(struct md_page *md, pte_t *first)
{
	struct pv_chunk *chunk = md->pv_more;

	if (chunk->next != NULL || chunk->pte[1] != NULL)
		return (uintptr_t)first | PV_MORE;
	md->pv_second = chunk->pte[0];
	zone_free(pv_zone, chunk);
	return (uintptr_t)first | PV_PAIR;
}

/* Returns the new head. */
static uintptr_t
pv_remove_locked(struct vm_page *m, uintptr_t head, pte_t *pte)
{
	pte_t *first = head_pte(head);

	if ((head & PV_FLAGS) == 0) {
		KASSERT(first == pte);
		return 0;
	}
	if ((head & PV_PAIR) != 0) {
		KASSERT(first == pte || m->md.pv_second == pte);
		return (uintptr_t)(first == pte ? m->md.pv_second : first);
	}
	pte_t *last = pv_take_last(&m->md);
	if (first == pte)
		first = last;
	else if (last != pte)
		pv_replace(&m->md, pte, last);
	return pv_tail(&m->md, first);
}

void
pv_remove(struct vm_page *m, pte_t *pte)
{
	if (head_load(m) == (uintptr_t)pte && head_replace(m, (uintptr_t)pte, 0))
		return;
	uintptr_t head = pv_lock(m);
	pv_unlock(m, pv_remove_locked(m, head, pte));
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
	return head_pte(head_load(m)) != NULL;
}

/* What to do with one mapping, its pmap locked; must be complete in itself. The answers are added
 * up. */
typedef unsigned pv_visit_fn(struct pmap *pm, pte_t *pte, struct vm_page *m);

/* Where behind the first mapping a walk is. */
struct pv_cursor {
	pte_t *second;
	struct pv_chunk *chunk;
	unsigned slot;
};

static struct pv_cursor
pv_cursor(const struct md_page *md, uintptr_t head)
{
	return (struct pv_cursor){
	    .second = (head & PV_PAIR) != 0 ? md->pv_second : NULL,
	    .chunk = (head & PV_MORE) != 0 ? md->pv_more : NULL,
	};
}

/* The mapping there, moving on; NULL at the end. */
static pte_t *
pv_next(struct pv_cursor *at)
{
	pte_t *second = at->second;

	at->second = NULL;
	if (second != NULL)
		return second;
	if (at->chunk != NULL && (at->slot == PV_SLOTS || at->chunk->pte[at->slot] == NULL)) {
		at->chunk = at->chunk->next;
		at->slot = 0;
	}
	return at->chunk != NULL ? at->chunk->pte[at->slot++] : NULL;
}

unsigned
pv_count(struct vm_page *m)
{
	uintptr_t head = pv_lock(m);
	struct pv_cursor at = pv_cursor(&m->md, head);
	unsigned n = 0;

	for (pte_t *pte = head_pte(head); pte != NULL; pte = pv_next(&at))
		n++;
	pv_unlock(m, head);
	return n;
}

/* One pass over the list.  => the list is locked; false: a pmap was busy. */
static bool
pv_try_visit(struct vm_page *m, uintptr_t head, pv_visit_fn *visit, unsigned limit,
    unsigned *sum) NO_LOCK_ANALYSIS
{
	struct pv_cursor at = pv_cursor(&m->md, head);

	for (pte_t *pte = head_pte(head); pte != NULL && *sum < limit; pte = pv_next(&at)) {
		struct pmap *pm = pte_pmap(pte);
		if (!spin_trylock(&pm->lock))
			return false;
		*sum += visit(pm, pte, m);
		spin_unlock(&pm->lock);
	}
	return true;
}

/* Visit every mapping, or until the answers add up to the limit; some twice, if a pmap is busy.
 * Returns the sum. */
static unsigned
pv_visit(struct vm_page *m, pv_visit_fn *visit, unsigned limit)
{
	unsigned sum = 0;
	bool done = !pmap_page_is_mapped(m);

	while (!done) {
		intr_push_off();
		uintptr_t head = pv_lock(m);
		done = pv_try_visit(m, head, visit, limit, &sum);
		pv_unlock(m, head);
		intr_pop_off();
	}
	return sum;
}

/* Remove the first mapping. => the list is locked; returns the new head: the old one if the pmap
 * was busy */
static uintptr_t
pv_try_remove_first(struct vm_page *m, uintptr_t head) NO_LOCK_ANALYSIS
{
	pte_t *pte = head_pte(head);
	struct pmap *pm = pte_pmap(pte);
	vaddr_t va = pte_va(pte);
	struct flush f;

	if (!spin_trylock(&pm->lock))
		return head;
	flush_init(&f);
	pv_harvest(m, mapping_clear(pm, pte, va, &f));
	pt_count(pte, -1);
	pt_prune(pm, va, &f);
	tlb_flush(pm, &f);
	head = pv_remove_locked(m, head, pte);
	pt_free(&f);
	spin_unlock(&pm->lock);
	return head;
}

void
pmap_remove_all(struct vm_page *m)
{
	while (pmap_page_is_mapped(m)) {
		intr_push_off();
		uintptr_t head = pv_lock(m);
		if (head_pte(head) != NULL)
			head = pv_try_remove_first(m, head);
		pv_unlock(m, head);
		intr_pop_off();
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

/* Without a shootdown: a TLB that keeps the entry makes the page look less used than it is, and no
 * more. */
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
