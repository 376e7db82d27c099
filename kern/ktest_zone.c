/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones and kmalloc (vm/zone.c) on several harts, and when there is no memory.
 */
#include "kern/base/thread.h"
#include "kern/ktest.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

#define ITEMS 64u
#define LARGE 5000u /* whole pages */

/* Allocate, mark, look, free: an item that two have at once shows. */
static void
use_items(void *arg)
{
	uint64_t *item[ITEMS];

	for (unsigned round = 0; round < 20; round++) {
		size_t size = 32u << ktest_random(7);
		unsigned n = 0;

		for (; n < ITEMS && (item[n] = kmalloc(size, 0)) != NULL; n++) {
			item[n][0] = (uint64_t)item[n] ^ (uint64_t)arg;
			item[n][size / 8 - 1] = item[n][0];
		}
		for (unsigned i = 0; i < n; i++) {
			KT_EXPECT(item[i][0] == ((uint64_t)item[i] ^ (uint64_t)arg));
			KT_EXPECT(item[i][size / 8 - 1] == item[i][0]);
			kfree(item[i], size);
		}
	}
}

KTEST(zone_items_have_one_owner)
{
	for (unsigned i = 0; i < 2 * sched_online_count() + 1; i++)
		ktest_spawn(use_items, (void *)(uint64_t)(i + 1));
	ktest_join();
}

/* No page left: NULL, large and small, again and again; and once there are some, all is well. */
KTEST(zone_says_when_memory_is_out)
{
	void *item[ITEMS], *p;
	unsigned n = 0;

	ktest_hoard(0);
	(void)zone_drain();
	ktest_hoard(0);
	while (n < ITEMS && (item[n] = kmalloc(2048, 0)) != NULL)
		n++;
	KT_EXPECT(n < ITEMS);
	KT_EXPECT(kmalloc(2048, ZONE_ZERO) == NULL);
	KT_EXPECT(kmalloc(LARGE, 0) == NULL);
	ktest_unhoard();
	p = kmalloc(LARGE, ZONE_ZERO);
	if (KT_EXPECT(p != NULL))
		kfree(p, LARGE);
	while (n > 0)
		kfree(item[--n], 2048);
}

KTEST(zone_memory_is_zero_if_asked)
{
	for (size_t size = 32; size <= 2 * PAGE_SIZE; size *= 2)
		for (unsigned round = 0; round < 3; round++) {
			uint8_t *p = kmalloc(size, ZONE_ZERO);

			if (!KT_EXPECT(p != NULL))
				return;
			for (size_t i = 0; i < size; i++)
				if (!KT_EXPECT(p[i] == 0))
					break;
			for (size_t i = 0; i < size; i++)
				p[i] = 0xa5;
			kfree(p, size);
		}
}

KTEST(zone_drain_gives_pages_back)
{
	void *item[ITEMS];
	uint64_t before;
	unsigned n = 0;

	(void)zone_drain();
	before = zone_page_count();
	while (n < ITEMS && (item[n] = kmalloc(1024, 0)) != NULL)
		n++;
	KT_EXPECT(n == ITEMS && zone_page_count() > before);
	while (n > 0)
		kfree(item[--n], 1024);
	(void)zone_drain();
	KT_EXPECT(zone_page_count() <= before + 1);
}
