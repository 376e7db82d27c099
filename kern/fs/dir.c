/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the contents of directories: entries in blocks (fs_disk.h draws them), changed through the
 * journal.
 *
 * The caller holds the directory's inode lock, shared to look and exclusively to change.  A search
 * reads every block; the buffers stay cached, and a directory has to be very large before that
 * hurts.  Rejected for now: hashed directories, because an index that must be right after a crash
 * is another structure to check.
 *
 * A block's structure is verified once, when its buffer is first looked at after being read
 * (BUF_CHECKED).
 *
 * Lock order: dir->lock -> map_lock -> buffer.
 */
#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fs/fs.h"
#include "kern/fs/fs_format.h"

static struct fs_dirent *
dirent_at(const struct buf *b, unsigned at)
{
	return (struct fs_dirent *)(b->data + at);
}

static uint32_t
dir_blocks(const struct inode *dir)
{
	return (uint32_t)(dir->size / FS_BLOCK_SIZE);
}

/* The buffer of block lbn of a directory, locked and verified. */
static int
dir_read(struct inode *dir, uint32_t lbn, struct buf **bp)
{
	struct fs_inode *fi = fs_inode(dir);
	struct fs *fs = fs_of(dir);
	uint32_t block;
	const char *bad;
	int error;

	sx_slock(&fi->map_lock);
	error = fs_bmap(dir, lbn, &block);
	sx_sunlock(&fi->map_lock);
	if (error != 0)
		return error;
	if (block == 0)
		return fs_corrupt(fs, (uint32_t)dir->ino, "directory has a hole");
	error = bio_read(&fs->bio, block, bp);
	if (error != 0 || ((*bp)->flags & BUF_CHECKED) != 0)
		return error;
	bad = fs_dirblock_check((*bp)->data, fs->sb, (uint32_t)dir->ino);
	if (bad != NULL) {
		bio_release(*bp);
		return fs_corrupt(fs, (uint32_t)dir->ino, bad);
	}
	__atomic_fetch_or(&(*bp)->flags, BUF_CHECKED, __ATOMIC_RELAXED);
	return 0;
}

/* Done changing b: sum it, join it, let it go. */
static void
dir_write(struct inode *dir, struct txn *t, struct buf *b)
{
	fs_dirtail(b->data)->crc = fs_dirblock_crc(b->data, (uint32_t)dir->ino);
	log_join(t, b);
	bio_release(b);
}

/*
 * Finding.
 */

static bool
find_in_block(const struct buf *b, const char *name, unsigned len, struct fs_slot *slot)
{
	const struct fs_dirent *de;

	for (unsigned at = 0; at < FS_DIR_SPACE; at += de->reclen) {
		de = dirent_at(b, at);
		if (de->ino != 0 && de->namelen == len && memcmp(de->name, name, len) == 0) {
			slot->ino = de->ino;
			slot->at = at;
			slot->type = de->type;
			return true;
		}
	}
	return false;
}

int
fs_dir_find(struct inode *dir, const char *name, unsigned len, struct fs_slot *slot)
{
	KASSERT(sx_locked(&dir->lock));
	for (uint32_t lbn = 0; lbn < dir_blocks(dir); lbn++) {
		struct buf *b;
		bool found;
		int error = dir_read(dir, lbn, &b);

		if (error != 0)
			return error;
		found = find_in_block(b, name, len, slot);
		bio_release(b);
		if (found) {
			slot->lbn = lbn;
			return 0;
		}
	}
	return ENOENT;
}

int
fs_dir_lookup(struct inode *dir, const char *name, unsigned len, struct inode **ipp)
{
	struct fs_slot slot;
	int error;

	sx_slock(&dir->lock);
	error = fs_dir_find(dir, name, len, &slot);
	if (error == 0)
		error = inode_get(dir->mnt, slot.ino, ipp);
	sx_sunlock(&dir->lock);
	if (error == ESTALE)
		error = fs_corrupt(fs_of(dir), (uint32_t)dir->ino, "an entry names a free inode");
	return error;
}

int
fs_dir_empty(struct inode *dir)
{
	for (uint32_t lbn = 0; lbn < dir_blocks(dir); lbn++) {
		const struct fs_dirent *de;
		struct buf *b;
		int error = dir_read(dir, lbn, &b);

		for (unsigned at = 0; error == 0 && at < FS_DIR_SPACE; at += de->reclen) {
			de = dirent_at(b, at);
			if (de->ino != 0 &&
			    !(de->name[0] == '.' &&
				(de->namelen == 1 || (de->namelen == 2 && de->name[1] == '.')))) {
				bio_release(b);
				return ENOTEMPTY;
			}
		}
		if (error != 0)
			return error;
		bio_release(b);
	}
	return 0;
}

/*
 * Changing.
 */

static struct fs_dirent *
find_room(const struct buf *b, unsigned len)
{
	struct fs_dirent *de;

	for (unsigned at = 0; at < FS_DIR_SPACE; at += de->reclen) {
		de = dirent_at(b, at);
		if (fs_dirent_slack(de) >= FS_DIRENT_LEN(len))
			return de;
	}
	return NULL;
}

/* One more block, empty, its buffer locked. */
static int
dir_grow(struct inode *dir, struct txn *t, struct buf **bp)
{
	struct fs_inode *fi = fs_inode(dir);
	uint32_t block;
	bool fresh;
	int error;

	sx_xlock(&fi->map_lock);
	error = fs_bmap_alloc(dir, t, dir_blocks(dir), false, &block, &fresh);
	if (error == 0) {
		dir->size += FS_BLOCK_SIZE;
		fi->disk_size = dir->size;
	}
	sx_xunlock(&fi->map_lock);
	if (error != 0)
		return error;
	bio_fresh(&fs_of(dir)->bio, block, bp);
	fs_dirblock_init((*bp)->data);
	__atomic_fetch_or(&(*bp)->flags, BUF_CHECKED, __ATOMIC_RELAXED);
	return 0;
}

int
fs_dir_add(
    struct inode *dir, struct txn *t, const char *name, unsigned len, uint32_t ino, unsigned type)
{
	struct fs_dirent *de = NULL;
	struct buf *b = NULL;
	int error = 0;

	KASSERT(sx_xowned(&dir->lock));
	for (uint32_t lbn = 0; lbn < dir_blocks(dir) && de == NULL; lbn++) {
		error = dir_read(dir, lbn, &b);
		if (error != 0)
			return error;
		de = find_room(b, len);
		if (de == NULL)
			bio_release(b);
	}
	if (de == NULL) {
		error = dir_grow(dir, t, &b);
		if (error == 0)
			de = dirent_at(b, 0);
	}
	if (error == 0) {
		fs_dirent_put(de, ino, type, name, len);
		dir_write(dir, t, b);
	}
	fs_touch(dir, VFS_SET_MTIME);
	/* Even on failure: the block map may have got an indirect block. */
	return fs_inode_update(dir, t) != 0 ? EIO : error;
}

/* The entry before the one at `at` in its block, NULL if that is the first. */
static struct fs_dirent *
entry_before(const struct buf *b, unsigned at)
{
	struct fs_dirent *before = NULL;

	for (unsigned i = 0; i < at; i += before->reclen)
		before = dirent_at(b, i);
	return before;
}

int
fs_dir_remove(struct inode *dir, struct txn *t, const struct fs_slot *slot)
{
	struct fs_dirent *de, *before;
	struct buf *b;
	int error = dir_read(dir, slot->lbn, &b);

	KASSERT(sx_xowned(&dir->lock));
	if (error != 0)
		return error;
	de = dirent_at(b, slot->at);
	before = entry_before(b, slot->at);
	KASSERT(de->ino == slot->ino);
	if (before != NULL)
		before->reclen = (uint16_t)(before->reclen + de->reclen);
	else
		de->ino = 0;
	dir_write(dir, t, b);
	fs_touch(dir, VFS_SET_MTIME);
	return fs_inode_update(dir, t);
}

int
fs_dir_replace(
    struct inode *dir, struct txn *t, const struct fs_slot *slot, uint32_t ino, unsigned type)
{
	struct fs_dirent *de;
	struct buf *b;
	int error = dir_read(dir, slot->lbn, &b);

	KASSERT(sx_xowned(&dir->lock));
	if (error != 0)
		return error;
	de = dirent_at(b, slot->at);
	KASSERT(de->ino == slot->ino);
	de->ino = ino;
	de->type = (uint8_t)type;
	dir_write(dir, t, b);
	fs_touch(dir, VFS_SET_MTIME);
	return fs_inode_update(dir, t);
}

int
fs_dir_init(struct inode *dir, struct txn *t, uint32_t parent)
{
	struct fs_dirent *de;
	struct buf *b;
	int error = dir_grow(dir, t, &b);

	if (error != 0)
		return error;
	de = dirent_at(b, 0);
	fs_dirent_put(de, (uint32_t)dir->ino, FS_IFDIR >> 12, ".", 1);
	fs_dirent_put(de, parent, FS_IFDIR >> 12, "..", 2);
	dir_write(dir, t, b);
	return 0;
}

/*
 * Reading.
 */

/*
 * Positions are byte offsets.  One from earlier may lie inside an entry that has swallowed its
 * neighbours since: entries are walked from the start of the block, and those before the position
 * are skipped.
 */
static bool
emit_block(const struct buf *b, uint64_t base, uint64_t *pos, vfs_emit_fn *emit, void *arg)
{
	const struct fs_dirent *de;

	for (unsigned at = 0; at < FS_DIR_SPACE; at += de->reclen) {
		uint64_t next;

		de = dirent_at(b, at);
		next =
		    at + de->reclen < FS_DIR_SPACE ? base + at + de->reclen : base + FS_BLOCK_SIZE;
		if (base + at < *pos || de->ino == 0)
			continue;
		if (!emit(arg, de->name, de->namelen, de->ino, de->type, next))
			return false;
		*pos = next;
	}
	*pos = base + FS_BLOCK_SIZE;
	return true;
}

int
fs_dir_readdir(struct inode *dir, uint64_t *pos, vfs_emit_fn *emit, void *arg)
{
	bool more = true;
	int error = 0;

	sx_slock(&dir->lock);
	while (more && error == 0 && *pos < dir->size) {
		uint32_t lbn = (uint32_t)(*pos / FS_BLOCK_SIZE);
		struct buf *b;

		error = dir_read(dir, lbn, &b);
		if (error == 0) {
			more = emit_block(b, (uint64_t)lbn * FS_BLOCK_SIZE, pos, emit, arg);
			bio_release(b);
		}
	}
	sx_sunlock(&dir->lock);
	return error;
}
