/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a stopped process group that an exiting process leaves without a link to its session hung up and continued: the group
 * of its children, and its own?
 */
#include "user/tests/umtest.h"

static int fds[2];

static void
tell(int sig)
{
	char c = sig == SIGHUP ? 'h' : 'c';

	(void)!write(fds[1], &c, 1);
}

/* Stop; whoever is continued says so, and what else it got. */
static void
stop_here(void)
{
	signal(SIGHUP, tell);
	signal(SIGCONT, tell);
	kill(getpid(), SIGSTOP);
	_exit(0);
}

static void
wait_until_stopped(pid_t pid)
{
	int status;

	REQUIRE(waitpid(pid, &status, WUNTRACED) == pid);
	REQUIRE(WIFSTOPPED(status));
}

/* A shell with a stopped job in a group of its own. */
static void
shell(bool own_group)
{
	pid_t job = um_fork();

	if (job == 0) {
		if (!own_group)
			setpgid(0, 0);
		stop_here();
	}
	if (!own_group)
		setpgid(job, job);
	wait_until_stopped(job);
	_exit(0);
}

/* A session whose leader stays; the shell, in another group, is what links the job to it. */
static void
session(void *own_group)
{
	pid_t pid;

	REQUIRE(setsid() == getpid());
	pid = um_fork();
	if (pid == 0) {
		setpgid(0, 0);
		shell(own_group != NULL);
	}
	EXPECT_EQ(0, um_wait(pid));
	close(fds[1]);
	/* Until the job has gone. */
	for (int i = 0; i < 500; i++)
		um_sleep_ms(10);
}

static void
ask(void *own_group)
{
	char got[4] = "";
	size_t n = 0;
	pid_t pid;

	REQUIRE(pipe(fds) == 0);
	pid = um_fork();
	if (pid == 0)
		session(own_group);
	close(fds[1]);
	alarm(20);
	while (n < 2 && read(fds[0], got + n, 1) == 1)
		n++;
	alarm(0);
	EXPECT(strchr(got, 'h') != NULL);
	EXPECT(strchr(got, 'c') != NULL);
	kill(pid, SIGKILL);
	um_wait(pid);
	close(fds[0]);
}

int
main(void)
{
	ask(NULL);
	ask((void *)1);
	return um_result();
}
