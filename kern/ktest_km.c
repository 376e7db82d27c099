/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel memory by address (vm/vm_km.c), over the real page tables: what tests/vm_km.c asks of the
 * model, and what only the machine can answer.
 */
#include <errno.h>

#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "kern/ktest.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"
#include "vm/vm_map.h"
#include "vm/vm_meter.h"
#include "vm/vm_page.h"

#define SOME_PAGES 24u
#define WAITERS    4u

/* Does [va, va + size) hold zeros, and what is written to it? */
static void
check_memory(vaddr_t va, size_t size)
{
	for (vaddr_t at = va; at < va + size; at += PAGE_SIZE / 2) {
		volatile uint64_t *word = (uint64_t *)at;

		KT_EXPECT(*word == 0);
		*word = at;
	}
	for (vaddr_t at = va; at < va + size; at += PAGE_SIZE / 2)
		KT_EXPECT(*(volatile uint64_t *)at == at);
}

KTEST(km_wired_memory_is_there)
{
	uint64_t faults;
	vaddr_t va = km_alloc(kmem_map, SOME_PAGES * PAGE_SIZE);
	paddr_t pa;

	if (!KT_EXPECT(va != 0))
		return;
	faults = vm_meter_read(VMC_FAULTS);
	check_memory(va, SOME_PAGES * PAGE_SIZE);
	KT_EXPECT(vm_meter_read(VMC_FAULTS) == faults);
	km_free(kmem_map, va, SOME_PAGES * PAGE_SIZE);
	KT_EXPECT(!pmap_extract(kernel_pmap, va, &pa));
}

KTEST(km_page_is_at_its_address)
{
	struct vm_map *maps[] = {kernel_map, kmem_map, pipe_map, exec_map};

	for (unsigned i = 0; i < NELEM(maps); i++) {
		vaddr_t va = km_alloc(maps[i], PAGE_SIZE);
		paddr_t pa;

		if (!KT_EXPECT(va != 0 && pmap_extract(kernel_pmap, va, &pa)))
			continue;
		KT_EXPECT(vm_phys_to_page(pa)->pindex == (va - VM_MIN_KERNEL_ADDRESS) / PAGE_SIZE);
		km_free(maps[i], va, PAGE_SIZE);
	}
}

KTEST(km_pageable_memory_comes_on_demand)
{
	uint64_t before = vm_page_free_count();
	vaddr_t va = km_valloc(pipe_map, SOME_PAGES * PAGE_SIZE);
	paddr_t pa;

	if (!KT_EXPECT(va != 0))
		return;
	KT_EXPECT(!pmap_extract(kernel_pmap, va, &pa));
	KT_EXPECT(vm_page_free_count() + 4 > before);
	check_memory(va, SOME_PAGES * PAGE_SIZE);
	km_free_wakeup(pipe_map, va, SOME_PAGES * PAGE_SIZE);
	KT_EXPECT(!pmap_extract(kernel_pmap, va, &pa));
	/* The same addresses again, fresh. */
	va = km_valloc(pipe_map, SOME_PAGES * PAGE_SIZE);
	check_memory(va, SOME_PAGES * PAGE_SIZE);
	km_free(pipe_map, va, SOME_PAGES * PAGE_SIZE);
}

/* A fault on wired memory, on a guard, or where nothing is, is an error and brings no page. */
KTEST(km_fault_is_for_pageable_memory_only)
{
	vaddr_t wired = km_kmemalloc(kmem_map, 2 * PAGE_SIZE, KM_GUARD);
	vaddr_t pageable = km_valloc(kmem_map, PAGE_SIZE);
	vaddr_t bare = km_kmemalloc(kmem_map, PAGE_SIZE, KM_VALLOC);
	paddr_t pa;

	KT_EXPECT(vm_fault(kernel_map, wired - PAGE_SIZE, VM_PROT_READ) == EFAULT);
	KT_EXPECT(vm_fault(kernel_map, wired, VM_PROT_READ) == EFAULT);
	KT_EXPECT(!pmap_extract(kernel_pmap, wired - PAGE_SIZE, &pa));
	KT_EXPECT(vm_fault(kernel_map, pageable, VM_PROT_EXEC) == EACCES);
	KT_EXPECT(vm_fault(kernel_map, pageable, VM_PROT_READ) == 0);
	KT_EXPECT(vm_fault(kernel_map, bare, VM_PROT_WRITE) == 0);
	km_free(kmem_map, pageable, PAGE_SIZE);
	km_free(kmem_map, bare, PAGE_SIZE);
	km_free_guarded(kmem_map, wired, 2 * PAGE_SIZE);
	KT_EXPECT(vm_fault(kernel_map, pageable, VM_PROT_READ) == EFAULT);
}

/* C-68: whatever is missing in the end, what was there before goes back. */
KTEST(km_nowait_leaks_nothing)
{
	uint32_t entries = kmem_map->nentries;

	for (uint64_t left = 0; left < SOME_PAGES; left++) {
		uint64_t before;

		ktest_hoard(left);
		before = vm_page_free_count();
		KT_EXPECT(km_kmemalloc(kmem_map, 2 * SOME_PAGES * PAGE_SIZE, KM_NOWAIT) == 0);
		KT_EXPECT(kmem_map->nentries == entries);
		KT_EXPECT(vm_page_free_count() + 4 > before);
		ktest_unhoard();
	}
}

static void
unhoard_soon(void *arg)
{
	(void)arg;
	(void)sleep_ns(20000000, "ktest", 0);
	ktest_unhoard();
}

KTEST(km_waits_for_pages)
{
	vaddr_t va;

	ktest_hoard(4);
	ktest_spawn(unhoard_soon, NULL);
	va = km_alloc(kmem_map, SOME_PAGES * PAGE_SIZE);
	KT_EXPECT(va != 0);
	ktest_join();
	if (va != 0)
		km_free(kmem_map, va, SOME_PAGES * PAGE_SIZE);
}

/* C-70: nobody who waits for address space is forgotten, whatever size he wants. */
static unsigned got_space; /* a */

static void
wait_for_space(void *arg)
{
	size_t size = (size_t)arg;
	vaddr_t va = km_valloc_wait(exec_map, size);

	if (!KT_EXPECT(va != 0))
		return;
	*(volatile char *)va = 1;
	__atomic_add_fetch(&got_space, 1, __ATOMIC_RELAXED);
	km_free_wakeup(exec_map, va, size);
}

KTEST(km_waiters_for_space_all_wake)
{
	size_t all = exec_map->max - exec_map->min;

	for (unsigned round = 0; round < 20; round++) {
		vaddr_t whole = km_valloc(exec_map, all);

		if (!KT_EXPECT(whole != 0 && km_valloc(exec_map, PAGE_SIZE) == 0))
			return;
		got_space = 0;
		for (unsigned i = 0; i < WAITERS; i++)
			ktest_spawn(wait_for_space, (void *)(i == 0 ? all : all >> (i + 1)));
		if (round % 2 == 0)
			(void)sleep_ns(5000000, "ktest", 0);
		KT_EXPECT(got_space == 0);
		km_free_wakeup(exec_map, whole, all);
		ktest_join();
		KT_EXPECT(got_space == WAITERS);
	}
	KT_EXPECT(km_valloc_wait(exec_map, all + PAGE_SIZE) == 0);
}

/* Fill a map to the brim: it says so, and all of it comes back in one piece. */
KTEST(km_map_fills_and_empties)
{
	size_t all = exec_map->max - exec_map->min, piece = all / 16;
	vaddr_t got[17], whole;
	unsigned n = 0;

	while (n < NELEM(got) && (got[n] = km_valloc(exec_map, piece)) != 0)
		n++;
	KT_EXPECT(n == 16);
	KT_EXPECT(km_kmemalloc(exec_map, PAGE_SIZE, KM_NOWAIT) == 0);
	for (unsigned i = 0; i < n; i += 2)
		km_free(exec_map, got[i], piece);
	KT_EXPECT(km_valloc(exec_map, 2 * piece) == 0);
	for (unsigned i = 1; i < n; i += 2)
		km_free(exec_map, got[i], piece);
	whole = km_valloc(exec_map, all);
	if (KT_EXPECT(whole != 0))
		km_free(exec_map, whole, all);
}

static bool map_locked, map_wanted; /* a */

static void
lock_until_wanted(void *arg)
{
	(void)arg;
	vm_map_lock(kmem_map);
	__atomic_store_n(&map_locked, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&map_wanted, __ATOMIC_ACQUIRE))
		(void)sleep_ns(1000000, "ktest", 0);
	vm_map_unlock(kmem_map);
}

KTEST(km_trylock_does_not_wait)
{
	vaddr_t va;

	map_locked = map_wanted = false;
	ktest_spawn(lock_until_wanted, NULL);
	while (!__atomic_load_n(&map_locked, __ATOMIC_ACQUIRE))
		(void)sleep_ns(1000000, "ktest", 0);
	KT_EXPECT(km_kmemalloc(kmem_map, PAGE_SIZE, KM_NOWAIT | KM_TRYLOCK) == 0);
	__atomic_store_n(&map_wanted, true, __ATOMIC_RELEASE);
	ktest_join();
	va = km_kmemalloc(kmem_map, PAGE_SIZE, KM_NOWAIT | KM_TRYLOCK);
	if (KT_EXPECT(va != 0))
		km_free(kmem_map, va, PAGE_SIZE);
}

/* Everything at once, from every hart: each finds only its own marks in its memory. */
static void
allocate_at_random(void *arg)
{
	struct vm_map *map = ktest_random(2) ? kmem_map : pipe_map;

	for (unsigned i = 0; i < 20; i++) {
		size_t size = (1 + ktest_random(8)) * PAGE_SIZE;
		vaddr_t va = ktest_random(2) ? km_valloc(map, size) : km_alloc(map, size);

		if (va == 0)
			continue;
		for (vaddr_t at = va; at < va + size; at += PAGE_SIZE)
			*(volatile vaddr_t *)at = at ^ (vaddr_t)arg;
		if (ktest_random(4) == 0)
			yield();
		for (vaddr_t at = va; at < va + size; at += PAGE_SIZE)
			KT_EXPECT(*(volatile vaddr_t *)at == (at ^ (vaddr_t)arg));
		km_free(map, va, size);
	}
}

KTEST(km_harts_do_not_meet)
{
	for (unsigned i = 0; i < 2 * sched_online_count() + 1; i++)
		ktest_spawn(allocate_at_random, (void *)(vaddr_t)(i + 1));
	ktest_join();
}

KTEST(km_stack_has_a_guard)
{
	vaddr_t stack = kstack_alloc();
	paddr_t pa;

	if (!KT_EXPECT(stack != 0))
		return;
	KT_EXPECT(kstack_is_guard(stack - 1) && !kstack_is_guard(stack));
	KT_EXPECT(pmap_extract(kernel_pmap, stack, &pa));
	KT_EXPECT(pmap_extract(kernel_pmap, stack + KSTACK_SIZE - PAGE_SIZE, &pa));
	KT_EXPECT(!pmap_extract(kernel_pmap, stack - PAGE_SIZE, &pa));
	kstack_free(stack);
}
