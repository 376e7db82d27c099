/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inode cache, as seen by file systems and by reclaim.  The calls for everybody (inode_get,
 * inode_ref, inode_unref) are in vfs.h.
 */
#ifndef KERN_FS_ICACHE_H
#define KERN_FS_ICACHE_H

#include "kern/fs/vfs.h"

/* => boot, once. */
void icache_init(void);

/* Common part of a new inode: lock, lists, identity, one reference.  For inode_alloc ops and
 * fs_inode_create. */
void icache_inode_init(struct inode *ip, struct mount *mnt, uint64_t ino);

/* Put an inode that nobody else knows, loaded, with the caller's reference, into the cache.  If the
 * previous owner of the number is still on its way out, waits for it (it needs no lock for the rest
 * of the way). */
void icache_insert(struct inode *ip);

/* Calls fn, with a reference held and no lock, for every cached inode of mnt that `want` (NULL:
 * all) says yes to; want is called with the cache's spinlock held and only looks.  Stops early when
 * fn returns false. */
void icache_foreach(
    struct mount *mnt, bool (*want)(struct inode *), bool (*fn)(struct inode *, void *), void *arg);

/* Let up to n unreferenced inodes of mnt go, longest unused first.  => nothing held; may sleep.  =>
 * returns how many. */
unsigned icache_shrink(struct mount *mnt, unsigned n);

/* Throw out every inode of a file system that nobody uses any more, written back or not. */
void icache_discard(struct mount *mnt);

/* How many are cached; how many of them are referenced.  Snapshots. */
unsigned icache_count(void);

#endif
