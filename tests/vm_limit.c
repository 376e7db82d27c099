/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits and rules of a whole space: entries, bytes, data, executable memory, the break, and who runs
 * in it.
 */
#include "tests/host/vm_test.h"

#define PAGES(n) ((size_t)(n)*PAGE_SIZE)

static uint32_t count_before;

static void
limit_count(uint32_t n)
{
	count_before = vm_max_map_count;
	vm_max_map_count = n;
}

static void
unlimit_count(void)
{
	vm_max_map_count = count_before;
}

/* Does what needs more entries than there may be change nothing, and the rest work? */
static void
limit_of_entries(void **state)
{
	struct vmspace *vm = space();
	vaddr_t got;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	map(vm, P(20), 2, R, PRIV);
	/* A fixed mapping in the middle of another makes three of one. */
	limit_count(3);
	assert_int_equal(try_map(vm, P(2), PAGES(1), R, PRIV, &got), ENOMEM);
	assert_int_equal(vm_mprotect(vm, P(2), PAGES(1), R), ENOMEM);
	assert_int_equal(vm_minherit(vm, P(2), PAGES(1), VM_INHERIT_NONE), ENOMEM);
	ENTRIES(vm, 2);
	put(vm, P(2), 1);
	/* At its end it makes two. */
	assert_int_equal(vm_mprotect(vm, P(6), PAGES(2), R), 0);
	ENTRIES(vm, 3);
	/* Whole entries need none; no more does what is so already; nor does what shrinks. */
	assert_int_equal(vm_mprotect(vm, P(6), PAGES(2), PROT_NONE), 0);
	assert_int_equal(vm_mprotect(vm, P(20), PAGES(2), PROT_NONE), 0);
	assert_int_equal(vm_mprotect(vm, P(2), PAGES(2), RW), 0);
	assert_int_equal(vm_minherit(vm, P(20), PAGES(2), VM_INHERIT_NONE), 0);
	assert_int_equal(vm_munmap(vm, P(2), PAGES(1)), ENOMEM);
	assert_int_equal(vm_munmap(vm, P(0), PAGES(1)), 0);
	assert_int_equal(try_map(vm, P(20), PAGES(2), RW, PRIV, &got), 0);
	/* What continues a mapping needs none. */
	assert_int_equal(try_map(vm, P(22), PAGES(2), RW, PRIV, &got), 0);
	assert_int_equal(try_map(vm, P(30), PAGES(2), RW, PRIV, &got), ENOMEM);
	assert_int_equal(try_map(vm, P(30), PAGES(2), RW, PRIV | MAP_GROWSDOWN, &got), ENOMEM);
	assert_int_equal(vm_munmap(vm, P(6), PAGES(2)), 0);
	assert_int_equal(try_map(vm, P(30), PAGES(2), RW, PRIV, &got), 0);
	ENTRIES(vm, 3);
	unlimit_count();
	vmspace_unref(vm);
}

/* Private and writable: data.  Shared, read-only and stacks: not. */
static void
limit_of_data(void **state)
{
	struct vmspace *vm = space(), *child;
	vaddr_t got;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	map(vm, P(10), 4, R, PRIV);
	map(vm, P(20), 4, RW, SHARED);
	map(vm, P(5000), 4, RW, PRIV | MAP_GROWSDOWN);
	assert_int_equal(vm->map.data, PAGES(4));
	vm->limit_data = PAGES(6);
	assert_int_equal(try_map(vm, P(30), PAGES(3), RW, PRIV, &got), ENOMEM);
	assert_int_equal(try_map(vm, P(1), PAGES(4), RW, PRIV, &got), 0); /* replaces three */
	assert_int_equal(vm_mprotect(vm, P(10), PAGES(2), RW), ENOMEM);
	assert_int_equal(vm_mprotect(vm, P(10), PAGES(1), RW), 0);
	assert_int_equal(vm->map.data, PAGES(6));
	/* As far as the limit goes, as Linux does. */
	protect(vm, P(0), 1, R);
	assert_int_equal(vm_mprotect(vm, P(20), PAGES(4), R), 0);
	assert_int_equal(vm_mprotect(vm, P(20), PAGES(4), RW), 0);
	put(vm, P(4999), 1);
	assert_int_equal(vm->map.data, PAGES(5));
	child = fork_of(vm);
	assert_int_equal(child->map.data, PAGES(5));
	assert_int_equal(try_map(child, P(30), PAGES(2), RW, PRIV, &got), ENOMEM);
	vmspace_unref(child);
	/* Cut and merged, the books stay right (vm_map_check counts again). */
	protect(vm, P(5001), 2, R);
	protect(vm, P(5001), 2, RW);
	unmap(vm, P(5002), 1);
	vmspace_unref(vm);
}

/* sbrk by pages, and a hole in the heap: what comes back is zero, and there is one object (T3). */
static void
T3_brk_grows_and_reuses(void **state)
{
	struct vmspace *vm = space();
	uint64_t objects = vm_object_count();

	(void)state;
	vm->brk_start = vm->brk = P(0);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 1; i <= 16; i++) {
			assert_int_equal(vmspace_brk(vm, P(i)), P(i));
			SEES(vm, P(i - 1), 0);
			put(vm, P(i - 1), (uint8_t)(round + i));
		}
		ENTRIES(vm, 1);
		assert_int_equal(vm_object_count(), objects + 1);
		for (unsigned i = 16; i-- > 2;)
			assert_int_equal(vmspace_brk(vm, P(i)), P(i));
		SEES(vm, P(1), (uint8_t)(round + 2));
		assert_int_equal(vmspace_brk(vm, P(0)), P(0));
	}
	limit_count(0);
	assert_int_equal(vmspace_brk(vm, P(1)), P(0));
	unlimit_count();
	vmspace_unref(vm);
}

/* Two threads move the break: each sees a break that somebody asked for, and the heap fits it. */
static void
brk_mover(void *arg)
{
	struct vmspace *vm = arg;

	for (unsigned i = 0; i < 6; i++) {
		vaddr_t was = vmspace_brk(vm, 0), now = vmspace_brk(vm, was + PAGES(2));

		assert_true(now % PAGE_SIZE == 0);
		(void)vmspace_brk(vm, now - PAGES(1));
	}
}

static void
brk_of_two_threads(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 60; seed++) {
		struct vmspace *vm = space();

		vm->brk_start = vm->brk = P(0);
		host_knobs.seed = seed;
		host_spawn(brk_mover, vm);
		host_spawn(brk_mover, vm);
		host_join_all();
		host_knobs.seed = 0;
		assert_int_equal(vm->map.size, vm->brk - vm->brk_start);
		ENTRIES(vm, vm->brk > vm->brk_start);
		vmspace_unref(vm);
	}
}

/* Nothing becomes executable, for children neither, unless that was said. */
static void
exec_gain_is_refused(void **state)
{
	struct vmspace *vm = space(), *child;
	vaddr_t got;

	(void)state;
	map(vm, P(0), 1, RWX, PRIV);
	assert_int_equal(vmspace_refuse_exec_gain(vm, false), 0);
	assert_int_equal(vmspace_refuse_exec_gain(vm, true), EPERM);
	assert_int_equal(try_map(vm, P(10), PAGES(1), RWX, PRIV, &got), EACCES);
	map(vm, P(10), 1, RW, PRIV);
	assert_int_equal(vm_mprotect(vm, P(10), PAGES(1), RX), EACCES);
	protect(vm, P(10), 1, R);
	assert_int_equal(vm_mprotect(vm, P(10), PAGES(1), RX), EACCES);
	map(vm, P(20), 1, RX, PRIV);
	protect(vm, P(20), 1, PROT_EXEC);
	assert_int_equal(vm_mprotect(vm, P(20), PAGES(1), RWX), EACCES);
	put(vm, P(0), 1); /* from before */
	assert_int_equal(vm_mprotect(vm, P(0), PAGES(1), RWX), EACCES);
	child = fork_of(vm);
	assert_int_equal(vm_mprotect(child, P(10), PAGES(1), RX), EACCES);
	vmspace_unref(child);
	vmspace_unref(vm);
	vm = space();
	assert_int_equal(vmspace_refuse_exec_gain(vm, true), 0);
	child = fork_of(vm);
	map(child, P(0), 1, RWX, PRIV);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* Whoever shares a space and wants one of its own gets a copy; the other keeps the original (T20). */
static void
T20_unshare_copies_what_others_use(void **state)
{
	struct vmspace *vm = space(), *slot = vm, *old;
	struct spinlock lk = SPINLOCK_INIT("slot", RANK_PROC);

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	put(vm, P(0), 1);
	assert_int_equal(vmspace_unshare(&slot, &lk), 0);
	assert_true(slot == vm);
	vmspace_ref(vm);
	host_fail_alloc(1, true);
	assert_int_equal(vmspace_unshare(&slot, &lk), ENOMEM);
	host_fail_alloc(0, false);
	assert_true(slot == vm);
	assert_int_equal(vmspace_unshare(&slot, &lk), 0);
	assert_true(slot != vm);
	assert_true(curthread()->pmap == slot->map.pmap);
	put(slot, P(0), 2);
	SEES(vm, P(0), 1);
	/* exec: the new one first, then the old one goes. */
	spin_lock(&lk);
	old = vmspace_exec(&slot, vm);
	spin_unlock(&lk);
	assert_true(slot == vm && curthread()->pmap == vm->map.pmap);
	vmspace_unref(old);
	SEES(vm, P(0), 1);
	thread_set_pmap(NULL);
	vmspace_unref(vm);
}

/* The most there was, though it is gone. */
static void
resident_counts(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 8, RW, PRIV | MAP_POPULATE);
	assert_int_equal(vmspace_resident_count(vm), 8);
	unmap(vm, P(0), 6);
	assert_int_equal(vmspace_resident_count(vm), 2);
	assert_int_equal(vmspace_max_resident(vm), 8);
	vmspace_unref(vm);
}

/* A shared mapping of a file inherited as a copy: the child has a private one (C-64, the comment of
 * written_by_others). */
static void
file_shared_then_inherited_as_a_copy(void **state)
{
	struct host_file *f = host_file_create(2);
	struct vmspace *vm = space(), *child;

	(void)state;
	map_file(vm, P(0), 2, RW, MAP_SHARED, f, 0);
	put(vm, P(0), 1);
	inherit(vm, P(0), 2, VM_INHERIT_COPY);
	child = fork_of(vm);
	SEES(child, P(0), 1);
	put(child, P(0), 2);
	SEES(vm, P(0), 1);
	put(vm, P(0), 3); /* still the file */
	assert_int_equal(host_file_peek(f, 0), 3);
	SEES(child, P(0), 2);
	/* What the child has not written it sees as the file is. */
	put(vm, P(1), 4);
	SEES(child, P(1), 4);
	vmspace_unref(child);
	vmspace_unref(vm);
	host_file_destroy(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(limit_of_entries),
	    HOST_TEST(limit_of_data),
	    HOST_TEST(T3_brk_grows_and_reuses),
	    HOST_TEST(brk_of_two_threads),
	    HOST_TEST(exec_gain_is_refused),
	    HOST_TEST(T20_unshare_copies_what_others_use),
	    HOST_TEST(resident_counts),
	    HOST_TEST(file_shared_then_inherited_as_a_copy),
	};

	return run_host_tests(tests);
}
