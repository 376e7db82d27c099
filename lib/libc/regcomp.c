/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regcomp(): from a POSIX basic or extended regular expression to a program (regex_prog.h), by
 * recursive descent:
 *
 *	alternatives := branch { '|' branch }   branch := { piece }   piece := atom { * + ? {m,n} }
 *
 * A piece of program is emitted for an atom first; what a repetition puts before it is inserted
 * afterwards, and {m,n} copies it. Basic expressions have the same grammar with other tokens: \( \)
 * \{ \}, and, as GNU has it, \| \+ \?; GNU's \< \> \b \B \w \W \s \S are known in both.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/libc/regex_prog.h"

#define PROGRAM_MAX 20000 /* instructions: regexec recurses on the stack for them */
#define DEPTH_MAX   200   /* of nested groups */
#define UNLIMITED   (-1)

struct compiler {
	const char *p; /* what is left of the pattern */
	struct regex_prog *prog;
	bool extended;
	int groups; /* opened so far */
	int depth;
	bool closed[10]; /* groups that \1 .. \9 may refer to */
	int error;
};

static const struct {
	const char *name;
	int (*is)(int c);
} classes[] = {
    {"alnum", isalnum},
    {"alpha", isalpha},
    {"blank", isblank},
    {"cntrl", iscntrl},
    {"digit", isdigit},
    {"graph", isgraph},
    {"lower", islower},
    {"print", isprint},
    {"punct", ispunct},
    {"space", isspace},
    {"upper", isupper},
    {"xdigit", isxdigit},
};

static void
fail(struct compiler *c, int error)
{
	if (c->error == 0)
		c->error = error;
}

/* Makes room for n more instructions. */
static bool
reserve(struct compiler *c, int n)
{
	struct regex_prog *prog = c->prog;
	struct regex_inst *inst;
	int room;

	if (c->error != 0)
		return false;
	if (prog->inst_count + n <= prog->inst_room)
		return true;
	room = 2 * (prog->inst_count + n);
	inst =
	    prog->inst_count + n > PROGRAM_MAX ? NULL : realloc(prog->inst, room * sizeof(*inst));
	if (inst == NULL) {
		fail(c, REG_ESPACE);
		return false;
	}
	prog->inst = inst;
	prog->inst_room = room;
	return true;
}

/*
 * Puts an instruction at place `at`, moving what stands there. Jumps within the part moved stay
 * right.
 */
static void
insert(struct compiler *c, int at, enum regex_op op, int x, int y)
{
	struct regex_prog *prog = c->prog;

	if (!reserve(c, 1))
		return;
	memmove(
	    prog->inst + at + 1, prog->inst + at, (prog->inst_count - at) * sizeof(*prog->inst));
	prog->inst[at] = (struct regex_inst){op, x, y};
	prog->inst_count++;
}

static void
emit(struct compiler *c, enum regex_op op, int x, int y)
{
	insert(c, c->prog->inst_count, op, x, y);
}

/* Appends a copy of the instructions [from, to). */
static void
copy(struct compiler *c, int from, int to)
{
	if (!reserve(c, to - from))
		return;
	memcpy(c->prog->inst + c->prog->inst_count, c->prog->inst + from,
	    (to - from) * sizeof(*c->prog->inst));
	c->prog->inst_count += to - from;
}

/* => returns the index of a new, empty set; 0 after an error. */
static int
new_set(struct compiler *c)
{
	struct regex_prog *prog = c->prog;
	struct regex_set *sets;

	if (prog->set_count == prog->set_room) {
		sets = realloc(prog->sets, (prog->set_room + 8) * sizeof(*sets));
		if (sets == NULL) {
			fail(c, REG_ESPACE);
			return 0;
		}
		prog->sets = sets;
		prog->set_room += 8;
	}
	memset(&prog->sets[prog->set_count], 0, sizeof(*sets));
	return prog->set_count++;
}

static void
set_add(struct regex_set *s, unsigned char c)
{
	s->bits[c / 8] |= 1U << (c % 8);
}

/* Completes a set: case, negation, and the newline that a negated set does not match. */
static void
finish_set(struct compiler *c, struct regex_set *s, bool negated)
{
	int i;

	if (c->prog->flags & REG_ICASE)
		for (i = 'a'; i <= 'z'; i++)
			if (regex_set_has(s, i) || regex_set_has(s, toupper(i))) {
				set_add(s, i);
				set_add(s, toupper(i));
			}
	if (!negated)
		return;
	for (i = 0; i < 32; i++)
		s->bits[i] = ~s->bits[i];
	if (c->prog->flags & REG_NEWLINE)
		s->bits['\n' / 8] &= ~(1U << ('\n' % 8));
}

static void
emit_char(struct compiler *c, unsigned char ch)
{
	int set;

	if (!(c->prog->flags & REG_ICASE) || !isalpha(ch)) {
		emit(c, RE_CHAR, ch, 0);
		return;
	}
	set = new_set(c);
	if (c->error != 0)
		return;
	set_add(&c->prog->sets[set], ch);
	finish_set(c, &c->prog->sets[set], false);
	emit(c, RE_SET, set, 0);
}

/* \w \W \s \S as sets. */
static void
emit_class(struct compiler *c, char letter)
{
	int set = new_set(c), i;

	if (c->error != 0)
		return;
	for (i = 0; i < 256; i++)
		if (tolower(letter) == 'w' ? isalnum(i) || i == '_' : isspace(i))
			set_add(&c->prog->sets[set], i);
	finish_set(c, &c->prog->sets[set], isupper(letter));
	emit(c, RE_SET, set, 0);
}

/* Reads [:name:] and adds its members.  => p is behind "[:". */
static void
parse_named_class(struct compiler *c, struct regex_set *s)
{
	size_t i, n;
	int ch;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		n = strlen(classes[i].name);
		if (strncmp(c->p, classes[i].name, n) == 0 && strncmp(c->p + n, ":]", 2) == 0) {
			for (ch = 0; ch < 256; ch++)
				if (classes[i].is(ch))
					set_add(s, ch);
			c->p += n + 2;
			return;
		}
	}
	fail(c, REG_ECTYPE);
}

/* Reads one end of a range: a byte, or [.x.] or [=x=] for a byte that would mean something else. */
static int
parse_set_char(struct compiler *c)
{
	unsigned char ch = *c->p;

	if (ch == '[' && (c->p[1] == '.' || c->p[1] == '=')) {
		char kind = c->p[1];

		ch = c->p[2];
		if (ch == 0 || c->p[3] != kind || c->p[4] != ']') {
			fail(c, REG_ECOLLATE);
			return 0;
		}
		c->p += 5;
		return ch;
	}
	c->p++;
	return ch;
}

/* A bracket expression.  => p is behind '['. */
static void
parse_set(struct compiler *c)
{
	struct regex_set s = {{0}};
	bool negated = *c->p == '^';
	const char *first;
	int set;

	c->p += negated;
	for (first = c->p; c->error == 0 && (*c->p != ']' || c->p == first);) {
		int low, high;

		if (*c->p == 0) {
			fail(c, REG_EBRACK);
			return;
		}
		if (c->p[0] == '[' && c->p[1] == ':') {
			c->p += 2;
			parse_named_class(c, &s);
			continue;
		}
		low = high = parse_set_char(c);
		if (c->p[0] == '-' && c->p[1] != ']' && c->p[1] != 0) {
			c->p++;
			high = parse_set_char(c);
		}
		if (low > high)
			fail(c, REG_ERANGE);
		for (; low <= high; low++)
			set_add(&s, low);
	}
	c->p++;
	set = new_set(c);
	if (c->error != 0)
		return;
	finish_set(c, &s, negated);
	c->prog->sets[set] = s;
	emit(c, RE_SET, set, 0);
}

/*
 * Does the operator `op` stand here?  In a basic expression operators have a backslash.
 * => takes it if so.
 */
static bool
take(struct compiler *c, char op)
{
	if (!c->extended && *c->p != '\\')
		return false;
	if (c->p[!c->extended] != op)
		return false;
	c->p += 1 + !c->extended;
	return true;
}

static bool
peek(struct compiler *c, char op)
{
	const char *p = c->p;
	bool found = take(c, op);

	c->p = p;
	return found;
}

/* Does a branch end here? */
static bool
at_end(struct compiler *c)
{
	return *c->p == 0 || peek(c, '|') || peek(c, ')');
}

static void parse_alternatives(struct compiler *c);

static void
parse_group(struct compiler *c)
{
	int group = ++c->groups;

	if (++c->depth > DEPTH_MAX) {
		fail(c, REG_ESPACE);
		return;
	}
	emit(c, RE_SAVE, 2 * group, 0);
	parse_alternatives(c);
	if (!take(c, ')'))
		fail(c, REG_EPAREN);
	emit(c, RE_SAVE, 2 * group + 1, 0);
	if (group < 10)
		c->closed[group] = true;
	c->depth--;
}

static void
parse_escape(struct compiler *c)
{
	static const struct {
		char letter;
		enum regex_op op;
	} edges[] = {
	    {'<', RE_WORD_START}, {'>', RE_WORD_END}, {'b', RE_WORD_EDGE}, {'B', RE_NO_WORD_EDGE}};
	char letter = c->p[1];
	size_t i;

	if (letter == 0) {
		fail(c, REG_EESCAPE);
		return;
	}
	c->p += 2;
	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		if (edges[i].letter == letter) {
			emit(c, edges[i].op, 0, 0);
			return;
		}
	if (strchr("wWsS", letter) != NULL) {
		emit_class(c, letter);
	} else if (letter >= '1' && letter <= '9') {
		if (!c->closed[letter - '0'])
			fail(c, REG_ESUBREG);
		c->prog->backrefs = true;
		emit(c, RE_BACKREF, letter - '0', 0);
	} else {
		emit_char(c, letter);
	}
}

/* In a basic expression '^' and '$' are only special at the ends of a branch. */
static bool
is_anchor(struct compiler *c, bool first)
{
	const char *p = c->p;
	bool last;

	if (*p == '^')
		return c->extended || first;
	if (*p != '$')
		return false;
	c->p++;
	last = c->extended || at_end(c);
	c->p = p;
	return last;
}

/*
 * => `first`: at the beginning of a branch.
 * => returns false if it was an anchor, which basic '*' cannot repeat.
 */
static bool
parse_atom(struct compiler *c, bool first)
{
	if (is_anchor(c, first)) {
		emit(c, *c->p++ == '^' ? RE_BOL : RE_EOL, 0, 0);
		return c->extended;
	}
	if (take(c, '(')) {
		parse_group(c);
	} else if (*c->p == '[') {
		c->p++;
		parse_set(c);
	} else if (*c->p == '.') {
		int set;

		c->p++;
		if (!(c->prog->flags & REG_NEWLINE)) {
			emit(c, RE_ANY, 0, 0);
			return true;
		}
		set = new_set(c);
		if (c->error == 0)
			finish_set(c, &c->prog->sets[set], true);
		emit(c, RE_SET, set, 0);
	} else if (*c->p == '\\') {
		parse_escape(c);
	} else if (c->extended && first && strchr("*+?", *c->p) != NULL) {
		fail(c, REG_BADRPT);
	} else {
		emit_char(c, *c->p++);
	}
	return true;
}

/* Reads the number of a bound.  => -1 if there is none. */
static int
parse_count(struct compiler *c)
{
	int n = 0;

	if (!isdigit((unsigned char)*c->p))
		return -1;
	for (; isdigit((unsigned char)*c->p); c->p++)
		if (n <= RE_DUP_MAX)
			n = n * 10 + (*c->p - '0');
	return n;
}

/* Reads "m}", "m,}" or "m,n}". */
static void
parse_bound(struct compiler *c, int *min, int *max)
{
	*min = *max = parse_count(c);
	if (*c->p == ',') {
		c->p++;
		*max = parse_count(c);
		if (*min < 0)
			*min = 0;
		if (*max < 0)
			*max = UNLIMITED;
	}
	if (*min < 0 || *min > RE_DUP_MAX || *max > RE_DUP_MAX ||
	    (*max != UNLIMITED && *min > *max))
		fail(c, REG_BADBR);
	if (!take(c, '}'))
		fail(c, REG_EBRACE);
}

/* Makes the piece from `start` on a loop: any number of rounds. */
static void
make_star(struct compiler *c, int start)
{
	int loop = c->prog->loops++, size;

	insert(c, start, RE_MARK, loop, 0);
	emit(c, RE_CHECK, loop, 0);
	size = c->prog->inst_count - start;
	insert(c, start, RE_SPLIT, 1, size + 2);
	emit(c, RE_JUMP, -(size + 1), 0);
}

/* Makes the piece from `start` on optional. */
static void
make_optional(struct compiler *c, int start)
{
	insert(c, start, RE_SPLIT, 1, c->prog->inst_count - start + 1);
}

/*
 * Repeats the piece [start, end): min copies, then either a loop or max - min nested optional
 * copies.
 */
static void
make_bound(struct compiler *c, int start, int end, int min, int max)
{
	int i, size = end - start, last, begin;

	if (max == 0) {
		c->prog->inst_count = start;
		return;
	}
	for (i = 1; i < (min > 0 ? min : 1); i++)
		copy(c, start, end);
	begin = c->prog->inst_count - size; /* the last copy */
	if (max == UNLIMITED) {
		if (min > 0) {
			copy(c, start, end);
			begin += size;
		}
		make_star(c, begin);
		return;
	}
	/* x{1,4} is x(x(x(x)?)?)?: each optional copy includes the ones behind it. */
	last = max - (min > 0 ? min : 1);
	for (i = 0; i < last; i++)
		copy(c, start, end);
	for (i = 0; i < last && c->error == 0; i++)
		make_optional(c, c->prog->inst_count - i - (i + 1) * size);
	if (min == 0 && c->error == 0)
		make_optional(c, begin);
}

/* Reads a repetition, if there is one, and applies it to the piece from `start` on. */
static bool
parse_repetition(struct compiler *c, int start)
{
	int min, max;

	if (*c->p == '*') {
		c->p++;
		min = 0;
		max = UNLIMITED;
	} else if (take(c, '+')) {
		min = 1;
		max = UNLIMITED;
	} else if (take(c, '?')) {
		min = 0;
		max = 1;
	} else if (peek(c, '{') &&
	    (!c->extended || isdigit((unsigned char)c->p[1]) || c->p[1] == ',')) {
		take(c, '{');
		parse_bound(c, &min, &max);
	} else {
		return false;
	}
	if (c->error == 0)
		make_bound(c, start, c->prog->inst_count, min, max);
	return true;
}

static void
parse_branch(struct compiler *c)
{
	bool first = true;

	while (c->error == 0 && !at_end(c)) {
		int start = c->prog->inst_count;
		bool repeatable = parse_atom(c, first);

		first =
		    !repeatable && c->prog->inst_count > start && c->prog->inst[start].op == RE_BOL;
		while (repeatable && c->error == 0 && parse_repetition(c, start))
			;
	}
}

/*
 * a|b is SPLIT to a and b, with a JUMP from the end of a behind b; b may hold further alternatives.
 */
static void
parse_alternatives(struct compiler *c)
{
	int start = c->prog->inst_count, jump;

	parse_branch(c);
	if (c->error != 0 || !take(c, '|'))
		return;
	insert(c, start, RE_SPLIT, 1, c->prog->inst_count - start + 2);
	jump = c->prog->inst_count;
	emit(c, RE_JUMP, 0, 0);
	parse_alternatives(c);
	if (c->error == 0)
		c->prog->inst[jump].x = c->prog->inst_count - jump;
}

/*
 * Collects the bytes a match can begin with, from instruction i on.
 * => false: it can begin with anything.
 */
static bool
collect_first(struct regex_prog *prog, int i, int depth)
{
	const struct regex_inst *inst = &prog->inst[i];
	int b;

	if (depth > 1000)
		return false;
	switch (inst->op) {
	case RE_CHAR:
		set_add(&prog->first, inst->x);
		return true;
	case RE_SET:
		for (b = 0; b < 32; b++)
			prog->first.bits[b] |= prog->sets[inst->x].bits[b];
		return true;
	case RE_ANY:
	case RE_MATCH:
	case RE_BACKREF:
		return false;
	case RE_JUMP:
		return inst->x > 0 && collect_first(prog, i + inst->x, depth + 1);
	case RE_SPLIT:
		return collect_first(prog, i + inst->x, depth + 1) &&
		    collect_first(prog, i + inst->y, depth + 1);
	default:
		return collect_first(prog, i + 1, depth + 1);
	}
}

int
regcomp(regex_t *re, const char *pattern, int flags)
{
	struct regex_prog *prog = calloc(1, sizeof(*prog));
	struct compiler c = {.p = pattern, .prog = prog, .extended = (flags & REG_EXTENDED) != 0};

	if (prog == NULL)
		return REG_ESPACE;
	prog->flags = flags;
	re->__program = prog;
	parse_alternatives(&c);
	if (*c.p != 0)
		fail(&c, REG_EPAREN);
	emit(&c, RE_MATCH, 0, 0);
	re->re_nsub = c.groups;
	if (c.error != 0)
		regfree(re);
	else
		prog->use_first = collect_first(prog, 0, 0);
	return c.error;
}

void
regfree(regex_t *re)
{
	struct regex_prog *prog = re->__program;

	if (prog == NULL)
		return;
	free(prog->inst);
	free(prog->sets);
	free(prog);
	re->__program = NULL;
}

size_t
regerror(int error, const regex_t *re, char *buf, size_t size)
{
	static const char *const texts[] = {"no error", "no match", "invalid regular expression",
	    "invalid collation character", "invalid character class name", "trailing backslash",
	    "invalid back reference", "unmatched [, [^, [:, [., or [=", "unmatched ( or \\(",
	    "unmatched \\{ or {", "invalid content of \\{\\}", "invalid range end",
	    "expression too large", "invalid preceding regular expression"};
	const char *text = error >= 0 && error < (int)(sizeof(texts) / sizeof(texts[0]))
	    ? texts[error]
	    : "unknown error";

	(void)re;
	return strlcpy(buf, text, size) + 1;
}
