/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page fault: from an address and an access to a page table entry, or to the reason why not.
 *
 *      vm_fault
 *        fault_lookup     map entry, rights, shadow object for a first write: map and top locked
 *        fault_find       down the chain: top, backing, ..., pager or zero: page found
 *          fault_pagein     nothing locked: the pager fills a busy page, then start again
 *        fault_copy_up    a write, and the page lies below the top: move or copy it up
 *        fault_enter      page table entry; neighbours that are resident come along
 *        fault_release    gives back exactly what the struct says is held
 *
 * What can happen to the page, for a write (for a read it is entered as found, without W if it lies
 * below the top):
 *
 *      found in the top object                      enter it
 *      found below, and others can see it too       copy into the top object
 *      found below, and only the top can see it     move it up
 *      found nowhere                                a zeroed page in the top object (a read: the
 *                                                   one page of zeros there is, if nobody else can
 *                                                   write here)
 *
 * Locks: the map is share-locked from lookup to release, so the entry, its object reference and the
 * rights hold until the page is entered.  The top object stays locked all the time: it keeps two
 * threads from resolving the same page twice.  Below it locks go hand over hand, shadow before
 * backing.  Nobody sleeps with a lock: whoever must wait (busy page, memory, pager) says so in the
 * struct, everything is released, and the fault starts over; a page that came from a pager is
 * simply found resident in the next round.
 *
 * Rejected: keeping a busy placeholder page in the top object and dropping the locks while copying
 * (Mach, BSD): it saves a thousand instructions of lock holding and costs a second protocol; and
 * keeping the page busy across the pager call until it is mapped, which needs a "did the map
 * change" check that starting over does not.
 */
#include "vm/vm_fault.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_map.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/vm_stack.h"
#include "vm/vmspace.h"

/* So many backing objects are walked faster than the page table is asked. */
#define SHORT_CHAIN 4
/* Pages behind one that is written again which get the same right, if they are there. */
#define REWRITE_PAGES 8
/* So many waits for memory in vain (20 ms each) and the machine is out of it. */
#define DRY_ROUNDS_MAX 15

enum fault_wait { WAIT_NONE, WAIT_MEMORY, WAIT_BUSY, WAIT_CHANGE };

/* All untouched private memory that was only read.  Belongs to no object, never written. */
static struct vm_page *zero_page; /* I */

/* How far a fault looks around itself, in pages, by what was advised. */
struct fault_window {
	uint8_t behind, ahead;         /* neighbours that are entered if they are resident */
	uint8_t get_behind, get_ahead; /* what a pager may bring in around a missing page */
	uint8_t cool;                  /* pages behind that will not be needed again */
};

static const struct fault_window fault_windows[] = {
    [VM_ADVICE_NORMAL] = {.behind = 8, .ahead = 8, .get_behind = 3, .get_ahead = 12},
    [VM_ADVICE_RANDOM] = {.ahead = 0},
    [VM_ADVICE_SEQUENTIAL] = {.ahead = 24, .get_ahead = 15, .cool = 64},
};

struct fault {
	/* what was asked */
	struct vm_map *map;
	vaddr_t va; /* page aligned */
	vm_prot_t access;
	struct vm_page **hold; /* if not NULL: wire the page and store it here */
	bool wire;             /* wire the page for its entry (vm_map_wire) */

	/* fault_lookup: the entry and the top object, locked */
	struct vm_map_found found;
	struct vm_object *top; /* NULL: nothing is locked */
	vm_prot_t prot;        /* rights to enter */

	/* fault_find: where the page is; `object` is locked too if it is not the top */
	struct vm_object *object;
	pindex_t pindex;
	struct vm_page *m;
	bool soft; /* the page was resident and nothing was allocated: look at its neighbours */

	/* what to wait for once nothing is locked */
	enum fault_wait wait;
	unsigned dry_rounds; /* waits for memory in which nobody freed any */
	bool paged_in;       /* a pager was asked */
};

void
vm_fault_init(void)
{
	zero_page = vm_page_alloc_noobj(VM_ALLOC_ZERO);
	if (zero_page == NULL)
		panic("no memory for a page of zeros");
	zero_page->valid = true;
}

static int
fault_wait_for(struct fault *f, enum fault_wait what)
{
	f->wait = what;
	return ERETRY;
}

/* => the map is locked. */
static const struct fault_window *
fault_window(const struct fault *f)
{
	return &fault_windows[f->found.entry->advice];
}

static void
fault_unlock_below(struct fault *f) NO_LOCK_ANALYSIS
{
	if (f->object != NULL && f->object != f->top)
		mutex_unlock(&f->object->lock);
	f->object = NULL;
}

static void
fault_release(struct fault *f) NO_LOCK_ANALYSIS
{
	fault_unlock_below(f);
	if (f->top == NULL)
		return;
	mutex_unlock(&f->top->lock);
	vm_map_unlock_read(f->found.map);
	f->top = NULL;
}

static int
fault_lookup(struct fault *f) NO_LOCK_ANALYSIS
{
	int error = vm_map_lookup(f->map, f->va, f->access, &f->found);

	/* Each time around: another thread may unmap what was grown before we are back. */
	if (error == EFAULT && (f->map->flags & VM_MAP_KERNEL) == 0) {
		error = vm_map_growstack(f->map, f->va);
		/* A wired stack grows when there is memory for all of it: what an attempt gives
		 * back does not count as somebody's. */
		if (error == ENOMEM && ++f->dry_rounds <= DRY_ROUNDS_MAX)
			return fault_wait_for(f, WAIT_MEMORY);
		return error == 0 ? ERETRY : error;
	}
	if (error == ENOMEM)
		return fault_wait_for(f, WAIT_MEMORY);
	if (error != 0)
		return error;
	f->top = f->found.object;
	f->prot = f->found.prot;
	mutex_lock(&f->top->lock);
	return 0;
}

/*
 * Finding the page.
 */

/* The page is missing at the bottom, where a pager is: have it filled.  => returns ERETRY, or EIO,
 * EINVAL. */
static int
fault_pagein(struct fault *f) NO_LOCK_ANALYSIS
{
	const struct fault_window *w = fault_window(f);
	struct vm_object *o = f->object;
	struct vm_page *m;
	int error;

	if (f->pindex >= o->size)
		return EINVAL;
	m = vm_page_alloc(o, f->pindex, VM_ALLOC_NORMAL);
	if (m == NULL)
		return fault_wait_for(f, WAIT_MEMORY);
	vm_object_ref_locked(o);
	vm_object_pip_add(o);
	fault_release(f);
	f->paged_in = true;

	error = o->pager->get(o, m, w->get_behind, w->get_ahead);
	vm_count(VMC_PAGEINS);
	mutex_lock(&o->lock);
	if (error == 0) {
		KASSERT(m->valid);
		vm_page_activate(m);
		vm_page_xunbusy(m);
	} else {
		vm_page_free(m);
	}
	vm_object_pip_done(o);
	mutex_unlock(&o->lock);
	vm_object_unref(o);
	return error == 0 ? ERETRY : error;
}

/*
 * Can the page of zeros stand in until somebody writes?  It has no reverse mapping: the write must
 * come through this very page table entry.  So nobody else may write to the memory (SHARE: now or
 * after a fork), and who holds a page wants one that stays.
 */
static bool
fault_takes_zero_page(const struct fault *f)
{
	const struct vm_map_entry *e = f->found.entry;

	return (f->access & VM_PROT_WRITE) == 0 && f->hold == NULL && e->wired_count == 0 &&
	    (f->found.map->flags & VM_MAP_KERNEL) == 0 && e->inheritance != VM_INHERIT_SHARE &&
	    (e->eflags & MAP_ENTRY_SHARED) == 0 &&
	    ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0 || (f->top->flags & OBJ_ONEMAPPING) != 0);
}

/* Nothing anywhere: zeros. */
static int
fault_zero_fill(struct fault *f) NO_LOCK_ANALYSIS
{
	/* A shared mapping may reach beyond what there is to share (mremap). */
	if (f->found.pindex >= f->top->size)
		return EINVAL;
	if (fault_takes_zero_page(f)) {
		f->m = zero_page;
		vm_count(VMC_ZERO_READS);
		return 0;
	}
	fault_unlock_below(f);
	f->object = f->top;
	f->pindex = f->found.pindex;
	f->m = vm_page_alloc(f->object, f->pindex, VM_ALLOC_ZERO);
	if (f->m == NULL)
		return fault_wait_for(f, WAIT_MEMORY);
	f->m->valid = true;
	vm_page_xunbusy(f->m);
	f->soft = false;
	vm_count(VMC_ZERO_FILL);
	return 0;
}

/*
 * Step from f->object to its backing object, hand over hand; the top stays locked.  false: the two
 * are being merged by somebody who sleeps at the moment; f->object will say when it is done.
 */
static bool
fault_descend(struct fault *f) NO_LOCK_ANALYSIS
{
	struct vm_object *next = f->object->backing;

	if ((f->object->flags & OBJ_COLLAPSING) != 0)
		return false;
	mutex_lock_nested(&next->lock);
	f->pindex += f->object->backing_off;
	if (f->object != f->top)
		mutex_unlock(&f->object->lock);
	f->object = next;
	return true;
}

/*
 * A write to a page that is mapped already, read-only, a long way down: what the page table shows
 * is what the walk would find, for whoever puts a page in front of another in a chain removes that
 * one's mappings first, with its object locked (fault_copy_page).
 * => true: f->object, locked, has the page.
 */
static bool
fault_find_mapped(struct fault *f) NO_LOCK_ANALYSIS
{
	struct vm_page *m;
	struct vm_object *o;
	paddr_t pa, again;

	if (f->top->depth < SHORT_CHAIN || !pmap_extract(f->found.map->pmap, f->va, &pa))
		return false;
	m = vm_phys_to_page(pa);
	o = m != NULL ? __atomic_load_n(&m->object, __ATOMIC_RELAXED) : NULL;
	if (o == NULL || o == f->top)
		return false;
	/* Objects are type-stable: lock it, then see whether it is still the page's.  It may be
	 * any object by now, even one in front of the top, so there is no waiting for it. */
	if (!mutex_trylock(&o->lock))
		return false;
	if (m->object != o || !pmap_extract(f->found.map->pmap, f->va, &again) || again != pa) {
		mutex_unlock(&o->lock);
		return false;
	}
	f->object = o;
	f->pindex = m->pindex;
	f->m = m;
	return true;
}

static int
fault_find(struct fault *f) NO_LOCK_ANALYSIS
{
	f->soft = true;
	if ((f->access & VM_PROT_WRITE) != 0 && fault_find_mapped(f))
		return vm_page_busied(f->m) ? fault_wait_for(f, WAIT_BUSY) : 0;
	f->object = f->top;
	f->pindex = f->found.pindex;
	for (;;) {
		struct vm_object *o = f->object;

		f->m = vm_page_lookup(o, f->pindex);
		if (f->m != NULL && vm_page_busied(f->m))
			return fault_wait_for(f, WAIT_BUSY);
		if (f->m != NULL) {
			KASSERT(f->m->valid);
			/* What is left of a file that was cut (PAGES_EMPTIED) is not shown. */
			return f->pindex < o->size ? 0 : EINVAL;
		}
		if (o->pager != NULL)
			return fault_pagein(f);
		if (o->backing == NULL)
			return fault_zero_fill(f);
		if (!fault_descend(f))
			return fault_wait_for(f, WAIT_CHANGE);
	}
}

/*
 * Copy-on-write.
 */

/* Can the page leave f->object for the top?  Only if the top is the one way to get there. */
static bool
fault_can_move(const struct fault *f)
{
	const struct vm_object *o = f->object;

	return f->top->backing == o && o->type == OBJ_ANON && o->refs == 1 &&
	    ((o->flags | f->top->flags) & (OBJ_COLLAPSING | OBJ_SPLIT)) == 0 &&
	    !vm_page_wired(f->m);
}

static void
fault_move_up(struct fault *f) NO_LOCK_ANALYSIS
{
	bool mine = vm_page_tryxbusy(f->m);

	KASSERT(mine);
	vm_page_rename(f->m, f->top, f->found.pindex);
	vm_page_xunbusy(f->m);
	vm_count(VMC_COW_MOVES);
}

static int
fault_copy_page(struct fault *f) NO_LOCK_ANALYSIS
{
	struct vm_page *copy = vm_page_alloc(f->top, f->found.pindex, VM_ALLOC_NORMAL);

	if (copy == NULL)
		return fault_wait_for(f, WAIT_MEMORY);
	pmap_copy_page(f->m, copy);
	/* If the top object is mapped elsewhere too, those mappings may show the old page: they
	 * must come back and find the copy. */
	if ((f->top->flags & OBJ_ONEMAPPING) == 0)
		pmap_remove_all(f->m);
	copy->valid = true;
	vm_page_dirty(copy);
	vm_page_xunbusy(copy);
	f->m = copy;
	vm_count(VMC_COW_COPIES);
	return 0;
}

/* A page that is read-only in this entry is wired for it, but others may write to the top object,
 * and so put another page in front of it: wire what they would put there. */
static bool
fault_wants_own(const struct fault *f)
{
	return f->wire && (f->found.entry->eflags & MAP_ENTRY_NEEDS_COPY) == 0 &&
	    (f->top->flags & OBJ_ONEMAPPING) == 0;
}

static int
fault_copy_up(struct fault *f) NO_LOCK_ANALYSIS
{
	int error = 0;

	if (f->object == f->top && f->m != zero_page)
		return 0;
	if ((f->access & VM_PROT_WRITE) == 0 && !fault_wants_own(f)) {
		f->prot &= ~VM_PROT_WRITE;
		return 0;
	}
	f->soft = false;
	if (fault_can_move(f))
		fault_move_up(f);
	else
		error = fault_copy_page(f);
	if (error != 0)
		return error;
	fault_unlock_below(f);
	f->object = f->top;
	return 0;
}

/*
 * Entering it.
 */

/* Enter the page behind va if it is resident, wherever in the chain it is.
 * => only the top object is locked, on entry and exit. */
static void
fault_prefault_one(struct fault *f, vaddr_t va) NO_LOCK_ANALYSIS
{
	pindex_t i = f->found.pindex + (pindex_t)atop(va) - (pindex_t)atop(f->va);
	struct vm_object *in;
	struct vm_page *m = vm_object_find(f->top, i, &in);

	if (m != NULL && m->valid && !vm_page_busied(m) && m->pindex < in->size) {
		pmap_enter_quick(f->found.map->pmap, va, m, f->found.prot & ~VM_PROT_WRITE);
		vm_count(VMC_PREFAULTS);
	}
	if (in != f->top)
		mutex_unlock(&in->lock);
}

/* A program that reads in order does not come back: the pages behind it may go first.  => only the
 * top object is locked. */
static void
fault_cool_behind(struct fault *f, unsigned pages) NO_LOCK_ANALYSIS
{
	vaddr_t before = f->va - f->found.entry->start;
	pindex_t n = (pindex_t)MIN(atop(before), pages);

	if (n > 0)
		vm_object_cool(f->top, f->found.pindex - n, n);
}

/* Enter resident neighbours read-only: they will be wanted next, and each saves a fault.  Stays
 * within the entry and one page table. */
static void
fault_prefault(struct fault *f)
{
	const struct fault_window *w = fault_window(f);
	struct vm_map_entry *e = f->found.entry;
	struct pmap *pm = f->found.map->pmap;
	vaddr_t start, end;

	fault_unlock_below(f);
	pmap_table_span(f->va, &start, &end);
	start = MAX(MAX(start, e->start), f->va - MIN(f->va, w->behind * PAGE_SIZE));
	end = MIN(MIN(end, e->end), f->va + (w->ahead + 1) * PAGE_SIZE);
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		if (va != f->va && pmap_is_prefaultable(pm, va))
			fault_prefault_one(f, va);
	}
	if (w->cool > 0)
		fault_cool_behind(f, w->cool);
}

/*
 * A write found its page where it belongs, only without the right to write: since a fork whose
 * child is gone, or a read.  The next pages are likely to be written too; give those that are there
 * the same rights.
 */
static void
fault_prefault_written(struct fault *f) NO_LOCK_ANALYSIS
{
	struct vm_page *m = vm_page_next(f->m);
	vaddr_t start, end;

	pmap_table_span(f->va, &start, &end);
	end = MIN(MIN(end, f->found.entry->end), f->va + (REWRITE_PAGES + 1) * PAGE_SIZE);
	for (; m != NULL; m = vm_page_next(m)) {
		vaddr_t va = f->va + ptoa(m->pindex - f->m->pindex);

		if (va >= end)
			break;
		if (m->valid && !vm_page_busied(m))
			pmap_enter_quick(f->found.map->pmap, va, m, f->prot);
	}
}

static int
fault_enter(struct fault *f) NO_LOCK_ANALYSIS
{
	bool managed = f->m != zero_page && f->object->type != OBJ_DEVICE;
	bool wired = f->found.entry->wired_count > 0;
	unsigned flags = f->access | (managed ? 0 : PMAP_UNMANAGED) | (wired ? PMAP_WIRED : 0);

	if (pmap_enter(f->found.map->pmap, f->va, f->m, f->prot, flags) != 0) {
		/* It may be a copy just made.  The next round may find that this access is refused
		 * meanwhile, so nothing may go on showing the page it was made of. */
		pmap_remove(f->found.map->pmap, f->va, f->va + PAGE_SIZE);
		return fault_wait_for(f, WAIT_MEMORY);
	}
	if (f->m == zero_page)
		return 0;
	if (f->wire)
		vm_page_wire(f->m);
	if ((f->access & VM_PROT_WRITE) != 0)
		vm_page_dirty(f->m);
	vm_page_activate(f->m);
	if (f->hold != NULL && !managed)
		return EFAULT; /* registers are not memory to be held */
	if (f->hold != NULL) {
		vm_page_wire(f->m);
		*f->hold = f->m;
	} else if (wired) {
		return 0; /* a neighbour entered here would not be wired */
	} else if (f->soft && managed && (f->access & VM_PROT_WRITE) == 0) {
		fault_prefault(f);
	} else if (f->soft && f->top->type == OBJ_ANON && fault_window(f)->ahead > 0) {
		fault_prefault_written(f);
	}
	return 0;
}

/*
 * Waiting, with nothing held.
 */

/* Release everything but the lock of the object where the search stopped: the caller sleeps on
 * something of it, which gives that up. */
static struct vm_object *
fault_release_all_but_object(struct fault *f) NO_LOCK_ANALYSIS
{
	struct vm_object *o = f->object;

	if (o != f->top)
		mutex_unlock(&f->top->lock);
	vm_map_unlock_read(f->found.map);
	f->object = f->top = NULL;
	return o;
}

/* => returns ERETRY, or ENOMEM when there is no hope of memory. */
static int
fault_wait(struct fault *f) NO_LOCK_ANALYSIS
{
	enum fault_wait wait = f->wait;
	struct vm_page *m = f->m;

	f->wait = WAIT_NONE;
	vm_count(VMC_FAULT_RESTARTS);
	switch (wait) {
	case WAIT_NONE:
		fault_release(f);
		break;
	case WAIT_BUSY:
		vm_page_busy_sleep(fault_release_all_but_object(f), m, "fault");
		break;
	case WAIT_CHANGE:
		vm_object_wait_change(fault_release_all_but_object(f), "merge");
		break;
	case WAIT_MEMORY:
		fault_release(f);
		if (!vm_page_wait() && ++f->dry_rounds > DRY_ROUNDS_MAX)
			return ENOMEM;
		break;
	}
	return ERETRY;
}

static int
fault_run(struct fault *f)
{
	int error;

	vm_count(VMC_FAULTS);
	do {
		error = fault_lookup(f);
		if (error == 0)
			error = fault_find(f);
		if (error == 0)
			error = fault_copy_up(f);
		if (error == 0)
			error = fault_enter(f);
		if (error == ERETRY)
			error = fault_wait(f);
		else
			fault_release(f);
	} while (error == ERETRY);
	if (error != 0)
		vm_count(VMC_FAULT_ERRORS);
	else if (f->paged_in)
		curthread()->major_faults++;
	else
		curthread()->minor_faults++;
	return error;
}

int
vm_fault(struct vm_map *map, vaddr_t va, vm_prot_t access)
{
	struct fault f = {.map = map, .va = trunc_page(va), .access = access};

	if (curthread()->nofault)
		return EFAULT;
	return fault_run(&f);
}

int
vm_fault_wire(struct vm_map *map, vaddr_t va, vm_prot_t access)
{
	struct fault f = {.map = map, .va = trunc_page(va), .access = access, .wire = true};

	return fault_run(&f);
}

int
vm_fault_hold(struct vm_map *map, vaddr_t va, vm_prot_t access, struct vm_page **m)
{
	struct fault f = {.map = map, .va = trunc_page(va), .access = access, .hold = m};

	*m = pmap_extract_and_hold(map->pmap, f.va, access);
	return *m != NULL ? 0 : fault_run(&f);
}

int
vm_fault_hold_pages(struct vm_map *map, vaddr_t va, size_t len, vm_prot_t access,
    struct vm_page **pages, unsigned n)
{
	unsigned i;

	KASSERT(len > 0 && n == atop(round_page(va + len) - trunc_page(va)));
	for (i = 0; i < n; i++) {
		int error = vm_fault_hold(map, trunc_page(va) + ptoa(i), access, &pages[i]);

		if (error != 0) {
			vm_fault_unhold_pages(pages, i, false);
			return error;
		}
	}
	return 0;
}

void
vm_fault_unhold_pages(struct vm_page **pages, unsigned n, bool dirtied)
{
	for (unsigned i = 0; i < n; i++) {
		if (dirtied)
			vm_page_dirty(pages[i]);
		vm_page_unwire(pages[i], PQ_ACTIVE);
	}
}
