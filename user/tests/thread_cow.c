/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * While one thread copies a page on write, do the others see either the old or the new one, in
 * that order, and lose no store?
 */
#include "user/tests/umthread.h"

#define THREADS 2 /* of each kind */
#define ROUNDS  20
#define STORES  2

static volatile long *page; /* word 0: a number that grows; word 1+n: counter of thread n */
static int stop;

/* Never a smaller number after a larger one: that would be the old page after the new. */
static void *
watch(void *arg)
{
	long last = 0;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		long now = __atomic_load_n(&page[0], __ATOMIC_SEQ_CST);

		if (now < last) {
			EXPECT(!"the old page came back");
			return NULL;
		}
		last = now;
	}
	return NULL;
}

/* Stores of several threads into one page that each fork made copy-on-write again. */
static void *
count(void *arg)
{
	volatile long *mine = &page[1 + (long)arg];
	long n = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		if (*mine != n) {
			EXPECT_EQ(n, *mine);
			break;
		}
		*mine = ++n;
		__atomic_add_fetch(&page[20], 1, __ATOMIC_SEQ_CST); /* by all */
	}
	return (void *)n;
}

/* Keeps the page shared until it is told to leave. */
static pid_t
hold_copy(int *fds)
{
	pid_t pid;
	char c;

	REQUIRE(pipe(fds) == 0);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		long at_fork = page[0];

		close(fds[1]);
		(void)!read(fds[0], &c, 1);
		_exit(page[0] != at_fork);
	}
	close(fds[0]);
	return pid;
}

int
main(void)
{
	pthread_t watcher[THREADS], counter[THREADS];
	long sum = 0;
	int fds[2];

	page = um_map(UM_PAGE, MAP_PRIVATE);
	for (long i = 0; i < THREADS; i++) {
		watcher[i] = um_thread(watch, NULL);
		counter[i] = um_thread(count, (void *)i);
	}
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = hold_copy(fds);

		for (int k = 0; k < STORES; k++) {
			__atomic_add_fetch(&page[0], 1, __ATOMIC_SEQ_CST);
			sched_yield();
		}
		close(fds[1]);
		EXPECT_EQ(0, um_wait(pid));
	}
	um_step(&stop);
	for (int i = 0; i < THREADS; i++) {
		um_join(watcher[i]);
		sum += (long)um_join(counter[i]);
		EXPECT(page[1 + i] > 0);
	}
	EXPECT_EQ(sum, page[20]);
	EXPECT_EQ(ROUNDS * STORES, page[0]);
	return um_result();
}
