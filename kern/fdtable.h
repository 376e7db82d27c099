/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdtable: the descriptors of a process: small numbers for open files.
 *
 * fork copies the table, CLONE_FILES shares it.  A new descriptor is reserved before its file is
 * made, so that open() finds out about EMFILE before it creates anything; a reserved number is
 * taken, but nobody can use it yet.
 *
 * Lock key, the same in every header:  I never changes after creation   a atomic   D fdtable.lock
 */
#ifndef KERN_FDTABLE_H
#define KERN_FDTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/base/lock.h"
#include "lib/annot.h"

struct file;

struct fd_slot {
	struct file *file; /* D  one reference; NULL: free or reserved */
	bool used;         /* D */
	bool cloexec;      /* D */
};

struct fdtable {
	struct spinlock lock;  /* RANK_VFS */
	uint32_t refs;         /* a  processes that share it */
	uint32_t size;         /* D  slots there are */
	uint32_t lowest;       /* D  no slot below this is free */
	uint32_t top;          /* D  no slot from here on is used */
	struct fd_slot *slots; /* D */
};

/* => boot, after zones. */
void fdtable_init(void);

/* An empty table with one reference.  => may sleep.  NULL: no memory. */
struct fdtable *fdtable_create(void) MUST_CHECK;
/* A copy for fork: the same numbers for the same files.  => may sleep.  NULL: no memory. */
struct fdtable *fdtable_copy(struct fdtable *t) MUST_CHECK;
void fdtable_ref(struct fdtable *t);
/* The last one closes everything.  => NULL is fine; no lock held; may sleep. */
void fdtable_unref(struct fdtable *t);
/* execve: close what is marked so.  => t is not shared; no lock held; may sleep. */
void fdtable_close_on_exec(struct fdtable *t);

/* The file behind fd with one more reference, NULL if there is none (EBADF).  => any thread
 * context; never sleeps. */
struct file *fdtable_get(struct fdtable *t, int fd) MUST_CHECK;

/* Take the lowest free number >= min and < limit.  => may sleep.  => 0; EMFILE; EINVAL (min >=
 * limit); ENOMEM. */
int fdtable_reserve(struct fdtable *t, uint32_t min, uint64_t limit, int *fdp) MUST_CHECK;
/* Make a reserved number mean f (takes over a reference), or give it back. */
void fdtable_install(struct fdtable *t, int fd, struct file *f, bool cloexec);
void fdtable_unreserve(struct fdtable *t, int fd);

/* dup3: fd means f (takes over the reference on success), what it meant before is closed.
 * => no lock held; may sleep.  => 0; EBADF (fd >= limit); EBUSY (reserved by another thread);
 * ENOMEM. */
int
fdtable_replace(struct fdtable *t, int fd, uint64_t limit, struct file *f, bool cloexec) MUST_CHECK;

/* => no lock held; may sleep.  => 0 or EBADF. */
int fdtable_close(struct fdtable *t, int fd);
int fdtable_get_cloexec(struct fdtable *t, int fd, bool *cloexec);
int fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec);

/* No number from here on is in use, nor has ever been. */
uint32_t fdtable_bound(struct fdtable *t);

/* The first used number >= from, -1 if none: for /proc. */
int fdtable_next(struct fdtable *t, int from);

#endif
