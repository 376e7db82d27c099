/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a process is in the file system: its root, its directory, its umask.  Its threads share
 * them, and so do processes that clone made with CLONE_FS.
 *
 * Lock key, the same in every header:  a atomic   l the lock in the struct
 */
#ifndef KERN_FSDIRS_H
#define KERN_FSDIRS_H

#include <stdint.h>

#include "kern/base/lock.h"
#include "lib/annot.h"

struct inode;

struct fsdirs {
	uint32_t refs;            /* a  processes */
	struct spinlock lock;     /*    RANK_FSDIRS */
	struct inode *root, *cwd; /* l  one reference each */
	uint32_t umask;           /* l */
};

/* => boot, after zones. */
void fsdirs_init(void);
/* At `root`, of which it takes over two references.  => may sleep.  NULL: no memory; the references
 * stay the caller's. */
struct fsdirs *fsdirs_create(struct inode *root) MUST_CHECK;
struct fsdirs *fsdirs_copy(struct fsdirs *from) MUST_CHECK; /* NULL: no memory */
void fsdirs_ref(struct fsdirs *d);
void fsdirs_unref(struct fsdirs *d); /* NULL is ignored; => may sleep */

/* One of the two, with a reference.  => any thread context. */
struct inode *fsdirs_root(struct fsdirs *d);
struct inode *fsdirs_cwd(struct fsdirs *d);
/* Replace one, taking over the caller's reference of ip.  => may sleep. */
void fsdirs_set_root(struct fsdirs *d, struct inode *ip);
void fsdirs_set_cwd(struct fsdirs *d, struct inode *ip);
/* Both at one moment, with references, and the umask. */
uint32_t fsdirs_get(struct fsdirs *d, struct inode **root, struct inode **cwd);
/* => the old one. */
uint32_t fsdirs_set_umask(struct fsdirs *d, uint32_t umask);

#endif
