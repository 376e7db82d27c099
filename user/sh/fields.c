/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an expanded word to arguments: bytes of kind C_SPLIT that are in $IFS separate fields; a
 * field with an unquoted * ? or [ is replaced by the paths it matches.
 *
 * White space in $IFS separates however much of it there is; any other byte of $IFS ends one field
 * each.
 */
#include <glob.h>
#include <string.h>

#include "user/sh/sh.h"

struct list {
	char **items;
	int count, room;
};

static void
list_add(struct list *l, char *item)
{
	if (l->count + 1 >= l->room) {
		char **items;

		l->room = 2 * l->room + 16;
		items = arena_alloc(l->room * sizeof(*items));
		if (l->count > 0)
			memcpy(items, l->items, l->count * sizeof(*items));
		l->items = items;
	}
	l->items[l->count++] = item;
	l->items[l->count] = NULL;
}

/*
 * The bytes as a pattern: those that were quoted get a backslash where they would mean something.
 */
static char *
as_pattern(const struct chars *c)
{
	struct str p = {0};
	size_t i;

	for (i = 0; i < c->text.len; i++) {
		enum char_kind kind = c->kind.s[i];
		char ch = c->text.s[i];

		if (kind == C_BREAK)
			ch = ' ';
		else if (kind == C_EMPTY)
			continue;
		else if (kind == C_QUOTED && strchr("*?[]\\-!^", ch) != NULL)
			str_add(&p, '\\');
		str_add(&p, ch);
	}
	return str_end(&p);
}

static char *
as_string(const struct chars *c)
{
	struct str s = {0};
	size_t i;

	for (i = 0; i < c->text.len; i++)
		if (c->kind.s[i] == C_BREAK)
			str_add(&s, ' ');
		else if (c->kind.s[i] != C_EMPTY)
			str_add(&s, c->text.s[i]);
	return str_end(&s);
}

/* Is there an unquoted * or ?, or a [ with a ] behind it?  (The command [ is no pattern.) */
static bool
is_pattern(const struct chars *c)
{
	bool bracket = false;
	size_t i;

	for (i = 0; i < c->text.len; i++) {
		char ch = c->text.s[i];

		if (c->kind.s[i] != C_PLAIN && c->kind.s[i] != C_SPLIT)
			continue;
		if (ch == '*' || ch == '?' || (ch == ']' && bracket))
			return true;
		bracket |= ch == '[';
	}
	return false;
}

/* Adds a field, or the paths it stands for. */
static void
add_field(struct list *l, const struct chars *field)
{
	glob_t g = {0};
	size_t i;

	if (!sh.opt_f && is_pattern(field))
		glob(as_pattern(field), 0, NULL, &g);
	for (i = 0; i < g.gl_pathc; i++)
		list_add(l, arena_strdup(g.gl_pathv[i]));
	if (g.gl_pathc == 0)
		list_add(l, as_string(field));
	globfree(&g);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Cuts an expanded word into fields. */
static void
split(struct list *l, const struct chars *word)
{
	const char *ifs = var_get("IFS");
	struct chars field = {{0}, {0}};
	bool have = false, after_space = false;
	size_t i;

	if (ifs == NULL)
		ifs = " \t\n";
	for (i = 0; i < word->text.len; i++) {
		enum char_kind kind = word->kind.s[i];
		char c = word->text.s[i];
		bool separates = kind == C_SPLIT && strchr(ifs, c) != NULL;

		if (!separates && kind != C_BREAK) {
			chars_add(&field, c, kind);
			have = true;
			after_space = false;
			continue;
		}
		if (have || (separates && !is_space(c) && !after_space))
			add_field(l, &field);
		after_space = separates && is_space(c) && (have || after_space);
		have = false;
		field.text.len = field.kind.len = 0;
	}
	if (have)
		add_field(l, &field);
}

/* Is this an argument of export that is not to be split? */
static bool
is_declaration(const struct list *l, const char *word)
{
	size_t n = strcspn(word, "=");

	return l->count > 0 && word[n] == '=' && var_is_name(word, n) &&
	    (strcmp(l->items[0], "export") == 0 || strcmp(l->items[0], "readonly") == 0 ||
		strcmp(l->items[0], "local") == 0);
}

char **
expand_arguments(const struct word *words, int *count)
{
	struct list l = {0};

	for (; words != NULL; words = words->next) {
		struct chars c = {{0}, {0}};

		expand_word(&c, words->text);
		if (is_declaration(&l, words->text))
			list_add(&l, as_string(&c));
		else
			split(&l, &c);
	}
	*count = l.count;
	return l.items;
}

char *
expand_string(const char *word)
{
	struct chars c = {{0}, {0}};

	expand_word(&c, word);
	return as_string(&c);
}

char *
expand_pattern(const char *word)
{
	struct chars c = {{0}, {0}};

	expand_word(&c, word);
	return as_pattern(&c);
}
