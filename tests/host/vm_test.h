/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of vm have in common: one-line ways to make spaces and mappings and to say what a program sees.
 *
 * A test is a question; its name says it, with the word under test in front.  Before and after each, host_audit takes stock: a page, object,
 * zone item or mapping that is left over fails the test, and so does a broken invariant (vm_check_all).
 */
#ifndef HOST_VM_TEST_H
#define HOST_VM_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "tests/host/host.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"
#include "vm/vm_meter.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

/* Where tests map: page n of the test area. */
#define AREA   0x40000000ul
#define P(n)   (AREA + (vaddr_t)(n)*PAGE_SIZE)
#define PRIV   (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED)

#define R      PROT_READ
#define RW     (PROT_READ | PROT_WRITE)
#define RX     (PROT_READ | PROT_EXEC)
#define RWX    (PROT_READ | PROT_WRITE | PROT_EXEC)

/* main's last line. The environment variable TEST runs only the tests that match it (with * and ?). */
#define run_host_tests(tests)                                                                      \
	(cmocka_set_test_filter(getenv("TEST")), cmocka_run_group_tests(tests, NULL, NULL))

static inline struct vmspace *
space(void)
{
	struct vmspace *vm = vmspace_alloc();

	assert_non_null(vm);
	return vm;
}

/* mmap, with whatever flags; returns the errno. */
static inline int
try_map(struct vmspace *vm, vaddr_t at, size_t len, int prot, int flags, vaddr_t *got)
{
	struct vm_mmap_args args = {
	    .addr = at, .len = len, .prot = prot, .flags = flags, .max_prot = VM_PROT_ALL};

	return vm_mmap(vm, &args, got);
}

/* Anonymous memory at `at`. */
static inline void
map(struct vmspace *vm, vaddr_t at, unsigned pages, int prot, int flags)
{
	vaddr_t got = 0;

	assert_int_equal(try_map(vm, at, pages * PAGE_SIZE, prot, flags, &got), 0);
	assert_int_equal(got, at);
}

static inline void
map_file(struct vmspace *vm, vaddr_t at, unsigned pages, int prot, int sharing, struct host_file *f,
    unsigned from)
{
	struct vm_mmap_args args = {.addr = at,
	    .len = pages * PAGE_SIZE,
	    .prot = prot,
	    .flags = sharing | MAP_FIXED,
	    .object = host_file_object(f),
	    .offset = from * PAGE_SIZE,
	    .max_prot = VM_PROT_ALL};
	vaddr_t got;

	assert_int_equal(vm_mmap(vm, &args, &got), 0);
	assert_int_equal(got, at);
}

static inline void
unmap(struct vmspace *vm, vaddr_t at, unsigned pages)
{
	assert_int_equal(vm_munmap(vm, at, pages * PAGE_SIZE), 0);
}

static inline void
protect(struct vmspace *vm, vaddr_t at, unsigned pages, int prot)
{
	assert_int_equal(vm_mprotect(vm, at, pages * PAGE_SIZE, prot), 0);
}

static inline void
inherit(struct vmspace *vm, vaddr_t at, unsigned pages, vm_inherit_t how)
{
	assert_int_equal(vm_minherit(vm, at, pages * PAGE_SIZE, how), 0);
}

static inline struct vmspace *
fork_of(struct vmspace *vm)
{
	struct vmspace *child;

	assert_int_equal(vmspace_fork(vm, &child), 0);
	return child;
}

static inline void
put(struct vmspace *vm, vaddr_t va, uint8_t value)
{
	assert_int_equal(host_store(vm, va, value), 0);
}

static inline uint8_t
get(struct vmspace *vm, vaddr_t va)
{
	uint8_t value = 0;

	assert_int_equal(host_load(vm, va, &value), 0);
	return value;
}

#define SEES(vm, va, value)        assert_int_equal(get(vm, va), value)
#define LOAD_FAILS(vm, va, error)  assert_int_equal(host_load(vm, va, &(uint8_t){0}), error)
#define STORE_FAILS(vm, va, error) assert_int_equal(host_store(vm, va, 1), error)
#define ENTRIES(vm, n)             assert_int_equal((vm)->map.nentries, n)
#define COUNTS(counter, n, statement)                                                              \
	do {                                                                                       \
		uint64_t counted_ = vm_meter_read(counter);                                        \
		statement;                                                                         \
		assert_int_equal(vm_meter_read(counter) - counted_, n);                            \
	} while (0)

static inline struct vm_map_entry *
entry(struct vmspace *vm, vaddr_t va)
{
	struct vm_map_entry *e;

	vm_map_lock_read(&vm->map);
	e = vm_map_lookup_entry(&vm->map, va, NULL);
	vm_map_unlock_read(&vm->map);
	return e;
}

#endif
