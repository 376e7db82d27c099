/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_page: one frame of RAM and what is in it.
 *
 * A page that belongs to an object is found by (object, pindex) and is `valid` once its contents
 * are.  Its *busy* word says who may look:
 *
 *      unbusied       anybody who holds the object lock
 *      shared (n)     contents and identity stable: being written out, being mapped read-only
 *      exclusive      the owner alone: contents may be invalid, identity may change
 *                     (vm_page_rename), no new mappings but by the owner
 *
 * Busy is set by *try* under the object lock and never waited for while any lock or another busy
 * page is held (rules R1, R1b in docs/locking.md): drop everything, sleep, look up again.
 *
 * The *ref* word pins the frame: one count for each wiring or hold, and the OBJECT bit while an
 * object owns it.  A page freed while wired only leaves its object; the last unwire frees it.
 *
 * Lock key, the same in every header:   I never changes after creation   a atomic
 *   m vm_map.lock   o vm_object.lock   b page is busy   q page queue   f free list   x pmap lock
 *   p proc lock   T only the thread
 * Two letters: either one to read, both to write.
 */
#ifndef VM_VM_PAGE_H
#define VM_VM_PAGE_H

#include "arch/riscv/pmap_md.h"
#include "arch/riscv/vmparam.h"
#include "kern/base/lock.h"
#include "lib/annot.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "vm/vm_object.h"
#include "vm/vm_types.h"

struct zone;

enum page_queue { PQ_NONE, PQ_INACTIVE, PQ_ACTIVE, PQ_LAUNDRY, PQ_COUNT };

/* Bits of vm_page.aflags, set and cleared atomically by anyone. */
#define PGA_REFERENCED 0x01u
/* set by who frees a frame: it holds zeros (an empty page table); gone with its allocation */
#define PGA_ZERO 0x02u
/* no instruction cache holds older contents (set by the pmap; gone when the page is made dirty or
 * freed) */
#define PGA_EXEC 0x04u

/* What a zone keeps about a frame that it has cut into items (zone.c). */
struct page_slab {
	struct zone *zone; /* I */
	uint64_t
	    in_slab[2]; /* zone lock  bit i: item i is here, not in a magazine and not in use */
};

struct vm_page {
	union {
		struct tree_node node; /* o    in object->pages */
		struct page_slab slab; /*      a zone's frame */
	};
	struct list queue_link;   /* q/f  page queue, or free list; a zone's list of slabs */
	struct vm_object *object; /* o b  NULL: belongs to nobody or to a raw allocation */
	struct md_page md;        /*      the pmap's (pv list) */
	uint32_t pfn;             /* I    frame number: physical address / PAGE_SIZE */
	pindex_t pindex;          /* o b */
	uint32_t busy;            /* a    see vm_page.c */
	uint32_t ref;             /* a    wirings and holds; PG_REF_OBJECT */
	uint8_t queue;            /* q    enum page_queue */
	uint8_t valid;            /* b    contents are what (object, pindex) says */
	uint8_t dirty;  /* a    differs from backing store (pmap may know more: pmap_is_modified) */
	uint8_t aflags; /* a    PGA_* */
};

/* Allocation classes: how deep into the reserve, and what is wanted. */
#define VM_ALLOC_NORMAL    0x00u /* leaves the reserve alone */
#define VM_ALLOC_SYSTEM    0x01u /* page daemon, exiting processes: most of the reserve */
#define VM_ALLOC_INTERRUPT 0x02u /* may empty it */
#define VM_ALLOC_CLASS     0x03u
#define VM_ALLOC_ZERO      0x04u /* contents zero (zeroed here unless the frame is known to be) */
#define VM_ALLOC_WIRED     0x08u /* returned with one wiring */

/*
 * Boot: the machine hands over its RAM, segment by segment, then vm_page_startup() builds the page
 * array from it.
 * => [start, end) page aligned; [0..n) as found in the device tree minus reserved ranges and the
 * kernel image.
 */
void vm_page_startup(const struct phys_range *ranges, unsigned n);

/*
 * Allocation.  Never sleeps.
 */
/* A page at pindex, exclusively busy, not valid (VM_ALLOC_ZERO does not set valid).  => object
 * locked, no page there.  NULL: none free. */
struct vm_page *
vm_page_alloc(struct vm_object *o, pindex_t pindex, unsigned flags) REQUIRES(o->lock);
/* A frame that belongs to no object, wired, not busy.  => any context with VM_ALLOC_INTERRUPT.
 * NULL: none free. */
struct vm_page *vm_page_alloc_noobj(unsigned flags);
/* Give a page back: out of its object (object locked), exclusively busy or not busy, unmapped
 * (asserted).  Wired: only disowned, the last unwire frees it.  A page of vm_page_alloc_noobj:
 * gives up the wiring that it was allocated with. */
void vm_page_free(struct vm_page *m);
/* Give back all pages of an object, unmapped and not busy (asserted). */
void vm_page_free_all(struct vm_object *o) REQUIRES(o->lock);
/* Make frames free again, or sleep until some are, but not for long.  => thread context, no busy
 * page and no lock above RANK_FILE held (asserted).  Returns false if that was in vain: nothing to
 * be had from caches, and nobody freed anything meanwhile. */
bool vm_page_wait(void);

/*
 * Pages of an object.  => object locked.
 */
struct vm_page *vm_page_lookup(struct vm_object *o, pindex_t pindex) REQUIRES(o->lock);
struct vm_page *vm_page_find_least(struct vm_object *o, pindex_t pindex)
    REQUIRES(o->lock);                           /* smallest index >= pindex */
struct vm_page *vm_page_next(struct vm_page *m); /* in index order, NULL at the end */
/* Cannot fail: the tree is intrusive. */
void vm_page_insert(struct vm_page *m, struct vm_object *o, pindex_t pindex) REQUIRES(o->lock);
/* Out of the object; it is the caller's alone until inserted elsewhere or freed.  => object locked,
 * m xbusy. */
void vm_page_remove(struct vm_page *m);
/* Move to (o, pindex): mappings stay, the page becomes dirty.  => both objects locked, m xbusy, no
 * page there. */
void vm_page_rename(struct vm_page *m, struct vm_object *o, pindex_t pindex) REQUIRES(o->lock);

/*
 * Busy.  The try forms never sleep.
 */
bool vm_page_tryxbusy(struct vm_page *m);
bool vm_page_trysbusy(struct vm_page *m);
void vm_page_xunbusy(struct vm_page *m); /* wakes waiters */
void vm_page_sunbusy(struct vm_page *m);
void vm_page_downgrade(struct vm_page *m); /* exclusive to shared */
bool vm_page_xbusied(const struct vm_page *m);
bool vm_page_busied(const struct vm_page *m);
/* Wait until m is not busy.  => o == m->object, locked on entry, RELEASED on return; look up again.
 * Holds no busy page (asserted). */
void vm_page_busy_sleep(struct vm_object *o, struct vm_page *m, const char *why) RELEASES(o->lock);

/*
 * Pins and queues.
 */
void vm_page_wire(struct vm_page *m); /* takes it off its queue when it is next looked at */
void vm_page_unwire(struct vm_page *m,
    enum page_queue target); /* the last one: to that queue, or free if it has no object */
bool vm_page_wired(const struct vm_page *m);
unsigned vm_page_wire_count(const struct vm_page *m);
void vm_page_activate(struct vm_page *m);
void vm_page_deactivate(struct vm_page *m);
void vm_page_dequeue(struct vm_page *m);

/* => any context; called by pmap too. */
void vm_page_dirty(struct vm_page *m);
void vm_page_undirty(struct vm_page *m); /* => busy, write access revoked */
void vm_page_reference(struct vm_page *m);

/*
 * Frames and addresses.
 */
static inline paddr_t
vm_page_to_phys(const struct vm_page *m)
{
	return ptoa(m->pfn);
}

/* Through the direct map. */
static inline void *
vm_page_kva(const struct vm_page *m)
{
	return (void *)(DMAP_BASE + ptoa(m->pfn));
}

struct vm_page *
vm_phys_to_page(paddr_t pa); /* NULL: not RAM that vm manages, or never used so far */

/* Print one line.  => any context; takes no lock. */
void vm_page_print(const struct vm_page *m);
extern const struct vm_flag_name vm_page_flag_names[]; /* of aflags */

/* Counters.  => any context; snapshots. */
uint64_t vm_page_free_count(void);
uint64_t vm_page_total_count(void);
uint64_t vm_page_queue_count(enum page_queue q);
/* Fewer free pages than this: only VM_ALLOC_SYSTEM and below get one. */
uint64_t vm_page_reserve(void);

/* Called (never with locks held) from vm_page_wait when pages are short: gives back what it can,
 * returns how many.  One hook: the file system. */
extern uint64_t (*vm_lowmem_hook)(uint64_t want);

/* Panics if a page is in a state that docs/locking.md forbids: queue membership, ref and busy
 * words, free list.  => quiescent. */
void vm_page_check_all(void);

#endif
