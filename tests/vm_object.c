/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects: shadow chains, collapse, bypass, coalesce, and what busy pages and other threads do to them.
 */
#include <string.h>

#include "tests/host/vm_test.h"

/* A page with this byte in it. */
static void
fill(struct vm_object *o, pindex_t i, uint8_t byte)
{
	struct vm_page *m;

	mutex_lock(&o->lock);
	m = vm_page_alloc(o, i, VM_ALLOC_NORMAL);
	assert_non_null(m);
	memset(vm_page_kva(m), byte, PAGE_SIZE);
	m->valid = 1;
	vm_page_xunbusy(m);
	mutex_unlock(&o->lock);
}

static struct vm_page *
page_at(struct vm_object *o, pindex_t i)
{
	struct vm_page *m;

	mutex_lock(&o->lock);
	m = vm_page_lookup(o, i);
	mutex_unlock(&o->lock);
	return m;
}

static int
byte_at(struct vm_object *o, pindex_t i)
{
	struct vm_page *m = page_at(o, i);

	return m == NULL ? -1 : *(uint8_t *)vm_page_kva(m);
}

static struct vm_object *
anon(pindex_t size)
{
	struct vm_object *o = vm_object_alloc_anon(size);

	assert_non_null(o);
	return o;
}

/* A shadow of `size` pages over b from `off` on; takes over a reference to b. */
static struct vm_object *
shadow_of(struct vm_object *b, pindex_t off, pindex_t size)
{
	struct vm_object *s = anon(size);

	vm_object_shadow(s, b, off);
	return s;
}

static void
collapse(struct vm_object *o)
{
	mutex_lock(&o->lock);
	vm_object_collapse(o);
	mutex_unlock(&o->lock);
}

/* Does the last reference free the pages and all that only this object kept alive, however long the chain? */
static void
object_unref_ends_a_long_chain(void **state)
{
	struct vm_object *o = anon(4);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		fill(o, i % 4, 1);
		o = shadow_of(o, 0, 4);
	}
	assert_int_equal(vm_object_depth(o), 100);
	vm_object_unref(o);
}

/* Collapse: do the hidden pages go, the others move up, those out of the window go, at the right indices? */
static void
collapse_moves_what_is_not_hidden(void **state)
{
	struct vm_object *b = anon(8), *s;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		fill(b, i, (uint8_t)(10 + i));
	s = shadow_of(b, 2, 4);
	fill(s, 1, 99);
	COUNTS(VMC_COLLAPSES, 1, collapse(s));
	assert_null(s->backing);
	assert_int_equal(s->resident, 4);
	assert_int_equal(byte_at(s, 0), 12);
	assert_int_equal(byte_at(s, 1), 99);
	assert_int_equal(byte_at(s, 2), 14);
	assert_int_equal(byte_at(s, 3), 15);
	vm_object_unref(s);
}

/* Are the offsets of both links added when the middle of a chain goes? */
static void
collapse_adds_the_offsets(void **state)
{
	struct vm_object *x = anon(16), *b, *s;

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		fill(x, i, (uint8_t)i);
	vm_object_ref(x); /* somebody else needs it: it stays */
	b = shadow_of(x, 3, 10);
	fill(b, 5, 55);
	s = shadow_of(b, 2, 6);
	collapse(s);
	assert_ptr_equal(s->backing, x);
	assert_int_equal(s->backing_off, 5);
	assert_int_equal(byte_at(s, 3), 55);
	assert_int_equal(x->shadow_count, 1);
	vm_object_unref(s);
	vm_object_unref(x);
}

/* A backing object that others use too, and whose pages the shadow all hides: is it stepped over, and left whole? */
static void
bypass_steps_over_what_is_hidden(void **state)
{
	struct vm_object *x = anon(4), *b, *s;

	(void)state;
	fill(x, 3, 3);
	vm_object_ref(x);
	b = shadow_of(x, 0, 4);
	fill(b, 1, 1);
	vm_object_ref(b);
	s = shadow_of(b, 0, 4);
	collapse(s);
	assert_ptr_equal(s->backing, b); /* page 1 shows through: no */
	fill(s, 1, 2);
	COUNTS(VMC_BYPASSES, 1, collapse(s));
	assert_ptr_equal(s->backing, x);
	assert_int_equal(byte_at(b, 1), 1);
	assert_int_equal(b->refs, 1);
	vm_object_unref(s);
	vm_object_unref(b);
	vm_object_unref(x);
}

/* Does a page outside the shadow's window stand in the way of a bypass?  It must not. */
static void
bypass_ignores_pages_outside_the_window(void **state)
{
	struct vm_object *b = anon(8), *s;

	(void)state;
	fill(b, 0, 1);
	fill(b, 7, 1);
	vm_object_ref(b);
	s = shadow_of(b, 2, 4);
	collapse(s);
	assert_null(s->backing);
	vm_object_unref(s);
	vm_object_unref(b);
}

/* A busy page of the shadow may turn out to be nothing: is it taken for hiding?  It must not. */
static void
bypass_does_not_trust_a_busy_page(void **state)
{
	struct vm_object *b = anon(2), *s;
	struct vm_page *m;

	(void)state;
	fill(b, 0, 1);
	vm_object_ref(b);
	s = shadow_of(b, 0, 2);
	mutex_lock(&s->lock);
	m = vm_page_alloc(s, 0, VM_ALLOC_NORMAL);
	vm_object_collapse(s);
	assert_ptr_equal(s->backing, b);
	vm_page_free(m);
	mutex_unlock(&s->lock);
	vm_object_unref(s);
	vm_object_unref(b);
}

/* Is a chain merged at the moment its other user lets go? */
static void
unref_merges_the_last_shadow(void **state)
{
	struct vm_object *b = anon(4), *s;

	(void)state;
	fill(b, 0, 1);
	vm_object_ref(b);
	s = shadow_of(b, 0, 4);
	assert_int_equal(vm_object_depth(s), 1);
	vm_object_unref(b);
	assert_int_equal(vm_object_depth(s), 0);
	assert_int_equal(byte_at(s, 0), 1);
	vm_object_unref(s);
}

/*
 * With other threads.
 */
struct busy_owner {
	struct vm_object *o;
	struct vm_page *m;
};

static void
busy_for_a_while(void *arg)
{
	struct busy_owner *b = arg;

	mutex_lock(&b->o->lock);
	b->m = vm_page_lookup(b->o, 0);
	assert_true(vm_page_tryxbusy(b->m));
	mutex_unlock(&b->o->lock);
	host_yield();
	vm_page_xunbusy(b->m);
}

/* A page of the backing object is busy: does the merge wait, and lose nothing? */
static void
collapse_waits_for_a_busy_page_below(void **state)
{
	struct vm_object *b = anon(2), *s;
	struct busy_owner owner = {b, NULL};

	(void)state;
	fill(b, 0, 1);
	fill(b, 1, 2);
	s = shadow_of(b, 0, 2);
	host_spawn(busy_for_a_while, &owner);
	host_yield();
	assert_true(vm_page_busied(owner.m));
	collapse(s);
	assert_int_equal(vm_object_depth(s), 0);
	assert_int_equal(byte_at(s, 0), 1);
	host_join_all();
	vm_object_unref(s);
}

/* A page of the shadow itself is busy, over a page of the backing object. */
static void
collapse_waits_for_a_busy_page_above(void **state)
{
	struct vm_object *b = anon(2), *s;
	struct busy_owner owner;

	(void)state;
	fill(b, 0, 1);
	s = shadow_of(b, 0, 2);
	fill(s, 0, 9);
	owner.o = s;
	host_spawn(busy_for_a_while, &owner);
	host_yield();
	collapse(s);
	assert_int_equal(vm_object_depth(s), 0);
	assert_int_equal(byte_at(s, 0), 9);
	host_join_all();
	vm_object_unref(s);
}

static void
collapse_it(void *arg)
{
	collapse(arg);
}

/* While a merge sleeps, another thread faults through the chain: does it wait, and see the right byte? */
static void
fault_waits_for_a_merge(void **state)
{
	struct vmspace *p = space(), *c;
	struct vm_object *s;
	struct vm_page *m;

	(void)state;
	map(p, P(0), 2, RW, PRIV);
	put(p, P(0), 1);
	put(p, P(1), 2);
	c = fork_of(p);
	put(c, P(0), 3);
	s = entry(c, P(0))->u.object;
	m = page_at(s->backing, 1);
	assert_true(vm_page_tryxbusy(m)); /* the child's page 1 is below */
	vm_object_ref(s);
	host_spawn(
	    (void (*)(void *))vmspace_unref, p); /* leaves one shadow: starts to merge, sleeps */
	host_yield();
	assert_true(s->flags & OBJ_COLLAPSING);
	curthread()->busy_pages--;  /* as if another thread owned it */
	host_spawn(collapse_it, s); /* does nothing: somebody is at it */
	host_yield();
	curthread()->busy_pages++;
	vm_page_xunbusy(m);
	SEES(c, P(1), 2);
	SEES(c, P(0), 3);
	host_join_all();
	assert_int_equal(vm_object_depth(s), 0);
	vm_object_unref(s);
	vmspace_unref(c);
}

/*
 * Coalesce.
 */
static void
coalesce_grows_an_object_with_one_user(void **state)
{
	struct vm_object *o = anon(4);

	(void)state;
	assert_true(vm_object_coalesce(o, 0, 4, 4));
	assert_int_equal(o->size, 8);
	assert_true(vm_object_coalesce(NULL, 0, 1, 1));
	vm_object_unref(o);
}

/* Stale pages where the object is to grow: are they gone? */
static void
coalesce_frees_stale_pages(void **state)
{
	struct vm_object *o = anon(8);

	(void)state;
	fill(o, 5, 1);
	assert_true(vm_object_coalesce(o, 0, 4, 4));
	assert_int_equal(o->resident, 0);
	vm_object_unref(o);
}

/* Would the extension run into what somebody else sees?  Then no. */
static void
coalesce_refuses_what_others_see(void **state)
{
	struct vm_object *o = anon(8), *s;

	(void)state;
	fill(o, 5, 1);
	vm_object_ref(o);
	s = shadow_of(o, 0, 8);
	assert_false(vm_object_coalesce(o, 0, 4, 4));
	assert_int_equal(byte_at(o, 5), 1);
	vm_object_unref(s);
	vm_object_unref(o);
}

static void
coalesce_refuses_an_object_with_backing(void **state)
{
	struct vm_object *b = anon(8), *s;

	(void)state;
	fill(b, 0, 1);
	vm_object_ref(b);
	s = shadow_of(b, 0, 4);
	assert_false(vm_object_coalesce(s, 0, 4, 4));
	vm_object_unref(s);
	vm_object_unref(b);
}

/* Pages of a range, with busy ones: does page_remove wait for them? */
static void
page_remove_waits_for_busy_pages(void **state)
{
	struct vm_object *o = anon(4);
	struct busy_owner owner = {o, NULL};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		fill(o, i, (uint8_t)i);
	host_spawn(busy_for_a_while, &owner);
	host_yield();
	mutex_lock(&o->lock);
	vm_object_page_remove(o, 0, 3);
	assert_int_equal(o->resident, 1);
	mutex_unlock(&o->lock);
	assert_int_equal(byte_at(o, 3), 3);
	host_join_all();
	vm_object_unref(o);
}

/* A wired page of an object that ends: is it disowned only, and freed by the last unwire? */
static void
wired_page_outlives_its_object(void **state)
{
	struct vm_object *o = anon(1);
	struct vm_page *m;
	uint64_t before = vm_page_free_count();

	(void)state;
	fill(o, 0, 7);
	m = page_at(o, 0);
	vm_page_wire(m);
	vm_object_unref(o);
	assert_null(m->object);
	assert_int_equal(*(uint8_t *)vm_page_kva(m), 7);
	assert_int_equal(vm_page_free_count(), before - 1);
	vm_page_unwire(m, PQ_ACTIVE);
	assert_int_equal(vm_page_free_count(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOST_TEST(object_unref_ends_a_long_chain),
	    HOST_TEST(collapse_moves_what_is_not_hidden),
	    HOST_TEST(collapse_adds_the_offsets),
	    HOST_TEST(bypass_steps_over_what_is_hidden),
	    HOST_TEST(bypass_ignores_pages_outside_the_window),
	    HOST_TEST(bypass_does_not_trust_a_busy_page),
	    HOST_TEST(unref_merges_the_last_shadow),
	    HOST_TEST(collapse_waits_for_a_busy_page_below),
	    HOST_TEST(collapse_waits_for_a_busy_page_above),
	    HOST_TEST(fault_waits_for_a_merge),
	    HOST_TEST(coalesce_grows_an_object_with_one_user),
	    HOST_TEST(coalesce_frees_stale_pages),
	    HOST_TEST(coalesce_refuses_what_others_see),
	    HOST_TEST(coalesce_refuses_an_object_with_backing),
	    HOST_TEST(page_remove_waits_for_busy_pages),
	    HOST_TEST(wired_page_outlives_its_object),
	};

	return run_host_tests(tests);
}
