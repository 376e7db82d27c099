/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Printing a map: for ^P on the console and for panics, so it takes no lock and trusts nothing for
 * longer than a line.
 */
#include "kern/base/debug.h"
#include "vm/vm_map.h"
#include "vm/vm_object.h"

/* More entries than this are not worth the screen. */
#define PRINT_MAX 64

static void
print_object(const struct vm_object *o)
{
	for (unsigned level = 0; o != NULL && level < 8; o = o->backing, level++) {
		kprintf(" %s obj %p refs %d size %u resident %u", level == 0 ? "" : "->",
		    (const void *)o, o->refs, o->size, o->resident);
	}
}

static void
print_entry(const struct vm_map_entry *e)
{
	static const char *const inherit[] = {"share", "copy", "none", "zero"};

	kprintf("  %012lx-%012lx %c%c%c/%c%c%c %-5s", e->start, e->end,
	    (e->protection & VM_PROT_READ) != 0 ? 'r' : '-',
	    (e->protection & VM_PROT_WRITE) != 0 ? 'w' : '-',
	    (e->protection & VM_PROT_EXEC) != 0 ? 'x' : '-',
	    (e->max_protection & VM_PROT_READ) != 0 ? 'r' : '-',
	    (e->max_protection & VM_PROT_WRITE) != 0 ? 'w' : '-',
	    (e->max_protection & VM_PROT_EXEC) != 0 ? 'x' : '-', inherit[e->inheritance & 3]);
	if ((e->eflags & MAP_ENTRY_NEEDS_COPY) != 0)
		kprintf(" needs-copy");
	if ((e->eflags & MAP_ENTRY_GROWS_DOWN) != 0)
		kprintf(" stack");
	if ((e->eflags & MAP_ENTRY_GUARD) != 0)
		kprintf(" guard");
	else if ((e->eflags & MAP_ENTRY_SUBMAP) != 0)
		kprintf(" submap %s", e->u.submap->name);
	else
		print_object(e->u.object);
	kprintf("\n");
}

void
vm_map_print(const struct vm_map *map)
{
	unsigned n = 0;

	kprintf("map %s %p: %u entries, %lu KiB\n", map->name, (const void *)map, map->nentries,
	    map->size >> 10);
	for (const struct list *at = map->entries.next; at != &map->entries && n < PRINT_MAX;
	     at = at->next, n++)
		print_entry(LIST_ENTRY(at, struct vm_map_entry, link));
	if (n == PRINT_MAX)
		kprintf("  ...\n");
}
