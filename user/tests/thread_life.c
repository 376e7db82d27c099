/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do threads begin with their argument, share memory and files, end with their result, and come
 * and go by the hundred?
 */
#include <sys/resource.h>

#include "user/tests/umthread.h"

static int shared[32], done;

static void *
square(void *arg)
{
	long n = (long)arg;

	shared[n] = n * n;
	return (void *)(n * 3);
}

static void
results(void)
{
	pthread_t t[32];

	for (long i = 0; i < 32; i++)
		t[i] = um_thread(square, (void *)i);
	for (long i = 0; i < 32; i++) {
		EXPECT_EQ(i * 3, (long)um_join(t[i]));
		EXPECT_EQ(i * i, shared[i]);
	}
}

static void *
leave_from_below(void *arg)
{
	long n = (long)arg;

	if (n == 42)
		pthread_exit(arg);
	return n < 42 ? leave_from_below((void *)(n + 1)) : NULL;
}

static pthread_t main_thread;

static void *
identity(void *arg)
{
	pid_t *ids = arg;

	ids[0] = getpid();
	ids[1] = syscall(SYS_gettid);
	EXPECT(!pthread_equal(pthread_self(), main_thread));
	EXPECT(pthread_equal(pthread_self(), pthread_self()));
	EXPECT_EQ(EDEADLK, pthread_join(pthread_self(), NULL));
	return (void *)pthread_self();
}

static void
identities(void)
{
	pid_t ids[2];
	pthread_t t;

	main_thread = pthread_self();
	EXPECT_EQ(getpid(), syscall(SYS_gettid));
	t = um_thread(identity, ids);
	EXPECT(um_join(t) == (void *)t);
	EXPECT_EQ(getpid(), ids[0]);
	EXPECT(ids[1] != ids[0] && ids[1] > 0);
	t = um_thread(leave_from_below, NULL);
	EXPECT_EQ(42, (long)um_join(t));
}

static void *
open_pipe(void *arg)
{
	return (void *)(long)pipe(arg);
}

/* Descriptors and the current folder belong to the process. */
static void
shares_files(void)
{
	int fds[2];
	char c;

	EXPECT_EQ(0, (long)um_join(um_thread(open_pipe, fds)));
	EXPECT_EQ(1, write(fds[1], "x", 1));
	EXPECT_EQ(1, read(fds[0], &c, 1));
	close(fds[0]);
	close(fds[1]);
}

static void *
count(void *arg)
{
	um_step(arg);
	return NULL;
}

static void
detached(void)
{
	pthread_attr_t attr;
	pthread_t t;
	int state;

	REQUIRE(pthread_attr_init(&attr) == 0);
	EXPECT_EQ(0, pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	EXPECT_EQ(0, pthread_attr_getdetachstate(&attr, &state));
	EXPECT_EQ(PTHREAD_CREATE_DETACHED, state);
	for (int i = 0; i < 100; i++) {
		REQUIRE(pthread_create(&t, &attr, count, &done) == 0);
		if (i % 16 == 15)
			um_wait_step(&done, i - 4);
	}
	um_wait_step(&done, 100);
	for (int i = 0; i < 100; i++) {
		t = um_thread(count, &done);
		if (i & 1)
			um_wait_step(&done, 101 + i); /* it may be over when it is detached */
		EXPECT_EQ(0, pthread_detach(t));
	}
	um_wait_step(&done, 200);
	EXPECT_EQ(0, pthread_attr_destroy(&attr));
}

static void
one_after_another(void)
{
	int n = 0;

	for (int i = 0; i < 300; i++)
		um_join(um_thread(count, &n));
	EXPECT_EQ(300, n);
}

/* A stack that does not fit is refused, and leaves nothing behind. */
static void
no_room(void *arg)
{
	struct rlimit limit = {32 << 20, 32 << 20};
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	REQUIRE(pthread_attr_setstacksize(&attr, 64 << 20) == 0);
	REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
	for (int i = 0; i < 50; i++)
		EXPECT_EQ(EAGAIN, pthread_create(&t, &attr, count, arg));
	REQUIRE(pthread_attr_setstacksize(&attr, 20 << 20) == 0);
	for (int i = 0; i < 5; i++) {
		REQUIRE(pthread_create(&t, &attr, square, NULL) == 0);
		um_join(t);
	}
}

static int started, release;

static void *
stay(void *arg)
{
	char frame[2048];

	memset(frame, (long)arg, sizeof(frame));
	um_step(&started);
	um_wait_step(&release, 1);
	for (size_t i = 0; i < sizeof(frame); i++)
		if (frame[i] != (char)(long)arg)
			return NULL;
	return arg;
}

static void
all_at_once(void)
{
	pthread_t t[UM_THREADS_MAX];

	for (long i = 0; i < UM_THREADS_MAX; i++)
		t[i] = um_thread(stay, (void *)(i + 1));
	um_wait_step(&started, UM_THREADS_MAX);
	um_step(&release);
	for (long i = 0; i < UM_THREADS_MAX; i++)
		EXPECT_EQ(i + 1, (long)um_join(t[i]));
}

int
main(void)
{
	EXPECT_EQ(0, um_status_of(no_room, NULL)); /* first: some libraries keep old stacks */
	results();
	identities();
	shares_files();
	detached();
	one_after_another();
	all_at_once();
	return um_result();
}
