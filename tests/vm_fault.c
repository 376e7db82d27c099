/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page fault: which page, which error, and what happens when it must wait, fails, or the map changes under it.
 */
#include "tests/host/vm_test.h"

static struct host_file *
file_at(struct vmspace *vm, vaddr_t at, unsigned pages, int prot, int sharing)
{
	struct host_file *f = host_file_create(8);

	map_file(vm, at, pages, prot, sharing, f, 0);
	return f;
}

static void
fault_zero_fills(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	COUNTS(VMC_ZERO_FILL, 1, put(vm, P(0), 1));
	SEES(vm, P(0) + 4095, 0);
	vmspace_unref(vm);
}

/* Reading untouched private memory takes no page, in a child neither; writing takes one. */
static void
fault_reads_the_page_of_zeros(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	COUNTS(VMC_ZERO_READS, 1, SEES(vm, P(0), 0));
	COUNTS(VMC_ZERO_FILL, 0, SEES(vm, P(2), 0));
	child = fork_of(vm);
	SEES(child, P(2), 0);
	COUNTS(VMC_ZERO_FILL, 0, SEES(child, P(3), 0));
	COUNTS(VMC_ZERO_FILL, 1, put(child, P(2), 7));
	SEES(vm, P(2), 0);
	COUNTS(VMC_ZERO_FILL, 1, put(vm, P(2), 8));
	SEES(child, P(2), 7);
	SEES(vm, P(2), 8);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* Memory that somebody else may write to, now or after a fork, never shows it. */
static void
fault_shared_memory_has_its_own_zeros(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 2, RW, SHARED);
	map(vm, P(2), 2, RW, PRIV);
	COUNTS(VMC_ZERO_FILL, 1, SEES(vm, P(0), 0));
	SEES(vm, P(2), 0);
	inherit(vm, P(2), 2, VM_INHERIT_SHARE);
	SEES(vm, P(3), 0);
	child = fork_of(vm);
	put(child, P(0), 1);
	put(child, P(2), 2);
	put(child, P(3), 3);
	SEES(vm, P(0), 1);
	SEES(vm, P(2), 2);
	SEES(vm, P(3), 3);
	vmspace_unref(child);
	vmspace_unref(vm);
}

/* Who holds a page keeps it while others write: it must be the memory's own. */
static void
hold_takes_no_page_of_zeros(void **state)
{
	struct vmspace *vm = space();
	struct vm_page *m;

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	SEES(vm, P(0), 0);
	assert_int_equal(vm_fault_hold(&vm->map, P(0), VM_PROT_READ, &m), 0);
	assert_non_null(m->object);
	put(vm, P(0), 5);
	assert_int_equal(*(uint8_t *)vm_page_kva(m), 5);
	vm_page_unwire(m, PQ_ACTIVE);
	vmspace_unref(vm);
}

/* When the child is gone the parent's pages are its own again: one fault gives back the right to
 * write for some of them, but never for a page below the top object. */
static void
fault_written_neighbours_come_along(void **state)
{
	struct vmspace *vm = space(), *child;

	(void)state;
	map(vm, P(0), 16, RW, PRIV);
	for (unsigned i = 0; i < 16; i++)
		put(vm, P(i), (uint8_t)i);
	vmspace_unref(fork_of(vm));
	COUNTS(VMC_FAULTS, 1, put(vm, P(0), 50); put(vm, P(1), 51); put(vm, P(7), 57));
	child = fork_of(vm);
	put(child, P(1), 61);
	put(child, P(0), 60);
	put(vm, P(0), 70);
	put(vm, P(1), 71);
	put(vm, P(2), 72);
	SEES(child, P(0), 60);
	SEES(child, P(1), 61);
	SEES(child, P(2), 2);
	vmspace_unref(vm);
	SEES(child, P(3), 3);
	vmspace_unref(child);
}

/* Far down in a chain a write finds its page through the page table, and copies it as ever. */
static void
fault_writes_through_a_long_chain(void **state)
{
	struct vmspace *vm[12];

	(void)state;
	vm[0] = space();
	map(vm[0], P(0), 16, RW, PRIV);
	put(vm[0], P(15), 9);
	for (unsigned i = 1; i < NELEM(vm); i++) {
		put(vm[i - 1], P(i), (uint8_t)i);
		vm[i] = fork_of(vm[i - 1]);
	}
	SEES(vm[11], P(15), 9);
	put(vm[11], P(0), 1);
	COUNTS(VMC_COW_COPIES, 1, put(vm[11], P(15), 10));
	SEES(vm[11], P(15), 10);
	for (unsigned i = 0; i < 11; i++) {
		SEES(vm[i], P(15), 9);
		put(vm[i], P(15), (uint8_t)(20 + i));
		SEES(vm[i], P(15), 20 + i);
	}
	SEES(vm[11], P(15), 10);
	for (unsigned i = 0; i < NELEM(vm); i++)
		vmspace_unref(vm[i]);
}

static void
fault_errors(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = file_at(vm, P(10), 12, RW, MAP_SHARED);

	(void)state;
	map(vm, P(0), 1, R, PRIV);
	map(vm, P(1), 1, PROT_NONE, PRIV);
	map(vm, P(2), 1, PROT_EXEC, PRIV);
	map(vm, P(3), 1, PROT_WRITE, PRIV);
	LOAD_FAILS(vm, P(5), EFAULT);
	STORE_FAILS(vm, P(0), EACCES);
	LOAD_FAILS(vm, P(1), EACCES);
	LOAD_FAILS(vm, P(2), EACCES);
	assert_int_equal(host_fetch(vm, P(0)), EACCES);
	assert_int_equal(host_fetch(vm, P(2)), 0);
	SEES(vm, P(3), 0); /* writable is readable here */
	SEES(vm, P(17), host_file_byte(f, 7));
	LOAD_FAILS(vm, P(18), EINVAL); /* beyond the end of the file */
	STORE_FAILS(vm, P(21), EINVAL);
	LOAD_FAILS(vm, 0, EFAULT);
	LOAD_FAILS(vm, VM_MAX_USER_ADDRESS, EFAULT);
	vmspace_unref(vm);
	host_file_destroy(f);
}

static void
fault_refuses_when_told_not_to_fault(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	curthread()->nofault = true;
	STORE_FAILS(vm, P(0), EFAULT);
	curthread()->nofault = false;
	put(vm, P(0), 1);
	vmspace_unref(vm);
}

/*
 * Files.
 */
static void
fault_reads_a_file(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = file_at(vm, P(0), 8, R, MAP_SHARED);

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		SEES(vm, P(i), host_file_byte(f, i));
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* A private store stays private, a shared one reaches the file, also after everything is unmapped. */
static void
fault_stores_reach_the_file_only_if_shared(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = file_at(vm, P(0), 4, RW, MAP_SHARED);

	(void)state;
	map_file(vm, P(10), 4, RW, MAP_PRIVATE, f, 0);
	put(vm, P(10), 1);
	put(vm, P(1), 2);
	SEES(vm, P(11), 2); /* not yet written: shows the file */
	SEES(vm, P(0), host_file_byte(f, 0));
	put(vm, P(11), 3);
	put(vm, P(1), 4);
	SEES(vm, P(11), 3);
	unmap(vm, P(0), 100);
	assert_int_equal(host_file_peek(f, 0), host_file_byte(f, 0));
	assert_int_equal(host_file_peek(f, 1), 4);
	map_file(vm, P(0), 4, R, MAP_SHARED, f, 0);
	SEES(vm, P(1), 4);
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* Is a store by one mapping known when the page goes, although only the page table knows?  (A page first read, then written: no fault
 * at the write if it was entered writable.) */
static void
fault_dirty_bit_survives_unmap(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = file_at(vm, P(0), 4, RW, MAP_SHARED);

	(void)state;
	SEES(vm, P(2), host_file_byte(f, 2));
	put(vm, P(2), 77);
	host_pmap_forget(vm->map.pmap, P(0), P(4));
	vmspace_unref(vm);
	assert_int_equal(host_file_peek(f, 2), 77);
	host_file_destroy(f);
}

/* A failed read: an error, no page left behind, and the next attempt works. */
static void
fault_read_error_is_reported_once(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = file_at(vm, P(0), 8, R, MAP_PRIVATE);

	(void)state;
	host_file_fail(f, 1, EIO);
	LOAD_FAILS(vm, P(4), EIO);
	SEES(vm, P(4), host_file_byte(f, 4));
	vmspace_unref(vm);
	host_file_destroy(f);
}

struct edit {
	struct vmspace *vm, *child;
	struct host_file *file;
};

static void
edit_unmap(void *arg)
{
	unmap(((struct edit *)arg)->vm, P(0), 8);
}

static void
edit_replace(void *arg)
{
	map(((struct edit *)arg)->vm, P(0), 8, RW, PRIV);
}

static void
edit_protect(void *arg)
{
	protect(((struct edit *)arg)->vm, P(0), 8, PROT_NONE);
}

static void
edit_fork(void *arg)
{
	struct edit *e = arg;

	e->child = fork_of(e->vm);
}

static void
edit_read_from_another_space(void *arg)
{
	struct edit *e = arg;

	SEES(e->vm, P(7), host_file_byte(e->file, 7));
}

/* While a page is read in, the mapping goes, changes, or is forked: does the fault answer for what is there afterwards? */
static void
fault_sees_what_changed_during_io(void **state)
{
	struct edit e = {.vm = space()};
	uint8_t byte;

	(void)state;
	e.file = file_at(e.vm, P(0), 8, RW, MAP_PRIVATE);
	host_file_on_read(e.file, edit_unmap, &e);
	LOAD_FAILS(e.vm, P(1), EFAULT);

	map_file(e.vm, P(0), 8, RW, MAP_PRIVATE, e.file, 0);
	host_file_on_read(e.file, edit_replace, &e);
	assert_int_equal(host_load(e.vm, P(3), &byte), 0);
	assert_int_equal(byte, 0);

	map_file(e.vm, P(0), 8, RW, MAP_PRIVATE, e.file, 0);
	host_file_on_read(e.file, edit_protect, &e);
	STORE_FAILS(e.vm, P(5), EACCES);

	unmap(e.vm, P(0), 8);
	map_file(e.vm, P(0), 8, RW, MAP_PRIVATE, e.file, 0);
	host_file_on_read(e.file, edit_fork, &e);
	put(e.vm, P(4), 1);
	SEES(e.child, P(4), host_file_byte(e.file, 4));
	vmspace_unref(e.child);
	vmspace_unref(e.vm);
	host_file_destroy(e.file);
}

/* Neighbours that are read in by the way while another thread wants them. */
static void
fault_of_a_neighbour_during_io(void **state)
{
	struct edit e = {.vm = space()};

	(void)state;
	e.file = file_at(e.vm, P(0), 8, R, MAP_SHARED);
	host_file_on_read(e.file, edit_read_from_another_space, &e);
	SEES(e.vm, P(2), host_file_byte(e.file, 2));
	vmspace_unref(e.vm);
	host_file_destroy(e.file);
}

/* Resident neighbours come along, never writable, never beyond the entry. */
static void
fault_prefaults_neighbours_read_only(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = file_at(vm, P(0), 8, RW, MAP_SHARED);

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		SEES(vm, P(i), host_file_byte(f, i));
	unmap(vm, P(6), 2);
	host_pmap_forget(vm->map.pmap, P(0), P(8));
	SEES(vm, P(3), host_file_byte(f, 3));
	assert_true(host_pmap_maps(vm->map.pmap, P(2), VM_PROT_READ));
	assert_true(host_pmap_maps(vm->map.pmap, P(5), VM_PROT_READ));
	assert_false(host_pmap_maps(vm->map.pmap, P(2), VM_PROT_WRITE));
	assert_false(host_pmap_maps(vm->map.pmap, P(6), VM_PROT_READ));
	COUNTS(VMC_FAULTS, 0, SEES(vm, P(4), host_file_byte(f, 4)));
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* PROT_NONE over resident pages: does a neighbour's fault map them?  It must not. */
static void
fault_does_not_prefault_what_is_forbidden(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	for (unsigned i = 0; i < 4; i++)
		put(vm, P(i), 1);
	protect(vm, P(1), 1, PROT_NONE);
	host_pmap_forget(vm->map.pmap, P(0), P(4));
	SEES(vm, P(0), 1);
	LOAD_FAILS(vm, P(1), EACCES);
	vmspace_unref(vm);
}

/*
 * Copy-on-write, seen from the fault.
 */
static void
fault_copies_once(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 1, RW, PRIV);
	put(p, P(0), 1);
	c = fork_of(p);
	COUNTS(VMC_COW_COPIES, 1, put(c, P(0), 2));
	COUNTS(VMC_COW_COPIES, 0, put(c, P(0), 3));
	COUNTS(VMC_FAULTS, 0, put(c, P(0), 4));
	vmspace_unref(c);
	COUNTS(VMC_COW_COPIES, 0, put(p, P(0), 5)); /* alone again: its own page */
	vmspace_unref(p);
}

/* A page read below the top is entered without write access even where the entry allows it. */
static void
fault_read_of_a_backing_page_is_not_writable(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, PRIV);
	put(p, P(0), 1);
	put(p, P(1), 1);
	c = fork_of(p);
	put(c, P(0), 2); /* c has a shadow now; page 1 is below */
	SEES(c, P(1), 1);
	assert_false(host_pmap_maps(c->map.pmap, P(1), VM_PROT_WRITE));
	put(c, P(1), 2);
	SEES(p, P(1), 1);
	vmspace_unref(p);
	vmspace_unref(c);
}

/*
 * Memory.
 */

/* If the n-th allocation fails, for every n: does the fault still succeed, having waited? */
static void
fault_survives_any_failed_allocation(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 20; n++) {
		struct vmspace *p = space(), *c;

		map(p, P(0), 4, RW, PRIV);
		put(p, P(0), 1);
		c = fork_of(p);
		host_fail_alloc(n, false);
		put(c, P(0), 2);
		put(c, P(1), 3);
		put(p, P(0), 4);
		host_fail_alloc(0, false);
		SEES(c, P(0), 2);
		SEES(p, P(1), 0);
		vmspace_unref(p);
		vmspace_unref(c);
	}
}

/* With no memory left: ENOMEM, no deadlock, and all is well when memory is back. */
static void
fault_without_memory_fails(void **state)
{
	struct vmspace *vm = space();
	unsigned i = 0;

	(void)state;
	map(vm, P(0), 64, RW, PRIV);
	host_hoard(8);
	while (i < 64 && host_store(vm, P(i), 1) == 0)
		i++;
	assert_in_range(i, 4, 16);
	STORE_FAILS(vm, P(i), ENOMEM);
	SEES(vm, P(i - 1), 1);
	host_unhoard();
	put(vm, P(i), 2);
	vmspace_unref(vm);
}

static uint64_t
give_back(uint64_t want)
{
	host_unhoard();
	return want;
}

/* Is the low-memory hook asked before a fault fails? */
static void
fault_asks_for_memory_back(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 64, RW, PRIV);
	host_hoard(8);
	vm_lowmem_hook = give_back;
	for (unsigned i = 0; i < 64; i++)
		put(vm, P(i), 1);
	vm_lowmem_hook = NULL;
	vmspace_unref(vm);
}

static void
free_some(void *arg)
{
	(void)arg;
	host_unhoard();
}

/* A thread waits for memory and another frees some: is it woken, without waiting for the clock? */
static void
fault_is_woken_by_a_free(void **state)
{
	struct vmspace *vm = space();
	uint64_t now;

	(void)state;
	map(vm, P(0), 64, RW, PRIV);
	host_hoard(8);
	for (unsigned i = 0; host_store(vm, P(i), 1) == 0; i++)
		assert_true(i < 64);
	now = host_clock;
	host_spawn(free_some, NULL);
	put(vm, P(63), 1);
	assert_int_equal(host_clock, now);
	host_join_all();
	vmspace_unref(vm);
}

/*
 * Holding.
 */
static void
hold_keeps_the_page(void **state)
{
	struct vmspace *vm = space();
	struct vm_page *m;
	struct vm_map_entry *e;

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	put(vm, P(0), 5);
	e = entry(vm, P(0));
	assert_int_equal(vm_fault_hold(&vm->map, P(0), VM_PROT_READ, &m), 0);
	assert_ptr_equal(entry(vm, P(0)), e);
	unmap(vm, P(0), 2);
	assert_int_equal(*(uint8_t *)vm_page_kva(m), 5);
	vm_page_unwire(m, PQ_ACTIVE);
	vmspace_unref(vm);
}

/* Several pages, the last of which cannot be had: are all given back? */
static void
hold_of_a_range_is_all_or_nothing(void **state)
{
	struct vmspace *vm = space();
	struct vm_page *m[4];

	(void)state;
	map(vm, P(0), 3, RW, PRIV);
	assert_int_equal(
	    vm_fault_hold_pages(&vm->map, P(0) + 5, 3 * PAGE_SIZE, VM_PROT_WRITE, m, 4), EFAULT);
	assert_int_equal(
	    vm_fault_hold_pages(&vm->map, P(0) + 5, 2 * PAGE_SIZE, VM_PROT_WRITE, m, 3), 0);
	assert_int_equal(vm_page_wire_count(m[2]), 1);
	vm_fault_unhold_pages(m, 3, true);
	assert_true(m[0]->dirty);
	assert_int_equal(vm_page_wire_count(m[2]), 0);
	vmspace_unref(vm);
}

/*
 * A page is held for writing by the kernel (a read(2) into it), then the process forks and writes.  The held page stays the one that
 * belongs to the child's snapshot or the parent's memory, but its frame must not be freed or handed out.
 */
static void
hold_across_fork_and_write(void **state)
{
	struct vmspace *p = space(), *c;
	struct vm_page *m;

	(void)state;
	map(p, P(0), 1, RW, PRIV);
	put(p, P(0), 1);
	assert_int_equal(vm_fault_hold(&p->map, P(0), VM_PROT_WRITE, &m), 0);
	c = fork_of(p);
	put(p, P(0), 2);
	SEES(c, P(0), 1);
	vmspace_unref(c);
	put(p, P(0), 3);
	vmspace_unref(p);
	vm_page_unwire(m, PQ_ACTIVE);
}

/*
 * Two threads.
 */
struct writer {
	struct vmspace *vm;
	unsigned from;
};

static void
write_pages(void *arg)
{
	struct writer *w = arg;

	for (unsigned round = 0; round < 8; round++)
		for (unsigned i = w->from; i < w->from + 4; i++)
			put(w->vm, P(i), (uint8_t)(i + round));
}

/* Two threads of one space and one of its child fault in the same entries, switched at random places: does everyone keep his bytes? */
static void
fault_by_threads_at_random(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct vmspace *p = space(), *c;
		struct writer a, b, d;

		map(p, P(0), 8, RW, PRIV);
		for (unsigned i = 0; i < 8; i += 2)
			put(p, P(i), 200);
		c = fork_of(p);
		a = (struct writer){p, 0};
		b = (struct writer){p, 4};
		d = (struct writer){c, 2};
		host_knobs.seed = seed;
		host_spawn(write_pages, &a);
		host_spawn(write_pages, &b);
		host_spawn(write_pages, &d);
		host_join_all();
		host_knobs.seed = 0;
		vm_check_all();
		for (unsigned i = 0; i < 8; i++) {
			SEES(p, P(i), i + 7);
			SEES(c, P(i), i >= 2 && i < 6 ? i + 7 : i % 2 ? 0 : 200);
		}
		vmspace_unref(p);
		vmspace_unref(c);
	}
}

static void
fork_and_exit(void *arg)
{
	struct writer *w = arg;

	for (unsigned round = 0; round < 6; round++) {
		struct vmspace *c = fork_of(w->vm);

		put(c, P(w->from), 99);
		vmspace_unref(c);
	}
}

static void
remap(void *arg)
{
	struct writer *w = arg;

	for (unsigned round = 0; round < 6; round++) {
		map(w->vm, P(w->from), 2, RW, PRIV);
		put(w->vm, P(w->from), 1);
		protect(w->vm, P(w->from), 1, R);
		unmap(w->vm, P(w->from), 2);
	}
}

/* One thread writes, one forks children that write and exit, one maps and unmaps, in one space. */
static void
fault_among_forks_and_maps_at_random(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct vmspace *p = space();
		struct writer a = {p, 0}, b = {p, 2}, c = {p, 16};

		map(p, P(0), 8, RW, PRIV);
		host_knobs.seed = seed;
		host_spawn(write_pages, &a);
		host_spawn(fork_and_exit, &b);
		host_spawn(remap, &c);
		host_join_all();
		host_knobs.seed = 0;
		vm_check_all();
		for (unsigned i = 0; i < 4; i++)
			SEES(p, P(i), i + 7);
		vmspace_unref(p);
	}
}

static void
load_pages(void *arg)
{
	struct edit *e = arg;

	for (unsigned i = 0; i < 8; i++)
		SEES(e->vm, P(i), host_file_byte(e->file, i));
}

/* Four threads read a file that is not in memory, at once. */
static void
fault_reads_one_file_from_threads(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 100; seed++) {
		struct edit e[4];
		struct host_file *f = host_file_create(8);

		host_knobs.seed = seed;
		for (unsigned i = 0; i < 4; i++) {
			e[i] = (struct edit){.vm = space(), .file = f};
			map_file(e[i].vm, P(0), 8, RW, i % 2 ? MAP_SHARED : MAP_PRIVATE, f, 0);
			host_spawn(load_pages, &e[i]);
		}
		host_join_all();
		host_knobs.seed = 0;
		for (unsigned i = 0; i < 4; i++)
			vmspace_unref(e[i].vm);
		host_file_destroy(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(fault_zero_fills),
	    HOST_TEST(fault_reads_the_page_of_zeros),
	    HOST_TEST(fault_shared_memory_has_its_own_zeros),
	    HOST_TEST(fault_writes_through_a_long_chain),
	    HOST_TEST(fault_written_neighbours_come_along),
	    HOST_TEST(fault_errors),
	    HOST_TEST(fault_refuses_when_told_not_to_fault),
	    HOST_TEST(fault_reads_a_file),
	    HOST_TEST(fault_stores_reach_the_file_only_if_shared),
	    HOST_TEST(fault_dirty_bit_survives_unmap),
	    HOST_TEST(fault_read_error_is_reported_once),
	    HOST_TEST(fault_sees_what_changed_during_io),
	    HOST_TEST(fault_of_a_neighbour_during_io),
	    HOST_TEST(fault_prefaults_neighbours_read_only),
	    HOST_TEST(fault_does_not_prefault_what_is_forbidden),
	    HOST_TEST(fault_copies_once),
	    HOST_TEST(fault_read_of_a_backing_page_is_not_writable),
	    HOST_TEST(fault_survives_any_failed_allocation),
	    HOST_TEST(fault_without_memory_fails),
	    HOST_TEST(fault_asks_for_memory_back),
	    HOST_TEST(fault_is_woken_by_a_free),
	    HOST_TEST(hold_keeps_the_page),
	    HOST_TEST(hold_takes_no_page_of_zeros),
	    HOST_TEST(hold_of_a_range_is_all_or_nothing),
	    HOST_TEST(hold_across_fork_and_write),
	    HOST_TEST(fault_by_threads_at_random),
	    HOST_TEST(fault_among_forks_and_maps_at_random),
	    HOST_TEST(fault_reads_one_file_from_threads),
	};

	return run_host_tests(tests);
}
