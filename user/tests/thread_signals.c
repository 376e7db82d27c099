/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a signal to a thread reach that thread, and one to the process a thread that does not block
 * it?
 */
#include "user/tests/umthread.h"

#define THREADS 6

static int hits[THREADS], ready, finish, taken_by;
static _Thread_local int self_number;

static void
hit(int sig)
{
	(void)sig;
	um_step(&hits[self_number]);
}

static void *
target(void *arg)
{
	self_number = (long)arg;
	um_step(&ready);
	um_wait_step(&finish, 1);
	return NULL;
}

static void
to_one_thread(void)
{
	struct sigaction act = {.sa_handler = hit, .sa_flags = SA_RESTART};
	pthread_t t[THREADS];

	REQUIRE(sigaction(SIGUSR1, &act, NULL) == 0);
	for (long i = 1; i < THREADS; i++)
		t[i] = um_thread(target, (void *)i);
	um_wait_step(&ready, THREADS - 1);
	for (int i = 1; i < THREADS; i++) {
		EXPECT_EQ(0, pthread_kill(t[i], 0));
		EXPECT_EQ(0, pthread_kill(t[i], SIGUSR1));
		um_wait_step(&hits[i], 1);
	}
	EXPECT_EQ(0, pthread_kill(pthread_self(), SIGUSR1));
	EXPECT_EQ(EINVAL, pthread_kill(t[1], 1000));
	EXPECT_ERRNO(ESRCH, syscall(SYS_tgkill, getpid(), 999999, SIGUSR1));
	um_step(&finish);
	for (int i = 1; i < THREADS; i++)
		um_join(t[i]);
	for (int i = 0; i < THREADS; i++)
		EXPECT_EQ(1, hits[i]);
}

static void
note(int sig)
{
	(void)sig;
	__atomic_store_n(&taken_by, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
}

static int blocked, unblocked_tid;

static void *
blocks(void *arg)
{
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	um_step(&blocked);
	um_wait_step(&finish, 2);
	return NULL;
}

static void *
takes(void *arg)
{
	(void)arg;
	__atomic_store_n(&unblocked_tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	um_wait_step(&finish, 2);
	return NULL;
}

/* All block it but one, which is busy elsewhere. */
static void
to_the_process(void)
{
	struct sigaction act = {.sa_handler = note, .sa_flags = SA_RESTART};
	pthread_t t[3];
	sigset_t set, old, pending;

	REQUIRE(sigaction(SIGUSR2, &act, NULL) == 0);
	t[0] = um_thread(blocks, NULL);
	t[1] = um_thread(takes, NULL);
	t[2] = um_thread(blocks, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	EXPECT_EQ(0, pthread_sigmask(SIG_BLOCK, &set, &old));
	um_wait_step(&blocked, 2);
	um_wait_step(&unblocked_tid, 1);
	EXPECT_EQ(0, kill(getpid(), SIGUSR2));
	um_wait_step(&taken_by, 1);
	EXPECT_EQ(unblocked_tid, taken_by);
	/* One for this thread alone waits until it is let in. */
	EXPECT_EQ(0, pthread_kill(pthread_self(), SIGUSR2));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT_EQ(1, sigismember(&pending, SIGUSR2));
	EXPECT_EQ(0, pthread_sigmask(SIG_SETMASK, &old, NULL));
	EXPECT_EQ(getpid(), taken_by);
	EXPECT_EQ(EINVAL, pthread_sigmask(77, &set, NULL));
	um_step(&finish);
	for (int i = 0; i < 3; i++)
		um_join(t[i]);
}

static void *
wait_for_it(void *arg)
{
	sigset_t set;
	int sig = 0;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	EXPECT_EQ(0, sigwait(&set, &sig));
	return (void *)(long)sig;
}

/* A thread that waits for what all block gets it. */
static void
to_who_waits(void)
{
	sigset_t set, old;
	pthread_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	t = um_thread(wait_for_it, NULL);
	um_sleep_ms(10);
	EXPECT_EQ(0, kill(getpid(), SIGTERM));
	EXPECT_EQ(SIGTERM, (long)um_join(t));
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void *
segv(void *arg)
{
	um_store(arg);
	return NULL;
}

/* A signal that ends the process ends all threads, whoever caused it. */
static void
ends_all(void *arg)
{
	for (int i = 0; i < 3; i++)
		um_thread(target, (void *)1);
	um_thread(segv, arg);
	for (;;)
		pause();
}

static void
killed(void *arg)
{
	pthread_t t = um_thread(target, (void *)1);

	(void)arg;
	finish = 0;
	EXPECT_EQ(0, pthread_kill(t, SIGKILL));
	for (;;)
		pause();
}

int
main(void)
{
	to_one_thread();
	to_the_process();
	to_who_waits();
	finish = 0;
	EXPECT_EQ(128 + SIGSEGV, um_status_of(ends_all, (void *)8));
	EXPECT_EQ(128 + SIGKILL, um_status_of(killed, NULL));
	return um_result();
}
