/* SPDX-License-Identifier: BSD-2-Clause */
/* Does fork copy data, bss, heap and stack alike, so that the child's changes to each stay its own? */
#include "user/tests/umtest.h"

static long data = 11;
static long bss;

struct places {
	long *data, *bss, *heap, *stack;
};

static void
change(void *arg)
{
	struct places *p = arg;

	EXPECT_EQ(11, *p->data);
	EXPECT_EQ(0, *p->bss);
	EXPECT_EQ(33, *p->heap);
	EXPECT_EQ(44, *p->stack);
	*p->data = *p->bss = *p->heap = *p->stack = 99;
}

int
main(void)
{
	long stack = 44;
	long *heap = malloc(300000);
	struct places places = {&data, &bss, heap, &stack};

	REQUIRE(heap != NULL);
	*heap = 33;
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, um_status_of(change, &places));
	EXPECT_EQ(11, *(volatile long *)&data);
	EXPECT_EQ(0, *(volatile long *)&bss);
	EXPECT_EQ(33, *(volatile long *)heap);
	EXPECT_EQ(44, *(volatile long *)&stack);
	return um_result();
}
