/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones: objects of one size, carved from pages of the direct map, with a small magazine per hart.
 *
 * Backing pages never come through kernel_map, so an allocation never needs a map entry: the map
 * code may allocate its own entries here.
 */
#ifndef VM_ZONE_H
#define VM_ZONE_H

#include <stddef.h>

#include "arch/riscv/vmparam.h"
#include "kern/base/lock.h"
#include "lib/annot.h"
#include "lib/list.h"

#define ZONE_ZERO   0x01u /* zone_alloc: contents zero */
#define ZONE_SYSTEM 0x02u /* zone_alloc: may use the page reserve (VM_ALLOC_SYSTEM) */

/* zone_create: memory is type-stable, slabs are never given back; items keep what they hold after
 * zone_free */
#define ZONE_NOFREE 0x01u

struct zone;

/* A zone for items of `size` bytes (up to half a page), aligned to 16 (to 64 if size is a multiple
 * of that).  `init` (may be NULL) runs once per item when its slab is made, not per allocation: it
 * initialises locks.  With init, items keep their contents between free and alloc.
 * => boot or later; never sleeps; panics only at boot.  `name` is a constant string, shown in
 * /proc/vmstat as zone_NAME. */
struct zone *zone_create(const char *name, size_t size, unsigned flags, void (*init)(void *item));

/* => any context, any lock below RANK_ZONE; never sleeps.  NULL: no memory. */
void *zone_alloc(struct zone *z, unsigned flags) MUST_CHECK;
void zone_free(struct zone *z, void *item); /* NULL is fine */

/* Sizes that no zone of its own is worth.  Up to 2 KiB from power-of-two zones, above that whole
 * pages of kmem_map (vm_km.c).
 * => thread context for sizes above 2 KiB.  Never sleeps for memory.  NULL: no memory.  Free with
 * the same size. */
void *kmalloc(size_t size, unsigned flags) MUST_CHECK;
void kfree(void *p, size_t size);

void zone_bootstrap(void); /* => after vm_page_startup */
uint64_t zone_in_use(const struct zone *z);
const char *zone_name(const struct zone *z);
const char *zone_stat_name(const struct zone *z); /* zone_NAME */
uint64_t zone_page_count(void);                   /* pages held by all zones */
/* Give back what the zones hold in reserve: magazines and empty slabs.  Returns how many pages
 * became free.  => any context. */
uint64_t zone_drain(void);
/* Print one line: item size, items in use, items cached, pages.  => any context; takes no lock. */
void zone_print(const struct zone *z);
/* Calls fn for each zone. */
void zone_foreach(void (*fn)(const struct zone *, void *), void *arg);
/* Panics if a zone's counts, slabs or poison are wrong.  => quiescent. */
void zone_check_all(void);

#endif
