/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variables, positional parameters and functions: names and values in malloc'ed memory. `local` and
 * assignments before a command ("x=1 cmd") keep the old value on a stack; leaving the function or
 * command brings it back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/sh/sh.h"

#define BUCKETS 64

struct var {
	struct var *next;
	char *name;
	char *value; /* NULL: not set, but perhaps exported or read-only already */
	bool exported;
	bool readonly;
};

struct func {
	struct func *next;
	char *name;
	char *body;
};

struct local {
	struct var *var;
	char *value;
	bool exported;
};

static struct var *vars[BUCKETS];
static struct func *funcs;
static struct local *locals;
static size_t local_count, local_room;

struct params params;

bool
var_is_name(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || !is_name_start((unsigned char)*s))
		return false;
	for (i = 1; i < n; i++)
		if (!is_name_char((unsigned char)s[i]))
			return false;
	return true;
}

static struct var **
find(const char *name)
{
	struct var **link;
	unsigned hash = 0;
	const char *p;

	for (p = name; *p != 0; p++)
		hash = hash * 31 + (unsigned char)*p;
	for (link = &vars[hash % BUCKETS]; *link != NULL; link = &(*link)->next)
		if (strcmp((*link)->name, name) == 0)
			break;
	return link;
}

/* The variable, made if there is none. */
static struct var *
get(const char *name)
{
	struct var **link = find(name);

	if (*link == NULL) {
		*link = must_alloc(NULL, sizeof(**link));
		**link = (struct var){.name = must_strdup(name)};
	}
	return *link;
}

const char *
var_get(const char *name)
{
	struct var *v = *find(name);

	return v != NULL ? v->value : NULL;
}

static bool
check_writable(const struct var *v)
{
	if (v->readonly)
		sh_warn("%s: is read only", v->name);
	return !v->readonly;
}

bool
var_set(const char *name, const char *value)
{
	struct var *v = get(name);
	char *copy;

	if (!check_writable(v))
		return false;
	copy = must_strdup(value);
	free(v->value);
	v->value = copy;
	return true;
}

bool
var_assign(const char *assignment)
{
	size_t n = strcspn(assignment, "=");

	return var_set(arena_strndup(assignment, n), assignment + n + 1);
}

bool
var_unset(const char *name)
{
	struct var *v = *find(name);

	if (v == NULL)
		return true;
	if (!check_writable(v))
		return false;
	free(v->value);
	v->value = NULL;
	v->exported = false;
	return true;
}

void
var_export(const char *name)
{
	get(name)->exported = true;
}

void
var_readonly(const char *name)
{
	get(name)->readonly = true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(struct var *const *)a)->name, (*(struct var *const *)b)->name);
}

/* All variables, sorted.  => NULL-terminated, in the arena. */
static struct var **
all_vars(size_t *count)
{
	struct var *v, **list;
	size_t n = 0, i;

	for (i = 0; i < BUCKETS; i++)
		for (v = vars[i]; v != NULL; v = v->next)
			n++;
	list = arena_alloc((n + 1) * sizeof(*list));
	n = 0;
	for (i = 0; i < BUCKETS; i++)
		for (v = vars[i]; v != NULL; v = v->next)
			list[n++] = v;
	qsort(list, n, sizeof(*list), by_name);
	*count = n;
	return list;
}

/* Prints a value so that the shell can read it again. */
static void
print_quoted(const char *s)
{
	putchar('\'');
	for (; *s != 0; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	putchar('\'');
}

void
var_print(const char *prefix, bool exported, bool readonly)
{
	size_t n, i;
	struct var **list = all_vars(&n);

	for (i = 0; i < n; i++) {
		struct var *v = list[i];

		if ((exported && !v->exported) || (readonly && !v->readonly) ||
		    (v->value == NULL && !exported && !readonly))
			continue;
		printf("%s%s", prefix, v->name);
		if (v->value != NULL) {
			putchar('=');
			print_quoted(v->value);
		}
		putchar('\n');
	}
}

char **
var_environment(void)
{
	size_t n, i, used = 0;
	struct var **list = all_vars(&n);
	char **env = arena_alloc((n + 1) * sizeof(*env));

	for (i = 0; i < n; i++) {
		struct str s = {0};

		if (!list[i]->exported || list[i]->value == NULL)
			continue;
		str_add_s(&s, list[i]->name);
		str_add(&s, '=');
		str_add_s(&s, list[i]->value);
		env[used++] = str_end(&s);
	}
	env[used] = NULL;
	return env;
}

void
var_init(char **envp)
{
	char buf[24], *cwd;

	for (; *envp != NULL; envp++) {
		size_t n = strcspn(*envp, "=");

		if ((*envp)[n] == '=' && var_is_name(*envp, n)) {
			var_assign(*envp);
			var_export(arena_strndup(*envp, n));
		}
	}
	var_set("IFS", " \t\n");
	if (var_get("PATH") == NULL)
		var_set("PATH", "/bin");
	snprintf(buf, sizeof(buf), "%d", getppid());
	var_set("PPID", buf);
	cwd = getcwd(NULL, 0);
	if (cwd != NULL)
		var_set("PWD", cwd);
	free(cwd);
}

void
var_local(const char *name)
{
	struct var *v = get(name);

	if (local_count == local_room) {
		local_room = 2 * local_room + 16;
		locals = must_alloc(locals, local_room * sizeof(*locals));
	}
	locals[local_count++] = (struct local){v, v->value, v->exported};
	v->value = v->value != NULL ? must_strdup(v->value) : NULL;
}

size_t
var_local_mark(void)
{
	return local_count;
}

void
var_local_restore(size_t mark)
{
	while (local_count > mark) {
		struct local *l = &locals[--local_count];

		free(l->var->value);
		l->var->value = l->value;
		l->var->exported = l->exported;
	}
}

static struct params
copy_params(char **values, int count)
{
	struct params copy = {must_alloc(NULL, (count + 1) * sizeof(char *)), count};
	int i;

	for (i = 0; i < count; i++)
		copy.values[i] = must_strdup(values[i]);
	copy.values[count] = NULL;
	return copy;
}

static void
free_params(struct params p)
{
	int i;

	for (i = 0; i < p.count; i++)
		free(p.values[i]);
	free(p.values);
}

struct params
params_push(char **values, int count)
{
	struct params old = params;

	params = copy_params(values, count);
	return old;
}

void
params_pop(struct params old)
{
	free_params(params);
	params = old;
}

void
params_set(char **values, int count)
{
	params_pop(copy_params(values, count));
}

bool
params_shift(int n)
{
	int i;

	if (n > params.count)
		return false;
	for (i = 0; i < n; i++)
		free(params.values[i]);
	params.count -= n;
	memmove(params.values, params.values + n, (params.count + 1) * sizeof(char *));
	return true;
}

static struct func **
find_func(const char *name)
{
	struct func **link;

	for (link = &funcs; *link != NULL; link = &(*link)->next)
		if (strcmp((*link)->name, name) == 0)
			break;
	return link;
}

const char *
func_get(const char *name)
{
	struct func *f = *find_func(name);

	return f != NULL ? f->body : NULL;
}

void
func_unset(const char *name)
{
	struct func **link = find_func(name), *f = *link;

	if (f == NULL)
		return;
	*link = f->next;
	free(f->name);
	free(f->body);
	free(f);
}

void
func_define(const char *name, const char *body)
{
	struct func *f = must_alloc(NULL, sizeof(*f));

	func_unset(name);
	*f = (struct func){funcs, must_strdup(name), must_strdup(body)};
	funcs = f;
}
