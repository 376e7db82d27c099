/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a thread that overflows its stack hit the guard below it, and nothing that belongs to
 * others?
 */
#include "user/tests/umthread.h"

#define STACK (64 * 1024UL)

static uintptr_t lowest;

static int
sink(int depth)
{
	volatile char frame[512];

	frame[0] = depth;
	lowest = (uintptr_t)frame;
	return depth > 0 ? sink(depth - 1) + frame[0] : 0;
}

static void *
sink_forever(void *arg)
{
	(void)arg;
	sink(1000000);
	return NULL;
}

static void
report(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)sig;
	(void)context;
	/* In the guard page: a little below what the stack has reached. */
	_exit(info->si_code == SEGV_ACCERR && at <= lowest + 512 && at > lowest - 4096 ? 7 : 8);
}

static void *
overflow(void *arg)
{
	stack_t alt = {.ss_sp = arg, .ss_size = 16384};

	REQUIRE(sigaltstack(&alt, NULL) == 0);
	return sink_forever(NULL);
}

static pthread_t
small_thread(void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	size_t size;
	pthread_t t;

	pthread_attr_init(&attr);
	EXPECT_EQ(0, pthread_attr_setstacksize(&attr, STACK));
	EXPECT_EQ(0, pthread_attr_getstacksize(&attr, &size));
	EXPECT_EQ(STACK, size);
	EXPECT_EQ(EINVAL, pthread_attr_setstacksize(&attr, 1000));
	EXPECT_EQ(0, pthread_attr_setguardsize(&attr, UM_PAGE));
	REQUIRE(pthread_create(&t, &attr, fn, arg) == 0);
	pthread_attr_destroy(&attr);
	return t;
}

static void
caught(void *arg)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

	(void)arg;
	act.sa_sigaction = report;
	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
	small_thread(overflow, malloc(16384));
	for (;;)
		pause();
}

/* Without a stack for the handler the signal ends the process. */
static void
fatal(void *arg)
{
	(void)arg;
	small_thread(sink_forever, NULL);
	for (;;)
		pause();
}

/* Most of the stack is there. */
static void *
use(void *arg)
{
	volatile char room[STACK - 16384];

	(void)arg;
	memset((char *)room, 1, sizeof(room));
	return NULL;
}

int
main(void)
{
	pthread_t t[8];

	for (int i = 0; i < 8; i++)
		t[i] = small_thread(use, NULL);
	for (int i = 0; i < 8; i++)
		um_join(t[i]);
	EXPECT_EQ(7, um_status_of(caught, NULL));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(fatal, NULL));
	return um_result();
}
