/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays of bits in 64-bit words.  Bit i is bit i % 64 of word i / 64, which on a little-endian
 * machine is also bit i % 8 of byte i / 8: the layout of bitmaps on the disk.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_NONE         SIZE_MAX
#define BITMAP_WORDS(nbits) (((nbits) + 63) / 64)

static inline bool
bitmap_test(const uint64_t *map, size_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

static inline void
bitmap_set(uint64_t *map, size_t bit)
{
	map[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void
bitmap_clear(uint64_t *map, size_t bit)
{
	map[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

/* Number of the lowest bit that is set.  => w != 0.  By halving: the instruction for it is not in
 * the base instruction set. */
static inline unsigned
bitmap_lowest(uint64_t w)
{
	unsigned bit = 0;

	for (unsigned half = 32; half != 0; half /= 2) {
		if ((w & (((uint64_t)1 << half) - 1)) == 0) {
			w >>= half;
			bit += half;
		}
	}
	return bit;
}

/* The first bit in [from, end) that is clear in both maps (`also` may be NULL), or BITMAP_NONE. */
static inline size_t
bitmap_find_clear(const uint64_t *map, const uint64_t *also, size_t from, size_t end)
{
	for (size_t word = from / 64; word * 64 < end; word++) {
		uint64_t clear = ~(map[word] | (also != NULL ? also[word] : 0));

		if (word == from / 64)
			clear &= ~(uint64_t)0 << (from % 64);
		if (clear != 0) {
			size_t bit = word * 64 + bitmap_lowest(clear);

			return bit < end ? bit : BITMAP_NONE;
		}
	}
	return BITMAP_NONE;
}

/* How many of the first nbits bits are set.  The loop counts without a popcount instruction, which
 * not every machine has. */
static inline size_t
bitmap_count(const uint64_t *map, size_t nbits)
{
	size_t count = 0;

	for (size_t word = 0; word * 64 < nbits; word++) {
		uint64_t bits = map[word];

		if (nbits - word * 64 < 64)
			bits &= ((uint64_t)1 << (nbits % 64)) - 1;
		for (; bits != 0; bits &= bits - 1)
			count++;
	}
	return count;
}

#endif
