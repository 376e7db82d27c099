/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks: mappings that grow when the page next to them is touched.
 */
#ifndef VM_VM_STACK_H
#define VM_VM_STACK_H

#include "vm/vm_map.h"

/* Entries that vm_map_stack uses at most. */
#define VM_STACK_ENTRIES 3

/*
 * Map [start, end), rights and the like by `args`, with room to grow: `down` bytes below, `up`
 * bytes above (multiples of the page size; 0: not that way), and beyond the room USER_STACK_GUARD
 * bytes that stay free.  Where something is in the way the room is less.
 * => map locked.  => as vm_map_insert; nothing changed on error.
 */
int vm_map_stack(struct vm_map *map, vaddr_t start, vaddr_t end, size_t down, size_t up,
    const struct vm_map_args *args, struct vm_map_reserve *r) REQUIRES(map->lock);

/* Does the gap belong to a stack above it, which grows down? */
static inline bool
vm_map_is_gap_below(const struct vm_map_entry *e)
{
	return (e->eflags & MAP_ENTRY_GUARD) != 0 && e->offset >= e->end;
}

/* ... to a stack below it, which grows up? */
static inline bool
vm_map_is_gap_above(const struct vm_map_entry *e)
{
	return (e->eflags & MAP_ENTRY_GUARD) != 0 && e->offset < e->start;
}

/* The stack that may grow into the gap, or NULL.  => map locked either way. */
struct vm_map_entry *vm_map_stack_of(struct vm_map *map, struct vm_map_entry *gap);

/* A fault at va, perhaps next to a stack of the running thread's space: grow it.
 * => map not locked; may sleep.  => 0: va is mapped now (or was meanwhile); EFAULT: no stack's gap,
 * the stack's limits, or somebody else's space; ENOMEM: no memory for a stack that is wired. */
int vm_map_growstack(struct vm_map *map, vaddr_t va);

#endif
