/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/ over the kernel's own pmap (arch/riscv/pmap*.c, tlb.c), on harts with page table walkers and TLBs (tests/pmap/mmu.c): the same
 * tests as over pmap_model.c, and what that cannot show: a TLB that still knows what a map has given up.
 *
 * Each coroutine has a hart.  A program's access goes through that hart's TLB, faults as in trap.c, and leaves the hart on the space, as
 * a running thread would; so every hart that was there must be told of what is taken away.  Of their own accord (host_machine_point)
 * harts forget a translation, or look one up ahead of time: entries come whenever they like, and go only by a fence or by chance.
 *
 * The environment variable HARTS is a word made of: `u` accessed and dirty bits are set by the machine (Svadu), `t` it
 * traps (Svade, as without any), `s` the TLB keeps invalid entries too (stubborn).
 */
#include <stdlib.h>
#include <string.h>

#include "arch/riscv/sbi.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "tests/host/host.h"
#include "tests/pmap/model.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"

#define ASID_BITS     2 /* three spaces, and the numbers of a hart begin anew */
#define FAULTS_MAX    1000u
#define RECENT        16u /* accesses that a hart may repeat ahead of time */
#define EVICT_PERCENT 6u
#define AHEAD_PERCENT 12u
#define CHECK_PERCENT 10u
#define FORGET_MAX    512u
#define HOST_RAM      0x7ec080000000ul /* the lower 39 bits as in the machine's direct map */
#define KERNEL_PAGES  20u

const uintptr_t host_ram_address = HOST_RAM;
const char *const host_machine_goal = "seeds";
struct model_counts model_counts;

static struct pmap *active[MAXHART];
static paddr_t boot_start, boot_end;

static struct {
	struct pmap *pm;
	vaddr_t va;
} recent[RECENT];
static unsigned nrecent;

unsigned
cpu_id(void)
{
	return curthread()->hart;
}

/* Frames of boot are not in the page array. */
bool
model_frame_in_use(paddr_t pa)
{
	const struct vm_page *m = vm_phys_to_page(pa);

	return (pa >= boot_start && pa < boot_end) || (m != NULL && m->ref != 0);
}

/*
 * Boot, spaces.
 */
static void
activate_on(unsigned hart, struct pmap *pm)
{
	uint32_t self = curthread()->hart;

	curthread()->hart = hart;
	pmap_activate(pm);
	active[hart] = pm;
	curthread()->hart = self;
}

static void
set_mode(const char *mode)
{
	model_knobs = (struct model_knobs){.asid_bits = ASID_BITS};
	model_knobs.hardware_ad = mode != NULL && strchr(mode, 'u') != NULL;
	model_knobs.stubborn = mode != NULL && strchr(mode, 's') != NULL;
}

void
host_machine_boot(paddr_t ram_start, paddr_t start, paddr_t end)
{
	const struct phys_range bank = {ram_start, end};
	struct pmap_boot boot = {
	    .ram = &bank,
	    .nram = 1,
	    .image_pa = end - ptoa(KERNEL_PAGES),
	    .text = KERNBASE + 0x200000,
	    .rodata = KERNBASE + 0x200000 + 8 * PAGE_SIZE,
	    .data = KERNBASE + 0x200000 + 12 * PAGE_SIZE,
	    .end = KERNBASE + 0x200000 + KERNEL_PAGES * PAGE_SIZE,
	    .early_start = start,
	    .early_end = end - ptoa(KERNEL_PAGES),
	};

	boot_start = start;
	boot_end = end;
	set_mode(getenv("HARTS"));
	model_reset_tlbs(MAXHART);
	pmap_bootstrap(&boot);
	for (curthread()->hart = 1; curthread()->hart < MAXHART; curthread()->hart++)
		pmap_hart_init();
	curthread()->hart = 0;
}

void
host_machine_reset(void)
{
	uint32_t self = curthread()->hart;

	for (unsigned hart = 0; hart < MAXHART; hart++) {
		activate_on(hart, NULL);
		curthread()->hart = hart;
		pmap_hart_init();
		curthread()->hart = self;
	}
	memset(recent, 0, sizeof(recent));
	nrecent = 0;
}

void
host_machine_vary(uint32_t bits)
{
	model_knobs.hardware_ad = bits & 1;
	model_knobs.stubborn = bits & 2;
}

/* Whoever exits leaves the space first. */
void __real_pmap_destroy(struct pmap *pm);
void __wrap_pmap_destroy(struct pmap *pm);

void
__wrap_pmap_destroy(struct pmap *pm)
{
	for (unsigned hart = 0; hart < MAXHART; hart++)
		if (active[hart] == pm)
			activate_on(hart, NULL);
	for (unsigned i = 0; i < RECENT; i++)
		if (recent[i].pm == pm)
			recent[i].pm = NULL;
	__real_pmap_destroy(pm);
}

/*
 * Accesses.
 */
static struct vm_page *
access_as(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	unsigned hart = cpu_id();

	if (pm == kernel_pmap)
		return model_access(va, access, false);
	if (active[hart] != pm)
		activate_on(hart, pm);
	recent[nrecent].pm = pm;
	recent[nrecent].va = va;
	nrecent = (nrecent + 1) % RECENT;
	return model_access(va, access, true);
}

int
host_access(struct vm_map *map, vaddr_t va, vm_prot_t access, uint8_t **byte)
{
	for (unsigned i = 0; i < FAULTS_MAX; i++) {
		struct vm_page *m = access_as(map->pmap, va, access);
		int error;

		if (m != NULL) {
			*byte = (uint8_t *)vm_page_kva(m) + (va & PAGE_MASK);
			return 0;
		}
		if (pmap_fault_fixup(map->pmap, va, access))
			continue;
		error = host_fault(map, va, access);
		if (error != 0)
			return error;
		lock_assert_none();
		KASSERT(curthread()->busy_pages == 0);
	}
	panic("access %u at %#lx faults for ever", access, (unsigned long)va);
}

/* Some hart looks up, unasked, what was of use lately. */
static void
look_ahead(void)
{
	unsigned i = host_random() % RECENT;
	uint32_t self = curthread()->hart;

	for (unsigned hart = 0; hart < MAXHART; hart++) {
		if (recent[i].pm == NULL || active[hart] != recent[i].pm)
			continue;
		curthread()->hart = hart;
		(void)model_access(recent[i].va, VM_PROT_READ, true);
		curthread()->hart = self;
		if (host_random() % 2 == 0)
			break;
	}
}

void
host_machine_point(void)
{
	if (host_chance(EVICT_PERCENT))
		model_evict(host_random() % MAXHART, host_random());
	if (host_chance(AHEAD_PERCENT))
		look_ahead();
	if (host_chance(CHECK_PERCENT))
		model_check_tlbs();
}

void
host_machine_check(void)
{
	model_check_tlbs();
}

/*
 * What the tests ask about mappings.
 */
static void
add_resident(struct vmspace *vm, void *arg)
{
	*(uint64_t *)arg += pmap_resident_count(vm->map.pmap);
}

uint64_t
host_mapping_count(void)
{
	uint64_t n = pmap_resident_count(kernel_pmap);

	vmspace_foreach(add_resident, &n);
	return n;
}

uint64_t
host_machine_pages(void)
{
	return kernel_pmap->tables;
}

struct forget {
	vaddr_t start, end;
	unsigned n;
	vaddr_t va[FORGET_MAX];
};

static void
note_forgettable(void *arg, vaddr_t va, struct vm_page *m, vm_prot_t prot, bool wired)
{
	struct forget *f = arg;

	(void)m;
	(void)prot;
	if (!wired && va >= f->start && va < f->end && f->n < FORGET_MAX)
		f->va[f->n++] = va;
}

void
host_pmap_forget(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct forget f = {.start = start, .end = end};

	pmap_walk(pm, note_forgettable, &f);
	for (unsigned i = 0; i < f.n; i++)
		pmap_remove(pm, f.va[i], f.va[i] + PAGE_SIZE);
}

bool
host_pmap_maps(struct pmap *pm, vaddr_t va, vm_prot_t prot)
{
	pte_t need = rights_to_bits(prot) | PTE_V;
	const pte_t *pte;
	bool maps;

	spin_lock(&pm->lock);
	pte = pt_find(pm, va);
	maps = pte != NULL && (*pte & need) == need;
	spin_unlock(&pm->lock);
	return maps;
}
