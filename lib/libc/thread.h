/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the C library knows of a thread, and the locks that it uses itself.
 *
 *	    struct pthread        |  copy of .tdata | .tbss = 0
 *	--------------------------+-----------------------------
 *	                          tp
 *
 * `tp` points behind the thread's struct pthread and at its thread-local variables, as the ABI
 * wants it (variant I, no thread control block of a fixed size). The main thread's copy is in
 * tls.c's bss, or mapped if it is large; that of a created thread lies above its stack:
 *
 *	map                                                    map + map_size
 *	| guard, no access | stack ............... <- sp | struct pthread | tls |
 *
 * Lock tags: a atomic, T only the thread itself, I immutable after creation, k kill_lock.
 */
#ifndef LIB_LIBC_THREAD_H
#define LIB_LIBC_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

enum thread_state {
	THREAD_JOINABLE,
	THREAD_DETACHED, /* frees itself */
	THREAD_EXITING,  /* was joinable; who joins frees it */
};

struct pthread {
	int tid;       /* a: 0: the kernel is through with the thread, or nobody has asked (main) */
	int state;     /* a: enum thread_state */
	int kill_lock; /* a: pthread_kill() against the end of the thread */
	bool gone;     /* k: takes no signals any more */
	void *result;  /* T: then whoever joins */
	void *(*start)(void *);     /* I */
	void *arg;                  /* I */
	sigset_t mask;              /* I: to begin with */
	struct __cleanup *cleanups; /* T: pthread_cleanup_push, the latest first */
	void *map;                  /* I: to be unmapped at the end; NULL: main */
	size_t map_size;            /* I */
} __attribute__((aligned(16)));

/* The library's locks. Whoever takes several takes them in this order; fork() takes them all. */
enum libc_lock {
	LOCK_ATFORK,
	LOCK_ATEXIT,
	LOCK_ENV,
	LOCK_SYSTEM,  /* system(): what it did to signals */
	LOCK_STREAMS, /* the list of open streams */
	LOCK_KEYS,
	LOCK_MALLOC,
	LOCK_COUNT
};

extern int __locks[LOCK_COUNT];

/* How many threads have not ended; 1 until the first pthread_create(). */
extern int __thread_count;

/* a: The thread that is in exit(): any other that calls it waits for the end. */
extern struct pthread *__leaving;

static inline struct pthread *
__self(void)
{
	struct pthread *behind;

	__asm__("mv %0, tp" : "=r"(behind));
	return behind - 1;
}

/* A system call that leaves errno alone.  => -errno on failure */
static inline long
__call(long number, long a, long b, long c, long d, long e, long f)
{
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;
	register long a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
			 : "memory");
	return a0;
}

/*
 * Sleep until woken, if *word is still `value`.
 * => `shared`: among processes.
 * => `until`: on that clock, absolute; NULL: for ever.
 * => returns 0 (also without reason: look again), EAGAIN (it is not), EINTR, ETIMEDOUT, EINVAL.
 */
int __futex_wait(int *word, int value, bool shared, clockid_t clock, const struct timespec *until);

/*
 * Wake up to `count` threads that sleep on word.
 * => the word may be gone already: the kernel only looks at its address.
 */
void __futex_wake(int *word, int count, bool shared);

/*
 * A lock in one word: 0 free, 1 taken, 2 taken and somebody may sleep. unlock wakes one sleeper if
 * it finds 2; who has slept takes the lock as 2, as there may be others.
 * => __word_lock may sleep; returns 0, or ETIMEDOUT, EINVAL if `until` (CLOCK_REALTIME) says so.
 * => __word_trylock: true: taken.
 */
int __word_lock(int *word, bool shared, const struct timespec *until);
bool __word_trylock(int *word);
void __word_unlock(int *word, bool shared);

/* One of the library's own locks.  => not recursive; errno stays */
void __lock(enum libc_lock lock);
void __unlock(enum libc_lock lock);

/*
 * All of them, around fork(): nobody is inside malloc() when the child is copied.
 * => __locks_reset: in the child, where nobody else can hold or want one.
 */
void __lock_all(void);
void __unlock_all(void);
void __locks_reset(void);

/* Gives the main thread its tp.  => called once, before anything touches errno. */
void __tls_start(void);

/* How many bytes a struct pthread with its thread-local variables needs. */
size_t __tls_size(void);

/* Lays both out in [area, area + __tls_size()), which is zero.  => area is 16-byte aligned. */
struct pthread *__tls_place(void *area);

/* munmap(map, size), then exit of this thread, on registers alone: the stack is in the mapping. */
_Noreturn void __thread_unmap_exit(void *map, size_t size);

/* Run the destructors of the calling thread's keys. Only linked into programs that have keys. */
void __thread_run_destructors(void) __attribute__((weak));

/* In the child after fork(): streams that other threads had locked are free. Only with streams. */
void __streams_after_fork(void) __attribute__((weak));

/* Only in programs that use pthread_atfork().  => 'p' prepare, 'P' parent, 'c' child */
void __atfork_run(int when) __attribute__((weak));

#endif
