/* SPDX-License-Identifier: BSD-2-Clause */
/* Does exec by any thread end the others, keep the process id, and start the program alone? */
#include <fcntl.h>

#include "user/tests/umthread.h"

static char program[256];
static char pid_text[20], name_text[2];
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *
in_the_way(void *arg)
{
	volatile long n = 0;
	char c;

	if (arg != NULL)
		(void)!read(*(int *)arg, &c, 1);
	for (;;)
		n++;
	return NULL;
}

static void *
run_it(void *arg)
{
	char *argv[] = {program, "again", pid_text, name_text, NULL};

	*name_text = (long)arg;
	execv(program, argv);
	_exit(90);
}

/* The new program: the process is the same, one thread is in it, and its memory is new. */
static int
again(char **argv)
{
	EXPECT_EQ(atoi(argv[2]), getpid());
	EXPECT_EQ(getpid(), syscall(SYS_gettid));
	EXPECT_EQ(0, pthread_mutex_trylock(&held));
	um_join(um_thread((void *(*)(void *))strdup, "threads work"));
	return um_result() == 0 ? argv[3][0] : 91;
}

static void
exec_among_threads(void *arg)
{
	static int fds[2];

	snprintf(pid_text, sizeof(pid_text), "%d", getpid());
	pthread_mutex_lock(&held);
	REQUIRE(pipe(fds) == 0);
	um_thread(in_the_way, NULL);
	um_thread(in_the_way, NULL);
	um_thread(in_the_way, &fds[0]);
	if ((long)arg == 'm')
		run_it(arg);
	um_thread(run_it, arg);
	for (;;)
		pause();
}

/* Two at once: one of them wins. */
static void
exec_twice(void *arg)
{
	snprintf(pid_text, sizeof(pid_text), "%d", getpid());
	um_thread(run_it, arg);
	run_it(arg);
}

static void *
fails(void *arg)
{
	char *argv[] = {"x", NULL};

	(void)arg;
	EXPECT_ERRNO(ENOENT, execv("/no/such/program", argv));
	return "still here";
}

/* An exec that fails hurts nobody. */
static void
exec_that_fails(void)
{
	pthread_t t = um_thread(fails, NULL);

	EXPECT(strcmp(um_join(t), "still here") == 0);
}

int
main(int argc, char **argv)
{
	if (argc > 3)
		return again(argv);
	REQUIRE(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	exec_that_fails();
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ('t', um_status_of(exec_among_threads, (void *)'t'));
		EXPECT_EQ('m', um_status_of(exec_among_threads, (void *)'m'));
		EXPECT_EQ('2', um_status_of(exec_twice, (void *)'2'));
	}
	return um_result();
}
