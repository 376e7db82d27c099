/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals and the trap command. A handler only notes that its signal came; the command runs between
 * two commands of the script. An interactive shell lives through ^C (SIGINT leaves the command that
 * is being run and prompts again), ^\ and SIGTERM; the programs it starts do not inherit that.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "user/sh/sh.h"

#define EXIT_TRAP 0

static const char *const names[] = {"EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS",
    "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",
    "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"};

static char *commands[NSIG]; /* "": ignored; NULL: not trapped */
static volatile bool pending[NSIG], any_pending;
static bool interactive;

volatile bool trap_interrupted;

static void
handler(int sig)
{
	pending[sig] = any_pending = true;
	if (sig == SIGINT)
		trap_interrupted = true;
}

static void
set_handler(int sig, sighandler_t h)
{
	struct sigaction sa = {.sa_handler = h};

	sigaction(sig, &sa, NULL);
}

/* What a signal does to the shell when there is no trap for it. */
static void
set_default(int sig)
{
	if (interactive && sig == SIGINT)
		set_handler(sig, handler);
	else if (interactive && (sig == SIGQUIT || sig == SIGTERM))
		set_handler(sig, SIG_IGN);
	else
		set_handler(sig, SIG_DFL);
}

void
trap_init(bool is_interactive)
{
	interactive = is_interactive;
	if (!interactive)
		return;
	set_default(SIGINT);
	set_default(SIGQUIT);
	set_default(SIGTERM);
}

bool
trap_any(void)
{
	int sig;

	for (sig = 0; sig < NSIG; sig++)
		if (commands[sig] != NULL && *commands[sig] != 0)
			return true;
	return false;
}

void
trap_child(void)
{
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (commands[sig] != NULL && *commands[sig] != 0)
			set_handler(sig, SIG_DFL);
	if (!interactive)
		return;
	for (sig = 1; sig < NSIG; sig++)
		if ((sig == SIGINT || sig == SIGQUIT || sig == SIGTERM) && commands[sig] == NULL)
			set_handler(sig, SIG_DFL);
}

void
trap_reset(bool background)
{
	int sig;

	trap_child();
	interactive = false;
	trap_interrupted = false;
	for (sig = 0; sig < NSIG; sig++) {
		pending[sig] = false;
		if (commands[sig] == NULL || *commands[sig] == 0)
			continue; /* what is ignored stays so */
		free(commands[sig]);
		commands[sig] = NULL;
	}
	if (background) {
		set_handler(SIGINT, SIG_IGN);
		set_handler(SIGQUIT, SIG_IGN);
	}
}

static void
run_trap(int sig)
{
	int status = sh.status;

	pending[sig] = false;
	exec_text(commands[sig], 0);
	sh.status = status;
}

void
trap_poll(void)
{
	int sig;

	if (!any_pending)
		return;
	any_pending = false;
	for (sig = 1; sig < NSIG; sig++)
		if (pending[sig] && commands[sig] != NULL) {
			if (sig == SIGINT)
				trap_interrupted = false;
			run_trap(sig);
		}
	if (trap_interrupted) {
		if (interactive)
			fputc('\n', stderr); /* "^C" stands on this line */
		pending[SIGINT] = trap_interrupted = false;
		sh.status = 128 + SIGINT;
		sh_abandon();
	}
}

void
trap_exit(void)
{
	char *command = commands[EXIT_TRAP];

	commands[EXIT_TRAP] = NULL;
	if (command != NULL)
		exec_text(command, 0);
}

/* "INT", "SIGINT" or "2".  => -1 if there is no such signal. */
static int
parse_signal(const char *s)
{
	size_t i;

	if (isdigit((unsigned char)*s)) {
		char *end;
		long n = strtol(s, &end, 10);

		return *end == 0 && n < NSIG ? (int)n : -1;
	}
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(s, names[i]) == 0)
			return i;
	return -1;
}

static void
set_trap(int sig, const char *command)
{
	free(commands[sig]);
	commands[sig] = command != NULL ? must_strdup(command) : NULL;
	if (sig == EXIT_TRAP)
		return;
	if (command == NULL)
		set_default(sig);
	else
		set_handler(sig, *command != 0 ? handler : SIG_IGN);
}

static void
print_traps(void)
{
	int sig;

	for (sig = 0; sig < NSIG; sig++)
		if (commands[sig] != NULL && sig < (int)(sizeof(names) / sizeof(names[0])))
			printf("trap -- '%s' %s\n", commands[sig], names[sig]);
}

int
builtin_trap(int argc, char **argv)
{
	const char *command = NULL;
	int i = 1, sig, status = 0;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		i++;
	if (i == argc) {
		print_traps();
		return 0;
	}
	if (!isdigit((unsigned char)argv[i][0]) &&
	    argc - i > 1) { /* a number first means: reset all */
		command = strcmp(argv[i], "-") == 0 ? NULL : argv[i];
		i++;
	}
	for (; i < argc; i++) {
		sig = parse_signal(argv[i]);
		if (sig < 0) {
			sh_warn("trap: %s: no such signal", argv[i]);
			status = 1;
		} else {
			set_trap(sig, command);
		}
	}
	return status;
}
