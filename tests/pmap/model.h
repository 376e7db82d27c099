/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pmap on the host: arch/riscv/pmap*.c and tlb.c as they are, on a machine made of memory.
 *
 *      mmu.c       harts with a page table walker and a TLB that forgets nothing until it is
 *                  fenced: leaves, tables, and if asked for what is no use as well.  Touching a
 *                  free frame, or walking through one, ends the test.
 *      machine.c   RAM, pages, zones, locks, panic: just enough of what the pmap stands on
 *      shadow/     headers that replace the machine's (first on the include path)
 *
 * A host thread plays the hart in model_hart; tests that want true concurrency start several.
 */
#ifndef PMAP_TEST_MODEL_H
#define PMAP_TEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/pmap_private.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

#define MODEL_FRAMES 2048u
#define MODEL_BOOT   200u /* frames kept from the pages: boot page tables and the image */
#define MODEL_RAM    0x80000000ul
#define MODEL_IMAGE  (MODEL_RAM + 100 * PAGE_SIZE) /* 8 pages of text, 4 of constants, 8 of data */

/* How the harts behave. */
struct model_knobs {
	unsigned asid_bits;
	bool hardware_ad; /* the walker sets A and D itself (Svadu); else it faults (Svade) */
	bool stubborn;    /* the TLB keeps invalid entries, and does not look again for A or D */
};
extern struct model_knobs model_knobs;

/* What happened since model_boot. */
struct model_counts {
	uint64_t remote_fences, instruction_fences, local_fences, allocations;
};
extern struct model_counts model_counts;

/* A fresh machine with so many harts, all on the kernel's page table.  Hart 0 is current. */
void model_boot(unsigned nharts, struct model_knobs knobs);
/* Every frame is back. */
void model_check_leaks(void);

/* A load, store or fetch by the current hart, in user or kernel mode. Returns the page it reached;
 * NULL: page fault. */
struct vm_page *model_access(vaddr_t va, vm_prot_t access, bool user);
/* ... and if it faults, with what the trap handler and vm_fault do about a page that is there. =>
 * one hart works at a time */
struct vm_page *model_touch(struct pmap *pm, vaddr_t va, vm_prot_t access);
/* A hart forgets one of its translations. */
void model_evict(unsigned hart, uint32_t which);
/* Panics if a TLB has, for the space its hart is on, what the tables have not. => nobody is changing
 * tables */
void model_check_tlbs(void);
/* Called on every remote fence. */
extern void (*model_on_fence)(void);

/* A page of no object, wired once. */
struct vm_page *model_page(void);
/* The n-th allocation from now on fails; 0: none. */
void model_fail(unsigned n);
unsigned model_pages_in_use(void);
/* Does the frame belong to somebody?  Any hart may ask. */
bool model_frame_in_use(paddr_t pa);
void model_reset_tlbs(unsigned nharts);
bool model_page_dirty(const struct vm_page *m);

#endif
