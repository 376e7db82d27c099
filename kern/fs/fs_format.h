/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be said about a block of umfs by looking at it alone: checksums, sanity of single
 * structures, where in the tree of indirect blocks a file block is found.  One truth for the
 * kernel, mkfs and the checker; everything is a pure function.
 *
 * A check returns NULL, or a constant string that says what is wrong.
 */
#ifndef KERN_FS_FS_FORMAT_H
#define KERN_FS_FS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "kern/fs/fs_disk.h"
#include "lib/crc32c.h"

/* Checksum of a whole structure whose own checksum lies at byte `at`. */
static inline uint32_t
fs_crc_skip(uint32_t seed, const void *data, size_t len, size_t at)
{
	static const uint32_t zero;
	const uint8_t *p = data;
	uint32_t crc = crc32c(0, &seed, sizeof(seed));

	crc = crc32c(crc, p, at);
	crc = crc32c(crc, &zero, sizeof(zero));
	return crc32c(crc, p + at + sizeof(zero), len - at - sizeof(zero));
}

static inline uint32_t
fs_super_crc(const struct fs_super *sb)
{
	return fs_crc_skip(0, sb, sizeof(*sb), offsetof(struct fs_super, crc));
}

static inline uint32_t
fs_state_crc(const struct fs_state *st)
{
	return fs_crc_skip(0, st, sizeof(*st), offsetof(struct fs_state, crc));
}

static inline uint32_t
fs_jhead_crc(const struct fs_jhead *h)
{
	return fs_crc_skip(0, h, sizeof(*h), offsetof(struct fs_jhead, crc));
}

/* Of the record block alone; the contents that follow are added with crc32c(). */
static inline uint32_t
fs_jrecord_crc(const struct fs_jrecord *r)
{
	return fs_crc_skip(0, r, sizeof(*r), offsetof(struct fs_jrecord, crc));
}

static inline uint32_t
fs_dinode_crc(const struct fs_dinode *di, uint32_t ino)
{
	return fs_crc_skip(ino, di, sizeof(*di), offsetof(struct fs_dinode, crc));
}

static inline struct fs_dirtail *
fs_dirtail(void *block)
{
	return (struct fs_dirtail *)((uint8_t *)block + FS_DIR_SPACE);
}

static inline uint32_t
fs_dirblock_crc(const void *block, uint32_t ino)
{
	return fs_crc_skip(
	    ino, block, FS_BLOCK_SIZE, FS_DIR_SPACE + offsetof(struct fs_dirtail, crc));
}

static inline uint32_t
fs_div_up(uint64_t a, uint32_t b)
{
	return (uint32_t)((a + b - 1) / b);
}

/* Is [start, start + len) directly behind `end`?  Then `end` moves behind it. */
static inline bool
fs_area_follows(uint64_t *end, uint32_t start, uint32_t len)
{
	bool ok = start == *end && len > 0;

	*end = (uint64_t)start + len;
	return ok;
}

/* => sb is a block read from block 0; device_blocks is how much there is. */
static inline const char *
fs_super_check(const struct fs_super *sb, uint64_t device_blocks)
{
	uint64_t end = FS_JOURNAL_BLOCK;

	if (sb->magic != FS_MAGIC)
		return "not a umfs file system (wrong magic number)";
	if (sb->version != FS_VERSION)
		return "unknown version of the format";
	if (sb->crc != fs_super_crc(sb))
		return "superblock checksum is wrong";
	if (sb->block_size != FS_BLOCK_SIZE)
		return "block size is not 4096";
	if (sb->nblocks < FS_MIN_BLOCKS || sb->nblocks > FS_MAX_BLOCKS)
		return "impossible number of blocks";
	if (sb->nblocks > device_blocks)
		return "file system is larger than its device (image cut short?)";
	if (sb->ninodes < 2 || sb->root_ino != FS_ROOT_INO)
		return "impossible number of inodes, or no root";
	if (!fs_area_follows(&end, sb->journal_start, sb->journal_len) ||
	    sb->journal_len < FS_MIN_JOURNAL ||
	    !fs_area_follows(&end, sb->bbm_start, sb->bbm_len) ||
	    !fs_area_follows(&end, sb->ibm_start, sb->ibm_len) ||
	    !fs_area_follows(&end, sb->itab_start, sb->itab_len) || end != sb->data_start ||
	    end >= sb->nblocks)
		return "areas overlap or leave the file system";
	if (sb->bbm_len != fs_div_up(sb->nblocks, FS_BLOCK_SIZE * 8) ||
	    sb->ibm_len != fs_div_up(sb->ninodes, FS_BLOCK_SIZE * 8) ||
	    sb->itab_len != fs_div_up(sb->ninodes, FS_INODES_PER_BLOCK))
		return "bitmaps or inode table have the wrong size";
	return NULL;
}

static inline const char *
fs_state_check(const struct fs_state *st, const struct fs_super *sb)
{
	if (st->magic != FS_STATE_MAGIC || st->crc != fs_state_crc(st))
		return "state block is damaged (magic or checksum)";
	if (st->free_blocks > sb->nblocks || st->free_inodes > sb->ninodes ||
	    st->orphan >= sb->ninodes)
		return "state block has impossible counts";
	return NULL;
}

static inline bool
fs_jhead_valid(const struct fs_jhead *h, const struct fs_super *sb)
{
	return h->magic == FS_JHEAD_MAGIC && h->crc == fs_jhead_crc(h) && h->tail < FS_JSLOTS(sb) &&
	    h->seq != 0;
}

/* Is this the start of record seq?  (The checksum is for the caller, who must add the contents.) */
static inline bool
fs_jrecord_plausible(const struct fs_jrecord *r, const struct fs_super *sb, uint64_t seq)
{
	return r->magic == FS_JRECORD_MAGIC && r->seq == seq && r->nblocks < FS_JSLOTS(sb) &&
	    (uint64_t)r->nblocks + r->nrevoke <= FS_JRECORD_MAX;
}

/* May a record write this block? */
static inline bool
fs_block_is_journaled(const struct fs_super *sb, uint32_t block)
{
	return block == FS_STATE_BLOCK || (block >= sb->bbm_start && block < sb->nblocks);
}

static inline uint64_t
fs_jslot_block(const struct fs_super *sb, uint64_t slot)
{
	return sb->journal_start + FS_JSLOT0 + slot % FS_JSLOTS(sb);
}

static inline bool
fs_block_is_data(const struct fs_super *sb, uint32_t block)
{
	return block >= sb->data_start && block < sb->nblocks;
}

static inline bool
fs_mode_is(uint32_t mode, uint32_t type)
{
	return (mode & 0170000) == type;
}

#define FS_IFIFO  0010000u
#define FS_IFCHR  0020000u
#define FS_IFDIR  0040000u
#define FS_IFBLK  0060000u
#define FS_IFREG  0100000u
#define FS_IFLNK  0120000u
#define FS_IFSOCK 0140000u

/* Does an inode of this mode own blocks? */
static inline bool
fs_mode_has_blocks(uint32_t mode, uint64_t size)
{
	return fs_mode_is(mode, FS_IFREG) || fs_mode_is(mode, FS_IFDIR) ||
	    (fs_mode_is(mode, FS_IFLNK) && size > FS_INLINE_MAX);
}

/* => di is an inode in use (mode != 0). */
static inline const char *
fs_dinode_check(const struct fs_dinode *di, const struct fs_super *sb, uint32_t ino)
{
	if (di->crc != fs_dinode_crc(di, ino))
		return "inode checksum is wrong";
	switch (di->mode & 0170000) {
	case FS_IFREG:
		if (di->size > FS_MAX_FILE_SIZE)
			return "file is larger than the format allows";
		break;
	case FS_IFDIR:
		if (di->size == 0 || di->size % FS_BLOCK_SIZE != 0 ||
		    di->size / FS_BLOCK_SIZE > sb->nblocks)
			return "directory has an impossible size";
		break;
	case FS_IFLNK:
		if (di->size == 0 || di->size > FS_SYMLINK_MAX)
			return "symbolic link has an impossible size";
		break;
	case FS_IFCHR:
	case FS_IFBLK:
	case FS_IFIFO:
	case FS_IFSOCK:
		if (di->size != 0)
			return "device, FIFO or socket has a size";
		break;
	default:
		return "unknown type of inode";
	}
	if (di->mode >> 16 != 0 || di->next_orphan >= sb->ninodes || di->blocks > sb->nblocks)
		return "inode has impossible fields";
	return NULL;
}

/* One entry of a directory block at byte `at`: does it fit, is its name legal? */
static inline const char *
fs_dirent_check(const struct fs_dirent *de, unsigned at, const struct fs_super *sb)
{
	if (de->reclen % 8 != 0 || de->reclen < FS_DIRENT_HEAD || de->reclen > FS_DIR_SPACE - at)
		return "directory entry has a wrong length";
	if (de->ino == 0)
		return NULL;
	if (de->namelen == 0 || FS_DIRENT_LEN(de->namelen) > de->reclen)
		return "directory entry's name does not fit";
	if (memchr(de->name, '/', de->namelen) != NULL || memchr(de->name, 0, de->namelen) != NULL)
		return "directory entry's name contains a slash or NUL";
	if (de->ino >= sb->ninodes)
		return "directory entry names an inode that cannot exist";
	return NULL;
}

static inline const char *
fs_dirblock_check(const void *block, const struct fs_super *sb, uint32_t ino)
{
	const struct fs_dirtail *tail =
	    (const struct fs_dirtail *)((const uint8_t *)block + FS_DIR_SPACE);

	if (tail->magic != FS_DIRTAIL_MAGIC || tail->crc != fs_dirblock_crc(block, ino))
		return "directory block is damaged (magic or checksum)";
	for (unsigned at = 0; at < FS_DIR_SPACE;) {
		const struct fs_dirent *de =
		    (const struct fs_dirent *)((const uint8_t *)block + at);
		const char *bad = fs_dirent_check(de, at, sb);

		if (bad != NULL)
			return bad;
		at += de->reclen;
	}
	return NULL;
}

/* An empty directory block: one free entry and the tail (without checksum). */
static inline void
fs_dirblock_init(void *block)
{
	struct fs_dirent *de = block;

	memset(block, 0, FS_BLOCK_SIZE);
	de->reclen = FS_DIR_SPACE;
	fs_dirtail(block)->magic = FS_DIRTAIL_MAGIC;
}

/* Room behind the entry's own name, or the whole entry if it is free. */
static inline unsigned
fs_dirent_slack(const struct fs_dirent *de)
{
	return de->ino == 0 ? de->reclen : de->reclen - FS_DIRENT_LEN(de->namelen);
}

/* Put an entry into the slack of `de`, which must be FS_DIRENT_LEN(len) at least. */
static inline void
fs_dirent_put(struct fs_dirent *de, uint32_t ino, unsigned type, const char *name, unsigned len)
{
	if (de->ino != 0) {
		unsigned used = FS_DIRENT_LEN(de->namelen);
		struct fs_dirent *rest = (struct fs_dirent *)((uint8_t *)de + used);

		rest->reclen = (uint16_t)(de->reclen - used);
		de->reclen = (uint16_t)used;
		de = rest;
	}
	de->ino = ino;
	de->type = (uint8_t)type;
	de->namelen = (uint8_t)len;
	memset(de->name, 0, FS_DIRENT_LEN(len) - FS_DIRENT_HEAD);
	memcpy(de->name, name, len);
}

/*
 * Where the pointer to file block `lbn` is: index[0] into the inode's addr, index[1..levels] into
 * each indirect block on the way.
 * => returns levels, 0..3; -1 if the file cannot be that long.
 */
static inline int
fs_block_path(uint64_t lbn, uint32_t index[4])
{
	uint64_t span = FS_PTRS;

	if (lbn < FS_NDIRECT) {
		index[0] = (uint32_t)lbn;
		return 0;
	}
	lbn -= FS_NDIRECT;
	for (int levels = 1; levels <= 3; levels++, span <<= FS_PTRS_SHIFT) {
		if (lbn >= span) {
			lbn -= span;
			continue;
		}
		index[0] = FS_NDIRECT + (uint32_t)levels - 1;
		for (int i = 1; i <= levels; i++)
			index[i] = (uint32_t)(lbn >> FS_PTRS_SHIFT * (levels - i)) % FS_PTRS;
		return levels;
	}
	return -1;
}

/* File blocks below one pointer at height `levels` (0: a data block itself). */
static inline uint64_t
fs_span(int levels)
{
	return (uint64_t)1 << FS_PTRS_SHIFT * levels;
}

/* The first file block that addr[i] leads to, and how many levels of indirect blocks are between.
 */
static inline uint64_t
fs_addr_first(unsigned i, int *levels)
{
	uint64_t first = FS_NDIRECT;

	*levels = i < FS_NDIRECT ? 0 : (int)(i - FS_NDIRECT) + 1;
	if (i < FS_NDIRECT)
		return i;
	for (int l = 1; l < *levels; l++)
		first += fs_span(l);
	return first;
}

#endif
