/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel memory by address.
 *
 *      kernel_map   0xffffffe000000000 ................................... + twice the RAM
 *                   [ kstack_map ][ exec_map ][ pipe_map ][ kmem_map ] ...
 *
 * A submap is one entry of kernel_map and a map of its own inside: it has its own lock, so that a
 * thread waiting for space for argument strings does not stop another that needs a stack, and its
 * size bounds what its purpose may take.
 *
 * All memory in all of them belongs to one object, kernel_object, at the offset VA -
 * VM_MIN_KERNEL_ADDRESS, submaps included: the address says which page, and two allocations can
 * never meet in the object.  Example: a stack at 0xffffffe000005000 is made of the object's pages
 * 5, 6, 7, 8.
 *
 * Two kinds of memory, told apart by the entry's NOFAULT flag:
 *
 *      wired      pages are there from the start, mapped by pmap_kenter: no reverse mappings,
 *                 never taken away; a fault there is a bug, and so is an error
 *      pageable   pages come by page fault, zeroed, with reverse mappings, as in a user's space
 *
 * Unmapping frees the pages at once: there is nothing to keep them for.  Each allocation stays an
 * entry of its own (NOMERGE), so freeing never has to cut an entry and needs no memory.
 *
 * Locks: the (sub)map, then kernel_object.  Pages are waited for with neither.
 */
#include "vm/vm_km.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_map.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

#define MIB (1ul << 20)

/* Sizes of submaps: a share of RAM, between bounds. */
#define KSTACK_RAM_SHARE 64ul * 1024 /* one kernel stack for each so many bytes, */
#define KSTACKS_MIN      256ul       /* but at least */
#define KSTACKS_MAX      32768ul     /* and at most so many */
#define EXEC_MAP_SHARE   16ul
#define EXEC_MAP_MIN     (4 * MIB)
#define EXEC_MAP_MAX     (64 * MIB)
#define PIPE_MAP_SHARE   2ul
#define PIPE_MAP_MIN     (16 * MIB)
#define PIPE_MAP_MAX     (1024 * MIB)
#define KMEM_MAP_MIN     (16 * MIB)
#define KMEM_MAP_MAX     (16 * 1024 * MIB)

#define KSTACK_SLOT      (KSTACK_SIZE + PAGE_SIZE) /* with the guard page below */
#define KSTACKS_CACHED   8u
#define KM_PATIENCE      15u /* fruitless waits for a page, then it fails: about 0.3 s */

static struct vm_map kernel_map_storage;
struct vm_map *kernel_map = &kernel_map_storage;
struct vm_map *kstack_map, *exec_map, *pipe_map, *kmem_map;

static struct vm_object *kernel_object; /* I */

static struct spinlock kstack_lock = SPINLOCK_INIT("kernel stacks", RANK_ZONE);
static vaddr_t kstack_cache[KSTACKS_CACHED]; /* kstack_lock  free stacks, still mapped */
static unsigned kstack_cached;               /* kstack_lock */
static vaddr_t kstack_min, kstack_max;       /* I */

static pindex_t
object_index(vaddr_t va)
{
	return (pindex_t)atop(va - VM_MIN_KERNEL_ADDRESS);
}

/*
 * Address space.
 */
/* => map locked.  Returns the address, or 0: no room. */
static vaddr_t
insert_range(struct vm_map *map, size_t size, uint16_t eflags, struct vm_map_reserve *r)
    REQUIRES(map->lock)
{
	struct vm_map_args args = {
	    .object = kernel_object,
	    .prot = VM_PROT_RW,
	    .max_prot = VM_PROT_RW,
	    .inherit = VM_INHERIT_NONE,
	    .eflags = eflags | MAP_ENTRY_NOMERGE,
	};
	vaddr_t va;
	int error;

	if (!vm_map_findspace(map, map->min, map->max, size, false, &va))
		return 0;
	args.offset = va - VM_MIN_KERNEL_ADDRESS;
	vm_object_ref(kernel_object);
	error = vm_map_insert(map, va, va + size, &args, r);
	KASSERT(error == 0);
	return va;
}

/* Wait for map space if `wait`: somebody will free some.  => returns 0 if there is none (or, with
 * KM_TRYLOCK, no lock; or the thread is to exit). */
static vaddr_t
reserve_range(
    struct vm_map *map, size_t size, uint16_t eflags, unsigned flags, bool wait) NO_LOCK_ANALYSIS
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	vaddr_t va = 0;
	int error = 0;

	if (size == 0 || size > map->max - map->min || vm_map_reserve(&r, 1) != 0)
		return 0;
	if (!(flags & KM_TRYLOCK))
		vm_map_lock(map);
	else if (!sx_try_xlock(&map->lock))
		goto out;
	while ((va = insert_range(map, size, eflags, &r)) == 0 && wait && error == 0) {
		map->want_space = true;
		sleep_prepare(&map->want_space, map->name);
		vm_map_unlock(map);
		vm_count(VMC_SPACE_WAITS);
		error = sleep_wait(SLEEP_KILL, NO_DEADLINE);
		vm_map_lock(map);
	}
	vm_map_unlock(map);
out:
	vm_map_unreserve(&r);
	return va;
}

/*
 * Pages.
 */
/* => kernel_object has no page there.  NULL: no memory. */
static struct vm_page *
wired_page(vaddr_t va, unsigned flags)
{
	unsigned alloc = VM_ALLOC_NORMAL | VM_ALLOC_WIRED | ((flags & KM_ZERO) ? VM_ALLOC_ZERO : 0);
	struct vm_page *m;

	mutex_lock(&kernel_object->lock);
	m = vm_page_alloc(kernel_object, object_index(va), alloc);
	if (m != NULL) {
		m->valid = 1;
		vm_page_xunbusy(m);
	}
	mutex_unlock(&kernel_object->lock);
	return m;
}

static struct vm_page *
wired_page_wait(vaddr_t va, unsigned flags)
{
	struct vm_page *m;
	unsigned in_vain = 0;

	while ((m = wired_page(va, flags)) == NULL) {
		if (flags & KM_NOWAIT)
			return NULL;
		if (!vm_page_wait() && ++in_vain == KM_PATIENCE)
			return NULL;
	}
	return m;
}

/* Put pages behind [start, end).  Returns false if there were not enough; what was done is for
 * km_free to undo. */
static bool
populate(vaddr_t start, vaddr_t end, unsigned flags)
{
	if (pmap_growkernel(start, end) != 0)
		return false;
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		struct vm_page *m = wired_page_wait(va, flags);

		if (m == NULL)
			return false;
		pmap_kenter(va, vm_page_to_phys(m), VM_PROT_RW);
	}
	return true;
}

/*
 * The sources choose between walking the object's pages and probing each index, whichever is less;
 * walking the part of an ordered tree that lies in the range is never more than either.
 */
void
km_pgremove(vaddr_t start, vaddr_t end)
{
	pindex_t last = object_index(end - PAGE_SIZE);
	struct vm_page *m, *next;

	mutex_lock(&kernel_object->lock);
	for (m = vm_page_find_least(kernel_object, object_index(start));
	     m != NULL && m->pindex <= last; m = next) {
		next = vm_page_next(m);
		if (vm_page_wired(m))
			vm_page_unwire(m, PQ_NONE);
	}
	vm_object_page_remove(kernel_object, object_index(start), last + 1);
	mutex_unlock(&kernel_object->lock);
}

/* => [start, end) is exactly one allocation. */
static void
free_range(struct vm_map *map, vaddr_t start, vaddr_t end, bool wake)
{
	struct vm_map_reserve none = VM_MAP_RESERVE_INIT(none);
	struct list dead = LIST_INIT(dead);
	struct vm_map_entry *e;

	KASSERT(start < end && ((start | end) & PAGE_MASK) == 0);
	vm_map_lock(map);
	e = vm_map_lookup_entry(map, start, NULL);
	KASSERT(e != NULL && e->start == start && e->end == end);
	if (e->eflags & MAP_ENTRY_NOFAULT)
		pmap_kremove(start, end);
	else
		pmap_remove(kernel_pmap, start, end);
	km_pgremove(start, end);
	vm_map_delete(map, start, end, &dead, &none);
	if (wake && map->want_space) {
		map->want_space = false;
		wakeup(&map->want_space);
	}
	vm_map_unlock(map);
	vm_map_release_dead(&dead);
}

vaddr_t
km_kmemalloc(struct vm_map *map, size_t size, unsigned flags)
{
	size_t guard = (flags & KM_GUARD) ? PAGE_SIZE : 0;
	vaddr_t va;

	size = round_page(size);
	va = reserve_range(
	    map, size + guard, (flags & KM_VALLOC) ? 0 : MAP_ENTRY_NOFAULT, flags, false);
	if (va == 0)
		return 0;
	if (!(flags & KM_VALLOC) && !populate(va + guard, va + guard + size, flags)) {
		free_range(map, va, va + guard + size, false);
		return 0;
	}
	return va + guard;
}

vaddr_t
km_alloc(struct vm_map *map, size_t size)
{
	return km_kmemalloc(map, size, KM_ZERO);
}

vaddr_t
km_valloc(struct vm_map *map, size_t size)
{
	return reserve_range(map, round_page(size), 0, 0, false);
}

int
km_populate(vaddr_t va, size_t size)
{
	for (vaddr_t end = va + size; va < end; va += PAGE_SIZE) {
		int error = vm_fault(kernel_map, va, VM_PROT_WRITE);

		if (error != 0)
			return ENOMEM;
	}
	return 0;
}

vaddr_t
km_valloc_wait(struct vm_map *map, size_t size)
{
	return reserve_range(map, round_page(size), 0, 0, true);
}

void
km_free(struct vm_map *map, vaddr_t va, size_t size)
{
	free_range(map, va, va + round_page(size), false);
}

void
km_free_guarded(struct vm_map *map, vaddr_t va, size_t size)
{
	free_range(map, va - PAGE_SIZE, va + round_page(size), false);
}

void
km_free_wakeup(struct vm_map *map, vaddr_t va, size_t size)
{
	free_range(map, va, va + round_page(size), true);
}

void *
km_poolpage_alloc(unsigned flags)
{
	struct vm_page *m = vm_page_alloc_noobj(flags);

	return m == NULL ? NULL : vm_page_kva(m);
}

void
km_poolpage_free(void *page)
{
	struct vm_page *m = vm_phys_to_page((vaddr_t)page - DMAP_BASE);

	KASSERT(m != NULL && m->object == NULL);
	vm_page_free(m);
}

/*
 * Kernel stacks.  All slots of kstack_map have the same size, and space is found lowest first: slot
 * n begins at kstack_min + n * KSTACK_SLOT, with its guard page.
 */
vaddr_t
kstack_alloc(void)
{
	vaddr_t stack = 0;

	spin_lock(&kstack_lock);
	if (kstack_cached > 0)
		stack = kstack_cache[--kstack_cached];
	spin_unlock(&kstack_lock);
	return stack != 0 ? stack : km_kmemalloc(kstack_map, KSTACK_SIZE, KM_GUARD);
}

void
kstack_free(vaddr_t stack)
{
	bool cached = false;

	KASSERT(kstack_is_guard(stack - PAGE_SIZE));
	spin_lock(&kstack_lock);
	if (kstack_cached < KSTACKS_CACHED) {
		kstack_cache[kstack_cached++] = stack;
		cached = true;
	}
	spin_unlock(&kstack_lock);
	if (!cached)
		km_free_guarded(kstack_map, stack, KSTACK_SIZE);
}

uint64_t
kstack_drain(void)
{
	uint64_t pages = 0;

	for (;;) {
		vaddr_t stack = 0;

		spin_lock(&kstack_lock);
		if (kstack_cached > 0)
			stack = kstack_cache[--kstack_cached];
		spin_unlock(&kstack_lock);
		if (stack == 0)
			return pages;
		km_free_guarded(kstack_map, stack, KSTACK_SIZE);
		pages += KSTACK_PAGES;
	}
}

bool
kstack_is_guard(vaddr_t va)
{
	return va >= kstack_min && va < kstack_max && (va - kstack_min) % KSTACK_SLOT < PAGE_SIZE;
}

/*
 * Boot.
 */
struct vm_map *
km_suballoc(struct vm_map *parent, vaddr_t *min, vaddr_t *max, size_t size, const char *name)
{
	struct vm_map_args args = {
	    .prot = VM_PROT_RW,
	    .max_prot = VM_PROT_RW,
	    .inherit = VM_INHERIT_NONE,
	    .eflags = MAP_ENTRY_NOMERGE,
	};
	struct vm_map *sub = kmalloc(sizeof(*sub), ZONE_ZERO);

	size = round_page(size);
	if (sub == NULL || vm_map_find(parent, min, size, &args) != 0)
		panic("no room for %s (%lu KiB)", name, (unsigned long)(size >> 10));
	*max = *min + size;
	vm_map_init(sub, name, parent->pmap, *min, *max, VM_MAP_KERNEL);
	vm_map_submap(parent, *min, *max, sub);
	return sub;
}

static size_t
share_of_ram(uint64_t share, size_t least, size_t most)
{
	return MIN(MAX(ptoa(vm_page_total_count()) / share, least), most);
}

void
km_init(void)
{
	vaddr_t min, max;

	vm_map_init(kernel_map, "kernel_map", kernel_pmap, VM_MIN_KERNEL_ADDRESS, pmap_kernel_end,
	    VM_MAP_KERNEL | VM_MAP_WXORX);
	kernel_object =
	    vm_object_alloc(OBJ_KERNEL, object_index(pmap_kernel_end - PAGE_SIZE) + 1, NULL, NULL);
	if (kernel_object == NULL)
		panic("no memory for the kernel object");
	kstack_map = km_suballoc(kernel_map, &kstack_min, &kstack_max,
	    share_of_ram(KSTACK_RAM_SHARE, KSTACKS_MIN, KSTACKS_MAX) * KSTACK_SLOT, "kstack_map");
	exec_map = km_suballoc(kernel_map, &min, &max,
	    share_of_ram(EXEC_MAP_SHARE, EXEC_MAP_MIN, EXEC_MAP_MAX), "exec_map");
	pipe_map = km_suballoc(kernel_map, &min, &max,
	    share_of_ram(PIPE_MAP_SHARE, PIPE_MAP_MIN, PIPE_MAP_MAX), "pipe_map");
	kmem_map = km_suballoc(
	    kernel_map, &min, &max, share_of_ram(1, KMEM_MAP_MIN, KMEM_MAP_MAX), "kmem_map");
}
