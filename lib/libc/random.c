/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pseudo-random numbers: a 64-bit linear congruential generator (Knuth's MMIX constants), high bits
 * only.
 */
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
	return step(&state);
}

void
srand(unsigned int seed)
{
	state = seed;
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
