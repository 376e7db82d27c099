/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc: chunks with boundary tags on a heap that grows by sbrk(); large blocks get a mapping of
 * their own.
 *
 *	           8 bytes    16-byte aligned
 *	used     | size IP | payload ...                                        |
 *	free     | size  P | next | prev | ...                           | size |
 *
 * `size` counts the whole chunk and is a multiple of 16, so its low bits are free: I = in use, P =
 * the chunk below is in use. A free chunk repeats its size in its last 8 bytes, where the chunk
 * above looks to find it (when its own P is clear): free() thus joins a chunk with both neighbours
 * in constant time, and two free chunks never touch.
 *
 *	heap     | chunk | chunk | ... | chunk | top ............. |  <- sbrk
 *
 * `top` is the free space at the end. It is in no list; it grows and is cut, and goes back to the
 * kernel when it is large.
 *
 *	bins[]   0: 16  1: 32  2: 48 .. 31: 512 | 32: ..1024 | 33: ..2048 | .. 63   lists by size
 *	bin_map  bit n = bins[n] is not empty
 *
 * malloc() takes the first chunk that fits from the bin of the size (exact up to 512 bytes) or, by
 * bin_map, from the next larger one, and cuts off what is too much. Blocks of MMAP_MIN bytes and
 * more are mapped, so that freeing them gives the memory back at once; their chunk has M set and
 * sits behind a word with the mapping's length.
 *
 * One lock, LOCK_MALLOC, guards all of it; mapped blocks need none. Rejected: power-of-two classes
 * without joining (simple, but a third of the memory of a small machine is lost in rounding), and
 * heaps for each thread (this machine has eight harts, not eighty).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/libc/thread.h"

#define ALIGN       16UL
#define HEADER      sizeof(size_t)
#define CHUNK_MIN   32UL /* a free chunk holds two sizes and two links */
#define MMAP_MIN    (128UL * 1024)
#define GROW        (64UL * 1024)  /* the heap grows by multiples of this */
#define TRIM        (256UL * 1024) /* and shrinks when the top is larger than this */
#define PAGE        4096UL
#define SMALL_BINS  32
#define BINS        64

#define IN_USE      1UL
#define PREV_IN_USE 2UL
#define MAPPED      4UL
#define FLAGS       15UL

struct chunk {
	size_t head;        /* size and flags */
	struct chunk *next; /* these two only while it is free */
	struct chunk *prev;
};

static struct chunk *bins[BINS];
static uint64_t bin_map;
static struct chunk *top; /* NULL until the first allocation */
static char *heap_end;    /* end of top */

static size_t
chunk_size(const struct chunk *c)
{
	return c->head & ~FLAGS;
}

static struct chunk *
chunk_at(struct chunk *c, size_t offset)
{
	return (struct chunk *)((char *)c + offset);
}

static struct chunk *
from_payload(void *p)
{
	return (struct chunk *)((char *)p - HEADER);
}

static void *
payload(struct chunk *c)
{
	return (char *)c + HEADER;
}

static unsigned
bin_of(size_t size)
{
	unsigned bin;

	if (size <= SMALL_BINS * ALIGN)
		return size / ALIGN - 1;
	bin = SMALL_BINS + (63 - __builtin_clzl(size - 1)) - 9; /* 9: log2(512) */
	return bin < BINS ? bin : BINS - 1;
}

static void
bin_insert(struct chunk *c)
{
	unsigned bin = bin_of(chunk_size(c));

	c->prev = NULL;
	c->next = bins[bin];
	if (c->next != NULL)
		c->next->prev = c;
	bins[bin] = c;
	bin_map |= 1UL << bin;
}

static void
bin_remove(struct chunk *c)
{
	unsigned bin = bin_of(chunk_size(c));

	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		bins[bin] = c->next;
	if (bins[bin] == NULL)
		bin_map &= ~(1UL << bin);
}

/* Makes [c, c + size) a free chunk and files it.  => the chunks on both sides are in use. */
static void
make_free(struct chunk *c, size_t size)
{
	c->head = size | PREV_IN_USE;
	*(size_t *)((char *)c + size - HEADER) = size;
	chunk_at(c, size)->head &= ~PREV_IN_USE;
	bin_insert(c);
}

/* Gives the end of an over-large top back to the kernel, unless someone else moved the break. */
static void
trim_top(void)
{
	size_t give = (chunk_size(top) - GROW) & ~(GROW - 1);

	if (sbrk(0) != heap_end || sbrk(-(intptr_t)give) == (void *)-1)
		return;
	heap_end -= give;
	top->head -= give;
}

/* Takes a chunk out of use: joins it with free neighbours, or with top. */
static void
release(struct chunk *c)
{
	size_t size = chunk_size(c);
	struct chunk *above = chunk_at(c, size);

	if (!(c->head & PREV_IN_USE)) {
		size_t below = *((size_t *)c - 1);

		c = (struct chunk *)((char *)c - below);
		bin_remove(c);
		size += below;
	}
	if (above == top) {
		top = c;
		top->head = (size + chunk_size(above)) | PREV_IN_USE;
		if (chunk_size(top) > TRIM)
			trim_top();
		return;
	}
	if (!(above->head & IN_USE)) {
		bin_remove(above);
		size += chunk_size(above);
	}
	make_free(c, size);
}

/* Cuts a chunk in use down to `size` bytes if the rest is worth it. */
static void
cut(struct chunk *c, size_t size)
{
	size_t rest = chunk_size(c) - size;

	if (rest < CHUNK_MIN)
		return;
	c->head = size | (c->head & FLAGS);
	chunk_at(c, size)->head = rest | IN_USE | PREV_IN_USE;
	release(chunk_at(c, size));
}

/* Makes top at least `size` bytes larger than a minimal chunk.  => false: no memory. */
static bool
grow_top(size_t size)
{
	size_t want = (size + CHUNK_MIN + ALIGN + GROW - 1) & ~(GROW - 1);
	char *more = sbrk(want);

	if (more == (void *)-1)
		return false;
	if (top == NULL || more != heap_end) {
		/*
		 * Not where the old heap ends: close that one with a chunk in use that is never
		 * freed.
		 */
		if (top != NULL) {
			size_t left = chunk_size(top) - ALIGN;

			chunk_at(top, left)->head = ALIGN | IN_USE | PREV_IN_USE;
			if (left >= CHUNK_MIN)
				make_free(top, left);
			else
				top->head |= IN_USE;
		}
		top = (struct chunk *)(((uintptr_t)more + ALIGN + HEADER - 1) / ALIGN * ALIGN +
		    HEADER);
		top->head = PREV_IN_USE;
	}
	heap_end = more + want;
	top->head = ((heap_end - (char *)top) & ~FLAGS) | PREV_IN_USE;
	return true;
}

/*
 * Cuts a chunk off the low end of top. Some of top always stays, so that every chunk has one above.
 */
static struct chunk *
take_from_top(size_t size)
{
	struct chunk *c;

	if (top == NULL || chunk_size(top) < size + CHUNK_MIN)
		if (!grow_top(size))
			return NULL;
	c = top;
	top = chunk_at(c, size);
	top->head = (chunk_size(c) - size) | PREV_IN_USE;
	c->head = size | IN_USE | PREV_IN_USE;
	return c;
}

/* Finds a free chunk of at least `size` bytes.  => NULL, or a chunk that is in no list any more. */
static struct chunk *
take_from_bins(size_t size)
{
	unsigned bin = bin_of(size);
	struct chunk *c;
	uint64_t larger;

	for (c = bins[bin]; c != NULL; c = c->next)
		if (chunk_size(c) >= size)
			break;
	if (c == NULL) {
		larger = bin + 1 < BINS ? bin_map >> (bin + 1) << (bin + 1) : 0;
		if (larger == 0)
			return NULL;
		c = bins[__builtin_ctzl(larger)];
	}
	bin_remove(c);
	c->head |= IN_USE;
	chunk_at(c, chunk_size(c))->head |= PREV_IN_USE;
	return c;
}

/* A chunk of that size from wherever there is one.  => NULL, or in use. */
static struct chunk *
take(size_t size)
{
	struct chunk *c = take_from_bins(size);

	if (c == NULL)
		c = take_from_top(size);
	if (c != NULL)
		cut(c, size);
	return c;
}

/* Maps a block of its own: a word with the mapping's length, the chunk's head, the payload. */
static void *
map_block(size_t size)
{
	size_t len = (size + ALIGN + PAGE - 1) & ~(PAGE - 1);
	size_t *p;

	if (len < size)
		return NULL;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	p[0] = len;
	p[1] = (len - HEADER) | IN_USE | MAPPED;
	return p + 2;
}

static void *
no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* How large a chunk must be for a request.  => 0 if no chunk can be. */
static size_t
chunk_size_for(size_t request)
{
	size_t size;

	if (request > PTRDIFF_MAX - 2 * PAGE)
		return 0;
	size = (request + HEADER + ALIGN - 1) & ~(ALIGN - 1);
	return size < CHUNK_MIN ? CHUNK_MIN : size;
}

void *
malloc(size_t request)
{
	size_t size = chunk_size_for(request);
	struct chunk *c = NULL;
	void *p = NULL;

	if (size == 0)
		return no_memory();
	if (size < MMAP_MIN) {
		__lock(LOCK_MALLOC);
		c = take(size);
		__unlock(LOCK_MALLOC);
	}
	if (c != NULL)
		return payload(c);
	p = map_block(request); /* large, or the heap cannot grow where it is */
	return p != NULL ? p : no_memory();
}

void
free(void *p)
{
	struct chunk *c;
	int saved = errno;

	if (p == NULL)
		return;
	c = from_payload(p);
	if (!(c->head & IN_USE))
		abort(); /* freed twice, or never allocated */
	if (c->head & MAPPED) {
		munmap((size_t *)p - 2, ((size_t *)p)[-2]);
	} else {
		__lock(LOCK_MALLOC);
		release(c);
		__unlock(LOCK_MALLOC);
	}
	errno = saved;
}

void *
calloc(size_t count, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(count, size, &bytes))
		return no_memory();
	p = malloc(bytes);
	if (p != NULL && !(from_payload(p)->head & MAPPED))
		memset(p, 0, bytes);
	return p;
}

/* How many bytes of payload a block has room for. */
static size_t
room(void *p)
{
	struct chunk *c = from_payload(p);

	return chunk_size(c) - (c->head & MAPPED ? 0 : HEADER);
}

/* Tries to resize where the block is. */
static bool
resize_in_place(struct chunk *c, size_t size)
{
	struct chunk *above = chunk_at(c, chunk_size(c));
	size_t have = chunk_size(c);

	if (have < size && above != top && !(above->head & IN_USE) &&
	    have + chunk_size(above) >= size) {
		bin_remove(above);
		have += chunk_size(above);
		c->head = have | (c->head & FLAGS);
		chunk_at(c, have)->head |= PREV_IN_USE;
	} else if (have < size && above == top && chunk_size(top) >= size - have + CHUNK_MIN) {
		take_from_top(size - have);
		have = size;
		c->head = have | (c->head & FLAGS);
	}
	if (have < size)
		return false;
	cut(c, size);
	return true;
}

void *
realloc(void *p, size_t request)
{
	size_t size = chunk_size_for(request), old;
	bool done;
	void *q;

	if (p == NULL)
		return malloc(request);
	if (size == 0)
		return no_memory();
	if (from_payload(p)->head & MAPPED) {
		if (request <= room(p) && request >= room(p) / 2)
			return p;
	} else {
		__lock(LOCK_MALLOC);
		done = resize_in_place(from_payload(p), size);
		__unlock(LOCK_MALLOC);
		if (done)
			return p;
	}
	q = malloc(request);
	if (q == NULL)
		return NULL;
	old = room(p);
	memcpy(q, p, old < request ? old : request);
	free(p);
	return q;
}

void *
reallocarray(void *p, size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? no_memory() : realloc(p, bytes);
}

/*
 * A chunk with `align` to spare; what lies before the aligned address becomes a chunk and is freed.
 * => NULL, or in use, with an aligned payload.
 */
static struct chunk *
take_aligned(size_t align, size_t size)
{
	struct chunk *c = take_from_top(size + align + CHUNK_MIN), *aligned;
	size_t lead;

	if (c == NULL)
		return NULL;
	aligned = from_payload((void *)(((uintptr_t)payload(c) + align - 1) & -align));
	if (aligned != c && (char *)aligned - (char *)c < (long)CHUNK_MIN)
		aligned = chunk_at(aligned, align);
	lead = (char *)aligned - (char *)c;
	if (lead > 0) {
		aligned->head = (chunk_size(c) - lead) | IN_USE | PREV_IN_USE;
		c->head = lead | (c->head & FLAGS);
		release(c);
	}
	cut(aligned, size);
	return aligned;
}

int
posix_memalign(void **out, size_t align, size_t request)
{
	size_t size = chunk_size_for(request);
	struct chunk *c;

	if (align < sizeof(void *) || (align & (align - 1)) != 0)
		return EINVAL;
	if (align <= ALIGN) {
		*out = malloc(request);
		return *out != NULL ? 0 : ENOMEM;
	}
	if (size == 0 || align > PTRDIFF_MAX - size - 2 * CHUNK_MIN)
		return ENOMEM;
	__lock(LOCK_MALLOC);
	c = take_aligned(align, size);
	__unlock(LOCK_MALLOC);
	if (c == NULL)
		return ENOMEM;
	*out = payload(c);
	return 0;
}

void *
aligned_alloc(size_t align, size_t size)
{
	void *p;

	errno = posix_memalign(&p, align, size);
	return errno == 0 ? p : NULL;
}
