/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the pmap do what vm/pmap.h promises, on harts whose TLBs forget nothing by themselves?
 * (tests/pmap/model.h)
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pmap/model.h"

#define A   0x100000ul
#define B   (A + PAGE_SIZE)
#define FAR (A + (64ul << 30)) /* shares no table with A but the root */
#define K   VM_MIN_KERNEL_ADDRESS

#define RO  ((vm_prot_t)VM_PROT_READ)
#define RW  ((vm_prot_t)VM_PROT_RW)
#define RX  ((vm_prot_t)(VM_PROT_READ | VM_PROT_EXEC))
#define W   VM_PROT_WRITE

static const struct model_knobs svade = {.asid_bits = 16};
static const struct model_knobs svadu = {.asid_bits = 16, .hardware_ad = true};
static const struct model_knobs stubborn = {.asid_bits = 16, .stubborn = true};

/* Go on as another hart. */
static void
on_hart(unsigned hart, struct pmap *pm)
{
	model_hart = hart;
	pmap_activate(pm);
}

static void
everybody_off(unsigned nharts)
{
	for (unsigned i = 0; i < nharts; i++)
		on_hart(i, NULL);
	model_hart = 0;
}

static void
enter(struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot, unsigned flags)
{
	assert_int_equal(pmap_enter(pm, va, m, prot, flags), 0);
}

static void
free_page(struct vm_page *m)
{
	vm_page_unwire(m, PQ_NONE);
}

static void
clear(struct pmap *pm)
{
	pmap_remove(pm, 0, VM_MAX_USER_ADDRESS);
}

/*
 * Boot.
 */
static pte_t
kernel_leaf(vaddr_t va, int *level)
{
	const pte_t *table = kernel_pmap->root;

	for (*level = PT_ROOT; *level >= 0; --*level) {
		pte_t entry = table[pt_index(va, *level)];
		if ((entry & PTE_V) == 0 || pte_is_leaf(entry))
			return entry;
		table = pte_table(entry);
	}
	return 0;
}

static void
does_the_kernel_table_give_each_thing_its_rights(void **state)
{
	const vaddr_t image = KERNBASE + 0x200000;
	int level;

	(void)state;
	model_boot(1, svade);
	assert_int_equal(
	    kernel_leaf(image, &level) & (PTE_RWX | PTE_G | PTE_U), PTE_R | PTE_X | PTE_G);
	assert_int_equal(kernel_leaf(image + 8 * PAGE_SIZE, &level) & PTE_RWX, PTE_R);
	assert_int_equal(kernel_leaf(image + 19 * PAGE_SIZE, &level) & PTE_RWX, PTE_R | PTE_W);
	assert_int_equal(kernel_leaf(image + 20 * PAGE_SIZE, &level) & PTE_V, 0);
	assert_int_equal(kernel_leaf(image - PAGE_SIZE, &level) & PTE_V, 0);
	assert_int_equal(pmap_kextract((void *)(image + 0x1234)), MODEL_IMAGE + 0x1234);
	/* The direct map is no way to write text. */
	assert_int_equal(
	    kernel_leaf(DMAP_BASE + MODEL_IMAGE + 11 * PAGE_SIZE, &level) & PTE_RWX, PTE_R);
	assert_int_equal(
	    kernel_leaf(DMAP_BASE + MODEL_IMAGE + 12 * PAGE_SIZE, &level) & PTE_RWX, PTE_R | PTE_W);
	assert_int_equal(kernel_leaf(DMAP_BASE + 0x10000000, &level) & PTE_RWX, PTE_R | PTE_W);
	assert_int_equal(kernel_leaf(DMAP_BASE + 0x10001000, &level) & PTE_V, 0);
}

static void
does_the_direct_map_use_the_largest_leaves(void **state)
{
	int level;

	(void)state;
	model_boot(1, svade);
	assert_true((kernel_leaf(DMAP_BASE + MODEL_RAM, &level) & PTE_V) != 0);
	assert_int_equal(level, 0); /* shares 2 MiB with the image */
	kernel_leaf(DMAP_BASE + MODEL_RAM + (2ul << 20), &level);
	assert_int_equal(level, 1); /* shares 1 GiB with it */
	kernel_leaf(DMAP_BASE + MODEL_RAM + (1ul << 30), &level);
	assert_int_equal(level, 2);
	assert_int_equal(pmap_kextract((void *)(DMAP_BASE + 0x123456789)), 0x123456789);
}

static void
is_every_root_complete_from_the_start(void **state)
{
	(void)state;
	model_boot(1, svade);
	const vaddr_t last = pmap_kernel_end - PAGE_SIZE;
	struct pmap *pm = pmap_create();
	/* Mapping kernel memory later shows in it. */
	assert_int_equal(pmap_growkernel(last, last + PAGE_SIZE), 0);
	struct vm_page *m = model_page();
	pmap_kenter(last, vm_page_to_phys(m), RW);
	pmap_activate(pm);
	assert_ptr_equal(model_access(last, W, false), m);
	assert_null(model_access(last, VM_PROT_READ, true));
	pmap_kremove(last, last + PAGE_SIZE);
	assert_null(model_access(last, VM_PROT_READ, false));
	pmap_activate(NULL);
	pmap_destroy(pm);
	free_page(m);
	assert_int_equal(model_pages_in_use(), 1); /* the kernel's table stays */
}

/*
 * One space.
 */
static void
does_what_is_entered_translate_until_removed(void **state)
{
	(void)state;
	model_boot(1, stubborn);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();
	paddr_t pa;

	pmap_activate(pm);
	assert_null(model_touch(pm, A, RO));
	assert_false(pmap_extract(pm, A, &pa));
	assert_false(pmap_is_prefaultable(pm, A));
	enter(pm, A, m, RO, RO);
	enter(pm, FAR, n, RW, RO);
	assert_ptr_equal(model_touch(pm, A, RO), m);
	assert_null(model_touch(pm, A, W));
	assert_null(model_touch(pm, A, VM_PROT_EXEC));
	assert_ptr_equal(model_touch(pm, FAR, W), n);
	assert_true(pmap_extract(pm, A + 5, &pa));
	assert_int_equal(pa, vm_page_to_phys(m) + 5);
	assert_true(pmap_is_prefaultable(pm, B));
	assert_false(pmap_is_prefaultable(pm, A));
	assert_int_equal(pmap_resident_count(pm), 2);
	assert_int_equal(pm->tables, 4);
	clear(pm);
	assert_null(model_touch(pm, A, RO));
	assert_null(model_touch(pm, FAR, RO));
	assert_int_equal(pmap_resident_count(pm), 0);
	assert_int_equal(pm->tables, 0);
	free_page(m);
	free_page(n);
	pmap_activate(NULL);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
are_wild_addresses_no_mappings(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page();

	enter(pm, A, m, RW, W);
	assert_true(pmap_fault_fixup(pm, A, W));
	/* These have the same index bits. */
	assert_false(pmap_fault_fixup(pm, A + (1ul << 39), W));
	assert_false(pmap_fault_fixup(pm, A | 1ul << 63, W));
	assert_false(pmap_fault_fixup(pm, DMAP_BASE + MODEL_RAM, RO));
	assert_false(pmap_fault_fixup(kernel_pmap, A, RO));
	clear(pm);
	free_page(m);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
does_enomem_change_nothing(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct pmap *pm = pmap_create(), *other = pmap_create();
	struct vm_page *m = model_page(), *old = model_page();
	unsigned fails = 0;

	/* The third mapping of a page is the first that takes memory. */
	enter(other, A, m, RO, RO);
	enter(other, B, m, RO, RO);
	enter(pm, A, old, RW, W);
	for (int error = ENOMEM; error == ENOMEM; fails++) {
		unsigned pages = model_pages_in_use();
		uint64_t tables = pm->tables;
		model_fail(fails + 1);
		error = pmap_enter(pm, FAR, m, RO, RO);
		model_fail(0);
		if (error == ENOMEM) {
			assert_int_equal(model_pages_in_use(), pages);
			assert_int_equal(pm->tables, tables);
			assert_int_equal(pmap_resident_count(pm), 1);
		}
	}
	assert_int_equal(
	    fails, 4); /* two tables and a reverse mapping can be missing; then it works */
	/* Replacing needs a reverse mapping first. */
	pmap_remove(pm, FAR, FAR + PAGE_SIZE);
	model_fail(1);
	assert_int_equal(pmap_enter(pm, A, m, RO, RO), ENOMEM);
	pmap_activate(pm);
	assert_ptr_equal(model_touch(pm, A, W), old);
	/* A whole space, too. */
	for (unsigned n = 1; n <= 2; n++) {
		model_fail(n);
		assert_null(pmap_create());
	}
	pmap_activate(NULL);
	clear(pm);
	clear(other);
	free_page(m);
	free_page(old);
	pmap_destroy(pm);
	pmap_destroy(other);
	model_check_leaks();
}

static void
are_wired_mappings_counted(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();

	enter(pm, A, m, RW, W | PMAP_WIRED);
	enter(pm, B, m, RO, RO);
	assert_int_equal(pmap_wired_count(pm), 1);
	assert_int_equal(pmap_page_wired_mappings(m), 1);
	enter(pm, B, m, RO, RO | PMAP_WIRED);
	assert_int_equal(pmap_page_wired_mappings(m), 2);
	enter(pm, B, n, RO, RO);
	assert_int_equal(pmap_wired_count(pm), 1);
	pmap_unwire(pm, A, B + PAGE_SIZE);
	assert_int_equal(pmap_wired_count(pm), 0);
	assert_int_equal(pmap_resident_count(pm), 2);
	enter(pm, A, m, RW, W | PMAP_WIRED);
	clear(pm);
	assert_int_equal(pmap_wired_count(pm), 0);
	free_page(m);
	free_page(n);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
does_protect_only_take_rights_away(void **state)
{
	(void)state;
	model_boot(2, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m[40];

	for (unsigned i = 0; i < 40; i++) {
		m[i] = model_page();
		enter(pm, A + ptoa(i), m[i], i % 2 ? RW : RX, RO);
	}
	for (unsigned hart = 0; hart < 2; hart++) {
		on_hart(hart, pm);
		for (unsigned i = 0; i < 40; i++)
			assert_ptr_equal(
			    model_touch(pm, A + ptoa(i), i % 2 ? W : VM_PROT_EXEC), m[i]);
	}
	pmap_protect(pm, A, A + ptoa(40), VM_PROT_RW);
	pmap_protect(pm, A, A + ptoa(40), RX);
	for (unsigned hart = 0; hart < 2; hart++) {
		on_hart(hart, pm);
		for (unsigned i = 0; i < 40; i++) {
			assert_null(model_touch(pm, A + ptoa(i), W));
			assert_null(model_touch(pm, A + ptoa(i), VM_PROT_EXEC));
			assert_ptr_equal(model_touch(pm, A + ptoa(i), RO), m[i]);
			assert_int_equal(pmap_is_modified(m[i]), i % 2); /* not forgotten */
		}
	}
	pmap_protect(pm, A, A + ptoa(40), VM_PROT_NONE);
	assert_int_equal(pmap_resident_count(pm), 0);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(model_page_dirty(m[i]), i % 2);
		free_page(m[i]);
	}
	everybody_off(2);
	pmap_destroy(pm);
	model_check_leaks();
}

/* Sv39 has no leaf without rights: such an entry would point to a table. */
static void
does_an_execute_only_page_vanish_when_it_may_only_be_read(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();

	pmap_activate(pm);
	enter(pm, A, m, VM_PROT_EXEC, VM_PROT_EXEC);
	enter(pm, B, n, RX, VM_PROT_EXEC);
	assert_ptr_equal(model_touch(pm, A, VM_PROT_EXEC), m);
	assert_null(model_touch(pm, A, RO));
	pmap_protect(pm, A, B + PAGE_SIZE, RO);
	assert_null(model_touch(pm, A, VM_PROT_EXEC));
	assert_null(model_touch(pm, A, RO));
	assert_ptr_equal(model_touch(pm, B, RO), n);
	assert_false(pmap_page_is_mapped(m));
	pmap_protect(pm, A, B + PAGE_SIZE, VM_PROT_NONE);
	enter(pm, A, m, VM_PROT_EXEC, VM_PROT_EXEC);
	pmap_protect(pm, A, B + PAGE_SIZE, RO);
	assert_int_equal(pm->tables, 0);
	pmap_activate(NULL);
	free_page(m);
	free_page(n);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
does_hold_pin_only_what_may_be_accessed(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page();

	enter(pm, A, m, RO, RO);
	assert_null(pmap_extract_and_hold(pm, B, RO));
	assert_null(pmap_extract_and_hold(pm, A, W));
	assert_ptr_equal(pmap_extract_and_hold(pm, A, RO), m);
	assert_false(model_page_dirty(m));
	clear(pm);
	free_page(m);
	assert_int_equal(m->ref, 1);
	enter(pm, A, m, RW, RO);
	assert_ptr_equal(pmap_extract_and_hold(pm, A, W), m);
	assert_true(model_page_dirty(m));
	clear(pm);
	free_page(m);
	free_page(m);
	pmap_destroy(pm);
	model_check_leaks();
}

/* A quick entry must not make tables or replace anything; where the page is mapped already it may
 * gain rights, which the next store must find on every hart. */
static void
is_a_quick_entry_careful(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();

	pmap_activate(pm);
	pmap_enter_quick(pm, A, m, RW);
	assert_int_equal(pm->tables, 0);
	enter(pm, A, n, RO, RO);
	pmap_enter_quick(pm, A, m, RW);
	pmap_enter_quick(pm, B, m, RO);
	assert_ptr_equal(model_touch(pm, A, RO), n);
	assert_null(model_touch(pm, A, W));
	assert_null(model_touch(pm, B, W));
	assert_int_equal(pmap_ts_referenced(m), 0);
	assert_ptr_equal(model_touch(pm, B, RO), m);
	assert_int_equal(pmap_ts_referenced(m), 1);
	assert_int_equal(pmap_ts_referenced(m), 0);
	pmap_enter_quick(pm, B, m, RW);
	assert_false(pmap_is_modified(m));
	assert_ptr_equal(model_touch(pm, B, W), m);
	assert_true(pmap_is_modified(m));
	clear(pm);
	pmap_activate(NULL);
	free_page(m);
	free_page(n);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
does_a_copy_carry_no_rights_to_write_and_no_wiring(void **state)
{
	(void)state;
	model_boot(1, svadu);
	struct pmap *pm = pmap_create(), *child = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();

	enter(pm, A, m, RX | W, W | PMAP_WIRED);
	enter(pm, B, n, RX, RO);
	pmap_copy(child, pm, A, FAR);
	pmap_activate(child);
	assert_null(model_touch(child, A, W));
	struct vm_page *seen = model_touch(child, B, VM_PROT_EXEC);
	assert_true(seen == n || seen == NULL);
	assert_int_equal(pmap_wired_count(child), 0);
	clear(pm);
	assert_int_equal(pmap_page_wired_mappings(m), 0);
	assert_false(pmap_is_modified(m));
	/* ENOMEM is no error here. */
	pmap_activate(NULL);
	clear(child);
	enter(pm, A, m, RX, RO);
	for (unsigned i = 1; i < 5; i++) {
		model_fail(i);
		pmap_copy(child, pm, A, FAR);
		clear(child);
	}
	clear(pm);
	free_page(m);
	free_page(n);
	pmap_destroy(pm);
	pmap_destroy(child);
	model_check_leaks();
}

/* The page of zeros: everywhere at once, and nobody asks it where. */
static void
does_an_unmanaged_mapping_leave_the_page_alone(void **state)
{
	(void)state;
	model_boot(2, svade);
	struct pmap *pm = pmap_create(), *child = pmap_create();
	struct vm_page *zeros = model_page(), *m = model_page();

	assert_int_equal(pmap_enter(pm, A, zeros, RO, RO | PMAP_UNMANAGED), 0);
	assert_int_equal(pmap_enter(pm, B, zeros, RO, RO | PMAP_UNMANAGED), 0);
	assert_false(pmap_page_is_mapped(zeros));
	pmap_copy(child, pm, A, FAR);
	pmap_activate(child);
	assert_ptr_equal(model_touch(child, A, RO), zeros);
	assert_null(model_touch(child, A, W));
	/* A write puts the memory's own page in its place. */
	enter(child, A, m, RW, W);
	assert_ptr_equal(model_touch(child, A, W), m);
	pmap_protect(child, A, FAR, RO);
	assert_int_equal(pmap_resident_count(child), 2);
	pmap_activate(NULL);
	clear(child);
	clear(pm);
	free_page(zeros);
	free_page(m);
	pmap_destroy(pm);
	pmap_destroy(child);
	model_check_leaks();
}

struct walk_log {
	vaddr_t last;
	unsigned n, wired, writable;
};

static void
log_mapping(void *arg, vaddr_t va, struct vm_page *m, vm_prot_t prot, bool wired)
{
	struct walk_log *log = arg;

	assert_non_null(m);
	assert_true(va > log->last);
	log->last = va;
	log->n++;
	log->wired += wired;
	log->writable += (prot & VM_PROT_WRITE) != 0;
}

static void
does_a_walk_see_every_mapping_in_order(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page();
	struct walk_log log = {0};

	enter(pm, FAR, m, RO, RO);
	enter(pm, A, m, RW, W | PMAP_WIRED);
	enter(pm, VM_MAX_USER_ADDRESS - PAGE_SIZE, m, RX, RO);
	pmap_walk(pm, log_mapping, &log);
	assert_int_equal(log.n, 3);
	assert_int_equal(log.wired, 1);
	assert_int_equal(log.writable, 1);
	clear(pm);
	free_page(m);
	pmap_destroy(pm);
	model_check_leaks();
}

/*
 * Accessed and dirty.
 */
static void
is_every_write_noticed(const struct model_knobs *knobs)
{
	model_boot(2, *knobs);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page();

	on_hart(1, pm);
	on_hart(0, pm);
	enter(pm, A, m, RW, RO);
	assert_false(pmap_is_modified(m));
	assert_ptr_equal(model_touch(pm, A, RO), m);
	assert_false(pmap_is_modified(m));
	assert_ptr_equal(model_touch(pm, A, W), m);
	assert_true(pmap_is_modified(m));
	on_hart(1, pm);
	assert_ptr_equal(model_touch(pm, A, W), m);
	on_hart(0, pm);
	/* Both harts have it as dirty in their TLBs. */
	pmap_clear_modify(m);
	assert_false(pmap_is_modified(m));
	on_hart(1, pm);
	assert_ptr_equal(model_touch(pm, A, W), m);
	assert_true(pmap_is_modified(m));
	on_hart(0, pm);
	pmap_remove_write(m);
	assert_true(model_page_dirty(m));
	assert_false(pmap_is_modified(m));
	for (unsigned hart = 0; hart < 2; hart++) {
		on_hart(hart, pm);
		assert_null(model_touch(pm, A, W));
		assert_ptr_equal(model_touch(pm, A, RO), m);
	}
	/* The right to write comes back, and what was known stays known. */
	m->dirty = 0;
	enter(pm, A, m, RW, W);
	enter(pm, A, m, RO, RO);
	assert_true(pmap_is_modified(m));
	assert_null(model_touch(pm, A, W));
	pmap_remove_all(m);
	assert_true(model_page_dirty(m));
	everybody_off(2);
	free_page(m);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
is_every_write_noticed_by_faults(void **state)
{
	(void)state;
	is_every_write_noticed(&svade);
}

static void
is_every_write_noticed_by_the_walker(void **state)
{
	(void)state;
	is_every_write_noticed(&svadu);
}

static void
is_every_write_noticed_with_stubborn_tlbs(void **state)
{
	(void)state;
	is_every_write_noticed(&stubborn);
}

static void
does_the_kernel_never_depend_on_a_fixup(void **state)
{
	(void)state;
	model_boot(1, svade);
	struct vm_page *m = model_page(), *n = model_page();

	assert_int_equal(pmap_growkernel(K, K + (4ul << 20)), 0);
	enter(kernel_pmap, K, m, RW, 0);
	pmap_enter_quick(kernel_pmap, K + PAGE_SIZE, n, RO);
	assert_ptr_equal(model_access(K, W, false), m);
	assert_ptr_equal(model_access(K + PAGE_SIZE, RO, false), n);
	pmap_clear_modify(m);
	assert_int_equal(pmap_ts_referenced(m) + pmap_ts_referenced(n), 0);
	pmap_remove(kernel_pmap, K + PAGE_SIZE, K + 2 * PAGE_SIZE);
	assert_ptr_equal(model_access(K, W, false), m);
	assert_true(pmap_is_modified(m));
	assert_true(pmap_fault_fixup(kernel_pmap, K, W));
	pmap_remove(kernel_pmap, K, K + PAGE_SIZE);
	assert_false(pmap_fault_fixup(kernel_pmap, K, W));
	assert_int_equal(pmap_resident_count(kernel_pmap), 0);
	free_page(m);
	free_page(n);
}

/* A fixup is worth a trap, so one must do. */
static void
is_one_fixup_enough(void **state)
{
	(void)state;
	model_boot(1, stubborn);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page();

	pmap_activate(pm);
	enter(pm, A, m, RW, RO);
	assert_ptr_equal(model_access(A, RO, true), m);
	assert_null(model_access(A, W, true));
	assert_true(pmap_fault_fixup(pm, A + 3, W));
	assert_ptr_equal(model_access(A, W, true), m);
	clear(pm);
	pmap_activate(NULL);
	free_page(m);
	pmap_destroy(pm);
	model_check_leaks();
}

/*
 * Shootdown.
 */
static vaddr_t fence_va;
static struct pmap *fence_pm;
static unsigned fence_seen;

static void
expect_nothing_mapped(void)
{
	assert_int_equal(*pt_find(fence_pm, fence_va) & PTE_V, 0);
	fence_seen++;
}

/* Two threads must never write through one address to two pages at the same time. */
static void
is_the_old_page_gone_everywhere_before_the_new_one_is_there(void **state)
{
	(void)state;
	model_boot(3, svadu);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();

	enter(pm, A, m, RW, W);
	for (unsigned hart = 0; hart < 3; hart++) {
		on_hart(hart, pm);
		assert_ptr_equal(model_touch(pm, A, W), m);
	}
	fence_va = A;
	fence_pm = pm;
	model_on_fence = expect_nothing_mapped;
	enter(pm, A, n, RW, W);
	model_on_fence = NULL;
	assert_int_equal(fence_seen, 1);
	assert_false(pmap_page_is_mapped(m));
	assert_true(model_page_dirty(m));
	free_page(m);
	for (unsigned hart = 0; hart < 3; hart++) {
		on_hart(hart, pm);
		assert_ptr_equal(model_touch(pm, A, W), n);
	}
	everybody_off(3);
	clear(pm);
	free_page(n);
	pmap_destroy(pm);
	model_check_leaks();
}

/* The same page again with fewer rights is a revocation like any other. */
static void
does_entering_with_fewer_rights_reach_all_harts(void **state)
{
	(void)state;
	model_boot(2, svadu);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page();

	enter(pm, A, m, RW, W);
	on_hart(1, pm);
	assert_ptr_equal(model_touch(pm, A, W), m);
	on_hart(0, pm);
	enter(pm, A, m, RO, RO);
	on_hart(1, pm);
	assert_null(model_touch(pm, A, W));
	/* More rights need no word to the others: they find out by a fault. */
	on_hart(0, pm);
	uint64_t fences = model_counts.remote_fences;
	enter(pm, A, m, RW, W);
	assert_int_equal(model_counts.remote_fences, fences);
	on_hart(1, pm);
	assert_ptr_equal(model_touch(pm, A, W), m);
	everybody_off(2);
	clear(pm);
	free_page(m);
	pmap_destroy(pm);
	model_check_leaks();
}

/* A hart that left a space keeps its TLB entries; it must not find them again. */
static void
does_a_hart_come_back_to_the_truth(void **state)
{
	(void)state;
	model_boot(2, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();

	enter(pm, A, m, RW, W);
	on_hart(1, pm);
	assert_ptr_equal(model_touch(pm, A, W), m);
	pmap_activate(NULL);
	on_hart(0, pm);
	uint64_t fences = model_counts.remote_fences;
	enter(pm, A, n, RW, W);
	free_page(m);
	assert_int_equal(model_counts.remote_fences, fences); /* nobody to tell */
	on_hart(1, pm);
	assert_ptr_equal(model_touch(pm, A, W), n);
	everybody_off(2);
	clear(pm);
	free_page(n);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
do_spaces_stay_apart(struct model_knobs knobs)
{
	struct pmap *pm[10];
	struct vm_page *m[10];

	model_boot(2, knobs);
	for (unsigned i = 0; i < 10; i++) {
		pm[i] = pmap_create();
		m[i] = model_page();
		enter(pm[i], A, m[i], RW, W);
	}
	for (unsigned round = 0; round < 200; round++) {
		unsigned i = round * 7 % 10;
		on_hart(round / 3 % 2, pm[i]);
		assert_ptr_equal(model_touch(pm[i], A, W), m[i]);
		if (round % 5 == 0) {
			free_page(m[i] = (pmap_remove_all(m[i]), m[i]));
			m[i] = model_page();
			enter(pm[i], A, m[i], RW, W);
			assert_ptr_equal(model_touch(pm[i], A, W), m[i]);
		}
	}
	everybody_off(2);
	for (unsigned i = 0; i < 10; i++) {
		clear(pm[i]);
		free_page(m[i]);
		pmap_destroy(pm[i]);
	}
	model_check_leaks();
}

static void
do_spaces_stay_apart_with_many_asids(void **state)
{
	(void)state;
	do_spaces_stay_apart(svade);
}

static void
t21_do_spaces_stay_apart_when_asids_roll_over(void **state)
{
	(void)state;
	do_spaces_stay_apart((struct model_knobs){.asid_bits = 2, .stubborn = true});
	do_spaces_stay_apart((struct model_knobs){.asid_bits = 1, .hardware_ad = true});
}

static void
t21_do_spaces_stay_apart_without_asids(void **state)
{
	(void)state;
	do_spaces_stay_apart((struct model_knobs){.asid_bits = 0});
}

/* The pmap of a process that ended is used again for the next one. */
static void
is_a_new_space_empty_in_every_tlb(void **state)
{
	(void)state;
	model_boot(2, svade);
	for (unsigned round = 0; round < 20; round++) {
		struct pmap *pm = pmap_create();
		struct vm_page *m = model_page();
		for (unsigned hart = 0; hart < 2; hart++) {
			on_hart(hart, pm);
			assert_null(model_touch(pm, A, RO));
		}
		enter(pm, A, m, RW, W);
		for (unsigned hart = 0; hart < 2; hart++) {
			on_hart(hart, pm);
			assert_ptr_equal(model_touch(pm, A, W), m);
		}
		everybody_off(2);
		clear(pm);
		free_page(m);
		pmap_destroy(pm);
	}
	model_check_leaks();
}

/* A walker remembers tables too: they must be free for it before they are free for others. */
static void
t21_are_tables_free_only_when_no_walker_knows_them(void **state)
{
	(void)state;
	model_boot(2, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page();

	for (unsigned round = 0; round < 4; round++) {
		enter(pm, A, m, RO, RO);
		for (unsigned hart = 0; hart < 2; hart++) {
			on_hart(hart, pm);
			assert_ptr_equal(model_touch(pm, A, RO), m);
		}
		switch (round) {
		case 0:
			pmap_remove(pm, A, B);
			break;
		case 1:
			pmap_remove_all(m);
			break;
		case 2:
			clear(pm);
			break;
		case 3:
			pmap_protect(pm, A, B, VM_PROT_NONE);
			break;
		}
		assert_int_equal(pm->tables, 0);
		for (unsigned hart = 0; hart < 2; hart++) {
			on_hart(hart, pm);
			assert_null(
			    model_touch(pm, A, RO)); /* panics if it walks through a free page */
		}
	}
	everybody_off(2);
	free_page(m);
	pmap_destroy(pm);
	model_check_leaks();
}

static void
is_a_range_shot_down_at_once(void **state)
{
	struct vm_page *m[600];

	(void)state;
	model_boot(2, svade);
	struct pmap *pm = pmap_create();
	on_hart(1, pm);
	on_hart(0, pm);
	for (unsigned i = 0; i < 600; i++) {
		m[i] = model_page();
		enter(pm, A + ptoa(i), m[i], RW, W);
	}
	on_hart(1, pm);
	for (unsigned i = 0; i < 600; i++)
		assert_ptr_equal(model_touch(pm, A + ptoa(i), W), m[i]);
	uint64_t fences = model_counts.remote_fences;
	pmap_protect(pm, A, A + ptoa(600), RO);
	assert_in_range(model_counts.remote_fences - fences, 1, 3);
	on_hart(0, pm);
	fences = model_counts.remote_fences;
	clear(pm);
	/* Some 48 mappings at a time. */
	assert_in_range(model_counts.remote_fences - fences, 1, 20);
	fences = model_counts.remote_fences;
	pmap_remove(pm, 0, VM_MAX_USER_ADDRESS);
	assert_int_equal(model_counts.remote_fences, fences);
	for (unsigned i = 0; i < 600; i++)
		free_page(m[i]);
	for (unsigned hart = 0; hart < 2; hart++) {
		on_hart(hart, pm);
		assert_null(model_touch(pm, A + ptoa(599), RO));
	}
	everybody_off(2);
	pmap_destroy(pm);
	model_check_leaks();
}

/* A space that only this hart runs costs the others nothing. */
static void
is_a_private_space_nobody_elses_business(void **state)
{
	(void)state;
	model_boot(8, svade);
	struct pmap *pm = pmap_create();
	struct vm_page *m = model_page(), *n = model_page();

	on_hart(3, pm);
	enter(pm, A, m, RW, W);
	enter(pm, A, n, RW, W);
	pmap_protect(pm, A, B, RO);
	pmap_remove_all(n);
	assert_int_equal(model_counts.remote_fences, 0);
	everybody_off(8);
	free_page(m);
	free_page(n);
	pmap_destroy(pm);
	model_check_leaks();
}

/* A new kernel stack must work at once on a hart that once looked there and found nothing. */
static void
does_a_switch_bring_new_kernel_mappings(void **state)
{
	(void)state;
	model_boot(2, stubborn);
	struct vm_page *m = model_page();

	assert_int_equal(pmap_growkernel(K, K + PAGE_SIZE), 0);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned hart = 2; hart-- > 0;) {
			on_hart(hart, NULL);
			assert_null(model_access(K, W, false));
			assert_null(model_access(K + (1ul << 30), W, false));
		}
		pmap_kenter(K, vm_page_to_phys(m), RW);
		assert_ptr_equal(model_access(K, W, false), m);
		on_hart(1, NULL);
		assert_ptr_equal(model_access(K, W, false), m);
		pmap_kremove(K, K + PAGE_SIZE);
	}
	/* A new table, too; and what need not be there at once comes by a fixup. */
	assert_null(model_access(K + (1ul << 30), W, false));
	on_hart(0, NULL);
	assert_null(model_access(K + (1ul << 30), W, false));
	assert_int_equal(pmap_growkernel(K + (1ul << 30), K + (1ul << 30) + PAGE_SIZE), 0);
	pmap_kenter(K + (1ul << 30), vm_page_to_phys(m), RW);
	assert_ptr_equal(model_access(K + (1ul << 30), W, false), m);
	model_hart = 1;
	assert_null(model_access(K + (1ul << 30), W, false));
	assert_ptr_equal(model_touch(kernel_pmap, K + (1ul << 30), W), m);
	free_page(m);
}

static void
t21_are_instructions_fetched_anew_once_for_each_content(void **state)
{
	(void)state;
	model_boot(2, svadu);
	struct pmap *pm = pmap_create(), *other = pmap_create();
	struct vm_page *m = model_page();

	enter(pm, A, m, RO, RO);
	assert_int_equal(model_counts.instruction_fences, 0);
	enter(pm, A, m, RX, RO);
	enter(other, A, m, RX, RO);
	pmap_enter_quick(other, B, m, RX);
	assert_int_equal(model_counts.instruction_fences, 1);
	vm_page_dirty(m);
	enter(pm, B, m, RX, RO);
	assert_int_equal(model_counts.instruction_fences, 2);
	enter(pm, FAR, m, RW, W);
	enter(pm, B, m, RX, RO);
	assert_int_equal(model_counts.instruction_fences, 3);
	clear(pm);
	clear(other);
	free_page(m);
	pmap_destroy(pm);
	pmap_destroy(other);
	model_check_leaks();
}

/*
 * Pages mapped in many places.
 */
#define SPACES 20

static unsigned
count_mapped(struct pmap **pm)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SPACES; i++)
		n += pmap_resident_count(pm[i]);
	return n;
}

static void
does_a_page_know_all_its_mappings(void **state)
{
	struct pmap *pm[SPACES];

	(void)state;
	srandom(1);
	model_boot(1, svade);
	struct vm_page *m = model_page();
	for (unsigned i = 0; i < SPACES; i++)
		pm[i] = pmap_create();
	for (unsigned round = 0; round < 2000; round++) {
		struct pmap *one = pm[random() % SPACES];
		vaddr_t va = A + ptoa(random() % 3);
		if (random() % 2 != 0)
			enter(one, va, m, RW, random() % 2 ? W | PMAP_WIRED : RO);
		else
			pmap_remove(one, va, va + PAGE_SIZE);
		assert_int_equal(pmap_page_is_mapped(m), count_mapped(pm) > 0);
		if (round % 100 == 99) {
			unsigned wired = 0;
			for (unsigned i = 0; i < SPACES; i++)
				wired += pmap_wired_count(pm[i]);
			assert_int_equal(pmap_page_wired_mappings(m), wired);
			assert_int_equal(pmap_is_modified(m), wired > 0);
			assert_in_range(
			    pmap_ts_referenced(m), count_mapped(pm) < 5 ? count_mapped(pm) : 5, 5);
			pmap_clear_modify(m);
			assert_false(pmap_is_modified(m));
			pmap_remove_all(m);
			assert_int_equal(count_mapped(pm), 0);
		}
	}
	for (unsigned i = 0; i < SPACES; i++) {
		assert_int_equal(pm[i]->tables, 0);
		pmap_destroy(pm[i]);
	}
	free_page(m);
	model_check_leaks();
}

/*
 * Random operations against a table of what should be mapped where.
 */
#define R_HARTS  3u
#define R_SPACES 4u
#define R_PAGES  6u /* addresses, two of them in other tables */
#define R_FRAMES 5u

struct expected {
	struct vm_page *m; /* NULL: nothing */
	vm_prot_t prot;
	bool wired;
};

static struct {
	struct pmap *pm[R_SPACES];
	struct vm_page *m[R_FRAMES];
	bool written[R_FRAMES]; /* since it was last cleaned */
	struct expected at[R_SPACES][R_PAGES];
	struct pmap *running[R_HARTS];
} world;

static vaddr_t
random_va(unsigned page)
{
	return page < 4 ? A + ptoa(page) : page == 4 ? A + (8ul << 20) : FAR;
}

/* What a hart's access must give: the right page if allowed, and nothing if not. */
static void
check_access(unsigned hart, unsigned page, vm_prot_t access)
{
	model_hart = hart;
	if (world.running[hart] == NULL)
		return;
	for (unsigned s = 0; s < R_SPACES; s++) {
		if (world.pm[s] != world.running[hart])
			continue;
		struct expected *e = &world.at[s][page];
		bool allowed = e->m != NULL && (e->prot & access) == access;
		struct vm_page *got = model_touch(world.pm[s], random_va(page), access);
		assert_ptr_equal(got, allowed ? e->m : NULL);
		for (unsigned f = 0; got != NULL && access == W && f < R_FRAMES; f++)
			world.written[f] |= world.m[f] == got;
	}
}

static void
check_world(void)
{
	for (unsigned s = 0; s < R_SPACES; s++) {
		unsigned n = 0, wired = 0;
		for (unsigned p = 0; p < R_PAGES; p++) {
			n += world.at[s][p].m != NULL;
			wired += world.at[s][p].wired;
		}
		assert_int_equal(pmap_resident_count(world.pm[s]), n);
		assert_int_equal(pmap_wired_count(world.pm[s]), wired);
	}
	for (unsigned f = 0; f < R_FRAMES; f++) {
		bool modified = pmap_is_modified(world.m[f]) || model_page_dirty(world.m[f]);
		assert_int_equal(modified, world.written[f]);
	}
}

static void
random_enter(unsigned s, unsigned p, unsigned f)
{
	static const vm_prot_t prots[] = {VM_PROT_READ, VM_PROT_RW, VM_PROT_READ | VM_PROT_EXEC};
	vm_prot_t prot = prots[random() % 3];
	bool wired = random() % 4 == 0, write = (prot & W) != 0 && random() % 2 != 0;

	model_fail(random() % 8);
	int error = pmap_enter(world.pm[s], random_va(p), world.m[f], prot,
	    (write ? W : RO) | (wired ? PMAP_WIRED : 0));
	model_fail(0);
	if (error != 0)
		return;
	world.at[s][p] = (struct expected){world.m[f], prot, wired};
	world.written[f] |= write;
}

static void
random_page_operation(unsigned f)
{
	struct vm_page *m = world.m[f];
	bool all = random() % 2 != 0;

	if (all)
		pmap_remove_all(m);
	else
		pmap_remove_write(m);
	for (unsigned s = 0; s < R_SPACES; s++) {
		for (unsigned p = 0; p < R_PAGES; p++) {
			if (world.at[s][p].m != m)
				continue;
			world.at[s][p].prot &= (vm_prot_t)~W;
			if (all)
				world.at[s][p] = (struct expected){0};
		}
	}
	if (random() % 2 != 0) {
		m->dirty = 0;
		world.written[f] = false;
	}
}

static void
random_range_operation(unsigned s, unsigned p, unsigned op)
{
	vaddr_t start = random_va(p), end = random_va(p + random() % (R_PAGES - p)) + PAGE_SIZE;
	vm_prot_t prot = random() % 2 ? VM_PROT_READ : RX;

	if (op == 0)
		pmap_remove(world.pm[s], start, end);
	else if (op == 1)
		pmap_protect(world.pm[s], start, end, prot);
	else
		pmap_unwire(world.pm[s], start, end);
	for (; p < R_PAGES && random_va(p) < end; p++) {
		if (op == 0)
			world.at[s][p] = (struct expected){0};
		else if (op == 1)
			world.at[s][p].prot &= prot;
		else
			world.at[s][p].wired = false;
	}
}

static void
random_step(void)
{
	unsigned s = random() % R_SPACES, p = random() % R_PAGES, f = random() % R_FRAMES,
		 hart = random() % R_HARTS;

	model_hart = random() % R_HARTS;
	switch (random() % 8) {
	case 0 ... 2:
		random_enter(s, p, f);
		break;
	case 3:
		random_page_operation(f);
		break;
	case 4:
		random_range_operation(s, p, random() % 3);
		break;
	case 5:
		world.running[hart] = random() % 4 ? world.pm[s] : NULL;
		on_hart(hart, world.running[hart]);
		break;
	default:
		check_access(hart, p, (vm_prot_t)(1u << random() % 3));
	}
}

static void
random_world(struct model_knobs knobs, unsigned seed)
{
	srandom(seed);
	memset(&world, 0, sizeof(world));
	model_boot(R_HARTS, knobs);
	for (unsigned s = 0; s < R_SPACES; s++)
		world.pm[s] = pmap_create();
	for (unsigned f = 0; f < R_FRAMES; f++)
		world.m[f] = model_page();
	for (unsigned step = 0; step < 4000; step++) {
		random_step();
		check_world();
	}
	everybody_off(R_HARTS);
	for (unsigned s = 0; s < R_SPACES; s++) {
		clear(world.pm[s]);
		pmap_destroy(world.pm[s]);
	}
	for (unsigned f = 0; f < R_FRAMES; f++)
		free_page(world.m[f]);
	model_check_leaks();
}

static void
t21_do_random_operations_give_what_they_should(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		random_world((struct model_knobs){.asid_bits = seed % 4 == 3 ? 16 : seed % 4,
				 .hardware_ad = seed % 2 != 0,
				 .stubborn = seed % 3 == 0},
		    seed);
	}
}

/*
 * True concurrency: threads run one space on several harts, others map and unmap, and a "daemon"
 * takes pages away. No access may ever reach a free frame, no walk a free table (the model looks at
 * every step).
 */
#define S_HARTS 4u
#define S_STEPS 6000u
#define S_PAGES 8u

static struct pmap *shared_pm[2];
static struct vm_page *volatile stolen[S_PAGES];

static void
stress_touch(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	if (model_access(va, access, true) == NULL && pmap_fault_fixup(pm, va, access))
		(void)model_access(va, access, true);
}

static void
stress_step(unsigned *seed, struct pmap *pm)
{
	unsigned p = rand_r(seed) % S_PAGES;
	vaddr_t va = p < 6 ? A + ptoa(p) : A + p * (2ul << 20);
	struct vm_page *m;

	switch (rand_r(seed) % 8) {
	case 0:
		if ((m = vm_page_alloc_noobj(0)) == NULL)
			break;
		m = __atomic_exchange_n(&stolen[p], m, __ATOMIC_ACQ_REL);
		if (m != NULL) {
			if (pmap_enter(pm, va, m, RW, W) == 0)
				pmap_enter_quick(shared_pm[0], A + ptoa(S_PAGES), m, RO);
			pmap_remove_all(m);
			free_page(m);
		}
		break;
	case 1:
		pmap_remove(pm, A, A + ptoa(3));
		break;
	case 2:
		pmap_protect(pm, A, A + (32ul << 20), RO);
		break;
	case 3:
		if ((m = __atomic_exchange_n(&stolen[p], NULL, __ATOMIC_ACQ_REL)) != NULL) {
			if (pmap_enter(pm, va, m, RW, W) == 0)
				stress_touch(pm, va, W);
			pmap_remove_write(m);
			(void)pmap_is_modified(m);
			pmap_remove_all(m);
			free_page(m);
		}
		break;
	default:
		stress_touch(pm, va, rand_r(seed) % 2 ? W : RO);
	}
}

static void *
stress_hart(void *arg)
{
	unsigned seed = 17 + (unsigned)(uintptr_t)arg;

	model_hart = (unsigned)(uintptr_t)arg;
	for (unsigned step = 0; step < S_STEPS; step++) {
		struct pmap *pm = shared_pm[rand_r(&seed) % 2];
		pmap_activate(pm);
		for (unsigned i = 0; i < 4; i++)
			stress_step(&seed, pm);
		if (step % 3 == 0)
			pmap_activate(NULL);
	}
	pmap_activate(NULL);
	return NULL;
}

static void
is_a_free_page_out_of_reach_of_all_harts(struct model_knobs knobs)
{
	pthread_t thread[S_HARTS];

	model_boot(S_HARTS, knobs);
	for (unsigned i = 0; i < 2; i++)
		shared_pm[i] = pmap_create();
	for (unsigned i = 0; i < S_HARTS; i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, stress_hart, (void *)(uintptr_t)i), 0);
	for (unsigned i = 0; i < S_HARTS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < S_PAGES; i++) {
		if (stolen[i] != NULL)
			free_page(stolen[i]);
		stolen[i] = NULL;
	}
	for (unsigned i = 0; i < 2; i++) {
		clear(shared_pm[i]);
		pmap_destroy(shared_pm[i]);
	}
	model_check_leaks();
}

static void
is_a_free_page_out_of_reach_while_all_work_at_once(void **state)
{
	(void)state;
	is_a_free_page_out_of_reach_of_all_harts(svadu);
	is_a_free_page_out_of_reach_of_all_harts(
	    (struct model_knobs){.asid_bits = 1, .stubborn = true});
	is_a_free_page_out_of_reach_of_all_harts(
	    (struct model_knobs){.asid_bits = 0, .hardware_ad = true});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(does_the_kernel_table_give_each_thing_its_rights),
	    cmocka_unit_test(does_the_direct_map_use_the_largest_leaves),
	    cmocka_unit_test(is_every_root_complete_from_the_start),
	    cmocka_unit_test(does_what_is_entered_translate_until_removed),
	    cmocka_unit_test(are_wild_addresses_no_mappings),
	    cmocka_unit_test(does_enomem_change_nothing),
	    cmocka_unit_test(are_wired_mappings_counted),
	    cmocka_unit_test(does_protect_only_take_rights_away),
	    cmocka_unit_test(does_an_execute_only_page_vanish_when_it_may_only_be_read),
	    cmocka_unit_test(does_hold_pin_only_what_may_be_accessed),
	    cmocka_unit_test(is_a_quick_entry_careful),
	    cmocka_unit_test(does_a_copy_carry_no_rights_to_write_and_no_wiring),
	    cmocka_unit_test(does_an_unmanaged_mapping_leave_the_page_alone),
	    cmocka_unit_test(does_a_walk_see_every_mapping_in_order),
	    cmocka_unit_test(is_every_write_noticed_by_faults),
	    cmocka_unit_test(is_every_write_noticed_by_the_walker),
	    cmocka_unit_test(is_every_write_noticed_with_stubborn_tlbs),
	    cmocka_unit_test(does_the_kernel_never_depend_on_a_fixup),
	    cmocka_unit_test(is_one_fixup_enough),
	    cmocka_unit_test(is_the_old_page_gone_everywhere_before_the_new_one_is_there),
	    cmocka_unit_test(does_entering_with_fewer_rights_reach_all_harts),
	    cmocka_unit_test(does_a_hart_come_back_to_the_truth),
	    cmocka_unit_test(do_spaces_stay_apart_with_many_asids),
	    cmocka_unit_test(t21_do_spaces_stay_apart_when_asids_roll_over),
	    cmocka_unit_test(t21_do_spaces_stay_apart_without_asids),
	    cmocka_unit_test(is_a_new_space_empty_in_every_tlb),
	    cmocka_unit_test(t21_are_tables_free_only_when_no_walker_knows_them),
	    cmocka_unit_test(is_a_range_shot_down_at_once),
	    cmocka_unit_test(is_a_private_space_nobody_elses_business),
	    cmocka_unit_test(does_a_switch_bring_new_kernel_mappings),
	    cmocka_unit_test(t21_are_instructions_fetched_anew_once_for_each_content),
	    cmocka_unit_test(does_a_page_know_all_its_mappings),
	    cmocka_unit_test(t21_do_random_operations_give_what_they_should),
	    cmocka_unit_test(is_a_free_page_out_of_reach_while_all_work_at_once),
	};

	cmocka_set_test_filter(getenv("TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
