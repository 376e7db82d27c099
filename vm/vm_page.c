/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages: identity (object, pindex), the busy word, the reference word, the page queues.  Frames themselves are vm_phys.c's.
 *
 *      busy:   0                        anybody with the object lock
 *              BUSY_EXCL                one thread owns the page
 *              n * BUSY_SHARED          n threads read it
 *              ... | BUSY_WAITERS       somebody sleeps on the page's address: wake when the word goes to 0
 *
 *      ref:    [ REF_OWNED | wirings ]  REF_OWNED from insertion into an object until vm_page_free; the step that makes the word 0, whichever
 *                                       thread makes it, returns the frame
 *
 * Queues are lazy: wiring a page does not take its queue's lock, so a wired page may still sit on a queue until somebody looks at it.  A page
 * goes onto a queue while a wiring or its object still pins it, never after, or it could be queued while free.
 *
 * Locks: object, then one queue, then the free list.  m->queue changes only under the lock of the queue it names, before or after.
 */
#include "vm/vm_page.h"

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "vm/pmap.h"
#include "vm/vm_km.h"
#include "vm/vm_meter.h"
#include "vm/vm_phys.h"
#include "vm/zone.h"

#define BUSY_EXCL    1u
#define BUSY_WAITERS 2u
#define BUSY_SHARED  4u

#define REF_OWNED    0x80000000u

#define PAGE_WAIT_NS (20 * 1000 * 1000ull) /* memory may also come back in ways that wake nobody */
#define LOWMEM_WANT  64u                   /* pages asked back from caches at once */

_Static_assert(sizeof(struct vm_page) <= 96, "2.3% of RAM is for the page array");

struct pageq {
	struct spinlock lock;
	struct list pages; /* q  oldest first */
	uint64_t count;    /* q */
};

#define PAGEQ_INIT(q, name)                                                                        \
	{                                                                                          \
		SPINLOCK_INIT(name, RANK_PAGEQ), LIST_INIT((q).pages), 0                           \
	}

static struct pageq queues[PQ_COUNT] = {
    [PQ_INACTIVE] = PAGEQ_INIT(queues[PQ_INACTIVE], "inactive pages"),
    [PQ_ACTIVE] = PAGEQ_INIT(queues[PQ_ACTIVE], "active pages"),
    [PQ_LAUNDRY] = PAGEQ_INIT(queues[PQ_LAUNDRY], "laundry"),
};

uint64_t (*vm_lowmem_hook)(uint64_t want);

/*
 * Queues.
 */
static enum page_queue
page_queue(const struct vm_page *m)
{
	return (enum page_queue)__atomic_load_n(&m->queue, __ATOMIC_RELAXED);
}

void
vm_page_dequeue(struct vm_page *m)
{
	enum page_queue q;

	while ((q = page_queue(m)) != PQ_NONE) {
		spin_lock(&queues[q].lock);
		if (page_queue(m) == q) {
			list_remove(&m->queue_link);
			queues[q].count--;
			__atomic_store_n(&m->queue, PQ_NONE, __ATOMIC_RELEASE);
		}
		spin_unlock(&queues[q].lock);
	}
}

/* To the end of queue q.  If another thread queues it at the same time, one of the two wins. */
static void
requeue(struct vm_page *m, enum page_queue q)
{
	uint8_t none = PQ_NONE;

	vm_page_dequeue(m);
	spin_lock(&queues[q].lock);
	if (__atomic_compare_exchange_n(
		&m->queue, &none, (uint8_t)q, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		list_push_back(&queues[q].pages, &m->queue_link);
		queues[q].count++;
	}
	spin_unlock(&queues[q].lock);
}

void
vm_page_activate(struct vm_page *m)
{
	if (vm_page_wired(m))
		return;
	if (page_queue(m) == PQ_ACTIVE) {
		vm_page_reference(m);
		return;
	}
	if (page_queue(m) != PQ_NONE)
		vm_count(VMC_REACTIVATIONS);
	requeue(m, PQ_ACTIVE);
}

void
vm_page_deactivate(struct vm_page *m)
{
	if (!vm_page_wired(m))
		requeue(m, PQ_INACTIVE);
}

uint64_t
vm_page_queue_count(enum page_queue q)
{
	return __atomic_load_n(&queues[q].count, __ATOMIC_RELAXED);
}

/*
 * The busy word.
 */
bool
vm_page_tryxbusy(struct vm_page *m)
{
	uint32_t unbusied = 0;

	if (!__atomic_compare_exchange_n(
		&m->busy, &unbusied, BUSY_EXCL, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	curthread()->busy_pages++;
	return true;
}

bool
vm_page_trysbusy(struct vm_page *m)
{
	uint32_t busy = __atomic_load_n(&m->busy, __ATOMIC_RELAXED);

	do {
		if (busy & BUSY_EXCL)
			return false;
	} while (!__atomic_compare_exchange_n(
	    &m->busy, &busy, busy + BUSY_SHARED, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

/* Give exclusive busy up for `next` (0 or BUSY_SHARED). */
static void
leave_exclusive(struct vm_page *m, uint32_t next)
{
	uint32_t busy = __atomic_exchange_n(&m->busy, next, __ATOMIC_RELEASE);

	KASSERT(busy & BUSY_EXCL);
	curthread()->busy_pages--;
	if (busy & BUSY_WAITERS)
		wakeup(m);
}

void
vm_page_xunbusy(struct vm_page *m)
{
	leave_exclusive(m, 0);
}

void
vm_page_downgrade(struct vm_page *m)
{
	leave_exclusive(m, BUSY_SHARED);
}

void
vm_page_sunbusy(struct vm_page *m)
{
	uint32_t next, busy = __atomic_load_n(&m->busy, __ATOMIC_RELAXED);

	do {
		KASSERT(busy >= BUSY_SHARED && !(busy & BUSY_EXCL));
		next = busy - BUSY_SHARED;
		if (next < BUSY_SHARED)
			next = 0;
	} while (!__atomic_compare_exchange_n(
	    &m->busy, &busy, next, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	if (next == 0 && (busy & BUSY_WAITERS))
		wakeup(m);
}

bool
vm_page_xbusied(const struct vm_page *m)
{
	return __atomic_load_n(&m->busy, __ATOMIC_RELAXED) & BUSY_EXCL;
}

bool
vm_page_busied(const struct vm_page *m)
{
	return __atomic_load_n(&m->busy, __ATOMIC_RELAXED) != 0;
}

/* Ask for a wakeup when m is no longer busy.  Returns false if that is already so. */
static bool
set_waiters(struct vm_page *m)
{
	uint32_t busy = __atomic_load_n(&m->busy, __ATOMIC_RELAXED);

	do {
		if (busy == 0)
			return false;
	} while (!__atomic_compare_exchange_n(
	    &m->busy, &busy, busy | BUSY_WAITERS, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

void
vm_page_busy_sleep(struct vm_object *o, struct vm_page *m, const char *why)
{
	KASSERT(mutex_owned(&o->lock) && m->object == o);
	KASSERT(curthread()->busy_pages == 0);
	vm_count(VMC_BUSY_WAITS);
	sleep_prepare(m, why);
	if (set_waiters(m)) {
		mutex_unlock(&o->lock);
		(void)sleep_wait(0, NO_DEADLINE);
	} else {
		sleep_cancel();
		mutex_unlock(&o->lock);
	}
}

/*
 * The reference word.
 */
bool
vm_page_wired(const struct vm_page *m)
{
	return vm_page_wire_count(m) > 0;
}

unsigned
vm_page_wire_count(const struct vm_page *m)
{
	return __atomic_load_n(&m->ref, __ATOMIC_RELAXED) & ~REF_OWNED;
}

void
vm_page_wire(struct vm_page *m)
{
	uint32_t ref = __atomic_fetch_add(&m->ref, 1, __ATOMIC_RELAXED);

	KASSERT(ref != 0 && (ref & ~REF_OWNED) < REF_OWNED - 1);
}

/* Nobody refers to the page any more: back to the free list. */
static void
page_release(struct vm_page *m)
{
	KASSERT(m->object == NULL && m->busy == 0);
	KASSERT(!pmap_page_is_mapped(m));
	if (page_queue(m) != PQ_NONE)
		vm_page_dequeue(m);
	m->valid = 0;
	m->dirty = 0;
	m->aflags &= PGA_ZERO;
	vm_phys_free(m);
}

void
vm_page_unwire(struct vm_page *m, enum page_queue target)
{
	uint32_t ref = __atomic_load_n(&m->ref, __ATOMIC_RELAXED);

	do {
		KASSERT((ref & ~REF_OWNED) != 0);
		if (ref == (REF_OWNED | 1) && target != PQ_NONE && page_queue(m) != target)
			requeue(m, target);
	} while (!__atomic_compare_exchange_n(
	    &m->ref, &ref, ref - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (ref == 1)
		page_release(m);
}

/*
 * Pages of an object.
 */
struct vm_page *
vm_page_lookup(struct vm_object *o, pindex_t pindex)
{
	struct tree_node *n = o->pages.root;

	KASSERT(mutex_owned(&o->lock));
	while (n != NULL) {
		struct vm_page *m = TREE_ENTRY(n, struct vm_page, node);

		if (m->pindex == pindex)
			return m;
		n = n->child[m->pindex < pindex];
	}
	return NULL;
}

struct vm_page *
vm_page_find_least(struct vm_object *o, pindex_t pindex)
{
	struct tree_node *n = o->pages.root;
	struct vm_page *least = NULL;

	KASSERT(mutex_owned(&o->lock));
	while (n != NULL) {
		struct vm_page *m = TREE_ENTRY(n, struct vm_page, node);

		if (m->pindex >= pindex)
			least = m;
		n = n->child[m->pindex < pindex];
	}
	return least;
}

struct vm_page *
vm_page_next(struct vm_page *m)
{
	struct tree_node *n = tree_neighbour(&m->node, 1);

	return n == NULL ? NULL : TREE_ENTRY(n, struct vm_page, node);
}

void
vm_page_insert(struct vm_page *m, struct vm_object *o, pindex_t pindex)
{
	struct tree_node *parent = NULL, *n = o->pages.root;
	int side = 0;

	KASSERT(mutex_owned(&o->lock) && m->object == NULL);
	while (n != NULL) {
		pindex_t here = TREE_ENTRY(n, struct vm_page, node)->pindex;

		KASSERT(here != pindex);
		parent = n;
		side = here < pindex;
		n = n->child[side];
	}
	__atomic_fetch_or(&m->ref, REF_OWNED, __ATOMIC_RELAXED);
	m->object = o;
	m->pindex = pindex;
	tree_insert(&o->pages, parent, side, &m->node, NULL);
	o->resident++;
}

static void
page_detach(struct vm_page *m)
{
	struct vm_object *o = m->object;

	KASSERT(mutex_owned(&o->lock));
	tree_remove(&o->pages, &m->node, NULL);
	o->resident--;
	m->object = NULL;
}

void
vm_page_remove(struct vm_page *m)
{
	KASSERT(vm_page_xbusied(m));
	page_detach(m);
}

void
vm_page_rename(struct vm_page *m, struct vm_object *o, pindex_t pindex)
{
	KASSERT(vm_page_xbusied(m) && m->valid);
	page_detach(m);
	vm_page_insert(m, o, pindex);
	vm_page_dirty(m);
}

struct vm_page *
vm_page_alloc(struct vm_object *o, pindex_t pindex, unsigned flags)
{
	struct vm_page *m;

	KASSERT(mutex_owned(&o->lock));
	m = vm_phys_alloc(flags);
	if (m == NULL)
		return NULL;
	m->busy = BUSY_EXCL;
	curthread()->busy_pages++;
	m->ref = (flags & VM_ALLOC_WIRED) ? 1 : 0;
	vm_page_insert(m, o, pindex);
	return m;
}

struct vm_page *
vm_page_alloc_noobj(unsigned flags)
{
	struct vm_page *m = vm_phys_alloc(flags);

	if (m != NULL)
		m->ref = 1;
	return m;
}

/* The page leaves its object for good: it is free unless somebody has it wired. */
static void
page_disown(struct vm_page *m)
{
	if (__atomic_and_fetch(&m->ref, ~REF_OWNED, __ATOMIC_ACQ_REL) == 0)
		page_release(m);
}

void
vm_page_free_all(struct vm_object *o)
{
	struct tree_node *n, *at = NULL;

	KASSERT(mutex_owned(&o->lock));
	while ((n = tree_dismantle(&o->pages, &at)) != NULL) {
		struct vm_page *m = TREE_ENTRY(n, struct vm_page, node);

		KASSERT(!vm_page_busied(m));
		m->object = NULL;
		page_disown(m);
	}
	o->resident = 0;
}

void
vm_page_free(struct vm_page *m)
{
	uint32_t ref = __atomic_load_n(&m->ref, __ATOMIC_RELAXED);

	if (ref == 1) {
		/* A raw page whose one wiring is the caller's: nobody else knows it. */
		m->ref = 0;
		page_release(m);
		return;
	}
	if (!(ref & REF_OWNED)) {
		vm_page_unwire(m, PQ_NONE);
		return;
	}
	if (m->object != NULL)
		page_detach(m);
	if (vm_page_busied(m))
		vm_page_xunbusy(m);
	page_disown(m);
}

bool
vm_page_wait(void)
{
	KASSERT(curthread()->busy_pages == 0);
	/* A pipe or a file's offset may be locked: giving memory back needs neither. */
	lock_assert_below(RANK_RENAME);
	vm_count(VMC_LOWMEM_CALLS);
	if (zone_drain() + kstack_drain() > 0 ||
	    (vm_lowmem_hook != NULL && vm_lowmem_hook(LOWMEM_WANT) > 0))
		return true;
	vm_count(VMC_PAGE_WAITS);
	return vm_phys_wait(PAGE_WAIT_NS);
}

/*
 * Small facts.
 */
void
vm_page_dirty(struct vm_page *m)
{
	__atomic_store_n(&m->dirty, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&m->aflags, __ATOMIC_RELAXED) & PGA_EXEC)
		__atomic_fetch_and(&m->aflags, (uint8_t)~PGA_EXEC, __ATOMIC_RELAXED);
}

void
vm_page_undirty(struct vm_page *m)
{
	KASSERT(vm_page_busied(m));
	__atomic_store_n(&m->dirty, 0, __ATOMIC_RELAXED);
}

void
vm_page_reference(struct vm_page *m)
{
	if (!(__atomic_load_n(&m->aflags, __ATOMIC_RELAXED) & PGA_REFERENCED))
		__atomic_fetch_or(&m->aflags, PGA_REFERENCED, __ATOMIC_RELAXED);
}

uint64_t
vm_page_free_count(void)
{
	return vm_phys_free_count();
}

uint64_t
vm_page_total_count(void)
{
	return vm_phys_total_count();
}

uint64_t
vm_page_reserve(void)
{
	return vm_phys_reserve();
}

void
vm_page_startup(const struct phys_range *ranges, unsigned n)
{
	vm_phys_startup(ranges, n);
}

/*
 * Checks.
 */
static void
check_queue(enum page_queue q)
{
	uint64_t n = 0;

	spin_lock(&queues[q].lock);
	LIST_FOREACH(l, &queues[q].pages) {
		const struct vm_page *m = LIST_ENTRY(l, struct vm_page, queue_link);

		if (page_queue(m) != q || m->ref == 0)
			panic("page %p on queue %u says queue %u, ref %#x", (const void *)m, q,
			    page_queue(m), m->ref);
		n++;
	}
	KASSERT(n == queues[q].count);
	spin_unlock(&queues[q].lock);
}

static void
check_page(struct vm_page *m, void *unused)
{
	(void)unused;
	if (m->object != NULL && !(m->ref & REF_OWNED))
		panic(
		    "page %p is in object %p, which does not own it", (void *)m, (void *)m->object);
	if (m->object != NULL && !m->valid && !vm_page_busied(m))
		panic("page %p of object %p has no contents and is not busy", (void *)m,
		    (void *)m->object);
	if (m->ref == 0 && pmap_page_is_mapped(m))
		panic("free page %p is mapped", (void *)m);
}

void
vm_page_check_all(void)
{
	for (enum page_queue q = PQ_INACTIVE; q < PQ_COUNT; q++)
		check_queue(q);
	vm_phys_check();
	vm_phys_foreach(check_page, NULL);
}
