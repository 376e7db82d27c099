/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that meet: short scenarios of two or three threads, run under many schedules (tests/host/schedule.c).  Each asks what must
 * hold in whatever order things happen; a lock that leaks, a lost wakeup, a deadlock, a run without end and a broken invariant are
 * found by themselves.
 *
 *      vm_sched                         each scenario: all schedules with one preemption, and some seeds (`make check`)
 *      vm_sched -n SEEDS [NAME...]      so many seeds of each: priorities with few changes, or random
 *      vm_sched -t SEEDS                so many in sum
 *      vm_sched -e N [NAME...]          all schedules with at most N preemptions
 *      vm_sched -s SEED NAME            one run again, as a failure names it
 *      vm_sched -c CHOICES NAME         the same for one of "all schedules"
 *
 * The environment variable TEST chooses among the scenarios for `make check`, with * and ?.
 *
 * A seed says everything: the policy, how deep, and which of the rare things of struct host_knobs happen.
 */
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kern/base/debug.h"
#include "tests/host/vm_test.h"
#include "vm/vm_madvise.h"
#include "vm/vm_wire.h"

#define SPACES_MAX  6u
#define CHECK_SEEDS 150u
#define CHECK_EVERY 1u   /* preemptions */
#define CHECK_RUNS  400u /* of "all schedules", as long as nobody asks for more */
#define AUDIT_EVERY 64u  /* seeds between two looks at everything */
#define STACK_TOP   0x50000000ul
#define STACK_ROOM  (USER_STACK_GUARD + 32 * PAGE_SIZE)

struct scenario {
	const char *name;
	void (*setup)(void);
	void (*thread[3])(void *arg);
	void (*check)(void);
	bool no_failures; /* not with allocations that fail: the scenario could not tell */
};

/* What the scenario that runs has made.  Spaces that are left at the end go then. */
static struct vmspace *a, *b, *c, *d;
static struct host_file *file;
static uint8_t seen[4];
static vaddr_t kernel_va[3];

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			panic("%s:%d: %s", __FILE__, __LINE__, #condition);                        \
	} while (0)

/*
 * What threads do.  Where memory is short on purpose a call may be refused; then it has changed nothing.
 */
static bool
refused(int error)
{
	return error == ENOMEM && host_knobs.alloc_fails != 0;
}

static void
store(struct vmspace *vm, vaddr_t va, uint8_t value)
{
	int error = host_store(vm, va, value);

	MUST(error == 0);
}

static uint8_t
load(struct vmspace *vm, vaddr_t va)
{
	uint8_t value = 0;
	int error = host_load(vm, va, &value);

	MUST(error == 0);
	return value;
}

static void
fork_to(struct vmspace *vm, struct vmspace **child)
{
	int error = vmspace_fork(vm, child);

	MUST(error == 0 || refused(error));
	if (error != 0)
		*child = NULL;
}

static void
leave(struct vmspace **vm)
{
	struct vmspace *gone = *vm;

	*vm = NULL;
	if (gone != NULL)
		vmspace_unref(gone);
}

/* Until it is not refused. */
static void
insist(
    int (*call)(struct vmspace *, vaddr_t, size_t), struct vmspace *vm, vaddr_t va, unsigned pages)
{
	int error;

	while ((error = call(vm, va, pages * PAGE_SIZE)) != 0)
		MUST(refused(error));
}

static int
to_read_only(struct vmspace *vm, vaddr_t va, size_t size)
{
	return vm_mprotect(vm, va, size, R);
}

static int
to_read_write(struct vmspace *vm, vaddr_t va, size_t size)
{
	return vm_mprotect(vm, va, size, RW);
}

static int
fresh_memory(struct vmspace *vm, vaddr_t va, size_t size)
{
	vaddr_t got;

	return try_map(vm, va, size, RW, PRIV, &got);
}

/*
 * Two threads of a space and a child of it, all at one page.
 */
static void
setup_forked(void)
{
	a = space();
	map(a, P(0), 4, RW, PRIV);
	for (unsigned i = 0; i < 4; i++)
		put(a, P(i), 1);
	b = fork_of(a);
}

static void
store_first_byte(void *arg)
{
	(void)arg;
	store(a, P(0), 10);
}

static void
store_second_byte(void *arg)
{
	(void)arg;
	store(a, P(0) + 1, 20);
}

static void
load_in_child(void *arg)
{
	(void)arg;
	MUST(load(b, P(0)) == 1);
	MUST(load(b, P(0) + 1) == 0);
}

static void
check_both_bytes(void)
{
	MUST(load(a, P(0)) == 10 && load(a, P(0) + 1) == 20);
	MUST(b == NULL || (load(b, P(0)) == 1 && load(b, P(0) + 1) == 0));
}

static void
setup_fresh(void)
{
	a = space();
	map(a, P(0), 4, RW, PRIV);
}

static void
load_zero(void *arg)
{
	(void)arg;
	MUST(load(a, P(0) + 2) == 0);
}

/* T6: one thread stores again and again; does the other ever see a value and then an older one? */
static void
store_ascending(void *arg)
{
	(void)arg;
	for (uint8_t i = 2; i <= 4; i++)
		store(a, P(0), i);
}

static void
load_ascending(void *arg)
{
	(void)arg;
	for (unsigned i = 0, last = 0; i < 4; i++) {
		uint8_t now = load(a, P(0));

		MUST(now >= last);
		last = now;
	}
}

static void
store_in_child(void *arg)
{
	(void)arg;
	store(b, P(0), 100);
}

static void
check_ascending(void)
{
	MUST(load(a, P(0)) == 4);
	MUST(load(b, P(0)) == 100);
}

/* T7: two spaces share a copy of a third one's memory: is what one stores seen by the other, though both had the old page mapped? */
static void
setup_shared_copy(void)
{
	c = space();
	map(c, P(0), 2, RW, PRIV);
	put(c, P(0), 1);
	a = fork_of(c);
	inherit(a, P(0), 2, VM_INHERIT_SHARE);
	b = fork_of(a);
	SEES(a, P(0), 1);
	SEES(b, P(0), 1);
}

static void
load_shared_ascending(void *arg)
{
	(void)arg;
	for (unsigned i = 0, last = 0; i < 4; i++) {
		uint8_t now = load(b, P(0));

		MUST(now >= last);
		last = now;
	}
}

static void
leave_c(void *arg)
{
	(void)arg;
	leave(&c);
}

static void
check_shared_copy(void)
{
	MUST(load(a, P(0)) == 4 && load(b, P(0)) == 4);
}

/*
 * Maps that change under a fault.
 */
static void
setup_filled(void)
{
	a = space();
	map(a, P(0), 6, RW, PRIV);
	for (unsigned i = 0; i < 6; i++)
		put(a, P(i), 1);
	b = fork_of(a);
}

static void
store_pages(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 3; i++) {
		int error = host_store(a, P(i), 5);

		MUST(error == 0 || (error == EFAULT && i == 1));
	}
}

static void
unmap_second(void *arg)
{
	(void)arg;
	insist(vm_munmap, a, P(1), 1);
	MUST(host_store(a, P(1), 9) == EFAULT);
}

static void
check_hole(void)
{
	MUST(host_load(a, P(1), &seen[0]) == EFAULT);
	MUST(!host_pmap_maps(a->map.pmap, P(1), R));
	MUST(load(a, P(0)) == 5 && load(a, P(2)) == 5 && load(a, P(3)) == 1);
	MUST(load(b, P(1)) == 1);
}

/* In the place of the second page there is fresh memory: it never shows what was there before. */
static void
replace_second(void *arg)
{
	uint8_t now;

	(void)arg;
	insist(fresh_memory, a, P(1), 1);
	now = load(a, P(1));
	MUST(now == 0 || now == 5);
}

static void
check_replaced(void)
{
	uint8_t now = load(a, P(1));

	MUST(now == 0 || now == 5);
	MUST(load(a, P(0)) == 5 && load(a, P(2)) == 5);
}

/* Once mprotect has returned no store arrives any more. */
static void
store_while_allowed(void *arg)
{
	(void)arg;
	for (uint8_t i = 2; i < 6; i++) {
		int error = host_store(a, P(1), i);

		MUST(error == 0 || error == EACCES);
	}
}

static void
make_read_only(void *arg)
{
	uint8_t before;

	(void)arg;
	insist(to_read_only, a, P(0), 3);
	before = load(a, P(1));
	MUST(host_store(a, P(1), 77) == EACCES);
	for (unsigned i = 0; i < 3; i++)
		MUST(load(a, P(1)) == before);
}

static void
load_second(void *arg)
{
	(void)arg;
	MUST(load(a, P(1)) >= 1);
	MUST(load(b, P(1)) == 1);
}

static void
check_read_only(void)
{
	MUST(host_store(a, P(1), 1) == EACCES);
	store(a, P(3), 1);
	MUST(load(b, P(1)) == 1);
}

/* Two ranges that overlap lose and get back their rights: in the end there is one entry again (T2). */
static void
flip_low(void *arg)
{
	(void)arg;
	insist(to_read_only, a, P(0), 4);
	insist(to_read_write, a, P(0), 4);
}

static void
flip_high(void *arg)
{
	(void)arg;
	insist(to_read_only, a, P(2), 4);
	insist(to_read_write, a, P(2), 4);
}

static void
load_all(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 6; i++)
		MUST(load(a, P(i)) == 1);
}

static void
check_one_entry(void)
{
	MUST(a->map.nentries == 1);
	for (unsigned i = 0; i < 6; i++)
		store(a, P(i), 3);
}

static void
map_low(void *arg)
{
	(void)arg;
	insist(fresh_memory, a, P(0), 4);
}

static void
map_high(void *arg)
{
	(void)arg;
	insist(fresh_memory, a, P(2), 4);
}

static void
unmap_middle(void *arg)
{
	(void)arg;
	insist(vm_munmap, a, P(3), 1);
}

static void
check_fresh(void)
{
	for (unsigned i = 0; i < 6; i++) {
		int error = host_load(a, P(i), &seen[0]);

		MUST((error == 0 && seen[0] == 0) || (error == EFAULT && i == 3));
		MUST(load(b, P(i)) == 1);
	}
}

/*
 * Fork, exit, and the chains they leave.
 */

/* Two stores one after the other: a child that has the second has the first as well. */
static void
setup_two_entries(void)
{
	a = space();
	map(a, P(0), 1, RW, PRIV);
	map(a, P(8), 1, RWX, PRIV);
	put(a, P(0), 0);
	put(a, P(8), 0);
	d = fork_of(a);
}

static void
store_up(void *arg)
{
	(void)arg;
	store(a, P(0), 1);
	store(a, P(8), 1);
}

static void
store_down(void *arg)
{
	(void)arg;
	store(a, P(8), 2);
	store(a, P(0), 2);
}

static void
fork_a_to_b(void *arg)
{
	(void)arg;
	fork_to(a, &b);
}

static void
fork_a_to_c(void *arg)
{
	(void)arg;
	fork_to(a, &c);
}

static void
check_order_up(void)
{
	struct vmspace *children[] = {b, c};

	for (unsigned i = 0; i < 2; i++)
		if (children[i] != NULL)
			MUST(load(children[i], P(0)) >= load(children[i], P(8)));
	MUST(load(a, P(0)) == 1 && load(a, P(8)) == 1);
}

static void
check_order_down(void)
{
	if (b != NULL)
		MUST(load(b, P(8)) >= load(b, P(0)));
	MUST(load(a, P(0)) == 2 && load(a, P(8)) == 2);
}

/* T8: d forks a, a forks b; each has written something of its own. */
static void
setup_generations(void)
{
	d = space();
	map(d, P(0), 4, RW, PRIV);
	for (unsigned i = 0; i < 4; i++)
		put(d, P(i), (uint8_t)(1 + i));
	a = fork_of(d);
	put(a, P(1), 11);
	b = fork_of(a);
	put(b, P(2), 22);
}

static void
leave_a(void *arg)
{
	(void)arg;
	leave(&a);
}

static void
leave_d(void *arg)
{
	(void)arg;
	leave(&d);
}

static void
work_in_b(void *arg)
{
	(void)arg;
	MUST(load(b, P(0)) == 1);
	store(b, P(1), 33);
	MUST(load(b, P(2)) == 22);
	store(b, P(3), 44);
}

static void
fork_b_and_look(void *arg)
{
	(void)arg;
	fork_to(b, &c);
	if (c == NULL)
		return;
	MUST(load(c, P(0)) == 1 && load(c, P(2)) == 22);
	store(c, P(0), 55);
}

static void
check_generations(void)
{
	MUST(load(b, P(0)) == 1 && load(b, P(1)) == 33 && load(b, P(2)) == 22 &&
	    load(b, P(3)) == 44);
	MUST(c == NULL || load(c, P(0)) == 55);
	leave(&a);
	leave(&c);
	leave(&d);
	store(b, P(0), 66);
	MUST(vm_object_depth(entry(b, P(0))->u.object) <= 2);
}

/*
 * Stacks and the heap.
 */
static void
setup_stack(void)
{
	a = space();
	assert_int_equal(vmspace_stack(a, STACK_TOP, STACK_ROOM, PAGE_SIZE), 0);
}

static void
grow_a_little(void *arg)
{
	(void)arg;
	store(a, STACK_TOP - 3 * PAGE_SIZE, 3);
}

static void
grow_more(void *arg)
{
	(void)arg;
	store(a, STACK_TOP - 9 * PAGE_SIZE, 9);
}

static void
fork_a(void *arg)
{
	(void)arg;
	fork_to(a, &b);
}

static void
check_stack(void)
{
	MUST(load(a, STACK_TOP - 3 * PAGE_SIZE) == 3 && load(a, STACK_TOP - 9 * PAGE_SIZE) == 9);
	MUST(a->map.nentries == 2);
	if (b != NULL)
		store(b, STACK_TOP - 12 * PAGE_SIZE, 1);
}

static void
setup_heap(void)
{
	a = space();
	a->brk_start = a->brk = P(0);
}

static void
extend_heap(void *arg)
{
	(void)arg;
	(void)vmspace_brk(a, P(3));
	(void)host_store(a, P(0), 3);
}

static void
shrink_heap(void *arg)
{
	(void)arg;
	(void)vmspace_brk(a, P(1));
}

static void
check_heap(void)
{
	MUST(a->brk == P(0) || a->brk == P(1) || a->brk == P(3));
	MUST((host_load(a, P(0), &seen[0]) == 0) == (a->brk > P(0)));
	MUST((host_load(a, P(2), &seen[0]) == 0) == (a->brk == P(3)));
}

/*
 * Wiring (T4): whoever else is at work, in the end the pages have the wirings that the entries say, and none is left when all are
 * undone.  A wirer may be refused where there is a hole, or no rights, at the moment.
 */
static void
wire(vaddr_t va, unsigned pages, unsigned flags)
{
	int error = vm_map_wire(&a->map, va, va + ptoa(pages), flags);

	MUST(error == 0 || error == ENOMEM || (error == EAGAIN && host_knobs.alloc_fails != 0));
}

static void
unwire(vaddr_t va, unsigned pages, unsigned flags)
{
	int error;

	do
		error = vm_map_unwire(&a->map, va, va + ptoa(pages), flags);
	while (error != 0 && refused(error) && host_random() % 16 != 0);
	MUST(error == 0 || error == ENOMEM);
}

static void
wire_low(void *arg)
{
	(void)arg;
	wire(P(0), 4, VM_WIRE_USER);
	store(a, P(0), 5);
}

static void
wire_high(void *arg)
{
	(void)arg;
	wire(P(2), 4, VM_WIRE_USER);
}

static void
wire_and_unwire(void *arg)
{
	(void)arg;
	wire(P(0), 6, VM_WIRE_USER | VM_WIRE_HOLESOK);
	unwire(P(0), 6, VM_WIRE_USER | VM_WIRE_HOLESOK);
}

static void
forbid_and_allow(void *arg)
{
	(void)arg;
	while (vm_mprotect(a, P(1), PAGE_SIZE, PROT_NONE) != 0)
		MUST(host_knobs.alloc_fails != 0);
	insist(to_read_write, a, P(1), 1);
}

static void
store_pages_or_fail(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 4; i++) {
		int error = host_store(a, P(i), 5);

		MUST(error == 0 || error == EACCES || error == EFAULT);
	}
}

static void
fill_hole(void *arg)
{
	(void)arg;
	insist(vm_munmap, a, P(1), 1);
	insist(fresh_memory, a, P(1), 1);
}

static void
count_wired_entries(struct vmspace *vm, void *arg)
{
	LIST_FOREACH(at, &vm->map.entries) {
		struct vm_map_entry *e = LIST_ENTRY(at, struct vm_map_entry, link);

		MUST(!vm_map_entry_foreign(e) && (e->eflags & MAP_ENTRY_IN_TRANSITION) == 0);
		if (vm_wire_is_full(e))
			*(uint64_t *)arg += atop(e->end - e->start);
	}
}

static void
count_page_wirings(struct vm_object *o, void *arg)
{
	struct vm_page *m = o->type == OBJ_ANON ? vm_page_find_least(o, 0) : NULL;

	for (; m != NULL; m = vm_page_next(m))
		*(uint64_t *)arg += vm_page_wire_count(m);
}

/* Invariants 4 and 13. */
static void
wirings_add_up(void)
{
	uint64_t pages = 0, entries = 0;

	vm_object_foreach(count_page_wirings, &pages);
	vmspace_foreach(count_wired_entries, &entries);
	MUST(pages == entries && a->map.busy == 0);
}

static void
check_wirings(void)
{
	wirings_add_up();
	for (unsigned i = 2; i < 6; i++)
		MUST(load(a, P(i)) == 1 || load(a, P(i)) == 5);
	if (b != NULL)
		MUST(load(b, P(4)) == 1 && b->map.locked == 0);
	unwire(P(0), 6, VM_WIRE_USER | VM_WIRE_HOLESOK);
	wirings_add_up();
	MUST(a->map.locked == 0 && vmspace_wired_count(a) == 0);
}

static void
fork_to_c_and_store(void *arg)
{
	(void)arg;
	fork_to(a, &c);
	if (c == NULL)
		return;
	MUST(load(c, P(0)) == 1 || load(c, P(0)) == 5);
	store(c, P(0), 7);
	MUST(load(c, P(0)) == 7);
}

static void
check_wired_fork(void)
{
	MUST(c == NULL || (load(c, P(0)) == 7 && c->map.locked == 0));
	MUST(load(a, P(0)) == 5);
	check_wirings();
}

/*
 * Advice (T14): memory given up shows what was last stored, or zero; never what was there before, and never to others.
 */
static void
give_up(void *arg)
{
	uint8_t now;

	(void)arg;
	while (vm_madvise(a, P(0), 3 * PAGE_SIZE, MADV_DONTNEED) != 0)
		MUST(host_knobs.alloc_fails != 0);
	now = load(a, P(1));
	MUST(now == 0 || now == 5);
}

static void
let_go(void *arg)
{
	(void)arg;
	while (vm_madvise(a, P(0), 3 * PAGE_SIZE, MADV_FREE) != 0)
		MUST(host_knobs.alloc_fails != 0);
}

static void
store_three(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 3; i++)
		store(a, P(i), 5);
}

static void
load_given_up(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 3; i++) {
		uint8_t now = load(a, P(i));

		MUST(now == 0 || now == 1 || now == 5);
		MUST(load(b, P(i)) == 1);
	}
}

static void
check_given_up(void)
{
	for (unsigned i = 0; i < 3; i++) {
		uint8_t now = load(a, P(i));

		MUST(now == 0 || now == 5);
		MUST(load(b, P(i)) == 1);
	}
	MUST(load(a, P(3)) == 1);
}

static void
check_let_go(void)
{
	for (unsigned i = 0; i < 3; i++) {
		uint8_t now = load(a, P(i));

		MUST(now == 0 || now == 1 || now == 5);
		MUST(load(b, P(i)) == 1);
		MUST(c == NULL || load(c, P(i)) <= 5);
	}
}

/*
 * T22: three threads of a space, each at random in pages of its own, next to each other's: entries are cut and merged all the time, and
 * each page is what its owner made of it.
 */
#define OWN_PAGES 8u
#define OWN_STEPS 10u

static struct {
	bool mapped;
	uint8_t prot, value;
} own[3 * OWN_PAGES];

static void
setup_own(void)
{
	memset(own, 0, sizeof(own));
	a = space();
}

static int
give_up_pages(struct vmspace *vm, vaddr_t va, size_t size)
{
	int error = vm_madvise(vm, va, size, MADV_DONTNEED);

	return error == EAGAIN ? ENOMEM : 0;
}

static void
own_store(unsigned i, uint8_t value)
{
	int want = !own[i].mapped ? EFAULT : (own[i].prot & PROT_WRITE) == 0 ? EACCES : 0;

	MUST(host_store(a, P(i), value) == want);
	if (want == 0)
		own[i].value = value;
}

static void
own_load(unsigned i)
{
	uint8_t value = 0;

	MUST(host_load(a, P(i), &value) == (own[i].mapped ? 0 : EFAULT));
	MUST(value == (own[i].mapped ? own[i].value : 0));
}

static void
own_range(unsigned first, unsigned n, unsigned what)
{
	static int (*const call[])(struct vmspace *, vaddr_t, size_t) = {
	    fresh_memory, vm_munmap, to_read_only, to_read_write, give_up_pages};
	bool hole = false;

	for (unsigned i = first; i < first + n; i++)
		hole |= !own[i].mapped;
	if (hole && what >= 2)
		return;
	insist(call[what], a, P(first), n);
	for (unsigned i = first; i < first + n; i++) {
		own[i].mapped = what != 1;
		if (what == 0 || what == 3)
			own[i].prot = RW;
		if (what == 2)
			own[i].prot = R;
		if (what < 2 || what == 4)
			own[i].value = 0;
	}
}

static void
work_at_random(unsigned first)
{
	for (unsigned step = 0; step < OWN_STEPS; step++) {
		unsigned at = host_random() % OWN_PAGES, n = 1 + host_random() % (OWN_PAGES - at);
		unsigned what = host_random() % 10;

		if (what < 5)
			own_range(first + at, n, what);
		else if (what < 8)
			own_store(first + at, (uint8_t)(1 + step));
		else
			own_load(first + at);
	}
}

static void
work_low(void *arg)
{
	(void)arg;
	work_at_random(0);
}

static void
work_middle(void *arg)
{
	(void)arg;
	work_at_random(OWN_PAGES);
}

static void
work_high(void *arg)
{
	(void)arg;
	work_at_random(2 * OWN_PAGES);
}

static void
check_own(void)
{
	for (unsigned i = 0; i < NELEM(own); i++)
		own_load(i);
}

/*
 * Files, memory, kernel memory.
 */
static void
setup_file(void)
{
	file = host_file_create(4);
	a = space();
	b = space();
	map_file(a, P(0), 4, RW, MAP_SHARED, file, 0);
	map_file(b, P(0), 4, RW, MAP_PRIVATE, file, 0);
}

static void
load_file_in_a(void *arg)
{
	(void)arg;
	MUST(load(a, P(1)) == host_file_byte(file, 1));
	MUST(load(a, P(2)) == host_file_byte(file, 2));
}

static void
load_file_in_b(void *arg)
{
	(void)arg;
	MUST(load(b, P(1)) == host_file_byte(file, 1));
}

static void
store_file_in_b(void *arg)
{
	(void)arg;
	store(b, P(1) + 1, 99);
}

static void
unmap_file_in_a(void *arg)
{
	(void)arg;
	insist(vm_munmap, a, P(2), 2);
}

static void
load_file_or_hole(void *arg)
{
	(void)arg;
	for (unsigned i = 1; i < 4; i++) {
		uint8_t value;
		int error = host_load(a, P(i), &value);

		MUST((error == 0 && value == host_file_byte(file, i)) ||
		    (error == EFAULT && i >= 2));
	}
}

static void
check_file(void)
{
	MUST(load(a, P(1)) == host_file_byte(file, 1));
	MUST(load(b, P(1)) == host_file_byte(file, 1));
}

/* No page is left; one thread needs one, another gives some back. */
static void
setup_no_memory(void)
{
	setup_fresh();
	b = space();
	map(b, P(0), 8, RW, PRIV);
	for (unsigned i = 0; i < 8; i++)
		put(b, P(i), 1);
	put(a, P(3), 1);
	host_hoard(0);
}

static void
store_two(void *arg)
{
	(void)arg;
	store(a, P(0), 10);
	store(a, P(0) + 1, 20);
}

static void
leave_b(void *arg)
{
	(void)arg;
	leave(&b);
}

/* T18: who waits for kernel address space is woken when it is given back, whatever the order. */
static void
setup_full_map(void)
{
	kernel_va[0] = km_valloc(exec_map, exec_map->max - exec_map->min);
	MUST(kernel_va[0] != 0);
}

static void
wait_for_half(void *arg)
{
	size_t half = (exec_map->max - exec_map->min) / 2;
	vaddr_t va = km_valloc_wait(exec_map, half);

	(void)arg;
	MUST(va != 0);
	km_free_wakeup(exec_map, va, half);
}

static void
wait_for_all(void *arg)
{
	size_t all = exec_map->max - exec_map->min;
	vaddr_t va = km_valloc_wait(exec_map, all);

	(void)arg;
	MUST(va != 0);
	km_free_wakeup(exec_map, va, all);
}

static void
free_all(void *arg)
{
	(void)arg;
	km_free_wakeup(exec_map, kernel_va[0], exec_map->max - exec_map->min);
}

static void
check_nothing(void)
{
}

static const struct scenario scenarios[] = {
    {"fault_fault", setup_forked, {store_first_byte, store_second_byte, load_in_child},
	check_both_bytes, false},
    {"fault_fault_fresh", setup_fresh, {store_first_byte, store_second_byte, load_zero},
	check_both_bytes, false},
    {"t6_fault_order", setup_forked, {store_ascending, load_ascending, store_in_child},
	check_ascending, false},
    {"t7_fault_shared_copy", setup_shared_copy, {store_ascending, load_shared_ascending, leave_c},
	check_shared_copy, false},
    {"fault_munmap", setup_filled, {store_pages, unmap_second, NULL}, check_hole, false},
    {"fault_mmap", setup_filled, {store_pages, replace_second, NULL}, check_replaced, false},
    {"fault_mprotect", setup_filled, {store_while_allowed, make_read_only, load_second},
	check_read_only, false},
    {"t2_mprotect_mprotect", setup_filled, {flip_low, flip_high, load_all}, check_one_entry, false},
    {"mmap_mmap", setup_filled, {map_low, map_high, unmap_middle}, check_fresh, false},
    {"fork_fault_up", setup_two_entries, {store_up, fork_a_to_b, fork_a_to_c}, check_order_up,
	false},
    {"fork_fault_down", setup_two_entries, {store_down, fork_a_to_b, NULL}, check_order_down,
	false},
    {"t8_exit_collapse", setup_generations, {leave_a, leave_d, work_in_b}, check_generations,
	false},
    {"t8_collapse_fork", setup_generations, {leave_a, work_in_b, fork_b_and_look},
	check_generations, false},
    {"t13_growstack_growstack", setup_stack, {grow_a_little, grow_more, fork_a}, check_stack, true},
    {"t4_wire_munmap", setup_filled, {wire_low, fill_hole, store_pages_or_fail}, check_wirings,
	false},
    {"t4_wire_mprotect", setup_filled, {wire_low, forbid_and_allow, wire_high}, check_wirings,
	false},
    {"t4_wire_fork", setup_filled, {wire_low, fork_to_c_and_store, wire_and_unwire},
	check_wired_fork, false},
    {"t4_wire_wire", setup_filled, {wire_low, wire_high, wire_and_unwire}, check_wirings, false},
    {"t14_dontneed_fault", setup_filled, {store_three, give_up, load_given_up}, check_given_up,
	false},
    {"t14_free_fork", setup_filled, {store_three, let_go, fork_a_to_c}, check_let_go, false},
    {"t22_threads_at_random", setup_own, {work_low, work_middle, work_high}, check_own, false},
    {"brk_brk", setup_heap, {extend_heap, shrink_heap, NULL}, check_heap, false},
    {"pagein_pagein", setup_file, {load_file_in_a, load_file_in_b, store_file_in_b}, check_file,
	false},
    {"pagein_munmap", setup_file, {load_file_or_hole, unmap_file_in_a, load_file_in_b}, check_file,
	false},
    {"memory_free", setup_no_memory, {store_two, leave_b, NULL}, check_both_bytes, true},
    {"t18_valloc_wait", setup_full_map, {wait_for_half, wait_for_all, free_all}, check_nothing,
	true},
};

/*
 * Running them.
 */
static uint64_t runs, points;
static char replay[2400]; /* what to say if it fails */
static const struct host_schedule *following;
static const char *running;

static void
on_abort(int sig)
{
	int n;

	if (following != NULL && following->policy == HOST_EVERY)
		n = snprintf(replay, sizeof(replay), "again: make %s S='-c %s %s'\n",
		    host_machine_goal, host_schedule_text(), running);
	else
		n = snprintf(replay, sizeof(replay), "again: make %s S='-s %u %s'\n",
		    host_machine_goal, following != NULL ? following->seed : 0, running);
	if (write(STDERR_FILENO, replay, (size_t)n) < 0)
		_exit(2);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Sanitizer findings take the same way as panics. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "abort_on_error=1";
}

static void
run(const struct scenario *s, const struct host_schedule *schedule, const struct host_knobs *knobs)
{
	following = schedule;
	running = s->name;
	/* Nothing may be left of the run before that could be seen in this one. */
	zone_drain();
	host_machine_reset();
	host_random_seed(schedule->seed);
	s->setup();
	host_schedule_begin(schedule);
	host_knobs = *knobs;
	for (unsigned i = 0; i < NELEM(s->thread); i++)
		if (s->thread[i] != NULL)
			host_spawn(s->thread[i], NULL);
	host_join_all();
	points = host_schedule_points();
	host_schedule_end();
	host_knobs = (struct host_knobs){.seed = 0};
	host_unhoard();
	s->check();
	vm_check_all();
	leave(&a);
	leave(&b);
	leave(&c);
	leave(&d);
	if (file != NULL)
		host_file_destroy(file);
	file = NULL;
	runs++;
}

/* How many points it has when nobody is interrupted. */
static uint64_t
length_of(const struct scenario *s)
{
	static uint64_t length[NELEM(scenarios)];
	uint64_t *known = &length[s - scenarios];

	if (*known == 0) {
		run(s, &(struct host_schedule){.policy = HOST_REPLAY, .choices = "0"},
		    &(struct host_knobs){.seed = 0});
		*known = points;
	}
	return *known;
}

/* What a seed stands for. */
static void
run_seed(const struct scenario *s, uint32_t seed)
{
	struct host_schedule schedule = {
	    .policy = seed % 4 == 0 ? HOST_RANDOM : HOST_PRIORITIES,
	    .seed = seed,
	    .depth = 1 + seed / 4 % 4,
	    .length = length_of(s),
	};
	uint32_t bits = (seed * 0x9e3779b9u) >> 16;
	struct host_knobs knobs = {
	    .fork_copies = bits & 1,
	    .no_prefault = bits & 2,
	    .try_fails = bits / 4 % 4 == 3 ? 30 : 0,
	    .alloc_fails = bits / 16 % 4 == 3 && !s->no_failures ? 5 : 0,
	};

	host_machine_vary(bits >> 6);
	run(s, &schedule, &knobs);
}

static uint64_t
run_every(const struct scenario *s, unsigned preemptions, uint64_t most)
{
	const struct host_schedule schedule = {.policy = HOST_EVERY, .preemptions = preemptions};
	const struct host_knobs knobs = {.seed = 0};
	uint64_t n = 0;
	bool more = true;

	for (; more && n < most; n++) {
		run(s, &schedule, &knobs);
		more = host_schedule_next();
	}
	return more ? 0 : n;
}

static const struct scenario *
find_scenario(const char *name)
{
	for (const struct scenario *s = scenarios; s < &scenarios[NELEM(scenarios)]; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	fprintf(stderr, "no scenario %s\n", name);
	exit(2);
}

static bool
chosen(const struct scenario *s, char **names)
{
	bool found = *names == NULL;

	for (; *names != NULL; names++)
		found = found || find_scenario(*names) == s;
	return found;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
seeds(const struct scenario *s, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += AUDIT_EVERY) {
		host_audit_begin();
		for (uint32_t seed = first + i; seed < first + n && seed < first + i + AUDIT_EVERY;
		     seed++)
			run_seed(s, seed);
		host_audit_end();
	}
}

static void
check_scenario(const struct scenario *s)
{
	printf("[ RUN      ] %s\n", s->name);
	fflush(stdout);
	host_audit_begin();
	run_every(s, CHECK_EVERY, CHECK_RUNS);
	host_audit_end();
	seeds(s, 1, CHECK_SEEDS);
	printf("[       OK ] %s\n", s->name);
}

static int
usage(void)
{
	fprintf(stderr,
	    "vm_sched [-n SEEDS [NAME...] | -t SEEDS | -e N [NAME...] | -s SEED NAME | -c CHOICES "
	    "NAME]\n");
	return 2;
}

static void
all_schedules(const struct scenario *s, unsigned preemptions)
{
	double begin = seconds();
	uint64_t n;

	host_audit_begin();
	n = run_every(s, preemptions, UINT64_MAX);
	host_audit_end();
	printf("%-24s %8lu schedules with at most %u preemptions, %.1f s\n", s->name,
	    (unsigned long)n, preemptions, seconds() - begin);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	char mode = argc > 2 && argv[1][0] == '-' ? argv[1][1] : 0;
	unsigned long n = mode != 0 ? strtoul(argv[2], NULL, 0) : 0;
	const char *only = getenv("TEST");
	double begin = seconds();

	if ((argc > 1 && mode == 0) || (mode != 0 && strchr("ntesc", mode) == NULL) ||
	    (strchr("sc", mode) != NULL && mode != 0 && argc != 4))
		return usage();
	signal(SIGABRT, on_abort);
	host_boot();
	if (mode == 's') {
		run_seed(find_scenario(argv[3]), (uint32_t)n);
	} else if (mode == 'c') {
		run(find_scenario(argv[3]),
		    &(struct host_schedule){.policy = HOST_REPLAY, .choices = argv[2]},
		    &(struct host_knobs){.seed = 0});
	}
	for (const struct scenario *s = scenarios; s < &scenarios[NELEM(scenarios)]; s++) {
		if (mode == 0 && (only == NULL || fnmatch(only, s->name, 0) == 0))
			check_scenario(s);
		else if (mode == 'n' && chosen(s, &argv[3]))
			seeds(s, 1, (uint32_t)n);
		else if (mode == 't')
			seeds(s, 1, (uint32_t)(n / NELEM(scenarios) + 1));
		else if (mode == 'e' && chosen(s, &argv[3]))
			all_schedules(s, (unsigned)n);
	}
	printf(
	    "%lu runs, %.0f a second\n", (unsigned long)runs, (double)runs / (seconds() - begin));
	return 0;
}
