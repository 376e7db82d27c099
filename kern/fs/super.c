/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns mounting: reads and judges the superblock, replays the journal, takes over the counts, ends
 * what a crash interrupted. Also sync and statfs.
 *
 * Sizes of buffer cache and transactions follow the size of RAM (plan).  The cache's reserve covers
 * the largest transaction, the pinned buffers and one buffer for each thread that is likely to be
 * in the file system at once, so a transaction never waits for memory.
 */
#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fs/fs.h"
#include "kern/fs/fs_format.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

#define THREAD_BUFFERS 16u

static const struct mount_ops fs_mount_ops;

/* One line about why a mount fails. */
static int
refuse(const struct blkdev *dev, int error, const char *why)
{
	klog(LOG_ERROR, "%s: %s", dev->name, why);
	return error;
}

/*
 * Steps of a mount, in order.
 */

static int
read_super(struct fs *fs)
{
	const char *bad;

	fs->sb = km_poolpage_alloc(VM_ALLOC_NORMAL);
	if (fs->sb == NULL)
		return refuse(fs->dev, ENOMEM, "no memory to mount it");
	if (bio_transfer(fs->dev, BLK_READ, FS_SUPER_BLOCK, fs->sb) != 0)
		return refuse(fs->dev, EIO, "cannot read the superblock");
	bad = fs_super_check(fs->sb, fs->dev->nsectors / (FS_BLOCK_SIZE / BLK_SECTOR));
	return bad != NULL ? refuse(fs->dev, EINVAL, bad) : 0;
}

/* Blocks of a transaction and pinned blocks, by the size of RAM. */
static int
open_journal(struct fs *fs)
{
	uint64_t pages = vm_page_total_count();
	unsigned capacity = (unsigned)MAX(MIN(pages / 320, 256ul), 48ul);
	unsigned pinned = capacity / 2;
	unsigned reserve = capacity + LOG_PREPARE + pinned + THREAD_BUFFERS;
	unsigned limit = (unsigned)MAX(pages / 16, (uint64_t)reserve);
	int error = bio_init(&fs->bio, fs->dev, reserve, limit);

	if (error != 0)
		return refuse(fs->dev, error, "no memory to mount it");
	error = log_open(&fs->log, &fs->bio, fs->sb, capacity, pinned, fs_prepare_commit, fs);
	if (error != 0) {
		bio_destroy(&fs->bio);
		return refuse(fs->dev, error, "its journal cannot be opened");
	}
	return 0;
}

static int
read_state(struct fs *fs)
{
	const struct fs_state *st;
	const char *bad;
	struct buf *b;
	int error = bio_read(&fs->bio, FS_STATE_BLOCK, &b);

	if (error != 0)
		return refuse(fs->dev, error, "cannot read the state block");
	st = (const struct fs_state *)b->data;
	bad = fs_state_check(st, fs->sb);
	fs->free_blocks = st->free_blocks;
	fs->free_inodes = st->free_inodes;
	fs->orphan_head = st->orphan;
	bio_release(b);
	return bad != NULL ? refuse(fs->dev, EINVAL, bad) : 0;
}

static int
read_root(struct fs *fs)
{
	struct inode *root;
	int error = inode_get(&fs->mnt, FS_ROOT_INO, &root);

	if (error != 0)
		return refuse(fs->dev, error, "cannot read the root directory");
	if (!inode_is(root, FS_IFDIR)) {
		inode_unref(root);
		return refuse(fs->dev, EINVAL, "the root is no directory");
	}
	fs->mnt.root = root;
	return 0;
}

/* The list as the disk has it, put together in memory, each inode with a reference. */
static int
load_orphans(struct fs *fs)
{
	struct inode *ip;
	int error;

	for (uint32_t ino = fs->orphan_head; ino != 0; ino = fs_inode(ip)->next_orphan) {
		error = inode_get(&fs->mnt, ino, &ip);
		if (error != 0)
			return error;
		if (fs_flags(fs_inode(ip)) & FS_ORPHAN) {
			inode_unref(ip);
			return fs_corrupt(fs, ino, "it is on the list of orphans twice");
		}
		fs_flag_set(fs_inode(ip), FS_ORPHAN);
		list_push_back(&fs->orphans, &fs_inode(ip)->orphan_link);
	}
	return 0;
}

/* End one deletion or truncation: the inode leaves the list. */
static int
finish_orphan(struct fs_inode *fi)
{
	int error = fi->v.nlink > 0 ? fs_trim_all(&fi->v) : 0;

	inode_unref(&fi->v);
	return error;
}

/* End the deletions and truncations that a crash interrupted.  What is wrong with the list does not
 * stop the mount. */
static void
finish_orphans(struct fs *fs)
{
	struct list *node;
	int error = load_orphans(fs);

	while (error == 0 && !list_empty(&fs->orphans)) {
		node = fs->orphans.next;
		error = finish_orphan(LIST_ENTRY(node, struct fs_inode, orphan_link));
		if (error == 0 && fs->orphans.next == node)
			error = EIO;
	}
	if (error == 0)
		return;
	klog(LOG_ERROR, "%s: what a crash left behind cannot be cleaned up: run mkfs --check",
	    fs->dev->name);
	fs->mnt.flags |= MOUNT_RDONLY;
	while ((node = list_pop_front(&fs->orphans)) != NULL)
		inode_unref(&LIST_ENTRY(node, struct fs_inode, orphan_link)->v);
}

/*
 * Mounting.
 */

static struct fs *
fs_alloc(struct blkdev *dev)
{
	struct fs *fs = kmalloc(sizeof(*fs), ZONE_ZERO);

	if (fs == NULL)
		return NULL;
	fs->dev = dev;
	sx_init(&fs->rename_lock, "rename", RANK_RENAME);
	sx_init(&fs->orphan_lock, "orphans", RANK_ORPHAN);
	spin_init(&fs->count_lock, "fs counts", RANK_BIO);
	list_init(&fs->orphans);
	vfs_mount_init(&fs->mnt, "umfs", dev->name, &fs_mount_ops, fs);
	fs->mnt.dev = dev->rdev;
	if (dev->readonly)
		fs->mnt.flags |= MOUNT_RDONLY;
	return fs;
}

static void
fs_free(struct fs *fs, bool journal)
{
	icache_discard(&fs->mnt);
	if (journal) {
		log_close(&fs->log);
		bio_destroy(&fs->bio);
	}
	if (fs->sb != NULL)
		km_poolpage_free(fs->sb);
	kfree(fs, sizeof(*fs));
}

int
fs_mount(struct blkdev *dev, struct mount **mntp)
{
	struct fs *fs = fs_alloc(dev);
	bool journal = false;
	int error;

	if (fs == NULL)
		return refuse(dev, ENOMEM, "no memory to mount it");
	error = read_super(fs);
	if (error == 0) {
		error = open_journal(fs);
		journal = error == 0;
	}
	if (error == 0)
		error = read_state(fs);
	if (error == 0)
		error = read_root(fs);
	if (error != 0) {
		fs_free(fs, journal);
		return error;
	}
	if ((fs->mnt.flags & MOUNT_RDONLY) == 0)
		finish_orphans(fs);
	*mntp = &fs->mnt;
	return 0;
}

int
fs_mount_root(struct blkdev *dev)
{
	struct mount *mnt;
	int error = fs_mount(dev, &mnt);

	if (error == 0)
		error = vfs_mount(mnt, NULL, "/");
	if (error == 0)
		fs_reclaim_register(mnt->data);
	return error;
}

int
fs_unmount(struct mount *mnt)
{
	struct fs *fs = mnt->data;
	int error = fs_sync(mnt, true);

	if (error == 0)
		error = log_checkpoint(&fs->log);
	if (error != 0)
		klog(LOG_ERROR, "%s: changes could not be written", fs->dev->name);
	inode_unref(mnt->root);
	fs_free(fs, true);
	return error;
}

/*
 * Sync, statfs.
 */

static bool
needs_sync(struct inode *ip)
{
	const struct vm_object *o = ip->object;

	/* A mapping may have dirtied pages without anybody's knowing. */
	return (fs_flags(fs_inode(ip)) & (FS_DIRTY_INODE | FS_DIRTY_PAGES)) != 0 ||
	    (o != NULL && o->refs > 0);
}

struct sync {
	struct fs *fs;
	int error;
};

static bool
sync_inode(struct inode *ip, void *arg)
{
	struct fs_inode *fi = fs_inode(ip);
	struct sync *s = arg;
	struct txn t;
	int error = fs_clean(ip, 0, UINT32_MAX);

	if (error == 0 && (fs_flags(fi) & FS_DIRTY_INODE) != 0) {
		error = fs_begin(s->fs, &t, 1);
		if (error == 0) {
			sx_slock(&fi->map_lock);
			error = fs_inode_update(ip, &t);
			sx_sunlock(&fi->map_lock);
			log_end(&t);
		}
	}
	if (s->error == 0)
		s->error = error;
	return true;
}

int
fs_sync(struct mount *mnt, bool wait)
{
	struct fs *fs = mnt->data;
	struct sync s = {.fs = fs};
	int error;

	if (mnt->flags & MOUNT_RDONLY)
		return 0;
	icache_foreach(mnt, needs_sync, sync_inode, &s);
	(void)wait;
	error = log_force(&fs->log, log_current(&fs->log));
	return s.error != 0 ? s.error : error;
}

static int
fs_statfs(struct mount *mnt, struct vfs_statfs *st)
{
	struct fs *fs = mnt->data;

	spin_lock(&fs->count_lock);
	*st = (struct vfs_statfs){
	    .type = 0x554d4653,
	    .bsize = FS_BLOCK_SIZE,
	    .blocks = fs->sb->nblocks - fs->sb->data_start,
	    .bfree = fs->free_blocks - MIN(fs->reserved, fs->free_blocks),
	    .files = fs->sb->ninodes - 1,
	    .ffree = fs->free_inodes,
	};
	spin_unlock(&fs->count_lock);
	return 0;
}

static const struct mount_ops fs_mount_ops = {
    .inode_alloc = fs_inode_alloc,
    .inode_load = fs_inode_load,
    .inode_delete = fs_inode_delete,
    .inode_evict = fs_inode_evict,
    .inode_discard = fs_object_end,
    .inode_free = fs_inode_free,
    .sync = fs_sync,
    .statfs = fs_statfs,
};
