/* SPDX-License-Identifier: BSD-2-Clause */
/* Is new memory all zero, also when its pages were full of someone's data a moment ago? */
#include "user/tests/umtest.h"

#define LEN   (4ul << 20)
#define WORDS (LEN / 8)

static void
dirty(void *arg)
{
	(void)arg;
	memset(um_map(LEN, MAP_PRIVATE), 0xa5, LEN);
}

static void
expect_zero(int flags)
{
	uint64_t *p = um_map(LEN, flags), sum = 0;

	for (size_t i = 0; i < WORDS; i++)
		sum |= p[i];
	EXPECT_EQ(0, sum);
	memset(p, 0x5a, LEN);
	REQUIRE(munmap(p, LEN) == 0);
}

/* Memory given back by brk and taken again is new memory. */
static void
expect_zero_heap(void)
{
	unsigned long end = um_syscall(214, 0, 0, 0, 0, 0, 0);
	unsigned long top = end + 5 * UM_PAGE;

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(top, um_syscall(214, top, 0, 0, 0, 0, 0));
		for (unsigned long at = (end + 4095) & -4096ul; at < top; at++)
			if (*(char *)at != 0) {
				um_fail(__FILE__, __LINE__, "heap byte at %#lx is not zero", at);
				break;
			}
		memset((void *)end, 0x77, top - end);
		EXPECT_EQ(end, um_syscall(214, end, 0, 0, 0, 0, 0));
	}
}

int
main(void)
{
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, um_status_of(dirty, NULL));
		expect_zero(MAP_PRIVATE);
		expect_zero(MAP_SHARED);
	}
	expect_zero_heap();
	return um_result();
}
