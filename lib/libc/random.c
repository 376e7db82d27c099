/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pseudo-random numbers: a 64-bit linear congruential generator (Knuth's MMIX constants), high bits
 * only. The state is one word, changed in one step: threads get different numbers of one sequence.
 */
#include <stdbool.h>
#include <stdlib.h>

static unsigned long state = 1;

static int
step(unsigned long *s)
{
	*s = *s * 6364136223846793005UL + 1442695040888963407UL;
	return *s >> 33;
}

int
rand(void)
{
	unsigned long old = __atomic_load_n(&state, __ATOMIC_RELAXED), new;
	int n;

	do {
		new = old;
		n = step(&new);
	} while (!__atomic_compare_exchange_n(
	    &state, &old, new, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return n;
}

void
srand(unsigned int seed)
{
	__atomic_store_n(&state, seed, __ATOMIC_RELAXED);
}

int
rand_r(unsigned int *seed)
{
	unsigned long s = *seed;
	int n = step(&s);

	*seed = s >> 16;
	return n;
}

long
random(void)
{
	return rand();
}

void
srandom(unsigned int seed)
{
	srand(seed);
}
