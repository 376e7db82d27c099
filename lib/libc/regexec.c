/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regexec(): runs the program of regcomp() over a string. The rule of POSIX: of all matches the one
 * that begins first, of those the longest.
 *
 * All ways to match go on at the same time, as threads that stand at some instruction (Thompson,
 * Pike): every byte of the string moves each thread one step. Two threads at one instruction have
 * the same future, so only the one that came first - it began further left, or prefers earlier
 * alternatives - is kept. The work is at most length of the string times length of the program,
 * whatever the expression.
 *
 * Back references need to know what a thread matched before, so that two threads at one instruction
 * differ. An expression with \1 is therefore matched by trying one way after the other
 * (backtracking), which can take exponential time, as in every implementation.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/libc/regex_prog.h"

struct matcher {
	const struct regex_prog *prog;
	const char *string;
	int flags;      /* of regexec */
	size_t slots;   /* group positions each thread carries, at least 2 */
	regoff_t *best; /* slots of the best match so far; best[0] = -1: none */
};

static bool
is_word(const struct matcher *m, regoff_t at)
{
	unsigned char c = at >= 0 ? m->string[at] : 0;

	return isalnum(c) || c == '_';
}

/* Does an instruction that looks but takes no byte hold at this position? */
static bool
holds(const struct matcher *m, enum regex_op op, regoff_t at)
{
	bool before = is_word(m, at - 1), after = is_word(m, at);

	switch (op) {
	case RE_BOL:
		if (at == 0)
			return !(m->flags & REG_NOTBOL);
		return m->prog->flags & REG_NEWLINE && m->string[at - 1] == '\n';
	case RE_EOL:
		if (m->string[at] == 0)
			return !(m->flags & REG_NOTEOL);
		return m->prog->flags & REG_NEWLINE && m->string[at] == '\n';
	case RE_WORD_START:
		return !before && after;
	case RE_WORD_END:
		return before && !after;
	case RE_WORD_EDGE:
		return before != after;
	case RE_NO_WORD_EDGE:
		return before == after;
	default:
		return true;
	}
}

/* Does an instruction that takes a byte take this one? */
static bool
takes(const struct regex_prog *prog, const struct regex_inst *inst, unsigned char c)
{
	switch (inst->op) {
	case RE_CHAR:
		return inst->x == c;
	case RE_ANY:
		return c != 0;
	case RE_SET:
		return c != 0 && regex_set_has(&prog->sets[inst->x], c);
	default:
		return false;
	}
}

static bool
better(const struct matcher *m, regoff_t start, regoff_t end)
{
	return m->best[0] < 0 || start < m->best[0] || (start == m->best[0] && end > m->best[1]);
}

/* ---- All threads at once ---- */

struct thread_list {
	int count;
	int *inst;       /* where each thread stands */
	regoff_t *slots; /* m->slots for each */
};

struct simulation {
	struct matcher *m;
	struct thread_list now, next;
	unsigned *seen; /* for each instruction: the step in which a thread last stood there */
	unsigned step;
	regoff_t *tmp; /* slots of the thread being added */
};

/*
 * Adds a thread at instruction i, or, if that takes no byte, at those it leads to.
 * => sim->tmp has its slots, and has them again afterwards.
 */
static void
add_thread(struct simulation *sim, struct thread_list *list, int i, regoff_t at)
{
	const struct regex_inst *inst = &sim->m->prog->inst[i];
	regoff_t old;

	if (sim->seen[i] == sim->step)
		return;
	sim->seen[i] = sim->step;
	switch (inst->op) {
	case RE_JUMP:
		add_thread(sim, list, i + inst->x, at);
		return;
	case RE_SPLIT:
		add_thread(sim, list, i + inst->x, at);
		add_thread(sim, list, i + inst->y, at);
		return;
	case RE_SAVE:
		if ((size_t)inst->x >= sim->m->slots) {
			add_thread(sim, list, i + 1, at);
			return;
		}
		old = sim->tmp[inst->x];
		sim->tmp[inst->x] = at;
		add_thread(sim, list, i + 1, at);
		sim->tmp[inst->x] = old;
		return;
	case RE_CHAR:
	case RE_ANY:
	case RE_SET:
	case RE_MATCH:
		list->inst[list->count] = i;
		memcpy(list->slots + list->count * sim->m->slots, sim->tmp,
		    sim->m->slots * sizeof(regoff_t));
		list->count++;
		return;
	default:
		if (holds(sim->m, inst->op, at))
			add_thread(sim, list, i + 1, at);
	}
}

/*
 * Moves every thread over the byte at `at`; those that are at the end of the program have matched.
 */
static void
step_threads(struct simulation *sim, regoff_t at)
{
	struct matcher *m = sim->m;
	int i;

	sim->next.count = 0;
	sim->step++;
	for (i = 0; i < sim->now.count; i++) {
		int where = sim->now.inst[i];
		const struct regex_inst *inst = &m->prog->inst[where];
		regoff_t *slots = sim->now.slots + i * m->slots;

		if (m->best[0] >= 0 && slots[0] > m->best[0])
			continue; /* began too late */
		if (inst->op == RE_MATCH) {
			if (better(m, slots[0], at)) {
				memcpy(m->best, slots, m->slots * sizeof(regoff_t));
				m->best[1] = at;
			}
		} else if (takes(m->prog, inst, m->string[at])) {
			memcpy(sim->tmp, slots, m->slots * sizeof(regoff_t));
			add_thread(sim, &sim->next, where + 1, at + 1);
		}
	}
}

/* Starts a thread at every position until something has matched. */
static void
simulate(struct simulation *sim)
{
	struct matcher *m = sim->m;
	const struct regex_prog *prog = m->prog;
	struct thread_list swap;
	regoff_t at = 0;
	size_t i;

	sim->step = 1;
	for (;; at++) {
		if (sim->now.count == 0 && prog->use_first && m->best[0] < 0) {
			for (; m->string[at] != 0; at++)
				if (regex_set_has(&prog->first, m->string[at]))
					break;
			sim->step++; /* what was seen was seen elsewhere */
		}
		if (m->best[0] < 0) {
			for (i = 0; i < m->slots; i++)
				sim->tmp[i] = -1;
			sim->tmp[0] = at;
			add_thread(sim, &sim->now, 0, at);
		}
		step_threads(sim, at);
		swap = sim->now;
		sim->now = sim->next;
		sim->next = swap;
		if (m->string[at] == 0 || (sim->now.count == 0 && m->best[0] >= 0))
			break;
	}
}

/* One block of memory for both lists, the marks and the slots. */
static int
match_threads(struct matcher *m)
{
	size_t n = m->prog->inst_count, slots = n * m->slots * sizeof(regoff_t);
	struct simulation sim = {.m = m};
	char *block = malloc(
	    2 * slots + m->slots * sizeof(regoff_t) + 2 * n * sizeof(int) + n * sizeof(unsigned));

	if (block == NULL)
		return REG_ESPACE;
	sim.now.slots = (regoff_t *)block;
	sim.next.slots = (regoff_t *)(block + slots);
	sim.tmp = (regoff_t *)(block + 2 * slots);
	sim.now.inst = (int *)(sim.tmp + m->slots);
	sim.next.inst = sim.now.inst + n;
	sim.seen = (unsigned *)(sim.next.inst + n);
	memset(sim.seen, 0, n * sizeof(unsigned));
	simulate(&sim);
	free(block);
	return 0;
}

/* ---- One way after the other ---- */

struct backtrack {
	struct matcher *m;
	regoff_t *slots;
	regoff_t *marks;
};

/* => returns the length of what group x matched if it stands at `at` again, -1 if not. */
static regoff_t
same_again(const struct backtrack *b, int x, regoff_t at)
{
	const char *string = b->m->string;
	regoff_t start = b->slots[2 * x], n = b->slots[2 * x + 1] - start;
	int diff;

	if (start < 0 || n < 0)
		return -1;
	diff = b->m->prog->flags & REG_ICASE ? strncasecmp(string + start, string + at, n)
					     : strncmp(string + start, string + at, n);
	return diff == 0 ? n : -1;
}

static void try_from(struct backtrack *b, int i, regoff_t at);

/* Goes on with *slot changed, and restores it. */
static void
try_with(struct backtrack *b, regoff_t *slot, int i, regoff_t at)
{
	regoff_t old = *slot;

	*slot = at;
	try_from(b, i, at);
	*slot = old;
}

/* Tries all ways from instruction i on and keeps the longest match. */
static void
try_from(struct backtrack *b, int i, regoff_t at)
{
	const struct regex_inst *inst;
	regoff_t n;

	for (;;) {
		inst = &b->m->prog->inst[i];
		switch (inst->op) {
		case RE_MATCH:
			if (better(b->m, b->slots[0], at)) {
				memcpy(b->m->best, b->slots, b->m->slots * sizeof(regoff_t));
				b->m->best[1] = at;
			}
			return;
		case RE_JUMP:
			i += inst->x;
			continue;
		case RE_SPLIT:
			try_from(b, i + inst->x, at);
			i += inst->y;
			continue;
		case RE_SAVE:
			try_with(b, &b->slots[inst->x], i + 1, at);
			return;
		case RE_MARK:
			try_with(b, &b->marks[inst->x], i + 1, at);
			return;
		case RE_CHECK:
			if (b->marks[inst->x] == at)
				return;
			break;
		case RE_BACKREF:
			n = same_again(b, inst->x, at);
			if (n < 0)
				return;
			at += n;
			break;
		case RE_CHAR:
		case RE_ANY:
		case RE_SET:
			if (!takes(b->m->prog, inst, b->m->string[at]))
				return;
			at++;
			break;
		default:
			if (!holds(b->m, inst->op, at))
				return;
		}
		i++;
	}
}

static int
match_backtrack(struct matcher *m)
{
	struct backtrack b = {.m = m};
	regoff_t at = 0;
	size_t i;

	b.slots = malloc((m->slots + m->prog->loops) * sizeof(regoff_t));
	if (b.slots == NULL)
		return REG_ESPACE;
	b.marks = b.slots + m->slots;
	do {
		for (i = 0; i < m->slots + m->prog->loops; i++)
			b.slots[i] = -1;
		b.slots[0] = at;
		try_from(&b, 0, at);
	} while (m->best[0] < 0 && m->string[at++] != 0);
	free(b.slots);
	return 0;
}

int
regexec(const regex_t *re, const char *s, size_t nmatch, regmatch_t match[], int flags)
{
	const struct regex_prog *prog = re->__program;
	struct matcher m = {.prog = prog, .string = s, .flags = flags};
	size_t groups = re->re_nsub + 1, i;
	int error;

	if (prog->flags & REG_NOSUB)
		nmatch = 0;
	m.slots = 2 *
	    (prog->backrefs           ? groups
		    : nmatch == 0     ? 1
		    : nmatch < groups ? nmatch
				      : groups);
	m.best = malloc(m.slots * sizeof(regoff_t));
	if (m.best == NULL)
		return REG_ESPACE;
	m.best[0] = -1;
	error = prog->backrefs ? match_backtrack(&m) : match_threads(&m);
	if (error == 0 && m.best[0] < 0)
		error = REG_NOMATCH;
	for (i = 0; error == 0 && i < nmatch; i++) {
		bool known = 2 * i + 1 < m.slots && m.best[2 * i] >= 0 && m.best[2 * i + 1] >= 0;

		match[i].rm_so = known ? m.best[2 * i] : -1;
		match[i].rm_eo = known ? m.best[2 * i + 1] : -1;
	}
	free(m.best);
	return error;
}
