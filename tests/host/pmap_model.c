/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/pmap.h as a model: a mapping is a struct, found by (space, address) in a hash table, by space
 * and by page in lists.  There is no TLB: a change is known at once, which is what the contract
 * promises to vm.
 *
 * What a real pmap cannot tell, this one asserts: no free page is mapped, none that somebody else
 * keeps exclusively busy, none without contents; a space that goes has no mappings left; kernel
 * mappings are gone before their frame is freed.
 *
 * The second half is the machine: loads and stores of a program look here for the mapping and fault
 * into vm_fault, as trap.c does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "tests/host/host.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"

#define BUCKETS    4096u
#define TABLE_SPAN (512 * PAGE_SIZE) /* a last-level table maps so much */
#define FAULTS_MAX 1000u             /* faults in a row on one access: vm_fault makes no progress */

struct pmap {
	struct list mappings; /* by space_link */
	uint64_t resident, wired;
};

struct mapping {
	struct mapping *next; /* same bucket */
	struct list space_link, page_link;
	struct pmap *pmap;
	vaddr_t va;
	struct vm_page *m;
	vm_prot_t prot;
	bool managed, wired, referenced, modified;
};

static struct pmap kernel_pmap_storage = {LIST_INIT(kernel_pmap_storage.mappings), 0, 0};
struct pmap *const kernel_pmap = &kernel_pmap_storage;
vaddr_t pmap_kernel_end = VM_MAX_KERNEL_ADDRESS;

static struct mapping *bucket[BUCKETS];
static uint64_t mapping_count;

uint64_t
host_mapping_count(void)
{
	return mapping_count;
}

static struct mapping **
bucket_of(const struct pmap *pm, vaddr_t va)
{
	return &bucket[(atop(va) ^ (uintptr_t)pm >> 6) % BUCKETS];
}

static struct mapping *
find(const struct pmap *pm, vaddr_t va)
{
	struct mapping *p;

	for (p = *bucket_of(pm, va); p != NULL; p = p->next)
		if (p->pmap == pm && p->va == va)
			return p;
	return NULL;
}

static void
collect(struct mapping *p)
{
	if (!p->managed)
		return;
	if (p->modified)
		vm_page_dirty(p->m);
	if (p->referenced)
		vm_page_reference(p->m);
}

static void
drop(struct mapping *p)
{
	struct mapping **at = bucket_of(p->pmap, p->va);

	collect(p);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	list_remove(&p->space_link);
	list_remove(&p->page_link);
	p->pmap->resident--;
	p->pmap->wired -= p->wired;
	mapping_count--;
	free(p);
}

static struct mapping *
create(struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot)
{
	struct mapping **at = bucket_of(pm, va), *p = calloc(1, sizeof(*p));

	KASSERT(p != NULL && (va & PAGE_MASK) == 0 && m->ref != 0);
	p->pmap = pm;
	p->va = va;
	p->m = m;
	p->prot = prot;
	p->next = *at;
	*at = p;
	list_init(&p->page_link);
	list_push_back(&pm->mappings, &p->space_link);
	pm->resident++;
	mapping_count++;
	return p;
}

static void
page_of_mine(const struct vm_page *m)
{
	KASSERT(m->valid);
	KASSERT(m->object == NULL || mutex_owned(&m->object->lock) || vm_page_busied(m));
	if (vm_page_xbusied(m))
		KASSERT(curthread()->busy_pages > 0);
}

/*
 * Boot and spaces.
 */
void
pmap_init(void)
{
}

struct pmap *
pmap_create(void)
{
	struct pmap *pm;

	if (host_alloc_fails())
		return NULL;
	pm = calloc(1, sizeof(*pm));
	KASSERT(pm != NULL);
	list_init(&pm->mappings);
	return pm;
}

void
pmap_destroy(struct pmap *pm)
{
	KASSERT(list_empty(&pm->mappings) && pm->resident == 0 && pm->wired == 0);
	free(pm);
}

void
pmap_activate(struct pmap *pm)
{
	(void)pm;
}

uint64_t
pmap_resident_count(const struct pmap *pm)
{
	return pm->resident;
}

uint64_t
pmap_wired_count(const struct pmap *pm)
{
	return pm->wired;
}

/*
 * A range of a space.
 */
int
pmap_enter(struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot, unsigned flags)
{
	struct mapping *p = find(pm, va);

	KASSERT((prot & (VM_PROT_READ | VM_PROT_EXEC)) && !(flags & PMAP_ACCESS_MASK & ~prot));
	page_of_mine(m);
	if (p == NULL || p->m != m) {
		if (host_alloc_fails())
			return ENOMEM;
		if (p != NULL)
			drop(p);
		p = create(pm, va, m, prot);
		p->managed = (flags & PMAP_UNMANAGED) == 0;
		if (p->managed)
			list_push_back(&m->md.mappings, &p->page_link);
	}
	p->prot = prot;
	p->referenced = true;
	p->modified |= (flags & VM_PROT_WRITE) != 0;
	pm->wired += (flags & PMAP_WIRED) && !p->wired;
	p->wired |= (flags & PMAP_WIRED) != 0;
	return 0;
}

void
pmap_enter_quick(struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot)
{
	struct mapping *p;

	page_of_mine(m);
	if (prot == VM_PROT_NONE || host_knobs.no_prefault)
		return;
	p = find(pm, va);
	if (p != NULL) {
		if (p->m == m)
			p->prot |= prot;
		return;
	}
	p = create(pm, va, m, prot);
	p->managed = true;
	list_push_back(&m->md.mappings, &p->page_link);
}

/* Walk a space: the first mapping from *at on that lies in [start, end), NULL at the end; *at moves
 * on, so that it may be dropped. */
static struct mapping *
next_in(struct pmap *pm, struct list **at, vaddr_t start, vaddr_t end)
{
	KASSERT(start < end);
	while (*at != &pm->mappings) {
		struct mapping *p = LIST_ENTRY(*at, struct mapping, space_link);

		*at = (*at)->next;
		if (p->va >= start && p->va < end)
			return p;
	}
	return NULL;
}

void
pmap_remove(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct list *at = pm->mappings.next;
	struct mapping *p;

	while ((p = next_in(pm, &at, start, end)) != NULL)
		drop(p);
}

void
pmap_protect(struct pmap *pm, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct list *at = pm->mappings.next;
	struct mapping *p;

	while ((p = next_in(pm, &at, start, end)) != NULL) {
		p->prot &= prot;
		if (!(p->prot & VM_PROT_WRITE)) {
			collect(p);
			p->modified = false;
		}
		if ((p->prot & (VM_PROT_READ | VM_PROT_EXEC)) == 0)
			drop(p);
	}
}

void
pmap_unwire(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct list *at = pm->mappings.next;
	struct mapping *p;

	while ((p = next_in(pm, &at, start, end)) != NULL) {
		pm->wired -= p->wired;
		p->wired = false;
	}
}

bool
pmap_extract(struct pmap *pm, vaddr_t va, paddr_t *pa)
{
	struct mapping *p = find(pm, trunc_page(va));

	if (p != NULL)
		*pa = vm_page_to_phys(p->m) + (va & PAGE_MASK);
	return p != NULL;
}

struct vm_page *
pmap_extract_and_hold(struct pmap *pm, vaddr_t va, vm_prot_t prot)
{
	struct mapping *p = find(pm, trunc_page(va));

	if (p == NULL || !p->managed || (p->prot & prot) != prot)
		return NULL;
	vm_page_wire(p->m);
	return p->m;
}

void
pmap_copy(struct pmap *dst, struct pmap *src, vaddr_t start, vaddr_t end)
{
	struct list *at = src->mappings.next;
	struct mapping *p;

	if (!host_knobs.fork_copies)
		return;
	while ((p = next_in(src, &at, start, end)) != NULL) {
		struct mapping *copy;

		if (find(dst, p->va) != NULL)
			continue;
		copy = create(dst, p->va, p->m, p->prot & ~VM_PROT_WRITE);
		copy->managed = p->managed;
		if (copy->managed)
			list_push_back(&p->m->md.mappings, &copy->page_link);
	}
}

bool
pmap_is_prefaultable(struct pmap *pm, vaddr_t va)
{
	return find(pm, va) == NULL;
}

void
pmap_table_span(vaddr_t va, vaddr_t *start, vaddr_t *end)
{
	*start = va & ~(TABLE_SPAN - 1);
	*end = *start + TABLE_SPAN;
}

bool
pmap_fault_fixup(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	struct mapping *p = find(pm, trunc_page(va));

	return p != NULL && (p->prot & access) == access;
}

void
pmap_kenter(vaddr_t va, paddr_t pa, vm_prot_t prot)
{
	struct vm_page *m = vm_phys_to_page(pa);

	KASSERT(m != NULL && find(kernel_pmap, va) == NULL);
	create(kernel_pmap, va, m, prot);
}

void
pmap_kremove(vaddr_t start, vaddr_t end)
{
	struct list *at = kernel_pmap->mappings.next;
	struct mapping *p;

	while ((p = next_in(kernel_pmap, &at, start, end)) != NULL) {
		KASSERT(!p->managed);
		drop(p);
	}
}

int
pmap_growkernel(vaddr_t start, vaddr_t end)
{
	KASSERT(start < end);
	return host_alloc_fails() ? ENOMEM : 0;
}

/*
 * One page.
 */
void
pmap_page_init(struct vm_page *m)
{
	list_init(&m->md.mappings);
}

static struct mapping *
of_page(struct list *link)
{
	return LIST_ENTRY(link, struct mapping, page_link);
}

void
pmap_remove_all(struct vm_page *m)
{
	LIST_FOREACH_SAFE(link, &m->md.mappings)
		drop(of_page(link));
}

void
pmap_remove_write(struct vm_page *m)
{
	LIST_FOREACH(link, &m->md.mappings) {
		struct mapping *p = of_page(link);

		collect(p);
		p->modified = false;
		p->prot &= ~VM_PROT_WRITE;
	}
}

bool
pmap_is_modified(struct vm_page *m)
{
	LIST_FOREACH(link, &m->md.mappings)
		if (of_page(link)->modified)
			return true;
	return false;
}

void
pmap_clear_modify(struct vm_page *m)
{
	LIST_FOREACH(link, &m->md.mappings)
		of_page(link)->modified = false;
}

unsigned
pmap_ts_referenced(struct vm_page *m)
{
	unsigned n = 0;

	LIST_FOREACH(link, &m->md.mappings) {
		n += of_page(link)->referenced;
		of_page(link)->referenced = false;
	}
	return n;
}

bool
pmap_page_is_mapped(struct vm_page *m)
{
	return !list_empty(&m->md.mappings);
}

unsigned
pmap_page_wired_mappings(struct vm_page *m)
{
	unsigned n = 0;

	LIST_FOREACH(link, &m->md.mappings)
		n += of_page(link)->wired;
	return n;
}

void
pmap_zero_page(struct vm_page *m)
{
	memset(vm_page_kva(m), 0, PAGE_SIZE);
}

void
pmap_copy_page(struct vm_page *src, struct vm_page *dst)
{
	memcpy(vm_page_kva(dst), vm_page_kva(src), PAGE_SIZE);
}

void
pmap_walk(struct pmap *pm,
    void (*fn)(void *arg, vaddr_t va, struct vm_page *m, vm_prot_t prot, bool wired), void *arg)
{
	struct list *at = pm->mappings.next;
	struct mapping *p;

	while ((p = next_in(pm, &at, 0, UINT64_MAX)) != NULL)
		if (p->managed)
			fn(arg, p->va, p->m, p->prot, p->wired);
}

/*
 * The machine.
 */
void
host_pmap_forget(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct list *at = pm->mappings.next;
	struct mapping *p;

	while ((p = next_in(pm, &at, start, end)) != NULL)
		if (p->managed && !p->wired)
			drop(p);
}

bool
host_pmap_maps(struct pmap *pm, vaddr_t va, vm_prot_t prot)
{
	struct mapping *p = find(pm, trunc_page(va));

	return p != NULL && (p->prot & prot) == prot;
}

/*
 * These harts have neither boot nor moods, and no TLB.
 */
const uintptr_t host_ram_address = 0;
const char *const host_machine_goal = "check-sched";

void
host_machine_boot(paddr_t ram_start, paddr_t start, paddr_t end)
{
	(void)ram_start;
	(void)start;
	(void)end;
}

void
host_machine_reset(void)
{
}

void
host_machine_vary(uint32_t bits)
{
	(void)bits;
}

void
host_machine_point(void)
{
}

void
host_machine_check(void)
{
}

uint64_t
host_machine_pages(void)
{
	return 0;
}

int
host_access(struct vm_map *map, vaddr_t va, vm_prot_t access, uint8_t **byte)
{
	for (unsigned i = 0; i < FAULTS_MAX; i++) {
		struct mapping *p = find(map->pmap, trunc_page(va));
		int error;

		if (p != NULL && (p->prot & access) == access) {
			p->referenced = true;
			p->modified |= (access & VM_PROT_WRITE) != 0;
			*byte = (uint8_t *)vm_page_kva(p->m) + (va & PAGE_MASK);
			return 0;
		}
		error = host_fault(map, va, access);
		if (error != 0)
			return error;
		lock_assert_none();
		KASSERT(curthread()->busy_pages == 0);
	}
	panic("access %u at %#lx faults for ever", access, (unsigned long)va);
}
