/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between vm_map.c, which keeps a map's books, and vm_map_check.c, which recomputes them.
 */
#ifndef VM_VM_MAP_PRIVATE_H
#define VM_VM_MAP_PRIVATE_H

#include "vm/vm_map.h"

/* Free bytes before e, from its neighbour in the list.  => map locked either way. */
vaddr_t vm_map_gap_before(struct vm_map *map, struct vm_map_entry *e);
/* Recompute max_gap of the entry at n from its own gap and its children.  => map locked
 * exclusively, or nothing changes.  Returns whether it changed. */
bool vm_map_update_max_gap(struct tree_node *n);
/* What [start, end) of e counts as: a guard only reserves addresses. */
struct vm_map_usage vm_map_usage_of(const struct vm_map_entry *e, vaddr_t start, vaddr_t end);
/* Does b continue a, so that one entry could stand for both?  => map locked either way. */
bool vm_map_entry_continues(const struct vm_map_entry *a, const struct vm_map_entry *b);

#endif
