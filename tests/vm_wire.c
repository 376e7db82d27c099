/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wiring: which pages stay, who counts them, and what others may do meanwhile.
 *
 * Properties: T4 wiring among unmapping, protecting, forking and wiring threads; T5 wired memory that becomes writable; T9 fork of wired
 * memory when memory is short.  Each test's name begins with its property's where it has one.
 */
#include "kern/base/debug.h"
#include "tests/host/vm_test.h"
#include "vm/vm_madvise.h"
#include "vm/vm_mlock.h"
#include "vm/vm_wire.h"

#define USER   VM_WIRE_USER
#define SYSTEM VM_WIRE_SYSTEM

static int
wire(struct vmspace *vm, vaddr_t at, unsigned pages, unsigned flags)
{
	return vm_map_wire(&vm->map, at, at + ptoa(pages), flags);
}

static int
unwire(struct vmspace *vm, vaddr_t at, unsigned pages, unsigned flags)
{
	return vm_map_unwire(&vm->map, at, at + ptoa(pages), flags);
}

#define LOCKED(vm, pages) assert_int_equal((vm)->map.locked, ptoa(pages))
#define WIRED(vm, pages)  assert_int_equal(vmspace_wired_count(vm), pages)
#define QUIET(statement)  COUNTS(VMC_FAULTS, 0, statement)

/* The wirings of what va shows. */
static unsigned
wirings(struct vmspace *vm, vaddr_t va)
{
	struct vm_page *m;
	unsigned n;

	assert_int_equal(vm_fault_hold(&vm->map, va, VM_PROT_READ, &m), 0);
	n = vm_page_wire_count(m) - 1;
	vm_page_unwire(m, PQ_ACTIVE);
	return n;
}

static void
count_wirings(struct vm_object *o, void *arg)
{
	struct vm_page *m =
	    o->type != OBJ_KERNEL && o->type != OBJ_DEAD ? vm_page_find_least(o, 0) : NULL;

	for (; m != NULL; m = vm_page_next(m))
		*(unsigned *)arg += vm_page_wire_count(m);
}

static void
count_entries(struct vmspace *vm, void *arg)
{
	LIST_FOREACH(at, &vm->map.entries) {
		struct vm_map_entry *e = LIST_ENTRY(at, struct vm_map_entry, link);

		if (vm_wire_is_full(e))
			*(unsigned *)arg += atop(e->end - e->start);
	}
}

/* Invariant 13: pages have as many wirings as entries have wired pages. */
static void
wirings_add_up(void)
{
	unsigned pages = 0, entries = 0;

	vm_object_foreach(count_wirings, &pages);
	vmspace_foreach(count_entries, &entries);
	assert_int_equal(pages, entries);
	vm_check_all();
}

/*
 * One thread.
 */

/* Is wired memory there, counted, and touched without a fault? */
static void
wire_brings_in(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	assert_int_equal(wire(vm, P(1), 2, USER), 0);
	LOCKED(vm, 2);
	WIRED(vm, 2);
	ENTRIES(vm, 3);
	QUIET({
		put(vm, P(1), 1);
		SEES(vm, P(2), 0);
	});
	assert_int_equal(wirings(vm, P(1)), 1);
	host_pmap_forget(vm->map.pmap, P(0), P(4));
	QUIET(SEES(vm, P(1), 1));
	wirings_add_up();
	assert_int_equal(unwire(vm, P(0), 4, USER), 0);
	LOCKED(vm, 0);
	WIRED(vm, 0);
	ENTRIES(vm, 1);
	assert_int_equal(wirings(vm, P(1)), 0);
	vmspace_unref(vm);
}

/* Does the user's wiring count once, and the kernel's as often as it is asked for? */
static void
wire_user_once_kernel_nests(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wire(vm, P(0), 2, USER), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wire(vm, P(0), 2, SYSTEM), 0);
	assert_int_equal(entry(vm, P(0))->wired_count, 3);
	LOCKED(vm, 2);
	assert_int_equal(wirings(vm, P(0)), 1);
	assert_int_equal(unwire(vm, P(0), 2, USER), 0);
	assert_int_equal(unwire(vm, P(0), 2, USER), 0);
	LOCKED(vm, 0);
	WIRED(vm, 2);
	wirings_add_up();
	assert_int_equal(unwire(vm, P(0), 2, SYSTEM), 0);
	assert_int_equal(unwire(vm, P(0), 2, SYSTEM), 0);
	assert_int_equal(unwire(vm, P(0), 2, SYSTEM), EINVAL);
	wirings_add_up();
	WIRED(vm, 0);
	vmspace_unref(vm);
}

/* T4, C-12: are pages unwired that no page table shows any more? */
static void
t4_unwire_after_prot_none(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 3, RW, PRIV);
	put(vm, P(0), 7);
	assert_int_equal(wire(vm, P(0), 3, USER), 0);
	protect(vm, P(0), 3, PROT_NONE);
	WIRED(vm, 0);
	wirings_add_up();
	assert_int_equal(unwire(vm, P(0), 3, USER), 0);
	wirings_add_up();
	protect(vm, P(0), 3, RW);
	assert_int_equal(wirings(vm, P(0)), 0);
	SEES(vm, P(0), 7);
	vmspace_unref(vm);
}

/* C-20: what is not locked can be unlocked; what has no rights cannot be locked, but mlockall passes by. */
static void
wire_without_rights(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 1, RW, PRIV);
	map(vm, P(1), 1, PROT_NONE, PRIV);
	map(vm, P(2), 1, R, PRIV);
	assert_int_equal(unwire(vm, P(0), 3, USER), 0);
	assert_int_equal(wire(vm, P(0), 3, USER), ENOMEM);
	LOCKED(vm, 0);
	ENTRIES(vm, 3);
	assert_int_equal(vm_mlockall(vm, MCL_CURRENT), 0);
	LOCKED(vm, 3);
	WIRED(vm, 2);
	protect(vm, P(1), 1, RW);
	put(vm, P(1), 1);
	WIRED(vm, 3);
	wirings_add_up();
	assert_int_equal(vm_munlockall(vm), 0);
	LOCKED(vm, 0);
	WIRED(vm, 0);
	wirings_add_up();
	vmspace_unref(vm);
}

/* Do holes stop mlock and munlock, with nothing changed, but not mlockall? */
static void
wire_holes(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, RW, PRIV);
	map(vm, P(3), 2, RW, PRIV);
	assert_int_equal(wire(vm, P(0), 5, USER), ENOMEM);
	assert_int_equal(wire(vm, P(2), 1, USER), ENOMEM);
	assert_int_equal(wire(vm, P(4), 2, USER), ENOMEM);
	LOCKED(vm, 0);
	ENTRIES(vm, 2);
	assert_int_equal(wire(vm, P(0), 6, USER | VM_WIRE_HOLESOK), 0);
	LOCKED(vm, 4);
	assert_int_equal(unwire(vm, P(0), 5, USER), ENOMEM);
	LOCKED(vm, 4);
	wirings_add_up();
	assert_int_equal(unwire(vm, P(0), 6, USER | VM_WIRE_HOLESOK), 0);
	LOCKED(vm, 0);
	vmspace_unref(vm);
}

/* Does a thread that is to exit stop, with nothing changed? */
static void
wire_ends_with_the_thread(void **state)
{
	struct vmspace *vm = space();
	int error;

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	curthread()->killed = true;
	error = wire(vm, P(0), 4, USER);
	curthread()->killed = false;
	assert_int_equal(error, EAGAIN);
	LOCKED(vm, 0);
	wirings_add_up();
	assert_int_equal(pmap_resident_count(vm->map.pmap), 0);
	vmspace_unref(vm);
}

/* C-15: are exactly the pages unwired that were, when one cannot be had? */
static void
t4_partial_failure_unwires_its_part(void **state)
{
	struct vmspace *vm = space();
	struct host_file *f = host_file_create(6);

	(void)state;
	map_file(vm, P(0), 6, RW, MAP_PRIVATE, f, 0);
	assert_int_equal(wire(vm, P(1), 1, USER), 0);
	for (unsigned n = 1; n <= 5; n++) {
		struct vmspace *other = space();

		map_file(other, P(0), 6, R, MAP_SHARED, f, 0);
		host_file_fail(f, n, EIO);
		if (wire(vm, P(0), 6, USER) == 0)
			assert_int_equal(unwire(vm, P(0), 1, USER) + unwire(vm, P(2), 4, USER), 0);
		host_file_fail(f, 0, 0);
		LOCKED(vm, 1);
		assert_int_equal(wirings(vm, P(1)), 1);
		vmspace_unref(other);
		wirings_add_up();
	}
	for (unsigned n = 1; n < 40; n++) {
		int error;

		host_fail_alloc(n, true);
		error = wire(vm, P(0), 6, USER);
		host_fail_alloc(0, false);
		if (error == 0)
			assert_int_equal(unwire(vm, P(0), 1, USER) + unwire(vm, P(2), 4, USER), 0);
		LOCKED(vm, 1);
		wirings_add_up();
	}
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* Does locking on fault bring in nothing, and keep what comes in? */
static void
wire_on_fault(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 4, RW, PRIV);
	put(vm, P(0), 1);
	SEES(vm, P(1), 0);
	assert_int_equal(vm_mlock(vm, P(0), 4 * PAGE_SIZE, MLOCK_ONFAULT), 0);
	LOCKED(vm, 4);
	WIRED(vm, 2);
	put(vm, P(2), 3);
	WIRED(vm, 3);
	host_pmap_forget(vm->map.pmap, P(0), P(4));
	QUIET(SEES(vm, P(0), 1));
	wirings_add_up();
	assert_int_equal(vm_mlock(vm, P(0), 4 * PAGE_SIZE, 0), 0);
	WIRED(vm, 4);
	LOCKED(vm, 4);
	wirings_add_up();
	assert_int_equal(vm_mlock(vm, P(0), 4 * PAGE_SIZE, MLOCK_ONFAULT), 0);
	assert_int_equal(vm_munlock(vm, P(0), 4 * PAGE_SIZE), 0);
	WIRED(vm, 0);
	wirings_add_up();
	vmspace_unref(vm);
}

/* Does advice that maps what is there leave it to the first touch to wire it? */
static void
wire_on_fault_then_willneed(void **state)
{
	struct host_file *f = host_file_create(4);
	struct vmspace *a = space(), *b = space();

	(void)state;
	map_file(a, P(0), 4, R, MAP_SHARED, f, 0);
	map_file(b, P(0), 4, R, MAP_SHARED, f, 0);
	SEES(a, P(2), host_file_byte(f, 2));
	assert_int_equal(vm_mlock(b, P(0), 4 * PAGE_SIZE, MLOCK_ONFAULT), 0);
	assert_int_equal(vm_madvise(b, P(0), 4 * PAGE_SIZE, MADV_WILLNEED), 0);
	wirings_add_up();
	SEES(b, P(2), host_file_byte(f, 2));
	WIRED(b, 1);
	vmspace_unref(a);
	vmspace_unref(b);
	host_file_destroy(f);
}

/* Does unmapping, or the end of the space, unwire? */
static void
wire_ends_with_the_mapping(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 6, RW, PRIV);
	map(vm, P(6), 2, RW, SHARED);
	assert_int_equal(wire(vm, P(0), 8, USER), 0);
	assert_int_equal(wire(vm, P(0), 2, SYSTEM), 0);
	unmap(vm, P(1), 2);
	LOCKED(vm, 6);
	wirings_add_up();
	map(vm, P(4), 1, RW, PRIV);
	LOCKED(vm, 5);
	SEES(vm, P(4), 0);
	wirings_add_up();
	vmspace_unref(vm);
	wirings_add_up();
}

/* Do two mappings of the same page count for themselves? */
static void
wire_shared_page_twice(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, SHARED);
	assert_int_equal(wire(p, P(0), 2, USER), 0);
	c = fork_of(p);
	LOCKED(c, 0);
	assert_int_equal(wire(c, P(0), 2, USER), 0);
	assert_int_equal(wirings(p, P(0)), 2);
	wirings_add_up();
	vmspace_unref(p);
	assert_int_equal(wirings(c, P(0)), 1);
	wirings_add_up();
	vmspace_unref(c);
}

/*
 * Copy-on-write.
 */

/* Do the copies made for wired memory count as written, before anybody writes (C-26)?  Nothing else has their contents. */
static void
t5_copies_are_dirty(void **state)
{
	struct host_file *f = host_file_create(4);
	struct vmspace *vm = space();
	struct vm_page *m;

	(void)state;
	map_file(vm, P(0), 2, R, MAP_PRIVATE, f, 0);
	assert_int_equal(wire(vm, P(0), 2, USER), 0);
	protect(vm, P(0), 2, RW);
	assert_int_equal(vm_fault_hold(&vm->map, P(1), VM_PROT_READ, &m), 0);
	assert_int_equal(m->object->type, OBJ_ANON);
	assert_true(m->dirty != 0);
	vm_page_unwire(m, PQ_ACTIVE);
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* T5, C-18: is wired read-only private memory, once writable, written without a fault and for itself alone? */
static void
t5_wired_read_only_becomes_writable(void **state)
{
	struct host_file *f = host_file_create(3);
	struct vmspace *p = space(), *c;

	(void)state;
	map_file(p, P(0), 3, R, MAP_PRIVATE, f, 0);
	assert_int_equal(wire(p, P(0), 3, USER), 0);
	c = fork_of(p);
	wirings_add_up();
	COUNTS(VMC_COW_COPIES, 3, protect(p, P(0), 3, RW));
	wirings_add_up();
	QUIET({
		for (int i = 0; i < 3; i++)
			put(p, P(i), 100 + i);
	});
	for (int i = 0; i < 3; i++) {
		SEES(c, P(i), host_file_byte(f, i));
		assert_int_equal(host_file_peek(f, i), host_file_byte(f, i));
		SEES(p, P(i), 100 + i);
	}
	assert_int_equal(unwire(p, P(0), 3, USER), 0);
	wirings_add_up();
	vmspace_unref(p);
	vmspace_unref(c);
	host_file_destroy(f);
}

/* T5: the same for anonymous memory that fork made copy-on-write. */
static void
t5_wired_after_fork(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 3, RW, PRIV);
	put(p, P(0), 1);
	put(p, P(1), 2);
	protect(p, P(0), 3, R);
	c = fork_of(p);
	assert_int_equal(wire(p, P(0), 3, USER), 0);
	wirings_add_up();
	protect(p, P(0), 3, RW);
	wirings_add_up();
	QUIET({
		put(p, P(0), 11);
		put(p, P(2), 13);
	});
	SEES(c, P(0), 1);
	SEES(c, P(1), 2);
	SEES(c, P(2), 0);
	vmspace_unref(c);
	wirings_add_up();
	SEES(p, P(0), 11);
	vmspace_unref(p);
}

/* T5: does it all change nothing when there is no memory for the copies? */
static void
t5_no_memory_for_the_copies(void **state)
{
	struct host_file *f = host_file_create(3);
	struct vmspace *p = space();
	int error = ENOMEM;

	(void)state;
	map(p, P(0), 1, R, PRIV);
	map_file(p, P(1), 3, R, MAP_PRIVATE, f, 0);
	assert_int_equal(wire(p, P(1), 3, USER), 0);
	for (unsigned n = 1; error != 0; n++) {
		host_fail_alloc(n, true);
		error = vm_mprotect(p, P(0), 4 * PAGE_SIZE, RW);
		host_fail_alloc(0, false);
		if (error != 0) {
			STORE_FAILS(p, P(0), EACCES);
			STORE_FAILS(p, P(1), EACCES);
		}
		wirings_add_up();
	}
	put(p, P(1), 9);
	SEES(p, P(2), host_file_byte(f, 1));
	vmspace_unref(p);
	host_file_destroy(f);
}

/* C-18: is the copy made when a writable mapping is wired, so that the first store does not replace a counted page? */
static void
wire_resolves_copy_on_write(void **state)
{
	struct host_file *f = host_file_create(2);
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, PRIV);
	map_file(p, P(2), 2, RW, MAP_PRIVATE, f, 0);
	put(p, P(0), 1);
	c = fork_of(p);
	assert_int_equal(wire(p, P(0), 4, USER), 0);
	QUIET({
		for (int i = 0; i < 4; i++)
			put(p, P(i), 50 + i);
	});
	wirings_add_up();
	SEES(c, P(0), 1);
	SEES(c, P(2), host_file_byte(f, 0));
	vmspace_unref(p);
	vmspace_unref(c);
	host_file_destroy(f);
}

/* C-19: does fork copy wired memory at once where it may be written, and share it where not? */
static void
t9_fork_copies_what_is_writable(void **state)
{
	struct host_file *f = host_file_create(4);
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 4, RW, PRIV);
	map_file(p, P(4), 4, R, MAP_PRIVATE, f, 0);
	map(p, P(8), 1, RW, PRIV);
	put(p, P(8), 9);
	protect(p, P(8), 1, R);
	for (int i = 0; i < 4; i++)
		put(p, P(i), 1 + i);
	assert_int_equal(wire(p, P(0), 9, USER), 0);
	c = fork_of(p);
	LOCKED(c, 0);
	WIRED(c, 0);
	assert_int_equal(entry(c, P(0))->wired_count, 0);
	QUIET({
		for (int i = 0; i < 4; i++)
			put(p, P(i), 101 + i);
	});
	for (int i = 0; i < 4; i++) {
		SEES(c, P(i), 1 + i);
		SEES(c, P(4 + i), host_file_byte(f, i));
	}
	SEES(c, P(8), 9);
	assert_true(entry(p, P(4))->u.object == entry(c, P(4))->u.object);
	assert_true(entry(p, P(8))->u.object == entry(c, P(8))->u.object);
	wirings_add_up();
	vmspace_unref(p);
	put(c, P(0), 9);
	SEES(c, P(0), 9);
	vmspace_unref(c);
	host_file_destroy(f);
}

/* T9: a fork that fails half-way for lack of memory: is the parent what it was? */
static void
t9_fork_failure_leaves_the_parent(void **state)
{
	struct vmspace *p = space(), *c = NULL;
	int error = ENOMEM;

	(void)state;
	map(p, P(0), 3, RW, PRIV);
	map(p, P(4), 2, RW, PRIV);
	for (int i = 0; i < 6; i++)
		if (i != 3)
			put(p, P(i), 1 + i);
	assert_int_equal(wire(p, P(0), 3, USER), 0);
	for (unsigned n = 1; error != 0; n++) {
		host_fail_alloc(n, true);
		error = vmspace_fork(p, &c);
		host_fail_alloc(0, false);
		LOCKED(p, 3);
		wirings_add_up();
		QUIET(put(p, P(1), 2));
		SEES(p, P(5), 6);
	}
	SEES(c, P(1), 2);
	vmspace_unref(c);
	vmspace_unref(p);
}

/* Memory that a child shares and writes to: does it leave the parent's wired pages where they are? */
static void
wire_of_a_shared_shadow(void **state)
{
	struct vmspace *g = space(), *p, *c;

	(void)state;
	map(g, P(0), 2, RW, PRIV);
	put(g, P(0), 1);
	p = fork_of(g);
	put(p, P(1), 2); /* p has a shadow of its own now, page 0 is below it */
	protect(p, P(0), 2, R);
	assert_int_equal(wire(p, P(0), 2, USER), 0);
	inherit(p, P(0), 2, VM_INHERIT_SHARE);
	c = fork_of(p);
	wirings_add_up();
	protect(c, P(0), 2, RW);
	put(c, P(0), 5);
	SEES(p, P(0), 5);
	SEES(g, P(0), 1);
	wirings_add_up();
	/* The other way round: shared first. */
	assert_int_equal(unwire(p, P(0), 2, USER), 0);
	vmspace_unref(c);
	vmspace_unref(p);
	p = fork_of(g);
	put(p, P(1), 3);
	inherit(p, P(0), 2, VM_INHERIT_SHARE);
	protect(p, P(0), 2, R);
	c = fork_of(p);
	assert_int_equal(wire(p, P(0), 2, USER), 0);
	protect(c, P(0), 2, RW);
	put(c, P(0), 6);
	SEES(p, P(0), 6);
	wirings_add_up();
	vmspace_unref(p);
	vmspace_unref(c);
	vmspace_unref(g);
}

/* Is the page of zeros replaced by a real one? */
static void
wire_replaces_the_page_of_zeros(void **state)
{
	struct vmspace *vm = space();

	(void)state;
	map(vm, P(0), 2, R, PRIV);
	SEES(vm, P(0), 0);
	assert_int_equal(wire(vm, P(0), 2, USER), 0);
	WIRED(vm, 2);
	assert_int_equal(pmap_resident_count(vm->map.pmap), 2);
	wirings_add_up();
	vmspace_unref(vm);
}

/* Do chains that shorten take the wirings along? */
static void
wire_survives_collapse(void **state)
{
	struct vmspace *g = space(), *p;

	(void)state;
	map(g, P(0), 3, RW, PRIV);
	for (int i = 0; i < 3; i++)
		put(g, P(i), 1 + i);
	p = fork_of(g);
	put(p, P(1), 9);
	protect(p, P(0), 3, R);
	assert_int_equal(wire(p, P(0), 3, USER), 0);
	wirings_add_up();
	vmspace_unref(g);
	wirings_add_up();
	SEES(p, P(0), 1);
	SEES(p, P(1), 9);
	assert_int_equal(unwire(p, P(0), 3, USER), 0);
	wirings_add_up();
	vmspace_unref(p);
}

/*
 * Limits, and what is mapped later.
 */

/* C-21: is every way to wired memory counted against the limit, and the count right in the end? */
static void
t4_limit_counts_every_path(void **state)
{
	struct vmspace *vm = space();
	vaddr_t at;

	(void)state;
	vm->limit_memlock = 4 * PAGE_SIZE;
	vm->brk_start = vm->brk = P(64);
	map(vm, P(0), 8, RW, PRIV);
	assert_int_equal(vm_mlock(vm, P(0), 5 * PAGE_SIZE, 0), ENOMEM);
	LOCKED(vm, 0);
	assert_int_equal(vm_mlock(vm, P(0) + 1, 3 * PAGE_SIZE, 0), 0);
	LOCKED(vm, 4);
	assert_int_equal(vm_mlock(vm, P(0), 4 * PAGE_SIZE, 0), 0);
	assert_int_equal(vm_mlock(vm, P(3), 2 * PAGE_SIZE, 0), ENOMEM);
	assert_int_equal(vm_mlockall(vm, MCL_CURRENT), ENOMEM);
	assert_int_equal(try_map(vm, P(16), PAGE_SIZE, RW, PRIV | MAP_LOCKED, &at), EAGAIN);
	assert_int_equal(vm_mlockall(vm, MCL_FUTURE), 0);
	assert_int_equal(try_map(vm, P(16), PAGE_SIZE, RW, PRIV, &at), EAGAIN);
	assert_int_equal(vmspace_brk(vm, P(65)), P(64));
	unmap(vm, P(1), 2);
	LOCKED(vm, 2);
	map(vm, P(16), 1, RW, PRIV);
	assert_int_equal(vmspace_brk(vm, P(65)), P(65));
	LOCKED(vm, 4);
	WIRED(vm, 4);
	wirings_add_up();
	assert_int_equal(vm_munlockall(vm), 0);
	LOCKED(vm, 0);
	map(vm, P(20), 8, RW, PRIV);
	LOCKED(vm, 0);
	vm->limit_memlock = 0;
	assert_int_equal(vm_mlock(vm, P(0), 0, 0), EPERM);
	assert_int_equal(vm_mlockall(vm, MCL_CURRENT), EPERM);
	assert_int_equal(try_map(vm, P(16), PAGE_SIZE, RW, PRIV | MAP_LOCKED, &at), EPERM);
	assert_int_equal(vm_munlock(vm, P(0), PAGE_SIZE), 0);
	vmspace_unref(vm);
}

/* Is memory mapped after mlockall(MCL_FUTURE) wired, merged, and is the child free of it? */
static void
wire_future(void **state)
{
	struct vmspace *vm = space(), *c;

	(void)state;
	vm->brk_start = vm->brk = P(32);
	assert_int_equal(vm_mlockall(vm, MCL_FUTURE), 0);
	map(vm, P(0), 2, RW, PRIV);
	map(vm, P(2), 2, RW, PRIV);
	WIRED(vm, 4);
	ENTRIES(vm, 1);
	for (int i = 1; i <= 6; i++)
		assert_int_equal(vmspace_brk(vm, P(32 + i)), P(32 + i));
	ENTRIES(vm, 2);
	WIRED(vm, 10);
	LOCKED(vm, 10);
	map(vm, P(8), 1, PROT_NONE, PRIV);
	LOCKED(vm, 11);
	wirings_add_up();
	c = fork_of(vm);
	map(c, P(20), 1, RW, PRIV);
	LOCKED(c, 0);
	vmspace_unref(c);
	assert_int_equal(vm_mlockall(vm, MCL_FUTURE | MCL_ONFAULT), 0);
	map(vm, P(12), 4, RW, PRIV);
	LOCKED(vm, 15);
	WIRED(vm, 10);
	put(vm, P(12), 1);
	WIRED(vm, 11);
	wirings_add_up();
	vmspace_unref(vm);
}

/* Does a wired stack grow by wired pages, within the limit? */
static void
wire_stack_grows(void **state)
{
	struct vmspace *vm = space();
	vaddr_t top = P(64);

	(void)state;
	vm->limit_memlock = 6 * PAGE_SIZE;
	assert_int_equal(
	    vmspace_stack(vm, top, USER_STACK_GUARD + 16 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	assert_int_equal(vm_mlock(vm, top - 2 * PAGE_SIZE, 2 * PAGE_SIZE, 0), 0);
	put(vm, top - 5 * PAGE_SIZE, 1);
	LOCKED(vm, 5);
	wirings_add_up();
	put(vm, top - 6 * PAGE_SIZE, 2);
	STORE_FAILS(vm, top - 7 * PAGE_SIZE, EFAULT);
	LOCKED(vm, 6);
	SEES(vm, top - 4 * PAGE_SIZE, 0);
	wirings_add_up();
	assert_int_equal(vm_munlockall(vm), 0);
	put(vm, top - 7 * PAGE_SIZE, 3);
	wirings_add_up();
	vmspace_unref(vm);
}

/* Beyond the end of a file: mlock says so, mlockall does not mind. */
static void
wire_beyond_the_end(void **state)
{
	struct host_file *f = host_file_create(2);
	struct vmspace *vm = space();

	(void)state;
	map_file(vm, P(0), 4, R, MAP_SHARED, f, 0);
	assert_int_equal(vm_mlock(vm, P(0), 4 * PAGE_SIZE, 0), ENOMEM);
	LOCKED(vm, 0);
	wirings_add_up();
	assert_int_equal(vm_mlockall(vm, MCL_CURRENT), 0);
	LOCKED(vm, 4);
	WIRED(vm, 2);
	wirings_add_up();
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* A page that cannot be read stops mlock, but not mlockall: then what is there is wired all the same. */
static void
wire_around_a_bad_page(void **state)
{
	struct host_file *f = host_file_create(8);
	struct vmspace *vm = space();

	(void)state;
	map_file(vm, P(0), 8, R, MAP_SHARED, f, 0);
	SEES(vm, P(5), host_file_byte(f, 5));
	host_file_fail(f, 1, EIO);
	assert_int_equal(vm_mlock(vm, P(0), PAGE_SIZE, 0), ENOMEM);
	LOCKED(vm, 0);
	host_file_fail(f, 1, EIO);
	assert_int_equal(vm_mlockall(vm, MCL_CURRENT), 0);
	LOCKED(vm, 8);
	assert_true(pmap_resident_count(vm->map.pmap) > 0);
	WIRED(vm, pmap_resident_count(vm->map.pmap));
	wirings_add_up();
	SEES(vm, P(0), host_file_byte(f, 0));
	vmspace_unref(vm);
	host_file_destroy(f);
}

/* Does a wired stack that finds no memory to grow into say so, instead of trying for ever? */
static void
wire_stack_without_memory(void **state)
{
	struct vmspace *vm = space();
	vaddr_t top = P(64);

	(void)state;
	assert_int_equal(
	    vmspace_stack(vm, top, USER_STACK_GUARD + 16 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	assert_int_equal(vm_mlock(vm, top - 2 * PAGE_SIZE, 2 * PAGE_SIZE, 0), 0);
	host_hoard(4);
	STORE_FAILS(vm, top - 10 * PAGE_SIZE, ENOMEM);
	host_unhoard();
	LOCKED(vm, 2);
	wirings_add_up();
	put(vm, top - 10 * PAGE_SIZE, 1);
	LOCKED(vm, 10);
	vmspace_unref(vm);
}

/*
 * Threads that meet.
 */

static struct vmspace *shared;
static struct host_file *shared_file, *other_file;
static int result[4];

static void
run(void (*fn)(void *), int which)
{
	host_spawn(fn, &result[which]);
}

static void
wire_shared(void *arg)
{
	*(int *)arg = wire(shared, P(0), 4, USER);
}

static void
unmap_middle(void *arg)
{
	*(int *)arg = vm_munmap(shared, P(1), 2 * PAGE_SIZE);
}

static void
protect_all(void *arg)
{
	*(int *)arg = vm_mprotect(shared, P(0), 4 * PAGE_SIZE, RW);
}

static void
fork_shared(void *arg)
{
	struct vmspace *c;

	*(int *)arg = vmspace_fork(shared, &c);
	if (*(int *)arg != 0)
		return;
	KASSERT((entry(c, P(0))->eflags & MAP_ENTRY_WIRING) == 0 && c->map.locked == 0);
	vmspace_unref(c);
}

static void
write_shared(void *arg)
{
	*(int *)arg = host_store(shared, P(2), 42);
}

static bool marked;

/* In the middle of the wirer's read: its entries are marked, and the map is not locked. */
static void
look_at_marks(void *arg)
{
	struct vm_map_entry *e = entry(shared, P(0));

	(void)arg;
	marked = (e->eflags & MAP_ENTRY_IN_TRANSITION) != 0 && e->owner == curthread() &&
	    shared->map.busy == 1;
	for (int i = 0; i < 3; i++)
		host_yield();
}

/* T4, C-14 to C-17: while pages come in, do those who would remove, protect, copy or replace them wait, and then find all done? */
static void
t4_others_wait_for_the_wirer(void **state)
{
	void (*const others[])(void *) = {unmap_middle, protect_all, fork_shared, write_shared};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t waits = vm_meter_read(VMC_TRANSITION_WAITS);

		shared = space();
		shared_file = host_file_create(4);
		map_file(shared, P(0), 4, RW, MAP_PRIVATE, shared_file, 0);
		host_file_on_read(shared_file, look_at_marks, NULL);
		marked = false;
		run(wire_shared, 0);
		run(others[i], 1);
		host_join_all();
		assert_true(marked);
		assert_int_equal(result[0], 0);
		assert_int_equal(result[1], 0);
		assert_true(vm_meter_read(VMC_TRANSITION_WAITS) > waits);
		wirings_add_up();
		LOCKED(shared, i == 0 ? 2 : 4);
		vmspace_unref(shared);
		host_file_destroy(shared_file);
	}
}

static void
map_the_hole(void *arg)
{
	vaddr_t at;

	*(int *)arg = try_map(shared, P(2), PAGE_SIZE, RW, PRIV, &at);
}

static void
wire_with_holes(void *arg)
{
	*(int *)arg = wire(shared, P(0), 5, USER | VM_WIRE_HOLESOK);
}

/* T4, C-13: is what another thread maps into a hole meanwhile left alone? */
static void
t4_a_hole_filled_meanwhile_is_not_ours(void **state)
{
	(void)state;
	shared = space();
	shared_file = host_file_create(4);
	map_file(shared, P(0), 2, RW, MAP_PRIVATE, shared_file, 0);
	map_file(shared, P(3), 2, RW, MAP_PRIVATE, shared_file, 2);
	host_file_on_read(shared_file, look_at_marks, NULL);
	run(wire_with_holes, 0);
	run(map_the_hole, 1);
	host_join_all();
	assert_int_equal(result[0], 0);
	assert_int_equal(result[1], 0);
	assert_int_equal(entry(shared, P(2))->wired_count, 0);
	LOCKED(shared, 4);
	wirings_add_up();
	vmspace_unref(shared);
	host_file_destroy(shared_file);
}

/* Fills the hole, and wires what it has mapped, in vain. */
static void
map_and_wire_the_hole(void *arg)
{
	map_file(shared, P(2), 1, RW, MAP_PRIVATE, other_file, 0);
	host_file_on_read(other_file, look_at_marks, NULL);
	host_file_fail(other_file, 1, EIO);
	*(int *)arg = wire(shared, P(2), 1, USER);
}

/* T4, C-13: and if that thread wires it, does each of the two finish its own? */
static void
t4_two_wirers_finish_their_own(void **state)
{
	(void)state;
	shared = space();
	shared_file = host_file_create(4);
	other_file = host_file_create(1);
	map_file(shared, P(0), 2, RW, MAP_PRIVATE, shared_file, 0);
	map_file(shared, P(3), 2, RW, MAP_PRIVATE, shared_file, 2);
	host_file_on_read(shared_file, look_at_marks, NULL);
	run(wire_with_holes, 0);
	run(map_and_wire_the_hole, 1);
	host_join_all();
	assert_int_equal(result[0], 0);
	assert_int_equal(result[1], EIO);
	LOCKED(shared, 4);
	wirings_add_up();
	vmspace_unref(shared);
	host_file_destroy(shared_file);
	host_file_destroy(other_file);
}

static struct vm_map_reserve cut_reserve;

/* C-82: somebody who does not wait cuts an entry in transition. */
static void
cut_in_transition(void *arg)
{
	struct vm_map_entry *e;

	(void)arg;
	vm_map_lock(&shared->map);
	e = vm_map_lookup_entry(&shared->map, P(2), NULL);
	vm_map_clip_start(&shared->map, e, P(2), &cut_reserve);
	vm_map_simplify(&shared->map, P(0), P(4));
	vm_map_unlock(&shared->map);
	assert_int_equal(shared->map.nentries, 2);
	assert_true(entry(shared, P(0))->owner == entry(shared, P(3))->owner);
	vm_check_all();
}

/* T4, C-82: does a cut in the middle of wiring leave two entries that are both finished, or both undone? */
static void
t4_cut_while_in_transition(void **state)
{
	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		shared = space();
		shared_file = host_file_create(4);
		map_file(shared, P(0), 4, RW, MAP_PRIVATE, shared_file, 0);
		cut_reserve = (struct vm_map_reserve)VM_MAP_RESERVE_INIT(cut_reserve);
		assert_int_equal(vm_map_reserve(&cut_reserve, 1), 0);
		host_file_on_read(shared_file, cut_in_transition, NULL);
		if (fails)
			host_file_fail(shared_file, 2, EIO);
		result[0] = wire(shared, P(0), 4, USER);
		assert_int_equal(result[0], fails ? EIO : 0);
		LOCKED(shared, fails ? 0 : 4);
		ENTRIES(shared, 1);
		wirings_add_up();
		vm_map_unreserve(&cut_reserve);
		vmspace_unref(shared);
		host_file_destroy(shared_file);
	}
}

/*
 * T4: everybody at once, many schedules.
 */

static unsigned
rnd(unsigned n)
{
	static uint32_t x = 12345;

	x = x * 1103515245 + 12345;
	return (x >> 16) % n;
}

static void
lock_and_unlock(void *arg)
{
	(void)arg;
	for (int i = 0; i < 6; i++) {
		vaddr_t at = P(rnd(8));
		size_t len = ptoa(1 + rnd(6));

		if (rnd(3) == 0)
			(void)vm_mlock(shared, at, len, (int)rnd(2));
		else if (rnd(2) == 0)
			(void)vm_munlock(shared, at, len);
		else
			(void)vm_mlockall(shared, MCL_CURRENT | (rnd(2) ? MCL_ONFAULT : 0));
	}
}

static void
change_mappings(void *arg)
{
	static const int prots[] = {PROT_NONE, R, RW, RW};
	vaddr_t at;

	(void)arg;
	for (int i = 0; i < 8; i++) {
		vaddr_t from = P(rnd(12));
		size_t len = ptoa(1 + rnd(4));

		switch (rnd(4)) {
		case 0:
			(void)vm_munmap(shared, from, len);
			break;
		case 1:
			(void)try_map(shared, from, len, RW, rnd(3) ? PRIV : SHARED, &at);
			break;
		case 2:
			(void)vm_mprotect(shared, from, len, prots[rnd(4)]);
			break;
		default:
			(void)vm_minherit(
			    shared, from, len, rnd(2) ? VM_INHERIT_SHARE : VM_INHERIT_COPY);
		}
	}
}

static void
fork_and_write(void *arg)
{
	struct vmspace *c;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		if (vmspace_fork(shared, &c) != 0)
			continue;
		for (int n = 0; n < 4; n++)
			(void)host_store(c, P(rnd(12)), (uint8_t)rnd(256));
		(void)vm_mlock(c, P(rnd(8)), ptoa(1 + rnd(4)), 0);
		vmspace_unref(c);
	}
}

static void
touch(void *arg)
{
	uint8_t value;

	(void)arg;
	for (int i = 0; i < 16; i++) {
		if (rnd(2) == 0)
			(void)host_store(shared, P(rnd(12)), (uint8_t)rnd(256));
		else
			(void)host_load(shared, P(rnd(12)), &value);
	}
}

/* T4: mlock, munmap, mprotect, fork and touching threads, with reads that fail: do the wirings add up in the end? */
static void
t4_wire_races(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		shared = space();
		shared_file = host_file_create(4);
		shared->limit_memlock = 10 * PAGE_SIZE;
		map(shared, P(0), 6, RW, PRIV);
		map_file(shared, P(6), 4, seed & 1 ? RW : R, MAP_PRIVATE, shared_file, 0);
		map(shared, P(10), 2, RW, SHARED);
		if (seed % 4 == 0)
			host_file_fail(shared_file, 1 + seed % 5, EIO);
		host_knobs.seed = seed;
		host_spawn(lock_and_unlock, NULL);
		host_spawn(change_mappings, NULL);
		host_spawn(fork_and_write, NULL);
		host_spawn(touch, NULL);
		host_spawn(lock_and_unlock, NULL);
		host_join_all();
		host_knobs.seed = 0;
		assert_int_equal(shared->map.busy, 0);
		assert_true(shared->map.locked <= 10 * PAGE_SIZE);
		wirings_add_up();
		assert_int_equal(vm_munlockall(shared), 0);
		LOCKED(shared, 0);
		WIRED(shared, 0);
		wirings_add_up();
		host_file_fail(shared_file, 0, 0);
		vmspace_unref(shared);
		host_file_destroy(shared_file);
	}
	assert_int_equal(vm_wire_user_count(), 0);
}

/* A stack that two share, grown by one, then by the other who has locked it: do both see the same pages? */
static void
wire_stack_that_another_has_grown(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(3000), 1, RW, PRIV | MAP_GROWSDOWN);
	put(p, P(3000), 1);
	inherit(p, P(3000), 1, VM_INHERIT_SHARE);
	c = fork_of(p);
	put(c, P(2998), 7);
	assert_int_equal(wire(p, P(3000), 1, USER), 0);
	put(p, P(2997), 9);
	SEES(p, P(2998), 7);
	wirings_add_up();
	assert_int_equal(vm_munlockall(p), 0);
	vmspace_unref(c);
	vmspace_unref(p);
}

/* Locked pages of a file that somebody cuts: gone, but unlocking is still fine? */
static void
wire_of_a_file_that_is_cut(void **state)
{
	struct host_file *f = host_file_create(4);
	struct vmspace *vm = space();
	struct vm_object *o = host_file_object(f);

	(void)state;
	map_file(vm, P(0), 4, R, MAP_SHARED, f, 0);
	assert_int_equal(wire(vm, P(0), 4, USER), 0);
	mutex_lock(&o->lock);
	o->size = 2;
	vm_object_page_remove_some(o, 2, 4, PAGES_EMPTIED);
	mutex_unlock(&o->lock);
	LOAD_FAILS(vm, P(3), EINVAL);
	vm_check_all();
	protect(vm, P(0), 4, PROT_NONE);
	protect(vm, P(0), 4, R);
	LOAD_FAILS(vm, P(2), EINVAL);
	SEES(vm, P(1), host_file_byte(f, 1));
	assert_int_equal(unwire(vm, P(0), 4, USER), 0);
	assert_int_equal(o->resident, 2);
	vm_object_unref(o);
	vmspace_unref(vm);
	host_file_destroy(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(wire_brings_in),
	    HOST_TEST(wire_user_once_kernel_nests),
	    HOST_TEST(t4_unwire_after_prot_none),
	    HOST_TEST(wire_without_rights),
	    HOST_TEST(wire_holes),
	    HOST_TEST(wire_ends_with_the_thread),
	    HOST_TEST(t4_partial_failure_unwires_its_part),
	    HOST_TEST(wire_on_fault),
	    HOST_TEST(wire_on_fault_then_willneed),
	    HOST_TEST(wire_ends_with_the_mapping),
	    HOST_TEST(wire_shared_page_twice),
	    HOST_TEST(t5_copies_are_dirty),
	    HOST_TEST(t5_wired_read_only_becomes_writable),
	    HOST_TEST(t5_wired_after_fork),
	    HOST_TEST(t5_no_memory_for_the_copies),
	    HOST_TEST(wire_resolves_copy_on_write),
	    HOST_TEST(t9_fork_copies_what_is_writable),
	    HOST_TEST(t9_fork_failure_leaves_the_parent),
	    HOST_TEST(wire_of_a_shared_shadow),
	    HOST_TEST(wire_replaces_the_page_of_zeros),
	    HOST_TEST(wire_survives_collapse),
	    HOST_TEST(t4_limit_counts_every_path),
	    HOST_TEST(wire_future),
	    HOST_TEST(wire_stack_grows),
	    HOST_TEST(wire_beyond_the_end),
	    HOST_TEST(wire_around_a_bad_page),
	    HOST_TEST(wire_stack_without_memory),
	    HOST_TEST(t4_others_wait_for_the_wirer),
	    HOST_TEST(t4_a_hole_filled_meanwhile_is_not_ours),
	    HOST_TEST(t4_two_wirers_finish_their_own),
	    HOST_TEST(t4_cut_while_in_transition),
	    HOST_TEST(t4_wire_races),
	    HOST_TEST(wire_stack_that_another_has_grown),
	    HOST_TEST(wire_of_a_file_that_is_cut),
	};

	host_boot();
	return run_host_tests(tests);
}
