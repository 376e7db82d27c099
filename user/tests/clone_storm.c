/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a process survive, whose threads map, unmap, protect, touch, lend to system calls and fork the same memory at the
 * same time, and does it end as it should when one of them exits for all, executes a program, or it is killed?
 */

#include "user/tests/umclone.h"

#define PAGES  48
#define STEPS  120
#define ROUNDS 3
#define STATUS 61

enum ending { JOIN, EXIT_GROUP, EXEC, KILLED };

static struct um_thread t[UM_THREADS];
static enum ending ending;
static char *arena;
static uint64_t seed;

static uint64_t
random_of(uint64_t *state)
{
	return um_mix(seed, (*state)++);
}

/* A fault in the arena is what we play with: go on behind the instruction, which is four bytes long. */
static void
on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	char *at = info->si_addr;

	if (at < arena || at >= arena + PAGES * UM_PAGE)
		um_syscall(SYS_exit_group, 99, 0, 0, 0, 0, 0);
	(void)sig;
	*(unsigned long *)&uc->uc_mcontext += 4;
}

static void
touch(char *p, bool store)
{
	if (store)
		__asm__ volatile(".option push\n.option norvc\nsb zero, 0(%0)\n.option pop" ::"r"(p)
				 : "memory");
	else
		__asm__ volatile(".option push\n.option norvc\nlb t0, 0(%0)\n.option pop" ::"r"(p)
				 : "t0", "memory");
}

/* A child that sees the memory of one moment. */
static void
fork_child(char *p)
{
	long pid = um_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
	int status = 0;

	if (pid == 0) {
		for (int i = 0; i < PAGES; i++)
			touch(arena + i * UM_PAGE, i % 3 == 0);
		um_syscall(SYS_exit_group, 7, 0, 0, 0, 0, 0);
	}
	touch(p, true);
	if (pid < 0)
		return;
	while (um_syscall(SYS_wait4, pid, (long)&status, 0, 0, 0, 0) == -EINTR)
		continue;
	if (status != 7 << 8)
		um_syscall(SYS_exit_group, 98, 0, 0, 0, 0, 0);
}

/* Calls that read or write memory which may be gone at any moment. */
static long
lend(char *p, unsigned which)
{
	static const struct timespec none;
	long a = (long)p & ~7l;

	switch (which % 10) {
	case 0:
		return um_syscall(SYS_getrandom, a, 3 * UM_PAGE, 0, 0, 0, 0);
	case 1:
		return um_syscall(SYS_futex, a, 0, 0, (long)&none, 0, 0);
	case 2:
		return um_syscall(SYS_futex, a, 1, 1, 0, 0, 0);
	case 3:
		return um_syscall(SYS_futex, a, 4, 1, 1, a ^ (long)UM_PAGE, 0);
	case 4:
		return um_syscall(SYS_futex, (long)&seed, 5, 1, 1, a, 1 << 28 | 1 << 12);
	case 5:
		return um_syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, a, 8, 0, 0);
	case 6:
		return um_syscall(SYS_rt_sigaction, SIGUSR2, a, a + 24, 8, 0, 0);
	case 7:
		return um_syscall(SYS_execve, (long)"/nowhere", a, a, 0, 0, 0);
	case 8:
		return um_syscall(SYS_uname, a, 0, 0, 0, 0, 0);
	default:
		return um_syscall(SYS_openat, -100, a, 0, 0, 0, 0);
	}
}

static bool
expected(long result)
{
	switch (-result) {
	case EFAULT:
	case EAGAIN:
	case ETIMEDOUT:
	case ENOENT:
	case ENAMETOOLONG:
	case ENOTDIR:
	case EISDIR:
	case E2BIG:
	case ENOMEM:
	case EINTR:
		return true;
	default:
		return result >= 0;
	}
}

static void
step(uint64_t *state)
{
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};
	uint64_t r = random_of(state);
	size_t page = r % PAGES, n = 1 + (r >> 8) % (PAGES - page);
	char *p = arena + page * UM_PAGE;
	unsigned what = (r >> 20) % 32;

	if (what < 6)
		um_syscall(SYS_mmap, (long)p, (long)(n * UM_PAGE), PROT_READ | PROT_WRITE,
		    MAP_FIXED | MAP_ANONYMOUS | ((r >> 40) % 8 == 0 ? MAP_SHARED : MAP_PRIVATE), -1,
		    0);
	else if (what < 10)
		um_syscall(SYS_munmap, (long)p, (long)(n * UM_PAGE), 0, 0, 0, 0);
	else if (what < 14)
		um_syscall(
		    SYS_mprotect, (long)p, (long)(n * UM_PAGE), prots[(r >> 40) % 3], 0, 0, 0);
	else if (what < 22)
		touch(p + (r >> 48) % UM_PAGE, what & 1);
	else if (what < 31)
		(void)(expected(lend(p + (r >> 48) % UM_PAGE, (unsigned)(r >> 32))) ||
		    um_syscall(SYS_exit_group, 97, 0, 0, 0, 0, 0));
	else
		fork_child(p);
}

static void
finish(void)
{
	static char *argv[] = {"clone_storm", "again", NULL};

	if (ending == EXIT_GROUP)
		um_syscall(SYS_exit_group, STATUS, 0, 0, 0, 0, 0);
	if (ending == EXEC) {
		um_syscall(SYS_execve, (long)"/proc/self/exe", (long)argv, 0, 0, 0, 0);
		um_syscall(SYS_exit_group, 96, 0, 0, 0, 0, 0);
	}
}

static long
worker(void *arg)
{
	struct um_thread *me = arg;
	uint64_t state = (uint64_t)me->index << 32;

	for (int i = 0; i < STEPS || ending != JOIN; i++) {
		step(&state);
		if (me->index == 3 && i == STEPS / 2)
			finish();
	}
	return 0;
}

static void
storm(void *arg)
{
	struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

	(void)arg;
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	for (int i = 0; i < UM_THREADS; i++)
		um_thread_start(&t[i], i, worker);
	for (int i = 0; i < UM_THREADS; i++)
		um_thread_join(&t[i]);
	_exit(STATUS);
}

int
main(int argc, char **argv)
{
	char text[8];
	FILE *f;

	(void)argv;
	if (argc > 1)
		return STATUS;
	arena = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
	for (int round = 0; round < ROUNDS; round++)
		for (ending = JOIN; ending <= KILLED; ending++) {
			pid_t pid;

			seed = um_mix(um_nonce(), (uint64_t)(round * 4 + (int)ending));
			pid = um_fork();
			if (pid == 0)
				storm(NULL);
			if (ending == KILLED) {
				um_sleep_ms(20 + 30 * round);
				kill(pid, SIGKILL);
			}
			EXPECT_EQ(ending == KILLED ? 128 + SIGKILL : STATUS, um_wait(pid));
		}
	f = fopen("/proc/vmcheck", "r");
	if (f != NULL) {
		EXPECT(fgets(text, sizeof(text), f) != NULL && strcmp(text, "ok\n") == 0);
		fclose(f);
	}
	return um_result();
}
