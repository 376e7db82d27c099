/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * $((...)): C expressions over long. Precedence climbing: binary(p, n) reads everything that binds
 * at least as tightly as level n. What && || ?: do not evaluate is read with `skip` set, so that it
 * has no effect and no errors.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/sh/sh.h"

struct arith {
	const char *p;
	const char *text; /* all of it, for messages */
	int skip;
	int depth;
};

static const struct {
	const char *op;
	int level; /* higher binds more tightly */
} operators[] = {
    {"||", 1},
    {"&&", 2},
    {"|", 3},
    {"^", 4},
    {"&", 5},
    {"==", 6},
    {"!=", 6},
    {"<=", 7},
    {">=", 7},
    {"<<", 8},
    {">>", 8},
    {"<", 7},
    {">", 7},
    {"+", 9},
    {"-", 9},
    {"*", 10},
    {"/", 10},
    {"%", 10},
};

#define NELEM(a)  (sizeof(a) / sizeof((a)[0]))
#define DEPTH_MAX 100

static long assignment(struct arith *a);

static _Noreturn void
bad(const struct arith *a)
{
	sh_error("arithmetic: syntax error in '%s'", a->text);
}

static void
skip_space(struct arith *a)
{
	while (isspace((unsigned char)*a->p))
		a->p++;
}

/* Takes `op` if it comes next. */
static bool
take(struct arith *a, const char *op)
{
	size_t n = strlen(op);

	skip_space(a);
	if (strncmp(a->p, op, n) != 0)
		return false;
	a->p += n;
	return true;
}

/* The value of a variable: unset is 0, and what is no number is an expression again. */
static long
variable(struct arith *a, const char *name)
{
	const char *value = var_get(name);
	char *end;
	long n;

	if (value == NULL || *value == 0) {
		if (value == NULL && sh.opt_u && !a->skip)
			sh_error("%s: parameter not set", name);
		return 0;
	}
	n = strtol(value, &end, 0);
	while (isspace((unsigned char)*end))
		end++;
	if (*end != 0) {
		struct arith inner = {
		    .p = value, .text = value, .skip = a->skip, .depth = a->depth + 1};

		if (inner.depth > DEPTH_MAX)
			bad(a);
		n = assignment(&inner);
		skip_space(&inner);
		if (*inner.p != 0)
			bad(&inner);
	}
	return n;
}

static char *
take_name(struct arith *a)
{
	const char *start = a->p;

	while (is_name_char((unsigned char)*a->p))
		a->p++;
	return arena_strndup(start, a->p - start);
}

static long
primary(struct arith *a)
{
	char *end;
	long n;

	if (++a->depth > DEPTH_MAX)
		bad(a);
	skip_space(a);
	if (take(a, "(")) {
		n = assignment(a);
		if (!take(a, ")"))
			bad(a);
	} else if (take(a, "!")) {
		n = !primary(a);
	} else if (take(a, "~")) {
		n = ~primary(a);
	} else if (take(a, "-")) {
		n = -(unsigned long)primary(a);
	} else if (take(a, "+")) {
		n = primary(a);
	} else if (is_name_start((unsigned char)*a->p)) {
		n = variable(a, take_name(a));
	} else if (isdigit((unsigned char)*a->p)) {
		n = strtoul(a->p, &end, 0);
		a->p = end;
		if (is_name_char((unsigned char)*a->p))
			bad(a);
	} else {
		bad(a);
	}
	a->depth--;
	return n;
}

static long
divide(const struct arith *a, char op, long x, long y)
{
	if (a->skip)
		return 0;
	if (y == 0)
		sh_error("arithmetic: division by zero in '%s'", a->text);
	if (y == -1) /* LONG_MIN / -1 has no result; it wraps like the other operators */
		return op == '/' ? (long)-(unsigned long)x : 0;
	return op == '/' ? x / y : x % y;
}

static long
apply(const struct arith *a, const char *op, long x, long y)
{
	unsigned long ux = x, uy = y;

	switch (op[0]) {
	case '+':
		return ux + uy;
	case '-':
		return ux - uy;
	case '*':
		return ux * uy;
	case '/':
	case '%':
		return divide(a, op[0], x, y);
	case '&':
		return op[1] == '&' ? x && y : x & y;
	case '|':
		return op[1] == '|' ? x || y : x | y;
	case '^':
		return x ^ y;
	case '=':
		return x == y;
	case '!':
		return x != y;
	case '<':
		return op[1] == '<' ? (long)(ux << (uy & 63)) : op[1] == '=' ? x <= y : x < y;
	default:
		return op[1] == '>' ? x >> (uy & 63) : op[1] == '=' ? x >= y : x > y;
	}
}

/* => returns the operator that comes next if it binds at least at `level`, NULL otherwise. */
static const char *
next_operator(struct arith *a, int level, int *found)
{
	size_t i, n;

	skip_space(a);
	for (i = 0; i < NELEM(operators); i++) {
		n = strlen(operators[i].op);
		if (strncmp(a->p, operators[i].op, n) != 0)
			continue;
		if (operators[i].level < level ||
		    (a->p[n] == '=' && operators[i].level != 6 && operators[i].level != 7 &&
			operators[i].level > 2))
			return NULL; /* binds less, or is an assignment like += */
		*found = operators[i].level;
		a->p += n;
		return operators[i].op;
	}
	return NULL;
}

static long
binary(struct arith *a, int level)
{
	long x = primary(a), y;
	const char *op;
	int found;

	while ((op = next_operator(a, level, &found)) != NULL) {
		bool decided = (found == 1 && x != 0) || (found == 2 && x == 0);

		a->skip += decided;
		y = binary(a, found + 1);
		a->skip -= decided;
		x = apply(a, op, x, y);
	}
	return x;
}

static long
conditional(struct arith *a)
{
	long x = binary(a, 1), yes, no;

	if (!take(a, "?"))
		return x;
	a->skip += x == 0;
	yes = assignment(a);
	a->skip -= x == 0;
	if (!take(a, ":"))
		bad(a);
	a->skip += x != 0;
	no = assignment(a);
	a->skip -= x != 0;
	return x != 0 ? yes : no;
}

/* Takes "=" or "+=" and the like behind a name.  => false: it is no assignment. */
static bool
take_assignment(struct arith *a, char op[3])
{
	static const char *const ops[] = {
	    "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="};
	size_t i, n;

	skip_space(a);
	for (i = 0; i < NELEM(ops); i++) {
		n = strlen(ops[i]);
		if (strncmp(a->p, ops[i], n) == 0 && !(n == 1 && a->p[1] == '=')) {
			a->p += n;
			memcpy(op, ops[i], n - 1);
			op[n - 1] = 0;
			return true;
		}
	}
	return false;
}

static long
assignment(struct arith *a)
{
	const char *start;
	char *name, op[3], buf[24];
	long value;

	skip_space(a);
	start = a->p;
	if (is_name_start((unsigned char)*a->p)) {
		name = take_name(a);
		if (take_assignment(a, op)) {
			value = assignment(a);
			if (*op != 0)
				value = apply(a, op, variable(a, name), value);
			snprintf(buf, sizeof(buf), "%ld", value);
			if (!a->skip && !var_set(name, buf))
				sh_abandon();
			return value;
		}
		a->p = start;
	}
	return conditional(a);
}

long
arith_eval(const char *text)
{
	struct arith a = {.p = text, .text = text};
	long value;

	skip_space(&a);
	if (*a.p == 0)
		return 0;
	value = assignment(&a);
	skip_space(&a);
	if (*a.p != 0)
		bad(&a);
	return value;
}
