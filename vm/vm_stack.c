/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks that grow down, up, or both ways.
 *
 * A stack is one entry, and one object as large as the stack may ever become; where it may grow to
 * there is a gap entry, in which nothing else is mapped by chance:
 *
 *      gap                                 stack                                 gap
 *      |-- guard --|------- room ----------|-- GROWS_DOWN | GROWS_UP --|-- room ------|-- guard --|
 *      the object:  0                      entry.offset
 *
 * Growing moves the boundary between gap and stack: no new entry, no new object, and as many entries
 * after a thousand growths as before.  The outermost USER_STACK_GUARD bytes of a gap are never used
 * up, so that an overflow faults instead of running into the neighbour.
 *
 * A gap remembers in `offset` the other end of its stack.  That is from where RLIMIT_STACK counts:
 * the stack itself may have been cut by mprotect, and only its outermost part still grows.
 *
 * Whoever grows must be running in that space: a look at another one's memory must not change it,
 * and the limits are those of the space that grows.
 *
 * Lock order: the map, exclusively, over everything that is decided; then the object.
 *
 * Rejected: an unreserved hole below the stack (other mappings land in it), and one entry and object
 * for each growth (tens of them for a stack).
 */
#include "vm/vm_stack.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "lib/minmax.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_wire.h"
#include "vm/vmspace.h"

/* Bytes of room on each side, guard included, that are free. */
struct room {
	size_t down, up;
};

static struct room
room_around(struct vm_map *map, vaddr_t start, vaddr_t end, size_t down, size_t up)
{
	struct vm_map_entry *below = NULL, *above = vm_map_first_from(map, end);
	vaddr_t floor = map->min, ceiling = map->max;

	if (vm_map_lookup_entry(map, start, &below) == NULL && below != NULL)
		floor = below->end;
	if (above != NULL)
		ceiling = above->start;
	return (struct room){
	    down == 0 ? 0 : MIN(start - floor, MIN(down, map->max) + USER_STACK_GUARD),
	    up == 0 ? 0 : MIN(ceiling - end, MIN(up, map->max) + USER_STACK_GUARD),
	};
}

/* => cannot fail: the place is free, the entry reserved and counted. */
static void
insert_gap(struct vm_map *map, vaddr_t start, vaddr_t end, vaddr_t base, struct vm_map_reserve *r)
    REQUIRES(map->lock)
{
	const struct vm_map_args gap = {
	    .offset = base,
	    .max_prot = VM_PROT_ALL,
	    .inherit = VM_INHERIT_COPY,
	    .eflags = MAP_ENTRY_GUARD,
	};
	int error = start < end ? vm_map_insert(map, start, end, &gap, r) : 0;

	KASSERT(error == 0);
}

int
vm_map_stack(struct vm_map *map, vaddr_t start, vaddr_t end, size_t down, size_t up,
    const struct vm_map_args *args, struct vm_map_reserve *r)
{
	struct vm_map_args stack = *args;
	struct room room;
	int error;

	KASSERT(args->object == NULL && ((down | up) & PAGE_MASK) == 0);
	if (!vm_map_is_free(map, start, end))
		return EEXIST;
	if (!vm_map_count_allowed(map, map->nentries + VM_STACK_ENTRIES))
		return ENOMEM;
	room = room_around(map, start, end, down, up);
	stack.offset = room.down - MIN(room.down, USER_STACK_GUARD);
	stack.eflags |= MAP_ENTRY_STACK;
	stack.eflags |= (down != 0 ? MAP_ENTRY_GROWS_DOWN : 0) | (up != 0 ? MAP_ENTRY_GROWS_UP : 0);
	error = vm_map_insert(map, start, end, &stack, r);
	if (error != 0)
		return error;
	insert_gap(map, start - room.down, start, end, r);
	insert_gap(map, end, end + room.up, start, r);
	return 0;
}

int
vmspace_stack(struct vmspace *vm, vaddr_t top, size_t reserve, size_t initial)
{
	const struct vm_map_args args = {
	    .prot = VM_PROT_RW, .max_prot = VM_PROT_ALL, .inherit = VM_INHERIT_COPY};
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	int error = vm_map_reserve(&r, VM_STACK_ENTRIES);

	KASSERT(initial > 0 && initial <= reserve && reserve + USER_STACK_GUARD < top);
	if (error == 0) {
		vm_map_lock(&vm->map);
		error = vm_map_stack(&vm->map, top - initial, top, reserve - initial, 0, &args, &r);
		if (error == 0)
			vm->stack_top = top;
		vm_map_unlock(&vm->map);
	}
	vm_map_unreserve(&r);
	return error;
}

/*
 * Growing.
 */

struct vm_map_entry *
vm_map_stack_of(struct vm_map *map, struct vm_map_entry *gap)
{
	bool down = vm_map_is_gap_below(gap);
	struct vm_map_entry *e = down ? vm_map_next(map, gap) : vm_map_prev(map, gap);

	if (e == NULL || (e->eflags & (down ? MAP_ENTRY_GROWS_DOWN : MAP_ENTRY_GROWS_UP)) == 0)
		return NULL;
	return (down ? e->start == gap->end : e->end == gap->start) ? e : NULL;
}

/* May the stack grow by so much?  size: of the whole stack then. */
static bool
within_limits(struct vm_map *map, const struct vm_map_entry *stack, uint64_t size, uint64_t more)
{
	const struct vmspace *vm = CONTAINER_OF(map, struct vmspace, map);
	const struct vm_map_usage added = {more, 0}, none = {0, 0};

	if ((stack->eflags & MAP_ENTRY_USER_WIRED) != 0 && !vm_wire_allowed(map, more))
		return false;
	return size <= vm->limit_stack && vmspace_has_room(vm, added, none);
}

/* Take the gap's upper part, from `to` on.  => 0; EFAULT: it may not; ENOMEM: no memory for a stack
 * that is wired.  Nothing changed on error. */
static int
grow_down(struct vm_map *map, struct vm_map_entry *gap, struct vm_map_entry *stack, vaddr_t to)
    REQUIRES(map->lock)
{
	vaddr_t from = stack->start;
	uint64_t more = from - to;

	if (to < gap->start + USER_STACK_GUARD || stack->offset < more ||
	    !within_limits(map, stack, gap->offset - to, more))
		return EFAULT;
	vm_map_move_boundary(map, gap, stack, to);
	if (stack->wired_count == 0 || vm_wire_grow(map, stack, to, from) == 0)
		return 0;
	vm_map_move_boundary(map, gap, stack, from);
	return ENOMEM;
}

/* The same with the gap's lower part, up to `to`. */
static int
grow_up(struct vm_map *map, struct vm_map_entry *gap, struct vm_map_entry *stack, vaddr_t to)
    REQUIRES(map->lock)
{
	vaddr_t from = stack->end;
	uint64_t more = to - from;

	if (to + USER_STACK_GUARD > gap->end || !within_limits(map, stack, to - gap->offset, more))
		return EFAULT;
	if (stack->u.object != NULL)
		vm_object_grow(
		    stack->u.object, (pindex_t)atop(stack->offset + (to - stack->start)));
	vm_map_move_boundary(map, stack, gap, to);
	if (stack->wired_count == 0 || vm_wire_grow(map, stack, from, to) == 0)
		return 0;
	vm_map_move_boundary(map, stack, gap, from);
	return ENOMEM;
}

/* => map locked.  => as vm_map_growstack. */
static int
grow_from(struct vm_map *map, struct vm_map_entry *gap, vaddr_t page) REQUIRES(map->lock)
{
	struct vm_map_entry *stack = vm_map_stack_of(map, gap);
	int error = EFAULT;

	if (stack != NULL)
		error = vm_map_is_gap_below(gap) ? grow_down(map, gap, stack, page)
						 : grow_up(map, gap, stack, page + PAGE_SIZE);
	if (error == 0)
		vm_count(VMC_STACK_GROWTHS);
	return error;
}

int
vm_map_growstack(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *gap;
	int error = EFAULT;

	if (curthread()->pmap != map->pmap)
		return EFAULT;
	vm_map_lock(map);
	gap = vm_map_lookup_entry(map, va, NULL);
	if (gap != NULL && (gap->eflags & MAP_ENTRY_GUARD) != 0)
		error = grow_from(map, gap, trunc_page(va));
	else if (gap != NULL)
		error = 0; /* another thread was faster */
	vm_map_unlock(map);
	return error;
}
