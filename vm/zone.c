/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones: slabs of one page, cut into items, and a magazine of free items for each hart.
 *
 *      zone_alloc --> [ magazine of hart n ] <==refill, half a magazine==> slabs: one page of the direct map each
 *      zone_free  -->                                                      partial: [# . # . .]   full: [# # # # #]
 *
 * A magazine is claimed by an atomic exchange and never waited for (compare vm_phys.c); whoever finds it taken works on the slabs.
 * What a slab knows (its zone, a bit for each item that is in it) is in the page's struct vm_page, so items fill the page from its first
 * byte: a 2 KiB item leaves room for another, and an item keeps the alignment that its size has.  Free items are not written to,
 * but for the mark of vm_poison.h in zones without `init`.
 *
 * Locks: a zone's lock guards its slabs; pages are allocated and freed without it.
 *
 * Rejected: free lists threaded through the items (they would destroy what `init` made) and backing pages from kernel_map (its entries
 * come from here).
 */
#include "vm/zone.h"

#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "lib/bitmap.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"
#include "vm/vm_poison.h"

#define MAGAZINE_ITEMS  16u
#define MAGAZINE_BYTES  8192u /* a magazine of large items holds fewer, down to ... */
#define MAGAZINE_MIN    4u
#define ITEM_MIN        32u /* 128 items in a page: as many as page_slab.in_slab has bits */
#define ZONE_NAME_MAX   32u
#define STAT_PREFIX     "zone_"
#define KMALLOC_CLASSES 7u /* 32, 64 ... 2048 bytes */
#define KMALLOC_MAX     (ITEM_MIN << (KMALLOC_CLASSES - 1))

struct magazine {
	uint32_t claimed; /* a */
	uint64_t n;       /*    whoever has claimed; read by anyone for statistics */
	void *item[MAGAZINE_ITEMS];
} __attribute__((aligned(64)));

struct zone {
	struct magazine magazine[MAXHART];
	struct spinlock lock;
	struct list partial,
	    full; /* lock  slabs with, without an item in them, by queue_link; wholly free ones are last in partial */
	uint64_t out;                  /* lock  items not in slabs: in use or in magazines */
	uint64_t pages, empty;         /* lock  slabs, and how many of them are wholly free */
	struct zone *next;             /* I  all zones */
	void (*init)(void *item);      /* I */
	size_t size;                   /* I  rounded */
	uint64_t per_slab, capacity;   /* I  items in a slab, in a magazine */
	unsigned flags;                /* I  ZONE_NOFREE */
	char stat_name[ZONE_NAME_MAX]; /* I */
};

static struct zone zone_zone;  /* of struct zone */
static struct zone *all_zones; /* a  only ever grows, at the head */
static struct zone *kmalloc_zone[KMALLOC_CLASSES];

static bool
magazine_claim(struct magazine *g)
{
	return __atomic_exchange_n(&g->claimed, 1, __ATOMIC_ACQUIRE) == 0;
}

static void
magazine_release(struct magazine *g)
{
	__atomic_store_n(&g->claimed, 0, __ATOMIC_RELEASE);
}

/*
 * Marks of free items.  Type-stable items may be looked at when free, so they carry none.
 */
static void
item_retire(const struct zone *z, void *item)
{
	if (z->flags & ZONE_NOFREE)
		return;
	if (z->init != NULL)
		poison_retire_kept(item, z->size);
	else if (!poison_retire(item, z->size))
		panic("%s: item %p is freed twice", z->stat_name, item);
}

static void
item_revive(const struct zone *z, void *item)
{
	if (z->flags & ZONE_NOFREE)
		return;
	if (z->init != NULL)
		poison_revive_kept(item, z->size);
	else if (!poison_revive(item, z->size))
		panic("%s: item %p was written while it was free", z->stat_name, item);
}

/*
 * Slabs.  => z->lock held where nothing else is said.
 */
static bool
slab_is_full(const struct vm_page *m)
{
	return m->slab.in_slab[0] == 0 && m->slab.in_slab[1] == 0;
}

/* The bits of a slab that has all its items. */
static uint64_t
all_items(const struct zone *z, unsigned word)
{
	unsigned bits = z->per_slab > 64 * word ? z->per_slab - 64 * word : 0;

	return bits >= 64 ? UINT64_MAX : (1ul << bits) - 1;
}

static bool
slab_is_empty(const struct zone *z, const struct vm_page *m)
{
	return m->slab.in_slab[0] == all_items(z, 0) && m->slab.in_slab[1] == all_items(z, 1);
}

/* Take one item out of the slabs, NULL if all are full. */
static void *
slab_take(struct zone *z)
{
	struct vm_page *m;
	unsigned word, bit;

	if (list_empty(&z->partial))
		return NULL;
	m = LIST_ENTRY(z->partial.next, struct vm_page, queue_link);
	if (slab_is_empty(z, m))
		z->empty--;
	word = m->slab.in_slab[0] == 0;
	bit = bitmap_lowest(m->slab.in_slab[word]);
	m->slab.in_slab[word] &= ~(1ul << bit);
	if (slab_is_full(m)) {
		list_remove(&m->queue_link);
		list_push_back(&z->full, &m->queue_link);
	}
	z->out++;
	return (char *)vm_page_kva(m) + (64 * word + bit) * z->size;
}

static void
slab_put(struct zone *z, void *item)
{
	vaddr_t offset = (vaddr_t)item & PAGE_MASK;
	struct vm_page *m = vm_phys_to_page((vaddr_t)item - DMAP_BASE);
	unsigned i = (unsigned)(offset / z->size);
	uint64_t bit = 1ul << (i % 64);

	KASSERT(m != NULL && m->slab.zone == z && i * z->size == offset && i < z->per_slab);
	KASSERT(!(m->slab.in_slab[i / 64] & bit));
	if (slab_is_full(m)) {
		list_remove(&m->queue_link);
		list_push_front(&z->partial, &m->queue_link);
	}
	m->slab.in_slab[i / 64] |= bit;
	z->out--;
	if (slab_is_empty(z, m)) {
		list_remove(&m->queue_link);
		list_push_back(&z->partial, &m->queue_link);
		z->empty++;
	}
}

/* Move wholly free slabs beyond `keep` to a list of pages to free. */
static void
slab_trim(struct zone *z, uint64_t keep, struct list *pages)
{
	if (z->flags & ZONE_NOFREE)
		return;
	while (z->empty > keep) {
		struct vm_page *m = LIST_ENTRY(z->partial.prev, struct vm_page, queue_link);

		KASSERT(slab_is_empty(z, m));
		list_remove(&m->queue_link);
		list_push_back(pages, &m->queue_link);
		z->empty--;
		z->pages--;
	}
}

/* => no lock held.  Returns how many. */
static uint64_t
free_slabs(struct list *pages)
{
	struct list *l;
	uint64_t n = 0;

	while ((l = list_pop_front(pages)) != NULL) {
		struct vm_page *m = LIST_ENTRY(l, struct vm_page, queue_link);

		poison_revive_kept(vm_page_kva(m), PAGE_SIZE);
		vm_page_free(m);
		n++;
	}
	return n;
}

/* One page more.  => z->lock not held. */
static bool
slab_create(struct zone *z, unsigned flags)
{
	struct vm_page *m =
	    vm_page_alloc_noobj((flags & ZONE_SYSTEM) ? VM_ALLOC_SYSTEM : VM_ALLOC_NORMAL);

	if (m == NULL)
		return false;
	m->slab = (struct page_slab){z, {all_items(z, 0), all_items(z, 1)}};
	for (unsigned i = 0; i < z->per_slab; i++) {
		void *item = (char *)vm_page_kva(m) + i * z->size;

		/* The page may have been a slab like this one: marks that it kept mean nothing now. */
		*(uint64_t *)item = 0;
		if (z->init != NULL)
			z->init(item);
		item_retire(z, item);
	}
	spin_lock(&z->lock);
	list_push_back(&z->partial, &m->queue_link);
	z->empty++;
	z->pages++;
	spin_unlock(&z->lock);
	return true;
}

/*
 * Slow paths: between magazine and slabs.
 */
/* One item from the slabs, and half a magazine if this hart's is free to be filled. */
static void *
take_and_refill(struct zone *z)
{
	struct magazine *g = &z->magazine[curthread()->hart];
	void *item, *more;

	spin_lock(&z->lock);
	item = slab_take(z);
	if (item != NULL && magazine_claim(g)) {
		while (g->n < z->capacity / 2 && (more = slab_take(z)) != NULL)
			g->item[g->n++] = more;
		magazine_release(g);
	}
	spin_unlock(&z->lock);
	return item;
}

static NOINLINE void *
slow_alloc(struct zone *z, unsigned flags)
{
	void *item;

	while ((item = take_and_refill(z)) == NULL)
		if (!slab_create(z, flags))
			return NULL;
	return item;
}

/* Empty a magazine down to `left` items.  => claimed; z->lock held. */
static void
magazine_spill(struct zone *z, struct magazine *g, unsigned left)
{
	while (g->n > left)
		slab_put(z, g->item[--g->n]);
}

/* `item` to the slabs, unless NULL, and half of the full magazine g, unless NULL (claimed). */
static NOINLINE void
slow_free(struct zone *z, struct magazine *g, void *item)
{
	struct list pages = LIST_INIT(pages);

	spin_lock(&z->lock);
	if (g != NULL)
		magazine_spill(z, g, z->capacity / 2);
	if (item != NULL)
		slab_put(z, item);
	slab_trim(z, 1, &pages);
	spin_unlock(&z->lock);
	(void)free_slabs(&pages);
}

/*
 * Allocation.
 */
void *
zone_alloc(struct zone *z, unsigned flags)
{
	struct magazine *g = &z->magazine[curthread()->hart];
	void *item = NULL;

	if (magazine_claim(g)) {
		if (g->n > 0)
			item = g->item[--g->n];
		magazine_release(g);
	}
	if (item == NULL && (item = slow_alloc(z, flags)) == NULL)
		return NULL;
	item_revive(z, item);
	if (flags & ZONE_ZERO)
		memset(item, 0, z->size);
	return item;
}

void
zone_free(struct zone *z, void *item)
{
	struct magazine *g = &z->magazine[curthread()->hart];

	if (item == NULL)
		return;
	item_retire(z, item);
	if (!magazine_claim(g)) {
		slow_free(z, NULL, item);
		return;
	}
	if (g->n == z->capacity)
		slow_free(z, g, NULL);
	g->item[g->n++] = item;
	magazine_release(g);
}

uint64_t
zone_drain(void)
{
	uint64_t freed = 0;

	for (struct zone *z = __atomic_load_n(&all_zones, __ATOMIC_ACQUIRE); z != NULL;
	     z = z->next) {
		struct list pages = LIST_INIT(pages);

		spin_lock(&z->lock);
		for (struct magazine *g = z->magazine; g < &z->magazine[MAXHART]; g++)
			if (g->n > 0 && magazine_claim(g)) {
				magazine_spill(z, g, 0);
				magazine_release(g);
			}
		slab_trim(z, 0, &pages);
		spin_unlock(&z->lock);
		freed += free_slabs(&pages);
	}
	return freed;
}

/*
 * Making zones.
 */
static void
zone_setup(struct zone *z, const char *name, size_t size, unsigned flags, void (*init)(void *item))
{
	size = (size + 15) & ~(size_t)15;
	if (size < ITEM_MIN)
		size = ITEM_MIN;
	KASSERT(size <= PAGE_SIZE / 2 && strlen(STAT_PREFIX) + strlen(name) < ZONE_NAME_MAX);
	memset(z, 0, sizeof(*z));
	spin_init(&z->lock, name, RANK_ZONE);
	list_init(&z->partial);
	list_init(&z->full);
	z->size = size;
	z->per_slab = (unsigned)(PAGE_SIZE / size);
	z->capacity = (unsigned)(MAGAZINE_BYTES / size);
	if (z->capacity < MAGAZINE_MIN)
		z->capacity = MAGAZINE_MIN;
	if (z->capacity > MAGAZINE_ITEMS)
		z->capacity = MAGAZINE_ITEMS;
	z->init = init;
	z->flags = flags;
	memcpy(z->stat_name, STAT_PREFIX, strlen(STAT_PREFIX));
	memcpy(z->stat_name + strlen(STAT_PREFIX), name, strlen(name) + 1);
	z->next = __atomic_load_n(&all_zones, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(
	    &all_zones, &z->next, z, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		continue;
}

struct zone *
zone_create(const char *name, size_t size, unsigned flags, void (*init)(void *item))
{
	struct zone *z = zone_alloc(&zone_zone, 0);

	if (z == NULL)
		panic("no memory for zone %s", name);
	zone_setup(z, name, size, flags, init);
	return z;
}

void
zone_bootstrap(void)
{
	static const char *const names[KMALLOC_CLASSES] = {"kmalloc_32", "kmalloc_64",
	    "kmalloc_128", "kmalloc_256", "kmalloc_512", "kmalloc_1024", "kmalloc_2048"};

	zone_setup(&zone_zone, "zone", sizeof(struct zone), 0, NULL);
	for (unsigned i = 0; i < KMALLOC_CLASSES; i++)
		kmalloc_zone[i] = zone_create(names[i], (size_t)ITEM_MIN << i, 0, NULL);
}

/*
 * Any size.
 */
static struct zone *
kmalloc_class(size_t size)
{
	unsigned i = 0;

	for (size_t s = ITEM_MIN; s < size; s *= 2)
		i++;
	return kmalloc_zone[i];
}

void *
kmalloc(size_t size, unsigned flags)
{
	if (size <= KMALLOC_MAX)
		return zone_alloc(kmalloc_class(size), flags);
	return (void *)km_kmemalloc(
	    kmem_map, size, KM_NOWAIT | ((flags & ZONE_ZERO) ? KM_ZERO : 0));
}

void
kfree(void *p, size_t size)
{
	if (p == NULL)
		return;
	if (size <= KMALLOC_MAX)
		zone_free(kmalloc_class(size), p);
	else
		km_free(kmem_map, (vaddr_t)p, size);
}

/*
 * Looking.
 */
uint64_t
zone_in_use(const struct zone *z)
{
	uint64_t n = __atomic_load_n(&z->out, __ATOMIC_RELAXED), cached = 0;

	for (unsigned hart = 0; hart < MAXHART; hart++)
		cached += __atomic_load_n(&z->magazine[hart].n, __ATOMIC_RELAXED);
	return n > cached ? n - cached : 0;
}

const char *
zone_stat_name(const struct zone *z)
{
	return z->stat_name;
}

const char *
zone_name(const struct zone *z)
{
	return z->stat_name + strlen(STAT_PREFIX);
}

void
zone_print(const struct zone *z)
{
	uint64_t in_use = zone_in_use(z);

	kprintf("%-20s %6lu %8lu %8lu %6lu%s\n", zone_name(z), (unsigned long)z->size,
	    (unsigned long)in_use, (unsigned long)(z->out - in_use), (unsigned long)z->pages,
	    z->lock.locked ? " (locked)" : "");
}

void
zone_foreach(void (*fn)(const struct zone *, void *), void *arg)
{
	for (struct zone *z = __atomic_load_n(&all_zones, __ATOMIC_ACQUIRE); z != NULL; z = z->next)
		fn(z, arg);
}

uint64_t
zone_page_count(void)
{
	uint64_t n = 0;

	for (struct zone *z = __atomic_load_n(&all_zones, __ATOMIC_ACQUIRE); z != NULL; z = z->next)
		n += __atomic_load_n(&z->pages, __ATOMIC_RELAXED);
	return n;
}

/* Checks every slab of a list and adds up the items in them. */
static uint64_t
check_slabs(const struct zone *z, const struct list *slabs, bool full, uint64_t *in_slabs)
{
	uint64_t n = 0;

	LIST_FOREACH(l, slabs) {
		const struct vm_page *m = LIST_ENTRY(l, struct vm_page, queue_link);

		KASSERT(m->slab.zone == z && slab_is_full(m) == full);
		for (unsigned word = 0; word < 2; word++) {
			KASSERT(!(m->slab.in_slab[word] & ~all_items(z, word)));
			for (uint64_t w = m->slab.in_slab[word]; w != 0; w &= w - 1)
				++*in_slabs;
		}
		n++;
	}
	return n;
}

void
zone_check_all(void)
{
	for (struct zone *z = __atomic_load_n(&all_zones, __ATOMIC_ACQUIRE); z != NULL;
	     z = z->next) {
		uint64_t in_slabs = 0, cached = 0, pages;

		spin_lock(&z->lock);
		pages = check_slabs(z, &z->partial, false, &in_slabs) +
		    check_slabs(z, &z->full, true, &in_slabs);
		for (const struct magazine *g = z->magazine; g < &z->magazine[MAXHART]; g++)
			cached += __atomic_load_n(&g->n, __ATOMIC_RELAXED);
		if (pages != z->pages || in_slabs + z->out != pages * z->per_slab ||
		    cached > z->out)
			panic("%s: %lu slabs (%lu counted), %lu items in them, %lu out, %lu in "
			      "magazines",
			    z->stat_name, (unsigned long)pages, (unsigned long)z->pages,
			    (unsigned long)in_slabs, (unsigned long)z->out, (unsigned long)cached);
		spin_unlock(&z->lock);
	}
}
