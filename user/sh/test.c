/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test and [: conditions. With up to four arguments POSIX decides by their number alone, so that
 * `test "$x" = y` is right whatever $x is; longer expressions are parsed: or := and { -o and }, and
 * := not { -a not }, not := ! not | ( or ) | ...
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/sh/sh.h"

#define TRUE  0
#define FALSE 1
#define ERROR 2

struct args {
	char **v;
	int n;
	bool error;
};

static bool
fail(struct args *a, const char *message, const char *what)
{
	if (!a->error)
		sh_warn("test: %s%s", what, message);
	a->error = true;
	return false;
}

static long
number(struct args *a, const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	while (*end == ' ' || *end == '\t')
		end++;
	if (end == s || *end != 0 || errno != 0)
		fail(a, ": not an integer", s);
	return n;
}

static bool
is_unary(const char *op)
{
	return op[0] == '-' && op[1] != 0 && op[2] == 0 &&
	    strchr("bcdefghkLnOGprSstuwxz", op[1]) != NULL;
}

static bool
file_type(const char *path, mode_t type)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

static bool
file_mode(const char *path, mode_t bit)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & bit) != 0;
}

static bool
is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool
unary(struct args *a, char op, const char *s)
{
	struct stat st;

	switch (op) {
	case 'n':
		return *s != 0;
	case 'z':
		return *s == 0;
	case 't':
		return isatty(number(a, s));
	case 'b':
		return file_type(s, S_IFBLK);
	case 'c':
		return file_type(s, S_IFCHR);
	case 'd':
		return file_type(s, S_IFDIR);
	case 'f':
		return file_type(s, S_IFREG);
	case 'p':
		return file_type(s, S_IFIFO);
	case 'S':
		return file_type(s, S_IFSOCK);
	case 'h':
	case 'L':
		return is_link(s);
	case 'g':
		return file_mode(s, S_ISGID);
	case 'k':
		return file_mode(s, S_ISVTX);
	case 'u':
		return file_mode(s, S_ISUID);
	case 'r':
		return access(s, R_OK) == 0;
	case 'w':
		return access(s, W_OK) == 0;
	case 'x':
		return access(s, X_OK) == 0;
	case 's':
		return stat(s, &st) == 0 && st.st_size > 0;
	case 'O':
		return stat(s, &st) == 0 && st.st_uid == geteuid();
	case 'G':
		return stat(s, &st) == 0 && st.st_gid == getegid();
	default:
		return stat(s, &st) == 0; /* -e */
	}
}

/* -nt and -ot: an existing file is newer than one that does not exist. */
static bool
newer(const char *x, const char *y)
{
	struct stat a, b;

	if (stat(x, &a) < 0)
		return false;
	if (stat(y, &b) < 0)
		return true;
	return a.st_mtim.tv_sec > b.st_mtim.tv_sec ||
	    (a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec > b.st_mtim.tv_nsec);
}

static bool
same_file(const char *x, const char *y)
{
	struct stat a, b;

	return stat(x, &a) == 0 && stat(y, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static const char *const binary_ops[] = {
    "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"};

/* => the index in binary_ops, -1. */
static int
binary_op(const char *op)
{
	size_t i;

	for (i = 0; i < sizeof(binary_ops) / sizeof(binary_ops[0]); i++)
		if (strcmp(op, binary_ops[i]) == 0)
			return i;
	return -1;
}

static bool
binary(struct args *a, const char *x, int op, const char *y)
{
	long m = 0, n = 0;

	if (op >= 5 && op <= 10) {
		m = number(a, x);
		n = number(a, y);
	}
	switch (op) {
	case 0:
	case 1:
		return strcmp(x, y) == 0;
	case 2:
		return strcmp(x, y) != 0;
	case 3:
		return strcmp(x, y) < 0;
	case 4:
		return strcmp(x, y) > 0;
	case 5:
		return m == n;
	case 6:
		return m != n;
	case 7:
		return m < n;
	case 8:
		return m <= n;
	case 9:
		return m > n;
	case 10:
		return m >= n;
	case 11:
		return newer(x, y);
	case 12:
		return newer(y, x);
	default:
		return same_file(x, y);
	}
}

static bool parse_or(struct args *a);

static bool
parse_primary(struct args *a)
{
	bool result;
	int op;

	if (a->n == 0)
		return fail(a, "argument expected", "");
	if (a->n >= 3 && (op = binary_op(a->v[1])) >= 0) {
		result = binary(a, a->v[0], op, a->v[2]);
		a->v += 3;
		a->n -= 3;
		return result;
	}
	if (strcmp(a->v[0], "(") == 0 && a->n > 1) {
		a->v++;
		a->n--;
		result = parse_or(a);
		if (a->n == 0 || strcmp(a->v[0], ")") != 0)
			return fail(a, "missing ')'", "");
		a->v++;
		a->n--;
		return result;
	}
	if (a->n >= 2 && is_unary(a->v[0])) {
		result = unary(a, a->v[0][1], a->v[1]);
		a->v += 2;
		a->n -= 2;
		return result;
	}
	a->n--;
	return *a->v++[0] != 0;
}

static bool
parse_not(struct args *a)
{
	if (a->n > 1 && strcmp(a->v[0], "!") == 0) {
		a->v++;
		a->n--;
		return !parse_not(a);
	}
	return parse_primary(a);
}

static bool
parse_and(struct args *a)
{
	bool result = parse_not(a);

	while (a->n > 0 && strcmp(a->v[0], "-a") == 0) {
		a->v++;
		a->n--;
		result &= parse_not(a);
	}
	return result;
}

static bool
parse_or(struct args *a)
{
	bool result = parse_and(a);

	while (a->n > 0 && strcmp(a->v[0], "-o") == 0) {
		a->v++;
		a->n--;
		result |= parse_and(a);
	}
	return result;
}

/* By the number of arguments, as far as POSIX says. */
static bool
evaluate(struct args *a)
{
	int op;

	if (a->n == 0)
		return false;
	if (a->n == 1) {
		a->n = 0;
		return *a->v[0] != 0;
	}
	if (a->n == 3 && (op = binary_op(a->v[1])) >= 0) {
		a->n = 0;
		return binary(a, a->v[0], op, a->v[2]);
	}
	if ((a->n == 2 || a->n == 3 || a->n == 4) && strcmp(a->v[0], "!") == 0) {
		a->v++;
		a->n--;
		return !evaluate(a);
	}
	if (a->n == 2 && !is_unary(a->v[0]))
		return fail(a, ": unknown condition", a->v[0]);
	return parse_or(a);
}

int
builtin_test(int argc, char **argv)
{
	struct args a = {.v = argv + 1, .n = argc - 1};
	bool result;

	if (strcmp(argv[0], "[") == 0 && strcmp(argv[argc - 1], "]") != 0) {
		sh_warn("[: missing ']'");
		return ERROR;
	}
	a.n -= strcmp(argv[0], "[") == 0;
	result = evaluate(&a);
	if (!a.error && a.n > 0)
		fail(&a, ": unexpected", a.v[0]);
	return a.error ? ERROR : result ? TRUE : FALSE;
}
