/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening, creating and closing images; the journal's host side (replay, no writing of records).
 *
 * Rejected: reading and writing blocks through a cache.  A mapping of the file is the same thing
 * without the code, a sparse image stays sparse, and a private mapping gives the checker its
 * in-memory replay for nothing.
 */
#include "mkfs/image.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/fs/fs_format.h"
#include "lib/bitmap.h"

static const char *unfinished; /* an image that is being made */

void
die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mkfs: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	if (unfinished != NULL)
		unlink(unfinished);
	exit(2);
}

void *
xmalloc(size_t size)
{
	void *p = calloc(1, size != 0 ? size : 1);

	if (p == NULL)
		die("out of memory (%zu bytes)", size);
	return p;
}

char *
xstrdup(const char *s)
{
	return strcpy(xmalloc(strlen(s) + 1), s);
}

char *
path_join(const char *a, const char *b)
{
	size_t n = strlen(a);
	char *path = xmalloc(n + strlen(b) + 2);

	while (n > 0 && a[n - 1] == '/')
		n--;
	while (*b == '/')
		b++;
	sprintf(path, "%.*s/%s", (int)n, a, b);
	return path;
}

void *
image_block(const struct image *img, uint32_t block)
{
	return img->base + (uint64_t)block * FS_BLOCK_SIZE;
}

struct fs_dinode *
image_inode(const struct image *img, uint32_t ino)
{
	return (struct fs_dinode *)image_block(img, img->sb->itab_start) + ino;
}

uint64_t *
image_block_bitmap(const struct image *img)
{
	return image_block(img, img->sb->bbm_start);
}

uint64_t *
image_inode_bitmap(const struct image *img)
{
	return image_block(img, img->sb->ibm_start);
}

/*
 * Journal.
 */

static struct fs_jhead *
journal_head(const struct image *img, unsigned slot)
{
	return image_block(img, img->sb->journal_start + slot);
}

/* The header that counts, or NULL. */
static struct fs_jhead *
journal_current_head(const struct image *img)
{
	struct fs_jhead *best = NULL;

	for (unsigned slot = 0; slot < FS_JSLOT0; slot++) {
		struct fs_jhead *h = journal_head(img, slot);

		if (fs_jhead_valid(h, img->sb) &&
		    (best == NULL || h->generation > best->generation))
			best = h;
	}
	return best;
}

static void *
journal_slot(const struct image *img, uint64_t slot)
{
	return image_block(img, (uint32_t)fs_jslot_block(img->sb, slot));
}

/* The record that starts at `slot` if it is record `seq` and complete, else NULL. */
static struct fs_jrecord *
journal_record(const struct image *img, uint64_t slot, uint64_t seq)
{
	struct fs_jrecord *r = journal_slot(img, slot);
	uint32_t crc;

	if (!fs_jrecord_plausible(r, img->sb, seq))
		return NULL;
	crc = fs_jrecord_crc(r);
	for (uint32_t i = 0; i < r->nblocks; i++)
		crc = crc32c(crc, journal_slot(img, slot + 1 + i), FS_BLOCK_SIZE);
	return crc == r->crc ? r : NULL;
}

/* The last record that revokes each block: revoked[block] is its sequence number, minus the first
 * one's, plus 1. */
static uint32_t *
journal_revokes(const struct image *img, uint64_t tail, uint64_t first, uint64_t *end)
{
	uint32_t *revoked = xmalloc(img->sb->nblocks * sizeof(*revoked));
	uint64_t slot = tail, seq = first;

	for (struct fs_jrecord *r; (r = journal_record(img, slot, seq)) != NULL; seq++) {
		for (uint32_t i = r->nblocks; i < r->nblocks + r->nrevoke; i++)
			if (r->block[i] < img->sb->nblocks)
				revoked[r->block[i]] = (uint32_t)(seq - first) + 1;
		slot += 1 + (uint64_t)r->nblocks;
	}
	*end = seq;
	return revoked;
}

static const char *
journal_replay(struct image *img)
{
	struct fs_jhead *h = journal_current_head(img);
	const char *error = NULL;
	uint64_t slot, end;
	uint32_t *revoked;

	if (h == NULL)
		return "journal: both headers are damaged";
	revoked = journal_revokes(img, h->tail, h->seq, &end);
	slot = h->tail;
	for (uint64_t seq = h->seq; seq < end && error == NULL; seq++) {
		struct fs_jrecord *r = journal_slot(img, slot);

		for (uint32_t i = 0; i < r->nblocks && error == NULL; i++) {
			if (!fs_block_is_journaled(img->sb, r->block[i]))
				error =
				    "journal: a record writes outside the file system's metadata";
			else if (revoked[r->block[i]] <= seq - h->seq)
				memcpy(image_block(img, r->block[i]),
				    journal_slot(img, slot + 1 + i), FS_BLOCK_SIZE);
		}
		slot += 1 + (uint64_t)r->nblocks;
	}
	free(revoked);
	img->replayed = end - h->seq;
	return error;
}

/* Nothing to replay any more: both headers say that record `seq` comes next. */
static void
journal_reset(struct image *img, uint64_t seq)
{
	for (unsigned slot = 0; slot < FS_JSLOT0; slot++) {
		struct fs_jhead *h = journal_head(img, slot);

		memset(h, 0, sizeof(*h));
		h->magic = FS_JHEAD_MAGIC;
		h->seq = seq;
		h->generation = slot + 1;
		h->crc = fs_jhead_crc(h);
	}
}

/*
 * Opening.
 */

/* A write to the mapping that the host cannot carry out (its disk is full) arrives as SIGBUS. */
static void
host_write_failed(int sig)
{
	static const char message[] = "mkfs: cannot write the image: is the host's disk full?\n";
	ssize_t n = write(STDERR_FILENO, message, sizeof(message) - 1);

	(void)sig;
	(void)n;
	if (unfinished != NULL)
		unlink(unfinished);
	_exit(2);
}

static void
image_map(struct image *img, int fd, bool shared)
{
	img->base = mmap(NULL, img->length, PROT_READ | PROT_WRITE,
	    shared ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (img->base == MAP_FAILED)
		die("%s: cannot map: %s", img->path, strerror(errno));
	close(fd);
	signal(SIGBUS, host_write_failed);
}

/* Judge what is mapped, and bring it up to date with its journal. */
static const char *
image_attach(struct image *img)
{
	const char *error = NULL;

	img->sb = image_block(img, FS_SUPER_BLOCK);
	img->state = image_block(img, FS_STATE_BLOCK);
	if (img->length < 2 * FS_BLOCK_SIZE)
		return "too short to be a file system";
	error = fs_super_check(img->sb, img->length / FS_BLOCK_SIZE);
	if (error == NULL)
		error = journal_replay(img);
	if (error == NULL)
		error = fs_state_check(img->state, img->sb);
	if (error == NULL)
		img->rotor = img->sb->data_start;
	return error;
}

const char *
image_open_memory(struct image *img, void *base, uint64_t length)
{
	*img = (struct image){.path = "image", .base = base, .length = length};
	return image_attach(img);
}

const char *
image_open(struct image *img, const char *path, bool writable)
{
	int fd = open(path, writable ? O_RDWR : O_RDONLY);
	const char *error;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		die("%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die("%s: not a regular file", path);
	*img = (struct image){
	    .path = path, .length = (uint64_t)st.st_size & ~(uint64_t)(FS_BLOCK_SIZE - 1)};
	if (img->length < 2 * FS_BLOCK_SIZE) {
		close(fd);
		return "too short to be a file system";
	}
	image_map(img, fd, writable);
	error = image_attach(img);
	if (error == NULL && writable)
		journal_reset(img, journal_current_head(img)->seq + img->replayed + 1);
	return error;
}

void
image_close(struct image *img, bool writable)
{
	if (img->base == NULL)
		return;
	if (writable) {
		img->state->crc = fs_state_crc(img->state);
		if (msync(img->base, img->length, MS_SYNC) != 0)
			die("%s: cannot write: %s", img->path, strerror(errno));
	}
	munmap(img->base, img->length);
	img->base = NULL;
	unfinished = NULL;
}

/*
 * Creating.
 */

static uint32_t
clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return (uint32_t)(value < low ? low : value > high ? high : value);
}

/* A 32nd of the blocks for the journal, an inode for each 16 KiB. */
static void
super_plan(struct fs_super *sb, uint32_t nblocks, int64_t now)
{
	sb->magic = FS_MAGIC;
	sb->version = FS_VERSION;
	sb->block_size = FS_BLOCK_SIZE;
	sb->nblocks = nblocks;
	sb->ninodes = clamp(nblocks / 4, 128, 1u << 28);
	sb->root_ino = FS_ROOT_INO;
	sb->made = now;
	sb->journal_start = FS_JOURNAL_BLOCK;
	sb->journal_len = clamp(nblocks / 32, FS_MIN_JOURNAL, 8192);
	sb->bbm_start = sb->journal_start + sb->journal_len;
	sb->bbm_len = fs_div_up(nblocks, FS_BLOCK_SIZE * 8);
	sb->ibm_start = sb->bbm_start + sb->bbm_len;
	sb->ibm_len = fs_div_up(sb->ninodes, FS_BLOCK_SIZE * 8);
	sb->itab_start = sb->ibm_start + sb->ibm_len;
	sb->itab_len = fs_div_up(sb->ninodes, FS_INODES_PER_BLOCK);
	sb->data_start = sb->itab_start + sb->itab_len;
	sb->crc = fs_super_crc(sb);
}

static void
bitmaps_init(struct image *img)
{
	const struct fs_super *sb = img->sb;

	for (uint64_t b = 0; b < sb->data_start; b++)
		bitmap_set(image_block_bitmap(img), b);
	for (uint64_t b = sb->nblocks; b < (uint64_t)sb->bbm_len * FS_BLOCK_SIZE * 8; b++)
		bitmap_set(image_block_bitmap(img), b);
	bitmap_set(image_inode_bitmap(img), 0);
	for (uint64_t i = sb->ninodes; i < (uint64_t)sb->ibm_len * FS_BLOCK_SIZE * 8; i++)
		bitmap_set(image_inode_bitmap(img), i);
	img->state->magic = FS_STATE_MAGIC;
	img->state->free_blocks = sb->nblocks - sb->data_start;
	img->state->free_inodes = sb->ninodes - 1;
}

/* => img is mapped and all zero. */
static void
image_format(struct image *img, int64_t now)
{
	img->sb = image_block(img, FS_SUPER_BLOCK);
	img->state = image_block(img, FS_STATE_BLOCK);
	super_plan(img->sb, (uint32_t)(img->length / FS_BLOCK_SIZE), now);
	journal_reset(img, 1);
	bitmaps_init(img);
	img->rotor = img->sb->data_start;
}

void
image_create(struct image *img, const char *path, uint64_t size, int64_t now)
{
	uint64_t nblocks = size / FS_BLOCK_SIZE;
	int fd;

	if (nblocks < FS_MIN_BLOCKS || nblocks > FS_MAX_BLOCKS)
		die("size must be between %u KiB and %llu GiB",
		    FS_MIN_BLOCKS * (FS_BLOCK_SIZE / 1024),
		    (unsigned long long)FS_MAX_BLOCKS * FS_BLOCK_SIZE >> 30);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	unfinished = path;
	*img = (struct image){.path = path, .length = nblocks * FS_BLOCK_SIZE};
	if (ftruncate(fd, (off_t)img->length) != 0)
		die("%s: cannot make it %llu bytes long: %s", path, (unsigned long long)img->length,
		    strerror(errno));
	image_map(img, fd, true);
	image_format(img, now);
}

void
image_create_memory(struct image *img, void *base, uint64_t length, int64_t now)
{
	*img = (struct image){.path = "image", .base = base, .length = length};
	image_format(img, now);
}
