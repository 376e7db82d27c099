/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the making of the kernel's page table, at boot.
 *
 *      root [256..383]  direct map: RAM and device registers, RW, by the largest leaves that fit
 *           [384..447]  kernel_map: empty level 1 tables, one a GiB that this machine can use, so
 *                       that no root need ever change
 *           [510]       the image: text RX, constants R, data RW
 *
 * The direct map shows text and constants read-only: there is no way round "writable or executable,
 * never both".
 *
 * One thread, one hart, no locks: nothing else runs yet.
 */
#include <string.h>

#include "arch/riscv/pmap_private.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

#define KERNEL_R  (PTE_V | PTE_G | PTE_A | PTE_R)
#define KERNEL_RX (KERNEL_R | PTE_X)
#define KERNEL_RW (KERNEL_R | PTE_W | PTE_D)

vaddr_t pmap_kernel_end = VM_MAX_KERNEL_ADDRESS;

static pte_t *
boot_table(struct pmap_boot *boot)
{
	if (boot->early_end - boot->early_start < PAGE_SIZE)
		panic("pmap: no memory for the kernel's page table");
	pte_t *table = dmap_pa_to_va(boot->early_start);
	boot->early_start += PAGE_SIZE;
	memset(table, 0, PAGE_SIZE);
	return table;
}

/* The table below an entry, made if there is none. */
static pte_t *
boot_table_below(struct pmap_boot *boot, pte_t *entry)
{
	if ((*entry & PTE_V) == 0)
		*entry = pte_make(dmap_va_to_pa(boot_table(boot)), PTE_V);
	if (pte_is_leaf(*entry))
		panic("pmap: memory ranges overlap");
	return pte_table(*entry);
}

/* The entry of this level for va. */
static pte_t *
boot_entry(struct pmap_boot *boot, vaddr_t va, int level)
{
	pte_t *table = kernel_pmap->root;

	for (int above = PT_ROOT; above > level; above--)
		table = boot_table_below(boot, &table[pt_index(va, above)]);
	return &table[pt_index(va, level)];
}

/* The level of the largest leaf that fits at the beginning of a range. */
static int
leaf_level(vaddr_t va, paddr_t pa, uint64_t size)
{
	int level = PT_ROOT;

	while (level > 0 && ((va | pa) % pt_span(level) != 0 || size < pt_span(level)))
		level--;
	return level;
}

/* => all page aligned */
static void
map_range(struct pmap_boot *boot, vaddr_t va, paddr_t pa, uint64_t size, pte_t bits)
{
	while (size > 0) {
		int level = leaf_level(va, pa, size);
		uint64_t span = pt_span(level);

		*boot_entry(boot, va, level) = pte_make(pa, bits);
		va += span;
		pa += span;
		size -= span;
	}
}

static void
map_direct(struct pmap_boot *boot, paddr_t start, paddr_t end, pte_t bits)
{
	if (end > DMAP_SIZE)
		panic("pmap: physical address %#lx is beyond the direct map", end);
	if (start < end)
		map_range(boot, DMAP_BASE + start, start, end - start, bits);
}

static paddr_t
clamp(paddr_t pa, paddr_t low, paddr_t high)
{
	return pa < low ? low : pa > high ? high : pa;
}

/* A bank: writable before and behind the read-only part of the image. */
static void
map_bank(struct pmap_boot *boot, paddr_t start, paddr_t end)
{
	paddr_t fixed = clamp(boot->image_pa, start, end);
	paddr_t fixed_end = clamp(boot->image_pa + (boot->data - boot->text), start, end);

	map_direct(boot, start, fixed, KERNEL_RW);
	map_direct(boot, fixed, fixed_end, KERNEL_R);
	map_direct(boot, fixed_end, end, KERNEL_RW);
}

static void
map_image(struct pmap_boot *boot)
{
	paddr_t text = boot->image_pa;
	paddr_t rodata = text + (boot->rodata - boot->text);
	paddr_t data = text + (boot->data - boot->text);

	map_range(boot, boot->text, text, boot->rodata - boot->text, KERNEL_RX);
	map_range(boot, boot->rodata, rodata, boot->data - boot->rodata, KERNEL_R);
	map_range(boot, boot->data, data, boot->end - boot->data, KERNEL_RW);
}

/* kernel_map's submaps take twice the RAM at most (vm_km.c); a table for more would lie idle. */
static vaddr_t
kernel_end(const struct pmap_boot *boot)
{
	uint64_t ram = 0;

	for (unsigned i = 0; i < boot->nram; i++)
		ram += boot->ram[i].end - boot->ram[i].start;
	uint64_t size = (2 * ram + pt_span(2) - 1) & ~(pt_span(2) - 1);
	uint64_t most = VM_MAX_KERNEL_ADDRESS - VM_MIN_KERNEL_ADDRESS;
	return VM_MIN_KERNEL_ADDRESS + (size < most ? size : most);
}

void
pmap_bootstrap(struct pmap_boot *boot)
{
	pmap_kernel_end = kernel_end(boot);
	kernel_pmap->root = boot_table(boot);
	for (unsigned i = 0; i < boot->nram; i++)
		map_bank(boot, boot->ram[i].start, boot->ram[i].end);
	for (unsigned i = 0; i < boot->ndev; i++)
		map_direct(
		    boot, trunc_page(boot->dev[i].start), round_page(boot->dev[i].end), KERNEL_RW);
	map_image(boot);
	for (vaddr_t va = VM_MIN_KERNEL_ADDRESS; va < pmap_kernel_end; va += pt_span(2))
		(void)boot_entry(boot, va, 1);
	pmap_hart_init();
}
