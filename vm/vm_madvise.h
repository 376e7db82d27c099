/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advice about memory, and the two calls that ask about it or have it written: madvise, mincore,
 * msync.
 */
#ifndef VM_VM_MADVISE_H
#define VM_VM_MADVISE_H

#include "vm/vmspace.h"

/*
 * What Linux's madvise does with MADV_* `advice` for [addr, addr + len), and MADV_NOSYNC,
 * MADV_AUTOSYNC.
 * => no lock held; may sleep.
 * => returns 0; EINVAL: unaligned, wraps, unknown advice, or none for that kind of memory (locked,
 * shared, of a file): what lies before it is done; ENOMEM: there are holes, the rest is done;
 * EAGAIN: no memory for a split, or too many entries; EACCES: MADV_REMOVE of what is not writable
 * and shared; EOPNOTSUPP: MADV_REMOVE of a file; MADV_POPULATE_*: EFAULT (behind the end of a file,
 * no memory), EINTR.
 */
int vm_madvise(struct vmspace *vm, vaddr_t addr, size_t len, int advice);

/* The same for a range of whole pages and known advice. */
int vm_map_madvise(struct vm_map *map, vaddr_t start, vaddr_t end, int advice);

/*
 * Write the shared file mappings of [start, end) back if `sync`; with `invalidate` drop clean pages
 * and mappings afterwards.
 * => no lock held, page aligned; may sleep.
 * => returns 0; ENOMEM: there are holes, the rest is done; EBUSY: locked memory is not invalidated;
 * EIO, ENOSPC.
 */
int vm_map_sync(struct vm_map *map, vaddr_t start, vaddr_t end, bool sync, bool invalidate);
/* msync(2).  => no lock held; may sleep.  Returns as vm_map_sync, and EINVAL. */
int vm_msync(struct vmspace *vm, vaddr_t addr, size_t len, int flags);

/* For each of the n pages from `start` on (aligned), is it resident?  One byte a page, 0 or 1.
 * => no lock held.  Returns 0 or ENOMEM (a hole). */
int vm_mincore(struct vm_map *map, vaddr_t start, size_t n, uint8_t *vec);

#endif
