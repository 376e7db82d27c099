/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sh [-efnuvx] [-i] [script [argument...]]      commands from a file, or from standard input
 * sh [-efnuvx] -c commands [name [argument...]]
 *
 * The main loop parses a line and runs it. An error in the middle of anything comes back here by
 * longjmp(); only an interactive shell goes on then.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/sh/sh.h"

struct shell sh;

static jmp_buf top; /* where an interactive shell goes on after an error */

static void
vwarning(const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", sh.name);
	if (input != NULL && input->fd >= 0 && !input->interactive)
		fprintf(stderr, "line %d: ", input->line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void
sh_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarning(fmt, ap);
	va_end(ap);
}

_Noreturn void
sh_exit(int status)
{
	if (!sh.exiting) {
		sh.exiting = true;
		sh.status = status;
		sh.breaking = 0;
		sh.returning = false;
		trap_exit();
	}
	fflush(stdout);
	exit(status);
}

_Noreturn void
sh_abandon(void)
{
	if (!sh.interactive)
		sh_exit(sh.status);
	longjmp(top, 1);
}

_Noreturn void
sh_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarning(fmt, ap);
	va_end(ap);
	sh.status = 2;
	sh_abandon();
}

_Noreturn void
sh_syntax(const char *fmt, ...)
{
	char message[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (input->fd < 0) /* the rest of a string makes no sense any more */
		input->pos = input->len;
	sh_error("syntax error: %s", message);
}

void
sh_subshell(bool background)
{
	sh.interactive = false;
	trap_reset(background);
	exec_forget_jobs();
}

bool
sh_set_options(const char *arg)
{
	bool on = *arg == '-';

	for (arg++; *arg != 0; arg++) {
		switch (*arg) {
		case 'c': /* main() has seen it */
		case 'i':
		case 's':
			break;
		case 'e':
			sh.opt_e = on;
			break;
		case 'f':
			sh.opt_f = on;
			break;
		case 'n':
			sh.opt_n = on;
			break;
		case 'u':
			sh.opt_u = on;
			break;
		case 'v':
			sh.opt_v = on;
			break;
		case 'x':
			sh.opt_x = on;
			break;
		default:
			return false;
		}
	}
	return true;
}

/* Has the input ended, as far as can be told without reading? */
static bool
at_end(const struct input *in)
{
	size_t i = in->pos;

	if (in->fd >= 0)
		return false;
	while (i < in->len && strchr(" \t\n", in->text[i]) != NULL)
		i++;
	return i == in->len;
}

int
sh_run_input(int flags)
{
	struct arena_mark mark = arena_mark();
	bool eof = false;

	while (!eof && sh.breaking == 0 && !sh.returning) {
		struct node *n;

		trap_poll();
		exec_reap();
		input_discard();
		n = parse_line(&eof);
		if (n != NULL && !sh.opt_n)
			exec_node(n, at_end(input) ? flags : 0);
		arena_release(mark);
	}
	return sh.status;
}

/* The loop of an interactive shell: what an error leaves behind is put in order. */
static void
run_interactive(void)
{
	struct arena_mark mark = arena_mark();
	struct input *base = input;

	if (setjmp(top) != 0) {
		while (input != base)
			input_pop();
		input->pos = input->len;
		redirect_undo(NULL);
		var_local_restore(0);
		sh.loops = sh.breaking = sh.tested = sh.functions = 0;
		sh.continuing = sh.returning = false;
		arena_release(mark);
	}
	sh_run_input(0);
	fputc('\n', stderr);
}

static _Noreturn void
usage(void)
{
	fputs("usage: sh [-efinuvx] [-c commands [name]] [script] [argument...]\n", stderr);
	exit(2);
}

/* Opens a script out of the way of the descriptors that scripts use. */
static int
open_script(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), high;

	if (fd < 0) {
		fprintf(stderr, "sh: %s: %s\n", path, strerror(errno));
		exit(errno == ENOENT || errno == ENOTDIR ? 127 : 126);
	}
	high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (high < 0)
		return fd;
	close(fd);
	return high;
}

/* The options of the command line.  => returns the index of the first argument that is none. */
static int
parse_options(int argc, char *argv[], bool *command, bool *force, bool *from_stdin)
{
	int i;

	for (i = 1; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1] != 0; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		*command |= *argv[i] == '-' && strchr(argv[i], 'c') != NULL;
		*force |= *argv[i] == '-' && strchr(argv[i], 'i') != NULL;
		*from_stdin |= *argv[i] == '-' && strchr(argv[i], 's') != NULL;
		if (!sh_set_options(argv[i]))
			usage();
	}
	return i;
}

int
main(int argc, char *argv[], char *envp[])
{
	bool command = false, force = false, from_stdin = false;
	int i;

	sh.name = argc > 0 ? argv[0] : "sh";
	sh.pid = getpid();
	i = parse_options(argc, argv, &command, &force, &from_stdin);
	var_init(envp);
	if (command && i == argc)
		usage();
	if (command) {
		input_push_text(argv[i++]);
		if (i < argc)
			sh.name = argv[i++];
	} else if (i < argc && !from_stdin) {
		sh.name = argv[i];
		input_push_fd(open_script(argv[i++]), false);
	} else {
		sh.interactive = force || (isatty(0) && isatty(2));
		input_push_fd(0, sh.interactive);
	}
	params_set(argv + i, argc - i);
	trap_init(sh.interactive);
	if (sh.interactive)
		run_interactive();
	else
		sh_run_input(EX_EXIT);
	sh_exit(sh.status);
}
