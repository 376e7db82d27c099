/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying to and from the memory of the current process.  The only way: the kernel cannot touch
 * user memory otherwise (sstatus.SUM).
 *
 * => user thread context; unless curthread()->nofault is set, no lock that a page fault may need
 * (RANK_INODE and above), may sleep.
 * => every address and length is checked here; EFAULT also for kernel addresses and wrap-around.
 */
#ifndef KERN_UACCESS_H
#define KERN_UACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/annot.h"

/* => returns 0 or EFAULT; on EFAULT any part may have been copied. */
int copyin(void *dst, uint64_t src, size_t n) MUST_CHECK;
int copyout(uint64_t dst, const void *src, size_t n) MUST_CHECK;
/* Zero user memory. */
int clearout(uint64_t dst, size_t n) MUST_CHECK;
/* A string of less than `size` bytes, with its NUL; *lenp (may be NULL) is its length.  => 0,
 * EFAULT, ENAMETOOLONG (no NUL in size bytes). */
int copyinstr(char *dst, uint64_t src, size_t size, size_t *lenp) MUST_CHECK;

/* A word, naturally aligned, in one piece.  => 0, EFAULT. */
int fetch32(uint64_t src, uint32_t *value) MUST_CHECK;
/* Store `new` if the word is `old`; *seen is what it was.  => 0, EFAULT. */
int cas32(uint64_t addr, uint32_t old, uint32_t new, uint32_t *seen) MUST_CHECK;
/* The same, EFAULT also if the page is not there at the moment.  => spinlocks below RANK_PMAP may
 * be held. */
int fetch32_nofault(uint64_t src, uint32_t *value) MUST_CHECK;
int cas32_nofault(uint64_t addr, uint32_t old, uint32_t new, uint32_t *seen) MUST_CHECK;

#endif
