/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of their kernel stacks do threads need?  KSTACK_SIZE is chosen by the answer.
 *
 *      stack                                        + deepest so far      + KSTACK_SIZE
 *      [ FILL FILL FILL FILL FILL FILL FILL | LOOK ][ used ............... used ]
 *                                             ^ any of it overwritten: look at all of it
 *
 * A stack that no thread has used to the last word still has the pattern in that word; so it is
 * filled once, and measured for a few instructions each time a thread ends.
 */
#include "kern/stackdepth.h"

#include <stdbool.h>

#include "arch/riscv/vmparam.h"
#include "lib/minmax.h"

#define FILL 0x5aa5f00df00d5aa5ul
#define LOOK 256ul /* bytes; frames leave holes, but seldom larger ones */

static size_t deepest; /* a  only grows */

void
stack_prepare(vaddr_t stack)
{
	uint64_t *word = (uint64_t *)stack;

	if (*word == (FILL ^ stack))
		return;
	for (size_t i = 0; i < KSTACK_SIZE / sizeof(*word); i++)
		word[i] = FILL ^ stack;
}

/* The lowest address of [from, to) that was written to; `to`: none. */
static vaddr_t
first_used(vaddr_t stack, vaddr_t from, vaddr_t to)
{
	while (from < to && *(const uint64_t *)from == (FILL ^ stack))
		from += sizeof(uint64_t);
	return from;
}

void
stack_measure(vaddr_t stack)
{
	size_t known = stack_high_water(), found;
	vaddr_t top = stack + KSTACK_SIZE, mark = top - known;

	if (first_used(stack, mark - MIN(LOOK, mark - stack), mark) == mark)
		return;
	found = top - first_used(stack, stack, mark);
	while (found > known &&
	    !__atomic_compare_exchange_n(
		&deepest, &known, found, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

size_t
stack_high_water(void)
{
	return __atomic_load_n(&deepest, __ATOMIC_RELAXED);
}
