/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing user memory of the space that is active on this hart. The only code that runs
 * with sstatus.SUM set.
 *
 * A page fault inside is resolved as if the program itself had touched the page (so the caller may
 * sleep, unless the thread is in a no-fault section); when that fails the routine is left with
 * EFAULT. Addresses outside user space are refused before the first byte.
 */
#ifndef ARCH_RISCV_UACCESS_H
#define ARCH_RISCV_UACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "arch/riscv/types.h"
#include "lib/annot.h"

/* => returns 0, or EFAULT with an unknown part copied. */
int md_copyin(void *dst, vaddr_t src, size_t n) MUST_CHECK;
int md_copyout(vaddr_t dst, const void *src, size_t n) MUST_CHECK;

/* The same, for those who can use a part: => returns how many bytes were copied before the first
 * fault that could not be resolved. */
size_t md_copyin_part(void *dst, vaddr_t src, size_t n) MUST_CHECK;
size_t md_copyout_part(vaddr_t dst, const void *src, size_t n) MUST_CHECK;

/* Zero user memory.  => as md_copyout. */
int md_clear_user(vaddr_t dst, size_t n) MUST_CHECK;

/* A string with its NUL, at most max bytes; *len (may be NULL) is its length without the NUL.
 * => returns 0, EFAULT, or ENAMETOOLONG (no NUL in the first max bytes). */
int md_copyinstr(char *dst, vaddr_t src, size_t max, size_t *len) MUST_CHECK;

/* One naturally aligned word, atomically (futexes).  => returns 0, EFAULT. */
int md_fetch32(vaddr_t src, uint32_t *value) MUST_CHECK;
/* If *addr == old, store new; either way *seen is what was there. */
int md_cas32(vaddr_t addr, uint32_t old, uint32_t new, uint32_t *seen) MUST_CHECK;

#endif
