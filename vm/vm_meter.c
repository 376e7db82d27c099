/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of vm, and the one table of everything it counts (/proc/vmstat).
 */
#include "vm/vm_meter.h"

#include "lib/annot.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

struct vm_meter vm_meter[MAXHART];

#define COUNTER_NAME(id, name) [id] = name,
static const char *const counter_name[VMC_COUNT] = {VM_COUNTERS(COUNTER_NAME)};
#undef COUNTER_NAME

uint64_t
vm_meter_read(enum vm_counter c)
{
	uint64_t sum = 0;

	for (unsigned hart = 0; hart < MAXHART; hart++)
		sum += __atomic_load_n(&vm_meter[hart].count[c], __ATOMIC_RELAXED);
	return sum;
}

const char *
vm_meter_name(enum vm_counter c)
{
	return counter_name[c];
}

/* Resident pages by what they belong to. */
struct residents {
	uint64_t anon, file;
};

static void
add_residents(struct vm_object *o, void *arg)
{
	struct residents *r = arg;

	if (o->type == OBJ_ANON)
		r->anon += o->resident;
	else if (o->type == OBJ_VNODE)
		r->file += o->resident;
}

/* What meter_zone needs to pass on. */
struct meter_visit {
	void (*fn)(const char *name, uint64_t value, void *arg);
	void *arg;
};

static void
meter_zone(const struct zone *z, void *arg)
{
	const struct meter_visit *v = arg;

	v->fn(zone_stat_name(z), zone_in_use(z), v->arg);
}

void
vm_meter_foreach(void (*fn)(const char *name, uint64_t value, void *arg), void *arg)
{
	struct meter_visit visit = {fn, arg};
	struct residents r = {0, 0};

	vm_object_foreach(add_residents, &r);
	fn("nr_total_pages", vm_page_total_count(), arg);
	fn("nr_free_pages", vm_page_free_count(), arg);
	fn("nr_reserve_pages", vm_page_reserve(), arg);
	fn("nr_anon_pages", r.anon, arg);
	fn("nr_file_pages", r.file, arg);
	fn("nr_zone_pages", zone_page_count(), arg);
	fn("nr_inactive_pages", vm_page_queue_count(PQ_INACTIVE), arg);
	fn("nr_active_pages", vm_page_queue_count(PQ_ACTIVE), arg);
	fn("nr_laundry_pages", vm_page_queue_count(PQ_LAUNDRY), arg);
	fn("nr_objects", vm_object_count(), arg);
	for (unsigned c = 0; c < VMC_COUNT; c++)
		fn(counter_name[c], vm_meter_read((enum vm_counter)c), arg);
	zone_foreach(meter_zone, &visit);
}
