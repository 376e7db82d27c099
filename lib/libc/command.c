/* SPDX-License-Identifier: BSD-2-Clause */
/* Running shell commands: system(), popen(), pclose(). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/libc/stream.h"
#include "lib/libc/thread.h"

static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static _Noreturn void
run_shell(const char *command)
{
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* What SIGINT and SIGQUIT did before the first of the system() calls that run now. */
static struct sigaction intr, quit; /* under LOCK_SYSTEM */
static int running;

/* ^C is meant for the command while it runs. */
static void
ignore_keys(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	__lock(LOCK_SYSTEM);
	if (running++ == 0) {
		sigaction(SIGINT, &ignore, &intr);
		sigaction(SIGQUIT, &ignore, &quit);
	}
	__unlock(LOCK_SYSTEM);
}

static void
restore_keys(void)
{
	__lock(LOCK_SYSTEM);
	if (--running == 0) {
		sigaction(SIGINT, &intr, NULL);
		sigaction(SIGQUIT, &quit, NULL);
	}
	__unlock(LOCK_SYSTEM);
}

/* The command's end is waited for here and nowhere else. */
int
system(const char *command)
{
	sigset_t child = 1UL << (SIGCHLD - 1), mask;
	int status = -1;
	pid_t pid;

	if (command == NULL)
		return access("/bin/sh", X_OK) == 0;
	ignore_keys();
	sigprocmask(SIG_BLOCK, &child, &mask);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &intr, NULL);
		sigaction(SIGQUIT, &quit, NULL);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		run_shell(command);
	}
	if (pid > 0)
		status = wait_for(pid);
	restore_keys();
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return status;
}

/*
 * The child's end of the pipe becomes its standard input or output; it closes what earlier popen()
 * calls opened.
 */
static _Noreturn void
popen_child(const char *command, int theirs, int target)
{
	struct stream *s;

	for (s = __streams; s != NULL; s = s->next)
		if (s->child != 0)
			close(s->fd);
	if (theirs == target)
		fcntl(theirs, F_SETFD, 0);
	else
		dup2(theirs, target);
	run_shell(command);
}

FILE *
popen(const char *command, const char *mode)
{
	int reading = *mode == 'r', fds[2];
	FILE *f;

	if (*mode != 'r' && *mode != 'w') {
		errno = EINVAL;
		return NULL;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	f = __stream_create(fds[!reading], mode);
	if (f == NULL)
		goto fail;
	f->child = fork();
	if (f->child == 0)
		popen_child(command, fds[reading], reading);
	if (f->child < 0) {
		__stream_unlist(f);
		__stream_free(f);
		goto fail;
	}
	close(fds[reading]);
	return f;
fail:
	close(fds[0]);
	close(fds[1]);
	return NULL;
}

int
pclose(FILE *f)
{
	pid_t pid = f->child;

	fclose(f);
	return wait_for(pid);
}
