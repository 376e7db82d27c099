/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Range verbs that edit entries: rights and inheritance.
 *
 * All have one shape: reserve two entries (a range cuts at most two), lock, see how far the range
 * is good, cut at its ends, change what lies between, merge, unlock.  Rights that are taken away
 * leave the page tables before the lock is dropped; rights that are given come with the next fault.
 *
 * Lock order: the map, exclusively; nothing else.
 */
#include <errno.h>

#include "kern/base/debug.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_map.h"
#include "vm/vm_wire.h"

static int
check_rights(const struct vm_map *map, const struct vm_map_entry *e, vm_prot_t prot)
{
	if ((e->eflags & (MAP_ENTRY_GUARD | MAP_ENTRY_SUBMAP)) != 0)
		return ENOMEM;
	if ((prot & ~e->max_protection) != 0)
		return EACCES;
	if ((map->flags & VM_MAP_WXORX) != 0 && (prot & VM_PROT_WRITE) != 0 &&
	    (prot & VM_PROT_EXEC) != 0)
		return EACCES;
	return 0;
}

/* How far from start may rights become `prot`?  *end is reduced to there.  Returns why not further.
 */
static int
good_prefix(struct vm_map *map, vaddr_t start, vaddr_t *end, vm_prot_t prot)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, start, NULL);
	vaddr_t at = start;
	int error = 0;

	while (at < *end) {
		if (e == NULL || e->start > at)
			error = ENOMEM;
		else
			error = check_rights(map, e, prot);
		if (error != 0)
			break;
		at = MIN(e->end, *end);
		e = vm_map_next(map, e);
	}
	*end = at;
	return error;
}

/* => ENOMEM: no memory for copies of wired pages; nothing changed that could be seen. */
static int
set_rights(struct vm_map *map, struct vm_map_entry *e, vm_prot_t prot) REQUIRES(map->lock)
{
	vm_prot_t old = e->protection, hw = prot;
	bool wired = vm_wire_is_full(e);

	/* A wired page is not replaced by its first write: the copy is made now. */
	if (wired && (prot & ~old & VM_PROT_WRITE) != 0 && vm_fault_copy_entry(map, e) != 0)
		return ENOMEM;
	e->protection = prot;
	if (wired && (prot & ~old) != 0)
		vm_wire_reenter(map, e);
	if ((old & ~prot) == 0)
		return 0;
	/* A writable page is readable on this machine; a copy-on-write page stays write-protected.
	 */
	if ((prot & VM_PROT_WRITE) != 0)
		hw |= VM_PROT_READ;
	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0)
		hw &= ~VM_PROT_WRITE;
	pmap_protect(map->pmap, e->start, e->end, hw);
	return 0;
}

/* Cut so that entries begin at start and end at end.  => returns the first entry of the range. */
static struct vm_map_entry *
clip_range(struct vm_map *map, vaddr_t start, vaddr_t end, struct vm_map_reserve *r)
    REQUIRES(map->lock)
{
	struct vm_map_entry *first = vm_map_first_from(map, start), *last;

	if (first == NULL || first->start >= end)
		return NULL;
	if (first->start < start)
		vm_map_clip_start(map, first, start, r);
	last = vm_map_lookup_entry(map, end - 1, NULL);
	if (last != NULL)
		vm_map_clip_end(map, last, end, r);
	return first;
}

int
vm_map_protect(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	int error = vm_map_reserve(&r, 2);

	KASSERT(((start | end) & PAGE_MASK) == 0);
	if (error == 0) {
		vm_map_lock_range(map, start, end);
		error = good_prefix(map, start, &end, prot);
		if (start < end) {
			struct vm_map_entry *e = clip_range(map, start, end, &r);

			for (; e != NULL && e->start < end; e = vm_map_next(map, e)) {
				int failed = set_rights(map, e, prot);

				if (failed != 0) {
					error = failed;
					break;
				}
			}
			vm_map_simplify(map, start, end);
		}
		vm_map_unlock(map);
	}
	vm_map_unreserve(&r);
	return error;
}

static void
set_inheritance(struct vm_map *map, struct vm_map_entry *e, vm_inherit_t inherit)
{
	/* A guard only reserves addresses: the child reserves them too. */
	if ((e->eflags & MAP_ENTRY_GUARD) != 0)
		return;
	/* Memory that others will write to does without the page of zeros (vm_fault.c). */
	if (inherit == VM_INHERIT_SHARE && e->inheritance != VM_INHERIT_SHARE &&
	    e->wired_count == 0)
		pmap_remove(map->pmap, e->start, e->end);
	e->inheritance = inherit;
}

int
vm_map_inherit(struct vm_map *map, vaddr_t start, vaddr_t end, vm_inherit_t inherit)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	struct vm_map_entry *e;
	int error;

	KASSERT(((start | end) & PAGE_MASK) == 0);
	if (inherit > VM_INHERIT_ZERO)
		return EINVAL;
	if (start >= end)
		return 0;
	error = vm_map_reserve(&r, 2);
	if (error == 0) {
		vm_map_lock_range(map, start, end);
		e = clip_range(map, start, end, &r);
		for (; e != NULL && e->start < end; e = vm_map_next(map, e)) {
			set_inheritance(map, e, inherit);
		}
		vm_map_simplify(map, start, end);
		vm_map_unlock(map);
	}
	vm_map_unreserve(&r);
	return error;
}
