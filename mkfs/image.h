/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A umfs image as a host program sees it: the whole file mapped into memory.
 *
 * For checking the mapping is private: the journal is replayed into it and the file stays as it is.
 * For writing it is shared, and the journal is replayed into the file and emptied first, so that
 * what follows may change metadata in place.
 *
 * Nothing here is thread-safe; struct image belongs to main().
 */
#ifndef MKFS_IMAGE_H
#define MKFS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/fs/fs_disk.h"
#include "lib/annot.h"

struct image {
	const char *path;
	uint8_t *base;          /* the mapping */
	uint64_t length;        /* bytes mapped */
	struct fs_super *sb;    /* in the mapping */
	struct fs_state *state; /* in the mapping */
	uint32_t rotor;         /* where the search for a free block starts */
	uint64_t replayed;      /* journal records found at opening */
};

/* Print "mkfs: ..." and exit with status 2: the request cannot be carried out.  An image not yet
 * finished is removed. */
void die(const char *fmt, ...) PRINTF_LIKE(1, 2) NORETURN;
void *xmalloc(size_t size);
char *xstrdup(const char *s);
/* a, a slash where needed, b; in memory of its own. */
char *path_join(const char *a, const char *b);

/* Map an existing image.  writable: changes reach the file.
 * => returns NULL, or what is wrong with superblock, journal or state (the image is then not
 * usable, but mapped as far as it goes). */
const char *image_open(struct image *img, const char *path, bool writable);
/* Make the file, `size` bytes, with an empty file system that has only a root directory. */
void image_create(struct image *img, const char *path, uint64_t size, int64_t now);
/* Write back (checksums of the state block) and unmap. */
void image_close(struct image *img, bool writable);

/* The same in memory that the caller has (zeroed, for create).  Nothing is to be closed; the state
 * block's checksum is the caller's to set. */
const char *image_open_memory(struct image *img, void *base, uint64_t length);
void image_create_memory(struct image *img, void *base, uint64_t length, int64_t now);

void *image_block(const struct image *img, uint32_t block);
struct fs_dinode *image_inode(const struct image *img, uint32_t ino);
uint64_t *image_block_bitmap(const struct image *img);
uint64_t *image_inode_bitmap(const struct image *img);

#endif
