/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a MAP_GROWSDOWN mapping grow when the page below it is touched, and keep away from the mapping beneath? */
#include "user/tests/umtest.h"

#define AREA (8ul << 20)

int
main(void)
{
	char *area = um_map(AREA, MAP_PRIVATE), *top;

	REQUIRE(munmap(area, AREA) == 0);
	top = area + AREA - UM_PAGE;
	REQUIRE(mmap(top, UM_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0) == top);
	top[0] = 't';
	for (int i = 1; i <= 64; i++) {
		EXPECT_EQ(0, top[-i * (long)UM_PAGE]);
		top[-i * (long)UM_PAGE] = i;
	}
	for (int i = 1; i <= 64; i++)
		EXPECT_EQ(i, top[-i * (long)UM_PAGE]);
	EXPECT_EQ('t', top[0]);
	return um_result();
}
