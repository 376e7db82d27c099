/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the kernel sees of this machine's page tables besides vm/pmap.h: the pmap's part
 * of struct vm_page, the direct map, and the calls by which the machine's start-up code switches
 * paging on.
 *
 * A reverse mapping is nothing but the address of a PTE: the table page that the PTE lies in knows
 * its pmap and its virtual address. So one word per mapping is enough, and a page with one or two
 * mappings needs no memory besides its struct vm_page.
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

/*
 * Two uses, never at once.
 *
 * Lock key: v the page's pv list lock (a bit of pv_head)   a atomic   x the lock of the pmap
 *   I immutable while in use
 */
struct md_page {
	union {
		/* A frame that spaces map (pmap_pv.c): the first mapping's PTE, with flags, and the
		 * second one's, or all the others.  No PTE: not mapped. */
		struct {
			uintptr_t pv_head; /* a v */
			union {
				pte_t *pv_second;         /* v */
				struct pv_chunk *pv_more; /* v */
			};
		};
		/* A frame that is a page table, its first entry for pt_index * 2 MiB. */
		struct {
			struct pmap *pt_pmap; /* I */
			uint32_t pt_index;    /* I */
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

/* The frame and offset behind any kernel address that is mapped: direct map, image or kernel_map.
 * => any context; panics if unmapped. */
paddr_t pmap_kextract(const void *va);

/*
 * Boot.  What the start-up code found out, for the final kernel page table.
 */
struct pmap_boot {
	/* Banks without no-map ranges; the image and the early memory are part of them. */
	const struct phys_range *ram;
	unsigned nram;
	/* Device registers, to be had in the direct map as well; need not be page aligned. */
	const struct phys_range *dev;
	unsigned ndev;
	/* The image, page aligned: [text, rodata) RX, [rodata, data) R, [data, end) RW. */
	vaddr_t text, rodata, data, end;
	paddr_t image_pa; /* where `text` was loaded */
	/* Unused RAM for page tables; early_start is moved past what was taken. */
	paddr_t early_start, early_end;
};

/*
 * Build the kernel's page table and put this hart on it.
 * => once, on the boot hart, before anything else of vm.
 * => the boot page table maps the image at its final place, and the early memory directly.
 * => takes some pages, one more for each GiB of kernel_map (pmap_kernel_end), for each 2 MiB of
 * image, and two for each ragged end of a bank; panics if there are less.
 */
void pmap_bootstrap(struct pmap_boot *boot);

/* Put this hart on the kernel's page table and make it a target of shootdowns.
 * => each secondary hart, once, on the boot page table, interrupts off (the boot hart: done by
 * pmap_bootstrap). */
void pmap_hart_init(void);

#endif
