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
#include "lib/minmax.h"
#include "vm/vm_fault.h"
#include "vm/vm_mlock.h"
#include "vm/vm_object.h"
#include "vm/vm_wire.h"

uint32_t vm_max_map_count = VM_MAX_MAP_COUNT_DEFAULT;

#define PROT_ALL_BITS (PROT_READ | PROT_WRITE | PROT_EXEC)

/* Flags that ask for what is not there are refused, not ignored. */
#define MAP_REFUSED (MAP_HUGETLB | MAP_SYNC)

/* One request on its way: what was asked, in pages. */
struct request {
	vaddr_t start, end; /* fixed place, or hint */
	size_t size;
	bool fixed, noreplace, growsdown;
	bool locked; /* MAP_LOCKED, or everything is to be (mlockall) */
	struct vm_map_args args;
};

static int
check_flags(const struct vm_mmap_args *a)
{
	int type = a->flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE &&
	    (type != MAP_SHARED_VALIDATE || a->object == NULL))
		return EINVAL;
	if ((a->flags & MAP_REFUSED) != 0)
		return EOPNOTSUPP;
	if ((a->flags & MAP_GROWSDOWN) == 0)
		return 0;
	if (a->object != NULL)
		return EOPNOTSUPP;
	return type == MAP_PRIVATE ? 0 : EINVAL;
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
	q->growsdown = (a->flags & MAP_GROWSDOWN) != 0;
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

static bool
range_is_free(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);

	return start >= map->min && end <= map->max && start < end &&
	    (e == NULL || e->start >= end);
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
		if ((q->start == 0 || !range_is_free(map, q->start, q->start + q->size)) &&
		    !vm_map_findspace(map, map->min, map->max, q->size, true, &q->start))
			return ENOMEM;
		q->end = q->start + q->size;
		return 0;
	}
	q->end = q->start + q->size;
	if (range_is_free(map, q->start, q->end))
		return 0;
	if (q->noreplace && !range_is_unmapped(map, q->start, q->end))
		return EEXIST;
	vm_map_delete(map, q->start, q->end, dead, r);
	return 0;
}

/* Bytes of [start, end) that are mapped already. */
static uint64_t
mapped_bytes(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_first_from(map, start);
	uint64_t sum = 0;

	for (; e != NULL && e->start < end; e = vm_map_next(map, e)) {
		if ((e->eflags & MAP_ENTRY_GUARD) == 0)
			sum += MIN(e->end, end) - MAX(e->start, start);
	}
	return sum;
}

static int
check_limits(struct vmspace *vm, const struct request *q)
{
	uint64_t replaced = q->fixed ? mapped_bytes(&vm->map, q->start, q->start + q->size) : 0;

	if (vm->map.nentries >= vm_max_map_count)
		return ENOMEM;
	if (q->locked && !vm_wire_allowed(&vm->map, q->size))
		return EAGAIN;
	return vm->map.size - replaced + q->size > vm->limit_as ? ENOMEM : 0;
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

/* A mapping that grows down: reserve the hole below it, as far as a stack may grow.  => as
 * vm_map_insert. */
static int
insert_stack(struct vm_map *map, struct request *q, struct vm_map_reserve *r) REQUIRES(map->lock)
{
	struct vm_map_args gap = {
	    .max_prot = VM_PROT_ALL, .inherit = VM_INHERIT_COPY, .eflags = MAP_ENTRY_GUARD};
	struct vm_map_entry *below = NULL;
	vaddr_t floor = map->min;
	int error;

	if (vm_map_lookup_entry(map, q->start, &below) == NULL && below != NULL)
		floor = below->end;
	q->args.eflags |= MAP_ENTRY_GROWS_DOWN;
	q->args.offset = MIN(q->start - floor, USER_STACK_RESERVE + USER_STACK_GUARD);
	error = vm_map_insert(map, q->start, q->end, &q->args, r);
	if (error != 0 || q->args.offset == 0)
		return error;
	return vm_map_insert(map, q->start - q->args.offset, q->start, &gap, r);
}

/* The mapping itself.  On success the object's reference belongs to it. */
static int
map_request(struct vmspace *vm, struct request *q)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	struct list dead = LIST_INIT(dead);
	int error = vm_map_reserve(&r, 4);
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
		if (error == 0 && q->growsdown)
			error = insert_stack(&vm->map, q, &r);
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
		if (vm_fault(map, va, access) != 0)
			return;
	}
}

int
vm_mmap(struct vmspace *vm, const struct vm_mmap_args *args, vaddr_t *addr)
{
	struct request q = {.size = 0};
	int error = check_place(&vm->map, args, &q);

	if (error == 0)
		error = check_flags(args);
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
	else if ((args->flags & MAP_POPULATE) != 0)
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

/* Would unmapping the range leave two parts of one entry, and that be one entry too many? */
static bool
cuts_too_many(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e;
	bool cuts;

	vm_map_lock_read(map);
	e = vm_map_lookup_entry(map, start, NULL);
	cuts = e != NULL && e->start < start && end < e->end && map->nentries >= vm_max_map_count;
	vm_map_unlock_read(map);
	return cuts;
}

int
vm_munmap(struct vmspace *vm, vaddr_t addr, size_t len)
{
	vaddr_t end;
	int error = user_range(&vm->map, addr, len, &end);

	if (error != 0 || len == 0)
		return EINVAL;
	if (cuts_too_many(&vm->map, addr, end))
		return ENOMEM;
	return vm_map_remove(&vm->map, addr, end);
}

int
vm_mprotect(struct vmspace *vm, vaddr_t addr, size_t len, int prot)
{
	vaddr_t end;

	/* PROT_GROWSDOWN and PROT_GROWSUP are refused with the other unknown bits. */
	if ((addr & PAGE_MASK) != 0)
		return EINVAL;
	if (len == 0)
		return 0;
	if (addr + round_page(len) <= addr)
		return ENOMEM;
	if ((prot & ~PROT_ALL_BITS) != 0)
		return EINVAL;
	if (user_range(&vm->map, addr, len, &end) != 0)
		return ENOMEM;
	if (vm->map.nentries + 2 > vm_max_map_count)
		return ENOMEM;
	return vm_map_protect(&vm->map, addr, end, (vm_prot_t)prot);
}

int
vm_minherit(struct vmspace *vm, vaddr_t addr, size_t len, int inherit)
{
	vaddr_t start = trunc_page(addr);

	if (addr + len < addr || addr + len > vm->map.max || inherit < 0 ||
	    inherit > VM_INHERIT_ZERO)
		return EINVAL;
	if (vm->map.nentries + 2 > vm_max_map_count)
		return ENOMEM;
	return vm_map_inherit(&vm->map, start, round_page(addr + len), (vm_inherit_t)inherit);
}
