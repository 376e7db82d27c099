/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the inodes of umfs: loading and updating them, their block maps, freeing blocks and whole
 * inodes, the orphan list.
 *
 *      addr[0..11] --> data
 *      addr[12] --> [1024 pointers] --> data
 *      addr[13] --> [1024] --> [1024] --> data
 *      addr[14]: one level more
 *
 * Freeing a large file takes many transactions (fs_trim works from the end and stops when its
 * credits are used up).  Until it is done the inode is on the orphan list, so that the mount after
 * a crash goes on; FS_TRIMMING keeps the file from growing over old blocks meanwhile.  An unlinked
 * file that somebody still uses is on the same list.
 *
 * Lock order: map_lock -> orphan_lock -> one buffer at a time.  A parent block is let go before its
 * child is read: map_lock keeps both.
 *
 * Rejected: extents.  Three levels of pointers are simpler to draw, check and repair, and files
 * here are small.
 */
#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fs/fs.h"
#include "kern/fs/fs_format.h"
#include "vm/zone.h"

static struct zone *inode_zone;

int
fs_corrupt(struct fs *fs, uint32_t ino, const char *what)
{
	klog(LOG_ERROR, "%s: inode %u: %s", fs->dev->name, ino, what);
	return EIO;
}

int
fs_begin(struct fs *fs, struct txn *t, unsigned credits) NO_LOCK_ANALYSIS
{
	return fs->mnt.flags & MOUNT_RDONLY ? EROFS : log_begin(&fs->log, t, credits);
}

/*
 * Memory.
 */

void
fs_init(void)
{
	inode_zone = zone_create("fs_inode", sizeof(struct fs_inode), 0, NULL);
	bio_startup();
}

struct inode *
fs_inode_alloc(struct mount *mnt, uint64_t ino)
{
	struct fs_inode *fi = zone_alloc(inode_zone, ZONE_ZERO | ZONE_SYSTEM);

	if (fi == NULL)
		return NULL;
	icache_inode_init(&fi->v, mnt, ino);
	sx_init(&fi->map_lock, "block map", RANK_BLOCKMAP);
	list_init(&fi->orphan_link);
	return &fi->v;
}

void
fs_inode_free(struct inode *ip)
{
	zone_free(inode_zone, fs_inode(ip));
}

/*
 * The disk inode.
 */

static const struct inode_ops *
ops_of(uint32_t mode)
{
	switch (mode & 0170000) {
	case FS_IFREG:
		return &fs_file_ops;
	case FS_IFDIR:
		return &fs_dir_ops;
	case FS_IFLNK:
		return &fs_link_ops;
	default:
		return &fs_node_ops;
	}
}

/* The buffer with disk inode `ino`, locked, and the inode in it. */
static int
dinode_read(struct fs *fs, uint32_t ino, struct buf **bp, struct fs_dinode **dip)
{
	int error = bio_read(&fs->bio, fs->sb->itab_start + ino / FS_INODES_PER_BLOCK, bp);

	if (error == 0)
		*dip = (struct fs_dinode *)(*bp)->data + ino % FS_INODES_PER_BLOCK;
	return error;
}

static void
from_disk(struct inode *ip, const struct fs_dinode *di)
{
	struct fs_inode *fi = fs_inode(ip);

	ip->ops = ops_of(di->mode);
	ip->mode = di->mode;
	ip->uid = di->uid;
	ip->gid = di->gid;
	ip->nlink = di->nlink;
	ip->rdev = di->rdev;
	ip->size = fi->disk_size = di->size;
	ip->atime = (struct vfs_time){di->atime, di->atime_ns};
	ip->mtime = (struct vfs_time){di->mtime, di->mtime_ns};
	ip->ctime = (struct vfs_time){di->ctime, di->ctime_ns};
	fi->btime = (struct vfs_time){di->btime, di->btime_ns};
	fi->blocks = di->blocks;
	fi->generation = di->generation;
	fi->next_orphan = di->next_orphan;
	memcpy(fi->target, di->target, sizeof(fi->target));
	/* It may have been evicted with changes that are not committed yet: fsync must not miss
	 * them. */
	fi->seq = __atomic_load_n(&fs_of(ip)->log.seq, __ATOMIC_RELAXED);
}

static void
to_disk(const struct inode *ip, const struct fs_inode *fi, struct fs_dinode *di)
{
	di->mode = ip->mode;
	di->uid = ip->uid;
	di->gid = ip->gid;
	di->nlink = ip->nlink;
	di->rdev = ip->rdev;
	di->size = fi->disk_size;
	di->blocks = fi->blocks;
	di->atime = ip->atime.sec;
	di->atime_ns = ip->atime.nsec;
	di->mtime = ip->mtime.sec;
	di->mtime_ns = ip->mtime.nsec;
	di->ctime = ip->ctime.sec;
	di->ctime_ns = ip->ctime.nsec;
	di->btime = fi->btime.sec;
	di->btime_ns = fi->btime.nsec;
	di->generation = fi->generation;
	di->next_orphan = fi->next_orphan;
	di->flags = 0;
	memcpy(di->target, fi->target, sizeof(di->target));
	di->crc = fs_dinode_crc(di, (uint32_t)ip->ino);
}

int
fs_inode_load(struct inode *ip)
{
	struct fs *fs = fs_of(ip);
	struct fs_dinode *di;
	const char *bad;
	struct buf *b;
	int error;

	if (ip->ino == 0 || ip->ino >= fs->sb->ninodes)
		return fs_corrupt(fs, (uint32_t)ip->ino, "there can be no such inode");
	error = dinode_read(fs, (uint32_t)ip->ino, &b, &di);
	if (error != 0)
		return error;
	bad = di->mode == 0 ? NULL : fs_dinode_check(di, fs->sb, (uint32_t)ip->ino);
	if (di->mode == 0)
		error = ESTALE;
	else if (bad != NULL)
		error = fs_corrupt(fs, (uint32_t)ip->ino, bad);
	else
		from_disk(ip, di);
	bio_release(b);
	return error;
}

int
fs_inode_update(struct inode *ip, struct txn *t)
{
	struct fs_inode *fi = fs_inode(ip);
	struct fs_dinode *di;
	struct buf *b;
	int error;

	fs_flag_clear(fi, FS_DIRTY_INODE);
	error = dinode_read(fs_of(ip), (uint32_t)ip->ino, &b, &di);
	if (error != 0)
		return error;
	to_disk(ip, fi, di);
	log_join(t, b);
	bio_release(b);
	__atomic_store_n(&fi->seq, t->seq, __ATOMIC_RELAXED);
	return 0;
}

void
fs_touch(struct inode *ip, unsigned what)
{
	struct fs_inode *fi = fs_inode(ip);
	struct vfs_time now = vfs_now();

	sx_xlock(&fi->map_lock);
	if (what & VFS_SET_ATIME)
		ip->atime = now;
	if (what & VFS_SET_MTIME)
		ip->mtime = now;
	if (what != VFS_SET_ATIME)
		ip->ctime = now;
	sx_xunlock(&fi->map_lock);
	fs_flag_set(fi, FS_DIRTY_INODE);
}

/*
 * New inodes.
 */

static void
new_fields(struct inode *ip, const struct vfs_attr *attr, uint32_t generation)
{
	struct fs_inode *fi = fs_inode(ip);

	ip->ops = ops_of(attr->mode);
	ip->mode = attr->mode;
	ip->uid = attr->uid;
	ip->gid = attr->gid;
	ip->rdev = attr->rdev;
	ip->atime = ip->mtime = ip->ctime = fi->btime = vfs_now();
	fi->generation = generation;
}

int
fs_inode_create(
    struct fs *fs, struct txn *t, const struct vfs_attr *attr, uint32_t goal, struct inode **ipp)
{
	struct fs_dinode *di = NULL;
	struct inode *ip;
	struct buf *b;
	uint32_t ino;
	int error = fs_ino_alloc(fs, t, goal, &ino);

	if (error != 0)
		return error;
	ip = fs_inode_alloc(&fs->mnt, ino);
	error = ip == NULL ? ENOMEM : dinode_read(fs, ino, &b, &di);
	if (error == 0) {
		uint32_t generation = di->generation + 1;

		if (di->mode != 0)
			error = fs_corrupt(fs, ino, "in use, but free in the bitmap");
		bio_release(b);
		new_fields(ip, attr, generation);
	}
	if (error != 0) {
		if (ip != NULL)
			fs_inode_free(ip);
		/* A used inode that the bitmap lost stays taken now: that is the smaller evil. */
		if (di == NULL && fs_ino_free(fs, t, ino) != 0)
			error = EIO;
		return error;
	}
	icache_insert(ip);
	*ipp = ip;
	return 0;
}

static int
dinode_clear(struct inode *ip, struct txn *t)
{
	struct fs_dinode *di;
	struct buf *b;
	int error = dinode_read(fs_of(ip), (uint32_t)ip->ino, &b, &di);

	if (error != 0)
		return error;
	memset(di, 0, sizeof(*di));
	di->generation = fs_inode(ip)->generation;
	log_join(t, b);
	bio_release(b);
	return fs_ino_free(fs_of(ip), t, (uint32_t)ip->ino);
}

/*
 * The block map.
 */

/* Read slot `index` of an indirect block, or set it. */
static int
slot_access(struct inode *ip, struct txn *t, uint32_t block, uint32_t index, uint32_t *value)
{
	struct fs *fs = fs_of(ip);
	uint32_t *slot;
	struct buf *b;
	int error = bio_read(&fs->bio, block, &b);

	if (error != 0)
		return error;
	slot = (uint32_t *)b->data + index;
	if (t != NULL) {
		*slot = *value;
		log_join(t, b);
	}
	*value = *slot;
	bio_release(b);
	if (*value != 0 && !fs_block_is_data(fs->sb, *value))
		return fs_corrupt(fs, (uint32_t)ip->ino, "block pointer outside the data area");
	return 0;
}

int
fs_bmap(struct inode *ip, uint64_t lbn, uint32_t *block)
{
	struct fs_inode *fi = fs_inode(ip);
	uint32_t index[4], at = 0;
	int levels = fs_block_path(lbn, index), error = 0;

	KASSERT(sx_locked(&fi->map_lock));
	if (levels < 0) {
		*block = 0;
		return 0;
	}
	at = fi->addr[index[0]];
	if (at != 0 && !fs_block_is_data(fs_of(ip)->sb, at))
		return fs_corrupt(
		    fs_of(ip), (uint32_t)ip->ino, "block pointer outside the data area");
	for (int i = 1; i <= levels && at != 0 && error == 0; i++) {
		uint32_t parent = at;

		error = slot_access(ip, NULL, parent, index[i], &at);
	}
	*block = at;
	return error;
}

/* A new block for ip; an indirect one is zeroed through its buffer. */
static int
map_block_alloc(struct inode *ip, struct txn *t, bool indirect, bool reserved, uint32_t *block)
{
	struct fs_inode *fi = fs_inode(ip);
	struct fs *fs = fs_of(ip);
	struct buf *b;
	int error;

	if (fi->goal == 0)
		fi->goal = __atomic_load_n(&fs->block_rotor, __ATOMIC_RELAXED);
	error = fs_block_alloc(fs, t, fi->goal, reserved, block);
	if (error != 0)
		return error;
	fi->goal = *block + 1;
	__atomic_store_n(&fs->block_rotor, *block + 1, __ATOMIC_RELAXED);
	fi->blocks++;
	if (indirect) {
		bio_fresh(&fs->bio, *block, &b);
		log_join(t, b);
		bio_release(b);
	}
	return 0;
}

/*
 * Allocates top-down and links each new block into its parent at once, so that a failure further
 * down leaves a tree that is well-formed: an indirect block without pointers, which the next
 * attempt or a trim finds.
 */
int
fs_bmap_alloc(
    struct inode *ip, struct txn *t, uint64_t lbn, bool reserved, uint32_t *block, bool *fresh)
{
	struct fs_inode *fi = fs_inode(ip);
	uint32_t index[4], parent = 0, at;
	int levels = fs_block_path(lbn, index), error;

	KASSERT(sx_xowned(&fi->map_lock));
	*fresh = false;
	if (levels < 0)
		return EFBIG;
	for (int i = 0; i <= levels; i++, parent = at) {
		at = fi->addr[index[0]];
		error = i == 0 ? 0 : slot_access(ip, NULL, parent, index[i], &at);
		if (error != 0)
			return error;
		if (at != 0 && (i > 0 || fs_block_is_data(fs_of(ip)->sb, at)))
			continue;
		if (at != 0)
			return fs_corrupt(
			    fs_of(ip), (uint32_t)ip->ino, "block pointer outside the data area");
		error = map_block_alloc(ip, t, i < levels, reserved, &at);
		if (error != 0)
			return error;
		*fresh = i == levels;
		if (i == 0)
			fi->addr[index[0]] = at;
		else
			error = slot_access(ip, t, parent, index[i], &at);
		if (error != 0) {
			if (log_free(t, at, i < levels, true) == 0)
				fi->blocks--;
			return error;
		}
	}
	*block = at;
	return 0;
}

void
fs_bmap_undo(struct inode *ip, struct txn *t, uint64_t lbn)
{
	struct fs_inode *fi = fs_inode(ip);
	uint32_t index[4], parent = 0, at, zero = 0;
	int levels = fs_block_path(lbn, index);

	if (levels < 0)
		return;
	at = fi->addr[index[0]];
	for (int i = 1; i <= levels; i++) {
		parent = at;
		if (slot_access(ip, NULL, parent, index[i], &at) != 0)
			return;
	}
	if (levels == 0)
		fi->addr[index[0]] = 0;
	else if (slot_access(ip, t, parent, index[levels], &zero) != 0)
		return;
	if (log_free(t, at, false, true) == 0)
		fi->blocks--;
}

/*
 * Trimming.
 */

/* What one operation of a trim may still do. */
struct trim {
	struct inode *ip;
	struct txn *t;
	uint64_t keep; /* file blocks before this one stay */
	bool metadata; /* the file's own blocks are journaled: a directory, a long link */
};

/* Credits that freeing one data block may take: its bitmap block, and for each of three levels
 * above a changed pointer and one more bitmap block when the level's block goes too; and two that
 * the caller needs afterwards. */
#define TRIM_STEP (7u + 2u)

static int
trim_free(struct trim *tr, uint32_t block, bool metadata)
{
	struct fs *fs = fs_of(tr->ip);
	int error;

	if (!fs_block_is_data(fs->sb, block))
		return fs_corrupt(fs, (uint32_t)tr->ip->ino, "block pointer outside the data area");
	error = log_free(tr->t, block, metadata, false);
	if (error == 0)
		fs_inode(tr->ip)->blocks--;
	return error;
}

static int trim_tree(struct trim *tr, uint32_t block, int levels, uint64_t first);

/* Empty the slots of an indirect block from the end, down to the one that holds `keep`. */
static int
trim_slots(struct trim *tr, uint32_t block, int levels, uint64_t first)
{
	uint64_t span = fs_span(levels - 1);
	uint32_t from = tr->keep <= first ? 0 : (uint32_t)((tr->keep - first) / span), zero = 0, at;
	int error = 0;

	for (uint32_t i = FS_PTRS; i-- > from && error == 0;) {
		uint64_t sub = first + i * span;

		error = slot_access(tr->ip, NULL, block, i, &at);
		if (error != 0 || at == 0)
			continue;
		if (tr->t->credits < TRIM_STEP)
			return EAGAIN;
		error = trim_tree(tr, at, levels - 1, sub);
		if (error == 0 && sub >= tr->keep)
			error = slot_access(tr->ip, tr->t, block, i, &zero);
	}
	return error;
}

/* Free what lies behind `keep` in the tree below `block`, and the block itself if nothing before it
 * stays. */
static int
trim_tree(struct trim *tr, uint32_t block, int levels, uint64_t first)
{
	int error = levels > 0 ? trim_slots(tr, block, levels, first) : 0;

	if (error == 0 && first >= tr->keep)
		error = trim_free(tr, block, levels > 0 || tr->metadata);
	return error;
}

/* Two credits are left over for the inode and its neighbour on the orphan list. */
int
fs_trim(struct inode *ip, struct txn *t, uint64_t keep)
{
	struct fs_inode *fi = fs_inode(ip);
	struct trim tr = {.ip = ip, .t = t, .keep = keep, .metadata = !inode_is(ip, FS_IFREG)};

	KASSERT(sx_xowned(&fi->map_lock));
	fi->goal = 0;
	for (unsigned i = FS_NADDR; i-- > 0;) {
		int levels, error;
		uint64_t first = fs_addr_first(i, &levels);

		if (fi->addr[i] == 0 || first + fs_span(levels) <= keep)
			continue;
		if (t->credits < TRIM_STEP)
			return EAGAIN;
		error = trim_tree(&tr, fi->addr[i], levels, first);
		if (error != 0)
			return error;
		if (first >= keep)
			fi->addr[i] = 0;
	}
	return 0;
}

/* One operation's worth.  => EAGAIN: more to do. */
static int
trim_once(struct inode *ip)
{
	struct fs_inode *fi = fs_inode(ip);
	struct txn t;
	int error = fs_begin(fs_of(ip), &t, LOG_MAX_OP), update;

	if (error != 0)
		return error;
	sx_xlock(&fi->map_lock);
	error = fs_trim(ip, &t, ip->nlink == 0 ? 0 : fs_div_up(ip->size, FS_BLOCK_SIZE));
	update = error == 0 && ip->nlink > 0 ? fs_orphan_remove(ip, &t) : 0;
	if (update == 0)
		update = fs_inode_update(ip, &t);
	sx_xunlock(&fi->map_lock);
	log_end(&t);
	return update != 0 ? update : error;
}

int
fs_trim_all(struct inode *ip)
{
	struct fs_inode *fi = fs_inode(ip);
	struct fs *fs = fs_of(ip);
	int error;

	while ((error = trim_once(ip)) == EAGAIN) {
		/* The list of freed blocks may be what is full. */
		if (log_frees_pending(&fs->log) && log_force(&fs->log, log_current(&fs->log)) != 0)
			error = EIO;
	}
	if (error != 0)
		fs_flag_set(fi, FS_BROKEN);
	fs_flag_clear(fi, FS_TRIMMING);
	wakeup(&fi->flags);
	return error;
}

/*
 * Orphans.
 */

void
fs_orphan_add(struct inode *ip)
{
	struct fs_inode *fi = fs_inode(ip);
	struct fs *fs = fs_of(ip);

	sx_xlock(&fs->orphan_lock);
	if ((fs_flags(fi) & FS_ORPHAN) == 0) {
		fi->next_orphan = fs->orphan_head;
		fs->orphan_head = (uint32_t)ip->ino;
		list_push_front(&fs->orphans, &fi->orphan_link);
		fs_flag_set(fi, FS_ORPHAN);
	}
	sx_xunlock(&fs->orphan_lock);
}

/* Let the inode before fi on the list point behind it, on the disk too. */
static int
orphan_bypass(struct fs *fs, struct fs_inode *fi, struct txn *t)
{
	struct fs_inode *before;
	struct fs_dinode *di;
	struct buf *b;
	int error;

	if (fi->orphan_link.prev == &fs->orphans) {
		fs->orphan_head = fi->next_orphan;
		return 0;
	}
	before = LIST_ENTRY(fi->orphan_link.prev, struct fs_inode, orphan_link);
	before->next_orphan = fi->next_orphan;
	error = dinode_read(fs, (uint32_t)before->v.ino, &b, &di);
	if (error != 0)
		return error;
	di->next_orphan = fi->next_orphan;
	di->crc = fs_dinode_crc(di, (uint32_t)before->v.ino);
	log_join(t, b);
	bio_release(b);
	return 0;
}

int
fs_orphan_remove(struct inode *ip, struct txn *t)
{
	struct fs_inode *fi = fs_inode(ip);
	struct fs *fs = fs_of(ip);
	int error = 0;

	sx_xlock(&fs->orphan_lock);
	if (fs_flags(fi) & FS_ORPHAN) {
		error = orphan_bypass(fs, fi, t);
		list_remove(&fi->orphan_link);
		fi->next_orphan = 0;
		fs_flag_clear(fi, FS_ORPHAN);
	}
	sx_xunlock(&fs->orphan_lock);
	return error;
}

/*
 * The end.
 */

/* The inode itself, after its blocks. */
static int
delete_inode(struct inode *ip)
{
	struct fs *fs = fs_of(ip);
	struct txn t;
	int error = fs_begin(fs, &t, 4);

	if (error != 0)
		return error;
	error = fs_orphan_remove(ip, &t);
	if (error == 0)
		error = dinode_clear(ip, &t);
	log_end(&t);
	return error;
}

/* Memory of an inode that could not be deleted on the disk goes all the same: the orphan list there
 * remembers it. */
static void
orphan_abandon(struct inode *ip)
{
	struct fs_inode *fi = fs_inode(ip);
	struct fs *fs = fs_of(ip);

	sx_xlock(&fs->orphan_lock);
	list_remove(&fi->orphan_link);
	sx_xunlock(&fs->orphan_lock);
}

void
fs_inode_delete(struct inode *ip)
{
	struct fs_inode *fi = fs_inode(ip);
	int error = 0;

	fs_object_end(ip);
	fs_unreserve(fs_of(ip), fi, UINT32_MAX);
	if (fi->blocks > 0)
		error = fs_trim_all(ip);
	if (error == 0)
		error = delete_inode(ip);
	if (error != 0)
		orphan_abandon(ip);
}

void
fs_inode_uncreate(struct inode *ip, struct txn *t)
{
	/* Link count 0 and no block: what is left to do when the reference goes is to free the
	 * inode, which must survive a crash. */
	fs_orphan_add(ip);
	if (fs_inode_update(ip, t) != 0)
		klog(
		    LOG_WARN, "%s: inode %u stays in use", fs_of(ip)->dev->name, (unsigned)ip->ino);
}

bool
fs_inode_evict(struct inode *ip)
{
	struct fs_inode *fi = fs_inode(ip);

	if (fs_flags(fi) & (FS_DIRTY_INODE | FS_DIRTY_PAGES))
		return false;
	fs_object_end(ip);
	fs_unreserve(fs_of(ip), fi, UINT32_MAX);
	return true;
}
