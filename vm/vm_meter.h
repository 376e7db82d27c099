/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event counters of vm: each hart counts for itself, readers add up.
 *
 * A new counter is one line here; /proc/vmstat shows it under its name.
 */
#ifndef VM_VM_METER_H
#define VM_VM_METER_H

#include "arch/riscv/vmparam.h"
#include "kern/base/thread.h"
#include "vm/vm_types.h"

/* Counter, name in /proc/vmstat. */
#define VM_COUNTERS(X)                                                                             \
	X(VMC_FAULTS, "faults")                 /* calls of vm_fault */                            \
	X(VMC_FAULT_RESTARTS, "fault_restarts") /* rounds beyond the first */                      \
	X(VMC_FAULT_ERRORS, "fault_errors")     /* ended in a signal or EFAULT */                  \
	X(VMC_ZERO_FILL, "zero_fill")           /* fresh zero pages */                             \
	X(VMC_ZERO_READS, "zero_reads")         /* reads of untouched memory: the zero page */     \
	X(VMC_COW_COPIES, "cow_copies")         /* write to a page of a backing object: copied */  \
	X(VMC_COW_MOVES, "cow_moves")           /* ... moved up, as nobody else could see it */    \
	X(VMC_ZEROED_FRAMES, "zeroed_frames")   /* zeros wanted, and the frame had them already */ \
	X(VMC_PREFAULTS, "prefaults")           /* resident neighbours mapped on the way */        \
	X(VMC_PAGEINS, "pageins")               /* pages a pager was asked for */                  \
	X(VMC_SHADOWS, "shadows")               /* shadow objects put in front */                  \
	X(VMC_COLLAPSES, "collapses")           /* chains merged */                                \
	X(VMC_BYPASSES, "bypasses")             /* backing objects stepped over */                 \
	X(VMC_COALESCES, "coalesces")           /* objects grown under an adjacent mapping */      \
	X(VMC_SPLITS, "splits")                 /* parts of a cut mapping: an object each */       \
	X(VMC_FORKS, "forks")                   /* address spaces copied */                        \
	X(VMC_VFORKS, "vforks")                 /* address spaces lent to another process */       \
	X(VMC_FORK_PAGES, "fork_pages")         /* size of the spaces copied */                    \
	X(VMC_STACK_GROWTHS, "stack_growths")                                                      \
	X(VMC_TRANSITION_WAITS, "transition_waits") /* sleeps for an entry in transition */        \
	X(VMC_WIRE_ERRORS, "wire_errors")     /* new locked mappings left to the first touch */    \
	X(VMC_BUSY_WAITS, "busy_waits")       /* sleeps for a busy page */                         \
	X(VMC_PAGE_WAITS, "page_waits")       /* sleeps for a free page */                         \
	X(VMC_REACTIVATIONS, "reactivations") /* pages used again before they were taken */        \
	X(VMC_SPACE_WAITS, "space_waits")     /* sleeps for kernel addresses */                    \
	X(VMC_PAGE_REFILLS, "page_refills")   /* free-list batches fetched into a hart's cache */  \
	X(VMC_LOWMEM_CALLS, "lowmem_calls")   /* pages asked back from caches */                   \
	X(VMC_SHOOTDOWNS, "shootdowns")       /* TLB invalidations sent to other harts */

#define VM_COUNTER_ID(id, name) id,
enum vm_counter { VM_COUNTERS(VM_COUNTER_ID) VMC_COUNT };
#undef VM_COUNTER_ID

/* One hart's counters, on cache lines of its own. */
struct vm_meter {
	uint64_t count[VMC_COUNT]; /* a */
} __attribute__((aligned(64)));

extern struct vm_meter vm_meter[MAXHART];

/* => any context.  One atomic add on a line that is nearly always this hart's own. */
static inline void
vm_count_add(enum vm_counter c, uint64_t n)
{
	__atomic_fetch_add(&vm_meter[curthread()->hart].count[c], n, __ATOMIC_RELAXED);
}

static inline void
vm_count(enum vm_counter c)
{
	vm_count_add(c, 1);
}

/* The sum over all harts.  => any context; a snapshot. */
uint64_t vm_meter_read(enum vm_counter c);
const char *vm_meter_name(enum vm_counter c);

/* Calls fn for everything that vm counts: first levels (nr_free_pages, ...; numbers of things that
 * exist now), then the counters above, then zone_NAME = items in use for each zone.  => thread
 * context, no lock held; may sleep (locks each object once). */
void vm_meter_foreach(void (*fn)(const char *name, uint64_t value, void *arg), void *arg);

#endif
