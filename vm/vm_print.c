/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Printing maps, objects and pages: for ^P on the console, for panics and for the debugger.
 *
 * None of it takes a lock: the system may be stopped with anything locked.  So it says what was
 * locked, believes no list to be shorter than its bound, and follows no pointer that it has not
 * printed before.
 */
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_map.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"

/* More than this is not worth the screen. */
#define PRINT_ENTRIES 64u
#define PRINT_CHAIN   32u
#define PRINT_PAGES   16u

static const char *const inherit_names[] = {"share", "copy", "none", "zero"};

const struct vm_flag_name vm_map_entry_flag_names[] = {
    {MAP_ENTRY_COW, "cow"},
    {MAP_ENTRY_NEEDS_COPY, "needs-copy"},
    {MAP_ENTRY_SUBMAP, "submap"},
    {MAP_ENTRY_GUARD, "guard"},
    {MAP_ENTRY_GROWS_DOWN, "grows-down"},
    {MAP_ENTRY_GROWS_UP, "grows-up"},
    {MAP_ENTRY_STACK, "stack"},
    {MAP_ENTRY_NOFAULT, "no-fault"},
    {MAP_ENTRY_NOMERGE, "no-merge"},
    {MAP_ENTRY_IN_TRANSITION, "in-transition"},
    {MAP_ENTRY_NEEDS_WAKEUP, "needs-wakeup"},
    {MAP_ENTRY_USER_WIRED, "user-wired"},
    {MAP_ENTRY_WIRED_ONFAULT, "wired-on-fault"},
    {MAP_ENTRY_SHARED, "shared"},
    {MAP_ENTRY_NOSYNC, "no-sync"},
    {MAP_ENTRY_NODUMP, "no-dump"},
    {0, NULL},
};

const struct vm_flag_name vm_object_flag_names[] = {
    {OBJ_ONEMAPPING, "one-mapping"},
    {OBJ_COLLAPSING, "collapsing"},
    {OBJ_SPLIT, "split"},
    {OBJ_GONE, "gone"},
    {OBJ_MOVED, "moved"},
    {0, NULL},
};

const struct vm_flag_name vm_page_flag_names[] = {
    {PGA_REFERENCED, "referenced"},
    {PGA_ZERO, "zero"},
    {PGA_EXEC, "exec"},
    {0, NULL},
};

const char *
vm_advice_name(vm_advice_t advice)
{
	static const char *const names[] = {"normal", "random", "sequential"};

	return advice < NELEM(names) ? names[advice] : "?";
}

const char *
vm_object_type_name(const struct vm_object *o)
{
	static const char *const names[] = {
	    [OBJ_ANON] = "anon",
	    [OBJ_VNODE] = "vnode",
	    [OBJ_DEVICE] = "device",
	    [OBJ_PHYS] = "phys",
	    [OBJ_KERNEL] = "kernel",
	    [OBJ_DEAD] = "dead",
	};

	return o->type < NELEM(names) ? names[o->type] : "?";
}

static void
print_flags(unsigned flags, const struct vm_flag_name *names)
{
	for (; names->name != NULL; names++)
		if ((flags & names->bit) != 0)
			kprintf(" %s", names->name);
}

static void
print_rights(vm_prot_t prot)
{
	kprintf("%c%c%c", (prot & VM_PROT_READ) != 0 ? 'r' : '-',
	    (prot & VM_PROT_WRITE) != 0 ? 'w' : '-', (prot & VM_PROT_EXEC) != 0 ? 'x' : '-');
}

/*
 * Objects and pages.
 */
static void
print_object(const struct vm_object *o)
{
	uintptr_t locker = o->lock.owner & ~(uintptr_t)1;

	kprintf("%s %p refs %d shadows %d size %u resident %u offset %u depth %u",
	    vm_object_type_name(o), (const void *)o, o->refs, o->shadow_count, o->size, o->resident,
	    o->backing_off, o->depth);
	if (o->pip != 0)
		kprintf(" in-progress %d", o->pip);
	print_flags(o->flags, vm_object_flag_names);
	if (o->handle != NULL)
		kprintf(" handle %p", o->handle);
	if (locker != 0)
		kprintf(
		    " (locked by %s: may be half changed)", ((const struct thread *)locker)->name);
	kprintf("\n");
}

/* o and what is behind it, a line each, further and further in. */
static void
print_chain(const struct vm_object *o, unsigned indent)
{
	for (unsigned level = 0; o != NULL && level < PRINT_CHAIN; o = o->backing, level++) {
		kprintf("%*s%s", (int)(indent + 2 * level), "", level > 0 ? "-> " : "");
		print_object(o);
	}
	if (o != NULL)
		kprintf("%*s...\n", (int)indent, "");
}

static void
print_pages(const struct vm_object *o)
{
	const struct tree_node *n = tree_outermost(&o->pages, 0);
	unsigned count = 0;

	for (; n != NULL && count < PRINT_PAGES; n = tree_neighbour(n, 1), count++)
		vm_page_print(TREE_ENTRY(n, struct vm_page, node));
	if (n != NULL)
		kprintf("  ... and more: %u pages\n", o->resident);
}

void
vm_object_print(const struct vm_object *o)
{
	print_object(o);
	print_pages(o);
	if (o->backing != NULL) {
		kprintf("behind it:\n");
		print_chain(o->backing, 2);
	}
}

void
vm_page_print(const struct vm_page *m)
{
	static const char *const queues[PQ_COUNT] = {
	    [PQ_NONE] = "none",
	    [PQ_INACTIVE] = "inactive",
	    [PQ_ACTIVE] = "active",
	    [PQ_LAUNDRY] = "laundry",
	};

	kprintf("  page %p frame %#lx object %p index %u ref %#x busy %#x queue %s%s%s",
	    (const void *)m, vm_page_to_phys(m), (const void *)m->object, m->pindex, m->ref,
	    m->busy, m->queue < PQ_COUNT ? queues[m->queue] : "?", m->valid ? " valid" : "",
	    m->dirty ? " dirty" : "");
	print_flags(m->aflags, vm_page_flag_names);
	kprintf("\n");
}

/*
 * Maps.
 */
static void
print_entry(const struct vm_map_entry *e)
{
	kprintf("  %012lx-%012lx ", e->start, e->end);
	print_rights(e->protection);
	kprintf("/");
	print_rights(e->max_protection);
	kprintf(" %-5s offset %#lx", inherit_names[e->inheritance & 3], e->offset);
	print_flags(e->eflags, vm_map_entry_flag_names);
	if (e->wired_count > 0)
		kprintf(" wired %u", e->wired_count);
	if (e->owner != NULL)
		kprintf(" by %s", e->owner->name);
	if (e->advice != VM_ADVICE_NORMAL)
		kprintf(" advice %s", vm_advice_name(e->advice));
	if ((e->eflags & MAP_ENTRY_SUBMAP) != 0)
		kprintf(": map %s %p, %u entries\n", e->u.submap->name, (const void *)e->u.submap,
		    e->u.submap->nentries);
	else
		kprintf("\n");
	if ((e->eflags & (MAP_ENTRY_SUBMAP | MAP_ENTRY_GUARD)) == 0)
		print_chain(e->u.object, 6);
}

static void
print_map_lock(const struct sx *lock)
{
	uint32_t state = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);
	const struct thread *owner = lock->owner;

	if ((state & SX_WRITER) != 0)
		kprintf("  (locked exclusively by %s: may be half changed)\n",
		    owner != NULL ? owner->name : "?");
	else if (state >= SX_READER)
		kprintf("  (share-locked by %u)\n", state / SX_READER);
}

void
vm_map_print(const struct vm_map *map)
{
	const struct list *at = map->entries.next;

	kprintf("map %s %p: %#lx-%#lx, %u entries, %lu KiB, pmap %p\n", map->name,
	    (const void *)map, map->min, map->max, map->nentries, map->size >> 10,
	    (const void *)map->pmap);
	print_map_lock(&map->lock);
	if (map->busy != 0)
		kprintf("  (%u wirers are at work)\n", map->busy);
	for (unsigned n = 0; at != &map->entries && n < PRINT_ENTRIES; at = at->next, n++)
		print_entry(LIST_ENTRY(at, struct vm_map_entry, link));
	if (at != &map->entries)
		kprintf("  ... and more\n");
}

void
vmspace_print(const struct vmspace *vm)
{
	kprintf("vmspace %p: %d users, %d holds\n", (const void *)vm, vm->users, vm->holds);
	kprintf("  mapped   %lu KiB in %u entries, %lu KiB locked\n", vm->map.size >> 10,
	    vm->map.nentries, vm->map.locked >> 10);
	kprintf("  resident %lu pages, %lu wired\n", pmap_resident_count(vm->map.pmap),
	    pmap_wired_count(vm->map.pmap));
	kprintf("  break    %#lx-%#lx\n", vm->brk_start, vm->brk);
	kprintf("  stack    up to %#lx\n", vm->stack_top);
	kprintf("  argv     %#lx-%#lx\n", vm->arg_start, vm->arg_end);
	kprintf("  limits   as %#lx, data %#lx, stack %#lx\n", vm->limit_as, vm->limit_data,
	    vm->limit_stack);
	kprintf("  map      %p, pmap %p\n", (const void *)&vm->map, (const void *)vm->map.pmap);
	print_map_lock(&vm->map.lock);
}
