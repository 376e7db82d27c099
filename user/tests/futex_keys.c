/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a futex found by what its address shows: the object for shared memory, wherever it is mapped,
 * the address space for private memory?
 */
#include <semaphore.h>
#include <sys/syscall.h>

#include "user/tests/umthread.h"

#define WAIT        0
#define WAKE        1
#define CMP_REQUEUE 4
#define WAIT_BITSET 9
#define WAKE_BITSET 10
#define PRIVATE     128
#define FOREVER_MS  10000

static long
futex(void *word, int op, long value, long time, void *other, long value3)
{
	return um_syscall(SYS_futex, (long)word, op, value, time, (long)other, value3);
}

/* Sleeps until woken; nobody should have to wait that long. */
static long
wait_on(int *word, int op, int value, unsigned bits)
{
	struct timespec limit = {FOREVER_MS / 1000, 0};

	if ((op & 127) == WAIT_BITSET) {
		clock_gettime(CLOCK_MONOTONIC, &limit);
		limit.tv_sec += FOREVER_MS / 1000;
	}
	return futex(word, op, value, (long)&limit, NULL, bits);
}

/* Wakes until `n` have been woken: they may not sleep yet. => whether they came */
static bool
wake_exactly(int *word, int op, int n, unsigned bits)
{
	int woken = 0;

	for (int i = 0; i < FOREVER_MS && woken < n; i++) {
		woken += futex(word, op, n - woken, 0, NULL, bits);
		if (woken < n)
			um_sleep_ms(1);
	}
	return woken == n;
}

static pid_t
waiter(int *word, int op)
{
	pid_t pid = um_fork();

	if (pid == 0)
		_exit(wait_on(word, op, *word, -1) != 0);
	return pid;
}

/* One page in two processes; the private flag, wrongly set, finds nobody. */
static void
shared_memory(void)
{
	int *word = um_map(2 * UM_PAGE, MAP_SHARED);
	pid_t pid = waiter(word + 5, WAIT), other = waiter(word + 6, WAIT);

	EXPECT_EQ(0, futex(word + 4, WAKE, 1, 0, NULL, 0));
	EXPECT(wake_exactly(word + 5, WAKE, 1, 0));
	EXPECT_EQ(0, um_wait(pid));
	EXPECT_EQ(0, futex(word + 6, WAKE | PRIVATE, 1, 0, NULL, 0));
	EXPECT(wake_exactly(word + 6, WAKE, 1, 0));
	EXPECT_EQ(0, um_wait(other));
	munmap(word, 2 * UM_PAGE);
}

/* Where the page is mapped does not matter: the waiter sees it at another address. */
static void
moved_memory(void)
{
	int *word = um_map(2 * UM_PAGE, MAP_SHARED), *moved;
	pid_t pid = waiter(word + 5, WAIT);

	moved = mremap(word, 2 * UM_PAGE, 8 * UM_PAGE, MREMAP_MAYMOVE);
	REQUIRE(moved != MAP_FAILED);
	EXPECT(wake_exactly(moved + 5, WAKE, 1, 0));
	EXPECT_EQ(0, um_wait(pid));
	munmap(moved, 8 * UM_PAGE);
}

static int private_word, started;

static void *
wait_private(void *arg)
{
	um_step(&started);
	return (void *)wait_on(&private_word, (int)(long)arg, 0, -1);
}

/* The child's copy of a private word is another futex, at the same address. */
static void
private_memory(int op)
{
	pthread_t t;
	pid_t pid;

	started = 0;
	t = um_thread(wait_private, (void *)(long)op);
	um_wait_step(&started, 1);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 10; i++) {
			if (futex(&private_word, WAKE | (op & PRIVATE), 100, 0, NULL, 0) != 0)
				_exit(1);
			um_sleep_ms(1);
		}
		private_word = 1;
		_exit(0);
	}
	EXPECT_EQ(0, um_wait(pid));
	EXPECT(wake_exactly(&private_word, WAKE | (op & PRIVATE), 1, 0));
	EXPECT_EQ(0, (long)um_join(t));
}

/* A store that copies the page does not lose who sleeps on it. */
static void
copied_while_waiting(void)
{
	pthread_t t;
	pid_t pid;
	int fds[2];
	char c;

	REQUIRE(pipe(fds) == 0);
	pid = fork(); /* the page is shared with the child, copy-on-write */
	if (pid == 0) {
		close(fds[1]);
		(void)!read(fds[0], &c, 1);
		_exit(private_word);
	}
	started = 0;
	t = um_thread(wait_private, (void *)WAIT);
	um_wait_step(&started, 1);
	um_sleep_ms(5);
	private_word = 7;
	EXPECT(wake_exactly(&private_word, WAKE, 1, 0));
	EXPECT_EQ(0, (long)um_join(t));
	private_word = 0;
	close(fds[0]);
	close(fds[1]);
	EXPECT_EQ(0, um_wait(pid));
}

static int gate, room, woken[8];

static void *
wait_for_bit(void *arg)
{
	long n = (long)arg;

	um_step(&started);
	if (wait_on(&gate, WAIT_BITSET | PRIVATE, 0, 1u << n) == 0)
		um_step(&woken[n]);
	return NULL;
}

static void
bits_choose(void)
{
	pthread_t t[8];

	started = 0;
	for (long i = 0; i < 8; i++)
		t[i] = um_thread(wait_for_bit, (void *)i);
	um_wait_step(&started, 8);
	EXPECT_EQ(0, futex(&gate, WAKE_BITSET | PRIVATE, 100, 0, NULL, 1 << 20));
	EXPECT(wake_exactly(&gate, WAKE_BITSET | PRIVATE, 2, 1 << 3 | 1 << 5));
	um_wait_step(&woken[3], 1);
	um_wait_step(&woken[5], 1);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(i == 3 || i == 5, woken[i]);
	EXPECT(wake_exactly(&gate, WAKE | PRIVATE, 6, 0)); /* no bits: any */
	for (int i = 0; i < 8; i++)
		um_join(t[i]);
}

static void *
wait_at_gate(void *arg)
{
	(void)arg;
	um_step(&started);
	return (void *)wait_on(&gate, WAIT | PRIVATE, 0, -1);
}

/* One is woken, the rest sleep on at the other word. */
static void
requeued(void)
{
	pthread_t t[6];
	int done = 0;

	started = 0;
	for (int i = 0; i < 6; i++)
		t[i] = um_thread(wait_at_gate, NULL);
	um_wait_step(&started, 6);
	EXPECT_EQ(-EAGAIN, futex(&gate, CMP_REQUEUE | PRIVATE, 1, 100, &room, 1));
	EXPECT(wake_exactly(&gate, WAKE | PRIVATE, 1, 0));
	for (int i = 0; i < FOREVER_MS && done < 5; i++) {
		done += futex(&gate, CMP_REQUEUE | PRIVATE, 0, 100, &room, 0);
		um_sleep_ms(done < 5);
	}
	EXPECT_EQ(5, done);
	EXPECT_EQ(0, futex(&gate, WAKE | PRIVATE, 100, 0, NULL, 0));
	EXPECT_EQ(2, futex(&room, WAKE | PRIVATE, 2, 0, NULL, 0));
	EXPECT_EQ(3, futex(&room, WAKE | PRIVATE, 100, 0, NULL, 0));
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0, (long)um_join(t[i]));
}

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	sem_t sem;
	long count, turn;
};

static void
work(struct shared *s, int me, int processes)
{
	for (int i = 0; i < 50; i++) {
		pthread_mutex_lock(&s->mutex);
		while (s->turn % processes != me)
			pthread_cond_wait(&s->cond, &s->mutex);
		s->turn++;
		s->count++;
		pthread_cond_broadcast(&s->cond);
		pthread_mutex_unlock(&s->mutex);
		sem_wait(&s->sem);
		sem_post(&s->sem);
	}
}

/* Mutexes, condition variables and semaphores among processes. */
static void
between_processes(void)
{
	struct shared *s = um_map(UM_PAGE, MAP_SHARED);
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pid_t pid[3];

	pthread_mutexattr_init(&ma);
	pthread_condattr_init(&ca);
	EXPECT_EQ(0, pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED));
	EXPECT_EQ(0, pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED));
	pthread_mutex_init(&s->mutex, &ma);
	pthread_cond_init(&s->cond, &ca);
	sem_init(&s->sem, 1, 1);
	for (int i = 0; i < 3; i++) {
		pid[i] = um_fork();
		if (pid[i] == 0) {
			work(s, i, 3);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, um_wait(pid[i]));
	EXPECT_EQ(150, s->count);
	munmap(s, UM_PAGE);
}

int
main(void)
{
	shared_memory();
	moved_memory();
	private_memory(WAIT);
	private_memory(WAIT | PRIVATE);
	copied_while_waiting();
	bits_choose();
	requeued();
	between_processes();
	return um_result();
}
