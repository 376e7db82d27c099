/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msync and mincore: writing mapped files back, and asking what is resident.
 *
 * Writing is I/O, so no lock is held meanwhile: the object is referred to, the map unlocked, and the walk goes on from the address behind,
 * whatever is mapped there by then.
 *
 * Lock order: the map, shared; then objects.
 */
#include <errno.h>
#include <sys/mman.h>

#include "kern/base/debug.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_madvise.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

/* The part of an object that is to be written. */
struct piece {
	struct vm_object *object; /* NULL: nothing to write here; else a reference */
	pindex_t first, n;
};

/* Pages that others see through the file: those can be written back and read again. */
static bool
is_shared_file(const struct vm_map_entry *e)
{
	return e->u.object != NULL && e->u.object->type == OBJ_VNODE &&
	    (e->eflags & MAP_ENTRY_COW) == 0;
}

/*
 * The entry at or behind *at: what is there to write?  *at moves behind it.
 * => returns 0, or EBUSY: it is locked and would be invalidated.  *hole is set when *at was not mapped.
 */
static int
next_piece(
    struct vm_map *map, vaddr_t *at, vaddr_t end, bool invalidate, bool *hole, struct piece *p)
{
	struct vm_map_entry *e;
	vaddr_t start, stop;
	int error = 0;

	p->object = NULL;
	vm_map_lock_read(map);
	e = vm_map_first_from(map, *at);
	if (e != NULL && (e->eflags & MAP_ENTRY_GUARD) != 0)
		*hole = true; /* room to grow: not mapped */
	start = e == NULL ? end : MAX(e->start, *at);
	stop = e == NULL ? end : MIN(e->end, end);
	*hole |= start > *at;
	if (start >= end) {
		stop = end;
	} else if (invalidate && (e->eflags & MAP_ENTRY_USER_WIRED) != 0) {
		error = EBUSY;
	} else if (is_shared_file(e)) {
		if (invalidate)
			pmap_remove(map->pmap, start, stop);
		p->object = e->u.object;
		p->first = (pindex_t)atop(e->offset + (start - e->start));
		p->n = (pindex_t)atop(stop - start);
		vm_object_ref(p->object);
	}
	vm_map_unlock_read(map);
	*at = stop;
	return error;
}

int
vm_map_sync(struct vm_map *map, vaddr_t start, vaddr_t end, bool sync, bool invalidate)
{
	bool hole = false;
	int error = 0, failed = 0;

	KASSERT(((start | end) & PAGE_MASK) == 0);
	while (error == 0 && start < end) {
		struct piece p;

		error = next_piece(map, &start, end, invalidate, &hole, &p);
		if (p.object != NULL && sync) {
			int result = vm_object_sync(p.object, p.first, p.n, invalidate);

			if (result != 0)
				failed = result;
		}
		vm_object_unref(p.object);
	}
	if (error == 0)
		error = failed;
	return error == 0 && hole ? ENOMEM : error;
}

int
vm_msync(struct vmspace *vm, vaddr_t addr, size_t len, int flags)
{
	/* As on Linux, a length that wraps when it is rounded up is a length of zero. */
	vaddr_t end = addr + round_page(len);

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0 || (addr & PAGE_MASK) != 0 ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return EINVAL;
	if (end < addr)
		return ENOMEM;
	return vm_map_sync(
	    &vm->map, addr, end, (flags & MS_SYNC) != 0, (flags & MS_INVALIDATE) != 0);
}

/* Is the page that the entry shows at va there?  The page of zeros that stands for untouched memory is in no
 * object, but it is mapped. */
static bool
is_resident(struct pmap *pm, struct vm_map_entry *e, vaddr_t va) NO_LOCK_ANALYSIS
{
	struct vm_object *o = e->u.object, *in;
	struct vm_page *m;
	bool resident;
	paddr_t pa;

	if (o == NULL)
		return pmap_extract(pm, va, &pa);
	mutex_lock(&o->lock);
	m = vm_object_find(o, vm_map_entry_index(e, va), &in);
	resident = m != NULL && m->valid;
	if (in != o)
		mutex_unlock(&in->lock);
	mutex_unlock(&o->lock);
	return resident || pmap_extract(pm, va, &pa);
}

int
vm_mincore(struct vm_map *map, vaddr_t start, size_t n, uint8_t *vec)
{
	struct vm_map_entry *e;
	int error = 0;

	vm_map_lock_read(map);
	for (size_t i = 0; error == 0 && i < n; i++, start += PAGE_SIZE) {
		e = vm_map_lookup_entry(map, start, NULL);
		if (e == NULL || (e->eflags & MAP_ENTRY_GUARD) != 0)
			error = ENOMEM;
		else
			vec[i] = is_resident(map->pmap, e, start);
	}
	vm_map_unlock_read(map);
	return error;
}
