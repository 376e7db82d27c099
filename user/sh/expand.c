/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expansion of one word: parameters, command substitution, arithmetic, quotes. What comes out are
 * bytes that know where they came from (enum char_kind), because that decides what fields.c may do
 * with them:
 *
 *	x=a*	$x"$x"\*	->	a* (C_SPLIT)  a* (C_QUOTED)  * (C_QUOTED)
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/sh/sh.h"

/* Where an expansion happens. */
struct context {
	struct chars *out;
	enum char_kind literal; /* kind of bytes that stand for themselves */
	bool quoted;            /* within double quotes */
	bool at_empty;          /* "$@" with no parameters was seen */
};

void
chars_add(struct chars *c, char ch, enum char_kind kind)
{
	str_add(&c->text, ch);
	str_add(&c->kind, kind);
}

static void
add_text(struct context *x, const char *s, enum char_kind kind)
{
	for (; *s != 0; s++)
		chars_add(x->out, *s, kind);
}

/* Adds what an expansion gave. */
static void
add_value(struct context *x, const char *s)
{
	add_text(x, s, x->quoted ? C_QUOTED : C_SPLIT);
}

/* ---- $@ and $* ---- */

static void
add_all_params(struct context *x, char which)
{
	const char *ifs = var_get("IFS");
	int i;

	if (which == '@' && x->quoted && params.count == 0)
		x->at_empty = true;
	for (i = 0; i < params.count; i++) {
		if (i > 0 && (which == '@' || !x->quoted))
			chars_add(x->out, 0, C_BREAK);
		else if (i > 0 && (ifs == NULL || *ifs != 0))
			chars_add(x->out, ifs != NULL ? *ifs : ' ', C_QUOTED);
		if (x->quoted)
			chars_add(x->out, 0, C_EMPTY);
		add_value(x, params.values[i]);
	}
}

/* ---- Parameters ---- */

/* The value of $? and the like.  => NULL for a letter that is none of them. */
static const char *
special_value(char c)
{
	char buf[24];

	switch (c) {
	case '?':
		snprintf(buf, sizeof(buf), "%d", sh.status);
		break;
	case '#':
		snprintf(buf, sizeof(buf), "%d", params.count);
		break;
	case '$':
		snprintf(buf, sizeof(buf), "%d", sh.pid);
		break;
	case '!':
		if (sh.last_background == 0)
			return NULL;
		snprintf(buf, sizeof(buf), "%d", sh.last_background);
		break;
	case '-':
		snprintf(buf, sizeof(buf), "%s%s%s%s%s%s", sh.opt_e ? "e" : "", sh.opt_f ? "f" : "",
		    sh.interactive ? "i" : "", sh.opt_u ? "u" : "", sh.opt_v ? "v" : "",
		    sh.opt_x ? "x" : "");
		break;
	default:
		return NULL;
	}
	return arena_strdup(buf);
}

/* The value of any parameter but $@ and $*.  => NULL: not set. */
static const char *
param_value(const char *name)
{
	if (isdigit((unsigned char)*name)) {
		int n = atoi(name);

		if (n == 0)
			return sh.name;
		return n <= params.count ? params.values[n - 1] : NULL;
	}
	return is_name_start(*name) ? var_get(name) : special_value(*name);
}

/* How long a parameter's name is; inside braces a number may have several digits. */
static size_t
name_length(const char *p, bool braces)
{
	size_t n = 0;

	if (is_name_start((unsigned char)*p)) {
		while (is_name_char((unsigned char)p[n]))
			n++;
		return n;
	}
	if (isdigit((unsigned char)*p)) {
		while (isdigit((unsigned char)p[n]) && (braces || n == 0))
			n++;
		return n;
	}
	return *p != 0 && strchr("?#$!-@*", *p) != NULL;
}

static void
check_set(const char *name, const char *value)
{
	if (value == NULL && sh.opt_u)
		sh_error("%s: parameter not set", name);
}

static void expand_text(struct context *x, const char *word);

/* The word of ${name-word}, in the same quotes as the whole. */
static void
expand_alternative(struct context *x, const char *word)
{
	enum char_kind literal = x->literal;

	if (!x->quoted)
		x->literal = C_SPLIT;
	expand_text(x, word);
	x->literal = literal;
}

/* Removes the shortest or longest beginning that matches the pattern. */
static const char *
trim_start(const char *value, const char *pattern, bool longest)
{
	size_t n = strlen(value), i;

	for (i = 0; i <= n; i++) {
		size_t len = longest ? n - i : i;

		if (fnmatch(pattern, arena_strndup(value, len), 0) == 0)
			return value + len;
	}
	return value;
}

static const char *
trim_end(const char *value, const char *pattern, bool longest)
{
	size_t n = strlen(value), i;

	for (i = 0; i <= n; i++) {
		size_t at = longest ? i : n - i;

		if (fnmatch(pattern, value + at, 0) == 0)
			return arena_strndup(value, at);
	}
	return value;
}

/* ${name=word}: only variables can be set so. */
static void
assign_default(struct context *x, const char *name, const char *word)
{
	const char *value = expand_string(word);

	if (!var_is_name(name, strlen(name)))
		sh_error("%s: cannot be assigned to in this way", name);
	if (!var_set(name, value))
		sh_abandon();
	add_value(x, value);
}

static _Noreturn void
not_set(const char *name, const char *word, bool colon)
{
	if (*word != 0)
		sh_error("%s: %s", name, expand_string(word));
	sh_error("%s: parameter %s", name, colon ? "null or not set" : "not set");
}

/* One of - = ? +, with `colon` also for an empty value. */
static void
expand_conditional(struct context *x, const char *name, char op, const char *word, bool colon)
{
	bool all = *name == '@' || *name == '*';
	const char *value = all ? (params.count > 0 ? params.values[0] : NULL) : param_value(name);
	bool is_set = value != NULL && !(colon && *value == 0);

	if (op == '+') {
		if (is_set)
			expand_alternative(x, word);
		return;
	}
	if (is_set) {
		if (all)
			add_all_params(x, *name);
		else
			add_value(x, value);
		return;
	}
	if (op == '-')
		expand_alternative(x, word);
	else if (op == '=')
		assign_default(x, name, word);
	else
		not_set(name, word, colon);
}

static void
add_length(struct context *x, const char *name)
{
	const char *value = *name == '@' || *name == '*' ? special_value('#') : param_value(name);
	char buf[24];

	check_set(name, value);
	if (*name == '@' || *name == '*') {
		add_value(x, value);
		return;
	}
	snprintf(buf, sizeof(buf), "%zu", value != NULL ? strlen(value) : 0);
	add_value(x, buf);
}

/* What stands between the braces of ${...}. */
static void
expand_braces(struct context *x, const char *body)
{
	bool length = *body == '#' && body[1] != 0 && strchr("-=?+:%", body[1]) == NULL &&
	    !(body[1] == '#' && body[2] != 0);
	const char *value, *op;
	bool colon, doubled;
	char *name;
	size_t n;

	body += length;
	n = name_length(body, true);
	name = arena_strndup(body, n);
	op = body + n;
	if (n == 0 || (length && *op != 0))
		sh_error("${%s}: bad substitution", body);
	if (length) {
		add_length(x, name);
		return;
	}
	colon = *op == ':';
	op += colon;
	if (*op != 0 && strchr("-=?+", *op) != NULL) {
		expand_conditional(x, name, *op, op + 1, colon);
		return;
	}
	if (*op == 0 && !colon && (*name == '@' || *name == '*')) {
		add_all_params(x, *name);
		return;
	}
	value = param_value(name);
	check_set(name, value);
	if (value == NULL)
		value = "";
	doubled = *op != 0 && op[1] == *op;
	if (*op == '#' && !colon)
		value = trim_start(value, expand_pattern(op + 1 + doubled), doubled);
	else if (*op == '%' && !colon)
		value = trim_end(value, expand_pattern(op + 1 + doubled), doubled);
	else if (*op != 0 || colon)
		sh_error("${%s}: bad substitution", body);
	add_value(x, value);
}

/* ---- Commands and arithmetic ---- */

static void
add_command_output(struct context *x, const char *command)
{
	add_value(x, exec_capture(command));
}

/*
 * `commands`: a backslash before $ ` \ (and " within quotes) goes away.
 * => returns the place behind.
 */
static const char *
expand_backquotes(struct context *x, const char *p)
{
	struct str command = {0};

	for (p++; *p != '`' && *p != 0; p++) {
		if (*p == '\\' && p[1] != 0 && strchr(x->quoted ? "$`\\\"" : "$`\\", p[1]) != NULL)
			p++;
		str_add(&command, *p);
	}
	add_command_output(x, str_end(&command));
	return *p != 0 ? p + 1 : p;
}

static void
add_arithmetic(struct context *x, const char *text)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%ld", arith_eval(expand_heredoc(text)));
	add_value(x, buf);
}

/* At a '$'.  => returns the place behind what it introduced. */
static const char *
expand_dollar(struct context *x, const char *p)
{
	size_t n = p[1] == '(' || p[1] == '{' ? lex_extent(p + 1, x->quoted) : 0;
	char *name;

	if (n > 0) {
		const char *behind = p + 1 + n;

		if (p[1] == '{')
			expand_braces(x, arena_strndup(p + 2, n - 2));
		else if (p[2] == '(')
			add_arithmetic(x, arena_strndup(p + 3, n - 4));
		else
			add_command_output(x, arena_strndup(p + 2, n - 2));
		return behind;
	}
	n = name_length(p + 1, false);
	if (n == 0) {
		chars_add(x->out, '$', x->literal);
		return p + 1;
	}
	name = arena_strndup(p + 1, n);
	if (*name == '@' || *name == '*') {
		add_all_params(x, *name);
	} else {
		const char *value = param_value(name);

		check_set(name, value);
		add_value(x, value != NULL ? value : "");
	}
	return p + 1 + n;
}

/* ---- Quotes ---- */

/*
 * Text in which only $ ` and \ mean something, up to `end`. A backslash stays except before one of
 * `escapable`.
 */
static const char *
expand_quoted(struct context *x, const char *p, char end, const char *escapable)
{
	while (*p != end && *p != 0) {
		if (*p == '\\' && p[1] == '\n') {
			p += 2;
		} else if (*p == '\\' && p[1] != 0 && strchr(escapable, p[1]) != NULL) {
			chars_add(x->out, p[1], C_QUOTED);
			p += 2;
		} else if (*p == '$') {
			p = expand_dollar(x, p);
		} else if (*p == '`') {
			p = expand_backquotes(x, p);
		} else {
			chars_add(x->out, *p++, C_QUOTED);
		}
	}
	return p;
}

/* => returns the place behind the closing quote. */
static const char *
expand_double_quotes(struct context *x, const char *p)
{
	struct context inner = {.out = x->out, .literal = C_QUOTED, .quoted = true};
	size_t before = x->out->text.len;

	p = expand_quoted(&inner, p + 1, '"', "$`\"\\");
	if (!inner.at_empty || x->out->text.len > before)
		chars_add(x->out, 0, C_EMPTY);
	return *p != 0 ? p + 1 : p;
}

static const char *
expand_single_quotes(struct context *x, const char *p)
{
	chars_add(x->out, 0, C_EMPTY);
	for (p++; *p != '\'' && *p != 0; p++)
		chars_add(x->out, *p, C_QUOTED);
	return *p != 0 ? p + 1 : p;
}

/* ~ and ~/ at the beginning. */
static const char *
expand_tilde(struct context *x, const char *p)
{
	const char *home = var_get("HOME");

	if (*p != '~' || (p[1] != 0 && p[1] != '/') || home == NULL || x->quoted)
		return p;
	add_text(x, home, C_QUOTED);
	return p + 1;
}

static void
expand_text(struct context *x, const char *word)
{
	const char *p = expand_tilde(x, word);

	while (*p != 0) {
		if (*p == '\\' && p[1] == '\n') {
			p += 2;
		} else if (*p == '\\' && x->quoted && strchr("$`\"\\}", p[1]) == NULL) {
			chars_add(x->out, *p++, x->literal);
		} else if (*p == '\\' && p[1] != 0) {
			chars_add(x->out, p[1], C_QUOTED);
			p += 2;
		} else if (*p == '\'' && !x->quoted) {
			p = expand_single_quotes(x, p);
		} else if (*p == '"') {
			p = expand_double_quotes(x, p);
		} else if (*p == '$') {
			p = expand_dollar(x, p);
		} else if (*p == '`') {
			p = expand_backquotes(x, p);
		} else {
			chars_add(x->out, *p++, x->literal);
		}
	}
}

void
expand_word(struct chars *out, const char *word)
{
	struct context x = {.out = out, .literal = C_PLAIN};

	expand_text(&x, word);
}

char *
expand_heredoc(const char *text)
{
	struct chars out = {{0}, {0}};
	struct context x = {.out = &out, .literal = C_QUOTED, .quoted = true};
	struct str result = {0};
	size_t i;

	expand_quoted(&x, text, 0, "$`\\");
	for (i = 0; i < out.text.len; i++)
		if (out.kind.s[i] == C_BREAK)
			str_add(&result, ' ');
		else if (out.kind.s[i] != C_EMPTY)
			str_add(&result, out.text.s[i]);
	return str_end(&result);
}
