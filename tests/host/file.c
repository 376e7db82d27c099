/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file system of the smallest kind: each file an array with one byte for each page, a pager in front of it.
 *
 * A page is filled with its byte, and read back whole: bytes that differ within a page are a bug of the test or of vm.  What a mapping stored comes
 * back to the array when the last reference to the object goes, if and only if the page is known to be dirty; so a lost modified bit
 * is a lost store.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "tests/host/host.h"
#include "vm/pmap.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"

struct host_file {
	unsigned pages;
	struct vm_object *object; /* NULL: nobody refers to it */
	unsigned fail_countdown;
	int fail_error;
	void (*on_read)(void *arg);
	void *on_read_arg;
	uint8_t seed;
	uint8_t byte[]; /* of each page */
};

uint8_t
host_file_byte(const struct host_file *f, pindex_t index)
{
	return (uint8_t)(f->seed + index * 7 + 1);
}

struct host_file *
host_file_create(unsigned pages)
{
	static uint8_t seed;
	struct host_file *f = calloc(1, sizeof(*f) + pages);

	KASSERT(f != NULL);
	f->pages = pages;
	f->seed = seed += 31;
	for (unsigned i = 0; i < pages; i++)
		f->byte[i] = host_file_byte(f, i);
	return f;
}

void
host_file_destroy(struct host_file *f)
{
	KASSERT(f->object == NULL);
	free(f);
}

void
host_file_fail(struct host_file *f, unsigned n, int error)
{
	f->fail_countdown = n;
	f->fail_error = error;
}

void
host_file_on_read(struct host_file *f, void (*fn)(void *arg), void *arg)
{
	f->on_read = fn;
	f->on_read_arg = arg;
}

/*
 * The pager.
 */
static bool
file_has(struct vm_object *o, pindex_t pindex, unsigned *before, unsigned *after)
{
	struct host_file *f = o->handle;

	KASSERT(mutex_owned(&o->lock));
	*before = *after = 0;
	return pindex < f->pages;
}

static void
fill(struct host_file *f, struct vm_page *m)
{
	memset(vm_page_kva(m), f->byte[m->pindex], PAGE_SIZE);
	m->valid = 1;
}

/* Bring in a neighbour if that is easy. */
static void
fill_neighbour(struct vm_object *o, pindex_t pindex)
{
	struct host_file *f = o->handle;
	struct vm_page *m;

	mutex_lock(&o->lock);
	if (pindex < f->pages && vm_page_lookup(o, pindex) == NULL &&
	    !(o->flags & (OBJ_SPLIT | OBJ_COLLAPSING))) {
		m = vm_page_alloc(o, pindex, VM_ALLOC_NORMAL);
		if (m != NULL) {
			fill(f, m);
			vm_page_xunbusy(m);
		}
	}
	mutex_unlock(&o->lock);
}

static int
file_get(struct vm_object *o, struct vm_page *m, unsigned behind, unsigned ahead)
{
	struct host_file *f = o->handle;
	void (*on_read)(void *) = f->on_read;

	lock_assert_none();
	KASSERT(vm_page_xbusied(m) && m->object == o && o->pip > 0 && curthread()->busy_pages == 1);
	f->on_read = NULL;
	if (on_read != NULL) {
		curthread()->busy_pages--; /* on_read plays other threads */
		on_read(f->on_read_arg);
		curthread()->busy_pages++;
	}
	host_point();
	if (m->pindex >= f->pages)
		return EINVAL;
	if (f->fail_countdown > 0 && --f->fail_countdown == 0)
		return f->fail_error;
	fill(f, m);
	if (behind > 0 && m->pindex > 0)
		fill_neighbour(o, m->pindex - 1);
	if (ahead > 0)
		fill_neighbour(o, m->pindex + 1);
	return 0;
}

/* Every byte of a page is the same, and this one. */
static uint8_t
page_byte(const struct vm_page *m)
{
	return *(const uint8_t *)vm_page_kva(m);
}

/* What is dirty goes to the array; nobody writes to a page meanwhile. */
static int
file_clean(struct vm_object *o, pindex_t first, pindex_t n)
{
	struct host_file *f = o->handle;

	lock_assert_none();
	mutex_lock(&o->lock);
	for (struct vm_page *m = vm_page_find_least(o, first); m != NULL && m->pindex - first < n;
	     m = vm_page_next(m)) {
		if ((!m->dirty && !pmap_is_modified(m)) || !vm_page_trysbusy(m))
			continue;
		pmap_remove_write(m);
		f->byte[m->pindex] = page_byte(m);
		vm_page_undirty(m);
		vm_page_sunbusy(m);
	}
	mutex_unlock(&o->lock);
	return 0;
}

static void
file_drop(struct vm_object *o)
{
	struct host_file *f = o->handle;

	lock_assert_none();
	mutex_lock(&o->lock);
	for (struct vm_page *m = vm_page_find_least(o, 0); m != NULL; m = vm_page_next(m)) {
		KASSERT(m->valid && !vm_page_busied(m));
		if (m->dirty || pmap_is_modified(m))
			f->byte[m->pindex] = page_byte(m);
	}
	mutex_unlock(&o->lock);
	f->object = NULL;
	vm_object_destroy(o);
}

static const struct vm_pager_ops file_pager = {
    .name = "host file", .has = file_has, .get = file_get, .clean = file_clean, .drop = file_drop};

struct vm_object *
host_file_object(struct host_file *f)
{
	if (f->object == NULL)
		f->object = vm_object_alloc(OBJ_VNODE, f->pages, &file_pager, f);
	else
		vm_object_ref(f->object);
	return f->object;
}

uint8_t
host_file_peek(struct host_file *f, pindex_t index)
{
	struct vm_page *m = NULL;
	uint8_t byte;

	if (f->object != NULL) {
		mutex_lock(&f->object->lock);
		m = vm_page_lookup(f->object, index);
		byte = m != NULL ? page_byte(m) : 0;
		mutex_unlock(&f->object->lock);
	}
	return m != NULL ? byte : f->byte[index];
}
