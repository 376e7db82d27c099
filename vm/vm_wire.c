/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wiring, and the protocol that lets a thread work on entries while the map is unlocked.
 *
 * To wire is to fault in, and faults sleep, so the map cannot stay locked.  Instead the entries are
 * marked:
 *
 *      lock     wait until nobody else has an entry of the range in transition
 *               check everything: holes, rights, limit, number of entries
 *               cut at the ends; mark each entry IN_TRANSITION, owner = this thread; count it
 *      unlock   map->busy++
 *               fault in page after page, in address order, each with one wiring
 *      lock     map->busy--
 *               done, or the wirings of the pages that got one are taken back
 *               clear the marks, wake who waited, merge
 *      unlock
 *
 * An entry in transition is never removed, merged, or given other rights: whoever would do that
 * takes vm_map_lock_range(), which waits; so does a fault of another thread (vm_map_lookup), which
 * might replace a page that has been counted.  It may be cut: both parts keep the marks.  The owner
 * never uses an entry pointer across the unlocked part: it walks the range again and takes what is
 * marked as its own.  What others map into holes meanwhile is not marked, and stays out.
 *
 * Which page has the wiring?  The one that a walk down the chain finds first.  The page table is no
 * witness: mprotect(PROT_NONE) empties it.  That the walk finds the same page as long as the entry
 * is wired is the business of vm_wire_copy.c.
 *
 * Wiring on fault counts no pages: the wired page table entry itself keeps the page from being
 * taken.  A mapping without rights that is skipped by mlockall is wired like that, too.
 *
 * Lock order: the map, then objects.  Faults run with nothing held.
 *
 * Rejected: finding the pages to unwire in the page table (4.4BSD), and time stamps to find out
 * whether the map has changed: looking up the address again is as quick and cannot overflow.
 */
#include "vm/vm_wire.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_meter.h"
#include "vm/vm_mmap.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"

/* vm_map_entry.transition: what this wiring has added, so what its failure takes back. */
#define ADDS_USER   0x01u /* USER_WIRED, with its count and charge */
#define ADDS_FULL   0x02u /* the user's wiring was on fault so far */
#define ADDS_SYSTEM 0x04u
#define WANTS_PAGES 0x08u /* each page is to get a wiring */
#define WANTS_TOUCH 0x10u /* page table entries that exist are to be wired */

static uint64_t user_wired; /* a  bytes */

/*
 * The protocol.
 */

bool
vm_map_entry_foreign(const struct vm_map_entry *e)
{
	return (e->eflags & MAP_ENTRY_IN_TRANSITION) != 0 && e->owner != curthread();
}

/* An entry of the range that is in transition by another thread, or NULL. */
static struct vm_map_entry *
foreign_in_range(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = map->busy > 0 ? vm_map_first_from(map, start) : NULL;

	for (; e != NULL && e->start < end; e = vm_map_next(map, e)) {
		if (vm_map_entry_foreign(e))
			return e;
	}
	return NULL;
}

void
vm_map_unlock_and_wait(struct vm_map *map, struct vm_map_entry *e)
{
	KASSERT(sx_xowned(&map->lock) && vm_map_entry_foreign(e));
	e->eflags |= MAP_ENTRY_NEEDS_WAKEUP;
	vm_count(VMC_TRANSITION_WAITS);
	sleep_prepare(&map->busy, "wiring");
	vm_map_unlock(map);
	sleep_wait(0, NO_DEADLINE);
}

void
vm_map_lock_range(struct vm_map *map, vaddr_t start, vaddr_t end) NO_LOCK_ANALYSIS
{
	struct vm_map_entry *e;

	KASSERT(start <= end);
	vm_map_lock(map);
	while ((e = foreign_in_range(map, start, end)) != NULL) {
		vm_map_unlock_and_wait(map, e);
		vm_map_lock(map);
	}
}

/*
 * Counting.
 */

static unsigned
full_wirings(const struct vm_map_entry *e)
{
	return e->wired_count - ((e->eflags & MAP_ENTRY_WIRED_ONFAULT) != 0 ? 1u : 0u);
}

bool
vm_wire_is_full(const struct vm_map_entry *e)
{
	return full_wirings(e) > 0;
}

void
vm_wire_charge(struct vm_map *map, uint64_t bytes)
{
	KASSERT(sx_xowned(&map->lock));
	map->locked += bytes;
	__atomic_fetch_add(&user_wired, bytes, __ATOMIC_RELAXED);
}

void
vm_wire_uncharge(struct vm_map *map, uint64_t bytes)
{
	KASSERT(sx_xowned(&map->lock) && map->locked >= bytes);
	map->locked -= bytes;
	__atomic_fetch_sub(&user_wired, bytes, __ATOMIC_RELAXED);
}

uint64_t
vm_wire_user_count(void)
{
	return atop(__atomic_load_n(&user_wired, __ATOMIC_RELAXED));
}

bool
vm_wire_allowed(const struct vm_map *map, uint64_t more)
{
	const struct vmspace *vm = CONTAINER_OF(map, struct vmspace, map);
	uint64_t limit = __atomic_load_n(&vm->limit_memlock, __ATOMIC_RELAXED);

	return more == 0 || (more <= limit && map->locked <= limit - more);
}

/*
 * Pages.
 */

void
vm_object_unwire(struct vm_object *o, pindex_t start, pindex_t n) NO_LOCK_ANALYSIS
{
	for (pindex_t i = start; i < start + n; i++) {
		struct vm_object *in;
		struct vm_page *m;

		mutex_lock(&o->lock);
		m = vm_object_shown(o, i, &in);
		KASSERT(m != NULL && vm_page_wired(m));
		vm_page_unwire(m, PQ_ACTIVE);
		/* Only the wiring kept it when its file was cut. */
		if (m->pindex >= in->size && !vm_page_wired(m))
			vm_object_page_remove(in, m->pindex, m->pindex + 1);
		mutex_unlock(&in->lock);
	}
}

static void
unwire_pages(struct vm_map_entry *e, vaddr_t start, vaddr_t end)
{
	vm_object_unwire(e->u.object, vm_map_entry_index(e, start), (pindex_t)atop(end - start));
}

/*
 * Undoing wirings of one entry.  => map locked exclusively.
 */

/* The user's wiring goes.  => the entry's pages lose theirs if it was the last that wanted them. */
static void
drop_user(struct vm_map *map, struct vm_map_entry *e)
{
	bool was_full = vm_wire_is_full(e);

	e->eflags &= ~(MAP_ENTRY_USER_WIRED | MAP_ENTRY_WIRED_ONFAULT);
	e->wired_count--;
	vm_wire_uncharge(map, e->end - e->start);
	if (was_full && !vm_wire_is_full(e))
		unwire_pages(e, e->start, e->end);
}

static void
drop_system(struct vm_map_entry *e)
{
	e->wired_count--;
	if (!vm_wire_is_full(e))
		unwire_pages(e, e->start, e->end);
}

void
vm_map_entry_unwire(struct vm_map *map, struct vm_map_entry *e)
{
	KASSERT(sx_xowned(&map->lock) && (e->eflags & MAP_ENTRY_IN_TRANSITION) == 0);
	if ((e->eflags & MAP_ENTRY_USER_WIRED) != 0)
		drop_user(map, e);
	while (e->wired_count > 0)
		drop_system(e);
}

/*
 * Wiring, with the map locked: check, mark.
 */

/* Neither mapped memory nor pages that could be taken away. */
static bool
is_hole(const struct vm_map_entry *e)
{
	return (e->eflags & (MAP_ENTRY_GUARD | MAP_ENTRY_SUBMAP)) != 0;
}

/* Pages of a device are not memory that could be taken away. */
static bool
has_no_pages(const struct vm_map_entry *e)
{
	const struct vm_object *o = e->u.object;

	return is_hole(e) || (o != NULL && (o->type == OBJ_DEVICE || o->type == OBJ_PHYS));
}

/* The range is mapped without holes, and may be read or written unless `any_rights`. */
static int
check_mapped(struct vm_map *map, vaddr_t start, vaddr_t end, bool any_rights)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);

	while (e != NULL && e->start <= start && !is_hole(e) &&
	    (any_rights || e->protection != VM_PROT_NONE)) {
		if (e->end >= end)
			return 0;
		start = e->end;
		e = vm_map_next(map, e);
	}
	return ENOMEM;
}

static bool
cuts_at(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, va, NULL);

	return e != NULL && e->start < va && !is_hole(e);
}

/* Cut at both ends.  => ENOMEM: more entries than a process may have. */
static int
cut_ends(struct vm_map *map, vaddr_t start, vaddr_t end, struct vm_map_reserve *r)
    REQUIRES(map->lock)
{
	unsigned cuts = cuts_at(map, start) + cuts_at(map, end);

	if (cuts > 0 && !vm_map_count_allowed(map, map->nentries + cuts))
		return ENOMEM;
	if (cuts_at(map, start))
		vm_map_clip_start(map, vm_map_lookup_entry(map, start, NULL), start, r);
	if (cuts_at(map, end))
		vm_map_clip_end(map, vm_map_lookup_entry(map, end - 1, NULL), end, r);
	return 0;
}

/* Bytes of the range that the user has not wired yet. */
static uint64_t
not_yet_locked(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);
	uint64_t sum = 0;

	for (; e != NULL && e->start < end; e = vm_map_next(map, e)) {
		if (!has_no_pages(e) && (e->eflags & MAP_ENTRY_USER_WIRED) == 0)
			sum += MIN(e->end, end) - MAX(e->start, start);
	}
	return sum;
}

static int
check_wire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags)
{
	int error = 0;

	if ((flags & VM_WIRE_BRINGIN) != 0)
		return 0;
	if ((flags & VM_WIRE_HOLESOK) == 0)
		error = check_mapped(map, start, end, (flags & VM_WIRE_ONFAULT) != 0);
	if (error == 0 && (flags & VM_WIRE_USER) != 0 &&
	    !vm_wire_allowed(map, not_yet_locked(map, start, end)))
		error = ENOMEM;
	return error;
}

static void
mark_user(struct vm_map *map, struct vm_map_entry *e, bool lazy)
{
	if ((e->eflags & MAP_ENTRY_USER_WIRED) == 0) {
		e->transition |= ADDS_USER | (lazy ? WANTS_TOUCH : 0);
		e->eflags |= MAP_ENTRY_USER_WIRED | (lazy ? MAP_ENTRY_WIRED_ONFAULT : 0);
		e->wired_count++;
		vm_wire_charge(map, e->end - e->start);
	} else if (!lazy && (e->eflags & MAP_ENTRY_WIRED_ONFAULT) != 0) {
		e->transition |= ADDS_FULL;
		e->eflags &= ~MAP_ENTRY_WIRED_ONFAULT;
	}
}

static void
mark_entry(struct vm_map *map, struct vm_map_entry *e, unsigned flags)
{
	bool was_full = vm_wire_is_full(e);
	bool lazy = (flags & VM_WIRE_ONFAULT) != 0 || e->protection == VM_PROT_NONE;

	KASSERT((e->eflags & MAP_ENTRY_IN_TRANSITION) == 0);
	if ((flags & VM_WIRE_BRINGIN) != 0 && (e->eflags & MAP_ENTRY_WIRED_ONFAULT) == 0)
		return;
	if ((flags & VM_WIRE_USER) != 0) {
		mark_user(map, e, lazy);
	} else if (e->protection != VM_PROT_NONE) {
		e->transition |= ADDS_SYSTEM;
		e->wired_count++;
		KASSERT(e->wired_count != 0);
	}
	if (e->transition == 0)
		return;
	if (!was_full && vm_wire_is_full(e))
		e->transition |= WANTS_PAGES;
	e->eflags |= MAP_ENTRY_IN_TRANSITION;
	e->owner = curthread();
}

static int
wire_begin(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags, struct vm_map_reserve *r)
    REQUIRES(map->lock)
{
	struct vm_map_entry *e;
	int error = check_wire(map, start, end, flags);

	if (error == 0)
		error = cut_ends(map, start, end, r);
	if (error != 0)
		return error;
	for (e = vm_map_first_from(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		if (!has_no_pages(e))
			mark_entry(map, e, flags);
	}
	map->busy++;
	return 0;
}

/*
 * Wiring, with the map unlocked: bring in.
 */

/* Part of the range that this thread works on. */
struct fragment {
	vaddr_t start, end;
	uint8_t wants;
	vm_prot_t access;
};

static bool
is_ours(const struct vm_map_entry *e)
{
	return (e->eflags & MAP_ENTRY_IN_TRANSITION) != 0 && e->owner == curthread();
}

/* How to touch a page so that it need not be replaced later: writable private memory by a write.  A
 * file that is shared would only become dirty by that. */
static vm_prot_t
access_of(const struct vm_map_entry *e)
{
	const struct vm_object *o = e->u.object;

	if ((e->protection & VM_PROT_WRITE) != 0)
		return (e->eflags & MAP_ENTRY_COW) != 0 || o == NULL || o->type == OBJ_ANON
		    ? VM_PROT_WRITE
		    : VM_PROT_READ;
	return (e->protection & VM_PROT_READ) != 0 ? VM_PROT_READ : VM_PROT_EXEC;
}

/* The first of our entries from `at` on that wants something. */
static bool
next_fragment(struct vm_map *map, vaddr_t at, vaddr_t end, struct fragment *f)
{
	struct vm_map_entry *e;

	vm_map_lock_read(map);
	e = vm_map_first_from(map, at);
	while (e != NULL && e->start < end &&
	    (!is_ours(e) || (e->transition & (WANTS_PAGES | WANTS_TOUCH)) == 0))
		e = vm_map_next(map, e);
	if (e != NULL && e->start < end)
		*f = (struct fragment){
		    MAX(e->start, at), MIN(e->end, end), e->transition, access_of(e)};
	else
		e = NULL;
	vm_map_unlock_read(map);
	return e != NULL;
}

/* The page at va cannot be had: its entry is wired on fault then, and what it has shown already is
 * to be wired. */
static void
settle_for_less(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e;

	vm_map_lock(map);
	e = vm_map_lookup_entry(map, va, NULL);
	KASSERT(e != NULL && is_ours(e));
	unwire_pages(e, e->start, va);
	e->eflags |= MAP_ENTRY_WIRED_ONFAULT;
	e->transition &= ~(ADDS_FULL | WANTS_PAGES);
	e->transition |= WANTS_TOUCH;
	vm_map_unlock(map);
}

/* => *at: up to where pages have got their wirings. */
static int
wire_fragment(struct vm_map *map, const struct fragment *f, vaddr_t *at)
{
	paddr_t pa;
	int error = 0;

	for (*at = f->start; *at < f->end; *at += PAGE_SIZE) {
		/* Nobody will see the result: stop, and take back what there is. */
		if (__atomic_load_n(&curthread()->killed, __ATOMIC_RELAXED))
			error = ENOMEM;
		else if ((f->wants & WANTS_PAGES) != 0)
			error = vm_fault_wire(map, *at, f->access);
		else if (pmap_extract(map->pmap, *at, &pa))
			error = vm_fault(map, *at, f->access);
		if (error != 0)
			break;
	}
	return error;
}

static int
wire_pages(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags, vaddr_t *at)
{
	bool all = (flags & VM_WIRE_HOLESOK) == 0 || (flags & VM_WIRE_USER) == 0;
	struct fragment f;
	int error = 0;

	for (*at = start; error == 0 && next_fragment(map, *at, end, &f);) {
		error = wire_fragment(map, &f, at);
		if (error != 0 && error != ENOMEM && !all) {
			if ((f.wants & WANTS_PAGES) != 0)
				settle_for_less(map, *at);
			*at += PAGE_SIZE;
			error = 0;
		}
	}
	return error;
}

/*
 * Wiring, with the map locked again: done, or undone.
 */

/* Take back what mark_entry() added, and the wirings of the pages below `at`. */
static void
unmark_entry(struct vm_map *map, struct vm_map_entry *e, vaddr_t at)
{
	if ((e->transition & WANTS_PAGES) != 0 && at > e->start)
		unwire_pages(e, e->start, MIN(at, e->end));
	if ((e->transition & ADDS_USER) != 0) {
		e->eflags &= ~(MAP_ENTRY_USER_WIRED | MAP_ENTRY_WIRED_ONFAULT);
		vm_wire_uncharge(map, e->end - e->start);
	}
	if ((e->transition & (ADDS_USER | ADDS_SYSTEM)) != 0)
		e->wired_count--;
	if ((e->transition & ADDS_FULL) != 0)
		e->eflags |= MAP_ENTRY_WIRED_ONFAULT;
	if (e->wired_count == 0)
		pmap_unwire(map->pmap, e->start, e->end);
}

static void
wire_end(struct vm_map *map, vaddr_t start, vaddr_t end, int error, vaddr_t at) REQUIRES(map->lock)
{
	struct vm_map_entry *e;
	bool wake = false;

	map->busy--;
	for (e = vm_map_first_from(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		if (!is_ours(e))
			continue;
		if (error != 0)
			unmark_entry(map, e, at);
		wake |= (e->eflags & MAP_ENTRY_NEEDS_WAKEUP) != 0;
		e->eflags &= ~(MAP_ENTRY_IN_TRANSITION | MAP_ENTRY_NEEDS_WAKEUP);
		e->transition = 0;
		e->owner = NULL;
	}
	vm_map_simplify(map, start, end);
	if (wake)
		wakeup(&map->busy);
}

/* What a fault says, as mlock has it. */
static int
wire_errno(int error)
{
	switch (error) {
	case ENOMEM:
		return EAGAIN;
	case EFAULT:
	case EACCES:
	case EINVAL:
		return ENOMEM;
	default:
		return error;
	}
}

int
vm_map_wire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	int error = vm_map_reserve(&r, 2);
	vaddr_t at;

	KASSERT(((start | end) & PAGE_MASK) == 0 && start < end);
	if (error == 0) {
		vm_map_lock_range(map, start, end);
		error = wire_begin(map, start, end, flags, &r);
		vm_map_unlock(map);
		if (error == 0) {
			error = wire_errno(wire_pages(map, start, end, flags, &at));
			vm_map_lock(map);
			wire_end(map, start, end, error, at);
			vm_map_unlock(map);
		}
	}
	vm_map_unreserve(&r);
	return error;
}

/*
 * Unwiring.  Nothing here sleeps but for the map, so it needs no transition.
 */

static bool
has_system_wiring(const struct vm_map_entry *e)
{
	return e->wired_count > ((e->eflags & MAP_ENTRY_USER_WIRED) != 0 ? 1 : 0);
}

static int
check_unwire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags)
{
	struct vm_map_entry *e;
	int error = 0;

	if ((flags & VM_WIRE_HOLESOK) == 0)
		error = check_mapped(map, start, end, true);
	if ((flags & VM_WIRE_SYSTEM) == 0 || error != 0)
		return error;
	for (e = vm_map_first_from(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		if (!has_no_pages(e) && !has_system_wiring(e))
			return EINVAL;
	}
	return 0;
}

static void
unwire_entry(struct vm_map *map, struct vm_map_entry *e, unsigned flags)
{
	if ((flags & VM_WIRE_SYSTEM) != 0)
		drop_system(e);
	else
		drop_user(map, e);
	if (e->wired_count == 0)
		pmap_unwire(map->pmap, e->start, e->end);
}

int
vm_map_unwire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags)
{
	unsigned need = (flags & VM_WIRE_SYSTEM) != 0 ? 0 : MAP_ENTRY_USER_WIRED;
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	struct vm_map_entry *e;
	int error = vm_map_reserve(&r, 2);

	KASSERT(((start | end) & PAGE_MASK) == 0 && start < end);
	if (error == 0) {
		vm_map_lock_range(map, start, end);
		error = check_unwire(map, start, end, flags);
		if (error == 0)
			error = cut_ends(map, start, end, &r);
		for (e = error == 0 ? vm_map_first_from(map, start) : NULL;
		     e != NULL && e->start < end; e = vm_map_next(map, e)) {
			if (e->wired_count > 0 && (e->eflags & need) == need)
				unwire_entry(map, e, flags);
		}
		vm_map_simplify(map, start, end);
		vm_map_unlock(map);
	}
	vm_map_unreserve(&r);
	return error;
}

/*
 * What is newly mapped.
 */

uint16_t
vm_wire_new_flags(const struct vm_map *map, bool locked)
{
	KASSERT(sx_xowned(&map->lock));
	if (!locked && (map->flags & VM_MAP_WIREFUTURE) == 0)
		return 0;
	return MAP_ENTRY_USER_WIRED | MAP_ENTRY_WIRED_ONFAULT;
}

void
vm_wire_new(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	bool lazy;
	int error;

	vm_map_lock_read(map);
	lazy = (map->flags & VM_MAP_WIREFUTURE_ONFAULT) != 0;
	vm_map_unlock_read(map);
	if (lazy)
		return;
	error = vm_map_wire(map, start, end, VM_WIRE_USER | VM_WIRE_BRINGIN);
	if (error != 0)
		vm_count(VMC_WIRE_ERRORS);
}
