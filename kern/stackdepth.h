/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of their kernel stacks do threads need?
 */
#ifndef KERN_STACKDEPTH_H
#define KERN_STACKDEPTH_H

#include <stddef.h>

#include "arch/riscv/types.h"

/* The stack is about to get a thread: fill it with a pattern, unless the last one left it filled.
 * => nobody uses it. */
void stack_prepare(vaddr_t stack);
/* Its thread is gone: was this the deepest so far?  => as stack_prepare. */
void stack_measure(vaddr_t stack);
/* Bytes that the deepest stack has needed, of threads that have ended.  => any context. */
size_t stack_high_water(void);

#endif
