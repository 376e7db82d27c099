/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of RAM: segments, the free lists and each hart's cache of free frames.
 *
 *      hart 0: [cache] --.
 *      hart 1: [cache] --+-- batches -- [ plain list | zeroed list ] <-- [ fresh: never used yet ]
 *      ...               |
 *
 * A cache is *claimed* by an atomic exchange, never waited for: whoever finds it taken (a preempted thread of the same hart, somebody
 * collecting frames) goes to the lists instead.  So the fast path needs neither a lock nor interrupts off, and any hart may collect
 * what sits in the caches of others when memory is short.
 *
 * `pressure` closes the fast paths: while it is set every allocation and every free goes to the lists, where counts are exact, the
 * reserve is kept to the frame and waiters are woken.
 *
 * Frames come into circulation (struct vm_page initialised, memory touched) only when the lists run dry, so boot costs nothing per frame.
 *
 * Locks: the free-list lock, taken with a cache claimed or not; claims are only tried.
 *
 * Rejected: a buddy system.  Everything here asks for single frames; devices take scattered pages, and large leaves are used only in
 * the direct map.
 */
#include "vm/vm_phys.h"

#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/lock.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "vm/pmap.h"
#include "vm/vm_meter.h"
#include "vm/vm_poison.h"

#define CACHE_FRAMES  32u   /* most free frames in a hart's cache */
#define CACHE_BATCH   16u   /* moved between cache and lists at once */
#define RESERVE_SHARE 64u   /* the reserve is this part of RAM ... */
#define RESERVE_MIN   4u    /* ... but at least, */
#define RESERVE_MAX   1024u /* ... and at most so many frames */

/* A run of frames, each with its struct vm_page. */
struct segment {
	uint64_t first, end;   /* I  frame numbers */
	uint64_t fresh;        /* f  from here on never used */
	struct vm_page *pages; /* I  of frame `first` */
};

struct frame_cache {
	uint32_t claimed; /* a */
	uint64_t n;       /*    whoever has claimed; read by anyone for statistics */
	struct vm_page *frame[CACHE_FRAMES];
} __attribute__((aligned(64)));

enum free_list { FREE_PLAIN, FREE_ZERO, FREE_LISTS };

static struct segment segments[PHYS_SEG_MAX]; /* I, except fresh */
static unsigned nsegments;                    /* I */
static uint64_t total_frames, reserve;        /* I */

static struct spinlock free_lock = SPINLOCK_INIT("free list", RANK_FREELIST);
static struct list free_list[FREE_LISTS] = {
    LIST_INIT(free_list[0]), LIST_INIT(free_list[1])}; /* f */
static uint64_t free_count; /* f  on the lists and fresh; caches not counted */
static uint32_t zero_count; /* f  on the zeroed list; read without the lock as a hint */
static uint32_t waiters;    /* f */
static uint32_t pressure;   /* a  written under f */
static struct frame_cache cache[MAXHART];

static bool
cache_claim(struct frame_cache *c)
{
	return __atomic_exchange_n(&c->claimed, 1, __ATOMIC_ACQUIRE) == 0;
}

static void
cache_release(struct frame_cache *c)
{
	__atomic_store_n(&c->claimed, 0, __ATOMIC_RELEASE);
}

static bool
under_pressure(void)
{
	return __atomic_load_n(&pressure, __ATOMIC_RELAXED) != 0;
}

/* => free_lock held; after every change of free_count or waiters. */
static void
set_pressure(void)
{
	__atomic_store_n(&pressure, waiters > 0 || free_count < 2 * reserve, __ATOMIC_RELAXED);
}

/* => free_lock held. */
static void
list_put(struct vm_page *m)
{
	bool zero = m->aflags & PGA_ZERO;

	list_push_front(&free_list[zero ? FREE_ZERO : FREE_PLAIN], &m->queue_link);
	zero_count += zero;
	free_count++;
}

/* Bring the next never used frame into circulation.  => free_lock held; there is one or NULL. */
static struct vm_page *
fresh_take(void)
{
	for (struct segment *s = segments; s < &segments[nsegments]; s++) {
		struct vm_page *m;

		if (s->fresh == s->end)
			continue;
		m = &s->pages[s->fresh - s->first];
		memset(m, 0, sizeof(*m));
		m->pfn = (uint32_t)s->fresh++;
		list_init(&m->queue_link);
		pmap_page_init(m);
		(void)poison_retire(vm_page_kva(m), PAGE_SIZE);
		return m;
	}
	return NULL;
}

/* => free_lock held, free_count > 0.  Zeroed frames only for who wants zeros, unless nothing else is left. */
static struct vm_page *
list_take(bool zero)
{
	struct list *l;
	struct vm_page *m = NULL;

	l = list_pop_front(&free_list[zero ? FREE_ZERO : FREE_PLAIN]);
	if (l == NULL && (m = fresh_take()) == NULL)
		l = list_pop_front(&free_list[zero ? FREE_PLAIN : FREE_ZERO]);
	if (l != NULL)
		m = LIST_ENTRY(l, struct vm_page, queue_link);
	KASSERT(m != NULL);
	zero_count -= (m->aflags & PGA_ZERO) != 0;
	free_count--;
	return m;
}

/* Everything in the caches that are not in use at this moment goes to the lists.  => free_lock held. */
static void
collect_caches(void)
{
	for (struct frame_cache *c = cache; c < &cache[MAXHART]; c++) {
		if (c->n == 0 || !cache_claim(c))
			continue;
		while (c->n > 0)
			list_put(c->frame[--c->n]);
		cache_release(c);
	}
}

/* => free_lock held. */
static void
cache_refill(struct frame_cache *c)
{
	if (under_pressure() || !cache_claim(c))
		return;
	while (c->n < CACHE_BATCH && free_count - zero_count > 2 * reserve)
		c->frame[c->n++] = list_take(false);
	cache_release(c);
	vm_count(VMC_PAGE_REFILLS);
}

/* The fast path of allocation.  NULL: take the slow one. */
static struct vm_page *
cache_take(void)
{
	struct frame_cache *c = &cache[curthread()->hart];
	struct vm_page *m = NULL;

	if (under_pressure() || !cache_claim(c))
		return NULL;
	if (c->n > 0)
		m = c->frame[--c->n];
	cache_release(c);
	return m;
}

/* A full cache gives half back.  => claimed. */
static NOINLINE void
cache_spill(struct frame_cache *c)
{
	spin_lock(&free_lock);
	while (c->n > CACHE_FRAMES - CACHE_BATCH)
		list_put(c->frame[--c->n]);
	set_pressure();
	spin_unlock(&free_lock);
}

/* The fast path of freeing. */
static bool
cache_put(struct vm_page *m)
{
	struct frame_cache *c = &cache[curthread()->hart];

	if (under_pressure() || !cache_claim(c))
		return false;
	if (c->n == CACHE_FRAMES)
		cache_spill(c);
	c->frame[c->n++] = m;
	cache_release(c);
	return true;
}

/* Frames that an allocation of this class leaves alone. */
static uint64_t
class_floor(unsigned flags)
{
	switch (flags & VM_ALLOC_CLASS) {
	case VM_ALLOC_NORMAL:
		return reserve;
	case VM_ALLOC_SYSTEM:
		return reserve / 4;
	default:
		return 0;
	}
}

static NOINLINE struct vm_page *
list_alloc(unsigned flags)
{
	uint64_t floor = class_floor(flags);
	struct vm_page *m = NULL;

	spin_lock(&free_lock);
	if (free_count <= floor)
		collect_caches();
	if (free_count > floor)
		m = list_take(flags & VM_ALLOC_ZERO);
	set_pressure();
	cache_refill(&cache[curthread()->hart]);
	set_pressure();
	spin_unlock(&free_lock);
	return m;
}

/* Take a frame's free mark away; with VM_ALLOC_ZERO make it zero. */
static void
frame_revive(struct vm_page *m, unsigned flags)
{
	uint64_t *kva = vm_page_kva(m);

	if (m->aflags & PGA_ZERO) {
		poison_revive_kept(kva, PAGE_SIZE);
		KASSERT(*kva == 0 && *poison_last(kva, PAGE_SIZE) == 0);
		m->aflags = 0;
		if (flags & VM_ALLOC_ZERO)
			vm_count(VMC_ZEROED_FRAMES);
	} else {
		if (!poison_revive(kva, PAGE_SIZE))
			panic("frame %#lx was written while it was free",
			    (unsigned long)vm_page_to_phys(m));
		if (flags & VM_ALLOC_ZERO)
			pmap_zero_page(m);
	}
}

struct vm_page *
vm_phys_alloc(unsigned flags)
{
	struct vm_page *m = NULL;

	if (!(flags & VM_ALLOC_ZERO) || __atomic_load_n(&zero_count, __ATOMIC_RELAXED) == 0)
		m = cache_take();
	if (m == NULL)
		m = list_alloc(flags);
	if (m != NULL)
		frame_revive(m, flags);
	return m;
}

static NOINLINE void
list_free(struct vm_page *m)
{
	bool wake;

	spin_lock(&free_lock);
	list_put(m);
	wake = waiters > 0 && free_count > reserve;
	set_pressure();
	spin_unlock(&free_lock);
	if (wake)
		wakeup(&waiters);
}

void
vm_phys_free(struct vm_page *m)
{
	void *kva = vm_page_kva(m);

	if (m->aflags & PGA_ZERO)
		poison_retire_kept(kva, PAGE_SIZE);
	else if (!poison_retire(kva, PAGE_SIZE))
		panic("frame %#lx is freed twice", (unsigned long)vm_page_to_phys(m));
	if ((m->aflags & PGA_ZERO) || !cache_put(m))
		list_free(m);
}

bool
vm_phys_wait(uint64_t ns)
{
	bool enough;

	spin_lock(&free_lock);
	collect_caches();
	if (free_count <= reserve) {
		waiters++;
		set_pressure();
		(void)sleep_spin(&waiters, &free_lock, "page", 0, clock_mono_ns() + ns);
		waiters--;
	}
	set_pressure();
	enough = free_count > reserve;
	spin_unlock(&free_lock);
	return enough;
}

uint64_t
vm_phys_free_count(void)
{
	uint64_t n = __atomic_load_n(&free_count, __ATOMIC_RELAXED);

	for (const struct frame_cache *c = cache; c < &cache[MAXHART]; c++)
		n += __atomic_load_n(&c->n, __ATOMIC_RELAXED);
	return n;
}

uint64_t
vm_phys_total_count(void)
{
	return total_frames;
}

uint64_t
vm_phys_reserve(void)
{
	return reserve;
}

struct vm_page *
vm_phys_to_page(paddr_t pa)
{
	uint64_t pfn = atop(pa);

	for (struct segment *s = segments; s < &segments[nsegments]; s++)
		if (pfn - s->first < s->fresh - s->first)
			return &s->pages[pfn - s->first];
	return NULL;
}

void
vm_phys_foreach(void (*fn)(struct vm_page *m, void *arg), void *arg)
{
	for (struct segment *s = segments; s < &segments[nsegments]; s++)
		for (uint64_t pfn = s->first; pfn < s->fresh; pfn++)
			fn(&s->pages[pfn - s->first], arg);
}

static void
check_frame(const struct vm_page *m)
{
	if (m->object != NULL || m->ref != 0 || m->busy != 0 || m->queue != PQ_NONE || m->valid)
		panic("free frame %#lx is in use: object %p ref %#x busy %#x queue %u valid %u",
		    (unsigned long)vm_page_to_phys(m), (void *)m->object, m->ref, m->busy, m->queue,
		    m->valid);
}

void
vm_phys_check(void)
{
	uint64_t n[FREE_LISTS] = {0, 0}, fresh = 0;

	spin_lock(&free_lock);
	for (unsigned i = 0; i < FREE_LISTS; i++)
		LIST_FOREACH(l, &free_list[i]) {
			const struct vm_page *m = LIST_ENTRY(l, struct vm_page, queue_link);

			check_frame(m);
			KASSERT(!(m->aflags & PGA_ZERO) == (i == FREE_PLAIN));
			n[i]++;
		}
	for (const struct segment *s = segments; s < &segments[nsegments]; s++)
		fresh += s->end - s->fresh;
	KASSERT(n[FREE_ZERO] == zero_count && n[FREE_PLAIN] + n[FREE_ZERO] + fresh == free_count);
	for (struct frame_cache *c = cache; c < &cache[MAXHART]; c++) {
		if (!cache_claim(c))
			continue;
		for (unsigned i = 0; i < c->n; i++)
			check_frame(c->frame[i]);
		cache_release(c);
	}
	spin_unlock(&free_lock);
}

/* Cut the page array from the largest range.  Returns its address. */
static struct vm_page *
steal_array(struct phys_range *ranges, unsigned n, uint64_t frames)
{
	struct phys_range *largest = ranges;
	uint64_t size = round_page(frames * sizeof(struct vm_page));
	paddr_t pa;

	for (unsigned i = 1; i < n; i++)
		if (ranges[i].end - ranges[i].start > largest->end - largest->start)
			largest = &ranges[i];
	if (largest->end - largest->start < 2 * size)
		panic("memory is in pieces too small for the page array (%lu KiB)",
		    (unsigned long)(size >> 10));
	pa = largest->start;
	largest->start += size;
	return (struct vm_page *)(DMAP_BASE + pa);
}

void
vm_phys_startup(const struct phys_range *given, unsigned n)
{
	struct phys_range ranges[PHYS_SEG_MAX];
	struct vm_page *array;
	uint64_t frames = 0;

	KASSERT(n > 0 && n <= PHYS_SEG_MAX && nsegments == 0);
	for (unsigned i = 0; i < n; i++) {
		ranges[i] = given[i];
		frames += atop(given[i].end - given[i].start);
	}
	array = steal_array(ranges, n, frames);
	for (unsigned i = 0; i < n; i++) {
		struct segment *s = &segments[nsegments++];

		s->first = s->fresh = atop(ranges[i].start);
		s->end = atop(ranges[i].end);
		s->pages = array;
		array += s->end - s->first;
		total_frames += s->end - s->first;
	}
	free_count = total_frames;
	reserve = total_frames / RESERVE_SHARE;
	if (reserve < RESERVE_MIN)
		reserve = RESERVE_MIN;
	if (reserve > RESERVE_MAX)
		reserve = RESERVE_MAX;
}
