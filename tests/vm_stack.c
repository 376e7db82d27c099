/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks that grow down, up and both ways: one entry, one object, a gap that is never used up.
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

/*
 * Growing up.
 */
#define UP   0x10000000 /* MAP_GROWSUP */
#define BOTH (UP | MAP_GROWSDOWN)

static void
T13_stack_grows_up(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(10), 1, RW, PRIV | UP);
	put(vm, P(10), 1);
	put(vm, P(11), 2);
	put(vm, P(20), 3);
	SEES(vm, P(15), 0);
	ENTRIES(vm, 2);
	assert_int_equal(vm->map.size, 11 * PAGE_SIZE);
	STORE_FAILS(vm, P(9), EFAULT);
	/* Both sides of a fork, each for itself. */
	child = fork_of(vm);
	put(child, P(30), 4);
	put(vm, P(25), 5);
	SEES(child, P(25), 0);
	put(vm, P(30), 6);
	SEES(child, P(30), 4);
	put(child, P(20), 7);
	SEES(vm, P(20), 3);
	vmspace_unref(vm);
	SEES(child, P(10), 1);
	put(child, P(40), 8);
	ENTRIES(child, 2);
	/* The gap goes with the end of the stack. */
	unmap(child, P(35), 6);
	STORE_FAILS(child, P(36), EFAULT);
	ENTRIES(child, 1);
	vmspace_unref(child);
}

static void
T13_stack_grows_both_ways(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(5000), 1, RW, PRIV | BOTH);
	put(vm, P(4990), 1);
	put(vm, P(5010), 2);
	put(vm, P(4980), 3);
	put(vm, P(5020), 4);
	SEES(vm, P(4990), 1);
	SEES(vm, P(5010), 2);
	ENTRIES(vm, 3);
	assert_true(entry(vm, P(4980)) == entry(vm, P(5020)));
	/* Cut in the middle, each half grows its own way only. */
	unmap(vm, P(5000), 1);
	put(vm, P(4970), 5);
	put(vm, P(5030), 6);
	STORE_FAILS(vm, P(5000), EFAULT);
	SEES(vm, P(4980), 3);
	unmap(vm, P(4970), 61);
	ENTRIES(vm, 0);
	vmspace_unref(vm);
}

/* An upward stack keeps clear of what lies above it, and a downward one above may lie next to its
 * gap: whose gap is it? */
static void
T13_stack_up_never_consumes_the_guard(void **state)
{
	struct vmspace *vm = space();
	const unsigned guard = USER_STACK_GUARD / PAGE_SIZE;

	(void)state;
	map(vm, P(1000), 1, RW, PRIV | MAP_GROWSDOWN);
	unmap(vm, P(1000), 1);
	map(vm, P(1000), 1, RW, PRIV);
	map(vm, P(10), 1, RW, PRIV | UP);
	put(vm, P(1000 - guard - 1), 1);
	STORE_FAILS(vm, P(1000 - guard), EFAULT);
	STORE_FAILS(vm, P(999), EFAULT);
	/* A stack mapped right behind the gap has no room, and takes none of that. */
	map(vm, P(1000), 1, RW, PRIV | MAP_GROWSDOWN);
	STORE_FAILS(vm, P(999), EFAULT);
	STORE_FAILS(vm, P(1000 - guard), EFAULT);
	vmspace_unref(vm);
}

/* Somebody looks at another space's memory, next to its stack: neither stack grows (C-30). */
static void
T13_stack_grows_for_its_own_space_only(void **state)
{
	struct vmspace *vm = space_with_stack();
	struct vm_page *m;

	(void)state;
	assert_int_equal(vm_fault(&vm->map, S(3), VM_PROT_READ), EFAULT);
	assert_int_equal(vm_fault_hold(&vm->map, S(3), VM_PROT_WRITE, &m), EFAULT);
	assert_int_equal(vm->map.size, PAGE_SIZE);
	put(vm, S(3), 1);
	assert_int_equal(vm_fault(&vm->map, S(2), VM_PROT_READ), 0);
	vmspace_unref(vm);
}

/* Cut by mprotect, the stack still counts from its top (C-61). */
static void
T13_stack_limit_survives_a_cut(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	vm->limit_stack = 8 * PAGE_SIZE;
	put(vm, S(3), 4);
	protect(vm, S(1), 2, R);
	put(vm, S(7), 8);
	STORE_FAILS(vm, S(8), EFAULT);
	/* Even if the top is gone altogether. */
	unmap(vm, S(2), 3);
	STORE_FAILS(vm, S(8), EFAULT);
	vm->limit_stack = 9 * PAGE_SIZE;
	put(vm, S(8), 9);
	vmspace_unref(vm);
}

/* A limit that is no multiple of the page size: whole pages within it, aligned entries. */
static void
T13_stack_limit_in_mid_page(void **state)
{
	struct vmspace *vm = space_with_stack();

	(void)state;
	vm->limit_stack = 4 * PAGE_SIZE + 123;
	put(vm, S(3), 1);
	STORE_FAILS(vm, S(4), EFAULT);
	vm->limit_stack = 0;
	STORE_FAILS(vm, S(4), EFAULT);
	put(vm, S(3), 2);
	vmspace_unref(vm);
}

static void
T13_stack_protected_to_its_end(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(5000), 1, RW, PRIV | BOTH);
	put(vm, P(4990), 1);
	put(vm, P(5010), 1);
	assert_int_equal(vm_mprotect(vm, P(4995), PAGE_SIZE, PROT_READ | PROT_GROWSDOWN), 0);
	STORE_FAILS(vm, P(4990), EACCES);
	STORE_FAILS(vm, P(4995), EACCES);
	put(vm, P(4996), 1);
	assert_int_equal(vm_mprotect(vm, P(5005), PAGE_SIZE, PROT_READ | PROT_GROWSUP), 0);
	STORE_FAILS(vm, P(5010), EACCES);
	put(vm, P(5004), 1);
	/* The middle part grows no way any more. */
	assert_int_equal(vm_mprotect(vm, P(5000), PAGE_SIZE, PROT_READ | PROT_GROWSDOWN), EINVAL);
	assert_int_equal(
	    vm_mprotect(vm, P(5000), PAGE_SIZE, RW | PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
	assert_int_equal(vm_mprotect(vm, P(100), PAGE_SIZE, RW | PROT_GROWSDOWN), ENOMEM);
	vmspace_unref(vm);
}

/* A downward stack at the lowest addresses, an upward one at the highest: no arithmetic wraps
 * (C-67). */
static void
T13_stack_at_the_edges(void **state)
{
	struct vmspace *vm = space();
	const vaddr_t low = VM_MIN_USER_ADDRESS, high = VM_MAX_USER_ADDRESS - PAGE_SIZE;

	(void)state;
	map(vm, low, 1, RW, PRIV | BOTH);
	put(vm, low, 1);
	put(vm, low + PAGE_SIZE, 2);
	LOAD_FAILS(vm, low - 1, EFAULT);
	map(vm, high, 1, RW, PRIV | BOTH);
	put(vm, high, 1);
	put(vm, high - PAGE_SIZE, 2);
	LOAD_FAILS(vm, high + PAGE_SIZE, EFAULT);
	LOAD_FAILS(vm, UINT64_MAX, EFAULT);
	ENTRIES(vm, 4);
	vmspace_unref(vm);
}

static void
unmapper(void *arg)
{
	for (unsigned i = 0; i < 8; i++) {
		(void)vm_munmap(arg, S(8), PAGE_SIZE);
		host_yield();
	}
}

static void
toucher(void *arg)
{
	for (unsigned i = 0; i < 8; i++) {
		(void)host_store(arg, S(8), 1);
		(void)host_store(arg, S(9), 1);
	}
}

/* Grown, and unmapped again before the fault is back: it looks again (C-42). */
static void
T13_stack_shrunk_while_it_grows(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 60; seed++) {
		struct vmspace *vm = space_with_stack();

		host_knobs.seed = seed;
		host_spawn(toucher, vm);
		host_spawn(unmapper, vm);
		host_join_all();
		host_knobs.seed = 0;
		put(vm, S(0), 1);
		vmspace_unref(vm);
	}
}

/* A mapping in the middle of the room: what lies below it is free again, for other stacks too? */
static void
T13_stack_gap_that_was_cut(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(3000), 1, RW, PRIV | MAP_GROWSDOWN);
	map(vm, P(2000), 1, RW, PRIV);
	unmap(vm, P(2000), 1);
	map(vm, P(2000), 1, RW, PRIV | MAP_GROWSDOWN);
	vm_check_all();
	put(vm, P(1990), 1);
	put(vm, P(2990), 2);
	STORE_FAILS(vm, P(2002), EFAULT);
	vmspace_unref(vm);
}

/* A stack that a child does not get: its room is not there either? */
static void
T13_stack_of_the_parent_alone(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(3000), 2, RW, PRIV | MAP_GROWSDOWN);
	inherit(p, P(3000), 2, VM_INHERIT_NONE);
	c = fork_of(p);
	ENTRIES(c, 0);
	map(c, P(3000), 1, RW, PRIV | MAP_GROWSDOWN);
	vm_check_all();
	put(c, P(2900), 1);
	vmspace_unref(c);
	vmspace_unref(p);
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
	    HOST_TEST(T13_stack_grows_up),
	    HOST_TEST(T13_stack_grows_both_ways),
	    HOST_TEST(T13_stack_up_never_consumes_the_guard),
	    HOST_TEST(T13_stack_grows_for_its_own_space_only),
	    HOST_TEST(T13_stack_limit_survives_a_cut),
	    HOST_TEST(T13_stack_limit_in_mid_page),
	    HOST_TEST(T13_stack_protected_to_its_end),
	    HOST_TEST(T13_stack_at_the_edges),
	    HOST_TEST(T13_stack_shrunk_while_it_grows),
	    HOST_TEST(T13_stack_gap_that_was_cut),
	    HOST_TEST(T13_stack_of_the_parent_alone),
	};

	return run_host_tests(tests);
}
