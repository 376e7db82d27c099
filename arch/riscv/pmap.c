/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the pmaps: creating and destroying them, and every operation on a space or a range of one
 * (vm/pmap.h says what each promises).
 *
 *      pmap --> root ..> last-level table --> PTE --> page
 *                                              ^        |
 *                                              '--------'  reverse mapping (pmap_pv.c)
 *
 * An operation on a range works in bites: lock, change some hundred PTEs, shoot them down together,
 * drop the reverse mappings, unlock. So interrupts are never off for long, and between the bites no
 * TLB knows more than the tables say.
 *
 * Locks: the pmap's, then a pv list's. Page tables and reverse mappings are allocated with the lock
 * held (pages and zones never sleep) and before anything is changed, so that ENOMEM leaves all as
 * it was.
 */
#include <errno.h>
#include <string.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/pmap_private.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

#define REMOVE_MAX        48  /* mappings removed in one bite: their old PTEs are on the stack */
#define VISIT_MAX         512 /* PTEs looked at in one bite otherwise */

#define USER_ROOT_ENTRIES (PT_ENTRIES / 2) /* the others are the kernel's, the same in every root */

static struct pmap kernel_pmap_store = {
    .lock = SPINLOCK_INIT("kernel pmap", RANK_PMAP),
    .leaf_bits = PTE_G,
};
struct pmap *const kernel_pmap = &kernel_pmap_store;

static struct zone *pmap_zone;

/*
 * One space.
 */
static void
pmap_construct(void *item)
{
	struct pmap *pm = item;

	memset(pm, 0, sizeof(*pm));
	spin_init(&pm->lock, "pmap", RANK_PMAP);
	pm->leaf_bits = PTE_U;
}

struct pmap *
pmap_create(void)
{
	struct pmap *pm = zone_alloc(pmap_zone, 0);
	struct vm_page *root = vm_page_alloc_noobj(VM_ALLOC_SYSTEM | VM_ALLOC_ZERO);

	if (pm == NULL || root == NULL) {
		zone_free(pmap_zone, pm);
		if (root != NULL)
			vm_page_unwire(root, PQ_NONE);
		return NULL;
	}
	root->md.pt_pmap = pm;
	root->md.pt_index = 0;
	root->md.pt_count = 0;
	pm->root = vm_page_kva(root);
	memcpy(&pm->root[USER_ROOT_ENTRIES], &kernel_pmap->root[USER_ROOT_ENTRIES],
	    USER_ROOT_ENTRIES * sizeof(pte_t));
	pm->resident = pm->wired = pm->tables = 0;
	memset(pm->context, 0, sizeof(pm->context));
	return pm;
}

void
pmap_destroy(struct pmap *pm)
{
	struct vm_page *root = pte_page(pte_make(dmap_va_to_pa(pm->root), 0));

	KASSERT(pm != kernel_pmap);
	KASSERT(pm->resident == 0 && pm->wired == 0 && pm->tables == 0);
	KASSERT(__atomic_load_n(&pm->active, __ATOMIC_SEQ_CST) == 0);
	pmap_page_init(root);
	vm_page_unwire(root, PQ_NONE);
	zone_free(pmap_zone, pm);
}

uint64_t
pmap_resident_count(const struct pmap *pm)
{
	return __atomic_load_n(&pm->resident, __ATOMIC_RELAXED);
}

uint64_t
pmap_wired_count(const struct pmap *pm)
{
	return __atomic_load_n(&pm->wired, __ATOMIC_RELAXED);
}

/*
 * PTEs and rights.
 */
static vm_prot_t
bits_to_rights(pte_t pte)
{
	return (pte & PTE_RWX) / PTE_R;
}

/*
 * PGA_EXEC: what was stored to the page has reached the instruction caches. Seen to once for each
 * content, before the page is mapped executable; a page that may be written through a mapping has
 * to be seen to again.
 */
static void
update_exec(struct vm_page *m, pte_t rights)
{
	bool exec = (__atomic_load_n(&m->aflags, __ATOMIC_RELAXED) & PGA_EXEC) != 0;

	if ((rights & PTE_X) != 0 && !exec) {
		md_icache_sync();
		__atomic_fetch_or(&m->aflags, PGA_EXEC, __ATOMIC_RELAXED);
	}
	if ((rights & PTE_W) != 0)
		__atomic_fetch_and(&m->aflags, (uint8_t)~PGA_EXEC, __ATOMIC_RELAXED);
}

/* The leaf for m in pm, without A and D, and without PTE_MANAGED. */
static inline pte_t
leaf_for(const struct pmap *pm, struct vm_page *m, vm_prot_t prot)
{
	pte_t rights = rights_to_bits(prot);

	KASSERT((rights & (PTE_R | PTE_X)) != 0);
	if ((rights & PTE_X) != 0 ||
	    (__atomic_load_n(&m->aflags, __ATOMIC_RELAXED) & PGA_EXEC) != 0)
		update_exec(m, rights);
	return pte_make(vm_page_to_phys(m), PTE_V | pm->leaf_bits | rights);
}

/* The reverse mapping exists, pte is invalid, and its table counts it. */
static void
mapping_set(struct pmap *pm, pte_t *pte, pte_t leaf) REQUIRES(pm->lock)
{
	pm->resident++;
	if ((leaf & PTE_WIRED) != 0)
		pm->wired++;
	pte_publish(pte, leaf);
}

/* A mapping is gone from tables and TLBs: tell the page what it knew, and that it is. */
static void
mapping_forget(pte_t *pte, pte_t old)
{
	struct vm_page *m;

	if ((old & PTE_MANAGED) == 0)
		return;
	m = pte_page(old);
	if ((old & (PTE_A | PTE_D)) != 0)
		pv_harvest(m, old);
	pv_remove(m, pte);
}

/*
 * Entering.
 */
/* The same page again, with other rights: keep what the old PTE knows in A and D. If it changes
 * nothing, a stale TLB entry, perhaps for a table, made somebody ask. */
static void
enter_again(struct pmap *pm, pte_t *pte, vaddr_t va, pte_t old, pte_t leaf) REQUIRES(pm->lock)
{
	struct flush f;

	while (!pte_cas(pte, &old, leaf | (old & (PTE_A | PTE_D))))
		continue;
	leaf |= old & (PTE_A | PTE_D);
	if (((old ^ leaf) & PTE_WIRED) != 0)
		pm->wired += (leaf & PTE_WIRED) != 0 ? 1 : -1;
	if ((old & ~leaf & PTE_RWX) != 0) {
		flush_init(&f);
		flush_add(&f, va);
		tlb_flush(pm, &f);
	} else if (old != leaf) {
		tlb_flush_local_page(pm, va);
	} else {
		tlb_flush_local(pm);
	}
}

/* Another page is mapped there. Its mapping must be gone from every TLB before the new one is there
 * for any hart: else two threads write to two different pages at one address. */
static void
break_mapping(struct pmap *pm, pte_t *pte, vaddr_t va) REQUIRES(pm->lock)
{
	struct flush f;

	flush_init(&f);
	pte_t old = mapping_clear(pm, pte, va, &f);
	tlb_flush(pm, &f);
	mapping_forget(pte, old);
}

/* => returns 0 or ENOMEM */
static int
enter_new(struct pmap *pm, pte_t *pte, vaddr_t va, struct vm_page *m, pte_t leaf) REQUIRES(pm->lock)
{
	int error = (leaf & PTE_MANAGED) != 0 ? pv_insert(m, pte) : 0;

	if (error == 0) {
		if ((pte_load(pte) & PTE_V) != 0)
			break_mapping(pm, pte, va);
		else
			pt_count(pte, 1);
		mapping_set(pm, pte, leaf);
	} else {
		struct flush f;
		flush_init(&f);
		pt_prune(pm, va, &f);
		tlb_flush(pm, &f);
		pt_free(&f);
	}
	return error;
}

int
pmap_enter(struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot, unsigned flags)
{
	pte_t leaf = leaf_for(pm, m, prot) | PTE_A;
	int error = ENOMEM;

	if ((flags & PMAP_WIRED) != 0)
		leaf |= PTE_WIRED;
	if ((flags & PMAP_UNMANAGED) == 0)
		leaf |= PTE_MANAGED;
	/* The kernel cannot take the fault that sets D. */
	if ((prot & VM_PROT_WRITE) != 0 && ((flags & VM_PROT_WRITE) != 0 || pm == kernel_pmap))
		leaf |= PTE_D;
	spin_lock(&pm->lock);
	pte_t *pte = pt_find(pm, va);
	if (pte == NULL)
		pte = pt_make(pm, va);
	pte_t old = pte != NULL ? pte_load(pte) : 0;
	if ((old & PTE_V) != 0 && pte_pa(old) == pte_pa(leaf)) {
		enter_again(pm, pte, va, old, leaf);
		error = 0;
	} else if (pte != NULL) {
		error = enter_new(pm, pte, va, m, leaf);
	}
	spin_unlock(&pm->lock);
	return error;
}

/* The kernel's mappings have A and D from the start, as it cannot take the fault that sets them. */
void
pmap_enter_quick(struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot)
{
	pte_t leaf = leaf_for(pm, m, prot) | PTE_MANAGED;

	if (pm == kernel_pmap)
		leaf |= PTE_A | ((leaf & PTE_W) != 0 ? PTE_D : 0);
	spin_lock(&pm->lock);
	pte_t *pte = pt_find(pm, va);
	pte_t old = pte != NULL ? pte_load(pte) : 0;
	if (pte != NULL && (old & PTE_V) == 0 && pv_insert(m, pte) == 0) {
		pt_count(pte, 1);
		mapping_set(pm, pte, leaf);
	} else if ((old & PTE_MANAGED) != 0 && pte_pa(old) == pte_pa(leaf)) {
		enter_again(pm, pte, va, old, old | (leaf & PTE_RWX));
	}
	spin_unlock(&pm->lock);
}

/*
 * Removing.
 */
/* Mappings that are gone from the tables but not yet from the TLBs. */
struct removal {
	struct flush flush;
	unsigned n;
	struct {
		pte_t *pte;
		pte_t old;
	} gone[REMOVE_MAX];
};

/* Page tables are sparse. */
static inline pte_t *
first_valid(pte_t *pte, const pte_t *stop)
{
	while (pte < stop && pte_load(pte) == 0)
		pte++;
	return pte;
}

/* Clear the PTEs of one table for [va, end).  Returns where it stopped: at end, or with r full. */
static vaddr_t
remove_in_table(struct pmap *pm, pte_t *pte, vaddr_t va, vaddr_t end, struct removal *r)
    REQUIRES(pm->lock)
{
	unsigned before = r->n, full = before + pt_valid_entries(pte);
	pte_t *const first = pte, *const stop = pte + atop(end - va);

	if (full > REMOVE_MAX)
		full = REMOVE_MAX;
	while (r->n < full && (pte = first_valid(pte, stop)) < stop) {
		r->gone[r->n].pte = pte;
		r->gone[r->n++].old = mapping_clear(pm, pte, va + ptoa(pte - first), &r->flush);
		pte++;
	}
	pt_count(first, (int)before - (int)r->n);
	return r->n < REMOVE_MAX ? end : va + ptoa(pte - first);
}

/* Returns where the next bite begins. */
static vaddr_t
remove_bite(struct pmap *pm, vaddr_t va, vaddr_t end)
{
	struct removal r;
	pte_t *pte;

	r.n = 0;
	flush_init(&r.flush);
	spin_lock(&pm->lock);
	while (r.n < REMOVE_MAX && pm->resident > 0 && (pte = pt_next(pm, &va, end)) != NULL) {
		vaddr_t from = va;
		va = remove_in_table(pm, pte, va, pt_end(va, end), &r);
		pt_prune(pm, from, &r.flush);
	}
	if (pm->resident == 0)
		va = end;
	tlb_flush(pm, &r.flush);
	for (unsigned i = 0; i < r.n; i++)
		mapping_forget(r.gone[i].pte, r.gone[i].old);
	pt_free(&r.flush);
	spin_unlock(&pm->lock);
	return va;
}

void
pmap_remove(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	while (start < end)
		start = remove_bite(pm, start, end);
}

/*
 * Changing.
 */
/* What to do to the leaves of one table for [va, end); the shootdown, if it takes one, goes to f.
 * */
typedef void
table_fn(struct pmap *pm, pte_t *pte, vaddr_t va, vaddr_t end, pte_t bits, struct flush *f);

/* Returns where the next bite begins. */
static vaddr_t
change_bite(struct pmap *pm, vaddr_t va, vaddr_t end, table_fn *change, pte_t bits)
{
	struct flush f;
	unsigned seen = 0;
	pte_t *pte;

	flush_init(&f);
	spin_lock(&pm->lock);
	while (seen < VISIT_MAX && (pte = pt_next(pm, &va, end)) != NULL) {
		vaddr_t stop = pt_end(va, end);
		change(pm, pte, va, stop, bits, &f);
		seen += atop(stop - va);
		va = stop;
	}
	tlb_flush(pm, &f);
	pt_free(&f);
	spin_unlock(&pm->lock);
	return va;
}

/* Was execute-only, and may only be read now: a valid entry without rights would point to a table.
 * */
static void
protect_remove(struct pmap *pm, pte_t *pte, vaddr_t va, struct flush *f) REQUIRES(pm->lock)
{
	break_mapping(pm, pte, va);
	pt_count(pte, -1);
	pt_prune(pm, va, f);
}

/* Take `bits` away.  D stays: it is still true. */
static void
protect_table(struct pmap *pm, pte_t *pte, vaddr_t va, vaddr_t end, pte_t bits, struct flush *f)
    REQUIRES(pm->lock)
{
	for (; va < end; va += PAGE_SIZE, pte++) {
		pte_t leaf = pte_load(pte);
		if ((leaf & bits) == 0)
			continue;
		if ((leaf & PTE_RWX & ~bits) == 0) {
			protect_remove(pm, pte, va, f);
		} else {
			pte_clear_bits(pte, bits);
			flush_add(f, va);
		}
	}
}

void
pmap_protect(struct pmap *pm, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	pte_t bits = PTE_RWX & ~rights_to_bits(prot);

	if ((prot & VM_PROT_ALL) == 0) {
		pmap_remove(pm, start, end);
		return;
	}
	while (bits != 0 && start < end)
		start = change_bite(pm, start, end, protect_table, bits);
}

static void
unwire_table(struct pmap *pm, pte_t *pte, vaddr_t va, vaddr_t end, pte_t bits, struct flush *f)
    REQUIRES(pm->lock)
{
	(void)f;
	for (; va < end; va += PAGE_SIZE, pte++) {
		if ((pte_load(pte) & bits) != 0 && (pte_clear_bits(pte, bits) & bits) != 0)
			pm->wired--;
	}
}

void
pmap_unwire(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	while (start < end)
		start = change_bite(pm, start, end, unwire_table, PTE_WIRED);
}

/*
 * Asking.
 */
/* The leaf at va, 0 if there is none. */
static pte_t
leaf_at(struct pmap *pm, vaddr_t va) REQUIRES(pm->lock)
{
	pte_t *pte = pt_find(pm, va);
	pte_t leaf = pte != NULL ? pte_load(pte) : 0;

	return (leaf & PTE_V) != 0 ? leaf : 0;
}

bool
pmap_extract(struct pmap *pm, vaddr_t va, paddr_t *pa)
{
	spin_lock(&pm->lock);
	pte_t leaf = leaf_at(pm, va);
	spin_unlock(&pm->lock);
	*pa = pte_pa(leaf) | (va & PAGE_MASK);
	return leaf != 0;
}

struct vm_page *
pmap_extract_and_hold(struct pmap *pm, vaddr_t va, vm_prot_t prot)
{
	pte_t need = rights_to_bits(prot) | PTE_MANAGED;
	struct vm_page *m = NULL;

	spin_lock(&pm->lock);
	pte_t leaf = leaf_at(pm, va);
	if ((leaf & need) == need) {
		m = pte_page(leaf);
		vm_page_wire(m);
	}
	spin_unlock(&pm->lock);
	if (m != NULL && (prot & VM_PROT_WRITE) != 0)
		vm_page_dirty(m);
	return m;
}

bool
pmap_is_prefaultable(struct pmap *pm, vaddr_t va)
{
	spin_lock(&pm->lock);
	pte_t *pte = pt_find(pm, va);
	bool free = pte != NULL && (pte_load(pte) & PTE_V) == 0;
	spin_unlock(&pm->lock);
	return free;
}

void
pmap_table_span(vaddr_t va, vaddr_t *start, vaddr_t *end)
{
	*start = va & ~(pt_span(1) - 1);
	*end = *start + pt_span(1);
}

void
pmap_walk(struct pmap *pm,
    void (*fn)(void *arg, vaddr_t va, struct vm_page *m, vm_prot_t prot, bool wired),
    void *arg) NO_LOCK_ANALYSIS
{
	vaddr_t va = pm == kernel_pmap ? VM_MIN_KERNEL_ADDRESS : 0;
	vaddr_t end = pm == kernel_pmap ? VM_MAX_KERNEL_ADDRESS : VM_MAX_USER_ADDRESS;
	pte_t *pte;

	while ((pte = pt_next(pm, &va, end)) != NULL) {
		for (vaddr_t stop = pt_end(va, end); va < stop; va += PAGE_SIZE, pte++) {
			pte_t leaf = pte_load(pte);
			if ((leaf & (PTE_V | PTE_MANAGED)) == (PTE_V | PTE_MANAGED))
				fn(arg, va, pte_page(leaf), bits_to_rights(leaf),
				    (leaf & PTE_WIRED) != 0);
		}
	}
}

/*
 * Fork.
 */
/* Returns false when memory is short. */
static bool
copy_leaf(struct pmap *dst, pte_t *to, pte_t leaf) REQUIRES(dst->lock)
{
	KASSERT(pte_load(to) == 0);
	if ((leaf & PTE_MANAGED) != 0 && pv_insert(pte_page(leaf), to) != 0)
		return false;
	mapping_set(dst, to, leaf & ~(PTE_W | PTE_A | PTE_D | PTE_WIRED));
	return true;
}

/* Give dst what a table of src has for [va, end).  Returns false when memory is short. */
static bool
copy_table(struct pmap *dst, const pte_t *from, vaddr_t va, vaddr_t end) REQUIRES(dst->lock)
{
	pte_t *const to = pt_make(dst, va);
	size_t n = atop(end - va), copied = 0;
	bool more = to != NULL;

	for (size_t i = 0; more && i < n; i++) {
		pte_t leaf = pte_load(&from[i]);
		if ((leaf & PTE_V) == 0)
			continue;
		more = copy_leaf(dst, &to[i], leaf);
		copied += more;
	}
	if (to != NULL)
		pt_count(to, (int)copied);
	return more;
}

/* Take away what copy_table() made for the range and did not need. */
static void
prune_copy(struct pmap *dst, vaddr_t va) REQUIRES(dst->lock)
{
	struct flush f;

	if (pt_find(dst, va) == NULL)
		return;
	flush_init(&f);
	pt_prune(dst, va, &f);
	tlb_flush(dst, &f);
	pt_free(&f);
}

void
pmap_copy(struct pmap *dst, struct pmap *src, vaddr_t start, vaddr_t end)
{
	bool more = true;

	while (more && start < end) {
		spin_lock(&dst->lock);
		spin_lock_nested(&src->lock);
		const pte_t *pte = pt_next(src, &start, end);
		vaddr_t stop = pt_end(start, end);
		if (pte != NULL) {
			more = copy_table(dst, pte, start, stop);
			prune_copy(dst, start);
		}
		spin_unlock(&src->lock);
		spin_unlock(&dst->lock);
		start = stop;
	}
}

/*
 * Boot.
 */
void
pmap_init(void)
{
	pv_init();
	pmap_zone = zone_create("pmap", sizeof(struct pmap), ZONE_NOFREE, pmap_construct);
	fixup_init();
}
