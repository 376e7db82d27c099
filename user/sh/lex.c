/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens. A word is taken as it stands, quotes and all; finding where it ends means stepping over
 * the constructs it may contain:
 *
 *	'..'   ".."   \c   $(commands)   $((arithmetic))   ${name..}   `commands`
 *
 * The commands in $(...) are parsed for that (and the tree thrown away), because only the parser
 * knows which of the ')' in $(case x in a) echo ;; esac) is the last.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "user/sh/sh.h"

static struct redir *heredocs; /* announced on this line */

bool
is_name_start(int c)
{
	return isalpha(c) || c == '_';
}

bool
is_name_char(int c)
{
	return isalnum(c) || c == '_';
}

/* The byte after the next one, if it is read already or can be. */
static int
peek_second(void)
{
	int c;

	if (input_next() < 0)
		return -1;
	c = input_peek();
	input->pos--;
	if (input->text[input->pos] == '\n')
		input->line--;
	return c;
}

/* Takes the next byte within a construct that must not end yet. */
static int
must_next(const char *what)
{
	int c = input_next();

	if (c < 0)
		sh_syntax("unterminated %s", what);
	return c;
}

static void
skip_single_quotes(void)
{
	while (must_next("'") != '\'')
		;
}

static void
skip_backquotes(void)
{
	int c;

	while ((c = must_next("`")) != '`')
		if (c == '\\')
			must_next("`");
}

/* From behind "$((" to behind "))". */
static void
skip_arithmetic(void)
{
	int depth = 0, c;

	for (;;) {
		c = must_next("$((");
		if (c == '(')
			depth++;
		else if (c == ')' && depth-- == 0) {
			if (input_peek() != ')')
				sh_syntax("missing '))'");
			input_next();
			return;
		}
	}
}

static void skip_double_quotes(void);
static void skip_braces(bool quoted);

/* Behind a '$': steps over what it introduces. */
static void
skip_dollar(bool quoted)
{
	switch (input_peek()) {
	case '(':
		if (peek_second() == '(') {
			input_next();
			input_next();
			skip_arithmetic();
		} else {
			input_next();
			parse_substitution();
		}
		break;
	case '{':
		input_next();
		skip_braces(quoted);
		break;
	default:
		break;
	}
}

/* From behind "${" to behind its '}'. */
static void
skip_braces(bool quoted)
{
	int c;

	while ((c = must_next("${")) != '}') {
		if (c == '\\')
			must_next("${");
		else if (c == '\'' && !quoted)
			skip_single_quotes();
		else if (c == '"')
			skip_double_quotes();
		else if (c == '`')
			skip_backquotes();
		else if (c == '$')
			skip_dollar(quoted);
	}
}

static void
skip_double_quotes(void)
{
	int c;

	while ((c = must_next("\"")) != '"') {
		if (c == '\\')
			must_next("\"");
		else if (c == '`')
			skip_backquotes();
		else if (c == '$')
			skip_dollar(true);
	}
}

size_t
lex_extent(const char *text, bool quoted)
{
	size_t n;

	input_push_text(text);
	skip_dollar(quoted);
	n = input->pos;
	input_pop();
	return n;
}

/* Steps over one byte of a word, and what begins with it. */
static void
skip_word_part(void)
{
	switch (input_next()) {
	case '\\':
		input_next();
		break;
	case '\'':
		skip_single_quotes();
		break;
	case '"':
		skip_double_quotes();
		break;
	case '`':
		skip_backquotes();
		break;
	case '$':
		skip_dollar(false);
		break;
	default:
		break;
	}
}

static bool
ends_word(int c)
{
	return c < 0 || strchr(" \t\n;&|<>()", c) != NULL;
}

static void
skip_blanks(void)
{
	for (;;) {
		int c = input_peek();

		if (c == ' ' || c == '\t') {
			input_next();
		} else if (c == '\\' && peek_second() == '\n') {
			input_next();
			input_next();
		} else if (c == '#') {
			while (c >= 0 && c != '\n') {
				input_next();
				c = input_peek();
			}
		} else {
			return;
		}
	}
}

void
lex_expect_heredoc(struct redir *r)
{
	struct redir **link;

	for (link = &heredocs; *link != NULL; link = &(*link)->waiting)
		;
	r->waiting = NULL;
	*link = r;
}

struct redir *
lex_swap_heredocs(struct redir *other)
{
	struct redir *old = heredocs;

	heredocs = other;
	return old;
}

/* Reads a line without its newline.  => false at the end of the input. */
static bool
read_line(struct str *line, bool strip_tabs)
{
	int c = input_peek();

	line->len = 0;
	if (c < 0)
		return false;
	while (strip_tabs && input_peek() == '\t')
		input_next();
	while ((c = input_next()) >= 0 && c != '\n')
		str_add(line, c);
	str_end(line);
	line->len--;
	return true;
}

/* The lines up to the delimiter. */
static void
read_heredoc(struct redir *r)
{
	struct str body = {0}, line = {0};

	while (read_line(&line, r->type == T_DLESSDASH) && strcmp(line.s, r->delimiter) != 0) {
		str_add_n(&body, line.s, line.len);
		str_add(&body, '\n');
	}
	r->target = str_end(&body);
}

static struct token
newline_token(size_t start)
{
	struct redir *r;

	for (r = heredocs; r != NULL; r = r->waiting)
		read_heredoc(r);
	heredocs = NULL;
	return (struct token){T_NEWLINE, NULL, start};
}

static const struct {
	const char *text;
	enum token_type type;
} operators[] = {
    {"<<-", T_DLESSDASH},
    {"<<", T_DLESS},
    {"<&", T_LESSAND},
    {"<>", T_LESSGREAT},
    {"<", T_LESS},
    {">>", T_DGREAT},
    {">&", T_GREATAND},
    {">|", T_CLOBBER},
    {">", T_GREAT},
    {"&&", T_AND},
    {"&", T_AMP},
    {"||", T_OR},
    {"|", T_PIPE},
    {";;", T_DSEMI},
    {";", T_SEMI},
    {"(", T_LPAREN},
    {")", T_RPAREN},
};

static struct token
operator_token(size_t start)
{
	size_t i, n;

	for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		n = strlen(operators[i].text);
		if (n <= input->len - input->pos &&
		    strncmp(input->text + input->pos, operators[i].text, n) == 0)
			break;
	}
	while (n-- > 0)
		input_next();
	return (struct token){operators[i].type, NULL, start};
}

struct token
lex_token(void)
{
	size_t start, i;
	char *text;

	skip_blanks();
	start = input->pos;
	switch (input_peek()) {
	case -1:
		return (struct token){T_EOF, NULL, start};
	case '\n':
		input_next();
		return newline_token(start);
	case ';':
	case '&':
	case '|':
	case '<':
	case '>':
	case '(':
	case ')':
		return operator_token(start);
	default:
		break;
	}
	while (!ends_word(input_peek()))
		skip_word_part();
	text = arena_strndup(input->text + start, input->pos - start);
	for (i = 0; isdigit((unsigned char)text[i]); i++)
		;
	if (text[i] == 0 && (input_peek() == '<' || input_peek() == '>'))
		return (struct token){T_IO_NUMBER, text, start};
	return (struct token){T_WORD, text, start};
}
