/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host build tells the address sanitizer: which memory is free, and which stack it is on.  Compiled without one: nothing.
 */
#ifndef HOST_SANITIZER_H
#define HOST_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HOST_ASAN 1
#endif

#ifdef HOST_ASAN

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

static inline bool
sanitizer_is_on(void)
{
	return true;
}

static inline bool
sanitizer_poisoned(const void *p)
{
	return __asan_address_is_poisoned(p);
}

static inline void
sanitizer_poison(const void *p, size_t size)
{
	__asan_poison_memory_region(p, size);
}

static inline void
sanitizer_unpoison(const void *p, size_t size)
{
	__asan_unpoison_memory_region(p, size);
}

/* `save` keeps what belongs to the stack that is left; NULL: it is left for ever. */
static inline void
sanitizer_leave_stack(void **save, const void *bottom, size_t size)
{
	__sanitizer_start_switch_fiber(save, bottom, size);
}

/* `old_bottom` and `old_size` (may be NULL): the stack we came from. */
static inline void
sanitizer_enter_stack(void *save, const void **old_bottom, size_t *old_size)
{
	__sanitizer_finish_switch_fiber(save, old_bottom, old_size);
}

#else

static inline bool
sanitizer_is_on(void)
{
	return false;
}

static inline bool
sanitizer_poisoned(const void *p)
{
	(void)p;
	return false;
}

static inline void
sanitizer_poison(const void *p, size_t size)
{
	(void)p;
	(void)size;
}

static inline void
sanitizer_unpoison(const void *p, size_t size)
{
	(void)p;
	(void)size;
}

static inline void
sanitizer_leave_stack(void **save, const void *bottom, size_t size)
{
	(void)save;
	(void)bottom;
	(void)size;
}

static inline void
sanitizer_enter_stack(void *save, const void **old_bottom, size_t *old_size)
{
	(void)save;
	(void)old_bottom;
	(void)old_size;
}

#endif

#endif
