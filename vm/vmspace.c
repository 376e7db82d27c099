/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces: made at exec, copied at fork, ended at exit; their limits and their break.  Stacks
 * are in vm_stack.c.
 *
 * Fork, for each entry of the parent by its inheritance:
 *
 *      NONE    the child has a hole
 *      ZERO    the child has fresh zero memory
 *      SHARE   both entries refer to one object (made now if need be), writes are seen by both
 *      COPY    both entries refer to the object and are marked NEEDS_COPY; the parent's page table
 *              loses write access.  Whoever writes first gets a shadow object (vm_map_lookup) and
 *              in it a copy of the page (vm_fault)
 *
 * Lock order: parent's map, then the child's (nobody else knows it yet), then objects.
 */
#include "vm/vmspace.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_stack.h"
#include "vm/vm_wire.h"
#include "vm/zone.h"

static struct zone *vmspace_zone;
static struct spinlock spaces_lock = SPINLOCK_INIT("vmspaces", RANK_ZONE + 1);
static struct list spaces = LIST_INIT(spaces); /* spaces_lock */

void
vmspace_init(void)
{
	vmspace_zone = zone_create("vmspace", sizeof(struct vmspace), 0, NULL);
}

struct vmspace *
vmspace_alloc(void)
{
	struct vmspace *vm = zone_alloc(vmspace_zone, ZONE_ZERO);
	struct pmap *pmap;

	if (vm == NULL)
		return NULL;
	pmap = pmap_create();
	if (pmap == NULL) {
		zone_free(vmspace_zone, vm);
		return NULL;
	}
	vm_map_init(&vm->map, "vmspace", pmap, VM_MIN_USER_ADDRESS, VM_MAX_USER_ADDRESS, 0);
	vm->users = 1;
	vm->holds = 1;
	vm->limit_as = vm->limit_data = vm->limit_memlock = UINT64_MAX;
	vm->limit_stack = USER_STACK_RESERVE;
	spin_lock(&spaces_lock);
	list_push_back(&spaces, &vm->link);
	spin_unlock(&spaces_lock);
	return vm;
}

/*
 * Lifetime.
 */

static void
vmspace_unmap_all(struct vmspace *vm)
{
	struct vm_map_reserve none = VM_MAP_RESERVE_INIT(none);
	struct list dead = LIST_INIT(dead);

	/* The whole range cuts no entry, so nothing needs to be reserved. */
	vm_map_lock(&vm->map);
	vm_map_delete(&vm->map, vm->map.min, vm->map.max, &dead, &none);
	vm_map_unlock(&vm->map);
	vm_map_release_dead(&dead);
}

void
vmspace_ref(struct vmspace *vm)
{
	int before = __atomic_fetch_add(&vm->users, 1, __ATOMIC_RELAXED);

	KASSERT(before > 0);
	vm_count(VMC_VFORKS);
}

void
vmspace_unref(struct vmspace *vm)
{
	if (__atomic_sub_fetch(&vm->users, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	vmspace_unmap_all(vm);
	vmspace_unhold(vm);
}

bool
vmspace_hold(struct vmspace *vm)
{
	bool alive;

	/* The list lock keeps the last unhold from freeing the struct under us. */
	spin_lock(&spaces_lock);
	alive = __atomic_load_n(&vm->users, __ATOMIC_RELAXED) > 0;
	if (alive)
		__atomic_fetch_add(&vm->holds, 1, __ATOMIC_RELAXED);
	spin_unlock(&spaces_lock);
	return alive;
}

void
vmspace_unhold(struct vmspace *vm)
{
	bool last;

	spin_lock(&spaces_lock);
	last = __atomic_sub_fetch(&vm->holds, 1, __ATOMIC_ACQ_REL) == 0;
	if (last)
		list_remove(&vm->link);
	spin_unlock(&spaces_lock);
	if (!last)
		return;
	pmap_destroy(vm->map.pmap);
	zone_free(vmspace_zone, vm);
}

/* The first live space after `at`, held. */
static struct vmspace *
space_after(struct list *at)
{
	struct vmspace *vm = NULL;

	spin_lock(&spaces_lock);
	for (at = at->next; at != &spaces; at = at->next) {
		vm = LIST_ENTRY(at, struct vmspace, link);
		if (__atomic_load_n(&vm->users, __ATOMIC_RELAXED) > 0) {
			__atomic_fetch_add(&vm->holds, 1, __ATOMIC_RELAXED);
			break;
		}
		vm = NULL;
	}
	spin_unlock(&spaces_lock);
	return vm;
}

void
vmspace_foreach(void (*fn)(struct vmspace *, void *), void *arg)
{
	struct vmspace *vm = space_after(&spaces), *next;

	for (; vm != NULL; vm = next) {
		fn(vm, arg);
		next = space_after(&vm->link);
		vmspace_unhold(vm);
	}
}

/*
 * Fork.
 */

/*
 * The child's page table gets what the parent's shows of mappings up to this size: program text,
 * data, the stack, small buffers, which most children look at.  It saves them the faults, and the
 * walk down a chain that grows with each generation.  Larger ones would make fork cost what they
 * hold.
 */
#define FORK_COPY_MAX (4ul << 20)

/* Both entries are to refer to one object from now on; NEEDS_COPY must be resolved first, or the
 * first writer would leave. */
static int
share_object(struct vm_map *map, struct vm_map_entry *e) REQUIRES(map->lock)
{
	int error = vm_wire_own_object(map, e);

	if (error != 0)
		return error;
	mutex_lock(&e->u.object->lock);
	vm_object_ref_locked(e->u.object);
	e->u.object->flags &= ~OBJ_ONEMAPPING;
	mutex_unlock(&e->u.object->lock);
	return 0;
}

/*
 * A shadow stands for a copy only as long as nobody writes to the object itself.  An entry that
 * shares its anonymous object with others (inherited SHARE before, and COPY now) does.  A shared
 * mapping of a file does too, but there the copy is what MAP_PRIVATE is: it shows what is written to
 * the file until it is written to itself.
 */
static bool
written_by_others(struct vm_object *o)
{
	bool shared;

	mutex_lock(&o->lock);
	shared = o->type == OBJ_ANON && (o->flags & OBJ_ONEMAPPING) == 0;
	mutex_unlock(&o->lock);
	return shared;
}

/* A part of a cut mapping gets an object of its own: a child that shares it does not hold on to the
 * pages of the other parts. */
static void
split_object(struct vm_map_entry *e)
{
	struct vm_object *part;

	/* A stack's object has room below. */
	if ((e->eflags & MAP_ENTRY_GROWS_DOWN) == 0 &&
	    vm_object_split(e->u.object, (pindex_t)atop(e->offset),
		(pindex_t)atop(e->end - e->start), &part) == 0) {
		e->u.object = part;
		e->offset = 0;
	}
}

/* Wired memory that its owner may write to is not made copy-on-write: no access is to fault. */
static bool
copied_at_once(const struct vm_map_entry *e)
{
	return vm_wire_is_full(e) && (e->protection & VM_PROT_WRITE) != 0 &&
	    e->u.object->type == OBJ_ANON;
}

/* From now on whoever writes first gets a shadow, the parent too. */
static void
copy_on_write(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_object *o = e->u.object;

	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) == 0 && o->type == OBJ_ANON) {
		if ((e->protection & VM_PROT_WRITE) != 0)
			pmap_protect(map->pmap, e->start, e->end, VM_PROT_READ | VM_PROT_EXEC);
		e->eflags |= MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY;
		split_object(e);
		o = e->u.object;
	}
	mutex_lock(&o->lock);
	if (o->type == OBJ_ANON)
		vm_object_collapse(o);
	vm_object_ref_locked(o);
	o->flags &= ~OBJ_ONEMAPPING;
	mutex_unlock(&o->lock);
}

/* What the child's entry refers to, as a copy of e.  => ENOMEM leaves the parent as it is. */
static int
copy_object(struct vm_map *map, struct vm_map_entry *e, struct vm_map_args *args)
{
	struct vm_object *o = e->u.object;
	vm_off_t from = (e->eflags & MAP_ENTRY_GROWS_DOWN) != 0 ? 0 : e->offset;

	if (o == NULL)
		return 0;
	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) == 0 &&
	    (written_by_others(o) || copied_at_once(e))) {
		args->offset -= from;
		return vm_object_copy(
		    o, atop(from), atop(args->offset + (e->end - e->start)), &args->object);
	}
	copy_on_write(map, e);
	args->object = e->u.object;
	args->offset = e->offset;
	args->eflags |= MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY;
	return 0;
}

/* Fresh zeros, which are nobody else's, even where the parent's memory is.  A stack keeps its
 * offset: room to grow. */
static void
zero_object(const struct vm_map_entry *e, struct vm_map_args *args)
{
	args->object = NULL;
	args->offset = (e->eflags & MAP_ENTRY_GROWS_DOWN) != 0 ? e->offset : 0;
	args->eflags &= ~(MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY | MAP_ENTRY_SHARED);
}

/* Room to grow is of no use, and in the way of others, without the stack. */
static bool
is_inherited(struct vm_map *map, struct vm_map_entry *e)
{
	if ((e->eflags & MAP_ENTRY_GUARD) != 0)
		e = vm_map_stack_of(map, e);
	return e != NULL && e->inheritance != VM_INHERIT_NONE;
}

/* One entry of the parent into the child.  => both locked; after ENOMEM the child is complete as
 * far as it got. */
static int
fork_entry(struct vm_map *parent, struct vm_map *child, struct vm_map_entry *e,
    struct vm_map_reserve *r) REQUIRES(parent->lock) REQUIRES(child->lock)
{
	struct vm_map_args args = {
	    .object = e->u.object,
	    .offset = e->offset,
	    .prot = e->protection,
	    .max_prot = e->max_protection,
	    .inherit = e->inheritance,
	    .advice = e->advice,
	    .eflags = e->eflags,
	};
	int error = 0;

	if (!is_inherited(parent, e))
		return 0;
	if (e->inheritance == VM_INHERIT_ZERO) {
		zero_object(e, &args);
	} else if (e->inheritance == VM_INHERIT_SHARE && (e->eflags & MAP_ENTRY_GUARD) == 0) {
		error = share_object(parent, e);
		args.object = e->u.object;
		args.offset = e->offset;
		args.eflags = e->eflags;
	} else {
		error = copy_object(parent, e, &args);
		args.eflags &= ~MAP_ENTRY_SHARED;
	}
	if (error != 0)
		return error;
	args.eflags &= ~MAP_ENTRY_WIRING;
	vm_map_append(child, e->start, e->end, &args, r);
	if (args.object != NULL && args.object == e->u.object && e->end - e->start <= FORK_COPY_MAX)
		pmap_copy(child->pmap, parent->pmap, e->start, e->end);
	return 0;
}

/* Reserve as many entries as the parent has, then lock it; it may have grown meanwhile. */
static int
lock_with_reserve(struct vm_map *map, struct vm_map_reserve *r) NO_LOCK_ANALYSIS
{
	for (;;) {
		int error = vm_map_reserve(r, __atomic_load_n(&map->nentries, __ATOMIC_RELAXED));

		if (error != 0)
			return error;
		vm_map_lock_range(map, map->min, map->max);
		if (r->n >= map->nentries)
			return 0;
		vm_map_unlock(map);
	}
}

static void
copy_fields(struct vmspace *to, const struct vmspace *from)
{
	vmspace_inherit_rules(to, from);
	to->brk_start = from->brk_start;
	to->brk = from->brk;
	to->stack_top = from->stack_top;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->limit_as = from->limit_as;
	to->limit_data = from->limit_data;
	to->limit_stack = from->limit_stack;
	to->limit_memlock = from->limit_memlock;
}

int
vmspace_fork(struct vmspace *vm, struct vmspace **child_out) NO_LOCK_ANALYSIS
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	struct vmspace *child = vmspace_alloc();
	struct vm_map_entry *e;
	int error;

	if (child == NULL)
		return ENOMEM;
	error = lock_with_reserve(&vm->map, &r);
	if (error == 0) {
		sx_xlock_nested(&child->map.lock);
		copy_fields(child, vm);
		for (e = vm_map_first_from(&vm->map, vm->map.min); e != NULL && error == 0;
		     e = vm_map_next(&vm->map, e))
			error = fork_entry(&vm->map, &child->map, e, &r);
		sx_xunlock(&child->map.lock);
		vm_map_unlock(&vm->map);
	}
	vm_map_unreserve(&r);
	if (error != 0) {
		vmspace_unref(child);
		return error;
	}
	vm_count(VMC_FORKS);
	vm_count_add(VMC_FORK_PAGES, child->map.size >> PAGE_SHIFT);
	*child_out = child;
	return 0;
}

/*
 * Who runs in it.
 */

struct vmspace *
vmspace_exec(struct vmspace **slot, struct vmspace *vm)
{
	struct vmspace *old = *slot;

	*slot = vm;
	thread_set_pmap(vm->map.pmap);
	return old;
}

int
vmspace_unshare(struct vmspace **slot, struct spinlock *lk)
{
	struct vmspace *copy, *old;
	int error;

	/* Whoever else uses it may leave meanwhile, but nobody can join without us. */
	if (__atomic_load_n(&(*slot)->users, __ATOMIC_ACQUIRE) == 1)
		return 0;
	error = vmspace_fork(*slot, &copy);
	if (error != 0)
		return error;
	spin_lock(lk);
	old = vmspace_exec(slot, copy);
	spin_unlock(lk);
	vmspace_unref(old);
	return 0;
}

uint64_t
vmspace_resident_count(const struct vmspace *vm)
{
	return pmap_resident_count(vm->map.pmap);
}

uint64_t
vmspace_wired_count(const struct vmspace *vm)
{
	return pmap_wired_count(vm->map.pmap);
}

uint64_t
vmspace_max_resident(const struct vmspace *vm)
{
	uint64_t before = __atomic_load_n(&vm->map.max_resident, __ATOMIC_RELAXED);

	return MAX(before, vmspace_resident_count(vm));
}

/*
 * Limits.
 */

bool
vmspace_has_room(const struct vmspace *vm, struct vm_map_usage added, struct vm_map_usage replaced)
{
	if (vm->map.size - replaced.size + added.size > vm->limit_as)
		return false;
	return added.data == 0 || vm->map.data - replaced.data + added.data <= vm->limit_data;
}

uint32_t
vmspace_exec_rules(const struct vmspace *vm)
{
	return __atomic_load_n(&vm->map.flags, __ATOMIC_RELAXED) &
	    (VM_MAP_WXORX | VM_MAP_NOEXEC_GAIN | VM_MAP_NOEXEC_ONCE);
}

void
vmspace_inherit_rules(struct vmspace *vm, const struct vmspace *from)
{
	uint32_t rules = vmspace_exec_rules(from);

	if ((rules & VM_MAP_NOEXEC_ONCE) != 0)
		rules = 0;
	vm->map.flags |= rules;
}

int
vmspace_refuse_exec_gain(struct vmspace *vm, bool once)
{
	uint32_t want = VM_MAP_NOEXEC_GAIN | (once ? VM_MAP_NOEXEC_ONCE : 0), have;

	vm_map_lock(&vm->map);
	have = vm->map.flags & (VM_MAP_NOEXEC_GAIN | VM_MAP_NOEXEC_ONCE);
	if (have == 0)
		vm->map.flags |= want;
	vm_map_unlock(&vm->map);
	return have == 0 || have == want ? 0 : EPERM;
}

/*
 * The break.
 */

/* => map locked. */
static int
grow_heap(struct vmspace *vm, vaddr_t from, vaddr_t to, struct vm_map_reserve *r)
    REQUIRES(vm->map.lock)
{
	const struct vm_map_args args = {
	    .prot = VM_PROT_RW,
	    .max_prot = VM_PROT_ALL,
	    .inherit = VM_INHERIT_COPY,
	    .eflags = vm_wire_new_flags(&vm->map, false),
	};
	const struct vm_map_usage more = {to - from, to - from}, none = {0, 0};

	if (!vmspace_has_room(vm, more, none))
		return ENOMEM;
	if (args.eflags != 0 && !vm_wire_allowed(&vm->map, to - from))
		return EAGAIN;
	return vm_map_insert(&vm->map, from, to, &args, r);
}

/* => map locked. */
static int
shrink_heap(struct vmspace *vm, vaddr_t from, vaddr_t to, struct list *dead,
    struct vm_map_reserve *r) REQUIRES(vm->map.lock)
{
	if (vm_map_count_without(&vm->map, to, from) > vm->map.nentries &&
	    !vm_map_count_allowed(&vm->map, vm->map.nentries + 1))
		return ENOMEM;
	vm_map_delete(&vm->map, to, from, dead, r);
	return 0;
}

/* => map locked. */
static int
move_break(struct vmspace *vm, vaddr_t want, struct list *dead, struct vm_map_reserve *r)
    REQUIRES(vm->map.lock)
{
	vaddr_t old = round_page(vm->brk), new = round_page(want);

	if (want < vm->brk_start || want >= vm->map.max || want - vm->brk_start > vm->limit_data)
		return ENOMEM;
	if (new > old)
		return grow_heap(vm, old, new, r);
	return new < old ? shrink_heap(vm, old, new, dead, r) : 0;
}

/* The lock, with nothing between the break and `want` in transition.  => returns the break. */
static vaddr_t
lock_heap(struct vmspace *vm, vaddr_t want) NO_LOCK_ANALYSIS
{
	for (;;) {
		vaddr_t brk = __atomic_load_n(&vm->brk, __ATOMIC_RELAXED), to = brk;

		if (want >= vm->brk_start && want < vm->map.max)
			to = want;
		vm_map_lock_range(&vm->map, trunc_page(MIN(brk, to)), round_page(MAX(brk, to)));
		if (vm->brk == brk)
			return brk;
		vm_map_unlock(&vm->map);
	}
}

vaddr_t
vmspace_brk(struct vmspace *vm, vaddr_t want) NO_LOCK_ANALYSIS
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	struct list dead = LIST_INIT(dead);
	vaddr_t brk, was;
	bool wire;
	int error = vm_map_reserve(&r, 2);

	brk = was = lock_heap(vm, want);
	wire = vm_wire_new_flags(&vm->map, false) != 0;
	if (error == 0 && move_break(vm, want, &dead, &r) == 0)
		brk = vm->brk = want;
	vm_map_unlock(&vm->map);
	vm_map_release_dead(&dead);
	vm_map_unreserve(&r);
	if (wire && round_page(brk) > round_page(was))
		vm_wire_new(&vm->map, round_page(was), round_page(brk));
	return brk;
}
