/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork and copy-on-write: who sees which byte, and what does it cost?
 */
#include "tests/host/vm_test.h"
#include "vm/vm_madvise.h"

/* Does each side of a fork keep its own bytes, whoever writes first? */
static void
fork_separates_private_memory(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 4, RW, PRIV);
	put(p, P(0), 1);
	put(p, P(1), 2);
	c = fork_of(p);
	put(p, P(0), 11);
	put(c, P(1), 12);
	SEES(c, P(0), 1);
	SEES(p, P(1), 2);
	SEES(p, P(0), 11);
	SEES(c, P(1), 12);
	SEES(p, P(3), 0);
	put(c, P(3), 5);
	SEES(p, P(3), 0);
	vmspace_unref(p);
	SEES(c, P(0), 1);
	SEES(c, P(3), 5);
	vmspace_unref(c);
}

/* A side that reads a page before it writes to it: does the read leave the page table without write access? */
static void
fork_read_before_write_still_copies(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, PRIV);
	put(p, P(0), 1);
	c = fork_of(p);
	SEES(c, P(0), 1);
	SEES(c, P(1), 0);
	put(c, P(0), 2);
	put(c, P(1), 3);
	SEES(p, P(0), 1);
	SEES(p, P(1), 0);
	vmspace_unref(p);
	vmspace_unref(c);
}

/* Has the parent's page table lost write access at fork?  (Else its next store would reach the child.) */
static void
fork_write_protects_the_parent(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 1, RW, PRIV);
	put(p, P(0), 1);
	assert_true(host_pmap_maps(p->map.pmap, P(0), VM_PROT_WRITE));
	c = fork_of(p);
	assert_false(host_pmap_maps(p->map.pmap, P(0), VM_PROT_WRITE));
	assert_true(host_pmap_maps(p->map.pmap, P(0), VM_PROT_READ));
	put(p, P(0), 2);
	SEES(c, P(0), 1);
	vmspace_unref(c);
	vmspace_unref(p);
}

/* Do writes to shared memory reach the other side, in both directions, also to pages that were untouched at fork? */
static void
fork_shares_shared_memory(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 4, RW, SHARED);
	put(p, P(0), 1);
	c = fork_of(p);
	SEES(c, P(0), 1);
	put(c, P(1), 2);
	SEES(p, P(1), 2);
	put(p, P(2), 3);
	SEES(c, P(2), 3);
	vmspace_unref(p);
	SEES(c, P(2), 3);
	vmspace_unref(c);
}

/*
 * Does a child that inherits a private mapping *shared* see its parent's later writes, and the parent its?
 * P maps private, C shares: both must end on one object (FreeBSD's CVE-2021-29626 was a variant).
 */
static void
fork_inherit_share_of_private_memory(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 4, RW, PRIV);
	put(p, P(0), 1);
	inherit(p, P(0), 4, VM_INHERIT_SHARE);
	c = fork_of(p);
	put(p, P(0), 2);
	SEES(c, P(0), 2);
	put(c, P(1), 3);
	SEES(p, P(1), 3);
	vmspace_unref(p);
	vmspace_unref(c);
}

/* Memory inherited as zeros is the child's own: may it be given back, though the parent's is shared (C-63)? */
static void
fork_zeros_of_shared_memory_are_private(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, SHARED);
	put(p, P(0), 1);
	inherit(p, P(0), 2, VM_INHERIT_ZERO);
	c = fork_of(p);
	SEES(c, P(0), 0);
	put(c, P(0), 2);
	assert_int_equal(vm_madvise(c, P(0), PAGE_SIZE, MADV_DONTNEED), 0);
	SEES(c, P(0), 0);
	SEES(p, P(0), 1);
	vmspace_unref(c);
	vmspace_unref(p);
}

/*
 * Two processes share a mapping that is itself a copy of a third's.  When one of them writes, does the other see the new byte, although it had
 * the old page mapped?
 *
 *      G (private) --fork COPY--> P --inherit SHARE, fork--> C       P and C on one object, whose backing is G's
 */
static void
fork_shared_copy_replaces_mapped_pages(void **state)
{
	struct vmspace *g = space(), *p, *c;

	(void)state;
	map(g, P(0), 2, RW, PRIV);
	put(g, P(0), 1);
	put(g, P(1), 1);
	p = fork_of(g);
	inherit(p, P(0), 2, VM_INHERIT_SHARE);
	c = fork_of(p);
	SEES(p, P(0), 1); /* both now map G's page */
	SEES(c, P(0), 1);
	put(p, P(0), 2);
	SEES(c, P(0), 2);
	put(c, P(1), 3);
	SEES(p, P(1), 3);
	SEES(g, P(0), 1);
	SEES(g, P(1), 1);
	vmspace_unref(g);
	SEES(c, P(0), 2);
	vmspace_unref(p);
	vmspace_unref(c);
}

/*
 * A mapping that is shared with one child is then inherited as a copy by another.  Is that copy a snapshot?
 * (The object is written to directly by two; a shadow in front of it would show their later stores.)
 */
static void
fork_copy_of_shared_memory_is_a_snapshot(void **state)
{
	struct vmspace *p = space(), *c1, *c2;

	(void)state;
	map(p, P(0), 3, RW, PRIV);
	put(p, P(0), 1);
	inherit(p, P(0), 3, VM_INHERIT_SHARE);
	c1 = fork_of(p);
	inherit(p, P(0), 3, VM_INHERIT_COPY);
	c2 = fork_of(p);
	put(c1, P(0), 2);
	put(c1, P(1), 3);
	put(p, P(2), 4);
	SEES(c2, P(0), 1);
	SEES(c2, P(1), 0);
	SEES(c2, P(2), 0);
	SEES(p, P(0), 2);
	SEES(p, P(1), 3);
	SEES(c1, P(2), 4);
	put(c2, P(0), 9);
	SEES(p, P(0), 2);
	vmspace_unref(p);
	vmspace_unref(c2);
	vmspace_unref(c1);
}

static void
fork_of_arg(void *arg)
{
	struct vmspace **vm = arg;

	vm[1] = fork_of(vm[0]);
}

/* A page that is to be copied is busy: does fork wait for it? */
static void
fork_copy_of_shared_memory_waits_for_a_busy_page(void **state)
{
	struct vmspace *vm[2] = {space(), NULL}, *sharer;
	struct vm_object *o;
	struct vm_page *m;

	(void)state;
	map(vm[0], P(0), 2, RW, SHARED);
	put(vm[0], P(0), 1);
	put(vm[0], P(1), 2);
	sharer = fork_of(vm[0]);
	inherit(vm[0], P(0), 2, VM_INHERIT_COPY);
	o = entry(vm[0], P(0))->u.object;
	mutex_lock(&o->lock);
	m = vm_page_lookup(o, 1);
	assert_true(vm_page_trysbusy(m));
	mutex_unlock(&o->lock);
	host_spawn(fork_of_arg, vm);
	host_yield();
	assert_null(vm[1]);
	vm_page_sunbusy(m);
	host_join_all();
	put(sharer, P(1), 9);
	SEES(vm[1], P(1), 2);
	SEES(vm[0], P(1), 9);
	vmspace_unref(sharer);
	vmspace_unref(vm[1]);
	vmspace_unref(vm[0]);
}

/* The same without memory for the copy: does fork fail, and everybody keep what he had? */
static void
fork_copy_of_shared_memory_without_memory(void **state)
{
	struct vmspace *p = space(), *c1, *c2;
	int error = ENOMEM;

	(void)state;
	map(p, P(0), 4, RW, SHARED);
	for (unsigned i = 0; i < 4; i++)
		put(p, P(i), (uint8_t)(i + 1));
	c1 = fork_of(p);
	inherit(p, P(0), 4, VM_INHERIT_COPY);
	for (unsigned n = 1; error != 0; n++) {
		host_fail_alloc(n, true);
		error = vmspace_fork(p, &c2);
		host_fail_alloc(0, false);
		vm_check_all();
		put(c1, P(0), (uint8_t)n);
		SEES(p, P(0), n);
		assert_true(error == 0 || error == ENOMEM);
	}
	SEES(c2, P(3), 4);
	vmspace_unref(p);
	vmspace_unref(c1);
	vmspace_unref(c2);
}

/* A shared mapping of a file that a child inherits as a copy: do the parent's stores still reach the file, and the child's not? */
static void
fork_copy_of_a_shared_file_leaves_the_parent_sharing(void **state)
{
	struct host_file *f = host_file_create(4);
	struct vmspace *p = space(), *c;

	(void)state;
	map_file(p, P(0), 4, RW, MAP_SHARED, f, 0);
	inherit(p, P(0), 4, VM_INHERIT_COPY);
	put(p, P(0), 1);
	c = fork_of(p);
	put(p, P(1), 2);
	assert_int_equal(host_file_peek(f, 1), 2);
	put(c, P(2), 3);
	assert_int_equal(host_file_peek(f, 2), host_file_byte(f, 2));
	SEES(p, P(2), host_file_byte(f, 2));
	SEES(c, P(2), 3);
	vmspace_unref(p);
	vmspace_unref(c);
	assert_int_equal(host_file_peek(f, 0), 1);
	host_file_destroy(f);
}

static void
fork_inherit_none_leaves_a_hole(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 3, RW, PRIV);
	put(p, P(1), 1);
	inherit(p, P(1), 1, VM_INHERIT_NONE);
	c = fork_of(p);
	LOAD_FAILS(c, P(1), EFAULT);
	SEES(c, P(0), 0);
	SEES(c, P(2), 0);
	SEES(p, P(1), 1);
	vmspace_unref(p);
	vmspace_unref(c);
}

static void
fork_inherit_zero_gives_zeros(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 3, RW, PRIV);
	put(p, P(0), 1);
	put(p, P(1), 2);
	inherit(p, P(1), 1, VM_INHERIT_ZERO);
	c = fork_of(p);
	SEES(c, P(0), 1);
	SEES(c, P(1), 0);
	put(c, P(1), 9);
	SEES(p, P(1), 2);
	vmspace_unref(c);
	vmspace_unref(p);
}

/* Is the offset into the parent's object carried into the shadow?  (A mapping that was cut at its start has one.) */
static void
fork_of_a_cut_mapping_finds_the_right_pages(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 8, RW, PRIV);
	for (unsigned i = 0; i < 8; i++)
		put(p, P(i), (uint8_t)(i + 1));
	unmap(p, P(0), 3);
	c = fork_of(p);
	put(c, P(5), 55);
	put(p, P(6), 66);
	for (unsigned i = 3; i < 8; i++) {
		SEES(c, P(i), i == 5 ? 55 : i + 1);
		SEES(p, P(i), i == 6 ? 66 : i + 1);
	}
	vmspace_unref(p);
	SEES(c, P(7), 8);
	SEES(c, P(6), 7);
	vmspace_unref(c);
}

/* Three generations, every one writing another page: does each see exactly its ancestors' bytes of the time of its fork? */
static void
fork_of_a_fork_sees_through_the_chain(void **state)
{
	struct vmspace *s[4];

	(void)state;
	s[0] = space();
	map(s[0], P(0), 8, RW, PRIV);
	put(s[0], P(0), 10);
	for (unsigned i = 1; i < 4; i++) {
		s[i] = fork_of(s[i - 1]);
		put(s[i], P(i), (uint8_t)(10 + i));
	}
	put(s[0], P(0), 99);
	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < 8; j++)
			SEES(s[i], P(j), j == 0 ? (i == 0 ? 99 : 10) : j <= i ? 10 + j : 0);
	/* The middle ones go: the chain must shorten without losing anything. */
	vmspace_unref(s[1]);
	SEES(s[2], P(1), 11);
	vmspace_unref(s[2]);
	SEES(s[3], P(1), 11);
	SEES(s[3], P(2), 12);
	vmspace_unref(s[0]);
	SEES(s[3], P(0), 10);
	assert_int_equal(vm_object_depth(entry(s[3], P(0))->u.object), 0);
	vmspace_unref(s[3]);
}

/* A server that forks, lets the child go on and exits, ten thousand times: do chain and memory stay bounded? */
static void
fork_server_keeps_the_chain_short(void **state)
{
	struct vmspace *vm = space();
	uint64_t objects = 0;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	for (unsigned i = 0; i < 10000; i++) {
		struct vmspace *child;

		put(vm, P(i % 8), (uint8_t)i);
		child = fork_of(vm);
		if (i % 3 == 0)
			put(child, P(7), (uint8_t)i);
		vmspace_unref(vm);
		vm = child;
		if (i == 100)
			objects = vm_object_count();
		if (i > 100 && i % 500 == 0) {
			assert_true(vm_object_depth(entry(vm, P(0))->u.object) <= 3);
			assert_int_equal(vm_object_count(), objects);
		}
	}
	vmspace_unref(vm);
}

/* The parent forks and forks, its children write and exit: does the parent's chain stay short? */
static void
fork_of_many_children_keeps_the_parents_chain_short(void **state)
{
	struct vmspace *p = space();

	(void)state;
	map(p, P(0), 8, RW, PRIV);
	for (unsigned i = 0; i < 200; i++) {
		struct vmspace *c;

		put(p, P(i % 8), (uint8_t)i);
		c = fork_of(p);
		put(c, P((i + 1) % 8), 1);
		put(p, P((i + 2) % 8), 2);
		vmspace_unref(c);
	}
	assert_true(vm_object_depth(entry(p, P(0))->u.object) <= 3);
	vmspace_unref(p);
}

/* A write when nobody else is left to see the old page: is the page moved, not copied? */
static void
fork_moves_the_page_when_the_other_side_is_gone(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, PRIV);
	put(p, P(0), 1);
	c = fork_of(p);
	put(p, P(1), 1); /* the parent gets its shadow */
	vmspace_unref(c);
	COUNTS(VMC_COW_COPIES, 0, put(p, P(0), 2));
	SEES(p, P(0), 2);
	vmspace_unref(p);
}

/* Does a read-only private mapping survive fork, mprotect to writable, and a write, with the other side unchanged? */
static void
fork_then_raised_rights_still_copy(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, PRIV);
	put(p, P(0), 1);
	protect(p, P(0), 2, R);
	c = fork_of(p);
	SEES(c, P(0), 1);
	protect(c, P(0), 2, RW);
	assert_false(host_pmap_maps(c->map.pmap, P(0), VM_PROT_WRITE));
	put(c, P(0), 2);
	SEES(p, P(0), 1);
	protect(p, P(0), 2, RW);
	put(p, P(0), 3);
	SEES(c, P(0), 2);
	vmspace_unref(p);
	vmspace_unref(c);
}

/* If the n-th allocation of a fork fails, for every n: is it refused cleanly, the parent as it was? */
static void
fork_without_memory_changes_nothing(void **state)
{
	struct vmspace *p = space(), *c;
	unsigned n;

	(void)state;
	map(p, P(0), 4, RW, PRIV);
	map(p, P(8), 2, RW, SHARED);
	map(p, P(16), 2, RW, PRIV);
	inherit(p, P(16), 1, VM_INHERIT_SHARE);
	for (unsigned i = 0; i < 4; i++)
		put(p, P(i), (uint8_t)(i + 1));
	for (n = 1; n < 100; n++) {
		int error;

		host_fail_alloc(n, true);
		error = vmspace_fork(p, &c);
		host_fail_alloc(0, false);
		vm_check_all();
		if (error == 0)
			break;
		assert_int_equal(error, ENOMEM);
		for (unsigned i = 0; i < 4; i++)
			SEES(p, P(i), i + 1);
		put(p, P(3), 4);
	}
	assert_in_range(n, 2, 99);
	SEES(c, P(2), 3);
	vmspace_unref(c);
	vmspace_unref(p);
}

/* The child's copy of break, stack and limits. */
static void
fork_copies_the_fields(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	p->brk_start = p->brk = P(0);
	assert_int_equal(vmspace_brk(p, P(2) + 5), P(2) + 5);
	assert_int_equal(vmspace_stack(p, P(100000), 64 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	p->limit_as = 12345678;
	c = fork_of(p);
	assert_int_equal(c->brk, P(2) + 5);
	assert_int_equal(c->brk_start, P(0));
	assert_int_equal(c->stack_top, P(100000));
	assert_int_equal(c->limit_as, 12345678);
	assert_int_equal(c->map.size, p->map.size);
	vmspace_unref(c);
	vmspace_unref(p);
}

/* Two users (CLONE_VM): does the space live until the second lets go? */
static void
vmspace_lives_until_its_last_user(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	put(vm, P(0), 1);
	vmspace_ref(vm);
	vmspace_unref(vm);
	SEES(vm, P(0), 1);
	vmspace_unref(vm);
}

/* Does a hold outlive the last user, and is it refused afterwards? */
static void
vmspace_hold_keeps_the_struct(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	assert_true(vmspace_hold(vm));
	vmspace_unref(vm);
	assert_int_equal(vm->map.nentries, 0);
	assert_false(vmspace_hold(vm));
	vmspace_unhold(vm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(fork_separates_private_memory),
	    HOST_TEST(fork_read_before_write_still_copies),
	    HOST_TEST(fork_write_protects_the_parent),
	    HOST_TEST(fork_shares_shared_memory),
	    HOST_TEST(fork_inherit_share_of_private_memory),
	    HOST_TEST(fork_zeros_of_shared_memory_are_private),
	    HOST_TEST(fork_shared_copy_replaces_mapped_pages),
	    HOST_TEST(fork_copy_of_shared_memory_is_a_snapshot),
	    HOST_TEST(fork_copy_of_shared_memory_waits_for_a_busy_page),
	    HOST_TEST(fork_copy_of_shared_memory_without_memory),
	    HOST_TEST(fork_copy_of_a_shared_file_leaves_the_parent_sharing),
	    HOST_TEST(fork_inherit_none_leaves_a_hole),
	    HOST_TEST(fork_inherit_zero_gives_zeros),
	    HOST_TEST(fork_of_a_cut_mapping_finds_the_right_pages),
	    HOST_TEST(fork_of_a_fork_sees_through_the_chain),
	    HOST_TEST(fork_server_keeps_the_chain_short),
	    HOST_TEST(fork_of_many_children_keeps_the_parents_chain_short),
	    HOST_TEST(fork_moves_the_page_when_the_other_side_is_gone),
	    HOST_TEST(fork_then_raised_rights_still_copy),
	    HOST_TEST(fork_without_memory_changes_nothing),
	    HOST_TEST(fork_copies_the_fields),
	    HOST_TEST(vmspace_lives_until_its_last_user),
	    HOST_TEST(vmspace_hold_keeps_the_struct),
	};

	return run_host_tests(tests);
}
