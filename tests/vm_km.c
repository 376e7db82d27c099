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
 * T18, the rest: pages go with their range, whatever kind they are, and nothing else does.
 */
static uint64_t
kernel_resident(void)
{
	struct vm_map_entry *e;
	vaddr_t va = km_valloc(kmem_map, PAGE_SIZE);
	uint64_t n;

	vm_map_lock(kmem_map);
	e = vm_map_lookup_entry(kmem_map, va, NULL);
	n = e->u.object->resident;
	vm_map_unlock(kmem_map);
	km_free(kmem_map, va, PAGE_SIZE);
	return n;
}

/* Neighbours, one wired, one pageable: does each take its own pages along, to the last and no further? */
static void
km_pgremove_takes_the_range(void **state)
{
	uint64_t before = kernel_resident();
	vaddr_t a = km_alloc(kmem_map, 4 * PAGE_SIZE), b = km_valloc(kmem_map, 4 * PAGE_SIZE);
	vaddr_t c = km_alloc(kmem_map, PAGE_SIZE);

	(void)state;
	assert_int_equal(b, a + 4 * PAGE_SIZE);
	assert_int_equal(c, b + 4 * PAGE_SIZE);
	assert_int_equal(host_kernel_store(b, 1), 0);
	assert_int_equal(host_kernel_store(b + 3 * PAGE_SIZE, 1), 0);
	assert_int_equal(kernel_resident(), before + 7);
	km_free(kmem_map, b, 4 * PAGE_SIZE);
	assert_int_equal(kernel_resident(), before + 5);
	assert_int_equal(host_kernel_store(c, 1), 0);
	km_free(kmem_map, a, 4 * PAGE_SIZE);
	assert_int_equal(kernel_resident(), before + 1);
	km_free(kmem_map, c, PAGE_SIZE);
	assert_int_equal(kernel_resident(), before);
}

/* C-72: the same addresses, pageable, then wired, then pageable: does no allocation meet a page of the last? */
static void
km_range_changes_its_kind(void **state)
{
	vaddr_t first = 0;

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		bool wired = round % 2 != 0;
		vaddr_t va =
		    wired ? km_alloc(pipe_map, 3 * PAGE_SIZE) : km_valloc(pipe_map, 3 * PAGE_SIZE);
		uint8_t byte = 1;

		assert_true(va != 0 && (first == 0 || va == first));
		first = va;
		assert_int_equal(host_kernel_load(va + 2 * PAGE_SIZE, &byte), 0);
		assert_int_equal(byte, 0);
		assert_int_equal(host_kernel_store(va + 2 * PAGE_SIZE, 0x77), 0);
		km_free(pipe_map, va, 3 * PAGE_SIZE);
	}
}

/* C-71: on wired memory, its guard, and where nothing is: an error, and no page? */
static void
km_fault_is_for_pageable_memory(void **state)
{
	vaddr_t wired = km_kmemalloc(kmem_map, PAGE_SIZE, KM_GUARD);

	(void)state;
	assert_int_equal(vm_fault(kernel_map, wired, VM_PROT_READ), EFAULT);
	assert_int_equal(vm_fault(kernel_map, wired - PAGE_SIZE, VM_PROT_WRITE), EFAULT);
	assert_false(host_pmap_maps(kernel_pmap, wired - PAGE_SIZE, VM_PROT_READ));
	km_free_guarded(kmem_map, wired, PAGE_SIZE);
	assert_int_equal(vm_fault(kernel_map, wired, VM_PROT_READ), EFAULT);
}

/* C-75: memory that is to be zero, in frames that were not? */
static void
km_zero_means_zero(void **state)
{
	uint8_t byte = 1;
	vaddr_t va;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		va = km_kmemalloc(kmem_map, 8 * PAGE_SIZE, round == 0 ? 0 : KM_ZERO);
		for (vaddr_t at = va; at < va + 8 * PAGE_SIZE; at += PAGE_SIZE) {
			assert_int_equal(host_kernel_load(at + 100, &byte), 0);
			assert_true(round == 0 || byte == 0);
			assert_int_equal(host_kernel_store(at + 100, 0xee), 0);
		}
		km_free(kmem_map, va, 8 * PAGE_SIZE);
	}
}

/* What is brought in beforehand needs no memory later; what cannot be is an error, and goes with the range. */
static void
km_populate_comes_first(void **state)
{
	vaddr_t va = km_valloc(exec_map, 8 * PAGE_SIZE);
	uint8_t byte = 1;

	(void)state;
	assert_int_equal(km_populate(va, 4 * PAGE_SIZE), 0);
	host_hoard(0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(host_kernel_load(va + i * PAGE_SIZE, &byte), 0);
		assert_int_equal(byte, 0);
	}
	assert_int_equal(km_populate(va, 4 * PAGE_SIZE), 0);
	assert_int_equal(km_populate(va + 4 * PAGE_SIZE, 4 * PAGE_SIZE), ENOMEM);
	host_unhoard();
	km_free_wakeup(exec_map, va, 8 * PAGE_SIZE);
}

/* A map is full: is that an answer, does no other map feel it, and is what comes back one piece again? */
static void
km_submap_is_bounded(void **state)
{
	size_t all = exec_map->max - exec_map->min, piece = all / 8;
	vaddr_t got[9], other, whole;
	unsigned n = 0;

	(void)state;
	while (n < 9 && (got[n] = km_valloc(exec_map, piece)) != 0)
		n++;
	assert_int_equal(n, 8);
	assert_int_equal(km_kmemalloc(exec_map, PAGE_SIZE, 0), 0);
	other = km_alloc(pipe_map, PAGE_SIZE);
	assert_int_not_equal(other, 0);
	km_free(pipe_map, other, PAGE_SIZE);
	for (unsigned i = 0; i < n; i += 2)
		km_free(exec_map, got[i], piece);
	assert_int_equal(km_valloc(exec_map, piece + PAGE_SIZE), 0);
	for (unsigned i = 1; i < n; i += 2)
		km_free(exec_map, got[i], piece);
	whole = km_valloc(exec_map, all);
	assert_int_equal(whole, exec_map->min);
	km_free(exec_map, whole, all);
}

/* C-73: does a page for those who free memory come out of the reserve? */
static void
km_poolpage_has_a_reserve(void **state)
{
	void *page;

	(void)state;
	host_hoard(0);
	assert_null(km_poolpage_alloc(VM_ALLOC_NORMAL));
	page = km_poolpage_alloc(VM_ALLOC_SYSTEM);
	assert_non_null(page);
	km_poolpage_free(page);
	host_unhoard();
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
	    HOST_TEST(km_pgremove_takes_the_range),
	    HOST_TEST(km_range_changes_its_kind),
	    HOST_TEST(km_fault_is_for_pageable_memory),
	    HOST_TEST(km_zero_means_zero),
	    HOST_TEST(km_populate_comes_first),
	    HOST_TEST(km_submap_is_bounded),
	    HOST_TEST(km_poolpage_has_a_reserve),
	    HOST_TEST(kstack_has_a_guard_page),
	    HOST_TEST(kstack_is_kept_for_the_next),
	    HOST_TEST(kmalloc_of_every_size),
	    HOST_TEST(kmalloc_of_pages),
	    HOST_TEST(km_poolpage_is_in_the_direct_map),
	};

	return run_host_tests(tests);
}
