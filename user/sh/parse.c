/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar, by recursive descent with one token of lookahead:
 *
 *	line      := list newline
 *	list      := and_or { (';' | '&' | newlines) and_or }
 *	and_or    := pipeline { ('&&' | '||') pipeline }
 *	pipeline  := ['!'] command { '|' command }
 *	command   := (if | while | until | for | case | '{' list '}' | '(' list ')') redirections
 *	           | name '(' ')' command | simple
 *	simple    := { assignment | redirection } { word | redirection }
 *
 * Words like "if" and "}" are only special where a command can begin, so the parser looks for them,
 * not the lexer.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "user/sh/sh.h"

static struct token look; /* the next token */
static bool have_look;

static struct token *
peek(void)
{
	if (!have_look) {
		look = lex_token();
		have_look = true;
		input->more = true;
	}
	return &look;
}

static struct token
take(void)
{
	struct token t = *peek();

	have_look = false;
	return t;
}

static const char *
token_text(const struct token *t)
{
	static const char *const names[] = {[T_EOF] = "end of file",
	    [T_NEWLINE] = "newline",
	    [T_SEMI] = ";",
	    [T_DSEMI] = ";;",
	    [T_AMP] = "&",
	    [T_AND] = "&&",
	    [T_PIPE] = "|",
	    [T_OR] = "||",
	    [T_LPAREN] = "(",
	    [T_RPAREN] = ")"};

	if (t->text != NULL)
		return t->text;
	return t->type <= T_RPAREN ? names[t->type] : "redirection";
}

static _Noreturn void
unexpected(const char *wanted)
{
	const char *text = token_text(peek());

	if (wanted != NULL)
		sh_syntax("unexpected '%s' (expecting '%s')", text, wanted);
	sh_syntax("unexpected '%s'", text);
}

static bool
is_word(const char *text)
{
	return peek()->type == T_WORD && strcmp(look.text, text) == 0;
}

static bool
take_word(const char *text)
{
	if (!is_word(text))
		return false;
	take();
	return true;
}

static void
expect_word(const char *text)
{
	if (!take_word(text))
		unexpected(text);
}

static bool
take_type(enum token_type type)
{
	if (peek()->type != type)
		return false;
	take();
	return true;
}

static void
skip_newlines(void)
{
	while (take_type(T_NEWLINE))
		;
}

static struct node *
new_node(enum node_type type, struct node *left, struct node *right)
{
	struct node *n = arena_alloc(sizeof(*n));

	*n = (struct node){.type = type, .left = left, .right = right};
	return n;
}

static void
append_word(struct word ***tail, char *text)
{
	struct word *w = arena_alloc(sizeof(*w));

	*w = (struct word){NULL, text};
	**tail = w;
	*tail = &w->next;
}

/* The delimiter of a here-document without its quotes. */
static char *
unquote(const char *s, bool *quoted)
{
	struct str out = {0};
	char quote = 0;

	*quoted = strpbrk(s, "'\"\\") != NULL;
	for (; *s != 0; s++) {
		if (*s == quote)
			quote = 0;
		else if (quote == 0 && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == '\\' && quote != '\'' && s[1] != 0)
			str_add(&out, *++s);
		else
			str_add(&out, *s);
	}
	return str_end(&out);
}

static bool
is_redirection(enum token_type type)
{
	return type == T_IO_NUMBER || type >= T_LESS;
}

static struct redir *
parse_redirection(void)
{
	struct redir *r = arena_alloc(sizeof(*r));
	struct token t;

	*r = (struct redir){.fd = -1};
	if (peek()->type == T_IO_NUMBER)
		r->fd = atoi(take().text);
	r->type = take().type;
	if (r->fd < 0)
		r->fd = r->type == T_LESS || r->type == T_DLESS || r->type == T_DLESSDASH ||
			r->type == T_LESSAND || r->type == T_LESSGREAT
		    ? 0
		    : 1;
	if (peek()->type != T_WORD)
		unexpected(NULL);
	t = take();
	if (r->type == T_DLESS || r->type == T_DLESSDASH) {
		r->delimiter = unquote(t.text, &r->quoted);
		r->target = "";
		lex_expect_heredoc(r);
	} else {
		r->target = t.text;
	}
	return r;
}

static struct redir **
parse_redirections(struct redir **tail)
{
	while (is_redirection(peek()->type)) {
		*tail = parse_redirection();
		tail = &(*tail)->next;
	}
	return tail;
}

static struct node *parse_list(void);
static struct node *parse_command(void);

/* A list that must not be empty. */
static struct node *
parse_body(void)
{
	struct node *n = parse_list();

	if (n == NULL)
		unexpected(NULL);
	return n;
}

static struct node *
parse_if(void)
{
	struct node *n = new_node(N_IF, NULL, NULL);

	n->left = parse_body();
	expect_word("then");
	n->right = parse_body();
	if (take_word("elif")) {
		n->other = parse_if();
		return n;
	}
	if (take_word("else"))
		n->other = parse_body();
	expect_word("fi");
	return n;
}

static struct node *
parse_while(enum node_type type)
{
	struct node *n = new_node(type, NULL, NULL);

	n->left = parse_body();
	expect_word("do");
	n->right = parse_body();
	expect_word("done");
	return n;
}

static struct node *
parse_for(void)
{
	struct node *n = new_node(N_FOR, NULL, NULL);
	struct word **tail = &n->words;

	if (peek()->type != T_WORD || !var_is_name(look.text, strlen(look.text)))
		sh_syntax("bad name of a for loop: '%s'", token_text(&look));
	n->name = take().text;
	skip_newlines();
	if (take_word("in")) {
		n->has_in = true;
		while (peek()->type == T_WORD)
			append_word(&tail, take().text);
		if (peek()->type != T_SEMI && peek()->type != T_NEWLINE)
			unexpected(NULL);
	}
	take_type(T_SEMI);
	skip_newlines();
	expect_word("do");
	n->right = parse_body();
	expect_word("done");
	return n;
}

static struct case_item *
parse_case_item(void)
{
	struct case_item *item = arena_alloc(sizeof(*item));
	struct word **tail = &item->patterns;

	*item = (struct case_item){0};
	tail = &item->patterns;
	take_type(T_LPAREN);
	do {
		if (peek()->type != T_WORD)
			unexpected(NULL);
		append_word(&tail, take().text);
	} while (take_type(T_PIPE));
	if (!take_type(T_RPAREN))
		unexpected(")");
	item->body = parse_list();
	if (!take_type(T_DSEMI) && !is_word("esac"))
		unexpected(";;");
	skip_newlines();
	return item;
}

static struct node *
parse_case(void)
{
	struct node *n = new_node(N_CASE, NULL, NULL);
	struct case_item **items = &n->items;
	struct word **tail = &n->words;

	if (peek()->type != T_WORD)
		unexpected(NULL);
	append_word(&tail, take().text);
	skip_newlines();
	expect_word("in");
	skip_newlines();
	while (!take_word("esac")) {
		*items = parse_case_item();
		items = &(*items)->next;
	}
	return n;
}

static struct node *
parse_group(enum node_type type)
{
	struct node *n = new_node(type, parse_body(), NULL);

	if (type == N_GROUP)
		expect_word("}");
	else if (!take_type(T_RPAREN))
		unexpected(")");
	return n;
}

/* A command that begins with a reserved word or '('.  => NULL: it does not. */
static struct node *
parse_compound(void)
{
	struct node *n;

	if (take_word("if"))
		n = parse_if();
	else if (take_word("while"))
		n = parse_while(N_WHILE);
	else if (take_word("until"))
		n = parse_while(N_UNTIL);
	else if (take_word("for"))
		n = parse_for();
	else if (take_word("case"))
		n = parse_case();
	else if (take_word("{"))
		n = parse_group(N_GROUP);
	else if (take_type(T_LPAREN))
		n = parse_group(N_SUBSHELL);
	else
		return NULL;
	parse_redirections(&n->redirs);
	return n;
}

/*
 * The body is kept as source: it is parsed again at each call, and needs no tree that outlives the
 * line.
 */
static struct node *
parse_function(char *name)
{
	struct node *n = new_node(N_FUNCTION, NULL, NULL);
	size_t start;

	if (!take_type(T_RPAREN))
		unexpected(")");
	if (!var_is_name(name, strlen(name)))
		sh_syntax("bad name of a function: '%s'", name);
	skip_newlines();
	start = peek()->start;
	if (parse_compound() == NULL)
		unexpected("{");
	n->name = name;
	n->body = arena_strndup(input->text + start, (have_look ? look.start : input->pos) - start);
	return n;
}

static bool
is_assignment(const char *s)
{
	size_t n = strcspn(s, "=");

	return s[n] == '=' && var_is_name(s, n);
}

static struct node *
parse_simple(void)
{
	struct node *n = new_node(N_SIMPLE, NULL, NULL);
	struct word **assigns = &n->assigns, **words = &n->words;
	struct redir **redirs = &n->redirs;

	for (;;) {
		redirs = parse_redirections(redirs);
		if (peek()->type != T_WORD)
			break;
		if (n->words == NULL && is_assignment(look.text))
			append_word(&assigns, take().text);
		else
			append_word(&words, take().text);
		if (n->words != NULL && n->words->next == NULL && n->assigns == NULL &&
		    n->redirs == NULL && take_type(T_LPAREN))
			return parse_function(n->words->text);
	}
	if (n->words == NULL && n->assigns == NULL && n->redirs == NULL)
		unexpected(NULL);
	return n;
}

/* Reserved words that end something: no command begins with them. */
static bool
at_terminator(void)
{
	static const char *const words[] = {
	    "then", "elif", "else", "fi", "do", "done", "esac", "}"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(words[i]))
			return true;
	return false;
}

static struct node *
parse_command(void)
{
	struct node *n = parse_compound();

	if (n != NULL)
		return n;
	if (at_terminator())
		unexpected(NULL);
	return parse_simple();
}

static struct node *
parse_pipeline(void)
{
	bool negated = false;
	struct node *n;

	while (take_word("!"))
		negated = !negated;
	n = parse_command();
	if (take_type(T_PIPE)) {
		struct node *first = n, *last;

		n = last = new_node(N_PIPE, first, NULL);
		for (;;) {
			skip_newlines();
			last->right = parse_command();
			if (!take_type(T_PIPE))
				break;
			last->right = new_node(N_PIPE, last->right, NULL);
			last = last->right;
		}
	}
	return negated ? new_node(N_NOT, n, NULL) : n;
}

static struct node *
parse_and_or(void)
{
	struct node *n = parse_pipeline();

	for (;;) {
		enum node_type type = peek()->type == T_AND ? N_AND : N_OR;

		if (look.type != T_AND && look.type != T_OR)
			return n;
		take();
		skip_newlines();
		n = new_node(type, n, parse_pipeline());
	}
}

/* Does a list end here? */
static bool
at_list_end(void)
{
	enum token_type type = peek()->type;

	return type == T_EOF || type == T_RPAREN || type == T_DSEMI || at_terminator();
}

/* Appends a command to a list.  => returns the list. */
static struct node *
join(struct node *list, struct node *n)
{
	return list == NULL ? n : new_node(N_SEQUENCE, list, n);
}

/*
 * The commands of one line.
 * => the newline is the next token, or whatever else cannot be part of a list.
 */
static struct node *
parse_line_list(void)
{
	struct node *list = NULL, *n;

	do {
		if (peek()->type == T_NEWLINE || at_list_end())
			break;
		n = parse_and_or();
		if (peek()->type == T_AMP)
			n = new_node(N_BACKGROUND, n, NULL);
		list = join(list, n);
	} while (take_type(T_SEMI) || take_type(T_AMP));
	return list;
}

/* The commands of several lines, up to what ends a list. */
static struct node *
parse_list(void)
{
	struct node *list = NULL, *n;

	for (;;) {
		skip_newlines();
		n = parse_line_list();
		if (n != NULL)
			list = join(list, n);
		if (peek()->type != T_NEWLINE)
			return list;
	}
}

struct node *
parse_line(bool *eof)
{
	struct node *n;

	have_look = false;
	lex_swap_heredocs(NULL);
	*eof = peek()->type == T_EOF;
	n = parse_line_list();
	if (peek()->type != T_NEWLINE && peek()->type != T_EOF)
		unexpected(NULL);
	if (look.type == T_EOF && lex_swap_heredocs(NULL) != NULL)
		sh_syntax("here-document without its end");
	have_look = false;
	return n;
}

void
parse_substitution(void)
{
	struct redir *waiting = lex_swap_heredocs(NULL);
	struct token old_look = look;
	bool had_look = have_look;

	have_look = false;
	parse_list();
	if (!take_type(T_RPAREN))
		unexpected(")");
	look = old_look;
	have_look = had_look;
	lex_swap_heredocs(waiting);
}
