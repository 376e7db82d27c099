/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables and TLBs of the machine itself (arch/riscv/pmap.c), with threads on every hart.
 */
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "kern/ktest.h"
#include "vm/pmap.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"

#define ROUNDS 40u

static vaddr_t window;   /* I  while a test runs */
static uint64_t version; /* a  what is to be seen through the window now; 0: stop */
static uint64_t seen[MAXHART];

/* Report what this hart sees, through whatever its TLB holds. */
static void
look_through_window(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	sched_set_affinity(curthread(), 1u << me);
	yield();
	KT_EXPECT(curthread()->hart == me);
	for (;;) {
		uint64_t now = __atomic_load_n(&version, __ATOMIC_ACQUIRE);

		if (now == 0)
			return;
		if (__atomic_load_n(&seen[me], __ATOMIC_RELAXED) != now) {
			KT_EXPECT(*(volatile uint64_t *)window == now);
			__atomic_store_n(&seen[me], now, __ATOMIC_RELEASE);
		}
		(void)sleep_ns(1, "ktest", 0);
	}
}

/* Until every hart has looked. */
static void
wait_until_seen(uint64_t now)
{
	for (unsigned hart = 0; hart < sched_online_count(); hart++)
		while (__atomic_load_n(&seen[hart], __ATOMIC_ACQUIRE) != now)
			(void)sleep_ns(1, "ktest", 0);
}

/*
 * One address, another frame each time: after pmap_kremove no hart may still see the old one.
 */
KTEST(pmap_removed_means_removed_everywhere)
{
	struct vm_page *m[2];

	window = km_kmemalloc(kmem_map, PAGE_SIZE, KM_VALLOC);
	m[0] = vm_page_alloc_noobj(VM_ALLOC_NORMAL);
	m[1] = vm_page_alloc_noobj(VM_ALLOC_NORMAL);
	if (!KT_EXPECT(window != 0 && m[0] != NULL && m[1] != NULL &&
		pmap_growkernel(window, window + PAGE_SIZE) == 0))
		return;
	*(uint64_t *)vm_page_kva(m[0]) = 1;
	pmap_kenter(window, vm_page_to_phys(m[0]), VM_PROT_READ);
	__atomic_store_n(&version, 1, __ATOMIC_RELEASE);
	for (unsigned hart = 0; hart < sched_online_count(); hart++)
		ktest_spawn(look_through_window, (void *)(uintptr_t)hart);
	for (uint64_t now = 2; now < ROUNDS; now++) {
		wait_until_seen(now - 1);
		*(uint64_t *)vm_page_kva(m[now % 2]) = now;
		pmap_kremove(window, window + PAGE_SIZE);
		pmap_kenter(window, vm_page_to_phys(m[now % 2]), VM_PROT_READ);
		__atomic_store_n(&version, now, __ATOMIC_RELEASE);
	}
	wait_until_seen(ROUNDS - 1);
	__atomic_store_n(&version, 0, __ATOMIC_RELEASE);
	ktest_join();
	pmap_kremove(window, window + PAGE_SIZE);
	km_free(kmem_map, window, PAGE_SIZE);
	vm_page_free(m[0]);
	vm_page_free(m[1]);
}

/* A user space without a process: what is entered is found, what is removed is not. */
KTEST(pmap_enters_and_forgets)
{
	struct pmap *pm = pmap_create();
	struct vm_page *m = vm_page_alloc_noobj(VM_ALLOC_ZERO);
	vaddr_t at[] = {VM_MIN_USER_ADDRESS, 0x200000, 0x40000000, VM_MAX_USER_ADDRESS - PAGE_SIZE};
	paddr_t pa;

	if (!KT_EXPECT(pm != NULL && m != NULL))
		return;
	m->valid = 1;
	for (unsigned i = 0; i < NELEM(at); i++)
		KT_EXPECT(pmap_enter(pm, at[i], m, VM_PROT_RW, VM_PROT_WRITE) == 0);
	KT_EXPECT(pmap_resident_count(pm) == NELEM(at));
	for (unsigned i = 0; i < NELEM(at); i++) {
		KT_EXPECT(pmap_extract(pm, at[i], &pa) && pa == vm_page_to_phys(m));
		pmap_remove(pm, at[i], at[i] + PAGE_SIZE);
		KT_EXPECT(!pmap_extract(pm, at[i], &pa));
	}
	KT_EXPECT(pmap_resident_count(pm) == 0);
	pmap_destroy(pm);
	m->valid = 0;
	vm_page_free(m);
}
