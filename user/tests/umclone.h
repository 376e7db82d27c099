/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads made with bare system calls, without a C library's opinion about threads: for tests of clone, futex and signals.
 *
 * A thread shares the thread pointer of whoever made it, unless it is given another: so it uses no errno and no stdio,
 * except where only one thread at a time can get there.
 */
#ifndef USER_TESTS_UMCLONE_H
#define USER_TESTS_UMCLONE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* the names of clone flags, in glibc */
#endif

#include <sched.h>
#include <sys/syscall.h>

#include "user/tests/umtest.h"

#define UM_THREADS      8
#define UM_STACK        16384
#define UM_CLONE_THREAD 0x3d0f00 /* what pthread_create says */

#define UM_FUTEX_WAIT   0
#define UM_FUTEX_WAKE   1

struct um_thread {
	unsigned char stack[UM_STACK] __attribute__((aligned(16)));
	int tid;       /* set before it runs; 0: it has ended */
	int clear_tid; /* the word the kernel clears */
	int index;
	long (*fn)(void *t);
	long result;
};

static inline long
um_futex_wait(int *word, int value)
{
	return um_syscall(SYS_futex, (long)word, UM_FUTEX_WAIT, value, 0, 0, 0);
}

static inline long
um_futex_wake(int *word, int n)
{
	return um_syscall(SYS_futex, (long)word, UM_FUTEX_WAKE, n, 0, 0, 0);
}

static inline long
um_gettid(void)
{
	return um_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

/* In the new thread, on its own stack: sp is the struct um_thread's end of stack. */
static __attribute__((noreturn, used)) void
um_thread_main(struct um_thread *t)
{
	t->result = t->fn(t);
	um_syscall(SYS_exit, t->result, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

/* clone(flags, stack, ptid, tls, ctid); the child calls um_thread_main(t).  => as clone */
static inline long
um_clone_raw(long flags, void *stack, int *ptid, void *tls, int *ctid, struct um_thread *t)
{
	register long a0 __asm__("a0") = flags;
	register void *a1 __asm__("a1") = stack;
	register int *a2 __asm__("a2") = ptid;
	register void *a3 __asm__("a3") = tls;
	register int *a4 __asm__("a4") = ctid;
	register long a7 __asm__("a7") = SYS_clone;
	register struct um_thread *s1 __asm__("s1") = t;

	__asm__ volatile("ecall\n\t"
			 "bnez a0, 1f\n\t"
			 "mv a0, s1\n\t"
			 "li s0, 0\n\t"
			 "call um_thread_main\n"
			 "1:"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), "r"(s1)
			 : "memory");
	return a0;
}

static inline void *
um_thread_pointer(void)
{
	void *tp;

	__asm__("mv %0, tp" : "=r"(tp));
	return tp;
}

/* => as clone: a negative errno if there is no thread */
static inline long
um_thread_try(struct um_thread *t, int index, long (*fn)(void *t))
{
	t->index = index;
	t->fn = fn;
	t->tid = 0;
	t->clear_tid = 1;
	return um_clone_raw(
	    UM_CLONE_THREAD, t->stack + UM_STACK, &t->tid, um_thread_pointer(), &t->clear_tid, t);
}

static inline void
um_thread_start(struct um_thread *t, int index, long (*fn)(void *t))
{
	REQUIRE(um_thread_try(t, index, fn) > 0);
}

static inline void
um_thread_join(struct um_thread *t)
{
	while (__atomic_load_n(&t->clear_tid, __ATOMIC_ACQUIRE) != 0)
		um_futex_wait(&t->clear_tid, 1);
}

#endif
