/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsck, read-only: mkfs --check.
 *
 *      inodes        each inode in use: fields; every block reachable from it once and within the
 *                    data area; count of blocks
 *      orphans       the list of inodes that wait to be freed or cut
 *      directories   from the root down: structure, names, types, "." and "..", each directory
 *                    named exactly once
 *      links         names found against link counts; inodes in use that nothing leads to
 *      bitmaps       what was found in use against what the bitmaps and the counts say
 *
 * Later passes rely on tables that earlier ones fill (struct check).  An inode found bad is
 * reported once and not descended into.
 */
#include "mkfs/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kern/fs/fs_format.h"
#include "lib/bitmap.h"

enum inode_state { INO_FREE, INO_GOOD, INO_BAD };

struct check {
	struct image *img;
	const struct fs_super *sb;
	FILE *out;
	unsigned errors;
	uint32_t *owner;  /* by block: the inode that uses it, 0: none */
	uint8_t *state;   /* by inode: enum inode_state */
	uint32_t *names;  /* by inode: directory entries that name it */
	uint32_t *parent; /* by inode, directories: where it is named */
	uint64_t *orphan; /* bit by inode: on the orphan list */
	uint32_t *queue;  /* directories found, in the order in which they are checked */
	uint32_t queued;  /* how many */
};

static void
wrong(struct check *c, const char *fmt, ...)
{
	va_list ap;

	c->errors++;
	if (c->out == NULL)
		return;
	va_start(ap, fmt);
	vfprintf(c->out, fmt, ap);
	va_end(ap);
	fputc('\n', c->out);
}

/*
 * Inodes and their blocks.
 */

/* What is being counted while one inode's blocks are walked. */
struct block_walk {
	struct check *c;
	uint32_t ino;
	uint64_t blocks; /* seen so far */
	uint64_t limit;  /* file blocks the size allows */
	bool bad;
};

static bool
block_claim(struct block_walk *w, uint32_t block)
{
	struct check *c = w->c;

	if (!fs_block_is_data(c->sb, block)) {
		wrong(c, "inode %u: block pointer %u is outside the data area", w->ino, block);
	} else if (c->owner[block] != 0) {
		wrong(c, "block %u is used by inode %u and by inode %u", block, c->owner[block],
		    w->ino);
	} else {
		c->owner[block] = w->ino;
		w->blocks++;
		return true;
	}
	w->bad = true;
	return false;
}

/* The tree below one pointer, which stands for file blocks first .. first + span(levels) - 1. */
static void
walk_blocks(struct block_walk *w, uint32_t block, int levels, uint64_t first)
{
	const uint32_t *slot;

	if (block == 0 || !block_claim(w, block))
		return;
	/* An indirect block there is only waste: the disk was full before its first data block
	 * came. */
	if (first >= w->limit && levels == 0) {
		wrong(w->c, "inode %u: block %u lies behind the end of the file", w->ino, block);
		w->bad = true;
		return;
	}
	slot = image_block(w->c->img, block);
	for (unsigned i = 0; levels > 0 && i < FS_PTRS; i++)
		walk_blocks(w, slot[i], levels - 1, first + i * fs_span(levels - 1));
}

/* Blocks behind the end are allowed while a truncation waits for its end: those inodes are on the
 * orphan list. */
static void
check_blocks(struct check *c, uint32_t ino)
{
	const struct fs_dinode *di = image_inode(c->img, ino);
	struct block_walk w = {
	    .c = c, .ino = ino, .limit = (di->size + FS_BLOCK_SIZE - 1) / FS_BLOCK_SIZE};

	if (bitmap_test(c->orphan, ino))
		w.limit = FS_MAX_FILE_BLOCKS;
	if (fs_mode_has_blocks(di->mode, di->size)) {
		for (unsigned i = 0; i < FS_NADDR; i++) {
			int levels;
			uint64_t first = fs_addr_first(i, &levels);

			walk_blocks(&w, di->addr[i], levels, first);
		}
	}
	if (w.blocks != di->blocks)
		wrong(c, "inode %u: uses %llu blocks, says %llu", ino, (unsigned long long)w.blocks,
		    (unsigned long long)di->blocks);
	if (w.bad)
		c->state[ino] = INO_BAD;
}

static void
check_symlink(struct check *c, uint32_t ino)
{
	const struct fs_dinode *di = image_inode(c->img, ino);
	const char *target = di->target;

	if (di->size > FS_INLINE_MAX)
		target =
		    fs_block_is_data(c->sb, di->addr[0]) ? image_block(c->img, di->addr[0]) : NULL;
	if (target == NULL || memchr(target, 0, di->size) != NULL)
		wrong(c, "inode %u: the symbolic link's target is shorter than its size", ino);
}

static void
check_inodes(struct check *c)
{
	for (uint32_t ino = 1; ino < c->sb->ninodes; ino++) {
		const struct fs_dinode *di = image_inode(c->img, ino);
		const char *bad;

		if (di->mode == 0)
			continue;
		bad = fs_dinode_check(di, c->sb, ino);
		c->state[ino] = bad == NULL ? INO_GOOD : INO_BAD;
		if (bad != NULL)
			wrong(c, "inode %u: %s", ino, bad);
		else
			check_blocks(c, ino);
		if (bad == NULL && fs_mode_is(di->mode, FS_IFLNK) && di->nlink > 0)
			check_symlink(c, ino);
	}
}

static void
check_orphans(struct check *c)
{
	uint32_t next;

	for (uint32_t ino = c->img->state->orphan; ino != 0; ino = next) {
		const struct fs_dinode *di = image_inode(c->img, ino);

		if (di->mode == 0 || fs_dinode_check(di, c->sb, ino) != NULL) {
			wrong(c, "orphan list: inode %u is free or damaged", ino);
			return;
		}
		if (bitmap_test(c->orphan, ino)) {
			wrong(c, "orphan list: inode %u comes twice", ino);
			return;
		}
		bitmap_set(c->orphan, ino);
		next = di->next_orphan;
	}
}

/*
 * Directories.
 */

/* A set of names of one directory, to find one that is there twice. */
struct name_set {
	const struct fs_dirent **slot;
	size_t size; /* a power of two, at least twice the number of names */
};

static bool
name_set_add(struct name_set *set, const struct fs_dirent *de)
{
	size_t h = crc32c(0, de->name, de->namelen);

	for (;; h++) {
		const struct fs_dirent **slot = &set->slot[h & (set->size - 1)];

		if (*slot == NULL) {
			*slot = de;
			return true;
		}
		if ((*slot)->namelen == de->namelen &&
		    memcmp((*slot)->name, de->name, de->namelen) == 0)
			return false;
	}
}

/* The block of file block lbn, 0: none. */
static uint32_t
map_block(struct image *img, uint32_t ino, uint64_t lbn)
{
	uint32_t index[4], block;
	int levels = fs_block_path(lbn, index);

	block = levels < 0 ? 0 : image_inode(img, ino)->addr[index[0]];
	for (int i = 1; i <= levels && block != 0; i++)
		block = ((const uint32_t *)image_block(img, block))[index[i]];
	return block;
}

static bool
name_is(const struct fs_dirent *de, const char *name)
{
	return de->namelen == strlen(name) && memcmp(de->name, name, de->namelen) == 0;
}

static void
check_dots(struct check *c, uint32_t dir, const void *block)
{
	const struct fs_dirent *dot = block;
	const struct fs_dirent *dotdot =
	    (const struct fs_dirent *)((const uint8_t *)block + dot->reclen);

	if (dot->ino != dir || !name_is(dot, "."))
		wrong(c, "directory %u: the first entry is not \".\"", dir);
	else if (dot->reclen >= FS_DIR_SPACE || !name_is(dotdot, ".."))
		wrong(c, "directory %u: the second entry is not \"..\"", dir);
	else if (dotdot->ino != c->parent[dir])
		wrong(c, "directory %u: \"..\" is inode %u, but the directory is in %u", dir,
		    dotdot->ino, c->parent[dir]);
}

static void
directory_found(struct check *c, uint32_t ino, uint32_t parent)
{
	c->parent[ino] = parent;
	if (c->state[ino] == INO_GOOD)
		c->queue[c->queued++] = ino;
}

static void
check_entry(struct check *c, uint32_t dir, const struct fs_dirent *de, struct name_set *set)
{
	const struct fs_dinode *di = image_inode(c->img, de->ino);
	bool dots = name_is(de, ".") || name_is(de, "..");

	if (!name_set_add(set, de))
		wrong(c, "directory %u: the name \"%.*s\" is there twice", dir, de->namelen,
		    de->name);
	c->names[de->ino]++;
	if (c->state[de->ino] == INO_FREE) {
		wrong(c, "directory %u: \"%.*s\" is inode %u, which is free", dir, de->namelen,
		    de->name, de->ino);
		return;
	}
	if (c->state[de->ino] == INO_GOOD && de->type != di->mode >> 12)
		wrong(c, "directory %u: \"%.*s\" has type %u, its inode %u has %u", dir,
		    de->namelen, de->name, de->type, de->ino, di->mode >> 12);
	if (dots || !fs_mode_is(di->mode, FS_IFDIR))
		return;
	if (c->parent[de->ino] != 0)
		wrong(c, "directory %u is named in directory %u and in %u", de->ino,
		    c->parent[de->ino], dir);
	else
		directory_found(c, de->ino, dir);
}

static void
check_directory(struct check *c, uint32_t dir)
{
	uint64_t nblocks = image_inode(c->img, dir)->size / FS_BLOCK_SIZE;
	struct name_set set = {.size = 1024};

	while (set.size < nblocks * (FS_BLOCK_SIZE / 16) * 2)
		set.size *= 2;
	set.slot = xmalloc(set.size * sizeof(*set.slot));
	for (uint64_t lbn = 0; lbn < nblocks; lbn++) {
		uint32_t block = map_block(c->img, dir, lbn);
		const uint8_t *data = image_block(c->img, block);
		const char *bad = block == 0 ? "has a hole" : fs_dirblock_check(data, c->sb, dir);

		if (bad != NULL) {
			wrong(c, "directory %u, block %llu: %s", dir, (unsigned long long)lbn, bad);
			continue;
		}
		if (lbn == 0)
			check_dots(c, dir, data);
		for (unsigned at = 0; at < FS_DIR_SPACE;) {
			const struct fs_dirent *de = (const struct fs_dirent *)(data + at);

			if (de->ino != 0)
				check_entry(c, dir, de, &set);
			at += de->reclen;
		}
	}
	free(set.slot);
}

/* Breadth first from the root: a directory is checked after the one that names it, which sets
 * parent[]. */
static void
check_tree(struct check *c)
{
	if (c->state[FS_ROOT_INO] != INO_GOOD ||
	    !fs_mode_is(image_inode(c->img, FS_ROOT_INO)->mode, FS_IFDIR)) {
		wrong(c, "the root directory (inode %u) is missing or damaged", FS_ROOT_INO);
		return;
	}
	directory_found(c, FS_ROOT_INO, FS_ROOT_INO);
	for (uint32_t next = 0; next < c->queued; next++)
		check_directory(c, c->queue[next]);
}

/*
 * Counts.
 */

static void
check_links(struct check *c)
{
	for (uint32_t ino = 1; ino < c->sb->ninodes; ino++) {
		const struct fs_dinode *di = image_inode(c->img, ino);
		bool orphan = bitmap_test(c->orphan, ino);

		if (c->state[ino] == INO_FREE)
			continue;
		if (c->names[ino] == 0 && !orphan)
			wrong(c, "inode %u is in use, but no directory names it", ino);
		/* An unlinked directory still names itself, but nobody reads that. */
		else if (c->state[ino] == INO_GOOD && di->nlink != c->names[ino])
			wrong(c, "inode %u: link count is %u, %u names found", ino, di->nlink,
			    c->names[ino]);
	}
}

static void
check_bitmap(struct check *c, const char *what, const uint64_t *map, uint64_t nbits,
    uint64_t mapbits, bool (*used)(const struct check *, uint64_t))
{
	unsigned shown = 0;

	for (uint64_t i = 0; i < mapbits; i++) {
		bool want = i >= nbits || used(c, i);

		if (bitmap_test(map, i) == want)
			continue;
		if (i >= nbits)
			wrong(c, "%s bitmap: bit %llu behind the end is clear", what,
			    (unsigned long long)i);
		else if (want)
			wrong(c, "%s %llu is in use, but free in the bitmap", what,
			    (unsigned long long)i);
		else
			wrong(c, "%s %llu is not in use, but taken in the bitmap", what,
			    (unsigned long long)i);
		if (++shown == 20) {
			wrong(c, "%s bitmap: more errors follow", what);
			return;
		}
	}
}

static bool
block_used(const struct check *c, uint64_t block)
{
	return block < c->sb->data_start || c->owner[block] != 0;
}

static bool
inode_used(const struct check *c, uint64_t ino)
{
	return ino == 0 || c->state[ino] != INO_FREE;
}

static void
check_counts(struct check *c)
{
	const struct fs_super *sb = c->sb;
	const struct fs_state *st = c->img->state;
	uint64_t blocks = sb->nblocks - bitmap_count(image_block_bitmap(c->img), sb->nblocks);
	uint64_t inodes = sb->ninodes - bitmap_count(image_inode_bitmap(c->img), sb->ninodes);

	if (st->free_blocks != blocks)
		wrong(c, "%u blocks free by the count, %llu by the bitmap", st->free_blocks,
		    (unsigned long long)blocks);
	if (st->free_inodes != inodes)
		wrong(c, "%u inodes free by the count, %llu by the bitmap", st->free_inodes,
		    (unsigned long long)inodes);
}

unsigned
check_image(struct image *img, FILE *out)
{
	const struct fs_super *sb = img->sb;
	struct check c = {.img = img, .sb = sb, .out = out};

	c.owner = xmalloc(sb->nblocks * sizeof(*c.owner));
	c.state = xmalloc(sb->ninodes);
	c.names = xmalloc(sb->ninodes * sizeof(*c.names));
	c.parent = xmalloc(sb->ninodes * sizeof(*c.parent));
	c.orphan = xmalloc(BITMAP_WORDS(sb->ninodes) * sizeof(*c.orphan));
	c.queue = xmalloc(sb->ninodes * sizeof(*c.queue));
	check_orphans(&c);
	check_inodes(&c);
	check_tree(&c);
	check_links(&c);
	check_bitmap(&c, "block", image_block_bitmap(img), sb->nblocks,
	    (uint64_t)sb->bbm_len * FS_BLOCK_SIZE * 8, block_used);
	check_bitmap(&c, "inode", image_inode_bitmap(img), sb->ninodes,
	    (uint64_t)sb->ibm_len * FS_BLOCK_SIZE * 8, inode_used);
	check_counts(&c);
	free(c.owner);
	free(c.state);
	free(c.names);
	free(c.parent);
	free(c.orphan);
	free(c.queue);
	return c.errors;
}
