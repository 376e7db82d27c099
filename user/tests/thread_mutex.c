/* SPDX-License-Identifier: BSD-2-Clause */
/* Do mutexes, read-write locks and the locks inside the C library keep threads apart? */
#include "user/tests/umthread.h"

#define THREADS 8
#define ROUNDS  400

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, slow = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long counter, slow_counter, left, right;
static FILE *log_file;

static void *
add(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

/* Preempted inside, so that others must sleep. */
static void *
add_slowly(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&slow);
		long seen = slow_counter;

		sched_yield();
		slow_counter = seen + 1;
		pthread_mutex_unlock(&slow);
	}
	return NULL;
}

static void *
read_or_write(void *arg)
{
	for (int i = 0; i < 100; i++) {
		if ((long)arg < 2) {
			pthread_rwlock_wrlock(&rwlock);
			left++;
			sched_yield();
			right++;
		} else {
			pthread_rwlock_rdlock(&rwlock);
			EXPECT_EQ(left, right);
		}
		pthread_rwlock_unlock(&rwlock);
	}
	return NULL;
}

static void *
allocate(void *arg)
{
	unsigned char *block[32] = {NULL};
	unsigned seed = (long)arg;

	for (int i = 0; i < 600; i++) {
		int k = rand_r(&seed) % 32, size = 1 + rand_r(&seed) % 3000;

		if (block[k] != NULL)
			EXPECT_EQ((k * 8 + (long)arg) & 255, *block[k]);
		free(block[k]);
		block[k] = malloc(size);
		REQUIRE(block[k] != NULL);
		memset(block[k], k * 8 + (long)arg, size);
	}
	for (int k = 0; k < 32; k++)
		free(block[k]);
	return NULL;
}

static void *
write_lines(void *arg)
{
	for (int i = 0; i < 50; i++)
		fprintf(log_file, "%ld writes the line number %d\n", (long)arg, i);
	return NULL;
}

/* Every line is whole, and those of one thread are in order. */
static void
lines_are_whole(void)
{
	int next[THREADS] = {0}, n, i, count = 0;
	char *text, line[80];
	size_t size;
	long who;

	log_file = open_memstream(&text, &size);
	um_threads(THREADS, write_lines);
	fclose(log_file);
	for (char *p = text; *p != 0; p += n, count++) {
		n = strcspn(p, "\n") + 1;
		REQUIRE(n < (int)sizeof(line) &&
		    sscanf(p, "%ld writes the line number %d", &who, &i) == 2);
		REQUIRE(who >= 0 && who < THREADS);
		EXPECT_EQ(next[who], i);
		next[who] = i + 1;
	}
	EXPECT_EQ(THREADS * 50, count);
	free(text);
}

static void *
kinds_seen_by_another(void *arg)
{
	struct timespec until;

	EXPECT_EQ(EBUSY, pthread_mutex_trylock(arg));
	EXPECT_EQ(EPERM, pthread_mutex_unlock(arg));
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	EXPECT_EQ(ETIMEDOUT, pthread_mutex_timedlock(arg, &until));
	until.tv_nsec = 1000000000;
	EXPECT_EQ(EINVAL, pthread_mutex_timedlock(arg, &until));
	return NULL;
}

static void
kinds(int type)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;

	EXPECT_EQ(0, pthread_mutexattr_init(&attr));
	EXPECT_EQ(0, pthread_mutexattr_settype(&attr, type));
	EXPECT_EQ(0, pthread_mutex_init(&m, &attr));
	EXPECT_EQ(0, pthread_mutex_lock(&m));
	if (type == PTHREAD_MUTEX_RECURSIVE) {
		EXPECT_EQ(0, pthread_mutex_lock(&m));
		EXPECT_EQ(0, pthread_mutex_trylock(&m));
		EXPECT_EQ(0, pthread_mutex_unlock(&m));
		EXPECT_EQ(0, pthread_mutex_unlock(&m));
	} else {
		EXPECT_EQ(EDEADLK, pthread_mutex_lock(&m));
		EXPECT_EQ(EBUSY, pthread_mutex_trylock(&m));
	}
	um_join(um_thread(kinds_seen_by_another, &m));
	EXPECT_EQ(0, pthread_mutex_unlock(&m));
	EXPECT_EQ(EPERM, pthread_mutex_unlock(&m));
	EXPECT_EQ(0, pthread_mutex_destroy(&m));
	EXPECT_EQ(0, pthread_mutexattr_destroy(&attr));
}

int
main(void)
{
	um_threads(THREADS, add);
	EXPECT_EQ(THREADS * ROUNDS, counter);
	um_threads(THREADS, add_slowly);
	EXPECT_EQ(THREADS * 20, slow_counter);
	um_threads(THREADS, read_or_write);
	EXPECT_EQ(200, left);
	um_threads(THREADS, allocate);
	lines_are_whole();
	kinds(PTHREAD_MUTEX_RECURSIVE);
	kinds(PTHREAD_MUTEX_ERRORCHECK);
	return um_result();
}
