/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vm prints of itself, for the debugger and for panics: is everything there that one looks for?
 */
#include <stdio.h>
#include <string.h>

#include "kern/base/debug.h"
#include "tests/host/vm_test.h"
#include "vm/vm_madvise.h"

static char *text;
static size_t size;

static void
capture(void)
{
	host_console = open_memstream(&text, &size);
	assert_non_null(host_console);
}

static void
captured(void)
{
	fclose(host_console);
	host_console = NULL;
}

#define SAYS(what)                                                                                 \
	do {                                                                                       \
		if (strstr(text, what) == NULL)                                                    \
			fail_msg("no \"%s\" in: %s", what, text);                                  \
	} while (0)

/* A map: its entries, their flags, advice and chains, submaps, who has it locked, and no more than fits on a screen? */
static void
print_map_says_what_an_entry_is(void **state)
{
	struct vmspace *p = space(), *c;

	(void)state;
	map(p, P(0), 2, RW, PRIV);
	put(p, P(0), 1);
	map(p, P(8), 1, R, SHARED);
	map(p, P(16), 1, RX, PRIV);
	assert_int_equal(vm_madvise(p, P(16), PAGE_SIZE, MADV_SEQUENTIAL), 0);
	inherit(p, P(16), 1, VM_INHERIT_ZERO);
	c = fork_of(p);
	put(c, P(0), 2);
	for (unsigned i = 0; i < 80; i++)
		map(c, P(100 + 2 * i), 1, R, PRIV);
	capture();
	vm_map_lock(&c->map);
	vm_map_print(&c->map);
	vm_map_unlock(&c->map);
	vm_map_lock_read(&p->map);
	vm_map_print(&p->map);
	vmspace_print(p);
	vm_map_unlock_read(&p->map);
	vm_map_print(kernel_map);
	captured();
	SAYS("cow");
	SAYS("needs-copy");
	SAYS("zero");
	SAYS("shared");
	SAYS("advice");
	SAYS("locked exclusively");
	SAYS("share-locked");
	SAYS("exec");
	SAYS("... and more");
	SAYS("resident");
	free(text);
	vmspace_unref(c);
	vmspace_unref(p);
}

static void
print_zone(const struct zone *z, void *arg)
{
	(void)arg;
	zone_print(z);
}

/* Objects with their pages and what is behind them, pages, zones? */
static void
print_object_and_page(void **state)
{
	struct vmspace *p = space(), *c;
	struct host_file *f = host_file_create(4);
	struct vm_object *o;
	struct vm_page *m;

	(void)state;
	map(p, P(0), 40, RW, PRIV);
	for (unsigned i = 0; i < 40; i++)
		put(p, P(i), 1);
	map_file(p, P(50), 4, RW, MAP_PRIVATE, f, 0);
	SEES(p, P(51), host_file_byte(f, 1));
	c = fork_of(p);
	put(c, P(0), 2);
	put(c, P(51), 3);
	o = entry(c, P(0))->u.object;
	assert_int_equal(vm_fault_hold(&c->map, P(0), VM_PROT_READ, &m), 0);
	capture();
	vm_object_print(o);
	vm_object_print(o->backing);
	vm_object_print(entry(c, P(51))->u.object);
	vm_page_print(m);
	zone_foreach(print_zone, NULL);
	captured();
	SAYS("anon");
	SAYS("vnode");
	SAYS("vm_map_entry");
	free(text);
	vm_page_unwire(m, PQ_ACTIVE);
	vmspace_unref(c);
	vmspace_unref(p);
	host_file_destroy(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(print_map_says_what_an_entry_is),
	    HOST_TEST(print_object_and_page),
	};

	return run_host_tests(tests);
}
