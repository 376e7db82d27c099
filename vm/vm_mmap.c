/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory system calls' argument rules, as Linux has them, over the map's operations.
 *
 * Everything is checked before anything changes.  A fixed mapping that replaces others deletes and
 * inserts under one hold of the map lock, so that no other thread finds, or takes, the hole between
 * the two.
 *
 * Lock order: the map; nothing else.
 */
#include "vm/vm_mmap.h"

#include <errno.h>
#include <sys/mman.h>

#include "arch/riscv/vmparam.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "lib/minmax.h"
#include "vm/vm_fault.h"
#include "vm/vm_mlock.h"
#include "vm/vm_object.h"
#include "vm/vm_stack.h"
#include "vm/vm_wire.h"

#define PROT_ALL_BITS (PROT_READ | PROT_WRITE | PROT_EXEC)

/* What MAP_SHARED_VALIDATE knows; the other types of sharing ignore what they do not know.
 * MAP_FIXED_NOREPLACE is not in it, in Linux either. */
#define MAP_VALIDATED                                                                              \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE |                   \
	    MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |        \
	    MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_HUGE_SIZES)
#define MAP_HUGE_SIZES 0x7c000000 /* the size of large pages, as its logarithm */
#define MAP_GROWS      (MAP_GROWSDOWN | MAP_GROWSUP)

/* One request on its way: what was asked, in pages. */
struct request {
	vaddr_t start, end; /* fixed place, or hint */
	size_t size;
	bool fixed, noreplace, stack;
	size_t down, up; /* a stack: room to grow */
	bool locked;     /* MAP_LOCKED, or everything is to be (mlockall) */
	struct vm_map_args args;
};

static int
check_anonymous(int flags)
{
	int type = flags & MAP_TYPE;

	/* There are no large pages to be had, ever. */
	if ((flags & MAP_HUGETLB) != 0)
		return ENOMEM;
	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return EINVAL;
	return type == MAP_SHARED && (flags & MAP_GROWS) != 0 ? EINVAL : 0;
}

static int
check_file(int flags)
{
	int type = flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return EINVAL;
	/* MAP_SYNC is among what is not known: no file here is memory. */
	if (type == MAP_SHARED_VALIDATE && (flags & ~MAP_VALIDATED) != 0)
		return EOPNOTSUPP;
	return (flags & (MAP_GROWS | MAP_HUGETLB)) != 0 ? EINVAL : 0;
}

static int
check_place(const struct vm_map *map, const struct vm_mmap_args *a, struct request *q)
{
	if (a->len == 0)
		return EINVAL;
	q->size = round_page(a->len);
	if (q->size < a->len || q->size > map->max)
		return ENOMEM;
	q->fixed = (a->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
	q->noreplace = (a->flags & MAP_FIXED_NOREPLACE) != 0;
	q->stack = (a->flags & MAP_GROWS) != 0;
	q->down = (a->flags & MAP_GROWSDOWN) != 0 ? USER_STACK_RESERVE : 0;
	q->up = (a->flags & MAP_GROWSUP) != 0 ? USER_STACK_RESERVE : 0;
	q->locked = (a->flags & MAP_LOCKED) != 0;
	q->start = q->fixed ? a->addr : trunc_page(a->addr);
	if (!q->fixed)
		return 0;
	if (q->start > map->max - q->size)
		return ENOMEM;
	if ((q->start & PAGE_MASK) != 0)
		return EINVAL;
	return q->start < map->min ? EPERM : 0;
}

static void
fill_entry(const struct vm_mmap_args *a, struct request *q)
{
	bool shared = (a->flags & MAP_TYPE) != MAP_PRIVATE;

	q->args.object = a->object;
	q->args.offset = a->object != NULL ? a->offset : 0;
	q->args.prot = (vm_prot_t)(a->prot & PROT_ALL_BITS);
	q->args.max_prot = a->max_prot;
	q->args.inherit = shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY;
	if (shared)
		q->args.eflags = MAP_ENTRY_SHARED;
	else
		q->args.eflags = a->object != NULL ? MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY : 0;
}

/* Is anything mapped in the range?  Room that a stack may grow into is not: Linux does not even
 * have an entry for it. */
static bool
range_is_unmapped(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);

	while (e != NULL && e->start < end && (e->eflags & MAP_ENTRY_GUARD) != 0)
		e = vm_map_next(map, e);
	return e == NULL || e->start >= end;
}

/* Choose the place, or make it free.  => map locked. */
static int
settle_place(struct vm_map *map, struct request *q, struct list *dead, struct vm_map_reserve *r)
    REQUIRES(map->lock)
{
	if (!q->fixed) {
		if ((q->start == 0 || !vm_map_is_free(map, q->start, q->start + q->size)) &&
		    !vm_map_findspace(map, map->min, map->max, q->size, true, &q->start))
			return ENOMEM;
		q->end = q->start + q->size;
		return 0;
	}
	q->end = q->start + q->size;
	if (vm_map_is_free(map, q->start, q->end))
		return 0;
	if (q->noreplace && !range_is_unmapped(map, q->start, q->end))
		return EEXIST;
	if (!vm_map_count_allowed(
		map, vm_map_count_without(map, q->start, q->end) + VM_STACK_ENTRIES * q->stack + 1))
		return ENOMEM;
	vm_map_delete(map, q->start, q->end, dead, r);
	return 0;
}

static int
check_limits(struct vmspace *vm, const struct request *q)
{
	struct vm_map_usage added = {q->size, 0}, replaced = {0, 0};

	if (q->locked && !vm_wire_allowed(&vm->map, q->size))
		return EAGAIN;
	if (!q->stack && vm_map_is_data(q->args.prot, q->args.eflags))
		added.data = q->size;
	if (q->fixed)
		replaced = vm_map_usage(&vm->map, q->start, q->start + q->size);
	return vmspace_has_room(vm, added, replaced) ? 0 : ENOMEM;
}

/* Shared anonymous memory needs its object from the start: a child must find the same one.  A
 * private mapping gets one at first touch. */
static int
shared_anon_object(const struct vm_mmap_args *a, struct request *q)
{
	if (q->args.object != NULL || (a->flags & MAP_TYPE) == MAP_PRIVATE)
		return 0;
	if (atop(q->size) > UINT32_MAX)
		return ENOMEM;
	q->args.object = vm_object_alloc_anon((pindex_t)atop(q->size));
	return q->args.object != NULL ? 0 : ENOMEM;
}

/* The mapping itself.  On success the object's reference belongs to it. */
static int
map_request(struct vmspace *vm, struct request *q)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	struct list dead = LIST_INIT(dead);
	int error = vm_map_reserve(&r, 2 + VM_STACK_ENTRIES);
	uint16_t wiring;

	if (error == 0) {
		if (q->fixed)
			vm_map_lock_range(&vm->map, q->start, q->start + q->size);
		else
			vm_map_lock(&vm->map);
		wiring = vm_wire_new_flags(&vm->map, q->locked);
		q->args.eflags |= wiring;
		q->locked = wiring != 0;
		error = check_limits(vm, q);
		if (error == 0)
			error = settle_place(&vm->map, q, &dead, &r);
		if (error == 0 && q->stack)
			error =
			    vm_map_stack(&vm->map, q->start, q->end, q->down, q->up, &q->args, &r);
		else if (error == 0)
			error = vm_map_insert(&vm->map, q->start, q->end, &q->args, &r);
		vm_map_unlock(&vm->map);
		vm_map_release_dead(&dead);
	}
	vm_map_unreserve(&r);
	return error;
}

/* MAP_POPULATE: touch it now.  What cannot be touched is left to the first access. */
static void
populate(struct vm_map *map, const struct request *q)
{
	vm_prot_t access = (q->args.prot & VM_PROT_WRITE) != 0 ? VM_PROT_WRITE : VM_PROT_READ;

	if ((q->args.prot & (VM_PROT_READ | VM_PROT_WRITE)) == 0)
		return;
	for (vaddr_t va = q->start; va < q->end; va += PAGE_SIZE) {
		if (__atomic_load_n(&curthread()->killed, __ATOMIC_RELAXED) ||
		    vm_fault(map, va, access) != 0)
			return;
	}
}

int
vm_mmap(struct vmspace *vm, const struct vm_mmap_args *args, vaddr_t *addr)
{
	struct request q = {.size = 0};
	int error = check_place(&vm->map, args, &q);

	if (error == 0)
		error =
		    args->object == NULL ? check_anonymous(args->flags) : check_file(args->flags);
	if (error == 0 && (args->flags & MAP_LOCKED) != 0 && !vm_mlock_permitted(vm))
		error = EPERM;
	if (error == 0 && args->object != NULL &&
	    (args->offset + q.size < q.size || atop(args->offset + q.size) > UINT32_MAX))
		error = EOVERFLOW;
	if (error == 0 && (args->prot & ~args->max_prot & PROT_ALL_BITS) != 0)
		error = EACCES;
	fill_entry(args, &q);
	if (error == 0)
		error = shared_anon_object(args, &q);
	if (error == 0)
		error = map_request(vm, &q);
	if (error != 0) {
		vm_object_unref(q.args.object);
		return error;
	}
	if (q.locked)
		vm_wire_new(&vm->map, q.start, q.end);
	else if ((args->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		populate(&vm->map, &q);
	*addr = q.start;
	return 0;
}

/* [addr, addr+len) as whole pages.  Returns 0, or EINVAL if it is none. */
static int
user_range(const struct vm_map *map, vaddr_t addr, size_t len, vaddr_t *end)
{
	if ((addr & PAGE_MASK) != 0 || addr > map->max || len > map->max - addr)
		return EINVAL;
	*end = round_page(addr + len);
	return 0;
}

int
vm_munmap(struct vmspace *vm, vaddr_t addr, size_t len)
{
	vaddr_t end;
	int error = user_range(&vm->map, addr, len, &end);

	if (error != 0 || len == 0)
		return EINVAL;
	return vm_map_remove(&vm->map, addr, end);
}

int
vm_mprotect(struct vmspace *vm, vaddr_t addr, size_t len, int prot)
{
	int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	vaddr_t end;

	prot &= ~grows;
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (addr & PAGE_MASK) != 0)
		return EINVAL;
	if (len == 0)
		return 0;
	if (addr + round_page(len) <= addr)
		return ENOMEM;
	if ((prot & ~(PROT_ALL_BITS | PROT_SEM)) != 0)
		return EINVAL;
	if (user_range(&vm->map, addr, len, &end) != 0)
		return ENOMEM;
	prot &= PROT_ALL_BITS;
	if (grows != 0)
		return vm_map_protect_stack(
		    &vm->map, addr, end, (vm_prot_t)prot, grows == PROT_GROWSDOWN);
	return vm_map_protect(&vm->map, addr, end, (vm_prot_t)prot);
}

int
vm_minherit(struct vmspace *vm, vaddr_t addr, size_t len, int inherit)
{
	vaddr_t start = trunc_page(addr);

	if (addr + len < addr || addr + len > vm->map.max || inherit < 0 ||
	    inherit > VM_INHERIT_ZERO)
		return EINVAL;
	return vm_map_inherit(&vm->map, start, round_page(addr + len), (vm_inherit_t)inherit);
}
