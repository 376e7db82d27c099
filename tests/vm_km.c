/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel memory: kernel_map, submaps, wired and pageable ranges, kernel stacks, kmalloc.
 */
#include "tests/host/vm_test.h"

/* Is wired memory mapped from the start, at whole pages, distinct, and gone when freed? */
static void
km_alloc_is_wired_and_zero(void **state)
{
	uint64_t before = vm_page_free_count();
	vaddr_t a = km_alloc(kmem_map, 3 * PAGE_SIZE), b = km_alloc(kmem_map, 100);
	uint8_t byte;

	(void)state;
	assert_true(a != 0 && b != 0 && (a & PAGE_MASK) == 0);
	assert_true(b >= a + 3 * PAGE_SIZE || b + PAGE_SIZE <= a);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(host_pmap_maps(kernel_pmap, a + i * PAGE_SIZE, VM_PROT_RW));
		assert_int_equal(host_kernel_load(a + i * PAGE_SIZE, &byte), 0);
		assert_int_equal(byte, 0);
		assert_int_equal(host_kernel_store(a + i * PAGE_SIZE, 1), 0);
	}
	km_free(kmem_map, a, 3 * PAGE_SIZE);
	assert_false(host_pmap_maps(kernel_pmap, a, VM_PROT_READ));
	km_free(kmem_map, b, 100);
	zone_drain();
	assert_true(vm_page_free_count() + host_machine_pages() >= before);
}

/* Is it known where the page of an address is: at VA - VM_MIN_KERNEL_ADDRESS in one object, in every submap? */
static void
km_offset_is_the_address(void **state)
{
	struct vm_map *maps[] = {kernel_map, kmem_map, pipe_map};

	(void)state;
	for (unsigned i = 0; i < NELEM(maps); i++) {
		vaddr_t va = km_alloc(maps[i], PAGE_SIZE);
		struct vm_map_entry *e;
		struct vm_page *m;
		paddr_t pa;

		vm_map_lock(maps[i]);
		e = vm_map_lookup_entry(maps[i], va, NULL);
		assert_int_equal(e->offset, va - VM_MIN_KERNEL_ADDRESS);
		assert_int_equal(e->u.object->type, OBJ_KERNEL);
		vm_map_unlock(maps[i]);
		assert_true(pmap_extract(kernel_pmap, va, &pa));
		m = vm_phys_to_page(pa);
		assert_ptr_equal(m->object, e->u.object);
		assert_int_equal(m->pindex, atop(va - VM_MIN_KERNEL_ADDRESS));
		km_free(maps[i], va, PAGE_SIZE);
	}
}

/* NOWAIT, with the failure at every possible place: is nothing left behind? */
static void
km_nowait_leaks_nothing(void **state)
{
	vaddr_t va = 0;

	(void)state;
	for (unsigned n = 1; va == 0; n++) {
		uint32_t entries = kmem_map->nentries;
		uint64_t size = kmem_map->size;

		assert_true(n < 20);
		host_fail_alloc(n, true);
		va = km_kmemalloc(kmem_map, 6 * PAGE_SIZE, KM_NOWAIT);
		host_fail_alloc(0, false);
		if (va == 0) {
			assert_int_equal(kmem_map->nentries, entries);
			assert_int_equal(kmem_map->size, size);
			host_audit_end();
			host_audit_begin();
		}
	}
	km_free(kmem_map, va, 6 * PAGE_SIZE);
}

/* Without NOWAIT: does it wait for pages, and succeed when another thread frees some? */
static void
free_memory(void *arg)
{
	(void)arg;
	host_unhoard();
}

static void
km_alloc_waits_for_pages(void **state)
{
	vaddr_t va;

	(void)state;
	host_hoard(3);
	assert_int_equal(km_kmemalloc(kmem_map, 30 * PAGE_SIZE, KM_NOWAIT), 0);
	host_spawn(free_memory, NULL);
	va = km_kmemalloc(kmem_map, 30 * PAGE_SIZE, 0);
	assert_int_not_equal(va, 0);
	host_join_all();
	km_free(kmem_map, va, 30 * PAGE_SIZE);
}

/* And if nobody ever frees any: does it give up, with nothing left? */
static void
km_alloc_gives_up_in_the_end(void **state)
{
	(void)state;
	host_hoard(3);
	assert_int_equal(km_kmemalloc(kmem_map, 30 * PAGE_SIZE, 0), 0);
}

/* Pageable: are pages there on demand, zero, and freed with the range? */
static void
km_valloc_is_pageable(void **state)
{
	uint64_t before = vm_page_free_count(), after;
	vaddr_t va = km_valloc(pipe_map, 8 * PAGE_SIZE);
	uint8_t byte;

	(void)state;
	assert_false(host_pmap_maps(kernel_pmap, va, VM_PROT_READ));
	assert_int_equal(host_kernel_load(va + PAGE_SIZE, &byte), 0);
	assert_int_equal(byte, 0);
	assert_int_equal(host_kernel_store(va + 7 * PAGE_SIZE, 9), 0);
	host_pmap_forget(kernel_pmap, va, va + 8 * PAGE_SIZE);
	assert_int_equal(host_kernel_load(va + 7 * PAGE_SIZE, &byte), 0);
	assert_int_equal(byte, 9);
	after = vm_page_free_count();
	assert_true(before - after >= 2 && before - after <= 4);
	km_free(pipe_map, va, 8 * PAGE_SIZE);
	assert_int_equal(host_kernel_load(va, &byte), EFAULT);
}

/* Is a range that is freed and allocated again zero, whatever was in it? */
static void
km_valloc_again_is_zero(void **state)
{
	uint8_t byte = 1;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		vaddr_t va = km_valloc(pipe_map, PAGE_SIZE);

		assert_int_equal(host_kernel_load(va, &byte), 0);
		assert_int_equal(byte, 0);
		assert_int_equal(host_kernel_store(va, 7), 0);
		km_free(pipe_map, va, PAGE_SIZE);
	}
}

/*
 * Waiting for address space.
 */
struct waiter {
	size_t size;
	vaddr_t got;
};

static void
valloc_wait(void *arg)
{
	struct waiter *w = arg;

	w->got = km_valloc_wait(exec_map, w->size);
}

/* The map is full: does every waiter get space in the end, whatever the order of things? */
static void
km_valloc_wait_always_wakes(void **state)
{
	size_t all = exec_map->max - exec_map->min;

	(void)state;
	for (uint32_t seed = 0; seed < 50; seed++) {
		struct waiter w[3] = {{PAGE_SIZE, 0}, {all / 2, 0}, {all / 4, 0}};
		vaddr_t whole = km_valloc(exec_map, all);

		assert_int_not_equal(whole, 0);
		assert_int_equal(km_valloc(exec_map, PAGE_SIZE), 0);
		host_knobs.seed = seed;
		for (unsigned i = 0; i < 3; i++)
			host_spawn(valloc_wait, &w[i]);
		host_yield();
		km_free_wakeup(exec_map, whole, all);
		host_join_all();
		host_knobs.seed = 0;
		for (unsigned i = 0; i < 3; i++) {
			assert_int_not_equal(w[i].got, 0);
			km_free_wakeup(exec_map, w[i].got, w[i].size);
		}
	}
	assert_int_equal(km_valloc_wait(exec_map, all + PAGE_SIZE), 0);
}

static void
lock_map_for_a_while(void *arg)
{
	vm_map_lock(arg);
	host_yield();
	vm_map_unlock(arg);
}

static void
km_trylock_gives_up(void **state)
{
	vaddr_t va;

	(void)state;
	host_spawn(lock_map_for_a_while, kmem_map);
	host_yield();
	assert_int_equal(km_kmemalloc(kmem_map, PAGE_SIZE, KM_NOWAIT | KM_TRYLOCK), 0);
	host_join_all();
	va = km_kmemalloc(kmem_map, PAGE_SIZE, KM_NOWAIT | KM_TRYLOCK);
	assert_int_not_equal(va, 0);
	km_free(kmem_map, va, PAGE_SIZE);
}

/*
 * Kernel stacks.
 */
static void
kstack_has_a_guard_page(void **state)
{
	vaddr_t s[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		s[i] = kstack_alloc();
		assert_int_not_equal(s[i], 0);
		assert_true(kstack_is_guard(s[i] - 1));
		assert_false(kstack_is_guard(s[i]));
		assert_false(kstack_is_guard(s[i] + KSTACK_SIZE - 1));
		assert_true(host_pmap_maps(kernel_pmap, s[i], VM_PROT_RW));
		assert_true(
		    host_pmap_maps(kernel_pmap, s[i] + KSTACK_SIZE - PAGE_SIZE, VM_PROT_RW));
		assert_false(host_pmap_maps(kernel_pmap, s[i] - PAGE_SIZE, VM_PROT_READ));
	}
	assert_false(kstack_is_guard(0));
	assert_false(kstack_is_guard(VM_MAX_KERNEL_ADDRESS));
	/* In any order: the slots keep their places. */
	for (unsigned i = 0; i < 20; i += 3)
		kstack_free(s[i]);
	for (unsigned i = 0; i < 20; i += 3)
		s[i] = kstack_alloc();
	for (unsigned i = 0; i < 20; i++) {
		assert_true(kstack_is_guard(s[i] - PAGE_SIZE));
		kstack_free(s[i]);
	}
}

/* Is the last stack freed the next one handed out, with no work on page tables? */
static void
kstack_is_kept_for_the_next(void **state)
{
	vaddr_t s = kstack_alloc();
	uint64_t mapped;

	(void)state;
	kstack_free(s);
	mapped = host_mapping_count();
	assert_int_equal(kstack_alloc(), s);
	assert_int_equal(host_mapping_count(), mapped);
	kstack_free(s);
	assert_int_equal(kstack_drain(), KSTACK_PAGES);
	assert_int_equal(kstack_drain(), 0);
}

/*
 * kmalloc.
 */
static void
kmalloc_of_every_size(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 2048; size += size < 100 ? 1 : 61) {
		uint8_t *p = kmalloc(size, ZONE_ZERO);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		for (size_t i = 0; i < size; i++)
			p[i] = 0xff;
		kfree(p, size);
	}
	kfree(NULL, 10);
}

static void
kmalloc_of_pages(void **state)
{
	void *p = kmalloc(5000, ZONE_ZERO);
	uint8_t byte = 1;

	(void)state;
	assert_non_null(p);
	assert_int_equal(host_kernel_load((vaddr_t)p + 4999, &byte), 0);
	assert_int_equal(byte, 0);
	kfree(p, 5000);
	host_fail_alloc(1, true);
	assert_null(kmalloc(5000, 0));
	assert_null(kmalloc(50, 0));
	host_fail_alloc(0, false);
	assert_null(kmalloc(kmem_map->max - kmem_map->min + PAGE_SIZE, 0));
}

static void
km_poolpage_is_in_the_direct_map(void **state)
{
	uint8_t *p = km_poolpage_alloc(VM_ALLOC_NORMAL | VM_ALLOC_ZERO);

	(void)state;
	assert_non_null(p);
	assert_int_equal(p[0] + p[PAGE_SIZE - 1], 0);
	p[17] = 1;
	km_poolpage_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(km_alloc_is_wired_and_zero),
	    HOST_TEST(km_offset_is_the_address),
	    HOST_TEST(km_nowait_leaks_nothing),
	    HOST_TEST(km_alloc_waits_for_pages),
	    HOST_TEST(km_alloc_gives_up_in_the_end),
	    HOST_TEST(km_valloc_is_pageable),
	    HOST_TEST(km_valloc_again_is_zero),
	    HOST_TEST(km_valloc_wait_always_wakes),
	    HOST_TEST(km_trylock_gives_up),
	    HOST_TEST(kstack_has_a_guard_page),
	    HOST_TEST(kstack_is_kept_for_the_next),
	    HOST_TEST(kmalloc_of_every_size),
	    HOST_TEST(kmalloc_of_pages),
	    HOST_TEST(km_poolpage_is_in_the_direct_map),
	};

	return run_host_tests(tests);
}
