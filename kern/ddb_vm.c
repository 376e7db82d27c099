/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debugger's view of memory: maps, objects, pages, zones, page tables, counters.
 *
 * How a map, an object and a page look is vm/vm_print.c's; here is what names them.
 */
#include <string.h>

#include "arch/riscv/debug.h"
#include "arch/riscv/vmparam.h"
#include "kern/base/debug.h"
#include "kern/ddb_command.h"
#include "kern/proc.h"
#include "lib/annot.h"
#include "vm/pmap.h"
#include "vm/vm_km.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"
#include "vm/zone.h"

/* One of the kernel's maps by name; NULL: none has it. */
static struct vm_map *
kernel_map_named(const char *name)
{
	const struct {
		const char *name;
		struct vm_map *map;
	} maps[] = {{"kernel", kernel_map}, {"kstack", kstack_map}, {"exec", exec_map},
	    {"pipe", pipe_map}, {"kmem", kmem_map}};

	for (unsigned i = 0; i < NELEM(maps); i++)
		if (strcmp(name, maps[i].name) == 0)
			return maps[i].map;
	return NULL;
}

void
ddb_show_map(const struct ddb_args *a)
{
	struct vm_map *map = a->n > 0 ? kernel_map_named(a->word[0]) : NULL;
	struct vmspace *vm;
	uint64_t value;

	if (map == NULL) {
		if (!ddb_argument(a, 0, "PID, ADDR or NAME", &value))
			return;
		vm = value < PID_MAX ? ddb_find_vmspace(value) : NULL;
		if (vm == NULL && value < PID_MAX)
			return;
		map = vm != NULL ? &vm->map : (struct vm_map *)value;
	}
	vm_map_print(map);
}

void
ddb_show_procvm(const struct ddb_args *a)
{
	struct vmspace *vm;
	uint64_t pid;

	if (!ddb_argument(a, 0, "PID", &pid) || (vm = ddb_find_vmspace(pid)) == NULL)
		return;
	vmspace_print(vm);
}

void
ddb_show_object(const struct ddb_args *a)
{
	uint64_t addr;

	if (ddb_argument(a, 0, "ADDR", &addr))
		vm_object_print((const struct vm_object *)addr);
}

void
ddb_show_page(const struct ddb_args *a)
{
	const struct vm_page *m;
	uint64_t addr;

	if (!ddb_argument(a, 0, "ADDR", &addr))
		return;
	/* Physical addresses end where the direct map does. */
	m = addr < DMAP_SIZE ? vm_phys_to_page(addr) : (const struct vm_page *)addr;
	if (m == NULL)
		ddb_complain("not memory, or never used so far", a->word[0]);
	else
		vm_page_print(m);
}

static void
print_zone(const struct zone *z, void *arg)
{
	(void)arg;
	zone_print(z);
}

void
ddb_show_zones(const struct ddb_args *a)
{
	(void)a;
	kprintf("%-20s %6s %8s %8s %6s\n", "zone", "bytes", "in use", "cached", "pages");
	zone_foreach(print_zone, NULL);
}

void
ddb_show_pmap(const struct ddb_args *a)
{
	bool kernel = a->n > 0 && strcmp(a->word[0], "kernel") == 0;
	struct vmspace *vm = NULL;
	uint64_t pid, va;

	if (!kernel &&
	    (!ddb_argument(a, 0, "PID or kernel", &pid) || (vm = ddb_find_vmspace(pid)) == NULL))
		return;
	if (ddb_argument(a, 1, "VA", &va))
		debug_print_walk(kernel ? kernel_pmap : vm->map.pmap, va);
}

void
ddb_watch_counters(const struct ddb_args *a)
{
	static uint64_t seen[VMC_COUNT];
	unsigned changed = 0;

	(void)a;
	for (unsigned c = 0; c < VMC_COUNT; c++) {
		uint64_t now = vm_meter_read((enum vm_counter)c);

		if (now != seen[c]) {
			kprintf("%-20s %12lu  +%lu\n", vm_meter_name((enum vm_counter)c), now,
			    now - seen[c]);
			changed++;
		}
		seen[c] = now;
	}
	if (changed == 0)
		kprintf("no counter has changed\n");
}
