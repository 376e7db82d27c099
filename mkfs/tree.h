/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files and directories of a mapped image, changed in place (the journal is empty then).  Like
 * die(): errors end the program.
 */
#ifndef MKFS_TREE_H
#define MKFS_TREE_H

#include "mkfs/image.h"

/* A fresh inode: mode, owner root, link count 0, times `now`.  => its number. */
uint32_t tree_inode_alloc(struct image *img, uint32_t mode, int64_t sec, uint32_t nsec);
/* Recompute its checksum after changing it. */
void tree_inode_seal(struct image *img, uint32_t ino);

/* The block that holds file block lbn, 0: hole.  make: allocate it, zeroed, and the indirect blocks
 * on the way. */
uint32_t tree_block(struct image *img, uint32_t ino, uint64_t lbn, bool make);
/* Append n bytes; a block's worth of zeros at a block boundary becomes a hole.  => the caller
 * seals. */
void tree_append(struct image *img, uint32_t ino, const void *data, size_t n);
/* Free every block.  size = 0.  => the caller seals. */
void tree_truncate(struct image *img, uint32_t ino);
void tree_set_link(struct image *img, uint32_t ino, const char *target);
/* The target of a symbolic link, terminated, in memory of its own. */
char *tree_readlink(struct image *img, uint32_t ino);

/* Make `ino` a directory with "." and "..".  => link counts of both are right afterwards, but for
 * its own name. */
void tree_dir_init(struct image *img, uint32_t ino, uint32_t parent);
/* => 0: no such name. */
uint32_t tree_dir_lookup(struct image *img, uint32_t dir, const char *name);
/* Add a name and count the link. */
void tree_dir_add(struct image *img, uint32_t dir, const char *name, uint32_t ino);
/* Remove a name that is there; drops the link, and the inode with its last link (not for
 * directories). */
void tree_dir_remove(struct image *img, uint32_t dir, const char *name);
/* Calls fn for each entry, "." and ".." included. */
void tree_dir_foreach(
    struct image *img, uint32_t dir, void (*fn)(void *arg, const struct fs_dirent *de), void *arg);

/* The inode at an absolute path, 0: none.  Symbolic links are not followed. */
uint32_t tree_walk(struct image *img, const char *path);
/* The same; directories that are missing are made (mode 755). */
uint32_t tree_mkdirs(struct image *img, const char *path, int64_t now);

#endif
