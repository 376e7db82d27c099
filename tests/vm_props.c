/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Properties of address spaces that belong to no single file: T1 the tree and its gaps, T19 maps that change and change back.
 *
 * T19 was about counters that wrap: a map's time stamp tells a thread that slept whether the map is as it was.  There is no such
 * counter here; whoever slept looks everything up again by address.  What is left of the property is what it was for: a mapping
 * that was replaced by one that looks the same, while a page was on its way, never gets the page of the old one.
 */
#include <string.h>

#include "kern/base/debug.h"
#include "tests/host/vm_test.h"

#define SLOTS 64u

static uint32_t rng;

static unsigned
any(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 17;
	rng ^= rng << 5;
	return (rng >> 4) % n;
}

/*
 * T1
 */

/* The outermost run of `n` free slots, SLOTS if there is none. */
static unsigned
outermost(const uint8_t *prot, unsigned n, bool top_down)
{
	unsigned found = SLOTS;

	for (unsigned at = 0; at + n <= SLOTS; at++) {
		unsigned i = 0;

		while (i < n && prot[at + i] == 0xff)
			i++;
		if (i == n && (found == SLOTS || top_down))
			found = at;
	}
	return found;
}

static void
check_space(struct vmspace *vm, const uint8_t *prot)
{
	unsigned n = 1 + any(8), entries = 0;
	bool top_down = any(2);
	vaddr_t at = 0;
	unsigned want = outermost(prot, n, top_down);

	vm_map_lock(&vm->map);
	assert_int_equal(
	    vm_map_findspace(&vm->map, P(0), P(SLOTS), ptoa(n), top_down, &at), want < SLOTS);
	if (want < SLOTS)
		assert_int_equal(at, P(want));
	for (unsigned i = 0; i < SLOTS; i++) {
		struct vm_map_entry *e = vm_map_lookup_entry(&vm->map, P(i), NULL);

		assert_int_equal(e != NULL, prot[i] != 0xff);
		if (e != NULL)
			assert_int_equal(e->protection, prot[i]);
		entries += e != NULL && e->start == P(i);
	}
	assert_int_equal(vm->map.nentries, entries);
	vm_map_check(&vm->map);
	vm_map_unlock(&vm->map);
}

/* Do lookup, the count of entries and the outermost gap agree with a plain array, whatever is mapped, unmapped and protected? */
static void
t1_map_agrees_with_an_array(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct vmspace *vm = space();
		uint8_t prot[SLOTS];

		rng = seed * 77777;
		memset(prot, 0xff, sizeof(prot));
		for (unsigned step = 0; step < 120; step++) {
			unsigned first = any(SLOTS), n = 1 + any(6), what = any(4);

			n = first + n > SLOTS ? SLOTS - first : n;
			if (what < 2) {
				map(vm, P(first), n, what == 0 ? R : RW, PRIV);
				memset(&prot[first], what == 0 ? R : RW, n);
			} else if (what == 2) {
				unmap(vm, P(first), n);
				memset(&prot[first], 0xff, n);
			} else {
				bool hole = memchr(&prot[first], 0xff, n) != NULL;
				int error = vm_mprotect(vm, P(first), ptoa(n), RX);

				assert_int_equal(error, hole ? ENOMEM : 0);
				for (unsigned i = 0; i < n && prot[first + i] != 0xff; i++)
					prot[first + i] = RX;
			}
			check_space(vm, prot);
		}
		vmspace_unref(vm);
	}
}

/* Do operations on the first and the last page of a space come to an end, and touch nothing else (C-4)? */
static void
t1_first_and_last_page(void **state)
{
	struct vmspace *vm = space();
	const vaddr_t ends[] = {VM_MIN_USER_ADDRESS, VM_MAX_USER_ADDRESS - PAGE_SIZE};
	vaddr_t at;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		map(vm, ends[i], 1, RW, PRIV);
		put(vm, ends[i], 7);
		protect(vm, ends[i], 1, R);
		STORE_FAILS(vm, ends[i], EACCES);
		inherit(vm, ends[i], 1, VM_INHERIT_ZERO);
		SEES(vm, ends[i], 7);
	}
	ENTRIES(vm, 2);
	assert_int_equal(vm_mprotect(vm, ends[1], 2 * PAGE_SIZE, RW), ENOMEM);
	vm_map_lock(&vm->map);
	assert_true(vm_map_findspace(&vm->map, vm->map.min, vm->map.max,
	    vm->map.max - vm->map.min - 2 * PAGE_SIZE, true, &at));
	assert_int_equal(at, VM_MIN_USER_ADDRESS + PAGE_SIZE);
	assert_false(vm_map_findspace(
	    &vm->map, vm->map.min, vm->map.max, vm->map.max - vm->map.min - PAGE_SIZE, false, &at));
	vm_map_unlock(&vm->map);
	unmap(vm, ends[0], 1);
	unmap(vm, ends[1], 1);
	ENTRIES(vm, 0);
	vmspace_unref(vm);
}

/*
 * T19
 */
struct change {
	struct vmspace *vm;
	struct host_file *other;
};

static void
replace_by_anonymous(void *arg)
{
	struct change *c = arg;

	unmap(c->vm, P(0), 4);
	map(c->vm, P(0), 4, RW, PRIV);
}

static void
replace_by_another_file(void *arg)
{
	struct change *c = arg;

	unmap(c->vm, P(0), 4);
	map_file(c->vm, P(0), 4, RW, MAP_PRIVATE, c->other, 0);
}

static void
protect_and_back(void *arg)
{
	struct change *c = arg;

	protect(c->vm, P(0), 4, PROT_NONE);
	protect(c->vm, P(0), 4, RW);
}

static void
unmap_and_back_elsewhere(void *arg)
{
	struct change *c = arg;

	unmap(c->vm, P(0), 4);
	map_file(c->vm, P(0), 4, RW, MAP_PRIVATE, c->other, 3);
}

/* A page is being read; meanwhile the mapping is changed into one that looks the same.  Whose page does the program see? */
static void
t19_changed_and_changed_back(void **state)
{
	struct host_file *file = host_file_create(8), *other = host_file_create(8);
	const struct {
		void (*change)(void *arg);
		int byte; /* what is seen then; -1: that of the first file */
	} cases[] = {
	    {replace_by_anonymous, 0},
	    {replace_by_another_file, host_file_byte(other, 1)},
	    {protect_and_back, -1},
	    {unmap_and_back_elsewhere, host_file_byte(other, 4)},
	};

	(void)state;
	for (unsigned i = 0; i < NELEM(cases); i++) {
		struct vmspace *vm = space();
		struct change change = {vm, other};

		map_file(vm, P(0), 4, RW, MAP_PRIVATE, file, 0);
		host_file_on_read(file, cases[i].change, &change);
		SEES(vm, P(1), cases[i].byte >= 0 ? cases[i].byte : host_file_byte(file, 1));
		put(vm, P(1), 200);
		SEES(vm, P(1), 200);
		vmspace_unref(vm);
	}
	assert_int_equal(host_file_peek(file, 1), host_file_byte(file, 1));
	assert_int_equal(host_file_peek(other, 1), host_file_byte(other, 1));
	host_file_destroy(file);
	host_file_destroy(other);
}

/* The same for a writer: does the store go where the address leads when it is done? */
static void
t19_store_goes_to_the_new_mapping(void **state)
{
	struct host_file *file = host_file_create(8), *other = host_file_create(8);
	struct vmspace *vm = space();
	struct change change = {vm, other};

	(void)state;
	map_file(vm, P(0), 4, RW, MAP_SHARED, file, 0);
	host_file_on_read(file, replace_by_anonymous, &change);
	put(vm, P(2), 99);
	SEES(vm, P(2), 99);
	assert_int_equal(host_file_peek(file, 2), host_file_byte(file, 2));
	vmspace_unref(vm);
	host_file_destroy(file);
	host_file_destroy(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(t1_map_agrees_with_an_array),
	    HOST_TEST(t1_first_and_last_page),
	    HOST_TEST(t19_changed_and_changed_back),
	    HOST_TEST(t19_store_goes_to_the_new_mapping),
	};

	return run_host_tests(tests);
}
