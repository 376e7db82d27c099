/* SPDX-License-Identifier: BSD-2-Clause */
/* Does the stack grow to nearly its 8 MiB by itself, and does running past the end kill only the process? */
#include "user/tests/umtest.h"

#define FRAME 4000

/* Use `depth` frames of about 4 KiB.  => a sum that depends on every frame's content */
static __attribute__((noinline)) uint64_t
recurse(int depth)
{
	volatile uint64_t frame[FRAME / 8];
	uint64_t below;

	frame[0] = um_mix(um_nonce(), depth);
	frame[FRAME / 8 - 1] = depth;
	below = depth > 0 ? recurse(depth - 1) : 0;
	/* The frame is still needed: a compiler may not make a loop of this. */
	__asm__ volatile("" : : "r"(frame) : "memory");
	return below + frame[0] + frame[FRAME / 8 - 1];
}

static void
recurse_in_child(void *arg)
{
	EXPECT(recurse(*(int *)arg) != 1);
}

int
main(void)
{
	int deep = (7 << 20) / (FRAME + 100), too_deep = (9 << 20) / FRAME;
	uint64_t want = 0;

	for (int i = 0; i <= deep; i++)
		want += um_mix(um_nonce(), i) + i;
	EXPECT_EQ(want, recurse(deep));
	EXPECT_EQ(0, um_status_of(recurse_in_child, &deep));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(recurse_in_child, &too_deep));
	/* Growing in one step, past untouched pages, is growing as well. */
	um_store((char *)__builtin_frame_address(0) - (7 << 20));
	EXPECT_EQ(128 + SIGSEGV, um_store_status((char *)__builtin_frame_address(0) - (9 << 20)));
	um_value(want);
	return um_result();
}
