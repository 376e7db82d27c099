/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advice, and what it asks of objects: madvise, mincore, msync; split, removing and cooling ranges, pages that stay.
 */
#include <string.h>

#include "tests/host/vm_test.h"
#include "vm/vm_madvise.h"
#include "vm/vm_object_fixed.h"
#include "vm/vm_wire.h"

static int
advise(struct vmspace *vm, vaddr_t at, unsigned pages, int advice)
{
	return vm_madvise(vm, at, pages * PAGE_SIZE, advice);
}

#define ADVISE(vm, at, pages, advice) assert_int_equal(advise(vm, at, pages, advice), 0)

/* Each of n pages from `at` on shows its own value. */
static void
put_all(struct vmspace *vm, vaddr_t at, unsigned n, uint8_t value)
{
	for (unsigned i = 0; i < n; i++)
		put(vm, at + i * PAGE_SIZE, (uint8_t)(value + i));
}

static void
sees_all(struct vmspace *vm, vaddr_t at, unsigned n, uint8_t value)
{
	for (unsigned i = 0; i < n; i++)
		SEES(vm, at + i * PAGE_SIZE, (uint8_t)(value + i));
}

static void
sees_zeros(struct vmspace *vm, vaddr_t at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		SEES(vm, at + i * PAGE_SIZE, 0);
}

/* Which of the pages are resident, as mincore says it: a string of 0 and 1. */
static const char *
resident(struct vmspace *vm, vaddr_t at, unsigned n)
{
	static char text[33];
	uint8_t vec[32];

	assert_true(n < sizeof(text));
	assert_int_equal(vm_mincore(&vm->map, at, n, vec), 0);
	for (unsigned i = 0; i < n; i++)
		text[i] = (char)('0' + vec[i]);
	text[n] = '\0';
	return text;
}

static struct vm_page *
page_of(struct vm_object *o, pindex_t i)
{
	struct vm_page *m;

	mutex_lock(&o->lock);
	m = vm_page_lookup(o, i);
	mutex_unlock(&o->lock);
	return m;
}

static struct vm_object *
object_at(struct vmspace *vm, vaddr_t va)
{
	return entry(vm, va)->u.object;
}

/*
 * Advice that is a field of the entry.
 */

/* Is an entry cut where the advice ends, and is it whole again when the advice is taken back? */
static void
advice_cuts_and_merges(void **state)
{
	static const int there_and_back[][2] = {{MADV_RANDOM, MADV_NORMAL},
	    {MADV_SEQUENTIAL, MADV_NORMAL}, {MADV_DONTFORK, MADV_DOFORK},
	    {MADV_WIPEONFORK, MADV_KEEPONFORK}, {MADV_DONTDUMP, MADV_DODUMP},
	    {MADV_NOSYNC, MADV_AUTOSYNC}};
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	for (unsigned i = 0; i < sizeof(there_and_back) / sizeof(there_and_back[0]); i++) {
		/* What says nothing new cuts nothing. */
		ADVISE(vm, P(2), 3, there_and_back[i][1]);
		ENTRIES(vm, 1);
		ADVISE(vm, P(2), 3, there_and_back[i][0]);
		ENTRIES(vm, 3);
		ADVISE(vm, P(3), 1, there_and_back[i][0]);
		ENTRIES(vm, 3);
		ADVISE(vm, P(0), 8, there_and_back[i][1]);
		ENTRIES(vm, 1);
	}
	sees_all(vm, P(0), 8, 1);
	vmspace_unref(vm);
}

/* Does what fork gives follow DONTFORK and its relatives, and DOFORK bring back sharing for what was mapped shared? */
static void
advice_fork(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	map(vm, P(8), 1, RW, SHARED);
	put_all(vm, P(0), 4, 1);
	put(vm, P(8), 50);
	ADVISE(vm, P(0), 1, MADV_DONTFORK);
	ADVISE(vm, P(1), 1, MADV_WIPEONFORK);
	ADVISE(vm, P(8), 1, MADV_DONTFORK);
	assert_int_equal(advise(vm, P(8), 1, MADV_WIPEONFORK), EINVAL);
	child = fork_of(vm);
	LOAD_FAILS(child, P(0), EFAULT);
	SEES(child, P(1), 0);
	sees_all(child, P(2), 2, 3);
	LOAD_FAILS(child, P(8), EFAULT);
	vmspace_unref(child);
	ADVISE(vm, P(0), 4, MADV_DOFORK);
	ADVISE(vm, P(8), 1, MADV_DOFORK);
	assert_int_equal(entry(vm, P(1))->inheritance, VM_INHERIT_ZERO);
	child = fork_of(vm);
	SEES(child, P(0), 1);
	put(child, P(8), 51);
	SEES(vm, P(8), 51);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* A shared mapping that was not to be forked is read, then is to be again: no page of zeros stays behind in it. */
static void
advice_dofork_drops_the_page_of_zeros(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 2, RW, SHARED);
	ADVISE(vm, P(0), 2, MADV_DONTFORK);
	SEES(vm, P(1), 0);
	ADVISE(vm, P(0), 2, MADV_DOFORK);
	child = fork_of(vm);
	put(child, P(1), 5);
	SEES(vm, P(1), 5);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* No memory for the cut: EAGAIN, and nothing changed; at the limit of entries as well. */
static void
advice_without_memory_changes_nothing(void **state)
{
	struct vmspace *vm = space();
	uint32_t most = vm_max_map_count;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	host_fail_alloc(1, false);
	assert_int_equal(advise(vm, P(2), 1, MADV_RANDOM), EAGAIN);
	assert_int_equal(host_alloc_failed(), true);
	host_fail_alloc(0, false);
	ENTRIES(vm, 1);
	vm_max_map_count = 2;
	assert_int_equal(advise(vm, P(2), 1, MADV_RANDOM), EAGAIN);
	vm_max_map_count = most;
	ENTRIES(vm, 1);
	assert_int_equal(entry(vm, P(2))->advice, VM_ADVICE_NORMAL);
	vmspace_unref(vm);
}

/* Holes are ENOMEM after the rest was done; what refuses ends it. */
static void
advice_over_holes(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(1), 2, RW, PRIV);
	map(vm, P(5), 2, RW, PRIV);
	put_all(vm, P(1), 2, 1);
	put_all(vm, P(5), 2, 5);
	assert_int_equal(advise(vm, P(0), 8, MADV_RANDOM), ENOMEM);
	assert_int_equal(entry(vm, P(5))->advice, VM_ADVICE_RANDOM);
	assert_int_equal(advise(vm, P(2), 4, MADV_DONTNEED), ENOMEM);
	SEES(vm, P(1), 1);
	sees_zeros(vm, P(2), 1);
	sees_zeros(vm, P(5), 1);
	SEES(vm, P(6), 6);
	assert_int_equal(advise(vm, P(3), 2, MADV_WILLNEED), ENOMEM);
	assert_int_equal(advise(vm, P(0), 2, MADV_COLD), ENOMEM);
	vmspace_unref(vm);
}

/* Arguments that are none, and the room that a stack may grow into, which is a hole. */
static void
advice_arguments(void **state)
{
	struct vmspace *vm = space();
	vaddr_t top = P(64);

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	assert_int_equal(vm_madvise(vm, P(0) + 1, PAGE_SIZE, MADV_NORMAL), EINVAL);
	assert_int_equal(vm_madvise(vm, P(0), (size_t)-1, MADV_NORMAL), EINVAL);
	assert_int_equal(vm_madvise(vm, P(0), -P(0), MADV_NORMAL), EINVAL);
	assert_int_equal(vm_madvise(vm, P(0), 0, 7), EINVAL);
	assert_int_equal(vm_madvise(vm, P(0), PAGE_SIZE, MADV_MERGEABLE), EINVAL);
	assert_int_equal(vm_madvise(vm, P(0), 0, MADV_NORMAL), 0);
	assert_int_equal(vmspace_stack(vm, top, 32 * PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(advise(vm, top - 2 * PAGE_SIZE, 2, MADV_RANDOM), ENOMEM);
	assert_int_equal(advise(vm, top - 2 * PAGE_SIZE, 1, MADV_POPULATE_READ), ENOMEM);
	assert_int_equal(vm_msync(vm, top - 2 * PAGE_SIZE, 2 * PAGE_SIZE, MS_SYNC), ENOMEM);
	assert_int_equal(entry(vm, top - 1)->advice, VM_ADVICE_RANDOM);
	vmspace_unref(vm);
}

/*
 * T14: DONTNEED and FREE.
 */

/* Nothing is behind it: are just those pages freed, at once, and the entry left whole? */
static void
T14_dontneed_frees_pages(void **state)
{
	struct vmspace *vm = space();
	uint64_t before;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	before = vm_page_free_count();
	ADVISE(vm, P(2), 3, MADV_DONTNEED);
	assert_int_equal(vm_page_free_count(), before + 3);
	ENTRIES(vm, 1);
	sees_all(vm, P(0), 2, 1);
	sees_zeros(vm, P(2), 3);
	sees_all(vm, P(5), 3, 6);
	ADVISE(vm, P(0), 8, MADV_FREE);
	sees_zeros(vm, P(0), 8);
	vmspace_unref(vm);
}

/* After a fork: zeros, never what was there before the fork, in the one that forgets; in the other all stays. */
static void
T14_dontneed_never_shows_older_contents(void **state)
{
	static const int ways[] = {MADV_DONTNEED, MADV_FREE};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct vmspace *vm = space(), *child;

		map(vm, P(0), 8, RW, PRIV);
		put_all(vm, P(0), 8, 1);
		child = fork_of(vm);
		put_all(child, P(1), 4, 100);
		put_all(vm, P(3), 4, 200);
		ADVISE(child, P(2), 4, ways[i]);
		SEES(child, P(0), 1);
		SEES(child, P(1), 100);
		sees_zeros(child, P(2), 4);
		sees_all(child, P(6), 2, 7);
		sees_all(vm, P(0), 3, 1);
		sees_all(vm, P(3), 4, 200);
		ADVISE(vm, P(0), 8, ways[i]);
		sees_zeros(vm, P(0), 8);
		SEES(child, P(1), 100);
		put_all(child, P(2), 4, 50);
		sees_all(child, P(2), 4, 50);
		vmspace_unref(vm);
		sees_all(child, P(2), 4, 50);
		sees_all(child, P(6), 2, 7);
		vmspace_unref(child);
	}
}

/* Before the first write after the fork nothing is the child's own: forgetting must not touch the parent's pages. */
static void
T14_dontneed_of_untouched_copies(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	put_all(vm, P(0), 4, 1);
	child = fork_of(vm);
	ADVISE(child, P(0), 4, MADV_DONTNEED);
	assert_null(object_at(child, P(0)));
	sees_zeros(child, P(0), 4);
	sees_all(vm, P(0), 4, 1);
	ADVISE(vm, P(1), 1, MADV_DONTNEED);
	sees_zeros(vm, P(1), 1);
	SEES(vm, P(2), 3);
	vmspace_unref(child);
	SEES(vm, P(0), 1);
	vmspace_unref(vm);
}

/* A part of a cut mapping, left alone in an object that others see: is the memory of the others safe? */
static void
T14_dontneed_of_a_part_that_was_not_forked(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	put_all(vm, P(0), 4, 1);
	inherit(vm, P(2), 2, VM_INHERIT_SHARE);
	child = fork_of(vm);
	ADVISE(vm, P(2), 2, MADV_DONTNEED);
	sees_all(child, P(2), 2, 3);
	sees_all(vm, P(2), 2, 3);
	inherit(vm, P(2), 2, VM_INHERIT_COPY);
	ADVISE(vm, P(2), 2, MADV_DONTNEED);
	sees_all(child, P(2), 2, 3);
	sees_zeros(vm, P(2), 2);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* A private mapping of a file: is it the file that shows again, from the right offset, also for a grandchild? */
static void
T14_dontneed_shows_the_file_again(void **state)
{
	struct host_file *f = host_file_create(8);
	struct vmspace *vm = space(), *child, *grandchild;

	(void)state;
	map_file(vm, P(0), 6, RW, MAP_PRIVATE, f, 2);
	put_all(vm, P(1), 3, 100);
	ADVISE(vm, P(2), 1, MADV_DONTNEED);
	SEES(vm, P(1), 100);
	SEES(vm, P(2), host_file_byte(f, 4));
	child = fork_of(vm);
	put(child, P(0), 9);
	grandchild = fork_of(child);
	unmap(grandchild, P(0), 1); /* each link of the chain has an offset of its own */
	put(grandchild, P(4), 8);
	ADVISE(grandchild, P(1), 4, MADV_DONTNEED);
	SEES(child, P(0), 9);
	for (unsigned i = 1; i < 6; i++)
		SEES(grandchild, P(i), host_file_byte(f, 2 + i));
	SEES(child, P(1), 100);
	assert_int_equal(advise(child, P(1), 1, MADV_FREE), EINVAL);
	assert_int_equal(advise(child, P(1), 1, MADV_WIPEONFORK), EINVAL);
	vmspace_unref(vm);
	vmspace_unref(child);
	vmspace_unref(grandchild);
	host_file_destroy(f);
}

/* At the limit of entries, or without memory for one: refused, and everything is there still. */
static void
T14_dontneed_refused_loses_nothing(void **state)
{
	struct vmspace *vm = space(), *child;
	uint32_t most = vm_max_map_count;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	child = fork_of(vm);
	put_all(child, P(0), 7, 50); /* not the last: something shows through */
	vm_max_map_count = 2;
	assert_int_equal(advise(child, P(2), 2, MADV_DONTNEED), EAGAIN);
	vm_max_map_count = most;
	host_fail_alloc(1, false);
	assert_int_equal(advise(child, P(2), 2, MADV_DONTNEED), EAGAIN);
	host_fail_alloc(0, false);
	sees_all(child, P(0), 7, 50);
	ADVISE(child, P(2), 2, MADV_DONTNEED);
	sees_zeros(child, P(2), 2);
	sees_all(child, P(4), 3, 54);
	SEES(child, P(7), 8);
	vmspace_unref(vm);
	vmspace_unref(child);
}

/* Shared memory is not one's own: DONTNEED takes away mappings only, REMOVE the pages, for all. */
static void
T14_shared_memory_is_not_forgotten(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 2, RW, SHARED);
	put_all(vm, P(0), 2, 1);
	child = fork_of(vm);
	ADVISE(child, P(0), 2, MADV_DONTNEED);
	assert_false(host_pmap_maps(child->map.pmap, P(0), VM_PROT_READ));
	sees_all(child, P(0), 2, 1);
	assert_int_equal(advise(child, P(0), 2, MADV_FREE), EINVAL);
	ADVISE(child, P(1), 1, MADV_REMOVE);
	SEES(vm, P(0), 1);
	SEES(vm, P(1), 0);
	protect(vm, P(0), 1, R);
	assert_int_equal(advise(vm, P(0), 1, MADV_REMOVE), EACCES);
	vmspace_unref(child);
	map(vm, P(4), 1, RW, PRIV);
	assert_int_equal(advise(vm, P(4), 1, MADV_REMOVE), EINVAL);
	vmspace_unref(vm);
}

/* Locked memory stays; what lies before it is forgotten. */
static void
T14_locked_memory_is_not_forgotten(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	put_all(vm, P(0), 4, 1);
	assert_int_equal(vm_map_wire(&vm->map, P(2), P(3), VM_WIRE_USER), 0);
	assert_int_equal(advise(vm, P(0), 4, MADV_DONTNEED), EINVAL);
	sees_zeros(vm, P(0), 2);
	sees_all(vm, P(2), 2, 3);
	assert_int_equal(advise(vm, P(2), 1, MADV_COLD), EINVAL);
	assert_int_equal(vm_map_unwire(&vm->map, P(2), P(3), VM_WIRE_USER), 0);
	ADVISE(vm, P(2), 1, MADV_DONTNEED);
	sees_zeros(vm, P(2), 1);
	vmspace_unref(vm);
}

/* A stack keeps its room to grow, whether a part of it or all is forgotten. */
static void
T14_dontneed_of_a_stack(void **state)
{
	vaddr_t top = P(64);

	(void)state;
	for (unsigned part = 0; part < 2; part++) {
		struct vmspace *vm = space(), *child;

		assert_int_equal(vmspace_stack(vm, top, 32 * PAGE_SIZE, 4 * PAGE_SIZE), 0);
		put_all(vm, top - 4 * PAGE_SIZE, 4, 1);
		child = fork_of(vm);
		put_all(child, top - 4 * PAGE_SIZE, 4, 10);
		ADVISE(child, top - 4 * PAGE_SIZE, part == 0 ? 4 : 2, MADV_DONTNEED);
		sees_zeros(child, top - 4 * PAGE_SIZE, 2);
		put(child, top - 20 * PAGE_SIZE, 7);
		SEES(child, top - 20 * PAGE_SIZE, 7);
		SEES(child, top - 4 * PAGE_SIZE, 0);
		SEES(child, top - PAGE_SIZE, part == 0 ? 0 : 13);
		sees_all(vm, top - 4 * PAGE_SIZE, 4, 1);
		vmspace_unref(vm);
		vmspace_unref(child);
	}
}

/* A page that the kernel holds while its owner forgets it: the holder keeps the old bytes, the owner sees zeros. */
static void
T14_dontneed_of_a_held_page(void **state)
{
	struct vmspace *vm = space();
	struct vm_page *m;

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	put(vm, P(0), 7);
	assert_int_equal(vm_fault_hold(&vm->map, P(0), VM_PROT_READ, &m), 0);
	ADVISE(vm, P(0), 1, MADV_DONTNEED);
	SEES(vm, P(0), 0);
	assert_int_equal(*(uint8_t *)vm_page_kva(m), 7);
	vm_fault_unhold_pages(&m, 1, false);
	vmspace_unref(vm);
}

/*
 * T10: preloading.
 */

/* WILLNEED: does it enter what is resident, never more than the rights allow, and nothing writable? */
static void
T10_willneed_never_against_protection(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 6, RW, PRIV);
	put_all(vm, P(0), 6, 1);
	protect(vm, P(0), 2, PROT_NONE);
	protect(vm, P(2), 2, R);
	host_pmap_forget(vm->map.pmap, P(0), P(6));
	put(vm, P(5), 6); /* there is a page table */
	ADVISE(vm, P(0), 6, MADV_WILLNEED);
	assert_false(host_pmap_maps(vm->map.pmap, P(0), VM_PROT_READ));
	LOAD_FAILS(vm, P(0), EACCES);
	LOAD_FAILS(vm, P(1), EACCES);
	assert_true(host_pmap_maps(vm->map.pmap, P(2), VM_PROT_READ));
	assert_true(host_pmap_maps(vm->map.pmap, P(4), VM_PROT_READ));
	assert_false(host_pmap_maps(vm->map.pmap, P(4), VM_PROT_WRITE));
	sees_all(vm, P(2), 4, 3);
	vmspace_unref(vm);
}

/* A long way down a chain, each object with an offset of its own: the right pages? */
static void
T10_willneed_through_a_chain(void **state)
{
	struct vmspace *vm = space(), *child, *grandchild;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	unmap(vm, P(0), 2);
	child = fork_of(vm);
	put(child, P(3), 40);
	unmap(child, P(2), 1);
	grandchild = fork_of(child);
	put(grandchild, P(7), 80);
	host_pmap_forget(grandchild->map.pmap, P(0), P(7));
	ADVISE(grandchild, P(3), 5, MADV_WILLNEED);
	assert_true(host_pmap_maps(grandchild->map.pmap, P(3), VM_PROT_READ));
	SEES(grandchild, P(3), 40);
	sees_all(grandchild, P(4), 3, 5);
	SEES(grandchild, P(7), 80);
	assert_string_equal(resident(grandchild, P(3), 5), "11111");
	vmspace_unref(vm);
	vmspace_unref(child);
	vmspace_unref(grandchild);
}

/* What a fault brings along: by advice nothing, some on both sides, or more ahead and none behind. */
static void
T10_prefault_by_advice(void **state)
{
	static const struct {
		int advice;
		bool before, ahead, far;
	} cases[] = {{MADV_NORMAL, true, true, false}, {MADV_RANDOM, false, false, false},
	    {MADV_SEQUENTIAL, false, true, true}};
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 40, RW, PRIV);
	put_all(vm, P(0), 40, 1);
	for (unsigned i = 0; i < 3; i++) {
		ADVISE(vm, P(0), 40, cases[i].advice);
		host_pmap_forget(vm->map.pmap, P(0), P(39));
		SEES(vm, P(10), 11);
		assert_int_equal(host_pmap_maps(vm->map.pmap, P(9), R), cases[i].before);
		assert_int_equal(host_pmap_maps(vm->map.pmap, P(11), R), cases[i].ahead);
		assert_int_equal(host_pmap_maps(vm->map.pmap, P(30), R), cases[i].far);
		assert_false(host_pmap_maps(vm->map.pmap, P(11), VM_PROT_WRITE));
	}
	vmspace_unref(vm);
}

/* Reading on: what lies behind is the first to go; COLD says the same of a range. */
static void
advice_cools_pages(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 40, RW, PRIV);
	put_all(vm, P(0), 40, 1);
	ADVISE(vm, P(0), 40, MADV_SEQUENTIAL);
	host_pmap_forget(vm->map.pmap, P(0), P(39));
	SEES(vm, P(10), 11);
	assert_int_equal(page_of(object_at(vm, P(0)), 9)->queue, PQ_INACTIVE);
	assert_int_equal(page_of(object_at(vm, P(0)), 10)->queue, PQ_ACTIVE);
	ADVISE(vm, P(20), 4, MADV_COLD);
	assert_int_equal(page_of(object_at(vm, P(0)), 19)->queue, PQ_ACTIVE);
	assert_int_equal(page_of(object_at(vm, P(0)), 20)->queue, PQ_INACTIVE);
	assert_int_equal(page_of(object_at(vm, P(0)), 23)->queue, PQ_INACTIVE);
	assert_int_equal(page_of(object_at(vm, P(0)), 24)->queue, PQ_ACTIVE);
	/* What a relative may need stays warm. */
	child = fork_of(vm);
	put(child, P(30), 1);
	ADVISE(child, P(30), 2, MADV_PAGEOUT);
	assert_int_equal(page_of(object_at(child, P(30)), 30)->queue, PQ_INACTIVE);
	assert_int_equal(page_of(object_at(vm, P(31)), 31)->queue, PQ_ACTIVE);
	sees_all(vm, P(0), 40, 1);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* POPULATE: is it there afterwards, unchanged, and refused where a touch would be? */
static void
advice_populates(void **state)
{
	struct host_file *f = host_file_create(2);
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	map(vm, P(4), 2, R, PRIV);
	ADVISE(vm, P(0), 2, MADV_POPULATE_WRITE);
	assert_string_equal(resident(vm, P(0), 6), "110000");
	ADVISE(vm, P(3), 2, MADV_POPULATE_READ);
	assert_string_equal(resident(vm, P(0), 6), "110110");
	sees_zeros(vm, P(0), 6);
	assert_int_equal(advise(vm, P(3), 2, MADV_POPULATE_WRITE), EINVAL);
	assert_int_equal(advise(vm, P(5), 2, MADV_POPULATE_READ), ENOMEM);
	map_file(vm, P(8), 4, R, MAP_SHARED, f, 0);
	assert_int_equal(advise(vm, P(8), 4, MADV_POPULATE_READ), EFAULT);
	assert_string_equal(resident(vm, P(8), 4), "1100");
	/* A signal ends it. */
	curthread()->interrupted = true;
	assert_int_equal(advise(vm, P(0), 4, MADV_POPULATE_WRITE), EINTR);
	curthread()->interrupted = false;
	vmspace_unref(vm);
	host_file_destroy(f);
}

/*
 * T15: msync.
 */

/* Nothing mapped, nothing touched, rights of none, a hole, locked memory: the right errno, and nothing lost. */
static void
T15_msync_of_anonymous_memory(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	assert_int_equal(vm_msync(vm, P(0), PAGE_SIZE, MS_SYNC), ENOMEM);
	map(vm, P(0), 4, RW, PRIV);
	assert_int_equal(vm_msync(vm, P(0), 4 * PAGE_SIZE, MS_SYNC | MS_INVALIDATE), 0);
	put_all(vm, P(0), 4, 1);
	protect(vm, P(1), 1, PROT_NONE);
	assert_int_equal(vm_msync(vm, P(0), 4 * PAGE_SIZE, MS_SYNC | MS_INVALIDATE), 0);
	assert_int_equal(vm_msync(vm, P(2), 4 * PAGE_SIZE, MS_SYNC), ENOMEM);
	protect(vm, P(1), 1, RW);
	sees_all(vm, P(0), 4, 1);
	assert_int_equal(vm_map_wire(&vm->map, P(3), P(4), VM_WIRE_USER), 0);
	assert_int_equal(vm_msync(vm, P(0), 4 * PAGE_SIZE, MS_INVALIDATE), EBUSY);
	assert_int_equal(vm_msync(vm, P(0), 8 * PAGE_SIZE, MS_SYNC), ENOMEM);
	assert_int_equal(vm_msync(vm, P(0), PAGE_SIZE, MS_SYNC | MS_ASYNC), EINVAL);
	assert_int_equal(vm_msync(vm, P(0) + 1, PAGE_SIZE, MS_SYNC), EINVAL);
	sees_all(vm, P(0), 4, 1);
	vmspace_unref(vm);
}

/* Is what was stored in a shared mapping in the file afterwards, and is it read again after INVALIDATE? */
static void
T15_msync_writes_files(void **state)
{
	struct host_file *f = host_file_create(6);
	struct vmspace *vm = space();
	struct vm_object *o;

	(void)state;
	map_file(vm, P(0), 4, RW, MAP_SHARED, f, 1);
	map_file(vm, P(4), 1, RW, MAP_PRIVATE, f, 5);
	put_all(vm, P(0), 5, 100);
	o = object_at(vm, P(0));
	assert_int_equal(vm_msync(vm, P(1), 2 * PAGE_SIZE, MS_SYNC), 0);
	assert_true(page_of(o, 1)->dirty || pmap_is_modified(page_of(o, 1)));
	assert_false(page_of(o, 2)->dirty || pmap_is_modified(page_of(o, 2)));
	assert_int_equal(vm_msync(vm, P(0), 5 * PAGE_SIZE, MS_SYNC | MS_INVALIDATE), 0);
	for (unsigned i = 1; i < 5; i++)
		assert_null(page_of(o, i));
	COUNTS(VMC_PAGEINS, 1, SEES(vm, P(2), 102));
	sees_all(vm, P(0), 5, 100);
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* Removing what is clean: do dirty, wired and (if so wanted) mapped pages stay? */
static void
T15_page_remove_spares(void **state)
{
	struct host_file *f = host_file_create(6);
	struct vmspace *vm = space();
	struct vm_object *o;
	struct vm_page *m;

	(void)state;
	map_file(vm, P(0), 6, RW, MAP_SHARED, f, 0);
	ADVISE(vm, P(0), 6, MADV_RANDOM);
	for (unsigned i = 0; i < 6; i++)
		SEES(vm, P(i), host_file_byte(f, i));
	put(vm, P(1), 1);
	assert_int_equal(vm_fault_hold(&vm->map, P(2), VM_PROT_READ, &m), 0);
	host_pmap_forget(vm->map.pmap, P(3), P(4));
	o = object_at(vm, P(0));
	mutex_lock(&o->lock);
	vm_object_page_remove_some(o, 0, 6, PAGES_CLEAN | PAGES_UNMAPPED);
	assert_int_equal(o->resident, 5);
	vm_object_page_remove_some(o, 0, 6, PAGES_CLEAN);
	assert_int_equal(o->resident, 2);
	mutex_unlock(&o->lock);
	assert_non_null(page_of(o, 1));
	assert_ptr_equal(page_of(o, 2), m);
	SEES(vm, P(1), 1);
	vm_fault_unhold_pages(&m, 1, false);
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* The mapping goes away while its pages are read: does msync end, and the object live long enough? */
struct vanishing {
	struct vmspace *vm;
};

static void
unmap_it(void *arg)
{
	struct vanishing *v = arg;

	unmap(v->vm, P(0), 4);
}

static void
T15_msync_while_unmapped(void **state)
{
	struct host_file *f = host_file_create(4);
	struct vanishing v = {space()};

	(void)state;
	for (uint32_t seed = 1; seed < 60; seed++) {
		int error;

		map_file(v.vm, P(0), 4, RW, MAP_SHARED, f, 0);
		put_all(v.vm, P(0), 4, (uint8_t)seed);
		host_knobs.seed = seed;
		host_spawn(unmap_it, &v);
		error = vm_msync(v.vm, P(0), 4 * PAGE_SIZE, MS_SYNC | MS_INVALIDATE);
		assert_true(error == 0 || error == ENOMEM);
		host_join_all();
		host_knobs.seed = 0;
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(host_file_peek(f, i), (uint8_t)(seed + i));
	}
	vmspace_unref(v.vm);
	host_file_destroy(f);
}

/*
 * Split.
 */

/* A part of a cut mapping is forked: does it get an object of its own, all pages where they were, the rest untouched? */
static void
split_at_fork(void **state)
{
	struct vmspace *vm = space(), *child;
	struct vm_object *o;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	inherit(vm, P(0), 3, VM_INHERIT_NONE);
	o = object_at(vm, P(0));
	COUNTS(VMC_SPLITS, 1, child = fork_of(vm));
	assert_ptr_equal(object_at(vm, P(0)), o);
	assert_int_equal(o->resident, 3);
	assert_int_equal(o->size, 3);
	assert_true(o->flags & OBJ_ONEMAPPING);
	assert_ptr_equal(object_at(child, P(3)), object_at(vm, P(3)));
	assert_int_equal(object_at(vm, P(3))->resident, 5);
	sees_all(vm, P(0), 8, 1);
	sees_all(child, P(3), 5, 4);
	put(child, P(4), 99);
	SEES(vm, P(4), 5);
	/* The rest can be unmapped and goes at once. */
	assert_int_equal(o->refs, 1);
	unmap(vm, P(0), 3);
	vmspace_unref(vm);
	SEES(child, P(4), 99);
	SEES(child, P(7), 8);
	vmspace_unref(child);
}

/* With something behind: the same through both parts, at each part's own offset (T8: chains that split and shrink). */
static void
T8_split_with_backing(void **state)
{
	struct vmspace *vm = space(), *child, *grandchild;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	child = fork_of(vm);
	put(child, P(1), 50);
	put(child, P(6), 60);
	protect(child, P(2), 2, RWX); /* three entries, one shadow */
	grandchild = fork_of(child);
	put(grandchild, P(7), 70);
	SEES(grandchild, P(6), 60);
	sees_all(grandchild, P(2), 4, 3);
	SEES(grandchild, P(1), 50);
	vmspace_unref(vm);
	SEES(child, P(5), 6);
	SEES(child, P(7), 8);
	vmspace_unref(child);
	SEES(grandchild, P(0), 1);
	SEES(grandchild, P(5), 6);
	SEES(grandchild, P(6), 60);
	SEES(grandchild, P(7), 70);
	assert_true(vm_object_depth(object_at(grandchild, P(4))) <= 2);
	vmspace_unref(grandchild);
}

/* Others see the pages: they must not leave. */
static void
split_refuses_what_others_see(void **state)
{
	struct vmspace *vm = space(), *child;
	struct vm_object *part = NULL;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	put_all(vm, P(0), 4, 1);
	inherit(vm, P(0), 4, VM_INHERIT_SHARE);
	child = fork_of(vm);
	assert_int_equal(vm_object_split(object_at(vm, P(0)), 0, 2, &part), EBUSY);
	inherit(vm, P(0), 2, VM_INHERIT_COPY);
	vmspace_unref(fork_of(vm));
	put(child, P(0), 9);
	SEES(vm, P(0), 9);
	sees_all(vm, P(1), 3, 2);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* A page is busy while its object is split: is it waited for, and does it arrive? */
struct busy_owner {
	struct vm_object *object;
	pindex_t index;
};

static void
busy_for_a_while(void *arg)
{
	struct busy_owner *b = arg;
	struct vm_page *m = page_of(b->object, b->index);

	assert_true(vm_page_tryxbusy(m));
	curthread()->busy_pages--; /* as a pager's I/O would have it */
	for (int i = 0; i < 3; i++)
		host_yield();
	curthread()->busy_pages++;
	vm_page_xunbusy(m);
}

static void
split_waits_for_busy_pages(void **state)
{
	struct vmspace *vm = space(), *child;
	struct busy_owner b;

	(void)state;
	map(vm, P(0), 8, RW, PRIV);
	put_all(vm, P(0), 8, 1);
	inherit(vm, P(0), 4, VM_INHERIT_NONE);
	b = (struct busy_owner){object_at(vm, P(0)), 6};
	host_spawn(busy_for_a_while, &b);
	host_yield();
	COUNTS(VMC_SPLITS, 1, child = fork_of(vm));
	assert_int_equal(object_at(child, P(4))->resident, 4);
	assert_int_equal(b.object->flags & OBJ_SPLIT, 0);
	sees_all(child, P(4), 4, 5);
	sees_all(vm, P(0), 8, 1);
	host_join_all();
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* Each allocation of a fork that splits fails once: the parent is as before, or the child complete. */
static void
split_without_memory(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 12; n++) {
		struct vmspace *vm = space(), *child;
		int error;

		map(vm, P(0), 8, RW, PRIV);
		put_all(vm, P(0), 8, 1);
		protect(vm, P(3), 2, R);
		host_fail_alloc(n, false);
		error = vmspace_fork(vm, &child);
		host_fail_alloc(0, false);
		assert_true(error == 0 || error == ENOMEM);
		sees_all(vm, P(0), 8, 1);
		if (error == 0) {
			sees_all(child, P(0), 8, 1);
			put(child, P(0), 9);
			SEES(vm, P(0), 1);
			vmspace_unref(child);
		}
		vmspace_unref(vm);
	}
}

/* T7: a shadow that two share; one forgets, splits, writes: the other sees what it should. */
static void
T7_shared_shadow_and_advice(void **state)
{
	struct vmspace *vm = space(), *one, *two;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	put_all(vm, P(0), 4, 1);
	one = fork_of(vm);
	inherit(one, P(0), 4, VM_INHERIT_SHARE);
	two = fork_of(one);
	sees_all(one, P(0), 4, 1);
	sees_all(two, P(0), 4, 1);
	put(one, P(1), 20);
	SEES(two, P(1), 20);
	ADVISE(two, P(0), 4, MADV_DONTNEED);
	SEES(two, P(1), 20);
	SEES(one, P(2), 3);
	ADVISE(two, P(0), 4, MADV_WILLNEED);
	vmspace_unref(vm);
	put(two, P(2), 30);
	SEES(one, P(2), 30);
	ADVISE(one, P(3), 1, MADV_RANDOM);
	put(one, P(3), 40);
	SEES(two, P(3), 40);
	vmspace_unref(one);
	SEES(two, P(0), 1);
	SEES(two, P(3), 40);
	vmspace_unref(two);
}

/* Part of a mapping was moved elsewhere and has its pages still: the other part must not grow over them. */
static void
coalesce_spares_what_was_moved(void **state)
{
	struct vm_object *o = vm_object_alloc_anon(8);
	struct vm_page *m;

	(void)state;
	assert_non_null(o);
	mutex_lock(&o->lock);
	m = vm_page_alloc(o, 5, VM_ALLOC_ZERO);
	assert_non_null(m);
	m->valid = 1;
	vm_page_xunbusy(m);
	vm_object_ref_locked(o);
	o->flags |= OBJ_MOVED;
	mutex_unlock(&o->lock);
	assert_false(vm_object_coalesce(o, 0, 4, 4));
	assert_ptr_equal(page_of(o, 5), m);
	assert_true(vm_object_coalesce(o, 4, 4, 4)); /* behind all of it there is nobody */
	assert_int_equal(o->size, 12);
	vm_object_unref(o);
	assert_true(vm_object_coalesce(o, 0, 4, 4)); /* nobody else is left */
	assert_null(page_of(o, 5));
	vm_object_unref(o);
}

/*
 * Pages that stay.
 */

/* Frames that are never paged: zeros at first, the same for all, freed with the last reference. */
static void
phys_pages_are_shared_and_wired(void **state)
{
	struct vm_object *o = vm_phys_object(2);
	struct vmspace *vm = space(), *other = space();
	struct vm_mmap_args args = {.addr = P(0),
	    .len = 3 * PAGE_SIZE,
	    .prot = RW,
	    .flags = MAP_SHARED | MAP_FIXED,
	    .max_prot = VM_PROT_ALL,
	    .object = o};
	vaddr_t got;

	(void)state;
	assert_non_null(o);
	assert_true(vm_page_wired(page_of(o, 1)));
	vm_object_ref(o);
	assert_int_equal(vm_mmap(vm, &args, &got), 0);
	assert_int_equal(vm_mmap(other, &args, &got), 0);
	sees_zeros(vm, P(0), 2);
	put(vm, P(1), 7);
	SEES(other, P(1), 7);
	LOAD_FAILS(vm, P(2), EINVAL);
	ADVISE(vm, P(0), 2, MADV_DONTNEED);
	SEES(vm, P(1), 7);
	vmspace_unref(vm);
	vmspace_unref(other);
}

static void
phys_without_memory(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 5; n++) {
		struct vm_object *o;

		host_fail_alloc(n, false);
		o = vm_phys_object(3);
		host_fail_alloc(0, false);
		if (o != NULL)
			vm_object_unref(o);
		else
			assert_true(n <= 4);
		host_fail_alloc(n, false);
		o = vm_device_object(0x10000000, 2);
		host_fail_alloc(0, false);
		vm_object_unref(o);
	}
}

/* Registers, for which a frame of RAM stands in: mapped, read, shared with a child; not held, not forgotten, not populated. */
static void
device_registers_are_mapped_only(void **state)
{
	struct vm_page *frame = vm_page_alloc_noobj(VM_ALLOC_ZERO);
	struct vm_object *o = vm_device_object(vm_page_to_phys(frame), 1);
	struct vmspace *vm = space(), *child;
	struct vm_mmap_args args = {.addr = P(0),
	    .len = 2 * PAGE_SIZE,
	    .prot = R,
	    .flags = MAP_SHARED | MAP_FIXED,
	    .max_prot = VM_PROT_READ,
	    .object = o};
	struct vm_page *m;
	vaddr_t got;

	(void)state;
	*(uint8_t *)vm_page_kva(frame) = 42;
	assert_int_equal(vm_mmap(vm, &args, &got), 0);
	SEES(vm, P(0), 42);
	LOAD_FAILS(vm, P(1), EINVAL);
	STORE_FAILS(vm, P(0), EACCES);
	child = fork_of(vm);
	*(uint8_t *)vm_page_kva(frame) = 43;
	SEES(child, P(0), 43);
	assert_int_equal(vm_fault_hold(&vm->map, P(0), VM_PROT_READ, &m), EFAULT);
	assert_int_equal(advise(vm, P(0), 1, MADV_DONTNEED), EINVAL);
	assert_int_equal(advise(vm, P(0), 1, MADV_COLD), EINVAL);
	assert_int_equal(advise(vm, P(0), 1, MADV_POPULATE_READ), EINVAL);
	ADVISE(vm, P(0), 1, MADV_WILLNEED);
	assert_int_equal(vm_msync(vm, P(0), PAGE_SIZE, MS_SYNC | MS_INVALIDATE), 0);
	vmspace_unref(child);
	vmspace_unref(vm);
	vm_page_free(frame);
}

/* Memory that is shared now, and was copied by a fork before: the copy keeps what is removed? */
static void
remove_keeps_the_copies(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 3, RW, PRIV);
	put_all(vm, P(0), 3, 10);
	child = fork_of(vm);
	inherit(vm, P(0), 3, VM_INHERIT_SHARE);
	assert_int_equal(advise(vm, P(0), 3, MADV_REMOVE), EOPNOTSUPP);
	sees_all(child, P(0), 3, 10);
	sees_all(vm, P(0), 3, 10);
	put(vm, P(1), 50);
	assert_int_equal(advise(vm, P(0), 3, MADV_REMOVE), EOPNOTSUPP);
	SEES(vm, P(1), 50);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* Pages of shared memory that another one has locked: zeros, and still his? */
static void
remove_of_what_another_has_locked(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 3, RW, SHARED);
	put_all(vm, P(0), 3, 10);
	child = fork_of(vm);
	assert_int_equal(vm_map_wire(&child->map, P(0), P(2), VM_WIRE_USER), 0);
	ADVISE(vm, P(0), 3, MADV_REMOVE);
	sees_zeros(vm, P(0), 3);
	sees_zeros(child, P(0), 2);
	vm_check_all();
	put(child, P(0), 5);
	SEES(vm, P(0), 5);
	assert_int_equal(vm_map_unwire(&child->map, P(0), P(2), VM_WIRE_USER), 0);
	vmspace_unref(child);
	vmspace_unref(vm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(advice_cuts_and_merges),
	    HOST_TEST(advice_fork),
	    HOST_TEST(advice_dofork_drops_the_page_of_zeros),
	    HOST_TEST(advice_without_memory_changes_nothing),
	    HOST_TEST(advice_over_holes),
	    HOST_TEST(advice_arguments),
	    HOST_TEST(T14_dontneed_frees_pages),
	    HOST_TEST(T14_dontneed_never_shows_older_contents),
	    HOST_TEST(T14_dontneed_of_untouched_copies),
	    HOST_TEST(T14_dontneed_of_a_part_that_was_not_forked),
	    HOST_TEST(T14_dontneed_shows_the_file_again),
	    HOST_TEST(T14_dontneed_refused_loses_nothing),
	    HOST_TEST(T14_shared_memory_is_not_forgotten),
	    HOST_TEST(T14_locked_memory_is_not_forgotten),
	    HOST_TEST(T14_dontneed_of_a_stack),
	    HOST_TEST(T14_dontneed_of_a_held_page),
	    HOST_TEST(T10_willneed_never_against_protection),
	    HOST_TEST(T10_willneed_through_a_chain),
	    HOST_TEST(T10_prefault_by_advice),
	    HOST_TEST(advice_cools_pages),
	    HOST_TEST(advice_populates),
	    HOST_TEST(T15_msync_of_anonymous_memory),
	    HOST_TEST(T15_msync_writes_files),
	    HOST_TEST(T15_page_remove_spares),
	    HOST_TEST(T15_msync_while_unmapped),
	    HOST_TEST(split_at_fork),
	    HOST_TEST(T8_split_with_backing),
	    HOST_TEST(split_refuses_what_others_see),
	    HOST_TEST(split_waits_for_busy_pages),
	    HOST_TEST(split_without_memory),
	    HOST_TEST(T7_shared_shadow_and_advice),
	    HOST_TEST(coalesce_spares_what_was_moved),
	    HOST_TEST(phys_pages_are_shared_and_wired),
	    HOST_TEST(phys_without_memory),
	    HOST_TEST(device_registers_are_mapped_only),
	    HOST_TEST(remove_keeps_the_copies),
	    HOST_TEST(remove_of_what_another_has_locked),
	};

	return run_host_tests(tests);
}
