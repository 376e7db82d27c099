/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * umfs on the disk: shared by the kernel, mkfs and the checker.
 *
 *      block 0        superblock, never written after mkfs
 *      block 1        state: free counts, head of the orphan list
 *      journal        two header slots, then a ring of records
 *      block bitmap   one bit a block, 1 = in use; bits behind the last block are 1
 *      inode bitmap   one bit an inode; bit 0 (no such inode) and bits behind the last are 1
 *      inode table    256 bytes an inode
 *      data           file data, directories, indirect blocks, long symbolic links
 *
 * Everything is little-endian and 4 KiB blocks are the only unit.  Block 0 as a pointer means
 * "hole".  All blocks but superblock, journal and file data are *metadata*: they change only
 * through the journal.
 *
 * Checksums are CRC-32C.  A structure that contains its own checksum is summed with that field
 * zero.
 */
#ifndef KERN_FS_FS_DISK_H
#define KERN_FS_FS_DISK_H

#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "umfs is little-endian, and so must be the machine that reads it"
#endif

#define FS_BLOCK_SHIFT   12
#define FS_BLOCK_SIZE    (1u << FS_BLOCK_SHIFT)

#define FS_MAGIC         0x6d62726155534631ull /* superblock */
#define FS_VERSION       1u
#define FS_STATE_MAGIC   0x554d5354u
#define FS_JHEAD_MAGIC   0x554d4a48u
#define FS_JRECORD_MAGIC 0x554d4a52u
#define FS_DIRTAIL_MAGIC 0x554d4454u

#define FS_SUPER_BLOCK   0u
#define FS_STATE_BLOCK   1u
#define FS_JOURNAL_BLOCK 2u
#define FS_ROOT_INO      1u

/* Sizes mkfs accepts, in blocks.  The upper end leaves room for the pointer arithmetic of 32-bit
 * block numbers. */
#define FS_MIN_BLOCKS  512u
#define FS_MAX_BLOCKS  0xfffff000u
#define FS_MIN_JOURNAL 128u

struct fs_super {
	uint64_t magic;
	uint32_t version;
	uint32_t block_size;
	uint32_t nblocks; /* of the whole file system */
	uint32_t ninodes; /* inode numbers are 1 .. ninodes - 1 */
	uint32_t journal_start, journal_len;
	uint32_t bbm_start, bbm_len; /* block bitmap */
	uint32_t ibm_start, ibm_len; /* inode bitmap */
	uint32_t itab_start, itab_len;
	uint32_t data_start;
	uint32_t root_ino;
	int64_t made; /* seconds since 1970 */
	uint8_t reserved[FS_BLOCK_SIZE - 76];
	uint32_t crc;
};

struct fs_state {
	uint32_t magic;
	uint32_t free_blocks;
	uint32_t free_inodes;
	uint32_t orphan; /* first inode of the orphan list, 0: empty */
	uint8_t reserved[FS_BLOCK_SIZE - 20];
	uint32_t crc;
};

/*
 * Journal.  Slot n of the ring is block journal_start + FS_JSLOT0 + n % FS_JSLOTS(sb).  A record is
 * one struct fs_jrecord block, followed by the new contents of `nblocks` blocks; the last `nrevoke`
 * numbers say which blocks must not be written from older records, because they are no longer
 * metadata.  The checksum covers the record block and all contents, so a record is there entirely
 * or not at all: it needs no separate commit block.
 *
 * The header slots are written alternately; the valid one with the larger generation counts.
 * Records are read from slot `tail` on, which must have sequence number `seq`, then seq + 1, ... up
 * to the first that is not valid.
 */
#define FS_JSLOT0     2u
#define FS_JSLOTS(sb) ((sb)->journal_len - FS_JSLOT0)

struct fs_jhead {
	uint32_t magic;
	uint32_t tail;
	uint64_t seq;
	uint64_t generation;
	uint8_t reserved[FS_BLOCK_SIZE - 28];
	uint32_t crc;
};

#define FS_JRECORD_MAX ((FS_BLOCK_SIZE - 32) / 4) /* nblocks + nrevoke of one record */

struct fs_jrecord {
	uint32_t magic;
	uint32_t crc;
	uint64_t seq;
	uint32_t nblocks;
	uint32_t nrevoke;
	uint64_t reserved;
	uint32_t block[FS_JRECORD_MAX]; /* homes of the contents, then revoked blocks */
};

/* Inodes. */
#define FS_INODE_SIZE       256u
#define FS_INODES_PER_BLOCK (FS_BLOCK_SIZE / FS_INODE_SIZE)
#define FS_NDIRECT          12u
#define FS_NADDR            15u /* direct, then single, double, triple indirect */
#define FS_PTRS_SHIFT       10  /* pointers in an indirect block: 1 << 10 */
#define FS_PTRS             (1u << FS_PTRS_SHIFT)
#define FS_INLINE_MAX       152u /* a symbolic link up to this long is stored in the inode */
#define FS_NLINK_MAX        65000u
#define FS_SYMLINK_MAX      4095u

struct fs_dinode {
	uint32_t mode; /* as st_mode; 0: free */
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	uint64_t size;   /* bytes */
	uint64_t blocks; /* in use, indirect ones included */
	int64_t atime, mtime, ctime, btime;
	uint32_t atime_ns, mtime_ns, ctime_ns, btime_ns;
	uint32_t rdev;        /* device nodes: as vfs_mkdev() */
	uint32_t generation;  /* how often this inode was handed out */
	uint32_t next_orphan; /* inode number, 0: last, or not on the list */
	uint32_t flags;       /* 0 */
	union {
		uint32_t addr[FS_NADDR];
		char target[FS_INLINE_MAX];
	};
	uint32_t crc; /* seeded with the inode number */
	uint32_t pad;
};

/* File blocks that an inode can address; a file's size is also limited so that its page numbers fit
 * 32 bits. */
#define FS_MAX_FILE_BLOCKS                                                                         \
	((uint64_t)FS_NDIRECT + FS_PTRS + ((uint64_t)FS_PTRS << 10) + ((uint64_t)FS_PTRS << 20))
#define FS_MAX_FILE_SIZE (FS_MAX_FILE_BLOCKS * FS_BLOCK_SIZE)

/*
 * Directories: blocks, none a hole, each a chain of entries that fills it exactly up to the tail.
 * An entry with ino 0 is free space.  The first two entries of block 0 are "." and "..".
 */
struct fs_dirent {
	uint32_t ino;
	uint16_t reclen; /* to the next entry; a multiple of 8 */
	uint8_t namelen;
	uint8_t type; /* st_mode >> 12, as DT_* */
	char name[];  /* not terminated */
};

#define FS_DIRENT_HEAD         8u
#define FS_DIRENT_LEN(namelen) ((FS_DIRENT_HEAD + (namelen) + 7) & ~7u)
#define FS_DIR_SPACE           (FS_BLOCK_SIZE - 8)
#define FS_NAME_MAX            255u

/* The last 8 bytes of a directory block. */
struct fs_dirtail {
	uint32_t magic;
	uint32_t crc; /* of the block; seeded with the directory's inode number */
};

_Static_assert(sizeof(struct fs_super) == FS_BLOCK_SIZE, "superblock fills a block");
_Static_assert(sizeof(struct fs_state) == FS_BLOCK_SIZE, "state fills a block");
_Static_assert(sizeof(struct fs_jhead) == FS_BLOCK_SIZE, "journal header fills a block");
_Static_assert(sizeof(struct fs_jrecord) == FS_BLOCK_SIZE, "journal record fills a block");
_Static_assert(sizeof(struct fs_dinode) == FS_INODE_SIZE, "inode size");
_Static_assert(sizeof(struct fs_dirtail) == FS_BLOCK_SIZE - FS_DIR_SPACE, "directory tail");

#endif
