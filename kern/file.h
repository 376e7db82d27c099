/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: an open file, as descriptors refer to it.
 *
 *      process --- fdtable --- descriptor ---\
 *      process --- fdtable --- descriptor ----+--- file (offset) --- ops --- inode, pipe, tty ...
 *
 * dup() and fork() make descriptors that share one file, and so one offset.  What a file *is* says
 * its op table.
 *
 * Lock key, the same in every header:  I never changes after creation   a atomic   P file.pos_lock
 */
#ifndef KERN_FILE_H
#define KERN_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/base/lock.h"
#include "kern/base/uio.h"
#include "kern/fs/vfs.h"
#include "lib/annot.h"

struct file;
struct poll_wait;
struct vm_object;

/*
 * What a kind of file can do.  NULL entries fail with the errno said here.
 * All: => the caller has a reference to f, no lock but pos_lock is held, may sleep, return 0 or a
 * positive errno.
 */
struct file_ops {
	/* Move bytes; what was moved is consumed from u even on error.  A read that moves nothing
	 * and returns 0 is the end of the file. u->offset: where (meaningless if there is no seek).
	 * NULL: EINVAL. */
	int (*read)(struct file *f, struct uio *u);
	int (*write)(struct file *f, struct uio *u);
	/* `arg` is what the user passed: a user address or a value.  NULL: ENOTTY. */
	int (*ioctl)(struct file *f, uint32_t cmd, uint64_t arg);
	/* POLL* bits that hold now; joins w to the queues that will see a change.  Never waits.
	 * NULL: always ready to read and write. */
	unsigned (*poll)(struct file *f, struct poll_wait *w);
	/* Where SEEK_END is, in *end.  NULL: the file has no position (ESPIPE). */
	int (*end)(struct file *f, uint64_t *end);
	/* What fstat says.  NULL: the attributes of f->inode. */
	int (*stat)(struct file *f, struct vfs_attr *attr);
	/* As chardev_ops.object.  NULL: the pages of f->inode. */
	int (*object)(struct file *f, struct vm_object **o, int *prot);
	/* The last reference is gone.  f->inode is still there and is released afterwards.  NULL:
	 * nothing to do. */
	void (*close)(struct file *f);
};

struct file {
	const struct file_ops *ops; /* I */
	struct inode *inode;        /* I  one reference; NULL: made without a path (pipe2) */
	void *handle;               /* I  of vfs_open; closed with the file if inode is set */
	void *data;                 /* I  the op table's own: pipe, tty, device */
	uint32_t refs;              /* a */
	uint32_t flags;             /* a  O_ACCMODE and status flags, as F_GETFL shows them */
	struct mutex pos_lock;      /*    RANK_FILE */
	uint64_t offset;            /* P  bytes */
};

/* => boot, after zones. */
void file_init(void);

/* A file with one reference and no inode; `flags` without O_CREAT and the like.  => never sleeps.
 * NULL: no memory. */
struct file *file_alloc(const struct file_ops *ops, uint32_t flags) MUST_CHECK;
/* Undo file_alloc: nobody has seen f, and its close operation is not called. */
void file_free(struct file *f);
void file_ref(struct file *f);
/* => NULL is fine; no lock held; may sleep (the last reference closes). */
void file_unref(struct file *f);

static inline bool
file_readable(const struct file *f)
{
	return (f->flags & 3 /* O_ACCMODE */) != 1 /* O_WRONLY */;
}

static inline bool
file_writable(const struct file *f)
{
	return (f->flags & 3 /* O_ACCMODE */) != 0 /* O_RDONLY */;
}

/* read(2) and write(2): at the file's own offset, which moves.  => no lock held; may sleep.
 * => EBADF: not opened for this; else the op's. */
int file_read(struct file *f, struct uio *u);
int file_write(struct file *f, struct uio *u);
/* pread and pwrite: at u->offset.  => ESPIPE if the file has no position. */
int file_pread(struct file *f, struct uio *u);
int file_pwrite(struct file *f, struct uio *u);
/* lseek(2): *pos is the new offset.  => EINVAL, ESPIPE, ENXIO. */
int file_seek(struct file *f, int64_t offset, int whence, uint64_t *pos);
/* The operation, or what its absence means.  => as struct file_ops says; EBADF for O_PATH,
 * POLLNVAL. */
int file_stat(struct file *f, struct vfs_attr *attr);
unsigned file_poll(struct file *f, struct poll_wait *w);
int file_ioctl(struct file *f, uint32_t cmd, uint64_t arg);

/* open(2): look the path up (vfs_open) and make the kind of file the inode asks for.  => no lock
 * held; may sleep (a FIFO waits for its other end).  => 0 and *fp with one reference; what vfs_open
 * returns; ENXIO: no such device. */
int file_open(const struct vfs_ctx *ctx, const char *path, uint32_t oflags, uint32_t mode,
    struct file **fp) MUST_CHECK;

#endif
