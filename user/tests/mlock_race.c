/* SPDX-License-Identifier: BSD-2-Clause */
/* Does locking survive threads that lock, unmap, map, protect, fork and write in the same place at once? */
#include "user/tests/umthread.h"

#define PAGES  16
#define ROUNDS 60
#define KINDS  6

static char *area;

static void
lock_some(char *p, size_t len, uint64_t r)
{
	if (r % 5 == 0)
		mlockall(MCL_CURRENT);
	else if (r % 5 == 1)
		munlockall();
	else if (r % 2 == 0)
		mlock(p, len);
	else
		munlock(p, len);
}

static void
fork_some(char *p)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* Only the first page is never unmapped. */
		area[0] = 1;
		_exit(mlock(area, UM_PAGE) == 0 && *(volatile char *)area == 1 ? 0 : 3);
	}
	if (pid > 0)
		EXPECT_EQ(0, um_wait(pid));
	(void)p;
}

static void
one(int kind, char *p, size_t len, uint64_t r)
{
	switch (kind) {
	case 0:
	case 1:
		lock_some(p, len, r);
		break;
	case 2:
		if (p > area)
			munmap(p, len);
		break;
	case 3:
		if (p > area)
			mmap(p, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | (r % 3 ? 0 : MAP_LOCKED), -1,
			    0);
		break;
	case 4:
		if (p > area)
			mprotect(p, len,
			    r % 3 == 0       ? PROT_READ
				: r % 3 == 1 ? PROT_NONE
					     : PROT_READ | PROT_WRITE);
		break;
	default:
		fork_some(p);
	}
}

static void *
worker(void *arg)
{
	long index = (long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t r = um_mix(um_nonce() + (uint64_t)index, (uint64_t)i);
		size_t first = r % PAGES, n = 1 + (r >> 8) % (PAGES - first);

		area[index] = (char)i;
		one((int)(index % KINDS), area + first * UM_PAGE, n * UM_PAGE, r >> 16);
		EXPECT_EQ((char)i, *(volatile char *)&area[index]);
	}
	return NULL;
}

int
main(void)
{
	area = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	um_threads(8, worker);
	EXPECT_EQ(0, munlockall());
	if (um_proc_value("/proc/self/status", "VmLck") >= 0)
		EXPECT_EQ(0, um_proc_value("/proc/self/status", "VmLck"));
	return um_result();
}
