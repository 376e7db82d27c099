/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks that grow down: one entry, one object, a gap below that is never used up.
 */
#include "tests/host/vm_test.h"

#define TOP     0x50000000ul
#define PAGES   16u
#define S(n)    (TOP - ((vaddr_t)(n) + 1) * PAGE_SIZE) /* page n from the top */
#define RESERVE (PAGES * PAGE_SIZE)

static struct vmspace *
space_with_stack(void)
{
	struct vmspace *vm = space();

	assert_int_equal(vmspace_stack(vm, TOP, RESERVE, PAGE_SIZE), 0);
	return vm;
}

/* Growth page by page and by leaps: one entry all the way, counted in the size of the map? */
static void
stack_grows_to_its_reserve(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	ENTRIES(vm, 2);
	put(vm, S(0), 1);
	put(vm, S(1), 2);
	put(vm, S(7), 8);
	assert_int_equal(vm->map.size, 8 * PAGE_SIZE);
	SEES(vm, S(4), 0);
	put(vm, S(PAGES - 1), 16);
	ENTRIES(vm, 2);
	SEES(vm, S(0), 1);
	SEES(vm, S(7), 8);
	assert_int_equal(vm->map.size, RESERVE);
	vmspace_unref(vm);
}

/* Beyond the reserve is the guard: never consumed. */
static void
stack_never_consumes_the_guard(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	STORE_FAILS(vm, S(PAGES), EFAULT);
	STORE_FAILS(vm, S(PAGES + 100), EFAULT);
	put(vm, S(PAGES - 1), 1);
	STORE_FAILS(vm, S(PAGES), EFAULT);
	LOAD_FAILS(vm, TOP, EFAULT);
	LOAD_FAILS(vm, TOP - RESERVE - USER_STACK_GUARD - PAGE_SIZE, EFAULT);
	vmspace_unref(vm);
}

/* May a mapping be put where the stack will grow?  Not by chance, but by force. */
static void
stack_gap_is_not_free_space(void **state)
{
	struct vmspace *vm = space_with_stack();
	vaddr_t got;

	(void)state;
	vm_map_lock(&vm->map);
	assert_false(vm_map_findspace(&vm->map, S(PAGES), TOP, PAGE_SIZE, true, &got));
	vm_map_unlock(&vm->map);
	/* Nothing is mapped there, says Linux: MAP_FIXED_NOREPLACE may have it, once. */
	map(vm, S(5), 1, RW, PRIV | MAP_FIXED_NOREPLACE);
	assert_int_equal(
	    try_map(vm, S(5), PAGE_SIZE, RW, PRIV | MAP_FIXED_NOREPLACE, &got), EEXIST);
	put(vm, S(5), 5);
	STORE_FAILS(vm, S(4), EFAULT); /* the guard is kept to that mapping too */
	put(vm, S(0), 1);
	SEES(vm, S(5), 5);
	vmspace_unref(vm);
}

/* Does a MAP_GROWSDOWN mapping get room below, and leave alone what lies beneath? */
static void
stack_mapped_by_a_program_grows(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	map(vm, P(1000), 1, RW, PRIV | MAP_GROWSDOWN);
	put(vm, P(999), 1);
	put(vm, P(900), 2);
	SEES(vm, P(950), 0);
	assert_true(entry(vm, P(900)) == entry(vm, P(1000)));
	/* The guard's worth above the mapping beneath is never used. */
	STORE_FAILS(vm, P(1), EFAULT);
	STORE_FAILS(vm, P(USER_STACK_GUARD / PAGE_SIZE), EFAULT);
	put(vm, P(1 + USER_STACK_GUARD / PAGE_SIZE), 3);
	vmspace_unref(vm);
}

/* Is the gap gone with the stack, even if the unmapped range begins in the middle of it? */
static void
stack_unmapped_from_the_gap_on_takes_it_along(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	put(vm, S(0), 1);
	assert_int_equal(vm_munmap(vm, S(3), TOP - S(3)), 0);
	ENTRIES(vm, 0);
	vmspace_unref(vm);
}

/* Does the child's stack grow on its own, with the parent's bytes above? */
static void
stack_grows_after_fork_on_both_sides(void **state)
{
	struct vmspace *p = space_with_stack(), *c;

	(void)state;
	put(p, S(0), 1);
	put(p, S(2), 3);
	c = fork_of(p);
	put(c, S(0), 11);
	put(c, S(5), 15);
	put(p, S(4), 5);
	SEES(p, S(0), 1);
	SEES(c, S(2), 3);
	SEES(c, S(4), 0);
	SEES(p, S(4), 5);
	put(p, S(5), 6);
	SEES(c, S(5), 15);
	vmspace_unref(p);
	put(c, S(PAGES - 1), 16);
	SEES(c, S(0), 11);
	SEES(c, S(2), 3);
	ENTRIES(c, 2);
	vmspace_unref(c);
}

/* A stack inherited with other ways than COPY: zero-filled, or shared, does it still grow? */
static void
stack_inherited_otherwise_still_grows(void **state)
{
	struct vmspace *p = space_with_stack(), *c;

	(void)state;
	put(p, S(0), 1);
	inherit(p, S(0), 1, VM_INHERIT_ZERO);
	c = fork_of(p);
	SEES(c, S(0), 0);
	put(c, S(3), 4);
	vmspace_unref(c);
	inherit(p, S(0), 1, VM_INHERIT_SHARE);
	c = fork_of(p);
	put(c, S(0), 2);
	SEES(p, S(0), 2);
	put(c, S(3), 4);
	put(p, S(2), 3);
	SEES(c, S(3), 4);
	vmspace_unref(p);
	inherit(c, S(0), 1, VM_INHERIT_COPY);
	p = fork_of(c);
	SEES(p, S(3), 4);
	put(p, S(7), 8);
	vmspace_unref(p);
	vmspace_unref(c);
}

/* Are RLIMIT_STACK and RLIMIT_AS kept to? */
static void
stack_obeys_limits(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	vm->limit_stack = 4 * PAGE_SIZE;
	put(vm, S(3), 1);
	STORE_FAILS(vm, S(4), EFAULT);
	vm->limit_stack = RESERVE;
	vm->limit_as = 6 * PAGE_SIZE;
	put(vm, S(5), 1);
	STORE_FAILS(vm, S(6), EFAULT);
	vmspace_unref(vm);
}

/* The stack is unmapped: does the gap go with it, so that the addresses are free again? */
static void
stack_unmapped_takes_its_gap_along(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	put(vm, S(3), 1);
	unmap(vm, S(3), 4);
	ENTRIES(vm, 0);
	map(vm, S(8), 1, RW, PRIV);
	vmspace_unref(vm);
}

/* The bottom page protected, then growth below it: is what is there still what it was? */
static void
stack_with_a_protected_bottom_page_grows(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	put(vm, S(0), 1);
	put(vm, S(3), 4);
	protect(vm, S(3), 1, R);
	put(vm, S(2), 3);
	STORE_FAILS(vm, S(3), EACCES);
	SEES(vm, S(3), 4);
	LOAD_FAILS(vm, S(PAGES), EFAULT);
	SEES(vm, S(5), 0); /* what grows has the bottom page's rights */
	STORE_FAILS(vm, S(5), EACCES);
	SEES(vm, S(3), 4);
	SEES(vm, S(0), 1);
	vmspace_unref(vm);
}

static void
grow(void *arg)
{
	for (unsigned i = 0; i < PAGES; i++)
		put(arg, S(i), (uint8_t)(i + 1));
}

/* Two threads run into the gap at once. */
static void
stack_grown_by_two_threads(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 50; seed++) {
		struct vmspace *vm = space_with_stack();

		host_knobs.seed = seed;
		host_spawn(grow, vm);
		host_spawn(grow, vm);
		host_join_all();
		host_knobs.seed = 0;
		ENTRIES(vm, 2);
		SEES(vm, S(PAGES - 1), PAGES);
		vmspace_unref(vm);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(stack_grows_to_its_reserve),
	    HOST_TEST(stack_never_consumes_the_guard),
	    HOST_TEST(stack_gap_is_not_free_space),
	    HOST_TEST(stack_mapped_by_a_program_grows),
	    HOST_TEST(stack_unmapped_from_the_gap_on_takes_it_along),
	    HOST_TEST(stack_grows_after_fork_on_both_sides),
	    HOST_TEST(stack_inherited_otherwise_still_grows),
	    HOST_TEST(stack_obeys_limits),
	    HOST_TEST(stack_unmapped_takes_its_gap_along),
	    HOST_TEST(stack_with_a_protected_bottom_page_grows),
	    HOST_TEST(stack_grown_by_two_threads),
	};

	return run_host_tests(tests);
}
