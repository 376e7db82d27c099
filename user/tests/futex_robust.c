/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a lock on a thread's robust list tell the next one that its owner has died: at exit, when killed, at execve, for the
 * lock about to be taken or released as well, and no other lock?
 */
#include <stddef.h>

#include "user/tests/umclone.h"

#define WAITERS    0x80000000u
#define OWNER_DIED 0x40000000u
#define NLOCK      4

struct lock {
	struct lock *next; /* struct robust_list */
	unsigned word;
};

struct head {
	struct lock *first;
	long offset;
	struct lock *pending;
};

struct shared {
	struct head head;
	struct lock lock[NLOCK];
	unsigned ready;
} * s;

/* Own locks 0 and 1, hold 2 that another owns, and be in the middle of something with 3. */
static void
take_locks(unsigned pending_word)
{
	unsigned tid = (unsigned)um_gettid();

	memset(s, 0, sizeof(*s));
	s->head.offset = offsetof(struct lock, word);
	s->head.first = &s->lock[0];
	s->lock[0].next = &s->lock[1];
	s->lock[1].next = &s->lock[2];
	s->lock[2].next = (struct lock *)&s->head;
	s->head.pending = &s->lock[3];
	s->lock[0].word = tid;
	s->lock[1].word = tid | WAITERS;
	s->lock[2].word = tid + 1;
	s->lock[3].word = pending_word != 0 ? tid | pending_word : 0;
	REQUIRE(um_syscall(SYS_set_robust_list, (long)&s->head, sizeof(s->head), 0, 0, 0, 0) == 0);
	__atomic_store_n(&s->ready, 1, __ATOMIC_SEQ_CST);
}

static void
by_exit(void *arg)
{
	take_locks(*(unsigned *)arg);
}

static void
by_kill(void *arg)
{
	take_locks(*(unsigned *)arg);
	for (;;)
		um_sleep_ms(1000);
}

static void
by_exec(void *arg)
{
	take_locks(*(unsigned *)arg);
	execl("/proc/self/exe", "futex_robust", "again", NULL);
}

static long
thread_ends(void *arg)
{
	(void)arg;
	take_locks(WAITERS);
	return 0;
}

static void
by_thread(void *arg)
{
	static struct um_thread t;

	(void)arg;
	um_thread_start(&t, 0, thread_ends);
	um_thread_join(&t);
	EXPECT_EQ(OWNER_DIED, s->lock[0].word);
}

/* Somebody waits for the word as long as it has the value.  => the process that does */
static pid_t
start_waiter(struct lock *l, unsigned mask)
{
	pid_t pid = um_fork();

	if (pid == 0) {
		while (__atomic_load_n(&s->ready, __ATOMIC_SEQ_CST) == 0)
			um_sleep_ms(1);
		for (;;) {
			unsigned v = __atomic_load_n(&l->word, __ATOMIC_SEQ_CST);

			if ((v & mask) == mask)
				_exit(51);
			um_futex_wait((int *)&l->word, (int)v);
		}
	}
	return pid;
}

static void
ask(void (*fn)(void *), unsigned pending_word, int sig)
{
	pid_t waiter, pid;

	memset(s, 0, sizeof(*s));
	waiter = start_waiter(&s->lock[1], OWNER_DIED);
	pid = um_fork();
	if (pid == 0) {
		fn(&pending_word);
		_exit(um_result());
	}
	while (__atomic_load_n(&s->ready, __ATOMIC_SEQ_CST) == 0)
		um_sleep_ms(1);
	if (sig != 0) {
		um_sleep_ms(20);
		kill(pid, sig);
	}
	EXPECT_EQ(sig != 0 ? 128 + sig : 0, um_wait(pid));
	EXPECT_EQ(OWNER_DIED, s->lock[0].word);
	EXPECT_EQ(OWNER_DIED | WAITERS, s->lock[1].word);
	EXPECT_EQ(pid + 1, s->lock[2].word);
	EXPECT_EQ(pending_word != 0 ? OWNER_DIED | pending_word : 0, s->lock[3].word);
	EXPECT_EQ(51, um_wait(waiter));
}

/* The lock was released, and whoever did it died before waking the next one. */
static void
pending_wakes(void)
{
	unsigned none = 0;
	pid_t pid, waiter = um_fork();

	if (waiter == 0) {
		um_futex_wait((int *)&s->lock[3].word, 0);
		_exit(52);
	}
	um_sleep_ms(30);
	pid = um_fork();
	if (pid == 0) {
		by_exit(&none);
		_exit(0);
	}
	EXPECT_EQ(0, um_wait(pid));
	EXPECT_EQ(52, um_wait(waiter));
}

int
main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0;
	s = um_map(UM_PAGE, MAP_SHARED);
	ask(by_exit, WAITERS, 0);
	ask(by_exit, 0, 0);
	ask(by_kill, WAITERS, SIGKILL);
	ask(by_exec, WAITERS, 0);
	memset(s, 0, sizeof(*s));
	pending_wakes();
	EXPECT_EQ(0, um_status_of(by_thread, NULL));
	return um_result();
}
