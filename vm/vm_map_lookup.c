/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookup for a fault: which object and which page stand behind an address, and what may be entered
 * for them.  Some entries must change before they can answer:
 *
 *      no object yet                        an anonymous one is made
 *      NEEDS_COPY, and this is a write      a shadow object is put in front (make_shadow)
 *      in transition by another thread      wait until it is through with the wiring
 *
 * The last of these changes nothing: it only means to start over.
 *
 * Locks: the map, shared as long as nothing has to change.  Who has to change the entry upgrades;
 * if others read, he lets go, locks exclusively and looks the address up again, because anything
 * may have happened between.  Under the map come object locks.  The answer stays true for as long
 * as the map stays share-locked.
 *
 * Rejected: locking exclusively from the start for each write (threads that fault would queue up
 * for a change that happens once an entry).
 */
#include "vm/vm_map.h"

#include <errno.h>

#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_wire.h"

/* What an entry lets through.  On this machine a writable page is readable. */
static vm_prot_t
effective_prot(const struct vm_map_entry *e)
{
	return e->protection | ((e->protection & VM_PROT_WRITE) != 0 ? VM_PROT_READ : 0);
}

/* First write to a mapping whose object is shared since fork: put a shadow object in front.  =>
 * exclusively locked. */
static int
make_shadow(struct vm_map_entry *e)
{
	struct vm_object *o = e->u.object, *shadow;
	vm_off_t window = (e->eflags & MAP_ENTRY_GROWS_DOWN) != 0 ? 0 : e->offset;
	bool only_ours;

	mutex_lock(&o->lock);
	only_ours = o->type == OBJ_ANON && o->refs == 1;
	if (only_ours)
		o->flags |= OBJ_ONEMAPPING;
	mutex_unlock(&o->lock);
	if (!only_ours) {
		shadow = vm_object_alloc_anon(atop(e->offset - window + (e->end - e->start)));
		if (shadow == NULL)
			return ENOMEM;
		vm_object_shadow(shadow, o, atop(window));
		e->u.object = shadow;
		e->offset -= window;
		vm_count(VMC_SHADOWS);
	}
	e->eflags &= ~MAP_ENTRY_NEEDS_COPY;
	return 0;
}

/* Must the entry change before it can serve this access? */
static bool
needs_object(const struct vm_map_entry *e, vm_prot_t access)
{
	return e->u.object == NULL ||
	    ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0 && (access & VM_PROT_WRITE) != 0);
}

/* => map locked, exclusively if needs_object(). */
static int
give_object(struct vm_map_entry *e, vm_prot_t access)
{
	if (e->u.object == NULL)
		e->u.object = vm_object_alloc_anon(atop(e->offset + (e->end - e->start)));
	if (e->u.object == NULL)
		return ENOMEM;
	return needs_object(e, access) ? make_shadow(e) : 0;
}

int
vm_map_entry_own_object(struct vm_map_entry *e)
{
	return give_object(e, VM_PROT_WRITE);
}

/* => map locked either way.  Returns 0 and *entry, EFAULT, EACCES. */
static int
lookup_rights(struct vm_map *map, vaddr_t va, vm_prot_t access, struct vm_map_entry **entry)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, va, NULL);

	if (e == NULL || (e->eflags & (MAP_ENTRY_GUARD | MAP_ENTRY_NOFAULT)) != 0)
		return EFAULT;
	*entry = e;
	if ((e->eflags & MAP_ENTRY_SUBMAP) != 0)
		return 0;
	return (access & ~effective_prot(e)) != 0 ? EACCES : 0;
}

/*
 * The entry must be changed and the map is share-locked.  Become exclusive, by upgrade if nobody
 * else reads, else from the start.
 * => share-locked on entry and exit; *entry is looked up again.
 */
static int
lookup_exclusive(
    struct vm_map *map, vaddr_t va, vm_prot_t access, struct vm_map_entry **entry) NO_LOCK_ANALYSIS
{
	int error = 0;

	if (!sx_try_upgrade(&map->lock)) {
		vm_map_unlock_read(map);
		vm_map_lock(map);
		error = lookup_rights(map, va, access, entry);
	}
	if (error == 0)
		error = give_object(*entry, access);
	sx_downgrade(&map->lock);
	return error;
}

/* Wait until nobody else changes the wiring of what is at va: pages that he has counted must not be
 * replaced.  => nothing locked on entry and exit. */
static void
wait_for_wirer(struct vm_map *map, vaddr_t va) NO_LOCK_ANALYSIS
{
	struct vm_map_entry *e;

	vm_map_lock(map);
	e = vm_map_lookup_entry(map, va, NULL);
	if (e != NULL && vm_map_entry_foreign(e))
		vm_map_unlock_and_wait(map, e);
	else
		vm_map_unlock(map);
}

/* => share-locked on success, of *map, which becomes the submap that va lies in. */
static int
lookup_entry(struct vm_map **map_at, vaddr_t va, vm_prot_t access,
    struct vm_map_entry **entry) NO_LOCK_ANALYSIS
{
	struct vm_map *map = *map_at;
	int error;

	vm_map_lock_read(map);
	error = lookup_rights(map, va, access, entry);
	if (error == 0 && ((*entry)->eflags & MAP_ENTRY_SUBMAP) != 0) {
		struct vm_map *sub = (*entry)->u.submap;

		vm_map_unlock_read(map);
		map = sub;
		vm_map_lock_read(map);
		error = lookup_rights(map, va, access, entry);
	}
	if (error == 0 && needs_object(*entry, access))
		error = lookup_exclusive(map, va, access, entry);
	if (error != 0)
		vm_map_unlock_read(map);
	*map_at = map;
	return error;
}

int
vm_map_lookup(
    struct vm_map *map, vaddr_t va, vm_prot_t access, struct vm_map_found *found) NO_LOCK_ANALYSIS
{
	struct vm_map_entry *e;
	int error;

	while ((error = lookup_entry(&map, va, access, &e)) == 0 && vm_map_entry_foreign(e)) {
		vm_map_unlock_read(map);
		wait_for_wirer(map, va);
	}
	if (error != 0)
		return error;
	found->map = map;
	found->entry = e;
	found->object = e->u.object;
	found->pindex = atop(e->offset + (trunc_page(va) - e->start));
	found->prot = effective_prot(e);
	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0)
		found->prot &= ~VM_PROT_WRITE;
	return 0;
}
