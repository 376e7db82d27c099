/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Can eight threads map, unmap, protect and use memory of one address space at once, without
 * meeting each other's?
 */
#include <setjmp.h>

#include "user/tests/umthread.h"

#define THREADS 8
#define PAGES   12

static _Thread_local sigjmp_buf back;
static _Thread_local volatile char *fault_at;
static char *arena; /* PAGES pages for each thread, side by side */

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault_at = info->si_addr;
	siglongjmp(back, 1);
}

/* => did the store fault, at that address? */
static bool
store_faults(volatile char *p)
{
	fault_at = NULL;
	if (sigsetjmp(back, 1) == 0) {
		*p = 1;
		return false;
	}
	return fault_at == p;
}

/* Mappings wherever the kernel likes. */
static void *
map_anywhere(void *arg)
{
	uint64_t seed = um_nonce() + (long)arg;
	char *p[PAGES] = {NULL};

	for (int i = 0; i < 80; i++) {
		uint64_t r = um_mix(seed, i);
		int k = r % PAGES;
		size_t len = (1 + r / 16 % 8) * UM_PAGE;

		if (p[k] != NULL) {
			EXPECT_EQ((char)((long)arg + k), p[k][0]);
			EXPECT_EQ(0, munmap(p[k], UM_PAGE));
		}
		p[k] = um_map(len, MAP_PRIVATE);
		EXPECT_EQ(0, p[k][len - 1]);
		if (len > UM_PAGE)
			EXPECT_EQ(0, munmap(p[k] + UM_PAGE, len - UM_PAGE));
		p[k][0] = (long)arg + k;
	}
	for (int k = 0; k < PAGES; k++)
		if (p[k] != NULL)
			EXPECT_EQ(0, munmap(p[k], UM_PAGE));
	return NULL;
}

/* Each in its own part of one mapping, whose entries are cut and joined by all. */
static void *
protect_own_part(void *arg)
{
	char *mine = arena + (long)arg * PAGES * UM_PAGE;
	uint64_t seed = um_nonce() ^ (long)arg;
	int prot[PAGES];
	char value[PAGES] = {0};

	for (int k = 0; k < PAGES; k++)
		prot[k] = PROT_READ | PROT_WRITE;
	for (int i = 0; i < 120; i++) {
		uint64_t r = um_mix(seed, i);
		int k = r % PAGES;
		char *p = mine + k * UM_PAGE;

		switch (r >> 8 & 3) {
		case 0:
			prot[k] = r >> 16 & 1 ? PROT_READ : PROT_READ | PROT_WRITE;
			EXPECT_EQ(0, mprotect(p, UM_PAGE, prot[k]));
			break;
		case 1:
			REQUIRE(mmap(p, UM_PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
			prot[k] = PROT_READ | PROT_WRITE;
			value[k] = 0;
			break;
		case 2:
			EXPECT_EQ(!(prot[k] & PROT_WRITE), store_faults(p + 100));
			if (prot[k] & PROT_WRITE)
				value[k] = 1;
			break;
		default:
			EXPECT_EQ(value[k], p[100]);
		}
	}
	return NULL;
}

static int victim_stage;
static volatile char *victim;

/* What one thread takes away is gone for the others when the call has returned. */
static void *
use_victim(void *arg)
{
	int seen = 0;

	(void)arg;
	for (;;) {
		int stage = __atomic_load_n(&victim_stage, __ATOMIC_SEQ_CST);

		if (stage < 0)
			return NULL;
		if (stage != 1 && store_faults(victim))
			continue;
		/* Read again: no store may succeed while the page was read-only all the time. */
		if (stage == 1 && !store_faults(victim) &&
		    __atomic_load_n(&victim_stage, __ATOMIC_SEQ_CST) == 1)
			seen++;
		EXPECT_EQ(0, seen);
	}
}

static void
takes_effect_at_once(void)
{
	pthread_t t[2];

	victim = um_map(UM_PAGE, MAP_PRIVATE);
	for (int i = 0; i < 2; i++)
		t[i] = um_thread(use_victim, NULL);
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(0, mprotect((void *)victim, UM_PAGE, PROT_READ));
		__atomic_store_n(&victim_stage, 1, __ATOMIC_SEQ_CST);
		sched_yield();
		__atomic_store_n(&victim_stage, 0, __ATOMIC_SEQ_CST);
		EXPECT_EQ(0, mprotect((void *)victim, UM_PAGE, PROT_READ | PROT_WRITE));
		sched_yield();
	}
	__atomic_store_n(&victim_stage, -1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 2; i++)
		um_join(t[i]);
}

int
main(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};

	act.sa_sigaction = on_fault;
	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
	um_threads(THREADS, map_anywhere);
	arena = um_map(THREADS * PAGES * UM_PAGE, MAP_PRIVATE);
	um_threads(THREADS, protect_own_part);
	takes_effect_at_once();
	return um_result();
}
