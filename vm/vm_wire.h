/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wiring: memory that is resident and stays so.
 *
 * Two kinds of wirings meet in an entry's wired_count: the user's (mlock; at most one) and the
 * kernel's, which nest.  As long as the count includes a wiring that is not "on fault", each page
 * of the entry is present and has one wiring (vm_page_wire) for this entry.
 */
#ifndef VM_VM_WIRE_H
#define VM_VM_WIRE_H

#include "vm/vm_map.h"

struct vmspace;

#define VM_WIRE_USER   0x1u /* idempotent; counts against the space's limit_memlock */
#define VM_WIRE_SYSTEM 0x2u /* nests */
#define VM_WIRE_HOLESOK                                                                            \
	0x4u /* what is not mapped is skipped; what has no rights is wired on fault */
#define VM_WIRE_ONFAULT 0x8u /* with USER: pages are wired as they are touched */
/* with USER: only what the user has wired on fault, which is brought in now; holes are fine */
#define VM_WIRE_BRINGIN 0x10u

/*
 * Wire [start, end): USER or SYSTEM, and modifiers.  Pages are faulted in with the map unlocked and
 * the entries in transition.
 * => page aligned; map not locked; may sleep.
 * => returns 0.  ENOMEM: hole, no rights, beyond the end of a file, too many entries, limit.
 * EAGAIN: no memory.  EIO.  After an error everything is as before.
 */
int vm_map_wire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags);

/*
 * Undo one wiring of each entry of [start, end).
 * => page aligned; map not locked; may sleep.
 * => returns 0, also where the user has wired nothing.  ENOMEM: hole, too many entries; EINVAL:
 * SYSTEM, and some part is not wired by the kernel.  After an error everything is as before.
 */
int vm_map_unwire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned flags);

/* Undo all wirings of an entry that goes away.  => locked exclusively, not in transition. */
void vm_map_entry_unwire(struct vm_map *map, struct vm_map_entry *e) REQUIRES(map->lock);

/* Take one wiring from the page that each of the indices [start, start + n) shows, wherever in the
 * chain it is.  => o not locked; the map that refers to it is, exclusively; all are present. */
void vm_object_unwire(struct vm_object *o, pindex_t start, pindex_t n);

/* Is the entry's wiring being changed by another thread?  => map locked either way. */
bool vm_map_entry_foreign(const struct vm_map_entry *e);

/* Has each page of the entry a wiring for it?  => map locked either way. */
bool vm_wire_is_full(const struct vm_map_entry *e);

/*
 * Keeping wired pages where they are (vm_wire_copy.c).
 */
/*
 * The pages of a fully wired entry all into its own top object, so that nobody's write can replace
 * them: before the entry becomes writable, or its object shared.
 * => locked exclusively; may sleep for a busy page.  => returns 0, or ENOMEM: some pages have
 * moved, which nobody notices.
 */
int vm_fault_copy_entry(struct vm_map *map, struct vm_map_entry *e) REQUIRES(map->lock) MUST_CHECK;
/* As vm_map_entry_own_object, when another entry is to show the object too: a wired page is not
 * replaced by a write through that one.  => as above, also for what is not wired. */
int vm_wire_own_object(struct vm_map *map, struct vm_map_entry *e) REQUIRES(map->lock) MUST_CHECK;
/* Rights of a fully wired entry were raised: its pages get them without a fault.  => as above. */
void vm_wire_reenter(struct vm_map *map, struct vm_map_entry *e) REQUIRES(map->lock);

/*
 * For what is newly mapped: mmap, brk, mremap, a stack that grows.
 */
/* Entry flags for a new mapping, `locked` if MAP_LOCKED was given.  => locked exclusively. */
uint16_t vm_wire_new_flags(const struct vm_map *map, bool locked);
/* May the user wire so many bytes more?  => locked exclusively, a user map. */
bool vm_wire_allowed(const struct vm_map *map, uint64_t more);
/* After the lock is dropped: bring in what was mapped with vm_wire_new_flags().  What cannot be
 * brought in stays wired on fault, as on Linux.  => map not locked; may sleep. */
void vm_wire_new(struct vm_map *map, vaddr_t start, vaddr_t end);
/* A wired entry got [start, end) more, untouched: charge it, and fill it with wired zeros
 * (vm_wire_copy.c).
 * => locked exclusively; allowed (vm_wire_allowed).  => returns 0, or ENOMEM: nothing changed. */
int vm_wire_grow(struct vm_map *map, struct vm_map_entry *e, vaddr_t start, vaddr_t end)
    REQUIRES(map->lock) MUST_CHECK;

/* USER_WIRED memory of a map grows or shrinks by so many bytes.  => locked exclusively. */
void vm_wire_charge(struct vm_map *map, uint64_t bytes);
void vm_wire_uncharge(struct vm_map *map, uint64_t bytes);

/* Pages wired by all users together, virtual: a page that two have wired counts twice.  => any
 * context. */
uint64_t vm_wire_user_count(void);

#endif
