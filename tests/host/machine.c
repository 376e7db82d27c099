/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's machine: RAM, boot in the order of kern/main.c, allocations that fail on demand, and the audit around each test.
 *
 * RAM is one block; what is free in it is poisoned for the address sanitizer (shadow/vm/vm_poison.h).  Allocation functions are wrapped by the
 * linker (--wrap), so that vm/ needs no hook for failing them.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "tests/host/host.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_phys.h"
#include "vm/zone.h"

#define RAM_START  0x80000000ul
#define BOOT_PAGES 64u /* behind the pages: the machine's page tables */
#define ZONES_MAX  64

uint64_t host_dmap_base;
struct host_knobs host_knobs;

static unsigned fail_countdown;
static bool fail_all, failed;

static struct list hoard = LIST_INIT(hoard);

/* What there is when nothing is going on. */
struct stock {
	uint64_t pages; /* free, or slabs of zones */
	uint64_t objects, mappings;
	uint64_t in_use[ZONES_MAX];
	unsigned nzones;
};
static struct stock before;

void
host_boot(void)
{
	static bool booted;
	/* Three banks, so that frames are not where the page array would have them if there were one. */
	const struct phys_range ranges[] = {
	    {RAM_START + 2 * PAGE_SIZE, RAM_START + ptoa(64)},
	    {RAM_START + ptoa(80), RAM_START + ptoa(HOST_PAGES - 64)},
	    {RAM_START + ptoa(HOST_PAGES - 32), RAM_START + ptoa(HOST_PAGES)},
	};
	void *ram;

	if (booted)
		return;
	booted = true;
	ram = mmap((void *)host_ram_address, ptoa(HOST_PAGES + BOOT_PAGES), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	KASSERT(ram != MAP_FAILED && (host_ram_address == 0 || (uintptr_t)ram == host_ram_address));
	memset(ram, 0xa5, ptoa(HOST_PAGES));
	host_dmap_base = (uintptr_t)ram - RAM_START;
	host_machine_boot(
	    RAM_START, RAM_START + ptoa(HOST_PAGES), RAM_START + ptoa(HOST_PAGES + BOOT_PAGES));
	vm_page_startup(ranges, NELEM(ranges));
	zone_bootstrap();
	pmap_init();
	vm_object_init();
	vm_map_startup();
	km_init();
	vm_fault_init();
	vmspace_init();
}

/*
 * Failing allocations.
 */
void *__real_zone_alloc(struct zone *z, unsigned flags);
void *__wrap_zone_alloc(struct zone *z, unsigned flags);
struct vm_page *__real_vm_phys_alloc(unsigned flags);
struct vm_page *__wrap_vm_phys_alloc(unsigned flags);

void
host_fail_alloc(unsigned n, bool all)
{
	fail_countdown = n;
	fail_all = all;
	failed = false;
}

bool
host_alloc_failed(void)
{
	return failed;
}

bool
host_alloc_fails(void)
{
	if (host_chance(host_knobs.alloc_fails)) {
		failed = true;
		return true;
	}
	if (fail_countdown == 0 || --fail_countdown > 0)
		return false;
	if (fail_all)
		fail_countdown = 1;
	failed = true;
	return true;
}

void *
__wrap_zone_alloc(struct zone *z, unsigned flags)
{
	return host_alloc_fails() ? NULL : __real_zone_alloc(z, flags);
}

struct vm_page *
__wrap_vm_phys_alloc(unsigned flags)
{
	return host_alloc_fails() ? NULL : __real_vm_phys_alloc(flags);
}

/*
 * Little memory.
 */
void
host_hoard(uint64_t leave)
{
	uint64_t floor = vm_page_reserve() + leave;

	while (vm_page_free_count() > floor) {
		struct vm_page *m = vm_page_alloc_noobj(VM_ALLOC_NORMAL);

		if (m == NULL)
			return;
		list_push_back(&hoard, &m->queue_link);
	}
}

void
host_unhoard(void)
{
	struct list *l;

	while ((l = list_pop_front(&hoard)) != NULL)
		vm_page_free(LIST_ENTRY(l, struct vm_page, queue_link));
}

/*
 * The audit.
 */
static void
count_zone(const struct zone *z, void *arg)
{
	struct stock *s = arg;

	KASSERT(s->nzones < ZONES_MAX);
	s->in_use[s->nzones++] = zone_in_use(z);
}

static void
take_stock(struct stock *s)
{
	*s = (struct stock){.pages = 0};
	kstack_drain();
	zone_drain();
	s->pages = vm_page_free_count() + zone_page_count() + host_machine_pages();
	s->objects = vm_object_count();
	s->mappings = host_mapping_count();
	zone_foreach(count_zone, s);
}

struct difference {
	const struct stock *after;
	unsigned i;
};

static void
compare_zone(const struct zone *z, void *arg)
{
	struct difference *d = arg;

	if (d->after->in_use[d->i] != before.in_use[d->i])
		kprintf("zone %s: %lu items in use, were %lu\n", zone_name(z),
		    (unsigned long)d->after->in_use[d->i], (unsigned long)before.in_use[d->i]);
	d->i++;
}

void
host_audit_begin(void)
{
	host_boot();
	host_knobs = (struct host_knobs){.seed = 0};
	host_fail_alloc(0, false);
	take_stock(&before);
}

void
host_audit_end(void)
{
	struct stock after;
	struct difference d = {&after, 0};

	host_fail_alloc(0, false);
	host_knobs = (struct host_knobs){.seed = 0};
	host_unhoard();
	lock_assert_none();
	KASSERT(curthread()->busy_pages == 0 && curthread()->spins.n == 0 &&
	    curthread()->wchan == NULL);
	KASSERT(host_alone());
	vm_check_all();
	host_machine_check();
	take_stock(&after);
	if (memcmp(&before, &after, sizeof(before)) != 0) {
		zone_foreach(compare_zone, &d);
		panic("left behind: %ld pages, %ld objects, %ld mappings",
		    (long)(before.pages - after.pages), (long)(after.objects - before.objects),
		    (long)(after.mappings - before.mappings));
	}
}

int
host_setup(void **state)
{
	(void)state;
	host_audit_begin();
	return 0;
}

int
host_teardown(void **state)
{
	jmp_buf jump;

	(void)state;
	host_panic_jump = &jump;
	if (setjmp(jump) == 0) {
		host_audit_end();
		host_panic_jump = NULL;
		return 0;
	}
	/* A test that failed leaves things behind; say so and let cmocka tell what it had to say. */
	host_panic_jump = NULL;
	fprintf(stderr, "audit: %s\n", host_panic_text);
	return -1;
}

bool
host_panics(void (*fn)(void), const char *text)
{
	jmp_buf jump;
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	KASSERT(pid >= 0);
	if (pid == 0) {
		host_panic_jump = &jump;
		if (setjmp(jump) == 0) {
			fn();
			_exit(1);
		}
		if (strstr(host_panic_text, text) != NULL)
			_exit(0);
		fprintf(stderr, "panic: %s (expected: %s)\n", host_panic_text, text);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
