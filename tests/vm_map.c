/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps: inserting, merging, cutting, finding space, rights; and the argument tables of the memory system calls.
 */
#include <stdlib.h>

#include "tests/host/vm_test.h"

/*
 * Entries.
 */

/* Do two mappings with a page between them stay two? */
static void
map_after_a_hole_does_not_fill_it(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	map(vm, P(2), 1, RW, PRIV);
	LOAD_FAILS(vm, P(1), EFAULT);
	ENTRIES(vm, 2);
	assert_int_equal(vm->map.size, 2 * PAGE_SIZE);
	map(vm, P(1), 1, RW, PRIV);
	ENTRIES(vm, 1);
	vmspace_unref(vm);
}

/* Do anonymous mappings that grow page by page stay one entry with one object, touched or not, upwards and downwards? */
static void
map_growing_page_by_page_stays_one_entry(void **state)
{
	struct vmspace *vm = space();
	uint64_t objects = vm_object_count();

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		map(vm, P(i), 1, RW, PRIV);
		put(vm, P(i), (uint8_t)i);
		ENTRIES(vm, 1);
	}
	assert_int_equal(vm_object_count(), objects + 1);
	for (unsigned i = 40; i > 30; i--)
		map(vm, P(i), 1, RW, PRIV);
	ENTRIES(vm, 2);
	for (unsigned i = 0; i < 20; i++)
		SEES(vm, P(i), i);
	vmspace_unref(vm);
}

/* Is what stood in the unmapped tail of an object zero when the tail is mapped again? */
static void
map_over_an_unmapped_tail_is_zero(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	for (unsigned i = 0; i < 8; i++)
		put(vm, P(i), 7);
	unmap(vm, P(4), 4);
	map(vm, P(4), 4, RW, PRIV);
	for (unsigned i = 4; i < 8; i++)
		SEES(vm, P(i), 0);
	SEES(vm, P(3), 7);
	vmspace_unref(vm);
}

/* The same, while a child still has the old pages. */
static void
map_over_an_unmapped_tail_after_fork_is_zero(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 4, RW, PRIV);
	for (unsigned i = 0; i < 4; i++)
		put(p, P(i), 7);
	c = fork_of(p);
	unmap(p, P(2), 2);
	map(p, P(2), 2, RW, PRIV);
	SEES(p, P(2), 0);
	SEES(p, P(3), 0);
	SEES(c, P(3), 7);
	put(p, P(1), 1);
	unmap(p, P(2), 2);
	map(p, P(2), 2, RW, PRIV);
	SEES(p, P(2), 0);
	vmspace_unref(c);
	SEES(p, P(3), 0);
	SEES(p, P(0), 7);
	vmspace_unref(p);
}

/* Does the part behind a cut take its own reference to the object?  (Else the first unmap would free it.) */
static void
clip_takes_a_reference(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 5, RW, PRIV);
	for (unsigned i = 0; i < 5; i++)
		put(vm, P(i), (uint8_t)(i + 1));
	unmap(vm, P(2), 1);
	ENTRIES(vm, 2);
	assert_int_equal(entry(vm, P(0))->u.object->refs, 2);
	SEES(vm, P(1), 2);
	unmap(vm, P(0), 2);
	SEES(vm, P(3), 4);
	SEES(vm, P(4), 5);
	vmspace_unref(vm);
}

/* Does the part behind a cut look at the right pages of the object? */
static void
clip_advances_the_offset(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 6, RW, PRIV);
	put(vm, P(4), 44);
	put(vm, P(1), 11);
	protect(vm, P(3), 1, R);
	ENTRIES(vm, 3);
	host_pmap_forget(vm->map.pmap, P(0), P(6));
	SEES(vm, P(4), 44);
	SEES(vm, P(1), 11);
	assert_int_equal(entry(vm, P(4))->offset - entry(vm, P(0))->offset, 4 * PAGE_SIZE);
	vmspace_unref(vm);
}

/* Rights changed and changed back: is it one entry again, with everything in it? */
static void
protect_there_and_back_leaves_one_entry(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 9, RW, PRIV);
	put(vm, P(4), 4);
	for (unsigned i = 1; i < 9; i += 2)
		protect(vm, P(i), 1, R);
	ENTRIES(vm, 9);
	protect(vm, P(0), 9, RW);
	ENTRIES(vm, 1);
	SEES(vm, P(4), 4);
	put(vm, P(3), 1);
	vmspace_unref(vm);
}

static void
inherit_there_and_back_leaves_one_entry(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	put(vm, P(0), 1);
	inherit(vm, P(1), 2, VM_INHERIT_NONE);
	ENTRIES(vm, 3);
	inherit(vm, P(1), 2, VM_INHERIT_COPY);
	ENTRIES(vm, 1);
	vmspace_unref(vm);
}

/* Neighbours that differ in anything: none of them may merge. */
static void
merge_needs_everything_alike(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = host_file_create(8);

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	map(vm, P(1), 1, R, PRIV);
	map(vm, P(2), 1, RW, SHARED);
	map(vm, P(3), 1, RW, SHARED);
	ENTRIES(vm, 4);
	map_file(vm, P(10), 1, R, MAP_SHARED, f, 0);
	map_file(vm, P(11), 1, R, MAP_SHARED, f, 2);
	ENTRIES(vm, 6);
	map_file(vm, P(12), 1, R, MAP_SHARED, f, 3); /* continues the one before */
	ENTRIES(vm, 6);
	map_file(vm, P(13), 1, R, MAP_PRIVATE, f, 4);
	ENTRIES(vm, 7);
	inherit(vm, P(0), 1, VM_INHERIT_ZERO);
	protect(vm, P(1), 1, RW);
	ENTRIES(vm, 7);
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* What is unmapped in the middle of everything: exactly that, and memory with it? */
static void
unmap_frees_the_pages_in_the_range(void **state)
{
	struct vmspace *vm = space();
	uint64_t before;

	(void)state;
	map(vm, P(0), 16, RW, PRIV);
	for (unsigned i = 0; i < 16; i++)
		put(vm, P(i), (uint8_t)i);
	before = vm_page_free_count();
	unmap(vm, P(4), 8);
	assert_int_equal(vm_page_free_count(), before + 8);
	LOAD_FAILS(vm, P(4), EFAULT);
	LOAD_FAILS(vm, P(11), EFAULT);
	SEES(vm, P(3), 3);
	SEES(vm, P(12), 12);
	unmap(vm, P(0), 100);
	ENTRIES(vm, 0);
	assert_int_equal(vm->map.size, 0);
	vmspace_unref(vm);
}

/* Is the page table empty after munmap, also of pages of other entries' objects? */
static void
unmap_removes_the_mappings(void **state)
{
	struct vmspace *vm = space();
	uint64_t before = host_mapping_count();

	(void)state;
	map(vm, P(0), 4, RW, SHARED);
	map(vm, P(4), 4, RW, PRIV);
	for (unsigned i = 0; i < 8; i++)
		put(vm, P(i), 1);
	assert_int_equal(host_mapping_count(), before + 8);
	unmap(vm, P(2), 4);
	assert_int_equal(host_mapping_count(), before + 4);
	assert_int_equal(pmap_resident_count(vm->map.pmap), 4);
	vmspace_unref(vm);
}

/* Without memory for entries, for every n: do munmap and mprotect either do all or nothing? */
static void
unmap_and_protect_without_memory(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put(vm, P(4), 4);
	host_fail_alloc(1, true);
	assert_int_equal(vm_munmap(vm, P(2), PAGE_SIZE), ENOMEM);
	assert_int_equal(vm_mprotect(vm, P(2), PAGE_SIZE, R), ENOMEM);
	assert_int_equal(vm_minherit(vm, P(2), PAGE_SIZE, VM_INHERIT_NONE), ENOMEM);
	host_fail_alloc(2, true);
	assert_int_equal(vm_munmap(vm, P(2), PAGE_SIZE), ENOMEM);
	host_fail_alloc(0, false);
	ENTRIES(vm, 1);
	SEES(vm, P(4), 4);
	put(vm, P(2), 2);
	vmspace_unref(vm);
}

/* An untouched mapping is cut without memory for an object: do the parts go on working? */
static void
clip_without_memory_for_an_object(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	host_fail_alloc(3, false); /* two entries, then the object */
	assert_int_equal(vm_mprotect(vm, P(1), PAGE_SIZE, R), 0);
	assert_true(host_alloc_failed());
	host_fail_alloc(0, false);
	put(vm, P(0), 1);
	put(vm, P(3), 3);
	SEES(vm, P(1), 0);
	SEES(vm, P(0), 1);
	SEES(vm, P(3), 3);
	vmspace_unref(vm);
}

/*
 * Space.
 */
#define SLOTS 64u

/* Lowest (highest) run of `n` free slots in [from, to), by looking at every place; SLOTS: none. */
static unsigned
find_run(const bool *used, unsigned from, unsigned to, unsigned n, bool top_down)
{
	unsigned found = SLOTS;

	for (unsigned i = from; i + n <= to; i++) {
		unsigned k = 0;

		while (k < n && !used[i + k])
			k++;
		if (k == n && (found == SLOTS || top_down))
			found = i;
	}
	return found;
}

/* Whatever the map looks like: does findspace return the lowest (highest) address there is? */
static void
findspace_finds_the_outermost_address(void **state)
{
	struct vmspace *vm = space();
	bool used[SLOTS] = {false};

	(void)state;
	srand(3);
	for (unsigned step = 0; step < 3000; step++) {
		unsigned at = (unsigned)rand() % SLOTS, n = 1 + (unsigned)rand() % 6,
			 from = (unsigned)rand() % SLOTS;
		bool top_down = rand() & 1, taken = rand() & 1;
		unsigned to = from + 1 + (unsigned)rand() % (SLOTS - from), expect;
		vaddr_t got;

		for (unsigned i = at; i < at + n && i < SLOTS; i++) {
			if (used[i] != taken && taken)
				map(vm, P(i), 1, i % 2 ? R : RW, PRIV);
			else if (used[i] != taken)
				unmap(vm, P(i), 1);
			used[i] = taken;
		}
		expect = find_run(used, from, to, n, top_down);
		vm_map_lock(&vm->map);
		if (expect == SLOTS) {
			assert_false(vm_map_findspace(
			    &vm->map, P(from), P(to), n * PAGE_SIZE, top_down, &got));
		} else {
			assert_true(vm_map_findspace(
			    &vm->map, P(from), P(to), n * PAGE_SIZE, top_down, &got));
			assert_int_equal(got, P(expect));
		}
		vm_map_check(&vm->map);
		vm_map_unlock(&vm->map);
	}
	vmspace_unref(vm);
}

/* First and last page of the address space: can they be mapped, found, unmapped? */
static void
findspace_uses_both_ends(void **state)
{
	struct vmspace *vm = space();
	vaddr_t first = vm->map.min, last = vm->map.max - PAGE_SIZE, got;

	(void)state;
	map(vm, first, 1, RW, PRIV);
	map(vm, last, 1, RW, PRIV);
	put(vm, first, 1);
	put(vm, last, 2);
	vm_map_lock(&vm->map);
	assert_true(vm_map_findspace(&vm->map, first, vm->map.max, PAGE_SIZE, false, &got));
	assert_int_equal(got, first + PAGE_SIZE);
	assert_true(vm_map_findspace(&vm->map, first, vm->map.max, PAGE_SIZE, true, &got));
	assert_int_equal(got, last - PAGE_SIZE);
	assert_false(
	    vm_map_findspace(&vm->map, first, vm->map.max, vm->map.max - first, false, &got));
	vm_map_unlock(&vm->map);
	vmspace_unref(vm);
}

/*
 * Rights.
 */
static void
protect_takes_rights_away_at_once(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RWX, PRIV);
	put(vm, P(0), 1);
	protect(vm, P(0), 1, R);
	assert_false(host_pmap_maps(vm->map.pmap, P(0), VM_PROT_WRITE));
	STORE_FAILS(vm, P(0), EACCES);
	assert_int_equal(host_fetch(vm, P(0)), EACCES);
	SEES(vm, P(0), 1);
	protect(vm, P(0), 1, PROT_NONE);
	LOAD_FAILS(vm, P(0), EACCES);
	protect(vm, P(0), 1, PROT_EXEC);
	assert_int_equal(host_fetch(vm, P(0)), 0);
	protect(vm, P(0), 1, RW);
	SEES(vm, P(0), 1);
	vmspace_unref(vm);
}

/* mprotect over a hole: the part before it changed, the part behind it not, ENOMEM (as Linux). */
static void
protect_stops_at_a_hole(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	map(vm, P(3), 2, RW, PRIV);
	assert_int_equal(vm_mprotect(vm, P(1), 4 * PAGE_SIZE, R), ENOMEM);
	STORE_FAILS(vm, P(1), EACCES);
	put(vm, P(0), 1);
	put(vm, P(3), 1);
	assert_int_equal(vm_mprotect(vm, P(2), 2 * PAGE_SIZE, R), ENOMEM);
	put(vm, P(3), 2);
	vmspace_unref(vm);
}

static void
protect_beyond_max_protection_is_refused(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = host_file_create(2);
	struct vm_mmap_args args = {.addr = P(0),
	    .len = PAGE_SIZE,
	    .prot = R,
	    .flags = MAP_SHARED | MAP_FIXED,
	    .object = host_file_object(f),
	    .max_prot = VM_PROT_READ};
	vaddr_t got;

	(void)state;
	assert_int_equal(vm_mmap(vm, &args, &got), 0);
	assert_int_equal(vm_mprotect(vm, P(0), PAGE_SIZE, RW), EACCES);
	args.object = host_file_object(f);
	args.prot = RW;
	assert_int_equal(vm_mmap(vm, &args, &got), EACCES);
	vmspace_unref(vm);
	host_file_destroy(f);
}

static void
check_protection_sees_holes_and_rights(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	map(vm, P(2), 2, R, PRIV);
	map(vm, P(5), 1, RW, PRIV);
	vm_map_lock_read(&vm->map);
	assert_true(vm_map_check_protection(&vm->map, P(0), P(4), VM_PROT_READ));
	assert_true(vm_map_check_protection(&vm->map, P(0), P(2), VM_PROT_RW));
	assert_false(vm_map_check_protection(&vm->map, P(0), P(4), VM_PROT_WRITE));
	assert_false(vm_map_check_protection(&vm->map, P(3), P(6), VM_PROT_READ));
	assert_false(vm_map_check_protection(&vm->map, P(4), P(5), VM_PROT_READ));
	vm_map_unlock_read(&vm->map);
	vmspace_unref(vm);
}

static void
wxorx_refuses_write_and_execute(void **state)
{
	struct vmspace *vm = space();
	vaddr_t got;

	(void)state;
	vm->map.flags |= VM_MAP_WXORX;
	assert_int_equal(try_map(vm, P(0), PAGE_SIZE, RWX, PRIV, &got), EACCES);
	map(vm, P(0), 1, RW, PRIV);
	assert_int_equal(vm_mprotect(vm, P(0), PAGE_SIZE, RWX), EACCES);
	assert_int_equal(vm_mprotect(vm, P(0), PAGE_SIZE, RX), 0);
	vmspace_unref(vm);
}

/*
 * Arguments, as Linux answers them.
 */
#define TOP VM_MAX_USER_ADDRESS

static void
mmap_arguments(void **state)
{
	static const struct {
		vaddr_t at;
		size_t len;
		int flags, error;
	} table[] = {
	    {P(0), 0, PRIV, EINVAL}, {P(0), PAGE_SIZE, MAP_ANONYMOUS, EINVAL},
	    {P(0), PAGE_SIZE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_SHARED, EINVAL},
	    {P(0) + 1, PAGE_SIZE, PRIV, EINVAL}, {P(0), SIZE_MAX, PRIV, ENOMEM},
	    {P(0), SIZE_MAX - PAGE_SIZE, PRIV, ENOMEM}, {P(0), TOP, PRIV, ENOMEM},
	    {TOP, PAGE_SIZE, PRIV, ENOMEM}, {TOP - PAGE_SIZE, 2 * PAGE_SIZE, PRIV, ENOMEM},
	    {VM_MIN_KERNEL_ADDRESS, PAGE_SIZE, PRIV, ENOMEM}, {0, PAGE_SIZE, PRIV, EPERM},
	    {VM_MIN_USER_ADDRESS - PAGE_SIZE, PAGE_SIZE, PRIV, EPERM},
	    {P(8), PAGE_SIZE, PRIV | MAP_FIXED_NOREPLACE, EEXIST},
	    {P(7), 2 * PAGE_SIZE, PRIV | MAP_FIXED_NOREPLACE, EEXIST},
	    {P(7), PAGE_SIZE, PRIV | MAP_FIXED_NOREPLACE, 0}, {P(8), PAGE_SIZE, PRIV, 0},
	    {P(0), 1, PRIV, 0},
	    {P(8) + 5, PAGE_SIZE, MAP_PRIVATE | MAP_ANONYMOUS, 0}, /* only a hint */
	};

	(void)state;
	for (unsigned i = 0; i < NELEM(table); i++) {
		struct vmspace *vm = space();
		vaddr_t got = 0;

		map(vm, P(8), 2, RW, PRIV);
		put(vm, P(8), 8);
		if (try_map(vm, table[i].at, table[i].len, RW, table[i].flags, &got) !=
		    table[i].error)
			fail_msg("row %u: not %d", i, table[i].error);
		if (table[i].error != 0) {
			ENTRIES(vm, 1);
			SEES(vm, P(8), 8);
		}
		vmspace_unref(vm);
	}
}

static void
munmap_arguments(void **state)
{
	static const struct {
		vaddr_t at;
		size_t len;
		int error;
	} table[] = {
	    {P(0) + 1, PAGE_SIZE, EINVAL},
	    {P(0), 0, EINVAL},
	    {P(0), SIZE_MAX, EINVAL},
	    {TOP, PAGE_SIZE, EINVAL},
	    {TOP - PAGE_SIZE, 2 * PAGE_SIZE, EINVAL},
	    {VM_MIN_KERNEL_ADDRESS, PAGE_SIZE, EINVAL},
	    {P(20), PAGE_SIZE, 0}, /* nothing there: fine */
	    {P(8), 1, 0},
	    {P(0), 100 * PAGE_SIZE, 0},
	};

	(void)state;
	for (unsigned i = 0; i < NELEM(table); i++) {
		struct vmspace *vm = space();

		map(vm, P(8), 2, RW, PRIV);
		if (vm_munmap(vm, table[i].at, table[i].len) != table[i].error)
			fail_msg("row %u: not %d", i, table[i].error);
		if (table[i].error != 0)
			ENTRIES(vm, 1);
		vmspace_unref(vm);
	}
}

static void
mprotect_arguments(void **state)
{
	static const struct {
		vaddr_t at;
		size_t len;
		int prot, error;
	} table[] = {
	    {P(8) + 1, PAGE_SIZE, R, EINVAL},
	    {P(8), 0, R, 0},
	    {P(20), 0, R, 0},
	    {P(8), PAGE_SIZE, 0x100, EINVAL},
	    {P(8), SIZE_MAX, R, ENOMEM},
	    {P(20), PAGE_SIZE, R, ENOMEM},
	    {TOP, PAGE_SIZE, R, ENOMEM},
	    {P(8), 1, R, 0},
	    {P(8), 2 * PAGE_SIZE, R, 0},
	    {P(8), 3 * PAGE_SIZE, R, ENOMEM},
	};

	(void)state;
	for (unsigned i = 0; i < NELEM(table); i++) {
		struct vmspace *vm = space();

		map(vm, P(8), 2, RW, PRIV);
		if (vm_mprotect(vm, table[i].at, table[i].len, table[i].prot) != table[i].error)
			fail_msg("row %u: not %d", i, table[i].error);
		vmspace_unref(vm);
	}
}

static void
minherit_arguments(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	assert_int_equal(vm_minherit(vm, P(0), PAGE_SIZE, 4), EINVAL);
	assert_int_equal(vm_minherit(vm, P(0), PAGE_SIZE, -1), EINVAL);
	assert_int_equal(vm_minherit(vm, P(0), SIZE_MAX, VM_INHERIT_COPY), EINVAL);
	assert_int_equal(vm_minherit(vm, TOP, PAGE_SIZE, VM_INHERIT_COPY), EINVAL);
	ENTRIES(vm, 1);
	vmspace_unref(vm);
}

/* Does a fixed mapping replace exactly what it covers, and a failing one nothing? */
static void
mmap_fixed_replaces(void **state)
{
	struct vmspace *vm = space();
	vaddr_t got;

	(void)state;
	map(vm, P(0), 6, RW, PRIV);
	for (unsigned i = 0; i < 6; i++)
		put(vm, P(i), 9);
	map(vm, P(2), 2, RW, SHARED);
	SEES(vm, P(1), 9);
	SEES(vm, P(2), 0);
	SEES(vm, P(3), 0);
	SEES(vm, P(4), 9);
	for (unsigned n = 1; n <= 3; n++) {
		host_fail_alloc(n, true);
		assert_int_equal(try_map(vm, P(4), PAGE_SIZE, R, SHARED, &got), ENOMEM);
		host_fail_alloc(0, false);
		SEES(vm, P(4), 9);
		put(vm, P(4), 9);
	}
	vmspace_unref(vm);
}

/* A hint that is free is taken, one that is not is ignored; without one the highest place is. */
static void
mmap_honours_hints(void **state)
{
	struct vmspace *vm = space();
	vaddr_t a, b, c;

	(void)state;
	assert_int_equal(try_map(vm, P(3), PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, &a), 0);
	assert_int_equal(a, P(3));
	assert_int_equal(try_map(vm, P(3), PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, &b), 0);
	assert_int_not_equal(b, P(3));
	assert_int_equal(try_map(vm, 0, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, &c), 0);
	assert_int_equal(c, b - PAGE_SIZE);
	vmspace_unref(vm);
}

static void
mmap_populate_touches_everything(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV | MAP_POPULATE);
	assert_int_equal(pmap_resident_count(vm->map.pmap), 4);
	COUNTS(VMC_FAULTS, 0, put(vm, P(3), 1));
	vmspace_unref(vm);
}

static void
mmap_obeys_limits(void **state)
{
	struct vmspace *vm = space();
	uint32_t count = vm_max_map_count;
	vaddr_t got;

	(void)state;
	vm->limit_as = 4 * PAGE_SIZE;
	map(vm, P(0), 3, RW, PRIV);
	assert_int_equal(try_map(vm, P(8), 2 * PAGE_SIZE, RW, PRIV, &got), ENOMEM);
	map(vm, P(1), 3, RW, PRIV); /* replaces two */
	vm_max_map_count = 3;
	vm->limit_as = UINT64_MAX;
	map(vm, P(10), 1, R, PRIV);
	map(vm, P(12), 1, R, PRIV);
	assert_int_equal(try_map(vm, P(14), PAGE_SIZE, RW, PRIV, &got), ENOMEM);
	vm_max_map_count = count;
	vmspace_unref(vm);
}

/*
 * The break.
 */
static void
brk_moves_both_ways(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	vm->brk_start = vm->brk = P(0) + 100;
	assert_int_equal(vmspace_brk(vm, 0), P(0) + 100);
	assert_int_equal(vmspace_brk(vm, P(3) + 1), P(3) + 1);
	put(vm, P(1), 1);
	put(vm, P(3), 3);
	LOAD_FAILS(vm, P(4), EFAULT);
	assert_int_equal(vmspace_brk(vm, P(2)), P(2));
	LOAD_FAILS(vm, P(2), EFAULT);
	assert_int_equal(vmspace_brk(vm, P(4)), P(4));
	SEES(vm, P(3), 0);
	SEES(vm, P(1), 1);
	assert_int_equal(vmspace_brk(vm, P(0)), P(4)); /* below the start */
	map(vm, P(6), 1, RW, PRIV);
	assert_int_equal(vmspace_brk(vm, P(7)), P(4)); /* something is in the way */
	vm->limit_data = 8 * PAGE_SIZE;
	unmap(vm, P(6), 1);
	assert_int_equal(vmspace_brk(vm, P(20)), P(4));
	assert_int_equal(vmspace_brk(vm, UINT64_MAX), P(4));
	assert_int_equal(vmspace_brk(vm, P(8)), P(8));
	vmspace_unref(vm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(map_after_a_hole_does_not_fill_it),
	    HOST_TEST(map_growing_page_by_page_stays_one_entry),
	    HOST_TEST(map_over_an_unmapped_tail_is_zero),
	    HOST_TEST(map_over_an_unmapped_tail_after_fork_is_zero),
	    HOST_TEST(clip_takes_a_reference),
	    HOST_TEST(clip_advances_the_offset),
	    HOST_TEST(protect_there_and_back_leaves_one_entry),
	    HOST_TEST(inherit_there_and_back_leaves_one_entry),
	    HOST_TEST(merge_needs_everything_alike),
	    HOST_TEST(unmap_frees_the_pages_in_the_range),
	    HOST_TEST(unmap_removes_the_mappings),
	    HOST_TEST(unmap_and_protect_without_memory),
	    HOST_TEST(clip_without_memory_for_an_object),
	    HOST_TEST(findspace_finds_the_outermost_address),
	    HOST_TEST(findspace_uses_both_ends),
	    HOST_TEST(protect_takes_rights_away_at_once),
	    HOST_TEST(protect_stops_at_a_hole),
	    HOST_TEST(protect_beyond_max_protection_is_refused),
	    HOST_TEST(check_protection_sees_holes_and_rights),
	    HOST_TEST(wxorx_refuses_write_and_execute),
	    HOST_TEST(mmap_arguments),
	    HOST_TEST(munmap_arguments),
	    HOST_TEST(mprotect_arguments),
	    HOST_TEST(minherit_arguments),
	    HOST_TEST(mmap_fixed_replaces),
	    HOST_TEST(mmap_honours_hints),
	    HOST_TEST(mmap_populate_touches_everything),
	    HOST_TEST(mmap_obeys_limits),
	    HOST_TEST(brk_moves_both_ways),
	};

	return run_host_tests(tests);
}
