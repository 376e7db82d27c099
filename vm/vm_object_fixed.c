/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects whose pages never come or go: no pager fills them, no daemon takes them.
 *
 *      OBJ_PHYS      frames of RAM, wired: what the kernel shares with every process (the page of signal handlers' returns)
 *      OBJ_DEVICE    frames that are no RAM.  vm has no struct vm_page for those, so the object makes its own; the fault maps them
 *                    unmanaged, for nothing would be done with a reverse mapping: registers are never taken away,
 *                    and do not get dirty
 *
 * All pages are inserted when the object is made, so a fault finds them resident like any others and their "pager" is only asked
 * what lies behind the end.
 *
 * Locks: the object's.
 *
 * Rejected: making pages at the first fault.  Both kinds are small, and a fault would have to wait for memory that a wired object
 * could have had at once.
 */
#include "vm/vm_object_fixed.h"

#include <errno.h>

#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/zone.h"

static struct zone *register_zone; /* pages of devices */

void
vm_object_fixed_init(void)
{
	register_zone = zone_create("device_page", sizeof(struct vm_page), 0, NULL);
}

static bool
fixed_has(struct vm_object *o, pindex_t pindex, unsigned *before, unsigned *after)
{
	*before = *after = 0;
	return pindex < o->size;
}

/* What is not there will not come. */
static int
fixed_get(struct vm_object *o, struct vm_page *m, unsigned behind, unsigned ahead)
{
	(void)o, (void)m, (void)behind, (void)ahead;
	return EINVAL;
}

/* The next page of an object that nobody refers to any more, busy; NULL: it has none. */
static struct vm_page *
last_rites(struct vm_object *o) REQUIRES(o->lock)
{
	struct vm_page *m = vm_page_find_least(o, 0);
	bool mine = m == NULL || vm_page_tryxbusy(m);

	KASSERT(mine);
	return m;
}

static void
phys_drop(struct vm_object *o)
{
	struct vm_page *m;

	mutex_lock(&o->lock);
	while ((m = last_rites(o)) != NULL) {
		vm_page_free(m);            /* it is wired: only leaves the object, */
		vm_page_unwire(m, PQ_NONE); /* and goes now */
	}
	mutex_unlock(&o->lock);
	vm_object_destroy(o);
}

static void
device_drop(struct vm_object *o)
{
	struct vm_page *m;

	mutex_lock(&o->lock);
	while ((m = last_rites(o)) != NULL) {
		vm_page_remove(m);
		vm_page_xunbusy(m);
		zone_free(register_zone, m);
	}
	mutex_unlock(&o->lock);
	vm_object_destroy(o);
}

static const struct vm_pager_ops phys_ops = {
    .name = "phys", .has = fixed_has, .get = fixed_get, .drop = phys_drop};
static const struct vm_pager_ops device_ops = {
    .name = "device", .has = fixed_has, .get = fixed_get, .drop = device_drop};

/* => o locked.  Returns false: no memory. */
static bool
add_frame(struct vm_object *o, pindex_t i) REQUIRES(o->lock)
{
	struct vm_page *m = vm_page_alloc(o, i, VM_ALLOC_ZERO | VM_ALLOC_WIRED);

	if (m == NULL)
		return false;
	m->valid = 1;
	vm_page_xunbusy(m);
	return true;
}

static bool
add_registers(struct vm_object *o, pindex_t i, paddr_t pa) REQUIRES(o->lock)
{
	struct vm_page *m = zone_alloc(register_zone, ZONE_ZERO);

	if (m == NULL)
		return false;
	m->pfn = (uint32_t)atop(pa);
	m->ref = 1; /* wired: on no queue */
	m->valid = 1;
	pmap_page_init(m);
	vm_page_insert(m, o, i);
	return true;
}

/* A complete object, or none. */
static struct vm_object *
whole_or_none(struct vm_object *o)
{
	if (o->resident == o->size)
		return o;
	vm_object_unref(o);
	return NULL;
}

struct vm_object *
vm_phys_object(pindex_t n)
{
	struct vm_object *o = vm_object_alloc(OBJ_PHYS, n, &phys_ops, NULL);
	pindex_t i = 0;

	if (o == NULL)
		return NULL;
	mutex_lock(&o->lock);
	while (i < n && add_frame(o, i))
		i++;
	mutex_unlock(&o->lock);
	return whole_or_none(o);
}

struct vm_object *
vm_device_object(paddr_t pa, pindex_t n)
{
	struct vm_object *o = vm_object_alloc(OBJ_DEVICE, n, &device_ops, NULL);
	pindex_t i = 0;

	KASSERT((pa & PAGE_MASK) == 0);
	if (o == NULL)
		return NULL;
	mutex_lock(&o->lock);
	while (i < n && add_registers(o, i, pa + ptoa(i)))
		i++;
	mutex_unlock(&o->lock);
	return whole_or_none(o);
}
