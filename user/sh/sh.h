/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sh: a POSIX shell without job control, aliases and line editing.
 *
 *	input.c    where commands come from: a file, a terminal, a string
 *	lex.c      bytes to tokens; a word keeps its quotes and dollars as they stand
 *	parse.c    tokens to a tree of commands
 *	expand.c   one word to bytes that know whether they were quoted ($x, $(cmd), "...")
 *	fields.c   those bytes to arguments: splitting, patterns, quote removal
 *	arith.c    $((...))
 *	var.c      variables and positional parameters
 *	redir.c    redirections
 *	exec.c     runs the tree
 *	builtin.c  commands of the shell itself; test.c is one of them
 *	trap.c     signals
 *	arena.c    memory
 *	main.c     options, the main loop, errors
 */
#ifndef USER_SH_SH_H
#define USER_SH_SH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * ---- arena.c: memory that is given back all at once, so that an error can leave from anywhere
 * ----
 */

struct arena_mark {
	struct arena_chunk *chunk;
	size_t used;
};

/*
 * => never fails: the shell leaves with a message when there is no memory.
 * => aligned for any type.
 */
void *arena_alloc(size_t size);
char *arena_strndup(const char *s, size_t n);
char *arena_strdup(const char *s);

/* Everything allocated after arena_mark() is given back by arena_release(). */
struct arena_mark arena_mark(void);
void arena_release(struct arena_mark mark);

/* A string that grows, in the arena. {0} is an empty one; str_end() terminates it. */
struct str {
	char *s;
	size_t len;
	size_t room;
};

void str_add(struct str *s, char c);
void str_add_n(struct str *s, const char *text, size_t n);
void str_add_s(struct str *s, const char *text);
char *str_end(struct str *s);

/* malloc and strdup that leave with a message when there is no memory. */
void *must_alloc(void *old, size_t size);
char *must_strdup(const char *s);

/* ---- input.c ---- */

struct input {
	struct input *outer; /* the one to go on with afterwards */
	int fd;              /* -1: all of it is in text already */
	bool interactive;    /* print prompts */
	bool byte_wise;      /* take no byte more than needed: others read from fd as well */
	bool more;           /* a command has begun: the next prompt is PS2 */
	char *text;          /* what has been read */
	size_t pos, len, room;
	int line;
};

extern struct input *input;

/* Make a string, or an open file, the source of commands; go back to the one before. */
void input_push_text(const char *text);
void input_push_fd(int fd, bool interactive);
void input_pop(void);

/* => the next byte, which stays or is taken; -1 at the end. May read (and prompt) for a line. */
int input_peek(void);
int input_next(void);

/* Forget what has been parsed already. */
void input_discard(void);

/* ---- lex.c ---- */

enum token_type {
	T_EOF,
	T_NEWLINE,
	T_WORD,
	T_IO_NUMBER, /* digits right before < or > */
	T_SEMI,
	T_DSEMI,
	T_AMP,
	T_AND,
	T_PIPE,
	T_OR,
	T_LPAREN,
	T_RPAREN,
	T_LESS,      /* < */
	T_GREAT,     /* > */
	T_DGREAT,    /* >> */
	T_DLESS,     /* << */
	T_DLESSDASH, /* <<- */
	T_LESSAND,   /* <& */
	T_GREATAND,  /* >& */
	T_LESSGREAT, /* <> */
	T_CLOBBER,   /* >| */
};

struct token {
	enum token_type type;
	char *text;   /* T_WORD, T_IO_NUMBER: as it stands in the source */
	size_t start; /* where in input->text */
};

struct redir;

/* Reads a token; at a newline also the here-documents that were announced before it. */
struct token lex_token(void);

/* A << has been parsed: its body begins on the next line. */
void lex_expect_heredoc(struct redir *r);

/* What is waiting for a newline, for parsing something in between. */
struct redir *lex_swap_heredocs(struct redir *other);

/*
 * How many bytes the construct behind a '$' has: "(...)", "((...))", "{...}"; 0 for anything else.
 */
size_t lex_extent(const char *text, bool quoted);

bool is_name_start(int c);
bool is_name_char(int c);

/* ---- parse.c ---- */

struct word {
	struct word *next;
	char *text;
};

struct redir {
	struct redir *next;
	enum token_type type;
	int fd;
	char *target;          /* word; for here-documents the body */
	char *delimiter;       /* of a here-document, quotes removed */
	bool quoted;           /* here-document to be taken literally */
	struct redir *waiting; /* in the list of lex.c */
};

enum node_type {
	N_SIMPLE, /* assigns, words, redirs */
	N_PIPE,   /* left | right */
	N_AND,
	N_OR,
	N_NOT,        /* ! left */
	N_SEQUENCE,   /* left ; right */
	N_BACKGROUND, /* left & */
	N_SUBSHELL,   /* ( left ) redirs */
	N_GROUP,      /* { left } redirs */
	N_IF,         /* if left then right else other */
	N_WHILE,      /* while left do right */
	N_UNTIL,
	N_FOR,      /* for name in words do right; has_in: "in" was there */
	N_CASE,     /* case words in items */
	N_FUNCTION, /* name() body */
};

struct case_item {
	struct case_item *next;
	struct word *patterns;
	struct node *body;
};

struct node {
	enum node_type type;
	struct node *left, *right, *other;
	struct word *assigns, *words;
	struct redir *redirs;
	char *name;
	char *body; /* source of a function */
	bool has_in;
	struct case_item *items;
};

/*
 * Parse up to the end of the line.
 * => NULL for an empty one; *eof at the end.
 * => leaves by sh_error on bad syntax.
 */
struct node *parse_line(bool *eof);

/*
 * Parse, for lex.c, what stands between "$(" and ")".
 * => the bytes up to and with ')' are taken.
 */
void parse_substitution(void);

/* ---- expand.c ---- */

/* A byte of an expanded word. */
enum char_kind {
	C_PLAIN,  /* written like that: may be a pattern */
	C_QUOTED, /* means itself */
	C_SPLIT,  /* came from an expansion: may be a pattern and may separate fields */
	C_BREAK,  /* no byte: a new field begins ("$@") */
	C_EMPTY,  /* no byte: quotes were here, so there is a field even if it is empty */
};

struct chars {
	struct str text;
	struct str kind; /* enum char_kind of each */
};

void chars_add(struct chars *c, char ch, enum char_kind kind);

/* Expand parameters, commands, arithmetic and quotes. */
void expand_word(struct chars *out, const char *word);

/* The same as if within double quotes: here-documents.  => in the arena. */
char *expand_heredoc(const char *text);

/* ---- fields.c ---- */

/*
 * All arguments that a list of words becomes.
 * => NULL-terminated, *count without the NULL; in the arena.
 */
char **expand_arguments(const struct word *words, int *count);

/* A word as one string (assignments, redirections), or as a pattern for fnmatch. */
char *expand_string(const char *word);
char *expand_pattern(const char *word);

/* ---- arith.c ---- */

/* => leaves by sh_error when it is no expression. */
long arith_eval(const char *text);

/* ---- var.c ---- */

void var_init(char **envp);
const char *var_get(const char *name);
bool
var_set(const char *name, const char *value); /* => false, with a message, if it is read-only */
bool var_unset(const char *name);
void var_export(const char *name);
void var_readonly(const char *name);
bool var_is_name(const char *s, size_t n);
void var_print(const char *prefix, bool exported, bool readonly);

/* "name=value".  => as var_set. */
bool var_assign(const char *assignment);

/* The environment of a program.  => in the arena. */
char **var_environment(void);

/* local: the value comes back when the function returns. */
void var_local(const char *name);
size_t var_local_mark(void);
void var_local_restore(size_t mark);

/* $1 .. : copies; the old ones come back with params_restore(). */
struct params {
	char **values;
	int count;
};

extern struct params params;
void params_set(char **values, int count);
struct params params_push(char **values, int count);
void params_pop(struct params old);
bool params_shift(int n);

void func_define(const char *name, const char *body);
const char *func_get(const char *name);
void func_unset(const char *name);

/* ---- redir.c ---- */

struct saved_fd;

/* Redirect, for good or until redirect_undo(mark).  => false, with a message, on failure. */
bool redirect(const struct redir *r, bool undoable);
struct saved_fd *redirect_mark(void);
void redirect_undo(struct saved_fd *mark);

/* ---- exec.c ---- */

#define EX_EXIT 1 /* nothing comes after this: a program may replace the shell */

int exec_node(const struct node *n, int flags);

/* Run commands from a string in this shell (eval, functions, traps).  => their status. */
int exec_text(const char *text, int flags);

/* Run a command's output into a string, newlines at its end removed.  => in the arena. */
char *exec_capture(const char *text);

/* Wait for a child.  => its status as $? shows it; 127 if it is no child of ours. */
int exec_wait(pid_t pid);

/* Wait for all background commands; take notice of those that have ended. */
void exec_wait_all(void);
void exec_reap(void);

/* In a child: the parent's jobs are not ours. */
void exec_forget_jobs(void);

/* Run a program, whatever functions and builtins have its name.  => its status. */
int exec_command(char **argv);

/* Replace the shell.  => only returns by leaving with 126 or 127. */
_Noreturn void exec_program(char **argv);

/* The path of a program by $PATH.  => NULL if there is none; in the arena. */
char *exec_find(const char *name);

/* ---- builtin.c, test.c ---- */

typedef int builtin_fn(int argc, char **argv);

struct builtin {
	const char *name;
	builtin_fn *run;
	bool special; /* assignments before it stay, redirections of exec stay */
};

const struct builtin *builtin_find(const char *name);
int builtin_test(int argc, char **argv);

/* ---- trap.c ---- */

void trap_init(bool interactive);

/* In a child: traps are gone; a background command is not disturbed by ^C. */
void trap_reset(bool background);

/* Before a program takes over: what the shell ignores for itself is the program's again. */
void trap_child(void);

/* Is any trap set? */
bool trap_any(void);

/* Run what is pending: commands of trap, the effect of ^C. */
void trap_poll(void);

/* The EXIT trap.  => runs once. */
void trap_exit(void);
int builtin_trap(int argc, char **argv);

/* ^C came: leave what is being done. */
extern volatile bool trap_interrupted;

/* ---- main.c ---- */

struct shell {
	char *name;            /* $0 */
	int status;            /* $? */
	pid_t pid;             /* $$ */
	pid_t last_background; /* $! */
	bool interactive;
	bool opt_e, opt_f, opt_n, opt_u, opt_v, opt_x;
	int tested;      /* > 0: set -e does not apply (a condition) */
	int loops;       /* loops around us */
	int breaking;    /* this many loops are being left */
	bool continuing; /* the outermost of them goes on */
	bool returning;  /* a function or sourced file is being left */
	int functions;   /* functions and sourced files around us */
	bool exiting;    /* sh_exit() is at work */
	int substituted; /* status of the last $(...) of this command, -1: none */
};

extern struct shell sh;

/*
 * Print "sh: message" and leave the command; a shell that is not interactive leaves altogether with
 * 2.
 */
_Noreturn void sh_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void sh_syntax(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "sh: message". */
void sh_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Back to the prompt without a message. */
_Noreturn void sh_abandon(void);

/* Leave: EXIT trap, buffers. */
_Noreturn void sh_exit(int status);

/* In a child of fork(): not interactive, no jobs, no traps.  => errors end the child. */
void sh_subshell(bool background);

/* Set options from "-ex" or "+e".  => false: there is no such option. */
bool sh_set_options(const char *arg);

/* Run all commands of the current input.  => the last status. */
int sh_run_input(int flags);

#endif
