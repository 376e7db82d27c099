/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the inodes, directories and blocks of an image that is being made or changed by mkfs.
 *
 * It is a small file system without a journal, cache or locks: what the kernel does in kern/fs with
 * all three.  Rejected: compiling the kernel's file system into mkfs.  Two implementations of one
 * format find each other's mistakes.
 */
#include "mkfs/tree.h"

#include <stdlib.h>
#include <string.h>

#include "kern/fs/fs_format.h"
#include "lib/bitmap.h"

/*
 * Blocks and inodes.
 */

static uint32_t
block_alloc(struct image *img)
{
	uint64_t *map = image_block_bitmap(img);
	size_t b = bitmap_find_clear(map, NULL, img->rotor, img->sb->nblocks);

	if (b == BITMAP_NONE)
		b = bitmap_find_clear(map, NULL, img->sb->data_start, img->sb->nblocks);
	if (b == BITMAP_NONE)
		die("%s: full (%u blocks of 4 KiB): give a larger size with -s", img->path,
		    img->sb->nblocks);
	bitmap_set(map, b);
	img->state->free_blocks--;
	img->rotor = (uint32_t)b + 1;
	memset(image_block(img, (uint32_t)b), 0, FS_BLOCK_SIZE);
	return (uint32_t)b;
}

static void
block_free(struct image *img, uint32_t block)
{
	bitmap_clear(image_block_bitmap(img), block);
	img->state->free_blocks++;
	if (block < img->rotor)
		img->rotor = block;
}

uint32_t
tree_inode_alloc(struct image *img, uint32_t mode, int64_t sec, uint32_t nsec)
{
	uint64_t *map = image_inode_bitmap(img);
	size_t ino = bitmap_find_clear(map, NULL, 1, img->sb->ninodes);
	struct fs_dinode *di;
	uint32_t generation;

	if (ino == BITMAP_NONE)
		die("%s: no inode left (%u): give a larger size with -s", img->path,
		    img->sb->ninodes);
	bitmap_set(map, ino);
	img->state->free_inodes--;
	di = image_inode(img, (uint32_t)ino);
	generation = di->generation + 1;
	memset(di, 0, sizeof(*di));
	di->mode = mode;
	di->generation = generation;
	di->atime = di->mtime = di->ctime = di->btime = sec;
	di->atime_ns = di->mtime_ns = di->ctime_ns = di->btime_ns = nsec;
	tree_inode_seal(img, (uint32_t)ino);
	return (uint32_t)ino;
}

void
tree_inode_seal(struct image *img, uint32_t ino)
{
	struct fs_dinode *di = image_inode(img, ino);

	di->crc = fs_dinode_crc(di, ino);
}

static void
inode_free(struct image *img, uint32_t ino)
{
	struct fs_dinode *di = image_inode(img, ino);
	uint32_t generation = di->generation;

	tree_truncate(img, ino);
	memset(di, 0, sizeof(*di));
	di->generation = generation;
	bitmap_clear(image_inode_bitmap(img), ino);
	img->state->free_inodes++;
}

/*
 * Contents.
 */

uint32_t
tree_block(struct image *img, uint32_t ino, uint64_t lbn, bool make)
{
	struct fs_dinode *di = image_inode(img, ino);
	uint32_t index[4], *slot;
	int levels = fs_block_path(lbn, index);

	if (levels < 0)
		die("%s: a file is too large for the format", img->path);
	slot = &di->addr[index[0]];
	for (int i = 0;; i++) {
		if (*slot == 0) {
			if (!make)
				return 0;
			*slot = block_alloc(img);
			di->blocks++;
		}
		if (i == levels)
			return *slot;
		slot = (uint32_t *)image_block(img, *slot) + index[i + 1];
	}
}

static bool
all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

void
tree_append(struct image *img, uint32_t ino, const void *data, size_t n)
{
	struct fs_dinode *di = image_inode(img, ino);
	const uint8_t *p = data;

	while (n > 0) {
		unsigned at = di->size % FS_BLOCK_SIZE;
		size_t part = n < FS_BLOCK_SIZE - at ? n : FS_BLOCK_SIZE - at;

		if (part < FS_BLOCK_SIZE || !all_zero(p, part)) {
			uint32_t b = tree_block(img, ino, di->size / FS_BLOCK_SIZE, true);

			memcpy((uint8_t *)image_block(img, b) + at, p, part);
		}
		di->size += part;
		p += part;
		n -= part;
	}
}

static void
subtree_free(struct image *img, uint32_t block, int levels)
{
	const uint32_t *slot = image_block(img, block);

	if (block == 0)
		return;
	for (unsigned i = 0; levels > 0 && i < FS_PTRS; i++)
		subtree_free(img, slot[i], levels - 1);
	block_free(img, block);
}

void
tree_truncate(struct image *img, uint32_t ino)
{
	struct fs_dinode *di = image_inode(img, ino);
	int levels;

	if (fs_mode_has_blocks(di->mode, di->size)) {
		for (unsigned i = 0; i < FS_NADDR; i++) {
			fs_addr_first(i, &levels);
			subtree_free(img, di->addr[i], levels);
		}
	}
	memset(di->target, 0, sizeof(di->target));
	di->blocks = 0;
	di->size = 0;
}

void
tree_set_link(struct image *img, uint32_t ino, const char *target)
{
	struct fs_dinode *di = image_inode(img, ino);
	size_t n = strlen(target);

	if (n == 0 || n > FS_SYMLINK_MAX)
		die("symbolic link to \"%.40s...\": target too long", target);
	if (n <= FS_INLINE_MAX) {
		memcpy(di->target, target, n);
		di->size = n;
	} else {
		tree_append(img, ino, target, n);
	}
}

char *
tree_readlink(struct image *img, uint32_t ino)
{
	const struct fs_dinode *di = image_inode(img, ino);
	char *target = xmalloc(di->size + 1);

	if (di->size <= FS_INLINE_MAX)
		memcpy(target, di->target, di->size);
	else if (fs_block_is_data(img->sb, di->addr[0]))
		memcpy(target, image_block(img, di->addr[0]), di->size);
	return target;
}

/*
 * Directories.
 */

static uint32_t
dir_nblocks(const struct image *img, uint32_t dir)
{
	return (uint32_t)(image_inode(img, dir)->size / FS_BLOCK_SIZE);
}

static void *
dir_block(struct image *img, uint32_t dir, uint32_t lbn)
{
	return image_block(img, tree_block(img, dir, lbn, false));
}

static struct fs_dirent *
dirent_at(void *block, unsigned at)
{
	return (struct fs_dirent *)((uint8_t *)block + at);
}

static void
dirblock_seal(void *block, uint32_t dir)
{
	fs_dirtail(block)->crc = fs_dirblock_crc(block, dir);
}

static void *
dir_grow(struct image *img, uint32_t dir)
{
	struct fs_dinode *di = image_inode(img, dir);
	void *block = image_block(img, tree_block(img, dir, di->size / FS_BLOCK_SIZE, true));

	di->size += FS_BLOCK_SIZE;
	fs_dirblock_init(block);
	return block;
}

/* The first entry with room for a name of that length; the directory grows if there is none. */
static struct fs_dirent *
dir_room(struct image *img, uint32_t dir, size_t len, void **blockp)
{
	for (uint32_t b = 0; b < dir_nblocks(img, dir); b++) {
		*blockp = dir_block(img, dir, b);
		for (unsigned at = 0; at < FS_DIR_SPACE; at += dirent_at(*blockp, at)->reclen)
			if (fs_dirent_slack(dirent_at(*blockp, at)) >= FS_DIRENT_LEN(len))
				return dirent_at(*blockp, at);
	}
	*blockp = dir_grow(img, dir);
	return *blockp;
}

void
tree_dir_add(struct image *img, uint32_t dir, const char *name, uint32_t ino)
{
	size_t len = strlen(name);
	void *block;
	struct fs_dirent *de;

	if (len == 0 || len > FS_NAME_MAX)
		die("name \"%.40s...\" is longer than %u bytes", name, FS_NAME_MAX);
	de = dir_room(img, dir, len, &block);
	fs_dirent_put(de, ino, image_inode(img, ino)->mode >> 12, name, (unsigned)len);
	dirblock_seal(block, dir);
	image_inode(img, ino)->nlink++;
	tree_inode_seal(img, ino);
	tree_inode_seal(img, dir);
}

void
tree_dir_init(struct image *img, uint32_t ino, uint32_t parent)
{
	tree_dir_add(img, ino, ".", ino);
	tree_dir_add(img, ino, "..", parent);
}

/* The entry called name and, in *prev, the one before it in its block (NULL: it is the first). */
static struct fs_dirent *
dir_find(struct image *img, uint32_t dir, const char *name, void **blockp, struct fs_dirent **prev)
{
	size_t len = strlen(name);

	for (uint32_t b = 0; b < dir_nblocks(img, dir); b++) {
		struct fs_dirent *de;

		*blockp = dir_block(img, dir, b);
		*prev = NULL;
		for (unsigned at = 0; at < FS_DIR_SPACE; at += de->reclen, *prev = de) {
			de = dirent_at(*blockp, at);
			if (de->reclen < FS_DIRENT_HEAD)
				die("%s: damaged directory (inode %u): run mkfs --check", img->path,
				    dir);
			if (de->ino != 0 && de->namelen == len && memcmp(de->name, name, len) == 0)
				return de;
		}
	}
	return NULL;
}

uint32_t
tree_dir_lookup(struct image *img, uint32_t dir, const char *name)
{
	struct fs_dirent *prev, *de;
	void *block;

	de = dir_find(img, dir, name, &block, &prev);
	return de != NULL ? de->ino : 0;
}

void
tree_dir_remove(struct image *img, uint32_t dir, const char *name)
{
	struct fs_dirent *prev, *de;
	void *block;
	uint32_t ino;

	de = dir_find(img, dir, name, &block, &prev);
	ino = de->ino;
	if (prev != NULL)
		prev->reclen = (uint16_t)(prev->reclen + de->reclen);
	else
		de->ino = 0;
	dirblock_seal(block, dir);
	if (--image_inode(img, ino)->nlink == 0)
		inode_free(img, ino);
	else
		tree_inode_seal(img, ino);
}

void
tree_dir_foreach(
    struct image *img, uint32_t dir, void (*fn)(void *arg, const struct fs_dirent *de), void *arg)
{
	for (uint32_t b = 0; b < dir_nblocks(img, dir); b++) {
		void *block = dir_block(img, dir, b);

		for (unsigned at = 0; at < FS_DIR_SPACE; at += dirent_at(block, at)->reclen) {
			if (fs_dirent_check(dirent_at(block, at), at, img->sb) != NULL)
				die("%s: damaged directory (inode %u): run mkfs --check", img->path,
				    dir);
			if (dirent_at(block, at)->ino != 0)
				fn(arg, dirent_at(block, at));
		}
	}
}

/*
 * Paths.
 */

static uint32_t
dir_make(struct image *img, uint32_t parent, const char *name, int64_t now)
{
	uint32_t ino = tree_inode_alloc(img, FS_IFDIR | 0755, now, 0);

	tree_dir_init(img, ino, parent);
	tree_dir_add(img, parent, name, ino);
	return ino;
}

static uint32_t
walk(struct image *img, const char *path, bool make, int64_t now)
{
	char *copy = xstrdup(path), *save = NULL;
	uint32_t ino = FS_ROOT_INO;

	for (char *name = strtok_r(copy, "/", &save); name != NULL && ino != 0;
	     name = strtok_r(NULL, "/", &save)) {
		uint32_t next;

		if (!fs_mode_is(image_inode(img, ino)->mode, FS_IFDIR)) {
			if (make)
				die("%s: in %s, what comes before \"%s\" is not a directory", path,
				    img->path, name);
			next = 0;
		} else {
			next = tree_dir_lookup(img, ino, name);
			if (next == 0 && make)
				next = dir_make(img, ino, name, now);
		}
		ino = next;
	}
	free(copy);
	return ino;
}

uint32_t
tree_walk(struct image *img, const char *path)
{
	return walk(img, path, false, 0);
}

uint32_t
tree_mkdirs(struct image *img, const char *path, int64_t now)
{
	return walk(img, path, true, now);
}
