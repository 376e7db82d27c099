/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects: birth, references, pins, the end, and the check of what must always hold.
 *
 * Chains of objects and the dropping of references, which may merge them, are in
 * vm_object_collapse.c; what is done to ranges of pages is in vm_object_pages.c.
 *
 * Locks: each function needs the object's own; the list of all objects has a spin lock.
 *
 * Rejected: counting references with atomics outside the lock (one more state for each reader of
 * the count to think about).
 */
#include "vm/vm_object.h"

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "vm/vm_object_fixed.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

static struct zone *object_zone;
static struct spinlock all_lock = SPINLOCK_INIT("objects", RANK_ZONE + 1);
static struct list all_objects =
    LIST_INIT(all_objects); /* all_lock: appended to, never removed from */

static void
object_init_once(void *item)
{
	struct vm_object *o = item;

	mutex_init(&o->lock, "vm_object", RANK_OBJECT);
	o->type = OBJ_DEAD;
	o->refs = 0;
	spin_lock(&all_lock);
	list_push_back(&all_objects, &o->all_link);
	spin_unlock(&all_lock);
}

void
vm_object_init(void)
{
	object_zone =
	    zone_create("vm_object", sizeof(struct vm_object), ZONE_NOFREE, object_init_once);
	vm_object_fixed_init();
}

struct vm_object *
vm_object_alloc(
    enum vm_object_type type, pindex_t size, const struct vm_pager_ops *pager, void *handle)
{
	struct vm_object *o = zone_alloc(object_zone, 0);

	if (o == NULL)
		return NULL;
	/* Locked because somebody may be trying a stale pointer to what this was. */
	mutex_lock(&o->lock);
	KASSERT(o->refs == 0 && o->type == OBJ_DEAD);
	o->pages.root = NULL;
	o->resident = 0;
	o->size = size;
	o->flags = type == OBJ_ANON ? OBJ_ONEMAPPING : 0;
	o->depth = 0;
	o->refs = 1;
	o->pip = 0;
	o->shadow_count = 0;
	list_init(&o->shadows);
	list_init(&o->shadow_link);
	o->backing = NULL;
	o->backing_off = 0;
	o->pager = pager;
	o->handle = handle;
	o->type = type;
	mutex_unlock(&o->lock);
	return o;
}

struct vm_object *
vm_object_alloc_anon(pindex_t size)
{
	return vm_object_alloc(OBJ_ANON, size, NULL, NULL);
}

void
vm_object_ref_locked(struct vm_object *o)
{
	KASSERT(mutex_owned(&o->lock) && o->type != OBJ_DEAD);
	o->refs++;
}

void
vm_object_ref(struct vm_object *o)
{
	mutex_lock(&o->lock);
	vm_object_ref_locked(o);
	mutex_unlock(&o->lock);
}

void
vm_object_pip_add(struct vm_object *o)
{
	KASSERT(mutex_owned(&o->lock) && o->type != OBJ_DEAD);
	o->pip++;
}

void
vm_object_pip_done(struct vm_object *o)
{
	KASSERT(mutex_owned(&o->lock) && o->pip > 0);
	if (--o->pip == 0)
		wakeup(&o->pip);
}

void
vm_object_wait_change(struct vm_object *o, const char *why)
{
	KASSERT(mutex_owned(&o->lock));
	sleep_prepare(&o->pip, why);
	mutex_unlock(&o->lock);
	sleep_wait(0, NO_DEADLINE);
}

void
vm_object_bury(struct vm_object *b)
{
	KASSERT(b->refs == 0 && b->resident == 0 && b->shadow_count == 0 && b->backing == NULL);
	b->type = OBJ_DEAD;
	b->flags = OBJ_GONE;
	mutex_unlock(&b->lock);
	zone_free(object_zone, b);
}

/*
 * Checking.
 */

void
vm_object_foreach(void (*fn)(struct vm_object *, void *), void *arg)
{
	struct list *at = &all_objects;

	for (;;) {
		struct vm_object *o;

		spin_lock(&all_lock);
		at = at->next;
		spin_unlock(&all_lock);
		if (at == &all_objects)
			return;
		o = LIST_ENTRY(at, struct vm_object, all_link);
		mutex_lock(&o->lock);
		if (o->type != OBJ_DEAD)
			fn(o, arg);
		mutex_unlock(&o->lock);
	}
}

static void
count_one(struct vm_object *o, void *arg)
{
	(void)o;
	++*(uint64_t *)arg;
}

uint64_t
vm_object_count(void)
{
	uint64_t n = 0;

	vm_object_foreach(count_one, &n);
	return n;
}

static void
check_pages(struct vm_object *o) REQUIRES(o->lock)
{
	pindex_t n = 0;

	KASSERT(tree_check(&o->pages));
	for (struct vm_page *m = vm_page_find_least(o, 0); m != NULL; m = vm_page_next(m), n++) {
		KASSERT(m->object == o);
		/* Of a file that was cut pages may be left that were wired. */
		KASSERT(m->pindex < o->size || vm_page_busied(m) || vm_page_wired(m) ||
		    o->pager != NULL);
		KASSERT(m->valid || vm_page_busied(m));
	}
	KASSERT(n == o->resident);
}

static void
check_one(struct vm_object *o, void *arg) NO_LOCK_ANALYSIS
{
	int shadows = 0;

	(void)arg;
	check_pages(o);
	LIST_FOREACH(at, &o->shadows) {
		KASSERT(LIST_ENTRY(at, struct vm_object, shadow_link)->backing == o);
		shadows++;
	}
	KASSERT(shadows == o->shadow_count && o->refs >= o->shadow_count);
	KASSERT(o->shadow_count == 0 || (o->flags & OBJ_ONEMAPPING) == 0);
	KASSERT(o->backing == NULL || (o->type == OBJ_ANON && o->backing != o));
}

void
vm_object_check_all(void)
{
	vm_object_foreach(check_one, NULL);
}
