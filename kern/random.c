/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A random number generator: ChaCha20 (RFC 8439) run for its key stream.
 *
 * Each request takes a fresh nonce, and its first 32 bytes of key stream become the next key, so
 * that who learns the state later cannot compute what was handed out before ("fast key erasure").
 * The first key is the seed that the machine's firmware gives, mixed with the clock.
 */
#include "kern/random.h"

#include <stdint.h>
#include <string.h>

#include "kern/base/lock.h"
#include "kern/base/sleep.h"
#include "lib/minmax.h"

#define KEY_WORDS   8
#define BLOCK_BYTES 64
#define ROUNDS      20

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_ZONE);
static uint32_t key[KEY_WORDS]; /* random_lock */
static uint64_t nonce;          /* random_lock  requests so far */

static inline uint32_t
rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static inline void
quarter_round(uint32_t *x, int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

/* Block `counter` of the key stream. */
static void
chacha_block(const uint32_t k[KEY_WORDS], uint64_t n, uint32_t counter, uint8_t out[BLOCK_BYTES])
{
	const uint32_t input[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, k[0], k[1],
	    k[2], k[3], k[4], k[5], k[6], k[7], counter, 0, (uint32_t)n, (uint32_t)(n >> 32)};
	uint32_t x[16];

	memcpy(x, input, sizeof(x));
	for (int i = 0; i < ROUNDS; i += 2) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		x[i] += input[i];
	memcpy(out, x, BLOCK_BYTES);
}

void
random_init(const void *seed, size_t n)
{
	uint64_t now[2] = {clock_real_ns(), clock_mono_ns()};

	for (size_t i = 0; i < n; i++)
		((uint8_t *)key)[i % sizeof(key)] ^= ((const uint8_t *)seed)[i];
	for (size_t i = 0; i < sizeof(now); i++)
		((uint8_t *)key)[i] ^= ((uint8_t *)now)[i];
}

void
random_bytes(void *buf, size_t n)
{
	uint32_t k[KEY_WORDS];
	uint8_t block[BLOCK_BYTES], *out = buf;
	size_t used = sizeof(key); /* of block */
	uint32_t counter = 0;
	uint64_t request;

	spin_lock(&random_lock);
	request = nonce++;
	memcpy(k, key, sizeof(k));
	chacha_block(k, request, counter++, block);
	memcpy(key, block, sizeof(key));
	spin_unlock(&random_lock);
	for (;;) {
		size_t piece = MIN(n, sizeof(block) - used);

		memcpy(out, block + used, piece);
		out += piece;
		n -= piece;
		if (n == 0)
			break;
		chacha_block(k, request, counter++, block);
		used = 0;
	}
	memset(k, 0, sizeof(k));
	memset(block, 0, sizeof(block));
}
