/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running the tree. Every node returns its exit status; EX_EXIT goes down the last branch, so that
 * the last program of "sh -c ..." takes the shell's place.
 *
 * break, continue and return set a count or flag in `sh` and return; every loop and list stops
 * while one is set.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/sh/sh.h"

#define CALLS_MAX 500 /* nested functions */

/* Background commands that have not been waited for. */
struct job {
	struct job *next;
	pid_t pid;
	int status; /* as wait4 gave it */
	bool done;
};

static struct job *jobs;

/* ---- Children ---- */

static pid_t
must_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		sh_error("fork: %s", strerror(errno));
	return pid;
}

/* What $? shows for the status of wait4. */
static int
exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Says what killed a foreground command, unless everybody knows. */
static void
report_signal(int status)
{
	int sig = WTERMSIG(status);

	if (WIFSIGNALED(status) && sig != SIGINT && sig != SIGPIPE)
		fprintf(stderr, "%s\n", strsignal(sig));
}

/* => -1: no such child. */
static int
wait_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int
wait_foreground(pid_t pid)
{
	int status = wait_child(pid);

	report_signal(status);
	return exit_status(status);
}

void
exec_reap(void)
{
	struct job *j;

	for (j = jobs; j != NULL; j = j->next)
		if (!j->done && waitpid(j->pid, &j->status, WNOHANG) == j->pid)
			j->done = true;
}

int
exec_wait(pid_t pid)
{
	struct job **link, *j;
	int status;

	for (link = &jobs; *link != NULL && (*link)->pid != pid; link = &(*link)->next)
		;
	j = *link;
	if (j == NULL)
		return 127;
	if (!j->done) {
		int got = waitpid(pid, &j->status, 0);

		if (got < 0 && errno == EINTR)
			return 128 + SIGINT; /* a trap interrupts wait; the job stays */
	}
	status = exit_status(j->status);
	*link = j->next;
	free(j);
	return status;
}

void
exec_wait_all(void)
{
	while (jobs != NULL && !trap_interrupted) {
		struct job *first = jobs;

		exec_wait(first->pid);
		if (jobs == first)
			break;
	}
}

void
exec_forget_jobs(void)
{
	jobs = NULL;
}

/* ---- Programs ---- */

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *
exec_find(const char *name)
{
	const char *dir = var_get("PATH"), *end;

	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0 ? arena_strdup(name) : NULL;
	for (; dir != NULL; dir = *end != 0 ? end + 1 : NULL) {
		struct str path = {0};

		end = strchrnul(dir, ':');
		str_add_n(&path, dir, end - dir);
		if (end > dir)
			str_add(&path, '/');
		str_add_s(&path, name);
		if (is_program(str_end(&path)))
			return path.s;
	}
	return NULL;
}

/* Is a file nothing for a shell to read: a NUL in its first line? */
static bool
is_binary(const char *path)
{
	char start[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, start, sizeof(start)) : 0;
	const char *line_end = n > 0 ? memchr(start, '\n', n) : NULL;

	if (fd >= 0)
		close(fd);
	if (line_end != NULL)
		n = line_end - start;
	return n > 0 && memchr(start, 0, n) != NULL;
}

/* A file without a known format is a script; a new shell reads it.  => returns with errno set. */
static void
exec_script(const char *path, char **argv, char **env)
{
	int argc = 0;

	if (is_binary(path)) {
		errno = ENOEXEC;
		return;
	}
	while (argv[argc] != NULL)
		argc++;
	char **args = arena_alloc((argc + 2) * sizeof(*args));

	args[0] = "sh";
	args[1] = (char *)path;
	memcpy(args + 2, argv + 1, argc * sizeof(*args));
	execve("/bin/sh", args, env);
}

_Noreturn void
exec_program(char **argv)
{
	char **env = var_environment();
	char *path = exec_find(argv[0]);

	if (path == NULL && strchr(argv[0], '/') != NULL)
		path = argv[0];
	if (path == NULL) {
		sh_warn("%s: not found", argv[0]);
		sh_exit(127);
	}
	execve(path, argv, env);
	if (errno == ENOEXEC)
		exec_script(path, argv, env);
	sh_warn("%s: %s", argv[0], strerror(errno));
	sh_exit(errno == ENOENT || errno == ENOTDIR ? 127 : 126);
}

int
exec_command(char **argv)
{
	pid_t pid = must_fork();

	if (pid > 0)
		return wait_foreground(pid);
	sh_subshell(false);
	exec_program(argv);
}

/* ---- Simple commands ---- */

static void
trace(const struct node *n, char **argv)
{
	const struct word *w;

	if (!sh.opt_x)
		return;
	fputs("+", stderr);
	for (w = n->assigns; w != NULL; w = w->next)
		fprintf(stderr, " %s", w->text);
	for (; argv != NULL && *argv != NULL; argv++)
		fprintf(stderr, " %s", *argv);
	fputs("\n", stderr);
}

/* Does the assignments of a command: to the shell's variables, for a while, or exported. */
static bool
assign(const struct node *n, bool temporary, bool exported)
{
	const struct word *w;

	for (w = n->assigns; w != NULL; w = w->next) {
		size_t len = strcspn(w->text, "=");
		char *name = arena_strndup(w->text, len), *value = expand_string(w->text + len + 1);

		if (temporary)
			var_local(name);
		if (!var_set(name, value))
			return false;
		if (exported)
			var_export(name);
	}
	return true;
}

static int
call_function(const char *body, int argc, char **argv)
{
	struct params old;
	int status, loops = sh.loops;
	char *copy = arena_strdup(body); /* it may be redefined while it runs */

	if (sh.functions >= CALLS_MAX)
		sh_error("%s: functions nested too deeply", argv[0]);
	old = params_push(argv + 1, argc - 1);
	sh.functions++;
	sh.loops = 0;
	status = exec_text(copy, 0);
	sh.functions--;
	sh.loops = loops;
	sh.returning = false;
	params_pop(old);
	return status;
}

/* Runs a function or builtin with its assignments and redirections, and takes those back. */
static int
run_inside(const struct node *n, int argc, char **argv, const struct builtin *b, const char *body)
{
	bool keep = b != NULL && b->special;
	struct saved_fd *fds = redirect_mark();
	size_t locals = var_local_mark();
	int status;

	if (!redirect(n->redirs, true)) {
		status = 1;
	} else if (!assign(n, !keep, !keep)) {
		status = 2;
	} else {
		status = body != NULL ? call_function(body, argc, argv) : b->run(argc, argv);
		fflush(stdout);
	}
	if (body != NULL || !keep)
		var_local_restore(locals);
	redirect_undo(fds);
	return status;
}

/* exec: redirections stay, and a program takes the shell's place. */
static int
run_exec(const struct node *n, int argc, char **argv)
{
	if (!redirect(n->redirs, false)) {
		if (!sh.interactive)
			sh_exit(1);
		return 1;
	}
	if (!assign(n, false, argc > 1))
		return 2;
	if (argc == 1)
		return 0;
	fflush(stdout);
	trap_child();
	exec_program(argv + 1);
}

static int
run_program(const struct node *n, char **argv, int flags)
{
	pid_t pid = 0;

	if (trap_any())
		flags &= ~EX_EXIT; /* something is to be done after the program */
	if (!(flags & EX_EXIT))
		pid = must_fork();
	if (pid > 0)
		return wait_foreground(pid);
	if (!(flags & EX_EXIT))
		sh_subshell(false);
	trap_child();
	if (!redirect(n->redirs, false))
		sh_exit(1);
	if (!assign(n, false, true))
		sh_exit(2);
	exec_program(argv);
}

/* Only assignments and redirections. */
static int
run_assignments(const struct node *n)
{
	struct saved_fd *fds = redirect_mark();
	bool ok = redirect(n->redirs, true);

	redirect_undo(fds);
	if (!ok)
		return 1;
	trace(n, NULL);
	if (!assign(n, false, false)) {
		if (!sh.interactive)
			sh_exit(2);
		return 2;
	}
	return sh.substituted >= 0 ? sh.substituted : 0;
}

static int
exec_simple(const struct node *n, int flags)
{
	const struct builtin *b;
	const char *body;
	char **argv;
	int argc;

	sh.substituted = -1;
	argv = expand_arguments(n->words, &argc);
	if (argc == 0)
		return run_assignments(n);
	trace(n, argv);
	b = builtin_find(argv[0]);
	if (b != NULL && strcmp(b->name, "exec") == 0)
		return run_exec(n, argc, argv);
	body = b != NULL && b->special ? NULL : func_get(argv[0]);
	if (body != NULL || b != NULL)
		return run_inside(n, argc, argv, b, body);
	return run_program(n, argv, flags);
}

/* ---- Compound commands ---- */

/* Is a list, loop or function being left? */
static bool
leaving(void)
{
	return sh.breaking > 0 || sh.returning;
}

/* A condition: a failure in it is not an error. */
static int
exec_condition(const struct node *n)
{
	int status;

	sh.tested++;
	status = exec_node(n, 0);
	sh.tested--;
	return status;
}

/*
 * Runs a stage of a pipeline in a child.
 * => `in`: its input, -1: ours; `out`: a pipe, out[0] < 0: our output.
 */
static pid_t
start_stage(const struct node *n, int in, const int out[2])
{
	pid_t pid = must_fork();

	if (pid != 0)
		return pid;
	sh_subshell(false);
	if (in >= 0) {
		dup2(in, 0);
		close(in);
	}
	if (out[0] >= 0) {
		close(out[0]);
		dup2(out[1], 1);
		close(out[1]);
	}
	sh_exit(exec_node(n, EX_EXIT));
}

static int
exec_pipe(const struct node *n)
{
	int in = -1, out[2], count = 0, status = 0, i;
	const struct node *stage;
	pid_t *pids;

	for (stage = n; stage->type == N_PIPE; stage = stage->right)
		count++;
	pids = arena_alloc((count + 1) * sizeof(*pids));
	for (i = 0; i <= count; i++) {
		bool last = i == count;

		out[0] = out[1] = -1;
		if (!last && pipe(out) < 0)
			sh_error("pipe: %s", strerror(errno));
		pids[i] = start_stage(last ? n : n->left, in, out);
		if (in >= 0)
			close(in);
		if (!last)
			close(out[1]);
		in = out[0];
		n = last ? n : n->right;
	}
	for (i = 0; i <= count; i++)
		status = wait_foreground(pids[i]);
	return status;
}

static int
exec_background(const struct node *n)
{
	struct job *j;
	pid_t pid;
	int null;

	exec_reap();
	pid = must_fork();
	if (pid == 0) {
		sh_subshell(true);
		null = open("/dev/null", O_RDONLY);
		if (null >= 0) {
			dup2(null, 0);
			close(null);
		}
		sh_exit(exec_node(n->left, EX_EXIT));
	}
	j = must_alloc(NULL, sizeof(*j));
	*j = (struct job){.next = jobs, .pid = pid};
	jobs = j;
	sh.last_background = pid;
	return 0;
}

static int
exec_subshell(const struct node *n)
{
	pid_t pid = must_fork();

	if (pid > 0)
		return wait_foreground(pid);
	sh_subshell(false);
	if (!redirect(n->redirs, false))
		sh_exit(1);
	sh_exit(exec_node(n->left, EX_EXIT));
}

/* Ends a round of a loop.  => is the loop over? */
static bool
loop_over(void)
{
	bool again;

	trap_poll();
	if (sh.returning)
		return true;
	if (sh.breaking == 0)
		return false;
	if (--sh.breaking > 0)
		return true; /* a loop further out is meant */
	again = sh.continuing;
	sh.continuing = false;
	return !again;
}

static int
exec_while(const struct node *n)
{
	bool until = n->type == N_UNTIL, over = false;
	int status = 0;

	sh.loops++;
	while (!over) {
		bool holds = exec_condition(n->left) == 0;

		if (!leaving()) {
			if (holds == until)
				break;
			status = exec_node(n->right, 0);
		}
		over = loop_over();
	}
	sh.loops--;
	return status;
}

/* The values a for loop goes through. */
static char **
loop_values(const struct node *n, int *count)
{
	char **values;
	int i;

	if (n->has_in)
		return expand_arguments(n->words, count);
	*count = params.count;
	values = arena_alloc((*count + 1) * sizeof(*values));
	for (i = 0; i < *count; i++)
		values[i] = arena_strdup(params.values[i]);
	return values;
}

static int
exec_for(const struct node *n)
{
	int count, i, status = 0;
	char **values = loop_values(n, &count);

	sh.loops++;
	for (i = 0; i < count; i++) {
		if (!var_set(n->name, values[i]))
			sh_abandon();
		status = exec_node(n->right, 0);
		if (loop_over())
			break;
	}
	sh.loops--;
	return status;
}

static int
exec_case(const struct node *n, int flags)
{
	const char *value = expand_string(n->words->text);
	const struct case_item *item;
	const struct word *p;

	for (item = n->items; item != NULL; item = item->next)
		for (p = item->patterns; p != NULL; p = p->next)
			if (fnmatch(expand_pattern(p->text), value, 0) == 0)
				return item->body != NULL ? exec_node(item->body, flags) : 0;
	return 0;
}

static int
exec_if(const struct node *n, int flags)
{
	int status = exec_condition(n->left);

	if (leaving())
		return status;
	if (status == 0)
		return exec_node(n->right, flags);
	return n->other != NULL ? exec_node(n->other, flags) : 0;
}

static int
exec_and_or(const struct node *n, int flags)
{
	int status = exec_condition(n->left);

	if (leaving() || (status == 0) != (n->type == N_AND))
		return status;
	return exec_node(n->right, flags);
}

/* A compound command without its redirections. */
static int
exec_compound(const struct node *n, int flags)
{
	switch (n->type) {
	case N_GROUP:
		return exec_node(n->left, flags);
	case N_IF:
		return exec_if(n, flags);
	case N_WHILE:
	case N_UNTIL:
		return exec_while(n);
	case N_FOR:
		return exec_for(n);
	default:
		return exec_case(n, flags);
	}
}

static int
exec_redirected(const struct node *n, int flags)
{
	struct saved_fd *fds = redirect_mark();
	int status;

	if (n->redirs == NULL)
		return exec_compound(n, flags);
	status = redirect(n->redirs, true) ? exec_compound(n, 0) : 1;
	fflush(stdout);
	redirect_undo(fds);
	return status;
}

static int
exec_sequence(const struct node *n, int flags)
{
	int status = exec_node(n->left, 0);

	trap_poll();
	return leaving() ? status : exec_node(n->right, flags);
}

static int
dispatch(const struct node *n, int flags)
{
	switch (n->type) {
	case N_SIMPLE:
		return exec_simple(n, flags);
	case N_PIPE:
		return exec_pipe(n);
	case N_AND:
	case N_OR:
		return exec_and_or(n, flags);
	case N_NOT:
		return !exec_condition(n->left);
	case N_SEQUENCE:
		return exec_sequence(n, flags);
	case N_BACKGROUND:
		return exec_background(n);
	case N_SUBSHELL:
		return exec_subshell(n);
	case N_FUNCTION:
		func_define(n->name, n->body);
		return 0;
	default:
		return exec_redirected(n, flags);
	}
}

/*
 * set -e looks at commands that are no condition; for the others it is the business of what they
 * are part of.
 */
static bool
failure_counts(enum node_type type)
{
	return type == N_SIMPLE || type == N_PIPE || type == N_SUBSHELL;
}

int
exec_node(const struct node *n, int flags)
{
	struct arena_mark mark = arena_mark();

	sh.status = dispatch(n, flags);
	arena_release(mark);
	if (sh.status != 0 && sh.opt_e && sh.tested == 0 && failure_counts(n->type) && !leaving())
		sh_exit(sh.status);
	return sh.status;
}

int
exec_text(const char *text, int flags)
{
	input_push_text(text);
	sh_run_input(flags);
	input_pop();
	return sh.status;
}

char *
exec_capture(const char *text)
{
	struct str out = {0};
	char buf[512];
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		sh_error("pipe: %s", strerror(errno));
	pid = must_fork();
	if (pid == 0) {
		sh_subshell(false);
		close(fds[0]);
		if (fds[1] != 1) {
			dup2(fds[1], 1);
			close(fds[1]);
		}
		sh_exit(exec_text(text, EX_EXIT));
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			str_add_n(&out, buf, n);
	}
	close(fds[0]);
	sh.substituted = exit_status(wait_child(pid));
	while (out.len > 0 && out.s[out.len - 1] == '\n')
		out.len--;
	return str_end(&out);
}
