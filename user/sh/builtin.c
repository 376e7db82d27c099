/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that are part of the shell: those that change it, and small ones that scripts run all
 * the time.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/sh/sh.h"

static int
builtin_true(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 0;
}

static int
builtin_false(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 1;
}

/* With -n or without. What else /bin/echo can do (-e), it does. */
static int
builtin_echo(int argc, char **argv)
{
	bool newline = true;
	int i = 1;

	for (; i < argc && strcmp(argv[i], "-n") == 0; i++)
		newline = false;
	if (i < argc && argv[i][0] == '-' && argv[i][1] != 0 &&
	    argv[i][1 + strspn(argv[i] + 1, "neE")] == 0)
		return exec_command(argv);
	for (; i < argc; i++) {
		fputs(argv[i], stdout);
		if (i + 1 < argc)
			putchar(' ');
	}
	if (newline)
		putchar('\n');
	if (fflush(stdout) == 0)
		return 0;
	sh_warn("echo: write error: %s", strerror(errno));
	clearerr(stdout);
	return 1;
}

/* A count given to break, shift, exit ..  => -1 with a message if it is no number. */
static int
parse_count(const char *name, const char *s, int least)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (isdigit((unsigned char)*s) && *end == 0 && n >= least && n <= INT_MAX)
		return n;
	sh_warn("%s: %s: bad number", name, s);
	return -1;
}

static int
leave_loops(int argc, char **argv, bool go_on)
{
	int n = argc > 1 ? parse_count(argv[0], argv[1], 1) : 1;

	if (n < 0)
		return 2;
	if (sh.loops == 0)
		return 0;
	sh.breaking = n < sh.loops ? n : sh.loops;
	sh.continuing = go_on;
	return 0;
}

static int
builtin_break(int argc, char **argv)
{
	return leave_loops(argc, argv, false);
}

static int
builtin_continue(int argc, char **argv)
{
	return leave_loops(argc, argv, true);
}

static int
builtin_return(int argc, char **argv)
{
	int status = argc > 1 ? parse_count(argv[0], argv[1], 0) : sh.status;

	if (sh.functions == 0) {
		sh_warn("return: not in a function");
		return 2;
	}
	sh.returning = true;
	return status < 0 ? 2 : status & 0xff;
}

static int
builtin_exit(int argc, char **argv)
{
	int status = argc > 1 ? parse_count(argv[0], argv[1], 0) : sh.status;

	sh_exit(status < 0 ? 2 : status & 0xff);
}

static int
builtin_cd(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : var_get("HOME"), *old = var_get("PWD");
	char *cwd;

	if (argc > 2) {
		sh_warn("cd: too many arguments");
		return 2;
	}
	if (argc > 1 && strcmp(dir, "-") == 0)
		dir = var_get("OLDPWD");
	if (dir == NULL) {
		sh_warn("cd: %s not set", argc > 1 ? "OLDPWD" : "HOME");
		return 2;
	}
	if (chdir(dir) < 0) {
		sh_warn("cd: %s: %s", dir, strerror(errno));
		return 2;
	}
	if (argc > 1 && strcmp(argv[1], "-") == 0)
		puts(dir);
	if (old != NULL)
		var_set("OLDPWD", old);
	cwd = getcwd(NULL, 0);
	if (cwd != NULL)
		var_set("PWD", cwd);
	free(cwd);
	return 0;
}

static int
builtin_pwd(int argc, char **argv)
{
	char *cwd = getcwd(NULL, 0);

	(void)argc, (void)argv;
	if (cwd == NULL) {
		sh_warn("pwd: %s", strerror(errno));
		return 1;
	}
	puts(cwd);
	free(cwd);
	return 0;
}

/* export, readonly and local: names with or without "=value". */
static int
declare(int argc, char **argv, void (*mark)(const char *name), bool before)
{
	int i, status = 0;

	for (i = 1; i < argc; i++) {
		size_t n = strcspn(argv[i], "=");
		char *name = arena_strndup(argv[i], n);

		if (!var_is_name(name, n)) {
			sh_warn("%s: %s: bad variable name", argv[0], argv[i]);
			status = 2;
			continue;
		}
		if (before)
			mark(name);
		if (argv[i][n] == '=' && !var_assign(argv[i])) {
			status = 2;
			continue;
		}
		if (!before)
			mark(name);
	}
	return status;
}

static int
builtin_export(int argc, char **argv)
{
	if (argc == 1 || strcmp(argv[1], "-p") == 0) {
		var_print("export ", true, false);
		return 0;
	}
	return declare(argc, argv, var_export, false);
}

static int
builtin_readonly(int argc, char **argv)
{
	if (argc == 1 || strcmp(argv[1], "-p") == 0) {
		var_print("readonly ", false, true);
		return 0;
	}
	return declare(argc, argv, var_readonly, false);
}

static int
builtin_local(int argc, char **argv)
{
	if (sh.functions == 0) {
		sh_warn("local: not in a function");
		return 2;
	}
	return declare(argc, argv, var_local, true);
}

static int
builtin_unset(int argc, char **argv)
{
	int i = 1, status = 0;
	bool functions = false;

	if (argc > 1 && (strcmp(argv[1], "-f") == 0 || strcmp(argv[1], "-v") == 0)) {
		functions = argv[1][1] == 'f';
		i++;
	}
	for (; i < argc; i++)
		if (functions)
			func_unset(argv[i]);
		else if (!var_unset(argv[i]))
			status = 2;
	return status;
}

/* set -ex, set +e, set -- a b c, set a b c, set */
static int
builtin_set(int argc, char **argv)
{
	int i;

	if (argc == 1) {
		var_print("", false, false);
		return 0;
	}
	for (i = 1; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1] != 0; i++) {
		if (strcmp(argv[i], "--") == 0) {
			params_set(argv + i + 1, argc - i - 1);
			return 0;
		}
		if (!sh_set_options(argv[i])) {
			sh_warn("set: %s: unknown option", argv[i]);
			return 2;
		}
	}
	if (i < argc)
		params_set(argv + i, argc - i);
	return 0;
}

static int
builtin_shift(int argc, char **argv)
{
	int n = argc > 1 ? parse_count(argv[0], argv[1], 0) : 1;

	if (n < 0)
		return 2;
	if (params_shift(n))
		return 0;
	sh_warn("shift: there are only %d parameters", params.count);
	return 1;
}

static int
builtin_eval(int argc, char **argv)
{
	struct str text = {0};
	int i;

	for (i = 1; i < argc; i++) {
		str_add_s(&text, argv[i]);
		str_add(&text, ' ');
	}
	if (argc == 1)
		return 0;
	sh.status = 0;
	return exec_text(str_end(&text), 0);
}

/* The file for `.`: with no '/' in the name it is looked for in $PATH, then here. */
static int
open_source(const char *name)
{
	const char *dir = strchr(name, '/') == NULL ? var_get("PATH") : NULL, *end;
	int fd;

	for (; dir != NULL; dir = *end != 0 ? end + 1 : NULL) {
		struct str path = {0};

		end = strchrnul(dir, ':');
		str_add_n(&path, dir, end - dir);
		str_add(&path, '/');
		str_add_s(&path, name);
		fd = open(str_end(&path), O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return open(name, O_RDONLY | O_CLOEXEC);
}

static int
builtin_dot(int argc, char **argv)
{
	int fd;

	if (argc < 2) {
		sh_warn(".: which file?");
		return 2;
	}
	fd = open_source(argv[1]);
	if (fd < 0)
		sh_error(".: %s: %s", argv[1], strerror(errno));
	sh.status = 0;
	sh.functions++;
	input_push_fd(fd, false);
	sh_run_input(0);
	input_pop();
	sh.functions--;
	sh.returning = false;
	return sh.status;
}

static int
builtin_wait(int argc, char **argv)
{
	int i, pid, status = 0;

	if (argc == 1)
		exec_wait_all();
	for (i = 1; i < argc; i++) {
		pid = parse_count(argv[0], argv[i], 1);
		if (pid < 0)
			return 2;
		status = exec_wait(pid);
	}
	return status;
}

static int
builtin_umask(int argc, char **argv)
{
	mode_t mask;
	char *end;

	if (argc == 1) {
		mask = umask(0);
		umask(mask);
		printf("%04o\n", mask);
		return 0;
	}
	mask = strtoul(argv[1], &end, 8);
	if (*argv[1] == 0 || *end != 0 || mask > 0777) {
		sh_warn("umask: %s: bad mask", argv[1]);
		return 1;
	}
	umask(mask);
	return 0;
}

/* Says what a name is.  => 1 if it is nothing. */
static int
describe(const char *name, bool verbose)
{
	const char *path, *what = NULL;

	if (func_get(name) != NULL)
		what = "a function";
	else if (builtin_find(name) != NULL)
		what = "a shell builtin";
	path = what == NULL ? exec_find(name) : name;
	if (path == NULL) {
		if (verbose)
			printf("%s: not found\n", name);
		return 1;
	}
	if (verbose)
		printf("%s is %s\n", name, what != NULL ? what : path);
	else
		puts(path);
	return 0;
}

static int
builtin_type(int argc, char **argv)
{
	int i, status = 0;

	for (i = 1; i < argc; i++)
		status |= describe(argv[i], true);
	return status;
}

static int
builtin_command(int argc, char **argv)
{
	const struct builtin *b;

	if (argc > 2 && (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "-V") == 0))
		return describe(argv[2], argv[1][1] == 'V');
	if (argc == 1)
		return 0;
	b = builtin_find(argv[1]);
	return b != NULL ? b->run(argc - 1, argv + 1) : exec_command(argv + 1);
}

/* ---- read ---- */

/*
 * Reads a line byte by byte: what follows it belongs to others. Without `raw` a backslash quotes.
 */
static bool
read_line(struct chars *line, bool raw)
{
	bool quoted = false;
	char c;

	for (;;) {
		ssize_t n = read(0, &c, 1);

		if (n < 0 && errno == EINTR) {
			trap_poll();
			continue;
		}
		if (n <= 0)
			return false;
		if (quoted) {
			if (c != '\n')
				chars_add(line, c, C_QUOTED);
			quoted = false;
		} else if (c == '\\' && !raw) {
			quoted = true;
		} else if (c == '\n') {
			return true;
		} else if (c != 0) {
			chars_add(line, c, C_SPLIT);
		}
	}
}

/* Is byte i of the line a separator?  => `space`: one that counts only as white space. */
static bool
separates(const struct chars *line, size_t i, const char *ifs, bool *space)
{
	char c = line->text.s[i];

	*space = c == ' ' || c == '\t' || c == '\n';
	return line->kind.s[i] == C_SPLIT && strchr(ifs, c) != NULL;
}

/* Takes a field from *at on, and the separator behind it. */
static char *
take_field(const struct chars *line, size_t *at, const char *ifs, bool last)
{
	size_t i = *at, end = line->text.len, start;
	bool space;

	while (i < end && separates(line, i, ifs, &space) && space)
		i++;
	start = i;
	if (last) {
		while (end > start && separates(line, end - 1, ifs, &space) && space)
			end--;
		*at = line->text.len;
		return arena_strndup(line->text.s + start, end - start);
	}
	while (i < end && !separates(line, i, ifs, &space))
		i++;
	*at = i;
	while (*at < end && separates(line, *at, ifs, &space) && space)
		++*at;
	if (*at < end && separates(line, *at, ifs, &space))
		++*at;
	return arena_strndup(line->text.s + start, i - start);
}

static int
builtin_read(int argc, char **argv)
{
	const char *ifs = var_get("IFS");
	struct chars line = {{0}, {0}};
	bool raw = false, found;
	size_t at = 0;
	int i = 1;

	if (i < argc && strcmp(argv[i], "-r") == 0) {
		raw = true;
		i++;
	}
	if (i == argc) {
		sh_warn("read: which variable?");
		return 2;
	}
	found = read_line(&line, raw);
	str_end(&line.text);
	line.text.len--;
	for (; i < argc; i++) {
		char *field = take_field(&line, &at, ifs != NULL ? ifs : " \t\n", i + 1 == argc);

		if (!var_is_name(argv[i], strlen(argv[i]))) {
			sh_warn("read: %s: bad variable name", argv[i]);
			return 2;
		}
		if (!var_set(argv[i], field))
			return 2;
	}
	return found ? 0 : 1;
}

/* exec is run by exec.c: what it does to descriptors is to stay. */
static const struct builtin builtins[] = {
    {".", builtin_dot, true},
    {":", builtin_true, true},
    {"[", builtin_test, false},
    {"break", builtin_break, true},
    {"cd", builtin_cd, false},
    {"command", builtin_command, false},
    {"continue", builtin_continue, true},
    {"echo", builtin_echo, false},
    {"eval", builtin_eval, true},
    {"exec", builtin_true, true},
    {"exit", builtin_exit, true},
    {"export", builtin_export, true},
    {"false", builtin_false, false},
    {"local", builtin_local, true},
    {"pwd", builtin_pwd, false},
    {"read", builtin_read, false},
    {"readonly", builtin_readonly, true},
    {"return", builtin_return, true},
    {"set", builtin_set, true},
    {"shift", builtin_shift, true},
    {"test", builtin_test, false},
    {"trap", builtin_trap, true},
    {"true", builtin_true, false},
    {"type", builtin_type, false},
    {"umask", builtin_umask, false},
    {"unset", builtin_unset, true},
    {"wait", builtin_wait, false},
};

const struct builtin *
builtin_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}
