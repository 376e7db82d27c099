/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be true of one map (docs/vm.md), as code: each entry by itself, neighbours, the sums
 * that the map keeps, and the tree against the list.  What lies between maps, objects and page
 * tables is in vm_check.c.
 *
 * Locks: the map, shared or exclusively; it only reads.
 *
 * Rejected: checking after each change (a walk over all entries for each mmap); tests ask for it
 * after each operation, a running system when /proc/vmcheck is read.
 */
#include "kern/base/debug.h"
#include "arch/riscv/vmparam.h"
#include "vm/vm_map_private.h"
#include "vm/vm_stack.h"

/* What a stack may grow into has room in its object, and is counted from its other end. */
static void
check_gap(struct vm_map *map, struct vm_map_entry *gap)
{
	struct vm_map_entry *up = vm_map_next(map, gap);

	if (!vm_map_is_gap_below(gap) || up == NULL || up->start != gap->end ||
	    (up->eflags & MAP_ENTRY_GROWS_DOWN) == 0)
		return;
	KASSERT(up->offset + USER_STACK_GUARD >= gap->end - gap->start);
}

static void
check_wiring(const struct vm_map *map, const struct vm_map_entry *e)
{
	bool in_transition = (e->eflags & MAP_ENTRY_IN_TRANSITION) != 0;

	KASSERT((e->eflags & MAP_ENTRY_USER_WIRED) == 0 || e->wired_count > 0);
	KASSERT(
	    (e->eflags & MAP_ENTRY_WIRED_ONFAULT) == 0 || (e->eflags & MAP_ENTRY_USER_WIRED) != 0);
	KASSERT((e->eflags & (MAP_ENTRY_GUARD | MAP_ENTRY_SUBMAP)) == 0 || e->wired_count == 0);
	KASSERT(in_transition == (e->owner != NULL));
	KASSERT(in_transition || (e->transition == 0 && (e->eflags & MAP_ENTRY_NEEDS_WAKEUP) == 0));
	KASSERT(!in_transition || map->busy > 0);
}

static void
check_entry(struct vm_map *map, struct vm_map_entry *e)
{
	KASSERT(e->start < e->end && ((e->start | e->end | e->offset) & PAGE_MASK) == 0);
	KASSERT(e->start >= map->min && e->end <= map->max);
	KASSERT((e->protection & ~e->max_protection) == 0);
	KASSERT((e->eflags & MAP_ENTRY_NEEDS_COPY) == 0 || (e->eflags & MAP_ENTRY_COW) != 0);
	KASSERT((e->eflags & MAP_ENTRY_SUBMAP) == 0 || (map->flags & VM_MAP_KERNEL) != 0);
	KASSERT((e->eflags & MAP_ENTRY_GUARD) == 0 ||
	    (e->u.object == NULL && e->protection == VM_PROT_NONE));
	check_gap(map, e);
	KASSERT((map->flags & VM_MAP_WXORX) == 0 || (e->protection & VM_PROT_WRITE) == 0 ||
	    (e->protection & VM_PROT_EXEC) == 0);
	check_wiring(map, e);
}

/* The tree against the list: same order, gaps and their maxima as recomputed. */
static void
check_tree(struct vm_map *map)
{
	struct tree_node *n = tree_outermost(&map->tree, 0);

	KASSERT(tree_check(&map->tree));
	LIST_FOREACH(at, &map->entries) {
		struct vm_map_entry *e = LIST_ENTRY(at, struct vm_map_entry, link);

		KASSERT(n == &e->node && e->gap == vm_map_gap_before(map, e));
		KASSERT(!vm_map_update_max_gap(n));
		n = tree_neighbour(n, 1);
	}
	KASSERT(n == NULL);
}

void
vm_map_check(struct vm_map *map)
{
	struct vm_map_entry *prev = NULL;
	uint64_t locked = 0;
	struct vm_map_usage sum = {0, 0}, one;
	uint32_t n = 0;

	LIST_FOREACH(at, &map->entries) {
		struct vm_map_entry *e = LIST_ENTRY(at, struct vm_map_entry, link);

		check_entry(map, e);
		if ((e->eflags & MAP_ENTRY_USER_WIRED) != 0)
			locked += e->end - e->start;
		KASSERT(prev == NULL || prev->end <= e->start);
		KASSERT(prev == NULL || !vm_map_entry_continues(prev, e));
		one = vm_map_usage_of(e, e->start, e->end);
		sum.size += one.size;
		sum.data += one.data;
		n++;
		prev = e;
	}
	KASSERT(sum.size == map->size && sum.data == map->data && locked == map->locked);
	KASSERT(n == map->nentries);
	check_tree(map);
}
