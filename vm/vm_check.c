/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_check_all: what vm can verify about itself.  Each structure checks itself (vm_map_check,
 * vm_object_check_all, vm_page_check_all, zone_check_all); here is what lies between them: page
 * tables against maps and objects, reference counts against who refers.
 *
 * It runs on a live system: maps are looked at under their lock, so what is checked within one map
 * is exact.  References are counted over all maps one after the other; a fork or a fault in between
 * can make that wrong, so a wrong count is believed only when it stays.
 */
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "vm/pmap.h"
#include "vm/vm_km.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_wire.h"
#include "vm/vmspace.h"
#include "vm/zone.h"

#define COUNT_TRIES 20

static struct mutex check_lock = MUTEX_INIT("vm_check", RANK_EXEC);

/* The page that va shows: topmost in the chain.  => map locked. */
static struct vm_page *
page_behind(const struct vm_map_entry *e, vaddr_t va) NO_LOCK_ANALYSIS
{
	struct vm_object *o = e->u.object, *in;
	struct vm_page *m;

	if (o == NULL)
		return NULL;
	mutex_lock(&o->lock);
	m = vm_object_shown(o, vm_map_entry_index(e, va), &in);
	if (m != NULL)
		mutex_unlock(&in->lock);
	return m;
}

/* One page table entry against the map: the entry allows it, and it shows the right page. */
static void
check_mapping(void *arg, vaddr_t va, struct vm_page *m, vm_prot_t prot, bool wired)
{
	struct vm_map *map = arg;
	struct vm_map_entry *e = vm_map_lookup_entry(map, va, NULL);
	vm_prot_t most;

	KASSERT(e != NULL && (e->eflags & MAP_ENTRY_GUARD) == 0);
	KASSERT(wired == (e->wired_count > 0) || (e->eflags & MAP_ENTRY_IN_TRANSITION) != 0);
	most = e->protection | ((e->protection & VM_PROT_WRITE) != 0 ? VM_PROT_READ : 0);
	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0)
		most &= ~VM_PROT_WRITE;
	KASSERT((prot & ~most) == 0);
	KASSERT(m == page_behind(e, va) && m->valid);
	KASSERT((prot & VM_PROT_WRITE) == 0 || m->object == e->u.object);
}

/* Each page of a wired entry is there, and has a wiring. */
static void
check_wired_pages(const struct vm_map_entry *e)
{
	for (vaddr_t va = e->start; va < e->end; va += PAGE_SIZE) {
		struct vm_page *m = page_behind(e, va);

		KASSERT(m != NULL && vm_page_wired(m));
	}
}

static void
check_space(struct vmspace *vm, void *arg)
{
	(void)arg;
	/* Exclusively: no fault may change the page tables meanwhile. */
	vm_map_lock(&vm->map);
	vm_map_check(&vm->map);
	pmap_walk(vm->map.pmap, check_mapping, &vm->map);
	LIST_FOREACH(at, &vm->map.entries) {
		struct vm_map_entry *e = LIST_ENTRY(at, struct vm_map_entry, link);

		if (vm_wire_is_full(e) && (e->eflags & MAP_ENTRY_IN_TRANSITION) == 0)
			check_wired_pages(e);
	}
	vm_map_unlock(&vm->map);
}

static void
check_kernel_map(struct vm_map *map)
{
	vm_map_lock_read(map);
	vm_map_check(map);
	vm_map_unlock_read(map);
}

/*
 * Reference counts.
 */

static void
forget_seen(struct vm_object *o, void *arg)
{
	(void)arg;
	o->seen = 0;
}

static void
see_entries(struct vmspace *vm, void *arg)
{
	(void)arg;
	vm_map_lock_read(&vm->map);
	LIST_FOREACH(at, &vm->map.entries) {
		struct vm_map_entry *e = LIST_ENTRY(at, struct vm_map_entry, link);

		if (e->u.object != NULL)
			__atomic_fetch_add(&e->u.object->seen, 1, __ATOMIC_RELAXED);
	}
	vm_map_unlock_read(&vm->map);
}

static void
count_wrong(struct vm_object *o, void *arg)
{
	/* Files and kernel objects are also referred to by whoever owns them. */
	if (o->type == OBJ_ANON && o->refs != o->seen + o->shadow_count)
		++*(unsigned *)arg;
}

static unsigned
wrong_counts(void)
{
	unsigned wrong = 0;

	vm_object_foreach(forget_seen, NULL);
	vmspace_foreach(see_entries, NULL);
	vm_object_foreach(count_wrong, &wrong);
	return wrong;
}

static void
check_references(void)
{
	unsigned wrong = wrong_counts();

	for (int tries = 0; wrong != 0 && tries < COUNT_TRIES; tries++) {
		sleep_ns(5000000, "check", 0);
		wrong = wrong_counts();
	}
	if (wrong != 0)
		panic("%u objects have references that nobody holds", wrong);
}

void
vm_check_all(void)
{
	mutex_lock(&check_lock);
	vmspace_foreach(check_space, NULL);
	check_kernel_map(kernel_map);
	check_kernel_map(kstack_map);
	check_kernel_map(exec_map);
	check_kernel_map(pipe_map);
	check_kernel_map(kmem_map);
	vm_object_check_all();
	check_references();
	vm_page_check_all();
	zone_check_all();
	mutex_unlock(&check_lock);
}
