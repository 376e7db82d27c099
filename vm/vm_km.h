/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel memory by address: kernel_map and its submaps.  Small objects come from zones (zone.h);
 * what is here is large, rare or pageable.
 *
 * Submaps, each with its own lock, each for one purpose:
 *      kstack_map  kernel stacks, each with an unmapped page below
 *      exec_map    argument strings of execve; callers wait for space
 *      pipe_map    pipe buffers
 *      kmem_map    large kmalloc
 */
#ifndef VM_VM_KM_H
#define VM_VM_KM_H

#include "lib/annot.h"
#include "vm/vm_types.h"

#define KM_NOWAIT  0x01u /* give up rather than wait for pages */
#define KM_VALLOC  0x02u /* address space only, no memory */
#define KM_TRYLOCK 0x04u /* give up if the map is locked */
#define KM_ZERO    0x08u
#define KM_GUARD   0x10u /* leave one unmapped page below the range */

extern struct vm_map *kernel_map, *kstack_map, *exec_map, *pipe_map, *kmem_map;

/* Makes kernel_map and the submaps; their sizes follow the size of RAM.  => boot, after
 * vm_map_startup and vm_object_init. */
void km_init(void);

/* A submap of `size` bytes of `parent` with its own lock; its bounds go to *min, *max.  => boot. */
struct vm_map *
km_suballoc(struct vm_map *parent, vaddr_t *min, vaddr_t *max, size_t size, const char *name);

/* Wired memory of `size` bytes (rounded to pages) in a kernel map.  => thread context; waits for
 * pages unless KM_NOWAIT, but not for ever; never waits for address space.  Returns its address or
 * 0. */
vaddr_t km_kmemalloc(struct vm_map *map, size_t size, unsigned flags);
/* Wired, zeroed, waits for pages. 0: no address space. */
vaddr_t km_alloc(struct vm_map *map, size_t size);
/* Address space whose pages come on demand, zero-filled, through faults on the kernel object
 * (pageable).  0: none. */
vaddr_t km_valloc(struct vm_map *map, size_t size);
/* As km_valloc, but waits until there is address space; 0 only if size exceeds the map, or the
 * thread is to exit. */
vaddr_t km_valloc_wait(struct vm_map *map, size_t size);
/* Bring the pages of [va, va + size), pageable memory, in now: what needs them later does not fail
 * for want of memory.  => as a page fault.  Returns 0 or ENOMEM; what came in stays until the range
 * is freed. */
int km_populate(vaddr_t va, size_t size) MUST_CHECK;
/* Give back a range from any of the above: same address, same size; km_free_guarded if it was
 * allocated with KM_GUARD.  => thread context; may sleep for the map's lock; needs no memory, so it
 * cannot fail. */
void km_free(struct vm_map *map, vaddr_t va, size_t size);
void km_free_guarded(struct vm_map *map, vaddr_t va, size_t size);
/* km_free, and wake those waiting in km_valloc_wait. */
void km_free_wakeup(struct vm_map *map, vaddr_t va, size_t size);
/* Free the kernel object's pages that stand for the addresses [start, end), wired or not.  => not
 * mapped any more; waits for busy pages. */
void km_pgremove(vaddr_t start, vaddr_t end);

/* One page for zones through the direct map.  => any context.  flags: VM_ALLOC_*.  NULL: none. */
void *km_poolpage_alloc(unsigned flags);
void km_poolpage_free(void *page);

/* A thread's kernel stack: KSTACK_SIZE bytes, guard page below.  0: no memory.  => may sleep. */
vaddr_t kstack_alloc(void);
void kstack_free(vaddr_t stack);
/* Is va in the guard page of a kernel stack?  => any context; takes no lock. */
bool kstack_is_guard(vaddr_t va);
/* Free the stacks that wait for their next thread.  Returns how many pages that were.  => thread
 * context, no lock held. */
uint64_t kstack_drain(void);

#endif
