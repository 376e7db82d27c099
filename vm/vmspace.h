/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmspace: the address space of a process: its map, its pmap, its break and its stack.
 *
 * Two counts: `users` (threads' processes running in it; 0 destroys the mappings) and `holds`
 * (somebody looks at it: procfs; 0 frees the struct).  Lock key as in vm/vm_map.h.
 */
#ifndef VM_VMSPACE_H
#define VM_VMSPACE_H

#include "vm/vm_map.h"

struct vmspace {
	struct vm_map map;
	int users;                  /* a */
	int holds;                  /* a  one for all users together */
	struct list link;           /*    all spaces, under vmspace.c's list lock */
	vaddr_t brk_start;          /* m  where the heap begins (end of the program's data) */
	vaddr_t brk;                /* m  the exact break, not rounded */
	vaddr_t stack_top;          /* m  end of the main stack */
	vaddr_t arg_start, arg_end; /* m  argument strings, for ps */
	uint64_t limit_as, limit_data, limit_stack; /* m  bytes; from RLIMIT_* */
	/* a  bytes the user may wire; UINT64_MAX for who is privileged (vm_mlock.h) */
	uint64_t limit_memlock;
};

/* => boot, after vm_map_startup. */
void vmspace_init(void);
/* An empty space with one user.  => may sleep.  NULL: no memory. */
struct vmspace *vmspace_alloc(void);
/* A copy by the inheritance of each entry.  => vm->map not locked; may sleep.  Returns 0, or ENOMEM
 * with nothing changed that matters. */
int vmspace_fork(struct vmspace *vm, struct vmspace **child);
/* One user more (CLONE_VM), or less: the last one unmaps everything.  => no lock held; may sleep.
 */
void vmspace_ref(struct vmspace *vm);
void vmspace_unref(struct vmspace *vm);
/* Look at somebody else's space: succeeds only while it has users.  => any thread context. */
bool vmspace_hold(struct vmspace *vm);
void vmspace_unhold(struct vmspace *vm);

/* From now on *slot names `vm`, and the running thread is in it.
 * => the lock that guards *slot is held.  => returns the old space: its use is the caller's to drop
 * (vmspace_unref), with no lock held. */
struct vmspace *vmspace_exec(struct vmspace **slot, struct vmspace *vm);
/* If others use *slot, which lk guards, too: the same with a copy of it, the old one is theirs.
 * => the slot's only thread; no lock held; may sleep.  Returns 0, or ENOMEM and all is as
 * before. */
int vmspace_unshare(struct vmspace **slot, struct spinlock *lk);

/* Pages in the page table, now and at most so far.  => any context; a snapshot. */
uint64_t vmspace_resident_count(const struct vmspace *vm);
uint64_t vmspace_max_resident(const struct vmspace *vm);

/* May that be added, and that replaced (RLIMIT_AS, RLIMIT_DATA)?  => map locked, so that it stays
 * true. */
bool
vmspace_has_room(const struct vmspace *vm, struct vm_map_usage added, struct vm_map_usage replaced);

/* VM_MAP_WXORX and the like that hold.  => any context; a snapshot. */
uint32_t vmspace_exec_rules(const struct vmspace *vm);
/* What a child, or the next program, keeps of the rules about executable memory.  => vm is new. */
void vmspace_inherit_rules(struct vmspace *vm, const struct vmspace *from);
/* Nothing becomes executable any more; `once`: not for children.  => may sleep.  EPERM: the rules
 * are others already. */
int vmspace_refuse_exec_gain(struct vmspace *vm, bool once);

/* The main stack, below `top`: `reserve` bytes of room, `initial` of them mapped.  => as
 * vm_map_stack. */
int vmspace_stack(struct vmspace *vm, vaddr_t top, size_t reserve, size_t initial);

/* Pages that the page table keeps wired: of what is wired, what has been touched.  => any context;
 * a snapshot. */
uint64_t vmspace_wired_count(const struct vmspace *vm);

/* brk(2): returns the new break, or the current one if it cannot be moved there. */
vaddr_t vmspace_brk(struct vmspace *vm, vaddr_t want);

/* All spaces with users, for checkers and /proc: calls fn with a hold on each. */
void vmspace_foreach(void (*fn)(struct vmspace *, void *), void *arg);

/* Print all but the entries.  => any context; takes no lock. */
void vmspace_print(const struct vmspace *vm);

/* Everything that vm can verify about itself: maps, objects, pages, zones, pmaps.  Panics naming
 * the broken invariant.
 * => no lock held; best on a quiet system (in-flight faults are waited out or skipped). */
void vm_check_all(void);

#endif
