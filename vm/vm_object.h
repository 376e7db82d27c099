/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object: an array of pages with somewhere to get them from.
 *
 *      entry ---> [ object ] --backing--> [ object ] --backing--> [ object + pager ]
 *                  shadows the one to its right: a page missing here is looked for there, at
 *                  index + backing_off
 *
 * An anonymous object has no pager: a page missing in the whole chain is zero.  Copy-on-write puts
 * a fresh *shadow* in front; when a backing object is left with a single shadow the two are merged
 * (collapse), and when a shadow no longer sees anything of its backing object it steps over it
 * (bypass), so chains stay short.
 *
 * Objects are type-stable (zone NOFREE): a stale pointer may be locked and then re-verified.
 */
#ifndef VM_VM_OBJECT_H
#define VM_VM_OBJECT_H

#include "kern/base/lock.h"
#include "lib/annot.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "vm/vm_types.h"

struct vm_pager_ops;

enum vm_object_type { OBJ_ANON, OBJ_VNODE, OBJ_DEVICE, OBJ_PHYS, OBJ_KERNEL, OBJ_DEAD };

#define OBJ_ONEMAPPING 0x01u /* no page of it is reachable through two entries (anonymous only) */
#define OBJ_COLLAPSING 0x02u /* merging with its backing object: wait (vm_object_wait_change) */
#define OBJ_SPLIT      0x04u /* pages are moving out: pagers bring in no neighbours */
/* last reference dropped, or merged away: a fault that meets it starts again */
#define OBJ_GONE 0x08u
/* an entry was moved to other addresses while another had the rest: where addresses are free,
 * indices need not be */
#define OBJ_MOVED 0x10u

struct vm_object {
	struct mutex lock;
	struct tree pages; /* o    by pindex */
	pindex_t resident; /* o    pages in the tree */
	pindex_t size;     /* o    in pages; nothing exists at or beyond it */
	uint8_t type;      /* o    enum vm_object_type; changes only to OBJ_DEAD */
	uint8_t flags;     /* o    OBJ_* */
	/* o    length of the chain below, 0 without backing: a bound to test against, not exact */
	uint16_t depth;
	int refs; /* o    entries + shadows + registered transients */
	/* o    faults and I/O in progress: the object stays, its pages may move */
	int pip;
	int shadow_count;                 /* o    length of `shadows` */
	struct list shadows;              /* o    objects that have this one as backing */
	struct list shadow_link;          /* o of the backing object */
	struct vm_object *backing;        /* o    we hold one of its references */
	pindex_t backing_off;             /* o    our page i is its page i + backing_off */
	const struct vm_pager_ops *pager; /* I    NULL: anonymous */
	void *handle;                     /* I    the pager's (an inode, a device) */
	struct list all_link;             /*      all objects, under vm_object.c's list lock */
	/*      vm_check_all only, one at a time: references it found */
	int seen;
};

/* => boot, after zones. */
void vm_object_init(void);

/* A new anonymous object of `size` pages with one reference.  => never sleeps.  NULL: no memory. */
struct vm_object *vm_object_alloc_anon(pindex_t size);
/* The same for a pager's object (type VNODE, DEVICE, PHYS).  `handle` is the pager's own. */
struct vm_object *vm_object_alloc(
    enum vm_object_type type, pindex_t size, const struct vm_pager_ops *pager, void *handle);

/* One more reference.  => the caller has one already, or holds what keeps the object alive. */
void vm_object_ref(struct vm_object *o) EXCLUDES(o->lock);
void vm_object_ref_locked(struct vm_object *o) REQUIRES(o->lock);
/* One reference less; the last one ends the object and, iteratively, what only it kept alive.  May
 * merge chains.
 * => NULL is fine.  => no lock held; may sleep (the pager's drop may do I/O). */
void vm_object_unref(struct vm_object *o);

/* pip: a lifetime pin that terminate waits for. */
void vm_object_pip_add(struct vm_object *o) REQUIRES(o->lock);
void vm_object_pip_done(struct vm_object *o) REQUIRES(o->lock);

/* Sleep until COLLAPSING/SPLIT is cleared or pip drops.  => locked on entry, RELEASED on return. */
void vm_object_wait_change(struct vm_object *o, const char *why) RELEASES(o->lock);

/*
 * Make `shadow` (from vm_object_alloc_anon, unpublished) the shadow of `backing`: takes over the
 * caller's reference to backing.
 * => neither locked.  pages [0, shadow->size) of shadow stand for [off, ..) of backing.
 */
void vm_object_shadow(struct vm_object *shadow, struct vm_object *backing, pindex_t off);

/* Merge with or step over backing objects for as long as possible.  => locked on entry and exit,
 * may be unlocked meanwhile; may sleep; no busy page held.  The caller has a reference. */
void vm_object_collapse(struct vm_object *o) REQUIRES(o->lock);

/*
 * A copy of the pages [off, off + size) of an anonymous object as they are now, for an object that
 * others write to directly, so that a shadow cannot stand for it: the resident pages are copied,
 * what lies below o is shared.
 * => o not locked, the caller has a reference; the map that the reference belongs to is locked.
 * => may sleep for a busy page, not for memory.  Returns 0 and *copy with one reference, or ENOMEM.
 */
int vm_object_copy(struct vm_object *o, pindex_t off, pindex_t size, struct vm_object **copy);

/*
 * May [prev_off, +prev_size) of `o` grow by next_size pages, so that an adjacent mapping can share
 * the object?  If so grows it, frees stale pages in the extension, returns true.  => the map that
 * holds the entry is exclusively locked; o may be NULL (true).  Sizes in pages.
 */
bool
vm_object_coalesce(struct vm_object *o, pindex_t prev_off, pindex_t prev_size, pindex_t next_size);

/* An entry that shows some of it is about to move to other addresses.  => its map is locked. */
void vm_object_moved(struct vm_object *o) EXCLUDES(o->lock);
/* A stack grows: there is at least `size` pages of it.  => its map is locked. */
void vm_object_grow(struct vm_object *o, pindex_t size) EXCLUDES(o->lock);

/* Free the pages [start, end): waits for busy pages.  => locked on entry and exit, unlocked while
 * waiting; pip or size keeps it. */
void vm_object_page_remove(struct vm_object *o, pindex_t start, pindex_t end) REQUIRES(o->lock);
/* The same, but only pages that are ... and never wired ones. */
#define PAGES_CLEAN    1u /* as their backing store has them */
#define PAGES_UNMAPPED 2u /* in no page table */
/* ... or all of them, but wired ones stay in the object: unmapped, with zeros, perhaps beyond its
 * size, where no fault finds them.  For whoever takes contents from under other entries. */
#define PAGES_EMPTIED 4u
void vm_object_page_remove_some(struct vm_object *o, pindex_t start, pindex_t end, unsigned what)
    REQUIRES(o->lock);

/*
 * Give the window [off, off + size) of o, to which one entry refers, an object of its own: its
 * pages move there, mapped as they are, and it gets the same backing object.
 * => o not locked, the entry's map exclusively; may sleep for a busy page, not for memory.
 * => returns 0: the entry's reference is to *part from now on, index off became 0; EBUSY: nothing
 * would be gained (o is the entry's alone) or others can see the pages; ENOMEM.
 */
int vm_object_split(
    struct vm_object *o, pindex_t off, pindex_t size, struct vm_object **part) MUST_CHECK;

/* The page that index i of o shows, wherever in the chain it is; NULL: none resident.
 * => o locked on entry, RELEASED on return; the page's object, *in, is returned locked; NULL:
 * nothing is locked.  Looks at objects that merge as they are. */
struct vm_page *vm_object_shown(struct vm_object *o, pindex_t i, struct vm_object **in);
/* The same with `top` locked all the time; NULL also: a merge is going on.
 * => top locked; *where, the object that the search ended in, is returned locked too if it is not
 * top. */
struct vm_page *vm_object_find(struct vm_object *top, pindex_t i, struct vm_object **where);
/* The first index of [start, end) at which an object of the chain has a page: *found, or false.
 * => nothing locked; a snapshot. */
bool vm_object_next_resident(struct vm_object *top, pindex_t start, pindex_t end, pindex_t *found);
/* The object with a pager at the bottom of the chain, and in *i what index of it *i of top stands
 * for; NULL: the chain is anonymous.
 * => nothing locked but the map that refers to top: it keeps what is returned; no reference is
 * taken. */
struct vm_object *vm_object_bottom(struct vm_object *top, pindex_t *i);
/* The pages of [start, start + n) will not be needed soon: they are the first to go.  Concerns what
 * `top` shows, as far as nobody else shows it.  => top locked. */
void vm_object_cool(struct vm_object *top, pindex_t start, pindex_t n) REQUIRES(top->lock);
/* Have the pager write what is dirty in [first, first + n); then, if `invalidate`, drop what is
 * clean and not wired: it will be read again.  Anonymous memory has nothing to be written to.
 * => nothing locked, the caller has a reference; may sleep.  Returns 0, EIO, ENOSPC. */
int vm_object_sync(struct vm_object *o, pindex_t first, pindex_t n, bool invalidate);

/*
 * Between the files of the object layer.
 */
/* Hang `o` before `backing` (may be NULL), whose reference o takes over.  => both locked, o has no
 * backing. */
void vm_object_attach(struct vm_object *o, struct vm_object *backing, pindex_t off);
/* o has lost its last reference, its pages and its backing object: it is nothing from now on.
 * => locked on entry, unlocked on return. */
void vm_object_bury(struct vm_object *o) RELEASES(o->lock);

/* Panics if an object breaks an invariant (docs/vm.md): counts, links, indices.  => quiescent. */
void vm_object_check_all(void);
uint64_t vm_object_count(void);
/* Length of the chain below o.  => takes locks one after the other. */
unsigned vm_object_depth(struct vm_object *o);
/* Print with its pages, then the chain behind.  => any context; takes no lock. */
void vm_object_print(const struct vm_object *o);
const char *vm_object_type_name(const struct vm_object *o);
extern const struct vm_flag_name vm_object_flag_names[];
/* Calls fn for each object there is, with its lock held. */
void vm_object_foreach(void (*fn)(struct vm_object *, void *), void *arg);

#endif
