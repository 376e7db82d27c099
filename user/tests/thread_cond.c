/* SPDX-License-Identifier: BSD-2-Clause */
/* Do condition variables, semaphores, barriers and once wake whom they should, when they should? */
#include <semaphore.h>

#include "user/tests/umthread.h"

#define ITEMS 600
#define SLOTS 4

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static int queue[SLOTS], used, made, taken;
static long sum;

static void *
produce_or_consume(void *arg)
{
	bool producer = (long)arg < 2;

	for (int i = 0; i < ITEMS / 2; i++) {
		pthread_mutex_lock(&mutex);
		while (producer ? used == SLOTS : used == 0)
			pthread_cond_wait(producer ? &not_full : &not_empty, &mutex);
		if (producer)
			queue[used++] = ++made;
		else
			sum += queue[--used], taken++;
		pthread_mutex_unlock(&mutex);
		pthread_cond_signal(producer ? &not_empty : &not_full);
	}
	return NULL;
}

static void
queue_loses_nothing(void)
{
	um_threads(4, produce_or_consume);
	EXPECT_EQ(ITEMS, taken);
	EXPECT_EQ((long)ITEMS * (ITEMS + 1) / 2, sum);
}

static pthread_cond_t all = PTHREAD_COND_INITIALIZER;
static int waiting, open_gate, through;

static void *
wait_at_gate(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	um_step(&waiting);
	while (!open_gate)
		pthread_cond_wait(&all, &mutex);
	through++;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void
broadcast_wakes_all(void)
{
	pthread_t t[16];

	for (int i = 0; i < 16; i++)
		t[i] = um_thread(wait_at_gate, NULL);
	um_wait_step(&waiting, 16);
	pthread_mutex_lock(&mutex);
	open_gate = 1;
	pthread_cond_broadcast(&all);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < 16; i++)
		um_join(t[i]);
	EXPECT_EQ(16, through);
}

static void
waits_end_in_time(clockid_t clock)
{
	struct timespec until, now;
	pthread_condattr_t attr;
	pthread_cond_t c;

	EXPECT_EQ(0, pthread_condattr_init(&attr));
	EXPECT_EQ(0, pthread_condattr_setclock(&attr, clock));
	EXPECT_EQ(0, pthread_cond_init(&c, &attr));
	clock_gettime(clock, &until);
	until.tv_nsec += 30000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&mutex);
	EXPECT_EQ(ETIMEDOUT, pthread_cond_timedwait(&c, &mutex, &until));
	EXPECT_EQ(EBUSY, pthread_mutex_trylock(&mutex));
	clock_gettime(clock, &now);
	EXPECT(now.tv_sec > until.tv_sec ||
	    (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
	EXPECT_EQ(ETIMEDOUT, pthread_cond_timedwait(&c, &mutex, &until));
	until.tv_nsec = -1;
	EXPECT_EQ(EINVAL, pthread_cond_timedwait(&c, &mutex, &until));
	pthread_mutex_unlock(&mutex);
	EXPECT_EQ(0, pthread_cond_destroy(&c));
}

static sem_t ping, pong;
static int rally;

static void *
play(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		sem_wait(&ping);
		rally++;
		sem_post(&pong);
	}
	return NULL;
}

static void
semaphores(void)
{
	struct timespec past = {1, 0};
	pthread_t t;
	int value;

	EXPECT_EQ(0, sem_init(&ping, 0, 2));
	EXPECT_EQ(0, sem_init(&pong, 0, 0));
	EXPECT_EQ(0, sem_trywait(&ping));
	EXPECT_EQ(0, sem_wait(&ping));
	EXPECT_ERRNO(EAGAIN, sem_trywait(&ping));
	EXPECT_ERRNO(ETIMEDOUT, sem_timedwait(&ping, &past));
	t = um_thread(play, NULL);
	for (int i = 0; i < 200; i++) {
		EXPECT_EQ(i, rally);
		sem_post(&ping);
		sem_wait(&pong);
	}
	um_join(t);
	EXPECT_EQ(0, sem_getvalue(&ping, &value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, sem_destroy(&ping));
	EXPECT_EQ(0, sem_destroy(&pong));
}

static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int round_sum[20], serial, onces;

static void
only_once(void)
{
	um_sleep_ms(5);
	onces++;
}

static void *
march(void *arg)
{
	(void)arg;
	pthread_once(&once, only_once);
	EXPECT_EQ(1, onces);
	for (int i = 0; i < 20; i++) {
		um_step(&round_sum[i]);
		int r = pthread_barrier_wait(&barrier);

		EXPECT(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
		if (r != 0)
			um_step(&serial);
		EXPECT_EQ(6, round_sum[i]);
	}
	return NULL;
}

int
main(void)
{
	queue_loses_nothing();
	broadcast_wakes_all();
	waits_end_in_time(CLOCK_REALTIME);
	waits_end_in_time(CLOCK_MONOTONIC);
	semaphores();
	EXPECT_EQ(0, pthread_barrier_init(&barrier, NULL, 6));
	um_threads(6, march);
	EXPECT_EQ(20, serial);
	EXPECT_EQ(0, pthread_barrier_destroy(&barrier));
	return um_result();
}
