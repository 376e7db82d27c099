/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Can threads of one process map, unmap, protect, fork, exec in children, and make threads all at
 * once, until one of them ends or replaces the process in the middle of it?
 */
#include "user/tests/umthread.h"

static char program[256];
static char *common; /* all write, some protect, nobody unmaps */

static void *
maps(void *arg)
{
	for (uint64_t i = 0;; i++) {
		size_t len = (1 + um_mix((long)arg, i) % 20) * UM_PAGE;
		char *p =
		    mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(60);
		p[0] = p[len - 1] = 1;
		if (mprotect(p, UM_PAGE, PROT_READ) != 0 || p[0] != 1)
			_exit(61);
		if (munmap(p, len) != 0)
			_exit(62);
	}
	return NULL;
}

static void *
writes(void *arg)
{
	for (uint64_t i = 0;; i++) {
		size_t at = um_mix((long)arg, i) % 16 * UM_PAGE + (long)arg * 8;
		volatile uint64_t *word = (volatile uint64_t *)(common + at);

		*word = i;
		if (*word != i)
			_exit(63);
		if (i % 64 == 0 && mprotect(common, 16 * UM_PAGE, PROT_READ | PROT_WRITE) != 0)
			_exit(64);
	}
	return NULL;
}

static void *
forks(void *arg)
{
	char *argv[] = {program, "child", NULL};
	int status;
	pid_t pid;

	for (int i = 0;; i++) {
		pid = fork();
		if (pid == 0) {
			common[5 * UM_PAGE + 4000] = 1;
			if (arg != NULL)
				execv(program, argv);
			_exit(23);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != 23)
			_exit(65);
	}
	return NULL;
}

static void *
nothing(void *arg)
{
	return arg;
}

static void *
threads(void *arg)
{
	pthread_t t;
	void *result;

	for (;;)
		if (pthread_create(&t, NULL, nothing, arg) != 0 || pthread_join(t, &result) != 0 ||
		    result != arg)
			_exit(66);
	return NULL;
}

static void *
signals(void *arg)
{
	for (;;)
		if (pthread_kill(*(pthread_t *)arg, SIGUSR1) != 0)
			_exit(67);
		else
			sched_yield();
	return NULL;
}

static void
handler(int sig)
{
	common[sig * 8] = sig;
}

enum { EXIT, EXEC, KILL, FAULT, ENDINGS };

static void *
ends(void *arg)
{
	char *argv[] = {program, "child", NULL};

	um_sleep_ms(30);
	switch ((long)arg) {
	case EXIT:
		_exit(23);
	case EXEC:
		execv(program, argv);
		_exit(68);
	case KILL:
		kill(getpid(), SIGKILL);
		break;
	default:
		*(volatile char *)arg = 1;
	}
	return NULL;
}

static void
storm(void *arg)
{
	static pthread_t me;

	me = pthread_self();
	signal(SIGUSR1, handler);
	common = um_map(16 * UM_PAGE, MAP_PRIVATE);
	um_thread(maps, (void *)1);
	um_thread(maps, (void *)2);
	um_thread(writes, (void *)3);
	um_thread(writes, (void *)4);
	um_thread(forks, NULL);
	um_thread(forks, "exec");
	um_thread(threads, NULL);
	um_thread(signals, &me);
	um_thread(ends, arg);
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	static const int want[ENDINGS] = {23, 23, 128 + SIGKILL, 128 + SIGSEGV};

	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return 23;
	REQUIRE(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	for (long i = 0; i < 2 * ENDINGS; i++)
		EXPECT_EQ(want[i % ENDINGS], um_status_of(storm, (void *)(i % ENDINGS)));
	return um_result();
}
