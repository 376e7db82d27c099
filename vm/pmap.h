/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vm asks of the machine.  vm owns this contract; arch/riscv/pmap.c fulfils it, and a model of
 * it stands in on the host.
 *
 * A pmap is a cache of what maps and objects say: any mapping that is not wired may be forgotten,
 * because a fault brings it back.  Three things may not be forgotten: that a page was written
 * (modified), that it was used (referenced), and that a mapping is wired.
 *
 * Every call finishes its own TLB shootdown before it returns (there is no pmap_update); a call on
 * a range batches it.  No call sleeps.  Locks: each call takes what it needs (pv list, pmap)
 * itself; callers hold none of those.
 *
 * Calls are grouped by what you hand them: a space, a range of a space, one page with all its
 * mappings.
 */
#ifndef VM_PMAP_H
#define VM_PMAP_H

#include "lib/annot.h"
#include "vm/vm_types.h"

/* pmap_enter flags: the access that faulted (VM_PROT_* bits, presets referenced and modified), and
 * ... */
#define PMAP_ACCESS_MASK 0x07u
#define PMAP_WIRED       0x10u /* never forget this mapping until pmap_unwire or pmap_remove */
/* m is never freed and nobody asks where it is mapped: no reverse mapping is kept */
#define PMAP_UNMANAGED 0x20u

/* The pmap of kernel_map: created at boot, never destroyed. */
extern struct pmap *const kernel_pmap;

/* Where kernel_map ends: the machine has page tables up to here, enough for twice its RAM.
 * => fixed at boot, at most VM_MAX_KERNEL_ADDRESS. */
extern vaddr_t pmap_kernel_end;

/*
 * Boot.  The machine calls pmap_bootstrap itself, with its own arguments, before any of vm runs.
 */
/* Zones for pmaps and reverse mappings.  => after zone_bootstrap. */
void pmap_init(void);

/*
 * One space.
 */
/* An empty user pmap whose kernel half is complete.  => never sleeps.  NULL: no memory. */
struct pmap *pmap_create(void);
/* => no mapping is left (asserted), no hart runs on it, nobody else refers to it. */
void pmap_destroy(struct pmap *pm);
/* Make `pm` this hart's user space; NULL: none (kernel only).  => preemption off, called by the
 * context switch. */
void pmap_activate(struct pmap *pm);
/* Pages mapped, pages mapped wired.  => any context; a snapshot. */
uint64_t pmap_resident_count(const struct pmap *pm);
uint64_t pmap_wired_count(const struct pmap *pm);

/*
 * A range of a space.  Addresses are page aligned, start < end.
 */
/*
 * Map `m` at `va`, replacing what was there (if the frame changes: the old mapping is removed from
 * every TLB first).
 * => m is busy, or its object locked, or m has no object; prot includes READ or EXEC; m is valid.
 * => marks the page referenced, and modified when flags has WRITE access.  A writable mapping with
 * no WRITE access in flags is entered clean.
 * => returns 0, or ENOMEM when a table page or reverse-mapping record is not to be had (nothing
 * changed: wait and retry).
 */
int pmap_enter(
    struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot, unsigned flags) MUST_CHECK;
/* Map `m` if that is easy: no table page is allocated, nothing replaced.  Where it is mapped
 * already its rights grow to `prot`.  A writable mapping is entered clean.
 * => m valid, its object locked. */
void pmap_enter_quick(struct pmap *pm, vaddr_t va, struct vm_page *m, vm_prot_t prot);
/* Forget every mapping of the range, wired ones too; modified and referenced state goes to the
 * pages. */
void pmap_remove(struct pmap *pm, vaddr_t start, vaddr_t end);
/* Take away rights that `prot` lacks; never adds.  VM_PROT_NONE removes. */
void pmap_protect(struct pmap *pm, vaddr_t start, vaddr_t end, vm_prot_t prot);
/* Clear the wired mark of the range's mappings. */
void pmap_unwire(struct pmap *pm, vaddr_t start, vaddr_t end);
/* The frame mapped at va.  Returns false if none. */
bool pmap_extract(struct pmap *pm, vaddr_t va, paddr_t *pa);
/* The managed page mapped at va with at least `prot`, wired (vm_page_wire) so that it stays; NULL
 * if there is no such mapping. */
struct vm_page *pmap_extract_and_hold(struct pmap *pm, vaddr_t va, vm_prot_t prot);
/* Hint at fork: give dst the present mappings of src's range, read-only, not wired.  May do less,
 * or nothing.  => dst is not yet running; the maps of both are locked exclusively. */
void pmap_copy(struct pmap *dst, struct pmap *src, vaddr_t start, vaddr_t end);
/* Is there a table for va, with nothing at va? */
bool pmap_is_prefaultable(struct pmap *pm, vaddr_t va);
/* How far from va a neighbour may be and still share va's last-level table: [*start, *end) around
 * va. */
void pmap_table_span(vaddr_t va, vaddr_t *start, vaddr_t *end);
/*
 * The machine faulted at va: does the mapping there already allow `access`, so that only the
 * accessed/dirty bits (or a stale TLB entry) were in the way?  Then sets them and returns true: run
 * the instruction again.  May say false where vm_fault() would do no more.
 * => pm user: user addresses; kernel_pmap: kernel_map's, any lock held.
 */
bool pmap_fault_fixup(struct pmap *pm, vaddr_t va, vm_prot_t access);

/* Unmanaged kernel mappings: no reverse mapping, removed explicitly before the frame is freed.  =>
 * kernel addresses; never fails (kernel tables for the range were made by pmap_growkernel). */
void pmap_kenter(vaddr_t va, paddr_t pa, vm_prot_t prot);
void pmap_kremove(vaddr_t start, vaddr_t end);
/* Make last-level tables for a kernel range so that pmap_kenter cannot fail.  => returns 0 or
 * ENOMEM; never sleeps. */
int pmap_growkernel(vaddr_t start, vaddr_t end) MUST_CHECK;

/*
 * One page, all its mappings.  => the page's object locked, or the page busy.
 */
void pmap_page_init(struct vm_page *m); /* once, when the page array is made */
/* Remove every mapping; modified and referenced state is collected first (vm_page_dirty,
 * vm_page_reference). */
void pmap_remove_all(struct vm_page *m);
/* Revoke write access in every mapping, collecting modified state. */
void pmap_remove_write(struct vm_page *m);
bool pmap_is_modified(struct vm_page *m);
/* Forget that mappings were written.  => all harts will report the next write. */
void pmap_clear_modify(struct vm_page *m);
/* How many mappings used the page since last asked (at most a handful); clears them. */
unsigned pmap_ts_referenced(struct vm_page *m);
bool pmap_page_is_mapped(struct vm_page *m);
unsigned pmap_page_wired_mappings(struct vm_page *m);

/* => any context; through the direct map. */
void pmap_zero_page(struct vm_page *m);
void pmap_copy_page(struct vm_page *src, struct vm_page *dst);

/*
 * For checkers: calls fn for every valid managed leaf of pm in address order; W and WIRED as prot
 * bits and flag.  => quiescent pmap.
 */
void pmap_walk(struct pmap *pm,
    void (*fn)(void *arg, vaddr_t va, struct vm_page *m, vm_prot_t prot, bool wired), void *arg);

/*
 * For accounts: calls fn for every managed page that a user space maps in [start, end), in address
 * order.
 * => fn takes no lock and allocates nothing; what it sees was true a moment ago.
 */
struct pmap_mapping {
	vaddr_t va;
	struct vm_page *m;
	vm_prot_t prot;
	bool wired, accessed, dirty;
	unsigned mappings; /* of the page, in all spaces */
};
void pmap_foreach(struct pmap *pm, vaddr_t start, vaddr_t end,
    void (*fn)(void *arg, const struct pmap_mapping *mapping), void *arg);
/* Pages that the page tables of a space take.  => a snapshot. */
uint64_t pmap_table_count(const struct pmap *pm);

#endif
