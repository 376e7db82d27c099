/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap: mappings that shrink, grow, and move to other addresses.
 *
 *      shrink      the tail is unmapped
 *      grow        more of the same behind it: zeros, or the file's next pages
 *      move        the entries, with their objects and offsets, get other addresses; what the page
 *                  table showed at the old ones is forgotten and comes back by faults at the new
 *      keep        (DONTUNMAP) as move, and at the old place there is what was never written: zeros,
 *                  or the file again.  Of a shared mapping both places show the same memory
 *      duplicate   (old length 0, shared mappings) a second view of the same memory
 *
 * What a program takes for one mapping may be several entries here: copies on write give a part an
 * object of its own.  Entries that are alike but for that count as one (same_mapping).
 *
 * A moved entry shows the same pages of the same object as before, so pages still belong to one
 * entry each (OBJ_ONEMAPPING); but their order in the object is no longer that of the addresses
 * (OBJ_MOVED), and what lies behind an entry's part may be another's.
 *
 * Everything is checked, and what can fail is done, before anything changes.  Linux unmaps the
 * target of MREMAP_FIXED first; here it is still there after an error.
 *
 * Locks: the map, exclusively, from the first look to the last change; objects under it.
 */
#include <errno.h>
#include <sys/mman.h>

#include "arch/riscv/vmparam.h"
#include "kern/base/debug.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_mmap.h"
#include "vm/vm_object.h"
#include "vm/vm_wire.h"

#define MREMAP_KNOWN (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)

/* Entries that a move may need besides one for each entry that is kept: the ends of the old range,
 * of what it replaces, of the tail that is cut off, and the tail that grows. */
#define MOVE_ENTRIES 7

/* What is left of an entry's flags in more of the same. */
#define KEPT_EFLAGS (MAP_ENTRY_SHARED | MAP_ENTRY_NOSYNC | MAP_ENTRY_NODUMP)

/* One request on its way; lengths in whole pages. */
struct remap {
	struct vmspace *vm;
	struct vm_map *map;
	vaddr_t from, to;
	size_t old_len, new_len;
	int flags;
	struct vm_map_entry *first; /* m  contains from */
	uint32_t kept;              /* entries that get a second one */
	bool wire;                  /* what is new is to be wired once the lock is dropped */
	struct vm_map_reserve reserve;
	struct list dead;
};

/*
 * What an entry shows.
 */

/* What a private entry shows where it was never written: the file below all copies, and from which
 * page on; NULL: zeros.  => map locked, which keeps it. */
static struct vm_object *
bottom_of(const struct vm_map_entry *e, pindex_t *index)
{
	if (e->u.object == NULL)
		return NULL;
	*index = vm_map_entry_index(e, e->start);
	return vm_object_bottom(e->u.object, index);
}

/* How to map more of what e shows, or the same afresh: what lies `distance` bytes from its start.
 * => takes a reference to args->object. */
static void
more_of(const struct vm_map_entry *e, vm_off_t distance, struct vm_map_args *args)
{
	pindex_t index = 0;

	*args = (struct vm_map_args){
	    .prot = e->protection,
	    .max_prot = e->max_protection,
	    .inherit = e->inheritance,
	    .advice = e->advice,
	    .eflags = e->eflags & KEPT_EFLAGS,
	};
	if ((e->eflags & MAP_ENTRY_SHARED) != 0) {
		args->object = e->u.object;
		args->offset = e->offset + distance;
		args->eflags |= e->eflags & (MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY);
	} else {
		args->object = bottom_of(e, &index);
		args->offset = args->object != NULL ? ptoa(index) + distance : 0;
		args->eflags |= args->object != NULL ? MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY : 0;
	}
	if (args->object == NULL)
		return;
	mutex_lock(&args->object->lock);
	vm_object_ref_locked(args->object);
	args->object->flags &= ~OBJ_ONEMAPPING;
	mutex_unlock(&args->object->lock);
}

/* Is b, right behind a, more of the same mapping?  One object each is only what copying made of
 * it. */
static bool
same_mapping(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	const uint16_t copied = MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY | MAP_ENTRY_GROWS |
	    MAP_ENTRY_STACK | MAP_ENTRY_WIRED_ONFAULT;
	pindex_t ia = 0, ib = 0;
	struct vm_object *oa, *ob;

	if (a->end != b->start || (a->eflags | copied) != (b->eflags | copied) ||
	    (b->eflags & (MAP_ENTRY_GUARD | MAP_ENTRY_NOMERGE)) != 0 ||
	    a->protection != b->protection || a->max_protection != b->max_protection ||
	    a->inheritance != b->inheritance || a->advice != b->advice)
		return false;
	if ((a->eflags & MAP_ENTRY_SHARED) != 0)
		return a->u.object == b->u.object && a->offset + (a->end - a->start) == b->offset;
	oa = bottom_of(a, &ia);
	ob = bottom_of(b, &ib);
	return oa == ob && (oa == NULL || ia + (pindex_t)atop(a->end - a->start) == ib);
}

/* The end of the mapping that e begins, but not beyond the entry that contains `far`. */
static vaddr_t
mapping_end(struct vm_map *map, struct vm_map_entry *e, vaddr_t far, struct vm_map_entry **last)
{
	struct vm_map_entry *next = vm_map_next(map, e);

	while (e->end <= far && next != NULL && same_mapping(e, next)) {
		e = next;
		next = vm_map_next(map, e);
	}
	*last = e;
	return e->end;
}

/*
 * Checks.  => map locked; nothing changes.
 */

static int
check_arguments(const struct remap *q)
{
	if ((q->flags & ~MREMAP_KNOWN) != 0 || (q->from & PAGE_MASK) != 0 || q->new_len == 0)
		return EINVAL;
	if ((q->flags & MREMAP_FIXED) != 0 && (q->flags & MREMAP_MAYMOVE) == 0)
		return EINVAL;
	if ((q->flags & MREMAP_DONTUNMAP) != 0 && (q->flags & MREMAP_MAYMOVE) == 0)
		return EINVAL;
	return 0;
}

/* Where MREMAP_FIXED, or the hint, points: user addresses that do not touch the old ones? */
static int
check_target(const struct remap *q)
{
	if ((q->to & PAGE_MASK) != 0 || q->new_len > q->map->max ||
	    q->to > q->map->max - q->new_len)
		return EINVAL;
	if (q->from + q->old_len > q->to && q->to + q->new_len > q->from)
		return EINVAL;
	if (q->old_len > q->map->max - q->from)
		return q->old_len > q->new_len ? EINVAL : EFAULT;
	/* A second view in the place of the first: there would be nothing left to show. */
	if (q->to == q->from)
		return EFAULT;
	return (q->flags & MREMAP_FIXED) != 0 && q->to < q->map->min ? EPERM : 0;
}

/* Is the old range one mapping, that may become as long as that? */
static int
check_source(const struct remap *q)
{
	struct vm_map_entry *last;
	pindex_t index = 0;

	if (q->old_len == 0 && (q->first->eflags & MAP_ENTRY_SHARED) == 0)
		return EINVAL;
	if (q->old_len > q->map->max - q->from ||
	    mapping_end(q->map, q->first, q->from + q->old_len, &last) < q->from + q->old_len)
		return EFAULT;
	if (q->new_len <= q->old_len)
		return 0;
	/* Rules of executable memory hold for more of the same too. */
	if ((q->map->flags & (VM_MAP_WXORX | VM_MAP_NOEXEC_GAIN)) != 0 &&
	    (last->protection & VM_PROT_WRITE) != 0 && (last->protection & VM_PROT_EXEC) != 0)
		return EACCES;
	if (q->new_len > q->map->max)
		return ENOMEM;
	(void)bottom_of(q->first, &index);
	return index + atop(q->from - q->first->start + q->new_len) > UINT32_MAX ? ENOMEM : 0;
}

/* Bytes that there will be more, whatever is unmapped meanwhile. */
static size_t
bytes_added(const struct remap *q)
{
	if (q->old_len == 0 || (q->flags & MREMAP_DONTUNMAP) != 0)
		return q->new_len;
	return q->new_len > q->old_len ? q->new_len - q->old_len : 0;
}

static int
check_limits(const struct remap *q)
{
	struct vm_map_usage added = {bytes_added(q), 0}, gone = {0, 0}, tail = {0, 0};

	if (vm_map_is_data(q->first->protection, q->first->eflags))
		added.data = added.size;
	if ((q->flags & MREMAP_FIXED) != 0)
		gone = vm_map_usage(q->map, q->to, q->to + q->new_len);
	if (q->old_len > q->new_len)
		tail = vm_map_usage(q->map, q->from + q->new_len, q->from + q->old_len);
	gone.size += tail.size;
	gone.data += tail.data;
	/* What is kept is not locked twice. */
	if ((q->first->eflags & MAP_ENTRY_USER_WIRED) != 0 && q->new_len > q->old_len &&
	    !vm_wire_allowed(q->map, added.size))
		return EAGAIN;
	return added.size == 0 || vmspace_has_room(q->vm, added, gone) ? 0 : ENOMEM;
}

/* Will there be too many entries? */
static int
check_count(const struct remap *q)
{
	uint32_t n = q->map->nentries;

	if ((q->flags & MREMAP_FIXED) != 0)
		n = vm_map_count_without(q->map, q->to, q->to + q->new_len);
	n += vm_map_cuts(q->map, q->from, q->from + q->old_len) + q->kept;
	n += q->new_len > q->old_len;
	return vm_map_count_allowed(q->map, n) ? 0 : ENOMEM;
}

/*
 * Changes.  => map locked.  They fail only if the limit of entries was lowered since it was
 * checked: then the range stays empty.
 */

static int
insert(struct remap *q, vaddr_t start, vaddr_t end, const struct vm_map_args *args)
    REQUIRES(q->map->lock)
{
	int error = vm_map_insert(q->map, start, end, args, &q->reserve);

	/* Never the last reference: another entry has the object. */
	if (error != 0 && args->object != NULL)
		vm_object_unref(args->object);
	return error;
}

static void
unmap_range(struct remap *q, vaddr_t start, vaddr_t end) REQUIRES(q->map->lock)
{
	if (start < end)
		vm_map_delete(q->map, start, end, &q->dead, &q->reserve);
}

/* More behind the mapping that now ends at `end`: up to the new length at `at`. */
static int
add_tail(struct remap *q, vaddr_t at) REQUIRES(q->map->lock)
{
	vaddr_t end = at + q->old_len;
	struct vm_map_entry *last = vm_map_lookup_entry(q->map, end - 1, NULL);
	struct vm_map_args args;

	if (q->new_len <= q->old_len)
		return 0;
	more_of(last, end - last->start, &args);
	/* Wired like the rest, at first on fault; brought in if the rest is. */
	if ((last->eflags & MAP_ENTRY_USER_WIRED) != 0) {
		args.eflags |= MAP_ENTRY_USER_WIRED | MAP_ENTRY_WIRED_ONFAULT;
		q->wire = vm_wire_is_full(last);
	}
	return insert(q, end, at + q->new_len, &args);
}

/* Cut the old range out, and take it off the page table. */
static void
isolate(struct remap *q) REQUIRES(q->map->lock)
{
	vaddr_t end = q->from + q->old_len;
	struct vm_map_entry *e;

	vm_map_delete_gaps(q->map, q->from, end, &q->dead, &q->reserve);
	vm_map_clip_start(q->map, q->first, q->from, &q->reserve);
	e = vm_map_lookup_entry(q->map, end - 1, NULL);
	vm_map_clip_end(q->map, e, end, &q->reserve);
	vm_map_note_resident(q->map);
	pmap_remove(q->map->pmap, q->from, end);
}

static void
move_entries(struct remap *q) REQUIRES(q->map->lock)
{
	struct vm_map_entry *e, *next;

	isolate(q);
	for (e = vm_map_lookup_entry(q->map, q->from, NULL);
	     e != NULL && e->start >= q->from && e->start < q->from + q->old_len; e = next) {
		next = vm_map_next(q->map, e);
		vm_map_move_entry(q->map, e, q->to + (e->start - q->from));
		if (vm_wire_is_full(e))
			vm_wire_reenter(q->map, e);
	}
}

/* The old place of what was moved shows what was never written.  Inserting may merge, so the way
 * goes by addresses. */
static void
refill(struct remap *q) REQUIRES(q->map->lock)
{
	vaddr_t at = q->to, end = q->to + q->old_len, next;

	for (; at < end; at = next) {
		struct vm_map_entry *e = vm_map_lookup_entry(q->map, at, NULL);
		struct vm_map_args args;

		next = MIN(e->end, end);
		more_of(e, at - e->start, &args);
		(void)insert(q, q->from + (at - q->to), q->from + (next - q->to), &args);
	}
}

/* A second view of shared memory, entry by entry; an old length of 0 means the first one. */
static void
duplicate(struct remap *q) REQUIRES(q->map->lock)
{
	size_t len = q->old_len != 0 ? q->old_len : q->new_len;
	vaddr_t at = q->from, end = q->from + len, next;

	for (; at < end; at = next) {
		struct vm_map_entry *e = vm_map_lookup_entry(q->map, at, NULL);
		struct vm_map_args args;

		next = q->old_len != 0 ? MIN(e->end, end) : end;
		more_of(e, at - e->start, &args);
		(void)insert(q, q->to + (at - q->from), q->to + (next - q->from), &args);
	}
}

/*
 * Putting it together.  => map locked.
 */

/* Entries of the old range that get a second one, each with an object that two can share. */
static int
prepare_kept(struct remap *q) REQUIRES(q->map->lock)
{
	struct vm_map_entry *e = q->first;
	vaddr_t end = q->from + MAX(q->old_len, PAGE_SIZE);

	q->kept = 0;
	if (q->old_len != 0 && (q->flags & MREMAP_DONTUNMAP) == 0)
		return 0;
	for (; e != NULL && e->start < end; e = vm_map_next(q->map, e), q->kept++) {
		if ((e->eflags & MAP_ENTRY_SHARED) != 0 && vm_wire_own_object(q->map, e) != 0)
			return ENOMEM;
	}
	return 0;
}

static int
choose_place(struct remap *q)
{
	struct vm_map *map = q->map;

	if ((q->flags & MREMAP_FIXED) != 0)
		return 0;
	if ((q->flags & MREMAP_DONTUNMAP) != 0 && q->to != 0 &&
	    vm_map_is_free(map, q->to, q->to + q->new_len))
		return 0;
	return vm_map_findspace(map, map->min, map->max, q->new_len, true, &q->to) ? 0 : ENOMEM;
}

static int
move(struct remap *q) REQUIRES(q->map->lock)
{
	bool shared = (q->first->eflags & MAP_ENTRY_SHARED) != 0;
	int error = check_count(q);

	if (error == 0)
		error = choose_place(q);
	if (error == 0 && q->reserve.n < MOVE_ENTRIES + q->kept)
		error = ERETRY;
	if (error != 0)
		return error;
	if ((q->flags & MREMAP_FIXED) != 0)
		unmap_range(q, q->to, q->to + q->new_len);
	unmap_range(q, q->from + q->new_len, q->from + q->old_len);
	q->old_len = MIN(q->old_len, q->new_len);
	q->first = vm_map_lookup_entry(q->map, q->from, NULL);
	if (q->kept != 0 && shared) {
		duplicate(q);
	} else {
		move_entries(q);
		if (q->kept != 0)
			refill(q);
		(void)add_tail(q, q->to);
	}
	vm_map_simplify(q->map, q->from, q->from + q->old_len);
	vm_map_simplify(q->map, q->to, q->to + q->new_len);
	return 0;
}

/* The tail goes; the range need not be one mapping for that. */
static int
shrink(struct remap *q) REQUIRES(q->map->lock)
{
	vaddr_t start = q->from + q->new_len, end = q->from + q->old_len;

	q->to = q->from;
	if (start == end)
		return 0;
	if (start > q->map->max || end > q->map->max || end < start)
		return EINVAL;
	if (vm_map_count_without(q->map, start, end) > q->map->nentries &&
	    !vm_map_count_allowed(q->map, q->map->nentries + 1))
		return ENOMEM;
	unmap_range(q, start, end);
	return 0;
}

/* In place, if the mapping ends where the old range does, and nothing follows. */
static int
grow(struct remap *q) REQUIRES(q->map->lock)
{
	vaddr_t end = q->from + q->old_len;
	struct vm_map_entry *last;

	if (q->old_len == 0 || mapping_end(q->map, q->first, end, &last) != end ||
	    q->new_len > q->map->max - q->from ||
	    !vm_map_is_free(q->map, end, q->from + q->new_len))
		return (q->flags & MREMAP_MAYMOVE) != 0 ? move(q) : ENOMEM;
	q->to = q->from;
	return add_tail(q, q->from);
}

static int
remap_locked(struct remap *q) REQUIRES(q->map->lock)
{
	bool moves = (q->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0;
	size_t asked = q->old_len;
	int error = 0;

	q->first = vm_map_lookup_entry(q->map, q->from, NULL);
	if (q->first == NULL || (q->first->eflags & MAP_ENTRY_GUARD) != 0)
		return EFAULT;
	if (moves)
		error = check_target(q);
	else if (q->old_len >= q->new_len)
		return shrink(q);
	/* Of a range that is too long only what is kept must be one mapping. */
	q->old_len = MIN(q->old_len, q->new_len);
	if (error == 0)
		error = check_source(q);
	q->old_len = asked;
	if (error == 0)
		error = check_limits(q);
	if (error == 0)
		error = prepare_kept(q);
	if (error != 0)
		return error;
	return moves ? move(q) : grow(q);
}

/* Everything that may change, from the lowest to the highest address. */
static void
lock_all(const struct remap *q) ACQUIRES(q->map->lock)
{
	vaddr_t max = q->map->max, start = MIN(q->from, max);
	vaddr_t end = start + MIN(MAX(q->old_len, PAGE_SIZE), max - start);

	if ((q->flags & MREMAP_FIXED) != 0 && q->to <= max && q->new_len <= max - q->to) {
		start = MIN(start, trunc_page(q->to));
		end = MAX(end, round_page(q->to + q->new_len));
	}
	vm_map_lock_range(q->map, start, MIN(end, max));
}

int
vm_mremap(struct vmspace *vm, const struct vm_mremap_args *args, vaddr_t *addr)
{
	struct remap q = {
	    .vm = vm,
	    .map = &vm->map,
	    .from = args->addr,
	    .to = args->new_addr,
	    .old_len = round_page(args->old_len),
	    .new_len = round_page(args->new_len),
	    .flags = args->flags,
	};
	int error = check_arguments(&q);

	/* Before they are rounded, as Linux has it. */
	if ((q.flags & MREMAP_DONTUNMAP) != 0 && args->old_len != args->new_len)
		error = EINVAL;
	list_init(&q.reserve.entries);
	list_init(&q.dead);
	if (error != 0)
		return error;
	do {
		error = vm_map_reserve(&q.reserve, MOVE_ENTRIES + q.kept);
		if (error != 0)
			break;
		lock_all(&q);
		error = remap_locked(&q);
		vm_map_unlock(q.map);
	} while (error == ERETRY);
	vm_map_release_dead(&q.dead);
	vm_map_unreserve(&q.reserve);
	if (error == 0 && q.wire)
		vm_wire_new(q.map, q.to + q.old_len, q.to + q.new_len);
	if (error == 0)
		*addr = q.to;
	return error;
}
