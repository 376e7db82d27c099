/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process: parent of every orphan.
 *
 *	init			keeps a shell on the console
 *	init run COMMAND	runs COMMAND with /bin/sh, then powers off with its status
 *				(128 + n: it died by signal n)
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONSOLE    "/dev/console"
#define RESULTS    "/dev/hvc0" /* where the output of a run goes, if the machine has it */
#define CANNOT_RUN 126

static char *const environment[] = {"PATH=/bin", "HOME=/root", "TERM=vt100", "USER=root", NULL};

/* Makes fd `from` the descriptors first..last. */
static void
install_fd(int from, int first, int last)
{
	int fd;

	for (fd = first; fd <= last; fd++)
		if (fd != from)
			dup2(from, fd);
	if (from < first || from > last)
		close(from);
}

/* Messages of init itself go to the console. */
static void
open_console(void)
{
	int fd;

	if (fcntl(2, F_GETFD) >= 0)
		return;
	fd = open(CONSOLE, O_RDWR);
	if (fd >= 0)
		install_fd(fd, 0, 2);
}

static _Noreturn void
exec_shell(char *const argv[])
{
	execve("/bin/sh", argv, environment);
	warn("/bin/sh");
	_exit(CANNOT_RUN);
}

/* A shell in a session of its own, with the console as its terminal. */
static void
console_shell(char *arg)
{
	int fd;

	(void)arg;
	setsid();
	fd = open(CONSOLE, O_RDWR);
	if (fd < 0) {
		warn(CONSOLE);
		_exit(CANNOT_RUN);
	}
	ioctl(fd, TIOCSCTTY, 0L);
	install_fd(fd, 0, 2);
	chdir("/root");
	exec_shell((char *const[]){"sh", "-i", NULL});
}

static void
run_command(char *command)
{
	int in = open("/dev/null", O_RDONLY), out = open(RESULTS, O_WRONLY);

	setsid();
	if (in >= 0)
		install_fd(in, 0, 0);
	if (out < 0)
		out = open(CONSOLE, O_WRONLY);
	if (out >= 0)
		install_fd(out, 1, 2);
	exec_shell((char *const[]){"sh", "-c", command, NULL});
}

/*
 * Starts a child and waits until it ends, and for every orphan that ends meanwhile.
 * => its wait status.
 */
static int
supervise(void (*child)(char *), char *arg)
{
	pid_t pid = fork(), ended;
	int status;

	if (pid == 0)
		child(arg);
	if (pid < 0) {
		warn("fork");
		return W_EXITCODE(CANNOT_RUN, 0);
	}
	do {
		ended = wait(&status);
		if (ended < 0 && errno != EINTR) {
			warn("wait");
			return W_EXITCODE(CANNOT_RUN, 0);
		}
	} while (ended != pid);
	return status;
}

int
main(int argc, char *argv[])
{
	int status;

	open_console();
	if (argc == 3 && strcmp(argv[1], "run") == 0) {
		status = supervise(run_command, argv[2]);
		sync();
		poweroff(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		err(1, "poweroff");
	}
	if (argc > 1) {
		fprintf(stderr, "usage: init [run COMMAND]\n");
		return 2;
	}
	for (;;) {
		status = supervise(console_shell, NULL);
		if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN)
			sleep(5); /* there is nothing to do but to try again */
	}
}
