/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * umfs, the disk file system: what its parts share.  Outside kern/fs only the first section is of
 * interest.
 *
 *      super.c         mounting, sync, statfs, orphans of a crash
 *      namespace.c     create, link, unlink, rename
 *      dir.c           names in directories
 *      file.c          read, write, truncate, fsync
 *      inode_pager.c   file pages, for vm and for file.c
 *      inode.c         inodes: load, update, block map, trimming
 *      alloc.c         bitmaps, reservations
 *      log.c bio.c     journal, metadata buffers
 *      reclaim.c       giving memory back, the syncer
 *
 * Lock order: rename_lock -> gate of the journal (an open operation) -> inode.lock, parent before
 * child -> vm_object.lock -> (page busy) -> map_lock -> orphan_lock -> buffer -> journal
 * bookkeeping -> count_lock.
 *
 * Lock key as in vfs.h, and:   M fs_inode.map_lock   G the journal's gate (log.h)
 *   O fs->orphan_lock   N fs->count_lock (spin)
 */
#ifndef KERN_FS_FS_H
#define KERN_FS_FS_H

#include "kern/base/lock.h"
#include "kern/fs/bio.h"
#include "kern/fs/fs_disk.h"
#include "kern/fs/icache.h"
#include "kern/fs/log.h"
#include "kern/fs/vfs.h"
#include "lib/annot.h"
#include "vm/vm_types.h"

struct vm_page;

/*
 * For kern/main.c.
 */

/* Zones.  => boot, once, after vfs_init. */
void fs_init(void);

/* Mount the file system on `dev` as the root.  => thread context.  => returns 0; or EIO, EINVAL
 * (not umfs, damaged), EROFS, ENOMEM after one line in the kernel log that says why. */
int fs_mount_root(struct blkdev *dev);

/* The same without making it the root: for vfs_mount.  Undone by fs_unmount: nobody has an inode of
 * it but what *mntp holds; changes that cannot be written are lost, and EIO says so. */
int fs_mount(struct blkdev *dev, struct mount **mntp);
int fs_unmount(struct mount *mnt);

/* Body of the syncer thread: writes what is dirty every few seconds, for ever.  => its own thread.
 */
void fs_syncer(void *arg) NORETURN;

/* Free up to `want` pages that hold clean, unmapped file data or spare metadata buffers; if that is
 * not enough, write dirty ones.
 * => no lock, no busy page, no operation open; may sleep for the disk.  => returns how many. */
uint64_t fs_reclaim(uint64_t want);

/* Pages that hold file data. */
uint64_t fs_page_count(void);

/*
 * Inside.
 */

#define FS_DIRTY_INODE                                                                             \
	0x01u /* fields differ from the disk inode: times, or size of data not yet written */
#define FS_DIRTY_PAGES 0x02u /* some page may be dirty */
#define FS_TRIMMING    0x04u /* blocks behind the end are being freed: the file may not grow */
#define FS_BROKEN      0x08u /* trimming failed: it must never grow */
#define FS_ORPHAN      0x10u /* on the orphan list */

struct fs_inode {
	struct inode v;
	struct sx map_lock; /* RANK_BLOCKMAP */
	union {             /* M */
		uint32_t addr[FS_NADDR];
		char target[FS_INLINE_MAX];
	};
	uint64_t blocks;         /* M    in use, indirect ones included */
	uint64_t disk_size;      /* M    size in the disk inode: not beyond what was written */
	uint32_t generation;     /* I */
	struct vfs_time btime;   /* I */
	uint32_t flags;          /* a    FS_* */
	uint32_t next_orphan;    /* O */
	struct list orphan_link; /* O */
	uint32_t reserved;       /* N    blocks set aside for dirty pages without a block */
	uint64_t seq;            /* a    last transaction with a change of this inode */
	int write_error;         /* a    a page could not be written; told to the next fsync */
	uint32_t goal;           /* M    where the next block is looked for */
	uint32_t
	    next_read;   /* a    page after the last one read: sequential readers continue there */
	uint32_t window; /* a    pages to read ahead */
};

struct fs {
	struct blkdev *dev;  /* I */
	struct fs_super *sb; /* I */
	struct mount mnt;
	struct bio bio;
	struct log log;
	struct sx rename_lock;      /* RANK_RENAME: directories do not move */
	struct sx orphan_lock;      /* RANK_ORPHAN */
	struct list orphans;        /* O    in the order of the list on the disk */
	uint32_t orphan_head;       /* O    goes to the state block with each commit */
	struct spinlock count_lock; /* RANK_BIO */
	uint32_t free_blocks;       /* N    clear bits in the bitmap */
	uint32_t free_inodes;       /* N */
	uint32_t reserved;          /* N    free blocks promised to dirty pages */
	uint32_t inode_rotor;       /* N */
	uint32_t block_rotor;       /* N    where new files start */
};

static inline struct fs *
fs_of(const struct inode *ip)
{
	return ip->mnt->data;
}

static inline struct fs_inode *
fs_inode(struct inode *ip)
{
	return CONTAINER_OF(ip, struct fs_inode, v);
}

static inline uint32_t
fs_flags(const struct fs_inode *fi)
{
	return __atomic_load_n(&fi->flags, __ATOMIC_ACQUIRE);
}

static inline void
fs_flag_set(struct fs_inode *fi, uint32_t flag)
{
	__atomic_fetch_or(&fi->flags, flag, __ATOMIC_ACQ_REL);
}

/* => returns whether it was set. */
static inline bool
fs_flag_clear(struct fs_inode *fi, uint32_t flag)
{
	return (__atomic_fetch_and(&fi->flags, ~flag, __ATOMIC_ACQ_REL) & flag) != 0;
}

/* One line about a structure on the disk that cannot be true.  => returns EIO. */
int fs_corrupt(struct fs *fs, uint32_t ino, const char *what);

/* Every operation starts with this: EROFS when the file system may not be changed, else log_begin.
 */
int fs_begin(struct fs *fs, struct txn *t, unsigned credits) MUST_CHECK NO_LOCK_ANALYSIS;

/*
 * alloc.c.
 */

/* Blocks promised for each page that is dirty and has no block: itself and three indirect ones. */
#define FS_PROMISE 4u

/* A free block, looked for from `goal` on; its bit joins the transaction.  reserved: it was
 * promised, take it off the promises.
 * => one buffer is used and released.  => returns 0, ENOSPC, EIO. */
int fs_block_alloc(
    struct fs *fs, struct txn *t, uint32_t goal, bool reserved, uint32_t *block) MUST_CHECK;
/* An inode number, near `goal`.  => as above. */
int fs_ino_alloc(struct fs *fs, struct txn *t, uint32_t goal, uint32_t *ino) MUST_CHECK;
int fs_ino_free(struct fs *fs, struct txn *t, uint32_t ino) MUST_CHECK;
/* Promise n blocks.  => false: not that many are free. */
bool fs_reserve(struct fs *fs, struct fs_inode *fi, uint32_t n);
/* Take back up to n of the inode's promises. */
void fs_unreserve(struct fs *fs, struct fs_inode *fi, uint32_t n);
/* log_prepare_fn: clear the bits of freed blocks, bring the state block up to date. */
int fs_prepare_commit(void *arg, struct txn *t);
/* The disk is full: could waiting for a commit or writing dirty pages help?  Does it.  `tries`
 * starts at 0 and is the caller's count.
 * => nothing held.  => true: try again. */
bool fs_make_room(struct fs *fs, unsigned *tries);

/*
 * inode.c.
 */

/* mount_ops. */
struct inode *fs_inode_alloc(struct mount *mnt, uint64_t ino);
int fs_inode_load(struct inode *ip);
void fs_inode_delete(struct inode *ip);
bool fs_inode_evict(struct inode *ip);
void fs_inode_free(struct inode *ip);

/* A new inode on the disk and in memory, link count 0: the caller names it in the same transaction,
 * or drops it.
 * => t has 2 credits for it.  => returned referenced; nobody else knows it. */
int fs_inode_create(struct fs *fs, struct txn *t, const struct vfs_attr *attr, uint32_t goal,
    struct inode **ipp) MUST_CHECK;
/* Undo fs_inode_create in the same transaction, before a name was given.  => the reference stays
 * with the caller. */
void fs_inode_uncreate(struct inode *ip, struct txn *t);

/* Write the fields of ip to its disk inode.  => inode lock or map lock held, or nobody else changes
 * it.  1 credit. */
int fs_inode_update(struct inode *ip, struct txn *t) MUST_CHECK;
/* Set times to now (VFS_SET_* bits ATIME, MTIME; ctime always unless only ATIME) under the map
 * lock; the disk inode follows later. */
void fs_touch(struct inode *ip, unsigned what);

/* The block of file block lbn into *block; 0: a hole.  => map_lock held.  => returns 0, EIO. */
int fs_bmap(struct inode *ip, uint64_t lbn, uint32_t *block) MUST_CHECK;
/* The same, allocating what is missing; *fresh says whether the block itself was.  => map_lock
 * exclusive.  Up to FS_BMAP_CREDITS.
 * => the caller updates the inode afterwards, even on failure: indirect blocks may have been added.
 * => returns 0, ENOSPC, EFBIG, EIO (then lbn is not mapped). */
#define FS_BMAP_CREDITS 8u
int fs_bmap_alloc(struct inode *ip, struct txn *t, uint64_t lbn, bool reserved, uint32_t *block,
    bool *fresh) MUST_CHECK;
/* Undo a fresh fs_bmap_alloc. */
void fs_bmap_undo(struct inode *ip, struct txn *t, uint64_t lbn);
/* Free blocks from file block `keep` on, the last one first, as many as credits and the journal
 * allow.  => map_lock exclusive.
 * => returns 0: done; EAGAIN: go on in a new operation; EIO. */
int fs_trim(struct inode *ip, struct txn *t, uint64_t keep) MUST_CHECK;
/* Trim to the current size in as many operations as it takes; FS_TRIMMING is set by the caller and
 * cleared here.
 * => nothing held.  => returns 0, EIO. */
int fs_trim_all(struct inode *ip);

/* Put on or take off the list of inodes whose trimming or deletion must end after a crash.  1 and 2
 * credits; ip is updated by the caller. */
void fs_orphan_add(struct inode *ip);
int fs_orphan_remove(struct inode *ip, struct txn *t) MUST_CHECK;

/*
 * dir.c: one directory, locked by the caller.
 */

/* What a search of a directory finds. */
struct fs_slot {
	uint32_t ino;
	uint32_t lbn;  /* block of the directory */
	unsigned at;   /* byte in it */
	unsigned type; /* DT_* */
};

/* => dir->lock held.  => returns 0, ENOENT, EIO. */
int fs_dir_find(struct inode *dir, const char *name, unsigned len, struct fs_slot *slot) MUST_CHECK;
/* Add an entry that is not there.  => dir->lock exclusive.  2 + FS_BMAP_CREDITS credits.  =>
 * returns 0, ENOSPC, EIO. */
int fs_dir_add(struct inode *dir, struct txn *t, const char *name, unsigned len, uint32_t ino,
    unsigned type) MUST_CHECK;
/* => dir->lock exclusive; slot was found under the same lock.  1 credit. */
int fs_dir_remove(struct inode *dir, struct txn *t, const struct fs_slot *slot) MUST_CHECK;
/* Let the entry name another inode.  => as above. */
int fs_dir_replace(struct inode *dir, struct txn *t, const struct fs_slot *slot, uint32_t ino,
    unsigned type) MUST_CHECK;
/* First block of a new directory.  => dir is known to nobody else.  FS_BMAP_CREDITS. */
int fs_dir_init(struct inode *dir, struct txn *t, uint32_t parent) MUST_CHECK;
/* => dir->lock held.  => returns 0, ENOTEMPTY, EIO. */
int fs_dir_empty(struct inode *dir) MUST_CHECK;
/* inode_ops. */
int fs_dir_lookup(struct inode *dir, const char *name, unsigned len, struct inode **ipp);
int fs_dir_readdir(struct inode *dir, uint64_t *pos, vfs_emit_fn *emit, void *arg);

/*
 * namespace.c: inode_ops.
 */
int fs_create(struct inode *dir, const char *name, unsigned len, const struct vfs_attr *attr,
    const char *target, struct inode **ipp);
int fs_link(struct inode *dir, const char *name, unsigned len, struct inode *ip);
int fs_unlink(struct inode *dir, const char *name, unsigned len, struct inode *ip);
int fs_rename(struct inode *from, const char *name, unsigned len, struct inode *ip,
    struct inode *to, const char *newname, unsigned newlen, struct inode *victim);
int fs_readlink(struct inode *ip, char *buf, size_t size, size_t *lenp);

/*
 * file.c: inode_ops.
 */
int fs_read(struct inode *ip, void *handle, struct uio *u);
int fs_write(struct inode *ip, void *handle, struct uio *u, int oflags);
int fs_getattr(struct inode *ip, struct vfs_attr *attr);
int fs_setattr(struct inode *ip, const struct vfs_setattr *set);
int fs_fsync(struct inode *ip, bool datasync);
extern const struct inode_ops fs_file_ops, fs_dir_ops, fs_link_ops, fs_node_ops;

/*
 * inode_pager.c.
 */

/* inode_ops: the object of a regular file, one reference for the caller.  => no inode lock held. */
int fs_object(struct inode *ip, struct vm_object **op);
/* The object, made if there is none; no reference: it stays as long as the caller's inode
 * reference.  => inode lock held.  NULL: no memory. */
struct vm_object *fs_object_peek(struct inode *ip);

/* The page at pindex, valid and shared busy, read with up to `ahead` more if it is not there.
 * => no other page busy; inode lock held.  => returns 0, EIO, EINVAL (behind the end), ENOMEM: drop
 * all locks, vm_page_wait(), again. */
int
fs_page_read(struct vm_object *o, pindex_t pindex, unsigned ahead, struct vm_page **mp) MUST_CHECK;
/* The page at pindex, valid and exclusively busy, to be written to; behind the end it is zero.  =>
 * inode lock exclusive; as above. */
int fs_page_write(
    struct inode *ip, struct vm_object *o, pindex_t pindex, struct vm_page **mp) MUST_CHECK;
/* A page is no longer used by the caller, who has set its dirty bit if he changed it. */
void fs_page_done(struct vm_page *m, bool exclusive);
/* Zero the page that holds byte `size` from there on, if it is resident.  => inode lock exclusive;
 * no page busy. */
void fs_zero_tail(struct vm_object *o, uint64_t size);
/* Is some page marked dirty (not counting what mappings wrote)?  => never sleeps for long. */
bool fs_any_dirty(struct inode *ip);
/* Write all dirty pages of [first, first + n).  => nothing held; may sleep.  => returns 0, EIO,
 * ENOSPC; pages not written stay dirty. */
int fs_clean(struct inode *ip, pindex_t first, pindex_t n);
/* Free clean, unmapped pages of ip, up to `want`.  => never blocks on a lock.  => returns how many.
 */
uint64_t fs_pages_free(struct inode *ip, uint64_t want);
/* End the object with all its pages, dirty or not.  => nobody else knows ip. */
void fs_object_end(struct inode *ip);

/*
 * reclaim.c.
 */

/* This is the file system whose pages are given back.  => at mount. */
void fs_reclaim_register(struct fs *fs);

/*
 * super.c.
 */

/* mount_ops: write everything that is dirty.  => nothing held. */
int fs_sync(struct mount *mnt, bool wait);

#endif
