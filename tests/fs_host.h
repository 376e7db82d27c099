/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/fs on the host: the kernel's sources over tests/host, a disk in memory that can lose power,
 * and user memory for copies.
 *
 * The disk keeps what is on stable storage apart from what was written since the last flush.  It
 * can also keep a trace of every write and flush, from which disk_crash() builds the disk as it may
 * look when the power goes after the n-th event: everything before the last flush, and any part of
 * what came after it, in any order, torn at sectors.
 */
#ifndef TESTS_FS_HOST_H
#define TESTS_FS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/base/blkdev.h"
#include "kern/fs/fs.h"
#include "kern/fs/vfs.h"
#include "vm/vmspace.h"

enum event_kind { EVENT_WRITE, EVENT_FLUSH, EVENT_MARK };

struct event {
	enum event_kind kind;
	uint64_t sector;
	uint32_t len;  /* bytes */
	uint8_t *data; /* what a write wrote; what a mark means is the test's business */
};

struct disk {
	struct blkdev dev;
	uint8_t *bytes;  /* as the kernel sees it */
	uint64_t length; /* bytes */
	bool tracing;
	uint8_t *start; /* bytes when tracing began */
	struct event *event;
	size_t nevents;
	unsigned fail_after; /* the n-th transfer from now on fails, and all after it if fail_all;
	                        0: none */
	bool fail_all, fail_writes_only;
	uint64_t reads, writes, flushes;
};

/* A disk with an empty file system made by mkfs. */
void disk_create(struct disk *d, uint64_t length);
void disk_destroy(struct disk *d);
void disk_trace(struct disk *d);
/* Note something in the trace; `data` belongs to the trace then. */
void disk_mark(struct disk *d, void *data, uint32_t len);
/* What mkfs --check says about the bytes of a disk (after replaying the journal in a copy).  Prints
 * to stderr what is wrong. */
unsigned disk_check(const uint8_t *bytes, uint64_t length);

/* Builds crash images one after the other; events only go forward. */
struct crash {
	const struct disk *disk;
	uint8_t *stable;  /* after the last flush before `at` */
	size_t stable_at; /* events behind which that is */
};
void crash_begin(struct crash *c, const struct disk *d);
void crash_end(struct crash *c);
/* The disk when the power goes after `at` events; `seed` chooses what of the unflushed writes
 * arrived. */
void crash_image(struct crash *c, size_t at, uint32_t seed, uint8_t *image);

/* Mounted, with a context for path calls. */
struct host_fs {
	struct mount *mnt;
	struct cred cred;
	struct vfs_ctx ctx;
};
int host_mount(struct host_fs *h, struct disk *d);
int host_unmount(struct host_fs *h);

/* Files by path, kernel buffers.  Return errno. */
int host_open(struct host_fs *h, const char *path, int oflags, struct inode **ipp);
int host_write(struct inode *ip, const void *data, size_t n, uint64_t offset);
int host_read(struct inode *ip, void *data, size_t n, uint64_t offset, size_t *got);
/* Create or replace a whole file. */
int host_put(struct host_fs *h, const char *path, const void *data, size_t n);

/* The space that user copies (uio with user = true) go to. */
extern struct vmspace *host_user_space;

#endif
