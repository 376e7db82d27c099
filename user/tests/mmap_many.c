/* SPDX-License-Identifier: BSD-2-Clause */
/* Can a process hold 3,000 mappings that cannot be merged, reach each of them, and give them back in any order? */
#include "user/tests/umtest.h"

#define MAPS  3000
#define STEP  (2 * UM_PAGE)
#define WORDS (STEP / 8)

int
main(void)
{
	/* Every second page is taken out, so that no two mappings touch. */
	uint64_t *base = um_map(MAPS * STEP, MAP_PRIVATE), sum = 0;

	for (int i = 0; i < MAPS; i++)
		REQUIRE(munmap((char *)base + i * STEP + UM_PAGE, UM_PAGE) == 0);
	for (int i = 0; i < MAPS; i++)
		base[i * WORDS] = um_mix(um_nonce(), i);
	for (int i = MAPS - 1; i >= 0; i--)
		sum += base[i * WORDS];
	um_value(sum);
	EXPECT_EQ(128 + SIGSEGV, um_load_status((char *)base + MAPS / 2 * STEP + UM_PAGE));

	/* 1009 is prime: i * 1009 % MAPS visits every mapping once. */
	for (long i = 0; i < MAPS; i++)
		EXPECT_EQ(0, munmap((char *)base + i * 1009 % MAPS * STEP, UM_PAGE));
	EXPECT_EQ(128 + SIGSEGV, um_load_status(base));
	return um_result();
}
