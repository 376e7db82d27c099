/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Free memory that nobody may touch.
 *
 * In the kernel a retired block carries a mark in its first and last word, looked at when it is
 * handed out again: cheap enough to be always on with CHECK=1, and it finds most writes through
 * stale pointers.  On the host another file takes the place of this one and tells the address
 * sanitizer, which finds all of them, reads included.
 */
#ifndef VM_VM_POISON_H
#define VM_VM_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/base/debug.h"

#define POISON_WORD 0xdeadfeeddeadfeedul

static inline uint64_t *
poison_last(void *block, size_t size)
{
	return (uint64_t *)((char *)block + size) - 1;
}

/* Depends on the size: a page cut into free items must not look like a free page. */
static inline uint64_t
poison_mark(size_t size)
{
	return POISON_WORD ^ size;
}

static inline bool
poison_marked(void *block, size_t size)
{
	return *(uint64_t *)block == poison_mark(size) &&
	    *poison_last(block, size) == poison_mark(size);
}

/* => block 8-byte aligned, size a multiple of 8; contents are lost.  Returns false if it was
 * retired already. */
static inline bool
poison_retire(void *block, size_t size)
{
	if (!CHECK)
		return true;
	if (poison_marked(block, size))
		return false;
	*(uint64_t *)block = poison_mark(size);
	*poison_last(block, size) = poison_mark(size);
	return true;
}

/* The block may be used again.  => retired with poison_retire.  Returns false if somebody wrote to
 * it. */
static inline bool
poison_revive(void *block, size_t size)
{
	bool intact = !CHECK || poison_marked(block, size);

	/* Who is handed the block need not write to it before it comes back. */
	if (CHECK)
		*(uint64_t *)block = 0;
	return intact;
}

/* The same for a block whose contents stay: it can only be marked where there is a sanitizer. */
static inline void
poison_retire_kept(void *block, size_t size)
{
	(void)block;
	(void)size;
}

static inline void
poison_revive_kept(void *block, size_t size)
{
	(void)block;
	(void)size;
}

#endif
