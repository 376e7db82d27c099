/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of RAM: which there are, which are free.  What is in a frame is vm_page's business.
 */
#ifndef VM_VM_PHYS_H
#define VM_VM_PHYS_H

#include "vm/vm_page.h"

/* Build the page array and the free lists from the RAM that boot found.  => once, by
 * vm_page_startup. */
void vm_phys_startup(const struct phys_range *ranges, unsigned n);

/* A free frame, off every list; its struct vm_page is as free() left it.  flags: VM_ALLOC_* class,
 * and VM_ALLOC_ZERO: contents zero.
 * => any context; never sleeps.  NULL: fewer frames left than the class may take. */
struct vm_page *vm_phys_alloc(unsigned flags);

/* Give a frame back.  PGA_ZERO says that its contents are zero.  => any context; belongs to nobody,
 * on no list. */
void vm_phys_free(struct vm_page *m);

/* Frames that VM_ALLOC_NORMAL leaves to others. */
uint64_t vm_phys_reserve(void);
/* Exact when nothing moves. */
uint64_t vm_phys_free_count(void);
uint64_t vm_phys_total_count(void);

/* Sleep until a frame that VM_ALLOC_NORMAL can have is free, or `ns` nanoseconds.  => thread
 * context, nothing held.  Returns whether there is one. */
bool vm_phys_wait(uint64_t ns);

/* Calls fn for every frame, free or not. */
void vm_phys_foreach(void (*fn)(struct vm_page *m, void *arg), void *arg);

/* Panics if a free list or a hart's cache holds what it may not.  => quiescent. */
void vm_phys_check(void);

#endif
