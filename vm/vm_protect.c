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
#include "vm/vm_wire.h"
#include "vm/vmspace.h"

/* Does the entry, with those rights, count as data, and did not before?  Bytes of its [start, end). */
static uint64_t
more_data(const struct vm_map_entry *e, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	return vm_map_is_data(prot, e->eflags) && !vm_map_is_data(e->protection, e->eflags)
	    ? end - start
	    : 0;
}

static bool
refuses_exec(const struct vm_map *map, const struct vm_map_entry *e, vm_prot_t prot)
{
	if ((prot & VM_PROT_EXEC) == 0)
		return false;
	if ((map->flags & (VM_MAP_WXORX | VM_MAP_NOEXEC_GAIN)) != 0 && (prot & VM_PROT_WRITE) != 0)
		return true;
	return (map->flags & VM_MAP_NOEXEC_GAIN) != 0 && (e->protection & VM_PROT_EXEC) == 0;
}

/* May rights of e become `prot`, after `data` bytes before it became data?  Returns 0, ENOMEM,
 * EACCES. */
static int
check_rights(const struct vm_map *map, const struct vm_map_entry *e, vm_prot_t prot, uint64_t data)
{
	const struct vmspace *vm = CONTAINER_OF(map, const struct vmspace, map);

	if ((e->eflags & (MAP_ENTRY_GUARD | MAP_ENTRY_SUBMAP)) != 0)
		return ENOMEM;
	if ((prot & ~e->max_protection) != 0 || refuses_exec(map, e, prot))
		return EACCES;
	if (data != 0 && (map->flags & VM_MAP_KERNEL) == 0 && map->data + data > vm->limit_data)
		return ENOMEM;
	return 0;
}

/* How far from start may rights become `prot`?  *end is reduced to there.  Returns why not further.
 */
static int
good_prefix(struct vm_map *map, vaddr_t start, vaddr_t *end, vm_prot_t prot)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, start, NULL);
	vaddr_t at = start, to;
	uint64_t data = 0;

	for (; at < *end; at = to, e = vm_map_next(map, e)) {
		int error = ENOMEM;

		if (e != NULL && e->start <= at) {
			to = MIN(e->end, *end);
			data += more_data(e, at, to, prot);
			error = check_rights(map, e, prot, data);
		}
		if (error != 0) {
			*end = at;
			return error;
		}
	}
	return 0;
}

/* A wired page is not replaced by its first write: where [first, end) gains W, the copies are made
 * now.  => ENOMEM: no memory for them; nothing changed that could be seen. */
static int
copy_wired_entries(struct vm_map *map, struct vm_map_entry *first, vaddr_t end, vm_prot_t prot)
    REQUIRES(map->lock)
{
	struct vm_map_entry *e;
	int error = 0;

	for (e = first; e != NULL && e->start < end && error == 0; e = vm_map_next(map, e)) {
		if (vm_wire_is_full(e) && (prot & ~e->protection & VM_PROT_WRITE) != 0)
			error = vm_fault_copy_entry(map, e);
	}
	return error;
}

static void
set_rights(struct vm_map *map, struct vm_map_entry *e, vm_prot_t prot) REQUIRES(map->lock)
{
	vm_prot_t old = e->protection, hw = prot;

	vm_map_set_protection(map, e, prot);
	if (vm_wire_is_full(e) && (prot & ~old) != 0)
		vm_wire_reenter(map, e);
	if ((old & ~prot) == 0)
		return;
	/* A writable page is readable on this machine; a copy-on-write page stays write-protected.
	 */
	if ((prot & VM_PROT_WRITE) != 0)
		hw |= VM_PROT_READ;
	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0)
		hw &= ~VM_PROT_WRITE;
	pmap_protect(map->pmap, e->start, e->end, hw);
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

/* What has the rights already at either end of the range need not be cut off. */
static void
narrow(struct vm_map *map, vaddr_t *start, vaddr_t *end, vm_prot_t prot)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, *start, NULL);

	if (e != NULL && e->protection == prot)
		*start = MIN(e->end, *end);
	e = vm_map_lookup_entry(map, *end - 1, NULL);
	if (*start < *end && e != NULL && e->protection == prot)
		*end = MAX(e->start, *start);
}

/* [start, end) is good.  => map locked.  Returns 0, or ENOMEM with nothing changed: too many
 * entries, or no memory for copies of wired pages. */
static int
protect_range(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot,
    struct vm_map_reserve *r) REQUIRES(map->lock)
{
	struct vm_map_entry *e, *first;
	int error;

	narrow(map, &start, &end, prot);
	if (start >= end)
		return 0;
	if (!vm_map_count_allowed(map, map->nentries + vm_map_cuts(map, start, end)))
		return ENOMEM;
	first = clip_range(map, start, end, r);
	error = copy_wired_entries(map, first, end, prot);
	for (e = first; error == 0 && e != NULL && e->start < end; e = vm_map_next(map, e))
		set_rights(map, e, prot);
	vm_map_simplify(map, start, end);
	return error;
}

/* As vm_map_protect.  => map locked, nothing of the range in transition. */
static int
protect_locked(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot,
    struct vm_map_reserve *r) REQUIRES(map->lock)
{
	int error = good_prefix(map, start, &end, prot);
	int failed = start < end ? protect_range(map, start, end, prot, r) : 0;

	return failed != 0 ? failed : error;
}

int
vm_map_protect(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	int error = vm_map_reserve(&r, 2);

	KASSERT(((start | end) & PAGE_MASK) == 0);
	if (error == 0) {
		vm_map_lock_range(map, start, end);
		error = protect_locked(map, start, end, prot, &r);
		vm_map_unlock(map);
	}
	vm_map_unreserve(&r);
	return error;
}

/* The stack that [*start, *end) is about, from or to its outer end.  => map locked either way. */
static int
extend_to_stack(struct vm_map *map, vaddr_t *start, vaddr_t *end, bool down)
{
	struct vm_map_entry *e = vm_map_first_from(map, *start);

	/* A gap is no mapping, so that the stack above it is the first there. */
	while (e != NULL && (e->eflags & MAP_ENTRY_GUARD) != 0)
		e = vm_map_next(map, e);
	if (e == NULL || e->start >= *end || (!down && e->start > *start))
		return ENOMEM;
	if ((e->eflags & (down ? MAP_ENTRY_GROWS_DOWN : MAP_ENTRY_GROWS_UP)) == 0)
		return EINVAL;
	*start = down ? e->start : *start;
	*end = down ? *end : e->end;
	return 0;
}

/* Lock the map for a change of the stack that [*start, *end) is about, and make that the range.
 * => locked whatever is returned. */
static int
lock_stack(struct vm_map *map, vaddr_t *start, vaddr_t *end, bool down) NO_LOCK_ANALYSIS
{
	vaddr_t low = *start, high = *end;

	for (;;) {
		vaddr_t s = *start, e = *end;
		int error;

		vm_map_lock_range(map, low, high);
		error = extend_to_stack(map, &s, &e, down);
		if (error != 0 || (s >= low && e <= high)) {
			*start = s;
			*end = e;
			return error;
		}
		vm_map_unlock(map);
		low = MIN(low, s);
		high = MAX(high, e);
	}
}

int
vm_map_protect_stack(
    struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot, bool down) NO_LOCK_ANALYSIS
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	int error = vm_map_reserve(&r, 2);

	if (error == 0) {
		error = lock_stack(map, &start, &end, down);
		if (error == 0)
			error = protect_locked(map, start, end, prot, &r);
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
		if (!vm_map_count_allowed(map, map->nentries + vm_map_cuts(map, start, end)))
			error = ENOMEM;
		e = error == 0 ? clip_range(map, start, end, &r) : NULL;
		for (; e != NULL && e->start < end; e = vm_map_next(map, e))
			set_inheritance(map, e, inherit);
		vm_map_simplify(map, start, end);
		vm_map_unlock(map);
	}
	vm_map_unreserve(&r);
	return error;
}
