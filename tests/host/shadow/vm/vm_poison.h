/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Free memory that nobody may touch, known to the address sanitizer byte by byte.  Without a sanitizer: nothing.
 */
#ifndef HOST_VM_POISON_H
#define HOST_VM_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/host/sanitizer.h"

static inline uint64_t *
poison_last(void *block, size_t size)
{
	return (uint64_t *)((char *)block + size) - 1;
}

static inline bool
poison_retire(void *block, size_t size)
{
	if (sanitizer_poisoned(block))
		return false;
	sanitizer_poison(block, size);
	return true;
}

static inline bool
poison_revive(void *block, size_t size)
{
	sanitizer_unpoison(block, size);
	return true;
}

static inline void
poison_retire_kept(void *block, size_t size)
{
	sanitizer_poison(block, size);
}

static inline void
poison_revive_kept(void *block, size_t size)
{
	sanitizer_unpoison(block, size);
}

#endif
