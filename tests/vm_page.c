/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames, pages and zones: who gets memory, who holds it, and is what is freed really free?
 */
#include <string.h>

#include "tests/host/sanitizer.h"
#include "tests/host/vm_test.h"
#include "vm/vm_phys.h"

static struct vm_page *
raw(unsigned flags)
{
	struct vm_page *m = vm_page_alloc_noobj(flags);

	assert_non_null(m);
	return m;
}

static struct vm_object *
anon(pindex_t size)
{
	struct vm_object *o = vm_object_alloc_anon(size);

	assert_non_null(o);
	return o;
}

static struct vm_page *
page_in(struct vm_object *o, pindex_t i)
{
	struct vm_page *m;

	mutex_lock(&o->lock);
	m = vm_page_alloc(o, i, VM_ALLOC_NORMAL);
	assert_non_null(m);
	m->valid = 1;
	vm_page_xunbusy(m);
	mutex_unlock(&o->lock);
	return m;
}

/*
 * Frames.
 */

/* Is every frame its own, findable by its address, and does the count go down and up with it? */
static void
frames_are_distinct(void **state)
{
	struct vm_page *m[100];
	uint64_t before = vm_page_free_count();

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		m[i] = raw(VM_ALLOC_NORMAL);
		memset(vm_page_kva(m[i]), (int)i, PAGE_SIZE);
		assert_ptr_equal(vm_phys_to_page(vm_page_to_phys(m[i]) + 123), m[i]);
	}
	assert_int_equal(vm_page_free_count(), before - 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(*((uint8_t *)vm_page_kva(m[i]) + PAGE_SIZE - 1), i);
		vm_page_free(m[i]);
	}
	assert_int_equal(vm_page_free_count(), before);
	assert_null(vm_phys_to_page(0));
	assert_null(vm_phys_to_page(UINT64_MAX));
}

static void
frame_asked_for_zeros_has_them(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct vm_page *m = raw(i % 3 ? VM_ALLOC_NORMAL : VM_ALLOC_ZERO);
		uint8_t *p = vm_page_kva(m);

		for (unsigned k = 0; i % 3 == 0 && k < PAGE_SIZE; k++)
			assert_int_equal(p[k], 0);
		memset(p, 0xee, PAGE_SIZE);
		vm_page_free(m);
	}
}

/* A frame given back as zero: is it kept for who wants zeros, and its mark gone when it is used? */
static void
frame_known_to_be_zero_is_kept_for_zeros(void **state)
{
	struct vm_page *m = raw(VM_ALLOC_ZERO), *other;

	(void)state;
	m->aflags |= PGA_ZERO;
	vm_page_free(m);
	other = raw(VM_ALLOC_NORMAL);
	assert_ptr_not_equal(other, m);
	assert_ptr_equal(raw(VM_ALLOC_ZERO), m);
	assert_int_equal(m->aflags & PGA_ZERO, 0);
	vm_page_free(m);
	vm_page_free(other);
}

/* The classes: does each stop where the next may go on? */
static void
alloc_classes_share_the_reserve(void **state)
{
	struct vm_page *m[64];
	unsigned n = 0, normal, system;

	(void)state;
	host_hoard(4);
	while ((m[n] = vm_page_alloc_noobj(VM_ALLOC_NORMAL)) != NULL)
		assert_true(++n < 64);
	normal = n;
	assert_int_equal(vm_page_free_count(), vm_page_reserve());
	while ((m[n] = vm_page_alloc_noobj(VM_ALLOC_SYSTEM)) != NULL)
		assert_true(++n < 64);
	system = n - normal;
	assert_int_equal(system, vm_page_reserve() - vm_page_reserve() / 4);
	while ((m[n] = vm_page_alloc_noobj(VM_ALLOC_INTERRUPT)) != NULL)
		assert_true(++n < 64);
	assert_int_equal(vm_page_free_count(), 0);
	while (n > 0)
		vm_page_free(m[--n]);
}

/* Frames in the caches of other harts: can this one have them when there are no others? */
static void
frames_in_other_caches_are_not_lost(void **state)
{
	struct vm_page *m[16];
	uint64_t free;

	(void)state;
	for (unsigned hart = 0; hart < MAXHART; hart++) {
		curthread()->hart = hart;
		for (unsigned i = 0; i < 16; i++)
			m[i] = raw(VM_ALLOC_NORMAL);
		for (unsigned i = 0; i < 16; i++)
			vm_page_free(m[i]);
	}
	curthread()->hart = 0;
	host_hoard(0);
	free = vm_page_free_count();
	assert_int_equal(free, vm_page_reserve());
}

static void
free_twice(void)
{
	struct vm_page *m = vm_page_alloc_noobj(VM_ALLOC_NORMAL);

	vm_page_free(m);
	vm_page_free(m);
}

static void
frame_freed_twice_is_noticed(void **state)
{
	(void)state;
	assert_true(host_panics(free_twice, "ref & ~REF_OWNED"));
}

static void
free_mapped(void)
{
	struct vmspace *vm = space();
	struct vm_object *o;

	map(vm, P(0), 1, RW, PRIV);
	put(vm, P(0), 1);
	o = entry(vm, P(0))->u.object;
	mutex_lock(&o->lock);
	vm_page_free(vm_page_lookup(o, 0));
}

/* Is a page that is still mapped refused? */
static void
page_free_asserts_that_it_is_unmapped(void **state)
{
	(void)state;
	assert_true(host_panics(free_mapped, "pmap_page_is_mapped"));
}

/* Is a free frame poisoned for the sanitizer?  (Without one there is nothing to see.) */
static void
free_frame_is_poisoned(void **state)
{
	struct vm_page *m = raw(VM_ALLOC_NORMAL);

	(void)state;
	assert_false(sanitizer_poisoned(vm_page_kva(m)));
	vm_page_free(m);
	assert_int_equal(sanitizer_poisoned(vm_page_kva(m)), sanitizer_is_on());
}

/*
 * Identity.
 */
static void
pages_are_found_by_index(void **state)
{
	struct vm_object *o = anon(100);
	struct vm_page *m;
	unsigned expect[] = {3, 17, 50, 99};

	(void)state;
	page_in(o, 50);
	page_in(o, 3);
	page_in(o, 99);
	page_in(o, 17);
	mutex_lock(&o->lock);
	m = vm_page_find_least(o, 0);
	for (unsigned i = 0; i < 4; i++, m = vm_page_next(m))
		assert_int_equal(m->pindex, expect[i]);
	assert_null(m);
	assert_int_equal(vm_page_find_least(o, 18)->pindex, 50);
	assert_null(vm_page_lookup(o, 18));
	assert_null(vm_page_find_least(o, 100));
	assert_int_equal(o->resident, 4);
	mutex_unlock(&o->lock);
	vm_object_unref(o);
}

/* A page taken out of its object is the caller's alone; a raw page with a second wiring lives until that goes. */
static void
removed_and_held_pages_are_freed_at_last(void **state)
{
	struct vm_object *o = anon(1);
	struct vm_page *m = page_in(o, 0);
	uint64_t before = vm_page_free_count();

	(void)state;
	mutex_lock(&o->lock);
	assert_true(vm_page_tryxbusy(m));
	vm_page_remove(m);
	assert_null(vm_page_lookup(o, 0));
	mutex_unlock(&o->lock);
	assert_int_equal(vm_page_free_count(), before);
	vm_page_free(m);
	assert_int_equal(vm_page_free_count(), before + 1);
	vm_object_unref(o);

	m = raw(VM_ALLOC_NORMAL);
	vm_page_wire(m);
	vm_page_free(m);
	assert_int_equal(vm_page_wire_count(m), 1);
	assert_int_equal(vm_page_free_count(), before);
	vm_page_unwire(m, PQ_NONE);
	assert_int_equal(vm_page_free_count(), before + 1);
}

/* rename: does the page keep its mappings and become dirty, at its new place? */
static void
rename_keeps_mappings(void **state)
{
	struct vmspace *vm = space();
	struct vm_object *a, *b = anon(4);
	struct vm_page *m;

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	put(vm, P(0), 1);
	a = entry(vm, P(0))->u.object;
	mutex_lock(&b->lock);
	mutex_lock_nested(&a->lock);
	m = vm_page_lookup(a, 0);
	m->dirty = 0;
	assert_true(vm_page_tryxbusy(m));
	vm_page_rename(m, b, 2);
	assert_ptr_equal(vm_page_lookup(b, 2), m);
	assert_null(vm_page_lookup(a, 0));
	assert_true(pmap_page_is_mapped(m));
	assert_true(m->dirty);
	vm_page_rename(m, a, 0); /* and back, as the map expects it there */
	vm_page_xunbusy(m);
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
	vm_object_unref(b);
	vmspace_unref(vm);
}

/*
 * Busy.
 */
static void
busy_excludes(void **state)
{
	struct vm_object *o = anon(1);
	struct vm_page *m = page_in(o, 0);

	(void)state;
	assert_true(vm_page_trysbusy(m));
	assert_true(vm_page_trysbusy(m));
	assert_false(vm_page_tryxbusy(m));
	vm_page_sunbusy(m);
	assert_true(vm_page_busied(m) && !vm_page_xbusied(m));
	vm_page_sunbusy(m);
	assert_true(vm_page_tryxbusy(m));
	assert_false(vm_page_trysbusy(m));
	assert_false(vm_page_tryxbusy(m));
	vm_page_downgrade(m);
	assert_true(vm_page_trysbusy(m));
	vm_page_sunbusy(m);
	vm_page_sunbusy(m);
	assert_false(vm_page_busied(m));
	vm_object_unref(o);
}

static struct vm_page *shared_page;
static unsigned got_it;

static void
want_exclusively(void *arg)
{
	struct vm_object *o = arg;

	mutex_lock(&o->lock);
	while (!vm_page_tryxbusy(shared_page)) {
		vm_page_busy_sleep(o, shared_page, "test");
		mutex_lock(&o->lock);
	}
	mutex_unlock(&o->lock);
	got_it++;
	host_yield();
	vm_page_xunbusy(shared_page);
}

/* Several threads want one page, at random moments: does everyone get it, is no wakeup lost? */
static void
busy_sleepers_all_wake(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 200; seed++) {
		struct vm_object *o = anon(1);

		shared_page = page_in(o, 0);
		got_it = 0;
		assert_true(vm_page_trysbusy(shared_page));
		host_knobs.seed = seed;
		for (unsigned i = 0; i < 5; i++)
			host_spawn(want_exclusively, o);
		host_yield();
		vm_page_sunbusy(shared_page);
		host_join_all();
		host_knobs.seed = 0;
		assert_int_equal(got_it, 5);
		vm_object_unref(o);
	}
}

static void
sleep_with_a_busy_page(void)
{
	struct vm_object *o = vm_object_alloc_anon(2);
	struct vm_page *a, *b;

	mutex_lock(&o->lock);
	a = vm_page_alloc(o, 0, VM_ALLOC_NORMAL);
	b = vm_page_alloc(o, 1, VM_ALLOC_NORMAL);
	(void)b;
	vm_page_busy_sleep(o, a, "test");
}

/* Rule R1: does an owner of a busy page who waits for another (or for memory) panic? */
static void
busy_owner_may_not_wait(void **state)
{
	(void)state;
	assert_true(host_panics(sleep_with_a_busy_page, "busy_pages == 0"));
}

/*
 * Wiring and queues.
 */
static void
unwire_puts_the_page_on_the_queue(void **state)
{
	struct vm_object *o = anon(1);
	struct vm_page *m = page_in(o, 0);

	(void)state;
	vm_page_wire(m);
	vm_page_wire(m);
	assert_int_equal(vm_page_wire_count(m), 2);
	vm_page_unwire(m, PQ_ACTIVE);
	assert_int_equal(m->queue, PQ_NONE);
	vm_page_unwire(m, PQ_INACTIVE);
	assert_int_equal(m->queue, PQ_INACTIVE);
	vm_page_activate(m);
	assert_int_equal(m->queue, PQ_ACTIVE);
	vm_page_activate(m);
	assert_true(m->aflags & PGA_REFERENCED);
	vm_page_deactivate(m);
	assert_int_equal(m->queue, PQ_INACTIVE);
	vm_page_dequeue(m);
	assert_int_equal(m->queue, PQ_NONE);
	vm_page_activate(m);
	vm_object_unref(o); /* freed from the queue */
	assert_int_equal(m->queue, PQ_NONE);
}

static void
dirty_page_has_stale_instructions(void **state)
{
	struct vm_object *o = anon(1);
	struct vm_page *m = page_in(o, 0);

	(void)state;
	m->aflags |= PGA_EXEC;
	vm_page_dirty(m);
	assert_int_equal(m->aflags & PGA_EXEC, 0);
	assert_true(vm_page_tryxbusy(m));
	vm_page_undirty(m);
	vm_page_xunbusy(m);
	assert_false(m->dirty);
	vm_object_unref(o);
}

/*
 * Zones.
 */
static unsigned inits;

static void
init_item(void *item)
{
	*(uint64_t *)item = 42;
	inits++;
}

static void
zone_items_are_distinct_and_counted(void **state)
{
	struct zone *z = zone_create("test", 200, 0, NULL);
	void *item[300];

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		item[i] = zone_alloc(z, i % 2 ? ZONE_ZERO : 0);
		assert_non_null(item[i]);
		assert_int_equal((uintptr_t)item[i] % 16, 0);
		if (i % 2)
			assert_int_equal(*(uint64_t *)item[i], 0);
		memset(item[i], (int)i, 200);
	}
	assert_int_equal(zone_in_use(z), 300);
	zone_check_all();
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(((uint8_t *)item[i])[199], (uint8_t)i);
	for (unsigned i = 0; i < 300; i += 2)
		zone_free(z, item[i]);
	assert_int_equal(zone_in_use(z), 150);
	zone_check_all();
	for (unsigned i = 1; i < 300; i += 2)
		zone_free(z, item[i]);
	assert_int_equal(zone_in_use(z), 0);
	assert_string_equal(zone_name(z), "test");
	assert_string_equal(zone_stat_name(z), "zone_test");
	zone_free(z, NULL);
}

/* Does every page of a zone that is not used any more come back when it is drained, from every hart's magazine? */
static void
zone_drain_gives_pages_back(void **state)
{
	struct zone *z = zone_create("drain", 1024, 0, NULL);
	uint64_t before, freed;
	void *item[64];

	(void)state;
	zone_drain();
	before = vm_page_free_count();
	for (unsigned i = 0; i < 64; i++) {
		curthread()->hart = i % MAXHART;
		item[i] = zone_alloc(z, 0);
	}
	for (unsigned i = 0; i < 64; i++) {
		curthread()->hart = (i + 3) % MAXHART;
		zone_free(z, item[i]);
	}
	curthread()->hart = 0;
	assert_int_equal(zone_in_use(z), 0);
	freed = zone_drain();
	assert_true(freed > 0);
	assert_int_equal(vm_page_free_count(), before);
}

/* init: once for an item, and its work stays through free and alloc. */
static void
zone_init_runs_once_per_item(void **state)
{
	struct zone *z = zone_create("init", 64, ZONE_NOFREE, init_item);
	uint64_t *a, *b;

	(void)state;
	inits = 0;
	a = zone_alloc(z, 0);
	assert_int_equal(*a, 42);
	assert_int_equal(inits, 64);
	*a = 43;
	zone_free(z, a);
	zone_drain();
	assert_int_equal(*a, 43); /* type-stable: may be looked at when free */
	b = zone_alloc(z, 0);
	assert_true(*b == 43 || *b == 42);
	zone_free(z, b);
	assert_int_equal(inits, 64);
}

static void
zone_without_memory_returns_null(void **state)
{
	struct zone *z = zone_create("none", 2048, 0, NULL);
	void *item[16];
	unsigned n = 0;

	(void)state;
	host_hoard(2);
	while ((item[n] = zone_alloc(z, 0)) != NULL)
		assert_true(++n < 16);
	assert_true(n >= 2);
	item[n] = zone_alloc(z, ZONE_SYSTEM);
	assert_non_null(item[n]);
	for (unsigned i = 0; i <= n; i++)
		zone_free(z, item[i]);
	host_unhoard();
}

static struct zone *twice_zone;

static void
zone_free_twice(void)
{
	void *a = zone_alloc(twice_zone, 0);

	zone_free(twice_zone, a);
	zone_free(twice_zone, a);
}

static void
zone_double_free_is_noticed(void **state)
{
	(void)state;
	twice_zone = zone_create("twice", 64, 0, NULL);
	if (sanitizer_is_on())
		assert_true(host_panics(zone_free_twice, "freed twice"));
}

/* The table for /proc/vmstat: every counter once, zones included. */
static unsigned seen;

static void
see(const char *name, uint64_t value, void *arg)
{
	if (strcmp(name, "faults") == 0 || strcmp(name, "zone_vm_object") == 0 ||
	    strcmp(name, "nr_free_pages") == 0)
		seen++;
	if (strcmp(name, "nr_total_pages") == 0)
		assert_int_equal(value, vm_page_total_count());
	++*(unsigned *)arg;
}

static void
meter_lists_everything(void **state)
{
	unsigned n = 0;

	(void)state;
	seen = 0;
	vm_meter_foreach(see, &n);
	assert_int_equal(seen, 3);
	assert_true(n > VMC_COUNT + 10);
	curthread()->hart = 5;
	COUNTS(VMC_FORKS, 1, vm_count(VMC_FORKS));
	curthread()->hart = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(frames_are_distinct),
	    HOST_TEST(frame_asked_for_zeros_has_them),
	    HOST_TEST(frame_known_to_be_zero_is_kept_for_zeros),
	    HOST_TEST(alloc_classes_share_the_reserve),
	    HOST_TEST(frames_in_other_caches_are_not_lost),
	    HOST_TEST(frame_freed_twice_is_noticed),
	    HOST_TEST(page_free_asserts_that_it_is_unmapped),
	    HOST_TEST(free_frame_is_poisoned),
	    HOST_TEST(pages_are_found_by_index),
	    HOST_TEST(removed_and_held_pages_are_freed_at_last),
	    HOST_TEST(rename_keeps_mappings),
	    HOST_TEST(busy_excludes),
	    HOST_TEST(busy_sleepers_all_wake),
	    HOST_TEST(busy_owner_may_not_wait),
	    HOST_TEST(unwire_puts_the_page_on_the_queue),
	    HOST_TEST(dirty_page_has_stale_instructions),
	    HOST_TEST(meter_lists_everything),
	    /* These make zones, which stay: no audit. */
	    cmocka_unit_test(zone_items_are_distinct_and_counted),
	    cmocka_unit_test(zone_drain_gives_pages_back),
	    cmocka_unit_test(zone_init_runs_once_per_item),
	    cmocka_unit_test(zone_without_memory_returns_null),
	    cmocka_unit_test(zone_double_free_is_noticed),
	};

	return run_host_tests(tests);
}
