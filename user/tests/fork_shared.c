/* SPDX-License-Identifier: BSD-2-Clause */
/* Is MAP_SHARED anonymous memory one memory for parent, child and grandchild, whoever touches a page first? */
#include "user/tests/umtest.h"

#define PAGES 64
#define WORDS (UM_PAGE / 8)

static uint64_t *base;

/* Process `who` writes its third of the pages. */
static void
put(int who)
{
	for (int i = who; i < PAGES; i += 3)
		base[i * WORDS] = um_mix(um_nonce() + who, i);
}

static void
expect(int who)
{
	for (int i = who; i < PAGES; i += 3)
		EXPECT_EQ(um_mix(um_nonce() + who, i), base[i * WORDS]);
}

static void
grandchild(void *arg)
{
	(void)arg;
	expect(0);
	expect(1);
	put(2);
}

static void
child(void *arg)
{
	(void)arg;
	expect(0);
	put(1);
	EXPECT_EQ(0, um_status_of(grandchild, NULL));
	expect(2);
}

int
main(void)
{
	uint64_t sum = 0;

	base = um_map(PAGES * UM_PAGE, MAP_SHARED);
	put(0);
	EXPECT_EQ(0, um_status_of(child, NULL));
	for (int who = 0; who < 3; who++)
		expect(who);
	for (int i = 0; i < PAGES; i++)
		sum += base[i * WORDS];
	um_value(sum);
	return um_result();
}
