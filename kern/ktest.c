/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the tests inside the kernel (ktest.h).
 *
 *      for each test that is wanted:
 *              settle, count --> thread: test --> join --> settle, count --> ok, or what was wrong
 *
 * A counter that has risen is a leak only if it rises again when the test is repeated: the first
 * run may have filled a cache.
 *
 * Rejected: tests that run in process 1 itself.  A test that is stuck would then take the watchdog
 * below with it.
 */
#include "kern/ktest.h"

#include <string.h>

#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "kern/proc.h"
#include "vm/vm_km.h"
#include "vm/vm_meter.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"
#include "vm/zone.h"

#define NS_PER_MS   1000000ul
#define TIME_LIMIT  (60000 * NS_PER_MS) /* for one test */
#define LOOK_EVERY  (2 * NS_PER_MS)
#define LEAK_ROUNDS 4

extern const struct ktest ktest_table[], ktest_table_end[]; /* kernel.ld */

static bool wanted;         /* I  after boot */
static const char *pattern; /* I  after boot; NULL: all */
static unsigned running;    /* a  threads that have not ended */
static unsigned failures;   /* a  of the current test */
static uint32_t random_state;
static struct vm_page *hoard; /* T  the test's; linked through the pages themselves */

void
ktest_failed(const char *file, int line, const char *what)
{
	if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) < 10)
		kprintf("%s:%d: not so: %s\n", file, line, what);
}

uint32_t
ktest_random(uint32_t n)
{
	uint32_t x = __atomic_add_fetch(&random_state, 0x9e3779b9u, __ATOMIC_RELAXED);

	x = (x ^ x >> 16) * 0x85ebca6bu;
	x = (x ^ x >> 13) * 0xc2b2ae35u;
	return (x ^ x >> 16) % n;
}

/*
 * Threads.
 */
struct errand {
	void (*fn)(void *arg);
	void *arg;
};

static void
run_errand(void *arg)
{
	struct errand e = *(struct errand *)arg;

	kfree(arg, sizeof(e));
	e.fn(e.arg);
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
}

/* => false: no memory. */
static bool
start_thread(const char *name, void (*fn)(void *arg), void *arg)
{
	struct errand *e = kmalloc(sizeof(*e), 0);

	if (e == NULL)
		return false;
	*e = (struct errand){fn, arg};
	__atomic_add_fetch(&running, 1, __ATOMIC_RELAXED);
	if (thread_create(name, run_errand, e) != NULL)
		return true;
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
	kfree(e, sizeof(*e));
	return false;
}

/* Wait until at most `left` threads run.  => false: not in time. */
static bool
wait_for_threads(unsigned left)
{
	uint64_t deadline = clock_mono_ns() + TIME_LIMIT;

	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) > left) {
		if (clock_mono_ns() > deadline)
			return false;
		(void)sleep_ns(LOOK_EVERY, "ktest", 0);
	}
	return true;
}

void
ktest_spawn(void (*fn)(void *arg), void *arg)
{
	KT_EXPECT(start_thread("ktest_more", fn, arg));
}

void
ktest_join(void)
{
	KT_EXPECT(wait_for_threads(1)); /* the test itself */
}

/*
 * Shortage.
 */
void
ktest_hoard(uint64_t left)
{
	struct vm_page *m, *spare = NULL, **next;

	for (uint64_t i = 0; (m = vm_page_alloc_noobj(VM_ALLOC_NORMAL)) != NULL; i++) {
		next = vm_page_kva(m);
		*next = hoard;
		hoard = m;
	}
	for (; left > 0 && hoard != NULL; left--) {
		next = vm_page_kva(hoard);
		spare = hoard;
		hoard = *next;
		vm_page_free(spare);
	}
}

void
ktest_unhoard(void)
{
	while (hoard != NULL) {
		struct vm_page *m = hoard;

		hoard = *(struct vm_page **)vm_page_kva(m);
		vm_page_free(m);
	}
}

/*
 * One test.
 */
struct stock {
	uint64_t pages, items;
};

static void
count_items(const struct zone *z, void *arg)
{
	*(uint64_t *)arg += zone_in_use(z);
}

/* What is in use, once everything that is only kept for later has been given back. */
static struct stock
take_stock(void)
{
	struct stock s = {0, 0};

	/* Dead threads go back when their hart is idle. */
	for (unsigned i = 0; i < 5; i++)
		(void)sleep_ns(LOOK_EVERY, "ktest", 0);
	(void)zone_drain();
	(void)kstack_drain();
	s.pages = vm_page_total_count() - vm_page_free_count() - zone_page_count();
	zone_foreach(count_items, &s.items);
	return s;
}

static void
call_test(void *arg)
{
	const struct ktest *t = arg;

	t->run();
	ktest_unhoard();
}

/* => false: it did not end, or could not begin. */
static bool
run_once(const struct ktest *t)
{
	return start_thread("ktest", call_test, (void *)t) && wait_for_threads(0);
}

/* => true if all is well; if not, a line says what is wrong. */
static bool
run_test(const struct ktest *t)
{
	struct stock before, after;

	failures = 0;
	for (unsigned round = 0; round < LEAK_ROUNDS; round++) {
		before = take_stock();
		if (!run_once(t)) {
			kprintf("ktest %s: FAILED: no end\n", t->name);
			return false;
		}
		after = take_stock();
		if (failures > 0) {
			kprintf("ktest %s: FAILED\n", t->name);
			return false;
		}
		if (after.pages <= before.pages && after.items <= before.items) {
			kprintf("ktest %s: ok\n", t->name);
			return true;
		}
	}
	kprintf("ktest %s: FAILED: leaves %ld pages, %ld items behind\n", t->name,
	    (long)(after.pages - before.pages), (long)(after.items - before.items));
	return false;
}

/* Tests whose name begins with "fail" do: they are run only by their full name. */
static bool
is_wanted(const struct ktest *t)
{
	if (strncmp(t->name, "fail", 4) == 0)
		return pattern != NULL && strcmp(pattern, t->name) == 0;
	return pattern == NULL || strstr(t->name, pattern) != NULL;
}

/*
 * All of them.
 */
void
ktest_want(const char *which)
{
	wanted = true;
	pattern = which;
}

void
ktest_main(void)
{
	unsigned passed = 0, failed = 0;

	if (!wanted)
		return;
	for (const struct ktest *t = ktest_table; t < ktest_table_end; t++) {
		if (!is_wanted(t))
			continue;
		if (run_test(t))
			passed++;
		else
			failed++;
	}
	vm_check_all();
	kprintf("ktest: %u passed, %u failed\n", passed, failed);
	machine_poweroff(passed > 0 && failed == 0 ? 0 : 1);
}

/*
 * Can a test fail?  These do.
 */
KTEST(fail_expectation)
{
	KT_EXPECT(failures > 0);
}

KTEST(fail_leak)
{
	struct vm_page *m = vm_page_alloc_noobj(VM_ALLOC_NORMAL);

	KT_EXPECT(m != NULL);
}
