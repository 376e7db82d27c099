/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shadow chains: hanging objects before others, dropping references, and keeping chains short.
 *
 * Two ways to shorten a chain  S -> B -> X  (collapse(S), S and B anonymous):
 *
 *      merge    only S refers to B: B's pages that S does not hide move up into S, the rest are
 *               freed, S -> X, B is gone
 *      bypass   others refer to B too, but S hides every page of B it could see: S -> X, B keeps
 *               the others
 *
 * Merging may have to wait for a busy page.  While it does, COLLAPSING on S and GONE|COLLAPSING on
 * B keep everybody else from changing the pair: other collapsers skip it, and a fault does not step
 * from S to B but waits until COLLAPSING clears.
 *
 * Dropping a reference can end an object, which drops a reference to its backing object, or leave
 * an object with one shadow, which is the moment to merge, which can drop further references.  All
 * of that is a work list, never recursion: kernel stacks are small.
 *
 * Lock order: a shadow before its backing object (mutex_lock_nested), top of the chain first.  Going
 * up, from B to S, is done by giving everything back, locking S, and looking whether it still is
 * what it was: objects are type-stable, so a stale pointer may be locked.
 *
 * Rejected: merging only when nobody has a fault in progress (chains grew without bound in fork
 * servers).
 */
#include "vm/vm_object.h"

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "vm/pmap.h"
#include "vm/vm_meter.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/zone.h"

/* Objects whose reference is to be dropped.  One slot is always left for the backing object of one
 * that ends. */
#define WORK_MAX 8
struct work {
	struct vm_object *object[WORK_MAX];
	unsigned n;
};

static void
work_push(struct work *w, struct vm_object *o)
{
	KASSERT(w->n < WORK_MAX);
	w->object[w->n++] = o;
}

/*
 * Chains.
 */

void
vm_object_attach(struct vm_object *o, struct vm_object *backing, pindex_t off)
{
	KASSERT(o->backing == NULL);
	o->backing = backing;
	o->backing_off = off;
	o->depth = 0;
	if (backing == NULL)
		return;
	KASSERT(mutex_owned(&backing->lock));
	o->depth = backing->depth + 1;
	list_push_back(&backing->shadows, &o->shadow_link);
	backing->shadow_count++;
	backing->flags &= ~OBJ_ONEMAPPING;
}

/* Unhook `o` from its backing object; o's reference to it goes to the caller.  => both locked. */
static void
chain_detach(struct vm_object *o)
{
	struct vm_object *backing = o->backing;

	KASSERT(mutex_owned(&o->lock) && mutex_owned(&backing->lock) && backing->shadow_count > 0);
	list_remove(&o->shadow_link);
	backing->shadow_count--;
	o->backing = NULL;
}

void
vm_object_shadow(struct vm_object *shadow, struct vm_object *backing, pindex_t off)
{
	mutex_lock(&shadow->lock);
	mutex_lock_nested(&backing->lock);
	vm_object_attach(shadow, backing, off);
	mutex_unlock(&backing->lock);
	mutex_unlock(&shadow->lock);
}

/*
 * Collapse.
 */

/* Is index i of o answered by o itself?  A busy page may yet turn out to have nothing. */
static bool
object_hides(struct vm_object *o, pindex_t i) REQUIRES(o->lock)
{
	struct vm_page *m = vm_page_lookup(o, i);

	return m != NULL && m->valid && !vm_page_busied(m);
}

/* Does o hide every page of b that it could see?  => both locked. */
static bool
all_shadowed(struct vm_object *o, struct vm_object *b) REQUIRES(o->lock) REQUIRES(b->lock)
{
	struct vm_page *m;

	if (o->resident < b->resident && o->size >= b->size)
		return false;
	for (m = vm_page_find_least(b, o->backing_off); m != NULL; m = vm_page_next(m)) {
		if (m->pindex - o->backing_off >= o->size)
			break;
		if (vm_page_busied(m) || !object_hides(o, m->pindex - o->backing_off))
			return false;
	}
	return true;
}

/*
 * Move or free one page of b.  => both locked.  => true: done.  false: something is busy; slept
 * with both unlocked, locked again: start the scan over.
 */
static bool
merge_page(struct vm_object *o, struct vm_object *b, struct vm_page *m) NO_LOCK_ANALYSIS
{
	bool inside = m->pindex >= o->backing_off && m->pindex - o->backing_off < o->size;
	pindex_t i = m->pindex - o->backing_off;
	struct vm_page *mine = inside ? vm_page_lookup(o, i) : NULL;

	if (mine != NULL && vm_page_busied(mine)) {
		mutex_unlock(&b->lock);
		vm_page_busy_sleep(o, mine, "merge");
	} else if (!vm_page_tryxbusy(m)) {
		mutex_unlock(&o->lock);
		vm_page_busy_sleep(b, m, "merge");
	} else {
		if (inside && mine == NULL) {
			vm_page_rename(m, o, i);
			vm_page_xunbusy(m);
		} else {
			vm_page_free(m);
		}
		return true;
	}
	mutex_lock_nested(&o->lock);
	mutex_lock_nested(&b->lock);
	return false;
}

/* Merge b, referred to by o alone, into o.  => both locked on entry; o locked, b gone on return. */
static void
collapse_merge(struct vm_object *o, struct vm_object *b) NO_LOCK_ANALYSIS
{
	struct vm_object *next;
	struct vm_page *m;

	o->flags |= OBJ_COLLAPSING;
	b->flags |= OBJ_COLLAPSING | OBJ_GONE;
	for (m = vm_page_find_least(b, 0); m != NULL; m = vm_page_find_least(b, 0))
		merge_page(o, b, m);
	KASSERT(b->refs == 1 && b->pip == 0 && o->backing == b);

	next = b->backing;
	if (next != NULL) {
		mutex_lock_nested(&next->lock);
		chain_detach(b);
	}
	chain_detach(o);
	vm_object_attach(o, next, o->backing_off + b->backing_off);
	if (next != NULL)
		mutex_unlock(&next->lock);
	o->flags &= ~OBJ_COLLAPSING;
	wakeup(&o->pip);
	b->refs = 0;
	vm_object_bury(b);
	vm_count(VMC_COLLAPSES);
}

/* Let o step over b.  The reference that o had to b goes to the work list.  => both locked on
 * entry; o locked on return. */
static void
collapse_bypass(struct vm_object *o, struct vm_object *b, struct work *w) NO_LOCK_ANALYSIS
{
	struct vm_object *next = b->backing;

	if (next != NULL) {
		mutex_lock_nested(&next->lock);
		vm_object_ref_locked(next);
	}
	chain_detach(o);
	vm_object_attach(o, next, o->backing_off + b->backing_off);
	if (next != NULL)
		mutex_unlock(&next->lock);
	mutex_unlock(&b->lock);
	work_push(w, b);
	vm_count(VMC_BYPASSES);
}

/* => o locked on entry and exit.  References that fall due are left in w. */
static void
collapse(struct vm_object *o, struct work *w) NO_LOCK_ANALYSIS
{
	struct vm_object *b;

	while ((b = o->backing) != NULL && o->type == OBJ_ANON && w->n < WORK_MAX - 2) {
		if ((o->flags & (OBJ_COLLAPSING | OBJ_SPLIT | OBJ_GONE)) != 0)
			return;
		mutex_lock_nested(&b->lock);
		if (b->type != OBJ_ANON ||
		    (b->flags & (OBJ_COLLAPSING | OBJ_SPLIT | OBJ_GONE)) != 0) {
			mutex_unlock(&b->lock);
			return;
		}
		if (b->refs == 1 && b->pip == 0) {
			collapse_merge(o, b);
		} else if (all_shadowed(o, b)) {
			collapse_bypass(o, b, w);
		} else {
			mutex_unlock(&b->lock);
			return;
		}
	}
}

/*
 * Dropping references.
 */

/* The last reference to an anonymous object is gone.  => locked on entry, gone on return. */
static void
object_terminate(struct vm_object *o, struct work *w) NO_LOCK_ANALYSIS
{
	struct vm_object *backing = o->backing;

	o->flags |= OBJ_GONE;
	while (o->pip > 0) {
		vm_object_wait_change(o, "objend");
		mutex_lock(&o->lock);
	}
	vm_page_free_all(o); /* unreachable, and nothing is in progress: none is busy */
	if (backing != NULL) {
		mutex_lock_nested(&backing->lock);
		chain_detach(o);
		mutex_unlock(&backing->lock);
		work_push(w, backing);
	}
	vm_object_bury(o);
}

/*
 * `o` is left to a single shadow: merge them.  The shadow must be locked first, so give o back and
 * see whether they are still a pair.
 * => o locked on entry, unlocked on return.  The caller's reference to o is still to be dropped.
 * => the shadow with a reference for the caller and locked; or NULL.
 */
static struct vm_object *
lock_sole_shadow(struct vm_object *o) NO_LOCK_ANALYSIS
{
	struct vm_object *s = LIST_ENTRY(o->shadows.next, struct vm_object, shadow_link);

	mutex_unlock(&o->lock);
	mutex_lock(&s->lock);
	if (s->type == OBJ_ANON && s->backing == o && s->refs > 0 &&
	    (s->flags & (OBJ_GONE | OBJ_COLLAPSING)) == 0) {
		s->refs++;
		return s;
	}
	mutex_unlock(&s->lock);
	return NULL;
}

/* Is the reference about to be dropped the last but that of a single shadow, and is merging the two
 * possible? */
static bool
leaves_one_shadow(const struct vm_object *o)
{
	return o->type == OBJ_ANON && o->refs == 2 && o->shadow_count == 1 &&
	    (o->flags & (OBJ_COLLAPSING | OBJ_SPLIT | OBJ_GONE)) == 0;
}

/* Drop one reference to o.  What falls due further goes to w. */
static void
drop_one(struct vm_object *o, struct work *w) NO_LOCK_ANALYSIS
{
	struct vm_object *shadow = NULL;
	bool tried = false;

	mutex_lock(&o->lock);
	if (leaves_one_shadow(o) && w->n < WORK_MAX - 2) {
		shadow = lock_sole_shadow(o);
		if (shadow != NULL)
			mutex_lock_nested(&o->lock);
		else
			mutex_lock(&o->lock);
		tried = true;
	}
	KASSERT(o->refs > 0 && o->type != OBJ_DEAD);
	o->refs--;
	if (o->refs == 1 && o->shadow_count == 0 && o->type == OBJ_ANON)
		o->flags |= OBJ_ONEMAPPING;
	if (o->refs == 0 && o->type == OBJ_ANON) {
		KASSERT(shadow == NULL);
		object_terminate(o, w);
	} else if (o->refs == 0 && o->pager != NULL && o->pager->drop != NULL) {
		mutex_unlock(&o->lock);
		o->pager->drop(o);
	} else {
		mutex_unlock(&o->lock);
	}
	if (tried && shadow != NULL) {
		collapse(shadow, w);
		mutex_unlock(&shadow->lock);
		work_push(w, shadow);
	}
}

static void
drop_all(struct work *w)
{
	while (w->n > 0)
		drop_one(w->object[--w->n], w);
}

void
vm_object_unref(struct vm_object *o)
{
	struct work w = {.n = 0};

	if (o == NULL)
		return;
	work_push(&w, o);
	drop_all(&w);
}

void
vm_object_collapse(struct vm_object *o) NO_LOCK_ANALYSIS
{
	struct work w = {.n = 0};

	KASSERT(mutex_owned(&o->lock));
	collapse(o, &w);
	if (w.n == 0)
		return;
	mutex_unlock(&o->lock);
	drop_all(&w);
	mutex_lock(&o->lock);
}

void
vm_object_destroy(struct vm_object *o) NO_LOCK_ANALYSIS
{
	mutex_lock(&o->lock);
	KASSERT(o->refs == 0 && o->type != OBJ_ANON && o->type != OBJ_DEAD);
	o->flags |= OBJ_GONE;
	while (o->pip > 0) {
		vm_object_wait_change(o, "objend");
		mutex_lock(&o->lock);
	}
	vm_object_page_remove(o, 0, o->size);
	vm_page_free_all(o);
	vm_object_bury(o);
}
