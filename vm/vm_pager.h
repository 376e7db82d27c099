/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a pager is: the place an object's pages come from and go to.  A file system hands its table
 * to vm; vm includes no file system.
 */
#ifndef VM_VM_PAGER_H
#define VM_VM_PAGER_H

#include "vm/vm_types.h"

struct vm_pager_ops {
	const char *name;

	/* Is there data for this page (else it is zero)?  => object locked; never sleeps.  Also
	 * says how many neighbours before and after could come with it in one request; always sets
	 * both. */
	bool (*has)(struct vm_object *o, pindex_t pindex, unsigned *before, unsigned *after);

	/* Fill m and set it valid.  May bring in up to `behind` and `ahead` neighbours: those it
	 * allocates itself under the object lock (not at all if OBJ_SPLIT or OBJ_COLLAPSING) and
	 * leaves valid and not busy, or not at all.
	 * => m exclusively busy throughout (also on return), in o; nothing locked, o has pip; may
	 * sleep.
	 * => returns 0; EIO (contents undefined); EINVAL if pindex is at or beyond the end (the
	 * fault becomes SIGBUS). */
	int (*get)(struct vm_object *o, struct vm_page *m, unsigned behind, unsigned ahead);

	/* Write the dirty pages of [first, first + n) to backing store.  => nothing locked, no page
	 * busy; may sleep.  Returns 0, EIO, ENOSPC. */
	int (*clean)(struct vm_object *o, pindex_t first, pindex_t n);

	/* The last reference to the object is gone.  => nothing locked; may sleep.  The pager
	 * decides what becomes of the pages: it may keep the object (refs 0, its cache) and take a
	 * new reference later, or call vm_object_destroy. */
	void (*drop)(struct vm_object *o);
};

/* End an object that its pager has let go: frees the pages that are left and the object.  => refs
 * == 0; nothing locked; may sleep. */
void vm_object_destroy(struct vm_object *o);

#endif
