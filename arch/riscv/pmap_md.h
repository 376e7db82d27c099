/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the kernel sees of this machine's page tables besides vm/pmap.h: the pmap's part of struct vm_page, the direct
 * map, and the calls by which the machine's start-up code switches paging on.
 *
 * A reverse mapping is nothing but the address of a PTE: the table page that the PTE lies in knows its pmap and its virtual address.
 * So one word per mapping is enough, and a page with a single mapping needs no memory besides its struct vm_page.
 */
#ifndef ARCH_RISCV_PMAP_MD_H
#define ARCH_RISCV_PMAP_MD_H

#include <stdint.h>

#include "arch/riscv/types.h"
#include "arch/riscv/vmparam.h"

typedef uint64_t pte_t;

struct pmap;
struct pv_chunk;
struct phys_range; /* vm/vm_page.h */

/* Two uses, never at once.  Lock key: v the page's pv list lock (a bit of pv_head), a atomic, x the lock of the pmap, I immutable while
 * in use. */
struct md_page {
	union {
		struct { /* a frame that spaces map: pmap_pv.c */
			uintptr_t pv_head;        /* a v  the first mapping's PTE, and flags; no PTE: not mapped */
			struct pv_chunk *pv_more; /* v    all other mappings */
		};
		struct { /* a frame that is a page table */
			struct pmap *pt_pmap; /* I */
			uint32_t pt_index;    /* I  the table maps from this address, in units of 2 MiB */
			uint32_t pt_count;    /* x  valid entries */
		};
	};
};

/*
 * The direct map.
 */
static inline void *
dmap_pa_to_va(paddr_t pa)
{
	return (void *)(DMAP_BASE + pa);
}

/* => va lies in the direct map. */
static inline paddr_t
dmap_va_to_pa(const void *va)
{
	return (vaddr_t)va - DMAP_BASE;
}

/* The frame and offset behind any kernel address that is mapped: direct map, image or kernel_map.  => any context; panics if unmapped. */
paddr_t pmap_kextract(const void *va);

/*
 * Boot.  What the start-up code found out, for the final kernel page table.
 */
struct pmap_boot {
	const struct phys_range *ram; /* banks without no-map ranges; the image and `early` are part of them */
	unsigned nram;
	const struct phys_range *dev; /* device registers, to be had in the direct map as well; need not be page aligned */
	unsigned ndev;
	paddr_t image_pa;               /* where the image's first page, at `text`, was loaded */
	vaddr_t text, rodata, data, end; /* page aligned: [text, rodata) RX, [rodata, data) R, [data, end) RW */
	paddr_t early_start, early_end; /* unused RAM for page tables; early_start is moved past what was taken */
};

/*
 * Build the kernel's page table and put this hart on it.  => once, on the boot hart, before anything else of vm.
 * => the boot page table in use maps the image at its final place and [early_start, early_end) in the direct map.
 * => about 70 pages plus one per 2 MiB of image and two for each ragged end of a bank; panics when `early` is too small.
 */
void pmap_bootstrap(struct pmap_boot *boot);

/* Put this hart on the kernel's page table and make it a target of shootdowns.  => each secondary hart, once, on the boot page table
 * (the boot hart: done by pmap_bootstrap).  => interrupts off. */
void pmap_hart_init(void);

#endif
