/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do the operations of futex wake whom they should: so many, the longest waiting first, those with a common bit, those moved
 * to another word; across processes, after a copy of the memory, until the time is over or a signal comes?
 */
#include <limits.h>

#include "user/tests/umclone.h"

enum { WAIT, WAKE, REQUEUE = 3, CMP_REQUEUE, WAKE_OP, WAIT_BITSET = 9, WAKE_BITSET };

#define PRIVATE 128
#define NWAIT   4

struct waiter {
	struct um_thread t; /* first */
	int *word;
	int op;
	unsigned bitset;
	const struct timespec *timeout;
	long result;
	int order; /* 1: woken first; 0: not yet */
};

static struct waiter w[NWAIT];
static int word, word2, woken, calls;

static long
futex(void *va, int op, long val, const void *time, void *va2, long val3)
{
	return um_syscall(SYS_futex, (long)va, op, val, (long)time, (long)va2, val3);
}

static long
wait_once(void *arg)
{
	struct waiter *me = arg;

	me->result = futex(me->word, me->op, 0, me->timeout, NULL, me->bitset);
	__atomic_store_n(
	    &me->order, __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
	return 0;
}

/* Is the thread asleep in the kernel? */
static bool
sleeps(int tid)
{
	char path[64], text[256];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	REQUIRE(f != NULL);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return strstr(text, ") S ") != NULL;
}

static void
start(struct waiter *me, int index, int *on, int op, unsigned bitset)
{
	me->word = on;
	me->op = op;
	me->bitset = bitset;
	me->order = 0;
	um_thread_start(&me->t, index, wait_once);
	while (!sleeps(me->t.tid))
		um_sleep_ms(1);
}

static void
start_all(int op, unsigned bitset)
{
	woken = 0;
	word = word2 = 0;
	for (int i = 0; i < NWAIT; i++) {
		w[i].timeout = NULL;
		start(&w[i], i, &word, op, bitset);
	}
}

/* Wait until n have been woken, and see that no more are. */
static void
expect_woken(int n)
{
	for (int i = 0; i < 1000 && __atomic_load_n(&woken, __ATOMIC_SEQ_CST) < n; i++)
		um_sleep_ms(1);
	um_sleep_ms(5);
	EXPECT_EQ(n, woken);
}

static void
join_all(void)
{
	for (int i = 0; i < NWAIT; i++) {
		um_thread_join(&w[i].t);
		EXPECT_EQ(0, w[i].result);
	}
}

static void
counts(int private)
{
	start_all(WAIT | private, 0);
	EXPECT_EQ(1, futex(&word, WAKE | private, 0, NULL, NULL, 0));
	expect_woken(1);
	EXPECT(w[0].order == 1);
	EXPECT_EQ(2, futex(&word, WAKE | private, 2, NULL, NULL, 0));
	expect_woken(3);
	EXPECT(w[3].order == 0);
	EXPECT_EQ(0, futex(&word2, WAKE | private, 1, NULL, NULL, 0));
	EXPECT_EQ(1, futex(&word, WAKE | private, INT_MAX, NULL, NULL, 0));
	join_all();
	EXPECT_EQ(0, futex(&word, WAKE | private, INT_MAX, NULL, NULL, 0));
}

static void
bitsets(void)
{
	woken = word = 0;
	for (int i = 0; i < NWAIT; i++)
		start(&w[i], i, &word, WAIT_BITSET, 1u << i);
	EXPECT_EQ(0, futex(&word, WAKE_BITSET, INT_MAX, NULL, NULL, 1 << NWAIT));
	EXPECT_EQ(1, futex(&word, WAKE_BITSET, INT_MAX, NULL, NULL, 4));
	expect_woken(1);
	EXPECT(w[2].order == 1);
	EXPECT_EQ(2, futex(&word, WAKE_BITSET, 2, NULL, NULL, 1 | 2 | 8));
	expect_woken(3);
	EXPECT(w[3].order == 0);
	EXPECT_EQ(1, futex(&word, WAKE, INT_MAX, NULL, NULL, 0));
	join_all();
}

static void
requeue(void)
{
	start_all(WAIT, 0);
	EXPECT_EQ(-EAGAIN, futex(&word, CMP_REQUEUE, 1, (void *)2, &word2, 1));
	expect_woken(0);
	EXPECT_EQ(3, futex(&word, CMP_REQUEUE, 1, (void *)2, &word2, 0));
	expect_woken(1);
	EXPECT_EQ(1, futex(&word, WAKE, INT_MAX, NULL, NULL, 0));
	expect_woken(2);
	EXPECT_EQ(1, futex(&word2, REQUEUE, 0, (void *)1, &word, 0));
	EXPECT_EQ(1, futex(&word2, WAKE, INT_MAX, NULL, NULL, 0));
	expect_woken(3);
	EXPECT_EQ(1, futex(&word, REQUEUE, 1, (void *)(long)INT_MAX, &word2, 0));
	join_all();
}

static void
wake_op(void)
{
	woken = word = 0;
	word2 = 0;
	for (int i = 0; i < NWAIT; i++)
		start(&w[i], i, i < 2 ? &word : &word2, WAIT, 0);
	/* word2 = 5; it was 0, not 1: so only waiters of the first. */
	EXPECT_EQ(1, futex(&word, WAKE_OP, 1, (void *)2, &word2, 5 << 12 | 1));
	EXPECT_EQ(5, word2);
	expect_woken(1);
	/* word2 += 1 was 5: both. */
	EXPECT_EQ(3, futex(&word, WAKE_OP, 1, (void *)2, &word2, 1 << 28 | 1 << 12 | 5));
	EXPECT_EQ(6, word2);
	join_all();
}

/*
 * Other processes.
 */

static void
wake_child(int *here, int *there)
{
	pid_t pid = um_fork();

	if (pid == 0) {
		while (__atomic_load_n(here, __ATOMIC_SEQ_CST) == 0)
			um_futex_wait(here, 0);
		_exit(41);
	}
	um_sleep_ms(20);
	__atomic_store_n(there, 1, __ATOMIC_SEQ_CST);
	EXPECT_EQ(1, um_futex_wake(there, INT_MAX));
	EXPECT_EQ(41, um_wait(pid));
}

static void
processes(void)
{
	int *shared = um_map(3 * UM_PAGE, MAP_SHARED);

	wake_child(shared, shared);
	/* Memory that is touched for the first time by the wait. */
	wake_child(shared + UM_PAGE / 4 + 1, shared + UM_PAGE / 4 + 1);
	/* The same word twice as a private one of two processes is two words. */
	EXPECT_EQ(0, um_futex_wake(&word, 1));
}

/* A thread waits for a private word; a fork shares its page, and the first write moves it. */
static void
copied(void)
{
	pid_t pid;

	start_all(WAIT | PRIVATE, 0);
	pid = um_fork();
	if (pid == 0) {
		/* The child's memory is another, though at the same address. */
		word = 1;
		EXPECT_EQ(0, futex(&word, WAKE | PRIVATE, INT_MAX, NULL, NULL, 0));
		/* As long as we live, who writes to the page gets a copy. */
		kill(getpid(), SIGSTOP);
		_exit(um_result());
	}
	REQUIRE(waitpid(pid, NULL, WUNTRACED) == pid);
	expect_woken(0);
	__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
	EXPECT_EQ(NWAIT, futex(&word, WAKE | PRIVATE, INT_MAX, NULL, NULL, 0));
	join_all();
	kill(pid, SIGCONT);
	EXPECT_EQ(0, um_wait(pid));
}

/*
 * Time and signals.
 */

static long long
now_ns(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static struct timespec
timespec_of(long long ns)
{
	struct timespec t = {ns / 1000000000, ns % 1000000000};

	return t;
}

static void
deadline(int op, int clock, bool absolute)
{
	long long ms30 = 30000000, before = now_ns(CLOCK_MONOTONIC), took;
	struct timespec t = timespec_of(absolute ? now_ns(clock) + ms30 : ms30);

	word = 0;
	EXPECT_EQ(-ETIMEDOUT, futex(&word, op, 0, &t, NULL, -1));
	took = now_ns(CLOCK_MONOTONIC) - before;
	EXPECT(took >= ms30 && took < 100 * ms30);
}

static void
on_signal(int sig)
{
	(void)sig;
	__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
}

static void
signals(unsigned long flags, bool timeout, long result)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};
	struct timespec t = {60, 0};

	sigaction(SIGUSR1, &sa, NULL);
	woken = word = calls = 0;
	w[0].timeout = timeout ? &t : NULL;
	start(&w[0], 0, &word, WAIT, 0);
	EXPECT_EQ(0, um_syscall(SYS_tgkill, getpid(), w[0].t.tid, SIGUSR1, 0, 0, 0));
	for (int i = 0; i < 1000 && calls == 0; i++)
		um_sleep_ms(1);
	EXPECT_EQ(1, calls);
	um_sleep_ms(10);
	for (int i = 0; i < 1000 && result != 0 && woken == 0; i++)
		um_sleep_ms(1);
	EXPECT_EQ(result != 0, woken);
	if (result == 0)
		EXPECT_EQ(1, futex(&word, WAKE, 1, NULL, NULL, 0));
	um_thread_join(&w[0].t);
	EXPECT_EQ(result, w[0].result);
}

/* A stop is no reason to wait longer, or not at all. */
static void
stopped(void *arg)
{
	struct timespec t = {1, 0};
	long long before = now_ns(CLOCK_MONOTONIC), took;

	(void)arg;
	word = 0;
	EXPECT_EQ(-ETIMEDOUT, futex(&word, WAIT, 0, &t, NULL, 0));
	took = now_ns(CLOCK_MONOTONIC) - before;
	EXPECT(took >= 1000000000 && took < 1500000000); /* a whole second after the stop: 1.65 */
}

static void
stop_and_go(void)
{
	pid_t pid = um_fork();

	if (pid == 0) {
		stopped(NULL);
		_exit(um_result());
	}
	um_sleep_ms(50);
	kill(pid, SIGSTOP);
	um_sleep_ms(600);
	kill(pid, SIGCONT);
	EXPECT_EQ(0, um_wait(pid));
}

int
main(void)
{
	counts(0);
	counts(PRIVATE);
	bitsets();
	requeue();
	wake_op();
	processes();
	copied();
	deadline(WAIT, CLOCK_MONOTONIC, false);
	deadline(WAIT_BITSET, CLOCK_MONOTONIC, true);
	deadline(WAIT_BITSET | 256, CLOCK_REALTIME, true);
	signals(0, false, -EINTR);
	signals(SA_RESTART, false, 0);
	signals(0, true, -EINTR);
	signals(SA_RESTART, true, -EINTR);
	stop_and_go();
	return um_result();
}
