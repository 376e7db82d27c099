/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advice: what a program says about memory that it has.
 *
 * Four kinds, by what they touch:
 *
 *      the entry       NORMAL RANDOM SEQUENTIAL, DONTFORK DOFORK WIPEONFORK KEEPONFORK, DONTDUMP DODUMP,
 *                      NOSYNC AUTOSYNC: a field of the entry, which is cut for it
 *      pages as hints  WILLNEED COLD PAGEOUT: page tables and queues, nothing that a program could see
 *      contents        DONTNEED FREE REMOVE: what the program had there is gone
 *      faults          POPULATE_READ POPULATE_WRITE: touch it now
 *
 * DONTNEED must never bring older contents back.  Private memory after a fork has them below:
 *
 *      entry --> top [ c . c . ] --> [ p p p p ]        c: the child's, p: from before the fork
 *
 * Freeing the c's would show the p's.  So unless the top object has nothing anonymous behind it, the range gets
 * an entry of its own that leaves the chain: for anonymous memory it refers to nothing (untouched memory), for a private mapping of
 * a file to the file.  FREE promises less, "what was written last, or zeros, at any time", and zeros now are the
 * simplest way to keep that.
 *
 * Locks: the map, exclusively where entries or contents change, then objects.  References that are given up are dropped with the map
 * unlocked, so DONTNEED goes through a range in several rounds, finding its place by address.
 *
 * Rejected: hiding the p's behind pages of zeros (DONTNEED would use up memory), and marking freed pages clean
 * for a page daemon to take later: while nothing ever takes them, it would only be a slower way to keep them.
 */
#include "vm/vm_madvise.h"

#include <errno.h>
#include <sys/mman.h>

#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_map.h"
#include "vm/vm_mmap.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

/*
 * Walking a range that may have holes.
 */
struct walk {
	vaddr_t at, end; /* what is left */
	bool hole;       /* something was not mapped */
};

/* The next entry of the range: it covers w->at now.  NULL: that was all.  => map locked either way. */
static struct vm_map_entry *
walk_entry(struct vm_map *map, struct walk *w)
{
	struct vm_map_entry *e = vm_map_first_from(map, w->at);

	/* Room that a stack may grow into is a hole. */
	while (e != NULL && e->start < w->end && (e->eflags & MAP_ENTRY_GUARD) != 0)
		e = vm_map_next(map, e);
	if (w->at >= w->end || e == NULL || e->start >= w->end) {
		w->hole |= w->at < w->end;
		w->at = w->end;
		return NULL;
	}
	if (w->at < e->start) {
		w->hole = true;
		w->at = e->start;
	}
	return e;
}

/* How far e goes within the range. */
static vaddr_t
walk_stop(const struct walk *w, const struct vm_map_entry *e)
{
	return MIN(e->end, w->end);
}

/* May [start, end), of one entry, become an entry of its own?  Two more are allowed for even where
 * one is cut off. */
static bool
may_cut(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	return vm_map_cuts(map, start, end) == 0 || vm_map_count_allowed(map, map->nentries + 2);
}

/*
 * What kind of memory an entry is.
 */

/* Is what is written here, or will be, the memory of others as well? */
static bool
is_shared(const struct vm_map_entry *e)
{
	return e->inheritance == VM_INHERIT_SHARE || (e->eflags & MAP_ENTRY_SHARED) != 0;
}

/* Memory of nothing but zeros and what was written: no file behind it. */
static bool
is_anonymous(const struct vm_map_entry *e)
{
	pindex_t unused = 0;

	return e->u.object == NULL || vm_object_bottom(e->u.object, &unused) == NULL;
}

static bool
is_locked(const struct vm_map_entry *e)
{
	return e->wired_count > 0;
}

static bool
is_device(const struct vm_map_entry *e)
{
	return e->u.object != NULL && e->u.object->type == OBJ_DEVICE;
}

/*
 * Advice that is a field of the entry.
 */

/* What the child of a fork gets if nothing was said. */
static vm_inherit_t
default_inherit(const struct vm_map_entry *e)
{
	return (e->eflags & MAP_ENTRY_SHARED) != 0 ? VM_INHERIT_SHARE : VM_INHERIT_COPY;
}

/* Change the entry, or a copy of it.  => returns 0 or EINVAL. */
static int
set_fields(struct vm_map_entry *e, int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
		e->advice = (vm_advice_t)advice;
		break;
	case MADV_DONTFORK:
		e->inheritance = VM_INHERIT_NONE;
		break;
	case MADV_DOFORK:
		if (e->inheritance == VM_INHERIT_NONE)
			e->inheritance = default_inherit(e);
		break;
	case MADV_WIPEONFORK:
		if (is_shared(e) || !is_anonymous(e))
			return EINVAL;
		e->inheritance = VM_INHERIT_ZERO;
		break;
	case MADV_KEEPONFORK:
		if (e->inheritance == VM_INHERIT_ZERO)
			e->inheritance = default_inherit(e);
		break;
	case MADV_DONTDUMP:
		e->eflags |= MAP_ENTRY_NODUMP;
		break;
	case MADV_DODUMP:
		e->eflags &= ~MAP_ENTRY_NODUMP;
		break;
	case MADV_NOSYNC:
		e->eflags |= MAP_ENTRY_NOSYNC;
		break;
	case MADV_AUTOSYNC:
		e->eflags &= ~MAP_ENTRY_NOSYNC;
		break;
	}
	return 0;
}

/* Cut the entry if need be, and change it.  => returns 0, EINVAL, EAGAIN. */
static int
advise_entry(struct vm_map *map, struct vm_map_entry *e, const struct walk *w, int advice,
    struct vm_map_reserve *r) REQUIRES(map->lock)
{
	struct vm_map_entry as = *e;
	vaddr_t stop = walk_stop(w, e);
	int error = set_fields(&as, advice);

	if (error != 0)
		return error;
	if (as.eflags == e->eflags && as.inheritance == e->inheritance && as.advice == e->advice)
		return 0;
	if (!may_cut(map, w->at, stop))
		return EAGAIN;
	vm_map_clip_start(map, e, w->at, r);
	vm_map_clip_end(map, e, stop, r);
	return set_fields(e, advice);
}

static int
advise_entries(struct vm_map *map, struct walk *w, int advice)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	vaddr_t start = w->at;
	struct vm_map_entry *e;
	int error = 0;

	if (vm_map_reserve(&r, 2) != 0) {
		vm_map_unreserve(&r);
		return EAGAIN;
	}
	vm_map_lock_range(map, start, w->end);
	while (error == 0 && (e = walk_entry(map, w)) != NULL) {
		vaddr_t stop = walk_stop(w, e);

		error = advise_entry(map, e, w, advice, &r);
		w->at = stop;
	}
	vm_map_simplify(map, start, w->at);
	vm_map_unlock(map);
	vm_map_unreserve(&r);
	return error;
}

/*
 * Hints about pages.
 */

/* Enter what is resident, as far as the entry's rights allow reading, and nothing writable. */
static void
preload(struct pmap *pm, const struct vm_map_entry *e, vaddr_t start, vaddr_t end) NO_LOCK_ANALYSIS
{
	struct vm_object *o = e->u.object, *in;
	pindex_t i = vm_map_entry_index(e, start), stop = vm_map_entry_index(e, end);
	vm_prot_t prot = e->protection & ~VM_PROT_WRITE;

	if ((e->protection & VM_PROT_WRITE) != 0)
		prot |= VM_PROT_READ;
	/* Of a wired entry every mapping is wired: that is for the fault to make. */
	if (prot == VM_PROT_NONE || o == NULL || o->type == OBJ_DEVICE || e->wired_count > 0)
		return;
	for (; vm_object_next_resident(o, i, stop, &i); i++) {
		vaddr_t va = start + ptoa(i - vm_map_entry_index(e, start));
		struct vm_page *m;

		if (!pmap_is_prefaultable(pm, va))
			continue;
		mutex_lock(&o->lock);
		m = vm_object_find(o, i, &in);
		if (m != NULL && m->valid && !vm_page_busied(m) && m->pindex < in->size)
			pmap_enter_quick(pm, va, m, prot);
		if (in != o)
			mutex_unlock(&in->lock);
		mutex_unlock(&o->lock);
	}
}

static void
cool(const struct vm_map_entry *e, vaddr_t start, vaddr_t end)
{
	struct vm_object *o = e->u.object;

	mutex_lock(&o->lock);
	vm_object_cool(o, vm_map_entry_index(e, start), (pindex_t)atop(end - start));
	mutex_unlock(&o->lock);
}

/* => returns 0 or EINVAL: locked pages do not get cold. */
static int
advise_pages(struct vm_map *map, struct walk *w, int advice)
{
	struct vm_map_entry *e;
	int error = 0;

	vm_map_lock_read(map);
	for (; error == 0 && (e = walk_entry(map, w)) != NULL; w->at = walk_stop(w, e)) {
		if (advice == MADV_WILLNEED)
			preload(map->pmap, e, w->at, walk_stop(w, e));
		else if (is_locked(e) || is_device(e))
			error = EINVAL;
		else if (e->u.object != NULL)
			cool(e, w->at, walk_stop(w, e));
	}
	vm_map_unlock_read(map);
	return error;
}

/*
 * Contents.
 */

/* May this be done to the entry?  => returns 0 or the errno. */
static int
check_forget(const struct vm_map_entry *e, int advice)
{
	if (is_locked(e))
		return EINVAL;
	switch (advice) {
	case MADV_DONTNEED:
		return is_device(e) ? EINVAL : 0;
	case MADV_FREE:
		return is_shared(e) || !is_anonymous(e) ? EINVAL : 0;
	default: /* MADV_REMOVE */
		if (!is_shared(e) && is_anonymous(e))
			return EINVAL;
		if (!is_shared(e) || (e->protection & VM_PROT_WRITE) == 0)
			return EACCES;
		/* What was copied by a fork before it was shared: others have it as theirs. */
		return is_anonymous(e) && (e->eflags & MAP_ENTRY_COW) == 0 ? 0 : EOPNOTSUPP;
	}
}

/* Lock o when no merge is going on, after trying one: o may have nothing behind it then. */
static void
lock_collapsed(struct vm_object *o) NO_LOCK_ANALYSIS
{
	mutex_lock(&o->lock);
	if (o->type == OBJ_ANON)
		vm_object_collapse(o);
	while ((o->flags & OBJ_COLLAPSING) != 0) {
		vm_object_wait_change(o, "forget");
		mutex_lock(&o->lock);
	}
}

/* If what the entry shows is its own, and nothing anonymous lies behind it, free it.  => true: done. */
static bool
free_own_pages(struct vm_map_entry *e, vaddr_t start, vaddr_t end) NO_LOCK_ANALYSIS
{
	struct vm_object *o = e->u.object;
	bool ours;

	lock_collapsed(o);
	ours = o->type == OBJ_ANON && (o->backing == NULL || o->backing->pager != NULL) &&
	    (o->refs == 1 ||
		((e->eflags & MAP_ENTRY_NEEDS_COPY) == 0 && (o->flags & OBJ_ONEMAPPING) != 0));
	if (ours)
		vm_object_page_remove(o, vm_map_entry_index(e, start), vm_map_entry_index(e, end));
	mutex_unlock(&o->lock);
	return ours;
}

/*
 * Let the entry leave its chain: for what is at the bottom, or for nothing.
 * => the entry is the range.  => returns the object that it referred to.
 */
static struct vm_object *
leave_chain(struct vm_map_entry *e)
{
	struct vm_object *old = e->u.object;
	pindex_t i = vm_map_entry_index(e, e->start);

	e->u.object = vm_object_bottom(old, &i);
	if (e->u.object != NULL) {
		vm_object_ref(e->u.object);
		e->offset = ptoa((vm_off_t)i);
		e->eflags |= MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY;
		return old;
	}
	/* A stack's offset is its room to grow. */
	if ((e->eflags & MAP_ENTRY_GROWS_DOWN) == 0)
		e->offset = 0;
	e->eflags &= ~(MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY);
	return old;
}

/*
 * Forget what the program has at [w->at, stop) of e.
 * => returns 0 or EAGAIN; *old: a reference to be dropped with the map unlocked, or NULL.
 */
static int
forget_piece(struct vm_map *map, struct vm_map_entry *e, const struct walk *w, int advice,
    struct vm_map_reserve *r, struct vm_object **old) REQUIRES(map->lock)
{
	struct vm_object *o = e->u.object;
	vaddr_t start = w->at, stop = walk_stop(w, e);

	pmap_remove(map->pmap, start, stop);
	if (o == NULL || (is_shared(e) && advice != MADV_REMOVE) || o->pager != NULL)
		return 0;
	if (advice == MADV_REMOVE) {
		mutex_lock(&o->lock);
		vm_object_page_remove_some(
		    o, vm_map_entry_index(e, start), vm_map_entry_index(e, stop), PAGES_EMPTIED);
		mutex_unlock(&o->lock);
		return 0;
	}
	if (free_own_pages(e, start, stop))
		return 0;
	if (!may_cut(map, start, stop))
		return EAGAIN;
	vm_map_clip_start(map, e, start, r);
	vm_map_clip_end(map, e, stop, r);
	*old = leave_chain(e);
	return 0;
}

/* One hold of the lock: until the range is done, or an object is to be dropped. */
static int
forget_some(struct vm_map *map, struct walk *w, int advice)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	vaddr_t start = w->at;
	struct vm_object *old = NULL;
	struct vm_map_entry *e;
	int error = 0;

	if (vm_map_reserve(&r, 2) != 0) {
		vm_map_unreserve(&r);
		return EAGAIN;
	}
	vm_map_lock_range(map, start, w->end);
	while (error == 0 && old == NULL && (e = walk_entry(map, w)) != NULL) {
		vaddr_t stop = walk_stop(w, e);

		error = check_forget(e, advice);
		if (error == 0)
			error = forget_piece(map, e, w, advice, &r, &old);
		if (error == 0)
			w->at = stop;
	}
	vm_map_simplify(map, start, w->at);
	vm_map_unlock(map);
	vm_map_unreserve(&r);
	vm_object_unref(old);
	return error;
}

static int
forget(struct vm_map *map, struct walk *w, int advice)
{
	int error;

	do {
		error = forget_some(map, w, advice);
	} while (error == 0 && w->at < w->end);
	return error;
}

/*
 * Faults.
 */

/* How far from w->at may faults go?  => returns 0 and *stop; ENOMEM: not mapped; EINVAL: not with these rights. */
static int
populate_stop(struct vm_map *map, const struct walk *w, vm_prot_t access, vaddr_t *stop)
{
	struct vm_map_entry *e;
	int error = 0;

	vm_map_lock_read(map);
	e = vm_map_lookup_entry(map, w->at, NULL);
	if (e == NULL || (e->eflags & MAP_ENTRY_GUARD) != 0)
		error = ENOMEM;
	else if ((e->protection & access) == 0 || is_device(e))
		error = EINVAL;
	else
		*stop = walk_stop(w, e);
	vm_map_unlock_read(map);
	return error;
}

/* What POPULATE says when a fault fails. */
static int
populate_error(int error)
{
	switch (error) {
	case 0:
		return 0;
	case EACCES: /* the rights changed meanwhile */
		return EINVAL;
	case ENOMEM:
		return ENOMEM;
	default:
		return EFAULT;
	}
}

static int
populate(struct vm_map *map, struct walk *w, vm_prot_t access)
{
	vaddr_t stop = w->at;
	int error = 0;

	for (; error == 0 && w->at < w->end; w->at += PAGE_SIZE) {
		if (__atomic_load_n(&curthread()->interrupted, __ATOMIC_RELAXED))
			return EINTR;
		if (w->at >= stop)
			error = populate_stop(map, w, access, &stop);
		if (error == 0)
			error = populate_error(vm_fault(map, w->at, access));
	}
	return error;
}

/*
 * All of them.
 */

static bool
is_advice(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_NOSYNC:
	case MADV_AUTOSYNC:
		return true;
	default: /* with those that a Linux without merging or large pages does not know */
		return false;
	}
}

int
vm_map_madvise(struct vm_map *map, vaddr_t start, vaddr_t end, int advice)
{
	struct walk w = {.at = start, .end = end};
	int error;

	KASSERT(((start | end) & PAGE_MASK) == 0 && is_advice(advice));
	switch (advice) {
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT: /* there is nowhere to page out to: cold is all it can be */
		error = advise_pages(map, &w, advice);
		break;
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
		error = forget(map, &w, advice);
		break;
	case MADV_POPULATE_READ:
		return populate(map, &w, VM_PROT_READ);
	case MADV_POPULATE_WRITE:
		return populate(map, &w, VM_PROT_WRITE);
	default:
		error = advise_entries(map, &w, advice);
	}
	if (error != 0)
		return error;
	return w.hole ? ENOMEM : 0;
}

int
vm_madvise(struct vmspace *vm, vaddr_t addr, size_t len, int advice)
{
	vaddr_t end = addr + round_page(len);

	if (!is_advice(advice) || (addr & PAGE_MASK) != 0 || round_page(len) < len || end < addr)
		return EINVAL;
	return addr == end ? 0 : vm_map_madvise(&vm->map, addr, end, advice);
}
