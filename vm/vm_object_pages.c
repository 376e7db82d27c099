/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done to ranges of an object's pages: removing, growing the range, copying.
 *
 * Locks: the object's, and that of its backing object after it.  Whoever meets a busy page sleeps
 * with nothing locked and looks again: what was found before may have changed.
 */
#include "vm/vm_object.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_meter.h"
#include "vm/vm_page.h"

void
vm_object_page_remove(struct vm_object *o, pindex_t start, pindex_t end)
{
	struct vm_page *m = vm_page_find_least(o, start);

	while (m != NULL && m->pindex < end) {
		struct vm_page *next = vm_page_next(m);

		if (!vm_page_tryxbusy(m)) {
			pindex_t at = m->pindex;

			vm_page_busy_sleep(o, m, "pgrem");
			mutex_lock(&o->lock);
			m = vm_page_find_least(o, at);
			continue;
		}
		if (pmap_page_is_mapped(m))
			pmap_remove_all(m);
		vm_page_free(m);
		m = next;
	}
}

bool
vm_object_coalesce(
    struct vm_object *o, pindex_t prev_off, pindex_t prev_size, pindex_t next_size) NO_LOCK_ANALYSIS
{
	pindex_t start = prev_off + prev_size, end = start + next_size;
	bool fits;

	if (o == NULL)
		return true;
	if (o->type != OBJ_ANON || end < start)
		return false;
	mutex_lock(&o->lock);
	vm_object_collapse(o);
	/* What lies beyond prev in o must be nobody's: past the end, or left over from an unmapped
	 * tail. */
	fits = o->backing == NULL && (o->flags & (OBJ_COLLAPSING | OBJ_SPLIT)) == 0 &&
	    (start >= o->size || (o->flags & OBJ_ONEMAPPING) != 0);
	if (fits) {
		if (start < o->size)
			vm_object_page_remove(o, start, end);
		vm_count(VMC_COALESCES);
		if (end > o->size)
			o->size = end;
	}
	mutex_unlock(&o->lock);
	return fits;
}

/* => both locked. */
static int
copy_one_page(struct vm_object *to, pindex_t i, struct vm_page *from) REQUIRES(to->lock)
{
	struct vm_page *m = vm_page_alloc(to, i, VM_ALLOC_NORMAL);

	if (m == NULL)
		return ENOMEM;
	pmap_copy_page(from, m);
	m->valid = true;
	vm_page_dirty(m);
	vm_page_activate(m);
	vm_page_xunbusy(m);
	return 0;
}

/* A busy page of [off, off + size), or NULL.  => locked. */
static struct vm_page *
busy_page(struct vm_object *o, pindex_t off, pindex_t size) REQUIRES(o->lock)
{
	struct vm_page *m = vm_page_find_least(o, off);

	while (m != NULL && m->pindex - off < size && !vm_page_busied(m))
		m = vm_page_next(m);
	return m != NULL && m->pindex - off < size ? m : NULL;
}

/* Lock o at a moment when the range is at rest: no page busy, no merging. */
static void
lock_at_rest(struct vm_object *o, pindex_t off, pindex_t size) NO_LOCK_ANALYSIS
{
	for (;;) {
		struct vm_page *m;

		mutex_lock(&o->lock);
		if ((o->flags & OBJ_COLLAPSING) != 0)
			vm_object_wait_change(o, "copy");
		else if ((m = busy_page(o, off, size)) != NULL)
			vm_page_busy_sleep(o, m, "copy");
		else
			return;
	}
}

int
vm_object_copy(
    struct vm_object *o, pindex_t off, pindex_t size, struct vm_object **copy) NO_LOCK_ANALYSIS
{
	struct vm_object *to = vm_object_alloc_anon(size), *next;
	struct vm_page *m;
	int error = 0;

	if (to == NULL)
		return ENOMEM;
	lock_at_rest(o, off, size);
	mutex_lock_nested(&to->lock); /* nobody else knows it */
	for (m = vm_page_find_least(o, off); m != NULL && m->pindex - off < size && error == 0;
	     m = vm_page_next(m))
		error = copy_one_page(to, m->pindex - off, m);
	next = o->backing;
	if (next != NULL && error == 0) {
		mutex_lock_nested(&next->lock);
		vm_object_ref_locked(next);
		vm_object_attach(to, next, o->backing_off + off);
		mutex_unlock(&next->lock);
	}
	mutex_unlock(&to->lock);
	mutex_unlock(&o->lock);
	if (error != 0)
		vm_object_unref(to);
	else
		*copy = to;
	return error;
}
