/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done to ranges of an object's pages: removing, looking for them down the chain, advice,
 * writing back, growing the range, copying it, and splitting it off:
 *
 *      entries   [--- A ---][--- B ---]           [--- A ---]    [--- B ---]
 *      objects   [ o: a a a   b . b    ]   --->   [ o: a a a ]    [ part: b . b ]
 *                          |                            |               |
 *                       backing                         +--- backing ---+
 *
 * (vm_object_split, when B is forked: the child that shares b's pages does not hold on to a's.)
 *
 * Locks: the object's, and that of its backing object after it.  Whoever meets a busy page sleeps
 * with nothing locked and looks again: what was found before may have changed.
 */
#include "vm/vm_object.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "vm/pmap.h"
#include "vm/vm_meter.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"

/* Is this page one that `what` spares?  => o locked. */
static bool
is_spared(struct vm_page *m, unsigned what)
{
	if ((what & (PAGES_CLEAN | PAGES_UNMAPPED)) == 0)
		return false;
	if (vm_page_wired(m) || ((what & PAGES_UNMAPPED) != 0 && pmap_page_is_mapped(m)))
		return true;
	if ((what & PAGES_CLEAN) == 0)
		return false;
	/* Nobody writes to it from here on; only now the answer stands still. */
	pmap_remove_write(m);
	return m->dirty || pmap_is_modified(m);
}

/* The page stays, its contents do not.  => xbusy, not mapped; not busy on return. */
static void
empty_page(struct vm_page *m)
{
	pmap_zero_page(m);
	vm_page_dirty(m); /* says so to the instruction caches, too; */
	vm_page_undirty(m);
	vm_page_xunbusy(m);
}

void
vm_object_page_remove_some(struct vm_object *o, pindex_t start, pindex_t end, unsigned what)
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
		if (is_spared(m, what)) {
			vm_page_xunbusy(m);
		} else {
			if (pmap_page_is_mapped(m))
				pmap_remove_all(m);
			/* Unmapped, nobody wires it any more. */
			if ((what & PAGES_EMPTIED) != 0 && vm_page_wired(m))
				empty_page(m);
			else
				vm_page_free(m);
		}
		m = next;
	}
}

void
vm_object_page_remove(struct vm_object *o, pindex_t start, pindex_t end)
{
	vm_object_page_remove_some(o, start, end, 0);
}

/*
 * Looking down a chain.
 */

/* From o, locked, to its backing object, hand over hand.  `keep` stays locked; NULL: nothing does
 * but the object returned. */
static struct vm_object *
step_down(struct vm_object *o, const struct vm_object *keep) NO_LOCK_ANALYSIS
{
	struct vm_object *next = o->backing;

	mutex_lock_nested(&next->lock);
	if (o != keep)
		mutex_unlock(&o->lock);
	return next;
}

struct vm_page *
vm_object_shown(struct vm_object *o, pindex_t i, struct vm_object **in) NO_LOCK_ANALYSIS
{
	struct vm_page *m;

	while ((m = vm_page_lookup(o, i)) == NULL && o->backing != NULL) {
		i += o->backing_off;
		o = step_down(o, NULL);
	}
	*in = o;
	if (m == NULL)
		mutex_unlock(&o->lock);
	return m;
}

struct vm_page *
vm_object_find(struct vm_object *top, pindex_t i, struct vm_object **where) NO_LOCK_ANALYSIS
{
	struct vm_object *o = top;
	struct vm_page *m;

	while ((m = vm_page_lookup(o, i)) == NULL && o->backing != NULL &&
	    (o->flags & OBJ_COLLAPSING) == 0) {
		i += o->backing_off;
		o = step_down(o, top);
	}
	*where = o;
	return m;
}

bool
vm_object_next_resident(
    struct vm_object *top, pindex_t start, pindex_t end, pindex_t *found) NO_LOCK_ANALYSIS
{
	struct vm_object *o = top;
	pindex_t shift = 0, least = end;

	mutex_lock(&top->lock);
	for (;;) {
		struct vm_page *m = vm_page_find_least(o, start + shift);

		if (m != NULL && m->pindex - shift < least)
			least = m->pindex - shift;
		if (o->backing == NULL || (o->flags & OBJ_COLLAPSING) != 0)
			break;
		shift += o->backing_off;
		o = step_down(o, top);
	}
	if (o != top)
		mutex_unlock(&o->lock);
	mutex_unlock(&top->lock);
	*found = least;
	return least < end;
}

struct vm_object *
vm_object_bottom(struct vm_object *top, pindex_t *i) NO_LOCK_ANALYSIS
{
	struct vm_object *o = top;

	mutex_lock(&o->lock);
	while (o->backing != NULL) {
		*i += o->backing_off;
		o = step_down(o, NULL);
	}
	mutex_unlock(&o->lock);
	return o->pager != NULL ? o : NULL;
}

unsigned
vm_object_depth(struct vm_object *o) NO_LOCK_ANALYSIS
{
	unsigned depth = 0;

	mutex_lock(&o->lock);
	while (o->backing != NULL) {
		o = step_down(o, NULL);
		depth++;
	}
	mutex_unlock(&o->lock);
	return depth;
}

/*
 * Advice and writing back.
 */

/* Nobody needs the page soon.  => its object locked. */
static void
page_cool(struct vm_page *m)
{
	if (vm_page_busied(m) || vm_page_wired(m))
		return;
	/* First what the page tables know, then what the page knows: nothing is left over. */
	pmap_ts_referenced(m);
	__atomic_fetch_and(&m->aflags, (uint8_t)~PGA_REFERENCED, __ATOMIC_RELAXED);
	vm_page_deactivate(m);
}

void
vm_object_cool(struct vm_object *top, pindex_t start, pindex_t n) NO_LOCK_ANALYSIS
{
	struct vm_object *o = top;

	for (;;) {
		struct vm_page *m = vm_page_find_least(o, start);

		for (; m != NULL && m->pindex - start < n; m = vm_page_next(m))
			page_cool(m);
		if (o->backing == NULL || (o->flags & OBJ_COLLAPSING) != 0)
			break;
		start += o->backing_off;
		o = step_down(top, o);
		/* What others see as well, they may need. */
		if (o->refs != 1)
			break;
	}
	if (o != top)
		mutex_unlock(&o->lock);
}

int
vm_object_sync(struct vm_object *o, pindex_t first, pindex_t n, bool invalidate)
{
	int error;

	KASSERT(o->type != OBJ_DEAD && o->refs > 0);
	if (o->pager == NULL || o->pager->clean == NULL)
		return 0;
	error = o->pager->clean(o, first, n);
	if (error == 0 && invalidate) {
		mutex_lock(&o->lock);
		vm_object_page_remove_some(o, first, first + n, PAGES_CLEAN);
		mutex_unlock(&o->lock);
	}
	return error;
}

void
vm_object_moved(struct vm_object *o)
{
	mutex_lock(&o->lock);
	if (o->refs > 1)
		o->flags |= OBJ_MOVED;
	mutex_unlock(&o->lock);
}

void
vm_object_grow(struct vm_object *o, pindex_t size)
{
	mutex_lock(&o->lock);
	if (o->size < size)
		o->size = size;
	mutex_unlock(&o->lock);
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
	 * tail.  Of a private object no page is mapped twice, so free addresses mean free indices;
	 * unless another part of the mapping was moved away from its place: it still has them. */
	fits = o->backing == NULL && (o->flags & (OBJ_COLLAPSING | OBJ_SPLIT)) == 0 &&
	    (start >= o->size || o->refs == 1 ||
		(o->flags & (OBJ_ONEMAPPING | OBJ_MOVED)) == OBJ_ONEMAPPING);
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

/*
 * Splitting.
 */

static void
lock_unmerged(struct vm_object *o) NO_LOCK_ANALYSIS
{
	mutex_lock(&o->lock);
	while ((o->flags & OBJ_COLLAPSING) != 0) {
		vm_object_wait_change(o, "split");
		mutex_lock(&o->lock);
	}
}

/* Can the window leave o?  Only if no other way leads to its pages, and somebody else has the rest.
 * => locked. */
static bool
may_split(const struct vm_object *o)
{
	return o->type == OBJ_ANON && o->refs > 1 && (o->flags & OBJ_ONEMAPPING) != 0;
}

/* Move the pages [off, off + size) of o to `to`.  => both locked on entry and exit, unlocked while
 * waiting for a busy page: pages do not come back meanwhile, the map is locked. */
static void
move_window(struct vm_object *o, pindex_t off, pindex_t size, struct vm_object *to) NO_LOCK_ANALYSIS
{
	struct vm_page *m;

	while ((m = vm_page_find_least(o, off)) != NULL && m->pindex - off < size) {
		if (vm_page_tryxbusy(m)) {
			vm_page_rename(m, to, m->pindex - off);
			vm_page_xunbusy(m);
		} else {
			mutex_unlock(&to->lock);
			vm_page_busy_sleep(o, m, "split");
			mutex_lock(&o->lock);
			mutex_lock_nested(&to->lock);
		}
	}
}

int
vm_object_split(
    struct vm_object *o, pindex_t off, pindex_t size, struct vm_object **part) NO_LOCK_ANALYSIS
{
	struct vm_object *to, *next;
	bool may;

	mutex_lock(&o->lock);
	may = may_split(o);
	mutex_unlock(&o->lock);
	if (!may)
		return EBUSY;
	to = vm_object_alloc_anon(size);
	if (to == NULL)
		return ENOMEM;
	lock_unmerged(o);
	if (!may_split(o)) {
		mutex_unlock(&o->lock);
		vm_object_unref(to);
		return EBUSY;
	}
	o->flags |= OBJ_SPLIT;
	mutex_lock_nested(&to->lock); /* nobody else knows it */
	move_window(o, off, size, to);
	next = o->backing;
	if (next != NULL) {
		mutex_lock_nested(&next->lock);
		vm_object_ref_locked(next);
		vm_object_attach(to, next, o->backing_off + off);
		mutex_unlock(&next->lock);
	}
	mutex_unlock(&to->lock);
	if (off + size == o->size)
		o->size = off;
	o->flags &= ~OBJ_SPLIT;
	wakeup(&o->pip);
	o->refs--;
	mutex_unlock(&o->lock);
	vm_count(VMC_SPLITS);
	*part = to;
	return 0;
}
