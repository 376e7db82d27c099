/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Once mprotect or munmap has returned, can no other hart write to the page any more?
 *
 *      this process                         child, same address space
 *      mprotect(page, PROT_READ) returns    page++ page++ page++ SIGSEGV
 *      the value never changes again
 */
#include <sched.h>

#include "user/tests/umtest.h"

#define ROUNDS 40
#define STACK  (64 << 10)

static volatile uint64_t *page;

static int
count_up(void *arg)
{
	(void)arg;
	for (;;)
		(*page)++;
	return 0;
}

/* Between two neighbours, so that nothing else fits where it was. */
static void
new_page(void)
{
	static char *around;

	if (around != NULL)
		munmap(around, 3 * UM_PAGE);
	around = um_map(3 * UM_PAGE, MAP_SHARED);
	page = (volatile uint64_t *)(around + UM_PAGE);
}

static pid_t
start(char *stack)
{
	pid_t pid;

	*page = 0;
	pid = clone(count_up, stack + STACK, CLONE_VM | SIGCHLD, NULL);
	REQUIRE(pid > 0);
	while (*page < 1000)
		sched_yield();
	return pid;
}

static void
spend_time(void)
{
	for (volatile int i = 0; i < 20000; i++)
		continue;
}

int
main(void)
{
	char *stack = um_map(STACK, MAP_PRIVATE);
	volatile uint64_t *alias;
	uint64_t seen;

	new_page();
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = start(stack);

		REQUIRE(mprotect((void *)page, UM_PAGE, PROT_READ) == 0);
		seen = *page;
		spend_time();
		EXPECT_EQ(seen, *page);
		EXPECT_EQ(128 + SIGSEGV, um_wait(pid));
		EXPECT_EQ(seen, *page);
		REQUIRE(mprotect((void *)page, UM_PAGE, PROT_READ | PROT_WRITE) == 0);
	}
	/* The same with munmap: a page that went back must not be written through an old translation. */
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = start(stack);

		REQUIRE(munmap((void *)page, UM_PAGE) == 0);
		alias = um_map(16 * UM_PAGE, MAP_PRIVATE | MAP_POPULATE);
		EXPECT_EQ(128 + SIGSEGV, um_wait(pid));
		for (size_t k = 0; k < 16 * UM_PAGE / 8; k++)
			if (!EXPECT(alias[k] == 0))
				break;
		munmap((void *)alias, 16 * UM_PAGE);
		new_page();
	}
	return um_result();
}
