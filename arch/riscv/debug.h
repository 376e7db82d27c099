/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the in-kernel debugger (kern/ddb.c) asks of the machine: quiet on the other harts, touching
 * memory that may not be there, stacks of others, page tables.
 *
 * All of it takes no lock.
 */
#ifndef ARCH_RISCV_DEBUG_H
#define ARCH_RISCV_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/riscv/types.h"

struct md_thread;
struct pmap;
struct trapframe;

/*
 * The other harts.  => interrupts off.
 */
/* Make them wait, interrupts off, wherever they are.  A hart with interrupts off does not hear it:
 * => returns those that have not answered after a while, as a mask. A hart that answers holds no
 * spinlock. */
uint64_t debug_pause_others(void);
void debug_resume_others(void);
/* This hart waits too if the others are to. */
void debug_pause_point(void);
/* The thread that a paused hart runs; NULL: it is not paused. */
const struct md_thread *debug_paused_thread(unsigned hart);

/*
 * Trying.  => interrupts off.
 */
struct debug_fault {
	uint64_t cause; /* scause */
	vaddr_t addr;   /* what was touched */
	vaddr_t pc;     /* who did */
};
/* Call fn(arg); at its first fault come back and say where.  => fn holds nothing. True: fn
 * returned. */
bool debug_try(void (*fn)(void *arg), void *arg, struct debug_fault *fault);
/* trap.c: an exception in the kernel.  True: it ended a debug_try, go on. */
bool debug_recover(struct trapframe *tf);

/* The chain of calls of any thread, innermost first: fills pc[], returns how many.  fp: the
 * caller's frame pointer, where the chain of this thread begins. */
unsigned debug_backtrace(const struct md_thread *md, vaddr_t fp, vaddr_t *pc, unsigned max);

/*
 * Page tables.
 */
/* Print what the machine would look at to translate va, level by level. */
void debug_print_walk(const struct pmap *pm, vaddr_t va);
/* The physical address behind va.  False: not mapped. */
bool debug_translate(const struct pmap *pm, vaddr_t va, paddr_t *pa);

#endif
