/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map: the mappings of one address space, as sorted, disjoint entries.
 *
 *      map --- [start,end) entry --- [start,end) entry --- ...
 *                   a window of one object, rights, inheritance
 *
 * Entries are linked in address order (the map's own sentinel closes the circle) and hang in a
 * red-black tree whose nodes know the largest free gap of their subtree, so that lookup and "find
 * space" are both logarithmic.  Lookup never changes the tree: readers share the lock.
 *
 * Lock key, the same in every header:   I never changes after creation   a atomic
 *   m vm_map.lock   o vm_object.lock   b page is busy   q page queue   f free list   x pmap lock
 *   p proc lock   T only the thread
 */
#ifndef VM_VM_MAP_H
#define VM_VM_MAP_H

#include "kern/base/lock.h"
#include "lib/annot.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "vm/vm_types.h"

struct thread;

/* vm_map_entry.eflags */
/* private: has been virtually copied; raising rights must not put W into PTEs */
#define MAP_ENTRY_COW 0x0001u
/* the object is still shared: the first write puts a shadow in front.  Implies COW */
#define MAP_ENTRY_NEEDS_COPY 0x0002u
#define MAP_ENTRY_SUBMAP     0x0004u /* u.submap; kernel_map only */
/* no object, no rights, not counted in size: stack gap or guard */
#define MAP_ENTRY_GUARD      0x0008u
#define MAP_ENTRY_GROWS_DOWN 0x0010u /* a stack; the gap entry below is what it may grow into */
#define MAP_ENTRY_NOFAULT    0x0020u /* a fault here is a kernel bug */
/* stays an entry of its own, so that unmapping it never has to cut */
#define MAP_ENTRY_NOMERGE 0x0040u
/* made as a stack; what was cut off one does not grow any more, but is no data (RLIMIT_DATA) */
#define MAP_ENTRY_STACK 0x0080u
/* its wiring is being changed by `owner`, who may have unlocked the map: nobody else removes it,
 * merges it or changes its rights, and faults of others wait (vm_wire.c) */
#define MAP_ENTRY_IN_TRANSITION 0x0100u
#define MAP_ENTRY_NEEDS_WAKEUP  0x0200u /* somebody waits for the end of the transition */
#define MAP_ENTRY_USER_WIRED    0x0400u /* mlock: one of wired_count */
/* the user's wiring asks only for what is touched: no page is counted, a page table entry made from
 * now on is wired */
#define MAP_ENTRY_WIRED_ONFAULT 0x0800u
/* made with MAP_SHARED: what is written belongs to others as well, madvise must not take it away */
#define MAP_ENTRY_SHARED   0x1000u
#define MAP_ENTRY_NOSYNC   0x2000u /* advice: dirty pages need not be written before they must go */
#define MAP_ENTRY_NODUMP   0x4000u /* advice: not part of a core dump */
#define MAP_ENTRY_GROWS_UP 0x8000u /* a stack; the gap entry above is what it may grow into */
#define MAP_ENTRY_GROWS    (MAP_ENTRY_GROWS_DOWN | MAP_ENTRY_GROWS_UP)
#define MAP_ENTRY_NEVER_MERGE                                                                      \
	(MAP_ENTRY_SUBMAP | MAP_ENTRY_GUARD | MAP_ENTRY_GROWS | MAP_ENTRY_NOMERGE |                \
	    MAP_ENTRY_IN_TRANSITION)
/* The wiring of an entry: what its copy in a child does not have. */
#define MAP_ENTRY_WIRING                                                                           \
	(MAP_ENTRY_IN_TRANSITION | MAP_ENTRY_NEEDS_WAKEUP | MAP_ENTRY_USER_WIRED |                 \
	    MAP_ENTRY_WIRED_ONFAULT)

struct vm_map_entry {
	struct tree_node node; /* m */
	struct list link;      /* m  address order; the dead list after removal */
	vaddr_t start, end;    /* m  page aligned, start < end */
	/* m  free bytes between the previous entry (or the map's min) and start */
	vaddr_t gap;
	vaddr_t max_gap; /* m  largest gap of this subtree */
	union {
		struct vm_object *object; /* m  NULL: anonymous and untouched */
		struct vm_map *submap;    /* I */
	} u;
	/* m  of start in the object, bytes, page aligned.  A stack's gap: the stack's other end,
	 * from where its size is counted. */
	vm_off_t offset;
	uint16_t eflags;          /* m */
	vm_prot_t protection;     /* m  subset of max_protection */
	vm_prot_t max_protection; /* m  only ever reduced */
	vm_inherit_t inheritance; /* m */
	vm_advice_t advice;       /* m  VM_ADVICE_*: what a fault does about the neighbours */
	uint8_t transition;       /* m  what to do or undo at its end (vm_wire.c) */
	uint16_t wired_count;     /* m  wirings: the user's counts once */
	struct thread *owner;     /* m  of the transition; NULL: none */
};

/* vm_map.flags */
/* kernel_map or a submap: no user faults, no lazily made objects */
#define VM_MAP_KERNEL 0x01u
#define VM_MAP_WXORX  0x02u /* refuse writable and executable together */
/* mlockall(MCL_FUTURE): what is mapped from now on is wired */
#define VM_MAP_WIREFUTURE         0x04u
#define VM_MAP_WIREFUTURE_ONFAULT 0x08u /* ... when it is touched */
/* As WXORX, and nothing that is not executable becomes so.  Mappings from before stay as they are.
 */
#define VM_MAP_NOEXEC_GAIN 0x40u
#define VM_MAP_NOEXEC_ONCE 0x80u /* a child, or the next program, is without NOEXEC_GAIN */

struct vm_map {
	struct sx lock;
	struct list entries;   /* m  sentinel of the address order */
	struct tree tree;      /* m */
	vaddr_t min, max;      /* I  bounds; user maps: reset at exec */
	struct pmap *pmap;     /* I */
	uint64_t size;         /* m  bytes mapped, guards not counted */
	uint64_t data;         /* m  bytes of it that are private, writable and no stack */
	uint64_t locked;       /* m  bytes of USER_WIRED entries */
	uint64_t max_resident; /* a  pages: most before something was unmapped; written under m */
	uint32_t nentries;     /* m */
	uint32_t busy;         /* m  wirers that have unlocked the map for now */
	uint32_t flags;        /* m  VM_MAP_* */
	bool want_space;       /* m  somebody waits in km_valloc_wait */
	const char *name;      /* I */
	struct vm_map_entry *hint; /* a  last lookup; cleared when that entry goes */
};

/* How to map.  Everything is said at once: no window with default rights. */
struct vm_map_args {
	/* reference passed in on success; NULL: anonymous memory, or a guard */
	struct vm_object *object;
	vm_off_t offset;
	vm_prot_t prot, max_prot;
	vm_inherit_t inherit;
	vm_advice_t advice;
	/* MAP_ENTRY_COW|NEEDS_COPY, GUARD, GROWS_DOWN, NOFAULT, NOMERGE, SHARED, NOSYNC, NODUMP,
	 * USER_WIRED|WIRED_ONFAULT (vm_wire_new_flags) */
	uint16_t eflags;
};

/* Most entries a process may have; /proc/sys/vm/max_map_count changes it. */
#define VM_MAX_MAP_COUNT_DEFAULT 65530
extern uint32_t vm_max_map_count; /* a */

/* => boot, after zone_bootstrap. */
void vm_map_startup(void);
void vm_map_init(struct vm_map *map, const char *name, struct pmap *pmap, vaddr_t min, vaddr_t max,
    unsigned flags);

/* => may sleep. */
void vm_map_lock(struct vm_map *map) ACQUIRES(map->lock);
/* As vm_map_lock, for whoever removes, copies or moves entries of [start, end) or changes their
 * rights: none of them is in transition by another thread when it returns (vm_wire.c).  => may
 * sleep for as long as their pages take to come in. */
void vm_map_lock_range(struct vm_map *map, vaddr_t start, vaddr_t end) ACQUIRES(map->lock);
void vm_map_unlock(struct vm_map *map) RELEASES(map->lock);
/* Sleep until the transition of `e`, by another thread, has ended.  => locked exclusively on entry,
 * RELEASED on return: look everything up again. */
void vm_map_unlock_and_wait(struct vm_map *map, struct vm_map_entry *e) RELEASES(map->lock);
void vm_map_lock_read(struct vm_map *map) ACQUIRES_SHARED(map->lock);
void vm_map_unlock_read(struct vm_map *map) RELEASES_SHARED(map->lock);

/*
 * Creating.  => map locked exclusively; entries come from `pre`, so these cannot fail for memory.
 */
/* Entries reserved before the map is locked; what is left is given back by vm_map_unreserve. */
struct vm_map_reserve {
	struct list entries; /* by link */
	unsigned n;
};
#define VM_MAP_RESERVE_INIT(r)                                                                     \
	{                                                                                          \
		LIST_INIT((r).entries), 0                                                          \
	}
/* Bring the reserve up to n entries.  => never sleeps.  Returns 0 or ENOMEM (what is there stays).
 */
int vm_map_reserve(struct vm_map_reserve *r, unsigned n) MUST_CHECK;
void vm_map_unreserve(struct vm_map_reserve *r);

/* Map [start, end).  Merges with neighbours that continue it.  Uses at most 1 reserved entry.
 * => map locked.  => returns 0; EINVAL (bounds, alignment, rights); EEXIST (overlap); EACCES (W^X);
 * ENOMEM (vm_max_map_count).
 * On success the object reference is taken over. */
int vm_map_insert(struct vm_map *map, vaddr_t start, vaddr_t end, const struct vm_map_args *args,
    struct vm_map_reserve *r) REQUIRES(map->lock);

/* Lowest (or, top_down, highest) free range of `size` bytes in [min, max).  => map locked.  Returns
 * true and *addr. */
bool vm_map_findspace(
    struct vm_map *map, vaddr_t min, vaddr_t max, size_t size, bool top_down, vaddr_t *addr);

/* The kernel's shorthand: lock, find space anywhere, insert.  => may sleep for the lock.  Returns
 * 0, ENOMEM. */
int vm_map_find(struct vm_map *map, vaddr_t *addr, size_t size, const struct vm_map_args *args);

/*
 * Looking.
 */
/* The entry that contains va, or NULL and *prev = the entry before va (NULL if none).  => map
 * locked either way.  prev may be NULL. */
struct vm_map_entry *
vm_map_lookup_entry(struct vm_map *map, vaddr_t va, struct vm_map_entry **prev);
/* First entry with end > va, NULL if none. */
struct vm_map_entry *vm_map_first_from(struct vm_map *map, vaddr_t va);
struct vm_map_entry *vm_map_next(struct vm_map *map, struct vm_map_entry *e); /* NULL at the end */
struct vm_map_entry *vm_map_prev(struct vm_map *map, struct vm_map_entry *e);
/* Which page of its object e shows at va.  => map locked either way. */
static inline pindex_t
vm_map_entry_index(const struct vm_map_entry *e, vaddr_t va)
{
	return (pindex_t)atop(e->offset + (va - e->start));
}
/* Are there no entries in [start, end), a range of user addresses?  => map locked either way. */
bool vm_map_is_free(struct vm_map *map, vaddr_t start, vaddr_t end);
/* What of [start, end) counts as map->size and map->data.  => map locked either way. */
struct vm_map_usage {
	uint64_t size, data; /* bytes */
};
struct vm_map_usage vm_map_usage(struct vm_map *map, vaddr_t start, vaddr_t end);
/* Do memory of such rights and flags count as data (RLIMIT_DATA)? */
bool vm_map_is_data(vm_prot_t prot, uint16_t eflags);
/* May there be that many entries (vm_max_map_count)?  Always, in the kernel's maps.  => map locked
 * either way. */
bool vm_map_count_allowed(const struct vm_map *map, uint32_t n);
/* How many entries more there are once one begins at start and one ends at end: 0 to 2. */
uint32_t vm_map_cuts(struct vm_map *map, vaddr_t start, vaddr_t end);
/* How many there would be with [start, end) unmapped, at most. */
uint32_t vm_map_count_without(struct vm_map *map, vaddr_t start, vaddr_t end);
/* Is all of [start, end) mapped with at least prot, without holes?  => map locked either way. */
bool vm_map_check_protection(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot);

/*
 * Changing.  => map locked exclusively; at most 2 reserved entries are used (a range cuts at most
 * two).
 */
/* Split so that an entry begins (ends) at va.  => e contains va.  e keeps its identity and becomes
 * the part from va on (up to va). */
void vm_map_clip_start(struct vm_map *map, struct vm_map_entry *e, vaddr_t va,
    struct vm_map_reserve *r) REQUIRES(map->lock);
void vm_map_clip_end(struct vm_map *map, struct vm_map_entry *e, vaddr_t va,
    struct vm_map_reserve *r) REQUIRES(map->lock);
/* Merge neighbours in and around [start, end) that continue one another.  The only place that
 * merges after the fact. */
void vm_map_simplify(struct vm_map *map, vaddr_t start, vaddr_t end) REQUIRES(map->lock);
/* Unmap [start, end): entries go to `dead` (vm_map_release_dead after unlocking), PTEs are gone on
 * return.  Holes are fine.  With a growing stack's lowest part goes the gap it would have grown
 * into. */
void vm_map_delete(struct vm_map *map, vaddr_t start, vaddr_t end, struct list *dead,
    struct vm_map_reserve *r) REQUIRES(map->lock);
/* Drop references of removed entries and free them.  => no lock held; may sleep. */
void vm_map_release_dead(struct list *dead);

/* The gaps that stacks in [start, end) would have grown into go, as with vm_map_delete. */
void vm_map_delete_gaps(struct vm_map *map, vaddr_t start, vaddr_t end, struct list *dead,
    struct vm_map_reserve *r) REQUIRES(map->lock);
/* Lock, reserve, delete, unlock, release.  => no lock held; may sleep.  Returns 0 or ENOMEM: no
 * memory, or a hole would make one entry too many (nothing changed). */
int vm_map_remove(struct vm_map *map, vaddr_t start, vaddr_t end);

/* Put `sub` into its parent: the range must be one object-less entry (km_suballoc).  => boot. */
void vm_map_submap(struct vm_map *map, vaddr_t start, vaddr_t end, struct vm_map *sub);

/*
 * For vmspace.c.  => map locked exclusively.
 */
/* The entry's memory becomes an object of its own that can be shared: made if there is none, a
 * shadow put in front if it NEEDS_COPY (vm_map_lookup.c).
 * => returns 0 or ENOMEM. */
int vm_map_entry_own_object(struct vm_map_entry *e) MUST_CHECK;
/* As vm_map_insert, of a range behind all others, without merging.  Cannot fail. */
void vm_map_append(struct vm_map *map, vaddr_t start, vaddr_t end, const struct vm_map_args *args,
    struct vm_map_reserve *r) REQUIRES(map->lock);
/* Two adjacent entries: low->end and high->start become va, high's offset moves along (a gap's does
 * not). */
void vm_map_move_boundary(struct vm_map *map, struct vm_map_entry *low, struct vm_map_entry *high,
    vaddr_t va) REQUIRES(map->lock);

/* The entry, with its object and offset, to another place; a stack becomes ordinary memory.  Merges
 * nothing.  => the page table shows nothing of it; the place is free. */
void vm_map_move_entry(struct vm_map *map, struct vm_map_entry *e, vaddr_t to) REQUIRES(map->lock);
/* Pages are about to leave the page table: remember how many there were, for maxrss. */
void vm_map_note_resident(struct vm_map *map) REQUIRES(map->lock);
/* Other rights, for the books as well.  The page table is the caller's business. */
void vm_map_set_protection(struct vm_map *map, struct vm_map_entry *e, vm_prot_t prot)
    REQUIRES(map->lock);

/*
 * Range verbs (vm_protect.c).  => no lock held; may sleep.  Holes: see each.
 */
/* Set rights up to the first obstacle, as Linux does: a hole or a guard (ENOMEM), rights beyond
 * max_protection or against W^X (EACCES). What lies before the obstacle is changed.  ENOMEM with
 * nothing changed: no memory for the split. */
int vm_map_protect(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot);
/* The same for a stack: from start to its upper end, or (down) from its lower end to `end`.
 * EINVAL: what is there does not grow that way. */
int vm_map_protect_stack(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot, bool down);
/* EINVAL bad value, ENOMEM no memory or too many entries (nothing changed); holes are skipped. */
int vm_map_inherit(struct vm_map *map, vaddr_t start, vaddr_t end, vm_inherit_t inherit);

/* Print, for ^P, panics and the debugger.  => any context; takes no lock. */
void vm_map_print(const struct vm_map *map);
/* Names of eflags (debuggers look for them, as for those of objects and pages), and of advice. */
extern const struct vm_flag_name vm_map_entry_flag_names[];
const char *vm_advice_name(vm_advice_t advice);
/* Panics if an invariant of a map is broken (vm_map_check.c).  => map locked either way, or
 * quiescent. */
void vm_map_check(struct vm_map *map);

/*
 * For vm_fault: find what backs va (vm_map_lookup.c).
 * => nothing locked; may sleep.  On success the (sub)map is share-locked.
 * => 0; EFAULT (no entry: SEGV_MAPERR); EACCES (rights: SEGV_ACCERR); ENOMEM (a shadow was needed,
 * no memory: wait, retry).
 */
struct vm_map_found {
	struct vm_map *map;         /* share-locked; a submap if va lies in one */
	struct vm_map_entry *entry; /* valid while locked */
	struct vm_object *object;
	pindex_t pindex;
	vm_prot_t prot; /* most that may be entered: no W while NEEDS_COPY */
};
int vm_map_lookup(struct vm_map *map, vaddr_t va, vm_prot_t access, struct vm_map_found *found);

#endif
