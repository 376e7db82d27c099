/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeping wired pages where they are.  The page that has an entry's wiring is the one that a walk
 * down the chain finds first; while the entry is wired, what the walk finds must not change:
 *
 *      its own writes    a writable entry has its copy made when it is wired, or gets W
 *                        (vm_fault_copy_entry)
 *      fork              copies writable wired memory at once; read-only memory becomes
 *                        copy-on-write as always, and loses that again when it gets W
 *      others' writes    to a top object that is shared: the pages are all in that object then
 *      collapse          moves pages with their wirings
 *      a stack that grows gets its new pages, wired, before anybody touches them (vm_wire_grow)
 *
 * Lock order: the map, exclusively; then the entry's top object, then the one that the page is in.
 * Whoever meets a busy page, or objects that merge, sleeps with only the map locked and looks
 * again.
 *
 * Rejected: a fault for each page, with the map unlocked.  The entry would have to be in transition
 * for longer, and mprotect would fail halfway with rights that some pages have and others have not.
 */
#include "vm/vm_wire.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

/* The page table entry at va is to show m, wired; or nothing, without memory for it: the next touch
 * makes it. */
static void
enter_wired(struct vm_map *map, const struct vm_map_entry *e, vaddr_t va, struct vm_page *m)
{
	vm_prot_t prot = e->protection;

	if ((prot & VM_PROT_WRITE) != 0)
		prot |= VM_PROT_READ;
	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0 || m->object != e->u.object)
		prot &= ~VM_PROT_WRITE;
	if ((prot & (VM_PROT_READ | VM_PROT_EXEC)) != 0 &&
	    pmap_enter(map->pmap, va, m, prot, PMAP_WIRED) != 0)
		pmap_remove(map->pmap, va, va + PAGE_SIZE);
}

/* A wired copy of m at index i of o, which gives up its own wiring.  => both objects locked. */
static struct vm_page *
copy_wired(struct vm_object *o, pindex_t i, struct vm_page *m) REQUIRES(o->lock)
{
	struct vm_page *copy = vm_page_alloc(o, i, VM_ALLOC_NORMAL | VM_ALLOC_WIRED);

	if (copy == NULL)
		return NULL;
	pmap_copy_page(m, copy);
	copy->valid = true;
	vm_page_dirty(copy);
	vm_page_xunbusy(copy);
	/* Others that share o may show the old page. */
	if ((o->flags & OBJ_ONEMAPPING) == 0)
		pmap_remove_all(m);
	vm_page_unwire(m, PQ_ACTIVE);
	vm_count(VMC_COW_COPIES);
	return copy;
}

/* The page below index i of o, which has none.  => o locked; the page's object too, in *in. */
static struct vm_page *
page_below(struct vm_object *o, pindex_t i, struct vm_object **in) NO_LOCK_ANALYSIS
{
	mutex_lock_nested(&o->backing->lock);
	return vm_object_shown(o->backing, i + o->backing_off, in);
}

/* Wait if somebody works on m (may be NULL), which is in `in`: o itself or one below it.
 * => both locked on entry; true: slept, and nothing is locked any more. */
static bool
wait_if_busy(struct vm_object *o, struct vm_page *m, struct vm_object *in) NO_LOCK_ANALYSIS
{
	if (m != NULL && vm_page_busied(m)) {
		if (in != o)
			mutex_unlock(&o->lock);
		vm_page_busy_sleep(in, m, "wircopy");
		return true;
	}
	return false;
}

/* => returns 0, ENOMEM, or ERETRY after a sleep. */
static int
own_page(struct vm_map *map, struct vm_map_entry *e, vaddr_t va) NO_LOCK_ANALYSIS
{
	struct vm_object *o = e->u.object, *in = o;
	pindex_t i = vm_map_entry_index(e, va);
	struct vm_page *m, *copy;

	mutex_lock(&o->lock);
	if ((o->flags & OBJ_COLLAPSING) != 0) {
		vm_object_wait_change(o, "wircopy");
		return ERETRY;
	}
	m = vm_page_lookup(o, i);
	if (wait_if_busy(o, m, o))
		return ERETRY;
	if (m != NULL || o->backing == NULL) {
		mutex_unlock(&o->lock);
		return 0;
	}
	m = page_below(o, i, &in);
	KASSERT(m != NULL && vm_page_wired(m));
	if (wait_if_busy(o, m, in))
		return ERETRY;
	copy = copy_wired(o, i, m);
	if (copy != NULL)
		enter_wired(map, e, va, copy);
	mutex_unlock(&in->lock);
	mutex_unlock(&o->lock);
	return copy != NULL ? 0 : ENOMEM;
}

int
vm_fault_copy_entry(struct vm_map *map, struct vm_map_entry *e)
{
	vaddr_t va = e->start;
	int error = vm_map_entry_own_object(e);

	KASSERT(sx_xowned(&map->lock) && vm_wire_is_full(e));
	while (va < e->end && error == 0) {
		error = own_page(map, e, va);
		if (error == ERETRY)
			error = 0;
		else
			va += PAGE_SIZE;
	}
	return error;
}

int
vm_wire_own_object(struct vm_map *map, struct vm_map_entry *e)
{
	return vm_wire_is_full(e) ? vm_fault_copy_entry(map, e) : vm_map_entry_own_object(e);
}

void
vm_wire_reenter(struct vm_map *map, struct vm_map_entry *e) NO_LOCK_ANALYSIS
{
	KASSERT(sx_xowned(&map->lock) && vm_wire_is_full(e));
	for (vaddr_t va = e->start; va < e->end; va += PAGE_SIZE) {
		struct vm_object *in;
		struct vm_page *m;

		mutex_lock(&e->u.object->lock);
		m = vm_object_shown(e->u.object, vm_map_entry_index(e, va), &in);
		KASSERT(m != NULL && m->valid);
		if (!vm_page_busied(m) && m->pindex < in->size)
			enter_wired(map, e, va, m);
		mutex_unlock(&in->lock);
	}
}

/*
 * A stack that grows.
 */

/* A wired page at index i of o: of zeros, or what somebody has put there who shares the stack and
 * has grown it before.  => false: no memory, or somebody works on it. */
static bool
grow_page(struct vm_object *o, pindex_t i) REQUIRES(o->lock)
{
	struct vm_page *m = vm_page_lookup(o, i);

	if (m != NULL) {
		if (vm_page_busied(m))
			return false;
		vm_page_wire(m);
		return true;
	}
	m = vm_page_alloc(o, i, VM_ALLOC_ZERO | VM_ALLOC_WIRED);
	if (m == NULL)
		return false;
	m->valid = true;
	vm_page_dirty(m);
	vm_page_xunbusy(m);
	return true;
}

/* Take back the pages [start, end) that grow_page has wired; those of a shared stack stay. */
static void
ungrow(struct vm_object *o, pindex_t start, pindex_t end) REQUIRES(o->lock)
{
	for (pindex_t i = start; i < end; i++)
		vm_page_unwire(vm_page_lookup(o, i), PQ_ACTIVE);
	if ((o->flags & OBJ_ONEMAPPING) != 0)
		vm_object_page_remove(o, start, end);
}

static int
grow_pages(struct vm_object *o, pindex_t start, pindex_t end)
{
	pindex_t i = start;

	mutex_lock(&o->lock);
	while (i < end && grow_page(o, i))
		i++;
	if (i < end)
		ungrow(o, start, i);
	mutex_unlock(&o->lock);
	return i == end ? 0 : ENOMEM;
}

int
vm_wire_grow(struct vm_map *map, struct vm_map_entry *e, vaddr_t start, vaddr_t end)
{
	int error = 0;

	KASSERT(sx_xowned(&map->lock) && e->start <= start && end <= e->end);
	if (vm_wire_is_full(e)) {
		error = vm_map_entry_own_object(e);
		if (error == 0)
			error = grow_pages(
			    e->u.object, vm_map_entry_index(e, start), vm_map_entry_index(e, end));
	}
	if (error == 0 && (e->eflags & MAP_ENTRY_USER_WIRED) != 0)
		vm_wire_charge(map, end - start);
	return error;
}
