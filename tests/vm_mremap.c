/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap: does a mapping keep its contents wherever it goes, and everything else keep its own?
 */
#include "tests/host/vm_test.h"
#include "vm/vm_mlock.h"

#define MAYMOVE   MREMAP_MAYMOVE
#define FIXED     (MREMAP_MAYMOVE | MREMAP_FIXED)
#define DONTUNMAP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
#define PAGES(n)  ((size_t)(n)*PAGE_SIZE)

static int
try_remap(struct vmspace *vm, vaddr_t from, size_t old, size_t new, int flags, vaddr_t *to)
{
	struct vm_mremap_args args = {
	    .addr = from, .old_len = old, .new_len = new, .flags = flags, .new_addr = *to};

	return vm_mremap(vm, &args, to);
}

/* `old` pages at `from` become `new` pages at `to`. */
static void
move_to(struct vmspace *vm, vaddr_t from, unsigned old, unsigned new, vaddr_t to)
{
	vaddr_t got = to;

	assert_int_equal(try_remap(vm, from, PAGES(old), PAGES(new), FIXED, &got), 0);
	assert_int_equal(got, to);
}

static void
fill(struct vmspace *vm, vaddr_t at, unsigned pages, uint8_t first)
{
	for (unsigned i = 0; i < pages; i++)
		put(vm, at + PAGES(i), (uint8_t)(first + i));
}

static void
sees(struct vmspace *vm, vaddr_t at, unsigned pages, uint8_t first)
{
	for (unsigned i = 0; i < pages; i++)
		SEES(vm, at + PAGES(i), (uint8_t)(first + i));
}

static void
sees_zeros(struct vmspace *vm, vaddr_t at, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		SEES(vm, at + PAGES(i), 0);
}

/* What Linux answers; P(8) to P(11) are private, P(16) to P(17) shared, P(20) is read-only. */
static void
mremap_arguments(void **state)
{
	static const struct {
		vaddr_t from;
		size_t old, new;
		int flags;
		vaddr_t to;
		int error;
	} table[] = {
	    {P(8), PAGES(4), PAGES(4), 0, 0, 0},
	    {P(8), PAGES(4), PAGES(4), 8, 0, EINVAL},
	    {P(8), PAGES(4), PAGES(4), -1, 0, EINVAL},
	    {P(8), PAGES(4), PAGES(4), MREMAP_FIXED, P(40), EINVAL},
	    {P(8), PAGES(4), PAGES(4), MREMAP_DONTUNMAP, 0, EINVAL},
	    {P(8), PAGES(4), PAGES(3), DONTUNMAP, 0, EINVAL},
	    {P(8) + 1, PAGES(4), PAGES(4), 0, 0, EINVAL},
	    {P(8), PAGES(4), 0, 0, 0, EINVAL},
	    {P(8), PAGES(4), SIZE_MAX, MAYMOVE, 0, EINVAL},
	    {P(8), PAGES(4), SIZE_MAX - PAGE_SIZE, MAYMOVE, 0, ENOMEM},
	    {P(8), PAGES(4), 1ul << 62, MAYMOVE, 0, ENOMEM},
	    {P(8), PAGES(4), 1, 0, 0, 0},
	    {P(8), SIZE_MAX - PAGES(1), PAGES(1), 0, 0, EINVAL},
	    {P(8), PAGES(5), PAGES(6), MAYMOVE, 0, EFAULT},
	    {P(9), PAGES(4), PAGES(6), MAYMOVE, 0, EFAULT},
	    {P(0), PAGES(1), PAGES(1), 0, 0, EFAULT},
	    {P(7), PAGES(2), PAGES(4), MAYMOVE, 0, EFAULT},
	    {P(0), PAGES(1), PAGES(1), FIXED, P(0), EFAULT},
	    {VM_MAX_USER_ADDRESS, PAGES(1), PAGES(1), 0, 0, EFAULT},
	    {0xffffffc000000000, PAGES(1), PAGES(2), MAYMOVE, 0, EFAULT},
	    {P(8), 0, PAGES(4), MAYMOVE, 0, EINVAL},
	    {P(16), 0, PAGES(2), 0, 0, ENOMEM},
	    {P(16), 0, PAGES(2), MAYMOVE, 0, 0},
	    {P(8), PAGES(4), PAGES(4), FIXED, P(40) + 1, EINVAL},
	    {P(8), PAGES(4), PAGES(4), FIXED, P(11), EINVAL},
	    {P(8), PAGES(4), PAGES(4), FIXED, P(5), EINVAL},
	    {P(8), PAGES(4), PAGES(4), FIXED, P(8), EINVAL},
	    {P(8), PAGES(4), PAGES(4), FIXED, P(4), 0},
	    {P(8), PAGES(4), PAGES(4), FIXED, P(12), 0},
	    {P(8), PAGES(4), PAGES(4), FIXED, VM_MAX_USER_ADDRESS, EINVAL},
	    {P(8), PAGES(4), PAGES(4), FIXED, -PAGE_SIZE, EINVAL},
	    {P(8), PAGES(4), SIZE_MAX - PAGE_SIZE, FIXED, P(40), EINVAL},
	    {P(8), SIZE_MAX - PAGE_SIZE, PAGES(4), FIXED, P(40), EINVAL},
	    {P(8), PAGES(8), PAGES(4), FIXED, P(40), 0},
	    {P(8), PAGES(8), PAGES(5), FIXED, P(40), EFAULT},
	    {P(20), PAGES(1), PAGES(3), MAYMOVE, 0, 0},
	};

	(void)state;
	for (unsigned i = 0; i < NELEM(table); i++) {
		struct vmspace *vm = space();
		vaddr_t to = table[i].to;
		int error;

		map(vm, P(8), 4, RW, PRIV);
		map(vm, P(16), 2, RW, SHARED);
		map(vm, P(20), 1, R, PRIV);
		fill(vm, P(8), 4, 1);
		error =
		    try_remap(vm, table[i].from, table[i].old, table[i].new, table[i].flags, &to);
		if (error != table[i].error)
			fail_msg("row %u: %d, not %d", i, error, table[i].error);
		if (error != 0)
			sees(vm, P(8), 4, 1);
		vmspace_unref(vm);
	}
}

/* Smaller and larger in place: one entry, old bytes, new zeros; the tail that went is zero when it
 * comes back. */
static void
mremap_in_place(void **state)
{
	struct vmspace *vm = space();
	vaddr_t to = 0;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	fill(vm, P(0), 4, 1);
	assert_int_equal(try_remap(vm, P(0), PAGES(4), PAGES(2), 0, &to), 0);
	assert_int_equal(to, P(0));
	LOAD_FAILS(vm, P(2), EFAULT);
	assert_int_equal(try_remap(vm, P(0), PAGES(2), PAGES(6), 0, &to), 0);
	assert_int_equal(to, P(0));
	sees(vm, P(0), 2, 1);
	sees_zeros(vm, P(2), 4);
	ENTRIES(vm, 1);
	/* Something follows: no way without moving, and nothing happens. */
	map(vm, P(6), 1, R, PRIV);
	assert_int_equal(try_remap(vm, P(0), PAGES(6), PAGES(7), 0, &to), ENOMEM);
	/* The middle of a mapping does not grow in place. */
	assert_int_equal(try_remap(vm, P(0), PAGES(2), PAGES(3), 0, &to), ENOMEM);
	sees(vm, P(0), 2, 1);
	ENTRIES(vm, 2);
	vmspace_unref(vm);
}

static void
mremap_moves_and_grows(void **state)
{
	struct vmspace *vm = space();
	vaddr_t to = 0;

	(void)state;
	map(vm, P(0), 3, RW, PRIV);
	map(vm, P(3), 1, R, PRIV);
	fill(vm, P(0), 3, 1);
	assert_int_equal(try_remap(vm, P(0), PAGES(3), PAGES(5), MAYMOVE, &to), 0);
	assert_int_not_equal(to, P(0));
	sees(vm, to, 3, 1);
	sees_zeros(vm, to + PAGES(3), 2);
	LOAD_FAILS(vm, P(0), EFAULT);
	ENTRIES(vm, 2);
	assert_int_equal(vm->map.size, PAGES(6));
	vmspace_unref(vm);
}

/* What is at the target goes, what is not does not; all mappings of the page table go with it. */
static void
mremap_fixed_replaces(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	map(vm, P(10), 4, RW, SHARED);
	fill(vm, P(0), 2, 1);
	fill(vm, P(10), 4, 50);
	move_to(vm, P(0), 2, 2, P(11));
	SEES(vm, P(10), 50);
	sees(vm, P(11), 2, 1);
	SEES(vm, P(13), 53);
	LOAD_FAILS(vm, P(1), EFAULT);
	vmspace_unref(vm);
}

/*
 * A part is moved out of the middle.  Its pages are still in the object, at indices whose addresses
 * are free now: mapping those again must not free them (C-49).
 */
static void
mremap_middle_then_fill_the_hole(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 6, RW, PRIV);
	fill(vm, P(0), 6, 1);
	move_to(vm, P(2), 2, 2, P(20));
	sees(vm, P(20), 2, 3);
	map(vm, P(2), 2, RW, PRIV);
	sees_zeros(vm, P(2), 2);
	fill(vm, P(2), 2, 60);
	sees(vm, P(20), 2, 3);
	sees(vm, P(0), 2, 1);
	sees(vm, P(4), 2, 5);
	/* And behind the moved part, where the object has the pages of the rest. */
	map(vm, P(22), 2, RW, PRIV);
	sees_zeros(vm, P(22), 2);
	fill(vm, P(22), 2, 70);
	sees(vm, P(4), 2, 5);
	unmap(vm, P(20), 4);
	sees(vm, P(0), 2, 1);
	sees(vm, P(4), 2, 5);
	vmspace_unref(vm);
}

/* Exchanged halves: each entry unmapped in turn frees its own pages only. */
static void
mremap_exchanges_halves(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	fill(vm, P(0), 4, 1);
	move_to(vm, P(0), 2, 2, P(10));
	move_to(vm, P(2), 2, 2, P(0));
	move_to(vm, P(10), 2, 2, P(2));
	sees(vm, P(0), 2, 3);
	sees(vm, P(2), 2, 1);
	unmap(vm, P(0), 2);
	sees(vm, P(2), 2, 1);
	map(vm, P(4), 2, RW, PRIV);
	sees_zeros(vm, P(4), 2);
	sees(vm, P(2), 2, 1);
	vmspace_unref(vm);
}

/* There and back again: is it one entry as before (T2)? */
static void
T2_mremap_there_and_back(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 6, RW, PRIV);
	fill(vm, P(0), 6, 1);
	move_to(vm, P(2), 2, 2, P(20));
	move_to(vm, P(20), 2, 2, P(2));
	ENTRIES(vm, 1);
	sees(vm, P(0), 6, 1);
	vmspace_unref(vm);
}

/* Does what one sees as a mapping move as one, though copies made several entries of it? */
static void
mremap_of_several_entries(void **state)
{
	struct vmspace *vm = space(), *child;
	vaddr_t to = 0;

	(void)state;
	map(vm, P(0), 6, RW, PRIV);
	fill(vm, P(0), 6, 1);
	child = fork_of(vm);
	protect(vm, P(2), 2, R);
	put(vm, P(0), 11);
	protect(vm, P(2), 2, RW);
	put(vm, P(5), 16);
	assert_true(vm->map.nentries > 1);
	assert_int_equal(try_remap(vm, P(0), PAGES(6), PAGES(9), MAYMOVE, &to), 0);
	SEES(vm, to, 11);
	sees(vm, to + PAGES(1), 4, 2);
	SEES(vm, to + PAGES(5), 16);
	sees_zeros(vm, to + PAGES(6), 3);
	sees(child, P(0), 6, 1);
	/* Other rights in the middle: two mappings, for Linux as well. */
	protect(vm, to + PAGES(2), 2, R);
	assert_int_equal(try_remap(vm, to, PAGES(9), PAGES(10), MAYMOVE, &to), EFAULT);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* A parent's moved memory and its child's copy: who writes, writes for himself. */
static void
mremap_after_fork(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	fill(vm, P(0), 4, 1);
	child = fork_of(vm);
	move_to(vm, P(1), 2, 2, P(10));
	put(vm, P(10), 99);
	SEES(child, P(1), 2);
	put(child, P(2), 88);
	SEES(vm, P(11), 3);
	move_to(child, P(0), 4, 4, P(30));
	vmspace_unref(vm);
	SEES(child, P(31), 2);
	SEES(child, P(32), 88);
	vmspace_unref(child);
}

static void
mremap_dontunmap(void **state)
{
	struct vmspace *vm = space();
	vaddr_t to = P(40);

	(void)state;
	map(vm, P(0), 3, RW, PRIV);
	fill(vm, P(0), 3, 1);
	assert_int_equal(try_remap(vm, P(0), PAGES(3), PAGES(3), DONTUNMAP, &to), 0);
	assert_int_equal(to, P(40)); /* the hint */
	sees(vm, P(40), 3, 1);
	sees_zeros(vm, P(0), 3);
	fill(vm, P(0), 3, 20);
	sees(vm, P(40), 3, 1);
	assert_int_equal(vm->map.size, PAGES(6));
	/* Untouched memory, to the place right behind it: the two become one. */
	map(vm, P(60), 2, RW, PRIV);
	to = P(62);
	assert_int_equal(try_remap(vm, P(60), PAGES(2), PAGES(2), DONTUNMAP | FIXED, &to), 0);
	sees_zeros(vm, P(60), 4);
	vmspace_unref(vm);
}

/* A private mapping of a file: what was written moves, the old place shows the file again. */
static void
mremap_dontunmap_of_a_file(void **state)
{
	struct host_file *f = host_file_create(6);
	struct vmspace *vm = space();
	vaddr_t to = 0;

	(void)state;
	map_file(vm, P(0), 3, RW, MAP_PRIVATE, f, 2);
	put(vm, P(1), 200);
	assert_int_equal(try_remap(vm, P(0), PAGES(3), PAGES(3), DONTUNMAP, &to), 0);
	SEES(vm, to, host_file_byte(f, 2));
	SEES(vm, to + PAGES(1), 200);
	SEES(vm, P(1), host_file_byte(f, 3));
	put(vm, P(1), 201);
	SEES(vm, to + PAGES(1), 200);
	/* More of the same behind it is more of the file, then nothing. */
	assert_int_equal(try_remap(vm, to, PAGES(3), PAGES(5), MAYMOVE, &to), 0);
	SEES(vm, to + PAGES(1), 200);
	SEES(vm, to + PAGES(3), host_file_byte(f, 5));
	LOAD_FAILS(vm, to + PAGES(4), EINVAL);
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* Shared memory: a second view, and a longer one, whose end nobody can share. */
static void
mremap_duplicates_shared_memory(void **state)
{
	struct vmspace *vm = space(), *child;
	vaddr_t to = 0, again = 0;

	(void)state;
	map(vm, P(0), 3, RW, SHARED);
	fill(vm, P(0), 3, 1);
	assert_int_equal(try_remap(vm, P(1), 0, PAGES(3), MAYMOVE, &to), 0);
	sees(vm, to, 2, 2);
	LOAD_FAILS(vm, to + PAGES(2), EINVAL);
	put(vm, to, 42);
	SEES(vm, P(1), 42);
	child = fork_of(vm);
	put(child, P(2), 43);
	SEES(vm, to + PAGES(1), 43);
	unmap(vm, P(0), 3);
	SEES(vm, to, 42);
	assert_int_equal(try_remap(vm, to, PAGES(2), PAGES(2), DONTUNMAP, &again), 0);
	put(vm, again, 44);
	SEES(vm, to, 44);
	SEES(child, P(1), 44);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* Limits: of bytes, of data, of entries.  A refusal changes nothing. */
static void
mremap_obeys_limits(void **state)
{
	struct vmspace *vm = space();
	uint32_t count = vm_max_map_count;
	vaddr_t to = P(40);

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	fill(vm, P(0), 4, 1);
	vm->limit_as = PAGES(6);
	assert_int_equal(try_remap(vm, P(0), PAGES(4), PAGES(7), MAYMOVE, &to), ENOMEM);
	assert_int_equal(try_remap(vm, P(0), PAGES(4), PAGES(4), DONTUNMAP, &to), ENOMEM);
	move_to(vm, P(0), 4, 4, P(20)); /* no more than before */
	move_to(vm, P(20), 4, 6, P(0));
	vm->limit_as = UINT64_MAX;
	vm->limit_data = PAGES(7);
	to = P(40);
	assert_int_equal(try_remap(vm, P(0), PAGES(6), PAGES(8), MAYMOVE, &to), ENOMEM);
	assert_int_equal(try_remap(vm, P(0), PAGES(6), PAGES(7), MAYMOVE, &to), 0);
	vm->limit_data = UINT64_MAX;
	/* The middle of the only entry makes three of one; the whole of it none. */
	vm_max_map_count = 2;
	to = P(40);
	assert_int_equal(try_remap(vm, P(2), PAGES(2), PAGES(2), FIXED, &to), ENOMEM);
	ENTRIES(vm, 1);
	move_to(vm, P(0), 7, 7, P(40));
	sees(vm, P(40), 4, 1);
	vm_max_map_count = count;
	vmspace_unref(vm);
}

/* Locked memory: moved it is still wired, and present; more of it is wired too, within the limit. */
static void
mremap_of_locked_memory(void **state)
{
	struct vmspace *vm = space();
	vaddr_t to = 0;

	(void)state;
	vm->limit_memlock = PAGES(6);
	map(vm, P(0), 4, RW, PRIV | MAP_LOCKED);
	fill(vm, P(0), 4, 1);
	move_to(vm, P(0), 4, 4, P(20));
	assert_int_equal(pmap_wired_count(vm->map.pmap), 4);
	COUNTS(VMC_FAULTS, 0, sees(vm, P(20), 4, 1));
	assert_int_equal(try_remap(vm, P(20), PAGES(4), PAGES(7), MAYMOVE, &to), EAGAIN);
	assert_int_equal(try_remap(vm, P(20), PAGES(4), PAGES(6), MAYMOVE, &to), 0);
	assert_int_equal(vm->map.locked, PAGES(6));
	assert_int_equal(pmap_wired_count(vm->map.pmap), 6);
	sees(vm, to, 4, 1);
	assert_int_equal(try_remap(vm, to, PAGES(6), PAGES(3), 0, &to), 0);
	assert_int_equal(vm->map.locked, PAGES(3));
	unmap(vm, to, 3);
	assert_int_equal(vm->map.locked, 0);
	vmspace_unref(vm);
}

/* A stack that is moved is memory like any other, and its gap is free again. */
static void
mremap_of_a_stack(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(1000), 2, RW, PRIV | MAP_GROWSDOWN);
	put(vm, P(999), 1);
	put(vm, P(1000), 2);
	move_to(vm, P(999), 3, 3, P(5000));
	SEES(vm, P(5000), 1);
	SEES(vm, P(5001), 2);
	STORE_FAILS(vm, P(4999), EFAULT);
	STORE_FAILS(vm, P(998), EFAULT);
	ENTRIES(vm, 1);
	vmspace_unref(vm);
}

/* No memory, at each place where some is needed: nothing has changed, or all has. */
static void
mremap_without_memory(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 12; n++) {
		struct vmspace *vm = space();
		vaddr_t to = P(40);
		int error;

		map(vm, P(0), 6, RW, PRIV);
		map(vm, P(40), 4, RW, PRIV);
		fill(vm, P(0), 6, 1);
		fill(vm, P(40), 4, 100);
		host_fail_alloc(n, true);
		error = try_remap(vm, P(1), PAGES(2), PAGES(3), FIXED, &to);
		host_fail_alloc(0, false);
		if (error == 0) {
			sees(vm, P(40), 2, 2);
			SEES(vm, P(42), 0);
			LOAD_FAILS(vm, P(1), EFAULT);
		} else {
			assert_int_equal(error, ENOMEM);
			sees(vm, P(40), 4, 100);
			sees(vm, P(0), 6, 1);
		}
		SEES(vm, P(43), 103);
		SEES(vm, P(5), 6);
		vmspace_unref(vm);
	}
}

static void
mover(void *arg)
{
	for (unsigned i = 0; i < 4; i++) {
		move_to(arg, P(0), 2, 2, P(10));
		move_to(arg, P(10), 2, 2, P(0));
	}
}

/* Writes where the mapping is; the number goes along. */
static void
writer(void *arg)
{
	for (unsigned i = 0; i < 20; i++) {
		(void)host_store(arg, P(1), 77);
		(void)host_store(arg, P(11), 77);
		host_yield();
	}
}

static void
mremap_while_others_fault(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 60; seed++) {
		struct vmspace *vm = space();

		map(vm, P(0), 2, RW, PRIV);
		fill(vm, P(0), 2, 76);
		host_knobs.seed = seed;
		host_spawn(mover, vm);
		host_spawn(writer, vm);
		host_join_all();
		host_knobs.seed = 0;
		sees(vm, P(0), 2, 76);
		LOAD_FAILS(vm, P(10), EFAULT);
		ENTRIES(vm, 1);
		vmspace_unref(vm);
	}
}

/* A second view of shared memory in the very place of the first: refused, and nothing is lost? */
static void
mremap_duplicates_onto_itself(void **state)
{
	struct vmspace *vm = space();
	vaddr_t to = P(0);

	(void)state;
	map(vm, P(0), 3, RW, SHARED);
	fill(vm, P(0), 3, 1);
	assert_int_equal(try_remap(vm, P(0), 0, PAGES(2), FIXED, &to), EFAULT);
	sees(vm, P(0), 3, 1);
	to = P(1);
	assert_int_equal(try_remap(vm, P(0), 0, PAGES(2), FIXED, &to), 0);
	sees(vm, P(1), 2, 1);
	vmspace_unref(vm);
}

/* Two views of memory that is locked in one of them, its pages still down a chain: does a write through the other keep
 * the wirings where the walk finds them? */
static void
mremap_duplicates_locked_memory(void **state)
{
	struct vmspace *vm = space(), *child;
	vaddr_t to = P(40);

	(void)state;
	map(vm, P(0), 2, RW, SHARED);
	fill(vm, P(0), 2, 1);
	inherit(vm, P(0), 2, VM_INHERIT_COPY);
	child = fork_of(vm);
	protect(vm, P(0), 2, R);
	assert_int_equal(vm_mlock(vm, P(0), PAGES(2), 0), 0);
	assert_int_equal(try_remap(vm, P(0), 0, PAGES(2), FIXED, &to), 0);
	protect(vm, P(40), 2, RW);
	put(vm, P(40), 50);
	SEES(vm, P(0), 50);
	vm_check_all();
	assert_int_equal(vm_munlock(vm, P(0), PAGES(2)), 0);
	SEES(child, P(0), 1);
	vmspace_unref(child);
	vmspace_unref(vm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(mremap_arguments),
	    HOST_TEST(mremap_in_place),
	    HOST_TEST(mremap_moves_and_grows),
	    HOST_TEST(mremap_fixed_replaces),
	    HOST_TEST(mremap_middle_then_fill_the_hole),
	    HOST_TEST(mremap_exchanges_halves),
	    HOST_TEST(T2_mremap_there_and_back),
	    HOST_TEST(mremap_of_several_entries),
	    HOST_TEST(mremap_after_fork),
	    HOST_TEST(mremap_dontunmap),
	    HOST_TEST(mremap_dontunmap_of_a_file),
	    HOST_TEST(mremap_duplicates_shared_memory),
	    HOST_TEST(mremap_obeys_limits),
	    HOST_TEST(mremap_of_locked_memory),
	    HOST_TEST(mremap_of_a_stack),
	    HOST_TEST(mremap_without_memory),
	    HOST_TEST(mremap_while_others_fault),
	    HOST_TEST(mremap_duplicates_onto_itself),
	    HOST_TEST(mremap_duplicates_locked_memory),
	};

	return run_host_tests(tests);
}
