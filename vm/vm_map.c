/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map itself: entries, the tree over them, finding, inserting, cutting, merging and removing.
 * What a fault asks is in vm_map_lookup.c, what must be true of a map in vm_map_check.c; rights and
 * inheritance are changed in vm_protect.c; stacks are in vm_stack.c, fork is in vmspace.c.
 *
 *      min        gap     start     end  gap                                   max
 *       |---------------->[  entry  )---------->[ entry )[ entry )---------------|
 *
 * Each entry knows the gap before it, each tree node the largest gap of its subtree; only the space
 * after the last entry is nobody's. Whoever links, unlinks or moves a boundary calls gap_changed()
 * for the entry and for its successor.
 *
 * Locks: map->lock exclusive to change anything, shared to look.  Under it come object locks.  No
 * entry is allocated while a map is locked (vm_map_reserve before), and no object loses its last
 * reference (dead list, released after).
 *
 * Two places merge: vm_map_insert for what it inserts, vm_map_simplify at the end of a range
 * operation.  Cutting (clip) never merges, so an entry in hand stays what it is until the operation
 * is done with it.
 *
 * Rejected: a splay tree (looking writes) and a first-free hint (a list scan in disguise, and wrong
 * after a merge).
 */
#include "vm/vm_map.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_map_private.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_stack.h"
#include "vm/vm_wire.h"
#include "vm/zone.h"

static struct zone *entry_zone;

uint32_t vm_max_map_count = VM_MAX_MAP_COUNT_DEFAULT;

void
vm_map_startup(void)
{
	entry_zone = zone_create("vm_map_entry", sizeof(struct vm_map_entry), 0, NULL);
}

void
vm_map_init(struct vm_map *map, const char *name, struct pmap *pmap, vaddr_t min, vaddr_t max,
    unsigned flags)
{
	sx_init(&map->lock, name, (flags & VM_MAP_KERNEL) != 0 ? RANK_KERNEL_MAP : RANK_USER_MAP);
	list_init(&map->entries);
	map->tree.root = NULL;
	map->min = min;
	map->max = max;
	map->pmap = pmap;
	map->size = map->data = map->locked = 0;
	map->max_resident = 0;
	map->nentries = map->busy = 0;
	map->flags = flags;
	map->want_space = false;
	map->name = name;
	map->hint = NULL;
}

void
vm_map_lock(struct vm_map *map)
{
	sx_xlock(&map->lock);
}

void
vm_map_unlock(struct vm_map *map)
{
	sx_xunlock(&map->lock);
}

void
vm_map_lock_read(struct vm_map *map)
{
	sx_slock(&map->lock);
}

void
vm_map_unlock_read(struct vm_map *map)
{
	sx_sunlock(&map->lock);
}

/*
 * Entries in reserve.
 */

int
vm_map_reserve(struct vm_map_reserve *r, unsigned n)
{
	while (r->n < n) {
		struct vm_map_entry *e = zone_alloc(entry_zone, 0);

		if (e == NULL)
			return ENOMEM;
		list_push_back(&r->entries, &e->link);
		r->n++;
	}
	return 0;
}

static struct vm_map_entry *
reserve_take(struct vm_map_reserve *r)
{
	KASSERT(r->n > 0);
	r->n--;
	return LIST_ENTRY(list_pop_front(&r->entries), struct vm_map_entry, link);
}

void
vm_map_unreserve(struct vm_map_reserve *r)
{
	while (r->n > 0)
		zone_free(entry_zone, reserve_take(r));
}

/*
 * List and tree.
 */

static struct vm_map_entry *
entry_of_link(struct vm_map *map, struct list *link)
{
	return link == &map->entries ? NULL : LIST_ENTRY(link, struct vm_map_entry, link);
}

struct vm_map_entry *
vm_map_next(struct vm_map *map, struct vm_map_entry *e)
{
	return entry_of_link(map, e->link.next);
}

struct vm_map_entry *
vm_map_prev(struct vm_map *map, struct vm_map_entry *e)
{
	return entry_of_link(map, e->link.prev);
}

static struct vm_map_entry *
entry_of_node(struct tree_node *n)
{
	return n == NULL ? NULL : TREE_ENTRY(n, struct vm_map_entry, node);
}

bool
vm_map_update_max_gap(struct tree_node *n)
{
	struct vm_map_entry *e = entry_of_node(n);
	vaddr_t before = e->max_gap, gap = e->gap;

	for (int side = 0; side < 2; side++) {
		if (n->child[side] != NULL)
			gap = MAX(gap, entry_of_node(n->child[side])->max_gap);
	}
	e->max_gap = gap;
	return gap != before;
}

vaddr_t
vm_map_gap_before(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_map_prev(map, e);

	return e->start - (prev != NULL ? prev->end : map->min);
}

/* The boundary before e moved.  NULL (the space after the last entry) is fine. */
static void
gap_changed(struct vm_map *map, struct vm_map_entry *e)
{
	if (e == NULL)
		return;
	e->gap = vm_map_gap_before(map, e);
	tree_update_path(&e->node, vm_map_update_max_gap);
}

bool
vm_map_is_data(vm_prot_t prot, uint16_t eflags)
{
	return (prot & VM_PROT_WRITE) != 0 &&
	    (eflags & (MAP_ENTRY_SHARED | MAP_ENTRY_STACK | MAP_ENTRY_GUARD)) == 0;
}

struct vm_map_usage
vm_map_usage_of(const struct vm_map_entry *e, vaddr_t start, vaddr_t end)
{
	uint64_t bytes = end - start;

	if ((e->eflags & MAP_ENTRY_GUARD) != 0)
		bytes = 0;
	return (struct vm_map_usage){bytes, vm_map_is_data(e->protection, e->eflags) ? bytes : 0};
}

/* Put e into the books, or take it out before it changes. */
static void
charge(struct vm_map *map, const struct vm_map_entry *e)
{
	struct vm_map_usage u = vm_map_usage_of(e, e->start, e->end);

	map->size += u.size;
	map->data += u.data;
}

static void
uncharge(struct vm_map *map, const struct vm_map_entry *e)
{
	struct vm_map_usage u = vm_map_usage_of(e, e->start, e->end);

	map->size -= u.size;
	map->data -= u.data;
}

/* Link e after `prev` (NULL: first).  The tree place is next to prev: its right child if free, else
 * the successor's left. */
static void
entry_link(struct vm_map *map, struct vm_map_entry *prev, struct vm_map_entry *e)
{
	struct vm_map_entry *next;

	list_insert_after(prev != NULL ? &prev->link : &map->entries, &e->link);
	next = vm_map_next(map, e);
	e->gap = vm_map_gap_before(map, e);
	if (prev != NULL && prev->node.child[1] == NULL)
		tree_insert(&map->tree, &prev->node, 1, &e->node, vm_map_update_max_gap);
	else
		tree_insert(&map->tree, next != NULL ? &next->node : NULL, 0, &e->node,
		    vm_map_update_max_gap);
	gap_changed(map, next);
	map->nentries++;
	charge(map, e);
}

static void
entry_unlink(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *next = vm_map_next(map, e);

	uncharge(map, e);
	map->nentries--;
	if (map->hint == e)
		map->hint = NULL;
	list_remove(&e->link);
	tree_remove(&map->tree, &e->node, vm_map_update_max_gap);
	gap_changed(map, next);
}

/* Move a boundary of a linked entry.  => stays clear of the neighbours. */
static void
entry_resize(struct vm_map *map, struct vm_map_entry *e, vaddr_t start, vaddr_t end)
{
	uncharge(map, e);
	e->start = start;
	e->end = end;
	charge(map, e);
	gap_changed(map, e);
	gap_changed(map, vm_map_next(map, e));
}

static void
entry_set_eflags(struct vm_map *map, struct vm_map_entry *e, uint16_t eflags)
{
	uncharge(map, e);
	e->eflags = eflags;
	charge(map, e);
}

void
vm_map_set_protection(struct vm_map *map, struct vm_map_entry *e, vm_prot_t prot)
{
	KASSERT(sx_xowned(&map->lock) && (prot & ~e->max_protection) == 0);
	uncharge(map, e);
	e->protection = prot;
	charge(map, e);
}

struct vm_map_entry *
vm_map_lookup_entry(struct vm_map *map, vaddr_t va, struct vm_map_entry **prev)
{
	struct vm_map_entry *e = __atomic_load_n(&map->hint, __ATOMIC_RELAXED), *before = NULL;
	struct tree_node *n = map->tree.root;

	if (e != NULL && e->start <= va && va < e->end)
		return e;
	while (n != NULL) {
		e = entry_of_node(n);
		if (va < e->start) {
			n = n->child[0];
		} else if (va < e->end) {
			__atomic_store_n(&map->hint, e, __ATOMIC_RELAXED);
			return e;
		} else {
			before = e;
			n = n->child[1];
		}
	}
	if (prev != NULL)
		*prev = before;
	return NULL;
}

struct vm_map_entry *
vm_map_first_from(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *prev, *e = vm_map_lookup_entry(map, va, &prev);

	if (e != NULL)
		return e;
	return prev != NULL ? vm_map_next(map, prev) : entry_of_link(map, map->entries.next);
}

bool
vm_map_check_protection(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, start, NULL);

	while (e != NULL && e->start <= start && (e->protection & prot) == prot &&
	    (e->eflags & MAP_ENTRY_GUARD) == 0) {
		if (e->end >= end)
			return true;
		start = e->end;
		e = vm_map_next(map, e);
	}
	return false;
}

/*
 * Counting.
 */

bool
vm_map_is_free(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);

	return start >= map->min && end <= map->max && start < end &&
	    (e == NULL || e->start >= end);
}

struct vm_map_usage
vm_map_usage(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_usage sum = {0, 0};
	struct vm_map_entry *e = vm_map_first_from(map, start);

	for (; e != NULL && e->start < end; e = vm_map_next(map, e)) {
		struct vm_map_usage u = vm_map_usage_of(e, MAX(e->start, start), MIN(e->end, end));

		sum.size += u.size;
		sum.data += u.data;
	}
	return sum;
}

bool
vm_map_count_allowed(const struct vm_map *map, uint32_t n)
{
	return (map->flags & VM_MAP_KERNEL) != 0 ||
	    n <= __atomic_load_n(&vm_max_map_count, __ATOMIC_RELAXED);
}

uint32_t
vm_map_cuts(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, start, NULL);
	uint32_t cuts = e != NULL && e->start < start;

	e = vm_map_lookup_entry(map, end, NULL);
	return cuts + (e != NULL && e->start < end);
}

uint32_t
vm_map_count_without(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);
	uint32_t n = map->nentries;

	if (e != NULL && e->start < start && e->end > end)
		return n + 1;
	for (; e != NULL && e->start < end; e = vm_map_next(map, e))
		n -= e->start >= start && e->end <= end;
	return n;
}

/*
 * Finding space.
 */

/* The entry furthest to `side` under n whose gap is at least size; n's max_gap says that there is
 * one. */
static struct vm_map_entry *
furthest_with_gap(struct tree_node *n, size_t size, int side)
{
	for (;;) {
		struct tree_node *child = n->child[side];

		if (child != NULL && entry_of_node(child)->max_gap >= size)
			n = child;
		else if (entry_of_node(n)->gap >= size)
			return entry_of_node(n);
		else
			n = n->child[!side];
	}
}

/* The nearest entry on `side` of e (NULL: beyond the last one, looking down) whose gap is at least
 * size; NULL: none. */
static struct vm_map_entry *
next_with_gap(struct vm_map *map, struct vm_map_entry *e, size_t size, int side)
{
	struct tree_node *n, *parent;

	if (e == NULL) {
		n = map->tree.root;
		if (n == NULL || entry_of_node(n)->max_gap < size)
			return NULL;
		return furthest_with_gap(n, size, !side);
	}
	for (n = &e->node;; n = parent) {
		struct tree_node *child = n->child[side];

		if (child != NULL && entry_of_node(child)->max_gap >= size)
			return furthest_with_gap(child, size, !side);
		while ((parent = tree_parent(n)) != NULL && parent->child[side] == n)
			n = parent;
		if (parent == NULL)
			return NULL;
		if (entry_of_node(parent)->gap >= size)
			return entry_of_node(parent);
	}
}

/* Does `size` fit into the gap before e (NULL: after the last entry), cut to [min, max)?  If so
 * *addr is its lowest or highest place. */
static bool
fits_before(struct vm_map *map, struct vm_map_entry *e, vaddr_t min, vaddr_t max, size_t size,
    bool top_down, vaddr_t *addr)
{
	struct vm_map_entry *last = entry_of_link(map, map->entries.prev);
	vaddr_t end = e != NULL ? e->start : map->max;
	vaddr_t start = e != NULL ? e->start - e->gap : last != NULL ? last->end : map->min;

	start = MAX(start, min);
	end = MIN(end, max);
	if (start > end || end - start < size)
		return false;
	*addr = top_down ? end - size : start;
	return true;
}

bool
vm_map_findspace(
    struct vm_map *map, vaddr_t min, vaddr_t max, size_t size, bool top_down, vaddr_t *addr)
{
	struct vm_map_entry *e = vm_map_first_from(map, top_down ? max : min);

	KASSERT(sx_locked(&map->lock) && size > 0);
	/* The gap at the starting point may be cut by min or max; behind it only whole gaps matter.
	 */
	if (fits_before(map, e, min, max, size, top_down, addr))
		return true;
	if (top_down) {
		e = next_with_gap(map, e, size, 0);
		return e != NULL && fits_before(map, e, min, max, size, true, addr);
	}
	if (e == NULL)
		return false;
	e = next_with_gap(map, e, size, 1);
	return fits_before(map, e, min, max, size, false, addr);
}

/*
 * Inserting and merging.
 */

bool
vm_map_entry_continues(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	return a->end == b->start && a->eflags == b->eflags &&
	    (a->eflags & MAP_ENTRY_NEVER_MERGE) == 0 && a->protection == b->protection &&
	    a->max_protection == b->max_protection && a->inheritance == b->inheritance &&
	    a->advice == b->advice && a->wired_count == b->wired_count &&
	    a->u.object == b->u.object &&
	    (a->u.object == NULL || a->offset + (a->end - a->start) == b->offset);
}

/* One of two references of neighbouring entries to their object is not needed any more: never the
 * last. */
static void
drop_shared_ref(struct vm_object *o)
{
	if (o == NULL)
		return;
	mutex_lock(&o->lock);
	KASSERT(o->refs > 1);
	o->refs--;
	mutex_unlock(&o->lock);
}

/* Merge e into its predecessor if it continues it.  => returns the entry that now covers e. */
static struct vm_map_entry *
merge_with_prev(struct vm_map *map, struct vm_map_entry *e) REQUIRES(map->lock)
{
	struct vm_map_entry *prev = vm_map_prev(map, e);
	vaddr_t end = e->end;

	if (prev == NULL || !vm_map_entry_continues(prev, e))
		return e;
	entry_unlink(map, e);
	entry_resize(map, prev, prev->start, end);
	drop_shared_ref(e->u.object);
	zone_free(entry_zone, e);
	return prev;
}

void
vm_map_simplify(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);

	/* The entry that begins at `end` may continue the last one of the range. */
	while (e != NULL && e->start <= end) {
		e = merge_with_prev(map, e);
		e = vm_map_next(map, e);
	}
}

static void
entry_fill(struct vm_map_entry *e, vaddr_t start, vaddr_t end, const struct vm_map_args *args)
{
	e->start = start;
	e->end = end;
	e->u.object = args->object;
	e->offset = args->offset;
	e->eflags = args->eflags;
	e->protection = args->prot;
	e->max_protection = args->max_prot;
	e->inheritance = args->inherit;
	e->advice = args->advice;
	e->transition = 0;
	e->wired_count = (args->eflags & MAP_ENTRY_USER_WIRED) != 0;
	e->owner = NULL;
}

/* Does b continue a but for the wiring? */
static bool
continues_but_wired(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	struct vm_map_entry plain_a = *a, plain_b = *b;

	if ((a->eflags & MAP_ENTRY_IN_TRANSITION) != 0)
		return false;
	plain_a.eflags &= ~MAP_ENTRY_WIRING;
	plain_b.eflags &= ~MAP_ENTRY_WIRING;
	plain_a.wired_count = plain_b.wired_count = 0;
	return vm_map_entry_continues(&plain_a, &plain_b);
}

/*
 * Anonymous memory right behind an anonymous mapping of the same kind: let that one, and its
 * object, grow.  If only the wiring keeps them apart the object grows alone: *args gets it, for an
 * entry that can merge once it is wired too.
 * => true: nothing is left to do.
 */
static bool
extend_prev(struct vm_map *map, struct vm_map_entry *prev, vaddr_t start, vaddr_t end,
    struct vm_map_args *args) REQUIRES(map->lock)
{
	struct vm_map_entry like, *next;

	if (prev == NULL || args->object != NULL || (args->eflags & MAP_ENTRY_NEVER_MERGE) != 0)
		return false;
	entry_fill(&like, start, end, args);
	like.u.object = prev->u.object;
	like.offset = prev->offset + (prev->end - prev->start);
	if (!continues_but_wired(prev, &like) ||
	    !vm_object_coalesce(prev->u.object, atop(prev->offset), atop(prev->end - prev->start),
		atop(end - prev->end)))
		return false;
	if (!vm_map_entry_continues(prev, &like)) {
		args->object = prev->u.object;
		args->offset = like.offset;
		if (args->object != NULL)
			vm_object_ref(args->object);
		return false;
	}
	entry_resize(map, prev, prev->start, end);
	next = vm_map_next(map, prev);
	if (next != NULL)
		merge_with_prev(map, next);
	return true;
}

static int
check_insert(struct vm_map *map, vaddr_t start, vaddr_t end, const struct vm_map_args *args)
{
	if (start < map->min || end > map->max || start >= end ||
	    ((start | end | args->offset) & PAGE_MASK) != 0)
		return EINVAL;
	if ((args->prot & ~args->max_prot) != 0)
		return EINVAL;
	if ((map->flags & (VM_MAP_WXORX | VM_MAP_NOEXEC_GAIN)) != 0 &&
	    (args->prot & VM_PROT_WRITE) != 0 && (args->prot & VM_PROT_EXEC) != 0)
		return EACCES;
	return 0;
}

int
vm_map_insert(struct vm_map *map, vaddr_t start, vaddr_t end, const struct vm_map_args *args,
    struct vm_map_reserve *r)
{
	struct vm_map_args mine = *args;
	struct vm_map_entry *e, *prev, *next;
	int error = check_insert(map, start, end, args);

	KASSERT(sx_xowned(&map->lock));
	if (error != 0)
		return error;
	if (vm_map_lookup_entry(map, start, &prev) != NULL)
		return EEXIST;
	next = prev != NULL ? vm_map_next(map, prev) : entry_of_link(map, map->entries.next);
	if (next != NULL && next->start < end)
		return EEXIST;
	if (!extend_prev(map, prev, start, end, &mine)) {
		if (!vm_map_count_allowed(map, map->nentries + 1)) {
			if (mine.object != args->object)
				drop_shared_ref(mine.object);
			return ENOMEM;
		}
		e = reserve_take(r);
		entry_fill(e, start, end, &mine);
		entry_link(map, prev, e);
		vm_map_simplify(map, start, end);
	}
	if ((args->eflags & MAP_ENTRY_USER_WIRED) != 0)
		vm_wire_charge(map, end - start);
	return 0;
}

void
vm_map_append(struct vm_map *map, vaddr_t start, vaddr_t end, const struct vm_map_args *args,
    struct vm_map_reserve *r)
{
	struct vm_map_entry *e = reserve_take(r), *last = entry_of_link(map, map->entries.prev);

	KASSERT(sx_xowned(&map->lock) && (last == NULL || last->end <= start));
	entry_fill(e, start, end, args);
	entry_link(map, last, e);
	/* What the parent had to keep apart may be alike in the child: zero-filled memory. */
	merge_with_prev(map, e);
}

int
vm_map_find(struct vm_map *map, vaddr_t *addr, size_t size, const struct vm_map_args *args)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	int error = vm_map_reserve(&r, 1);

	if (error != 0)
		return error;
	vm_map_lock(map);
	if (vm_map_findspace(map, map->min, map->max, size, false, addr))
		error = vm_map_insert(map, *addr, *addr + size, args, &r);
	else
		error = ENOMEM;
	vm_map_unlock(map);
	vm_map_unreserve(&r);
	return error;
}

void
vm_map_submap(struct vm_map *map, vaddr_t start, vaddr_t end, struct vm_map *sub)
{
	struct vm_map_entry *e;

	vm_map_lock(map);
	e = vm_map_lookup_entry(map, start, NULL);
	KASSERT(e != NULL && e->start == start && e->end == end && e->u.object == NULL);
	e->eflags = MAP_ENTRY_SUBMAP;
	e->u.submap = sub;
	vm_map_unlock(map);
}

/*
 * Cutting and removing.
 */

void
vm_map_note_resident(struct vm_map *map)
{
	uint64_t now = pmap_resident_count(map->pmap);

	if (now > map->max_resident)
		__atomic_store_n(&map->max_resident, now, __ATOMIC_RELAXED);
}

/*
 * Before an untouched anonymous entry is cut it gets its object, so that the parts share one and
 * can merge again later.  Without memory for it, each part will get its own.
 */
static void
object_before_cut(struct vm_map_entry *e)
{
	if (e->u.object == NULL && (e->eflags & (MAP_ENTRY_GUARD | MAP_ENTRY_SUBMAP)) == 0)
		e->u.object = vm_object_alloc_anon(atop(e->offset + (e->end - e->start)));
}

/* Cut e at va into [start, va) and [va, end); the new entry is the part on `side` (0: lower), e
 * keeps the other. */
static void
entry_cut(struct vm_map *map, struct vm_map_entry *e, vaddr_t va, int side,
    struct vm_map_reserve *r) REQUIRES(map->lock)
{
	struct vm_map_entry *part, *low, *high;
	vaddr_t start = e->start, end = e->end;
	uint16_t eflags[2]; /* lower, higher */

	KASSERT(sx_xowned(&map->lock) && start < va && va < end && (va & PAGE_MASK) == 0);
	object_before_cut(e);
	part = reserve_take(r);
	part->u.object = e->u.object;
	part->offset = e->offset;
	part->protection = e->protection;
	part->max_protection = e->max_protection;
	part->inheritance = e->inheritance;
	part->advice = e->advice;
	part->transition = e->transition;
	part->wired_count = e->wired_count;
	part->owner = e->owner;
	if (e->u.object != NULL)
		vm_object_ref(e->u.object);

	low = side == 0 ? part : e;
	high = side == 0 ? e : part;
	if (high->u.object != NULL)
		high->offset += va - start;
	/* A stack grows at its outermost parts only. */
	eflags[0] = e->eflags & ~MAP_ENTRY_GROWS_UP;
	eflags[1] = e->eflags & ~MAP_ENTRY_GROWS_DOWN;
	part->eflags = eflags[side];
	entry_set_eflags(map, e, eflags[!side]);
	part->start = side == 0 ? start : va;
	part->end = side == 0 ? va : end;
	if (side == 0)
		entry_resize(map, e, va, end);
	else
		entry_resize(map, e, start, va);
	entry_link(map, side == 0 ? vm_map_prev(map, e) : e, part);
	KASSERT(low->end == high->start);
}

void
vm_map_clip_start(struct vm_map *map, struct vm_map_entry *e, vaddr_t va, struct vm_map_reserve *r)
{
	if (e->start < va)
		entry_cut(map, e, va, 0, r);
}

void
vm_map_clip_end(struct vm_map *map, struct vm_map_entry *e, vaddr_t va, struct vm_map_reserve *r)
{
	if (va < e->end)
		entry_cut(map, e, va, 1, r);
}

void
vm_map_move_entry(struct vm_map *map, struct vm_map_entry *e, vaddr_t to)
{
	vaddr_t len = e->end - e->start;
	struct vm_map_entry *prev = NULL;

	KASSERT(sx_xowned(&map->lock) && vm_map_is_free(map, to, to + len));
	if (e->u.object != NULL)
		vm_object_moved(e->u.object);
	entry_unlink(map, e);
	e->start = to;
	e->end = to + len;
	e->eflags &= ~(MAP_ENTRY_GROWS | MAP_ENTRY_STACK);
	(void)vm_map_lookup_entry(map, to, &prev);
	entry_link(map, prev, e);
}

void
vm_map_move_boundary(
    struct vm_map *map, struct vm_map_entry *low, struct vm_map_entry *high, vaddr_t va)
{
	KASSERT(
	    sx_xowned(&map->lock) && low->end == high->start && low->start < va && va < high->end);
	if ((high->eflags & MAP_ENTRY_GUARD) == 0)
		high->offset += va - high->start; /* modulo 2^64: va may be lower */
	/* The one that shrinks goes first: entries never overlap. */
	if (va < low->end) {
		entry_resize(map, low, low->start, va);
		entry_resize(map, high, va, high->end);
	} else {
		entry_resize(map, high, va, high->end);
		entry_resize(map, low, low->start, va);
	}
}

/*
 * The entry goes, its object may live on through the other part of a cut mapping.  If nobody else
 * can see these pages, free them now: the addresses, and so the indices, may be used again.
 */
static void
free_private_pages(struct vm_map_entry *e)
{
	struct vm_object *o = e->u.object;
	pindex_t start, end;

	/* Shared memory can be mapped again: mremap with an old length of 0. */
	if (o == NULL || (e->eflags & (MAP_ENTRY_SUBMAP | MAP_ENTRY_SHARED)) != 0)
		return;
	start = atop(e->offset);
	end = start + atop(e->end - e->start);
	mutex_lock(&o->lock);
	if (o->refs > 1 && ((o->flags & OBJ_ONEMAPPING) != 0 || o->type == OBJ_KERNEL)) {
		vm_object_page_remove(o, start, end);
		if (o->size == end && o->type == OBJ_ANON)
			o->size = start;
	}
	mutex_unlock(&o->lock);
}

/* If the range takes away the lowest part of a stack, or cuts the gap below it, then what is left of
 * the gap below the range has no purpose any more. */
static vaddr_t
start_with_gap(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start), *gap;

	if (e != NULL && vm_map_is_gap_below(e) && e->start < start)
		return e->start;
	if (e != NULL && (e->eflags & MAP_ENTRY_GUARD) != 0)
		e = vm_map_next(map, e);
	if (e == NULL || (e->eflags & MAP_ENTRY_GROWS_DOWN) == 0 || e->start < start ||
	    e->start >= end)
		return start;
	gap = vm_map_prev(map, e);
	if (gap != NULL && vm_map_is_gap_below(gap) && gap->end == e->start)
		return MIN(start, gap->start);
	return start;
}

/* The same at the other end: stacks that grow up. */
static vaddr_t
end_with_gap(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, end - 1, NULL), *gap;

	if (e != NULL && vm_map_is_gap_above(e) && e->end > end)
		return e->end;
	if (e != NULL && (e->eflags & MAP_ENTRY_GUARD) != 0)
		e = vm_map_prev(map, e);
	if (e == NULL || (e->eflags & MAP_ENTRY_GROWS_UP) == 0 || e->end > end || e->end <= start)
		return end;
	gap = vm_map_next(map, e);
	if (gap != NULL && vm_map_is_gap_above(gap) && gap->start == e->end)
		return MAX(end, gap->end);
	return end;
}

void
vm_map_delete(
    struct vm_map *map, vaddr_t start, vaddr_t end, struct list *dead, struct vm_map_reserve *r)
{
	struct vm_map_entry *e, *next;

	KASSERT(sx_xowned(&map->lock) && start < end);
	e = vm_map_first_from(map, start);
	if (e == NULL || e->start >= end)
		return;
	start = start_with_gap(map, start, end);
	end = end_with_gap(map, start, end);
	vm_map_note_resident(map);
	e = vm_map_first_from(map, start);
	vm_map_clip_start(map, e, MAX(start, e->start), r);
	pmap_remove(map->pmap, start, end);
	for (; e != NULL && e->start < end; e = next) {
		vm_map_clip_end(map, e, MIN(end, e->end), r);
		next = vm_map_next(map, e);
		if (e->wired_count != 0)
			vm_map_entry_unwire(map, e);
		free_private_pages(e);
		entry_unlink(map, e);
		list_push_back(dead, &e->link);
	}
}

void
vm_map_delete_gaps(
    struct vm_map *map, vaddr_t start, vaddr_t end, struct list *dead, struct vm_map_reserve *r)
{
	vaddr_t low = start_with_gap(map, start, end), high = end_with_gap(map, start, end);

	if (low < start)
		vm_map_delete(map, low, start, dead, r);
	if (end < high)
		vm_map_delete(map, end, high, dead, r);
}

void
vm_map_release_dead(struct list *dead)
{
	struct list *link;

	while ((link = list_pop_front(dead)) != NULL) {
		struct vm_map_entry *e = LIST_ENTRY(link, struct vm_map_entry, link);

		if ((e->eflags & MAP_ENTRY_SUBMAP) == 0)
			vm_object_unref(e->u.object);
		zone_free(entry_zone, e);
	}
}

int
vm_map_remove(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	struct list dead = LIST_INIT(dead);
	int error = vm_map_reserve(&r, 2);

	if (error == 0) {
		vm_map_lock_range(map, start, end);
		if (vm_map_count_without(map, start, end) <= map->nentries ||
		    vm_map_count_allowed(map, map->nentries + 1))
			vm_map_delete(map, start, end, &dead, &r);
		else
			error = ENOMEM;
		vm_map_unlock(map);
		vm_map_release_dead(&dead);
	}
	vm_map_unreserve(&r);
	return error;
}
