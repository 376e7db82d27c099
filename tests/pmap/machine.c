/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM, pages, zones, locks and panic of the model machine.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/base/debug.h"
#include "tests/pmap/model.h"
#include "vm/zone.h"

#define MAXHELD 8

/* A host address whose lower 39 bits are those of the machine's direct map, so that page tables
 * have the same shape. */
#define MODEL_DMAP 0x7ec000000000ul

uint64_t model_dmap_base;
__thread unsigned model_hart;
struct model_counts model_counts;

static struct vm_page pages[MODEL_FRAMES];
static struct list free_pages;
static unsigned fail_at;
static uint32_t machine_lock;

void
panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "panic on hart %u: ", model_hart);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

/*
 * Locks: real ones, for the tests with several threads, with ranks.
 */
static __thread struct {
	const struct spinlock *lock[MAXHELD];
	unsigned n;
} held;

static void
raw_lock(uint32_t *word)
{
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) != 0)
		sched_yield();
}

static void
raw_unlock(uint32_t *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

static void
check_rank(const struct spinlock *lk, unsigned equal)
{
	for (unsigned i = 0; i < held.n; i++) {
		if (held.lock[i] == lk || held.lock[i]->head.rank >= lk->head.rank + equal)
			panic("lock order: %s while holding %s", lk->head.name,
			    held.lock[i]->head.name);
	}
}

static void
hold(const struct spinlock *lk)
{
	KASSERT(held.n < MAXHELD);
	held.lock[held.n++] = lk;
}

void
spin_init(struct spinlock *lk, const char *name, enum lock_rank rank)
{
	*lk = (struct spinlock)SPINLOCK_INIT(name, rank);
}

void
spin_lock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	check_rank(lk, 0);
	raw_lock(&lk->locked);
	hold(lk);
}

void
spin_lock_nested(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	check_rank(lk, 1);
	raw_lock(&lk->locked);
	hold(lk);
}

bool
spin_trylock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	if (__atomic_exchange_n(&lk->locked, 1, __ATOMIC_ACQUIRE) != 0)
		return false;
	hold(lk);
	return true;
}

void
spin_unlock(struct spinlock *lk) NO_LOCK_ANALYSIS
{
	unsigned i = 0;

	while (i < held.n && held.lock[i] != lk)
		i++;
	KASSERT(i < held.n);
	held.lock[i] = held.lock[--held.n];
	raw_unlock(&lk->locked);
}

void
intr_push_off(void)
{
}

void
intr_pop_off(void)
{
}

/*
 * Pages.
 */
struct vm_page *
vm_phys_to_page(paddr_t pa)
{
	uint64_t frame = atop(pa - MODEL_RAM);

	return pa >= MODEL_RAM && frame >= MODEL_BOOT && frame < MODEL_FRAMES ? &pages[frame]
									      : NULL;
}

/* => machine_lock held */
static bool
allocation_fails(void)
{
	model_counts.allocations++;
	return fail_at > 0 && --fail_at == 0;
}

void
model_fail(unsigned n)
{
	fail_at = n;
}

struct vm_page *
vm_page_alloc_noobj(unsigned flags)
{
	raw_lock(&machine_lock);
	struct list *link = allocation_fails() ? NULL : list_pop_front(&free_pages);
	raw_unlock(&machine_lock);
	if (link == NULL)
		return NULL;
	struct vm_page *m = LIST_ENTRY(link, struct vm_page, queue_link);
	KASSERT(m->ref == 0 && !pmap_page_is_mapped(m));
	if ((flags & VM_ALLOC_ZERO) != 0)
		pmap_zero_page(m);
	m->aflags = m->dirty = 0;
	__atomic_store_n(&m->ref, 1, __ATOMIC_SEQ_CST);
	return m;
}

static void
check_zero(const struct vm_page *m)
{
	const uint64_t *word = vm_page_kva(m);

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		KASSERT(word[i] == 0);
}

void
vm_page_unwire(struct vm_page *m, enum page_queue target)
{
	KASSERT(target == PQ_NONE && m->ref > 0);
	if (__atomic_load_n(&m->ref, __ATOMIC_SEQ_CST) == 1) {
		KASSERT(!pmap_page_is_mapped(m));
		if ((m->aflags & PGA_ZERO) != 0)
			check_zero(m);
	}
	if (__atomic_sub_fetch(&m->ref, 1, __ATOMIC_SEQ_CST) > 0)
		return;
	memset(vm_page_kva(m), 0x5a, PAGE_SIZE);
	raw_lock(&machine_lock);
	list_push_back(&free_pages, &m->queue_link);
	raw_unlock(&machine_lock);
}

void
vm_page_wire(struct vm_page *m)
{
	KASSERT(__atomic_fetch_add(&m->ref, 1, __ATOMIC_SEQ_CST) > 0);
}

void
vm_page_dirty(struct vm_page *m)
{
	__atomic_store_n(&m->dirty, 1, __ATOMIC_RELAXED);
	__atomic_fetch_and(&m->aflags, (uint8_t)~PGA_EXEC, __ATOMIC_RELAXED);
}

void
vm_page_reference(struct vm_page *m)
{
	__atomic_fetch_or(&m->aflags, PGA_REFERENCED, __ATOMIC_RELAXED);
}

struct vm_page *
model_page(void)
{
	struct vm_page *m = vm_page_alloc_noobj(0);

	KASSERT(m != NULL);
	return m;
}

bool
model_page_dirty(const struct vm_page *m)
{
	return __atomic_load_n(&m->dirty, __ATOMIC_RELAXED) != 0;
}

bool
model_frame_in_use(paddr_t pa)
{
	uint64_t frame = atop(pa - MODEL_RAM);

	if (pa < MODEL_RAM || frame >= MODEL_FRAMES)
		return false;
	return frame < MODEL_BOOT || __atomic_load_n(&pages[frame].ref, __ATOMIC_SEQ_CST) > 0;
}

unsigned
model_pages_in_use(void)
{
	unsigned n = 0;

	for (unsigned i = MODEL_BOOT; i < MODEL_FRAMES; i++)
		n += pages[i].ref > 0;
	return n;
}

/*
 * Zones: items of NOFREE zones stay what they are.
 */
struct zone {
	size_t size;
	unsigned flags;
	void (*init)(void *item);
	void *kept[64];
	unsigned nkept;
	unsigned in_use;
};

static struct zone zones[4];
static unsigned nzones;

struct zone *
zone_create(const char *name, size_t size, unsigned flags, void (*init)(void *item))
{
	struct zone *z = &zones[nzones++];

	(void)name;
	KASSERT(nzones <= 4);
	*z = (struct zone){.size = size, .flags = flags, .init = init};
	return z;
}

void *
zone_alloc(struct zone *z, unsigned flags)
{
	void *item = NULL;

	(void)flags;
	raw_lock(&machine_lock);
	if (!allocation_fails()) {
		z->in_use++;
		if (z->nkept > 0) {
			item = z->kept[--z->nkept];
		} else {
			item = calloc(1, z->size);
			if (z->init != NULL)
				z->init(item);
		}
	}
	raw_unlock(&machine_lock);
	return item;
}

void
zone_free(struct zone *z, void *item)
{
	if (item == NULL)
		return;
	raw_lock(&machine_lock);
	z->in_use--;
	if ((z->flags & ZONE_NOFREE) != 0 && z->nkept < 64)
		z->kept[z->nkept++] = item;
	else
		free(item);
	raw_unlock(&machine_lock);
}

static void
zones_forget(void)
{
	for (struct zone *z = zones; z < &zones[nzones]; z++) {
		while (z->nkept > 0)
			free(z->kept[--z->nkept]);
	}
	nzones = 0;
}

void
model_check_leaks(void)
{
	if (model_pages_in_use() != 0)
		panic("%u pages left", model_pages_in_use());
	for (struct zone *z = zones; z < &zones[nzones]; z++)
		KASSERT(z->in_use == 0);
	KASSERT(pmap_resident_count(kernel_pmap) == 0);
	KASSERT(held.n == 0);
	zones_forget();
}

/*
 * Boot.
 */
static void
ram_init(void)
{
	char *ram = (char *)MODEL_DMAP + MODEL_RAM;

	if (model_dmap_base == 0 &&
	    mmap(ram, MODEL_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != ram)
		panic("no place for the model's RAM");
	memset(ram, 0x5a, MODEL_FRAMES * PAGE_SIZE);
	model_dmap_base = MODEL_DMAP;
	list_init(&free_pages);
	memset(pages, 0, sizeof(pages));
	for (unsigned i = 0; i < MODEL_FRAMES; i++) {
		pages[i].pfn = atop(MODEL_RAM) + i;
		list_init(&pages[i].queue_link);
		pmap_page_init(&pages[i]);
		if (i >= MODEL_BOOT)
			list_push_back(&free_pages, &pages[i].queue_link);
	}
}

void
model_boot(unsigned nharts, struct model_knobs knobs)
{
	const struct phys_range bank = {MODEL_RAM, MODEL_RAM + (2ul << 30)},
				uart = {0x10000000, 0x10000100};
	struct pmap_boot boot = {
	    .ram = &bank,
	    .nram = 1,
	    .dev = &uart,
	    .ndev = 1,
	    .image_pa = MODEL_IMAGE,
	    .text = KERNBASE + 0x200000,
	    .rodata = KERNBASE + 0x200000 + 8 * PAGE_SIZE,
	    .data = KERNBASE + 0x200000 + 12 * PAGE_SIZE,
	    .end = KERNBASE + 0x200000 + 20 * PAGE_SIZE,
	    .early_start = MODEL_RAM,
	    .early_end = MODEL_RAM + 100 * PAGE_SIZE,
	};

	model_knobs = knobs;
	model_hart = 0;
	fail_at = 0;
	model_on_fence = NULL;
	kernel_pmap->active = 0;
	kernel_pmap->resident = kernel_pmap->wired = kernel_pmap->tables = 0;
	zones_forget();
	ram_init();
	model_reset_tlbs(nharts);
	pmap_bootstrap(&boot);
	pmap_init();
	for (model_hart = 1; model_hart < nharts; model_hart++) {
		pmap_hart_init();
		pmap_activate(NULL);
	}
	model_hart = 0;
	pmap_activate(NULL);
	model_counts = (struct model_counts){0};
}
