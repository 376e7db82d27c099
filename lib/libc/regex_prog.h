/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compiled regular expression: a program for a machine with many threads.
 *
 *	a(b|c)*d	0 CHAR a	5 CHAR b	 9 CHECK 0
 *			1 SPLIT +1 +10	6 JUMP +2	10 JUMP -9
 *			2 MARK 0	7 CHAR c	11 CHAR d
 *			3 SAVE 2	8 SAVE 3	12 MATCH
 *			4 SPLIT +1 +3
 *
 * Jumps are relative, so that a piece of program can be copied (for {m,n}) and moved.
 */
#ifndef LIB_LIBC_REGEX_PROG_H
#define LIB_LIBC_REGEX_PROG_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

enum regex_op {
	RE_CHAR,         /* x: this byte */
	RE_ANY,          /* any byte */
	RE_SET,          /* x: a byte of sets[x] */
	RE_BOL,          /* ^ */
	RE_EOL,          /* $ */
	RE_WORD_START,   /* \< */
	RE_WORD_END,     /* \> */
	RE_WORD_EDGE,    /* \b */
	RE_NO_WORD_EDGE, /* \B */
	RE_SAVE,         /* x: remember the position in group slot x */
	RE_MARK,         /* x: a round of loop x begins here */
	RE_CHECK,        /* x: go on only if the round matched something */
	RE_SPLIT,        /* go on at both +x and +y, x preferred */
	RE_JUMP,         /* go on at +x */
	RE_BACKREF,      /* x: what group x matched */
	RE_MATCH,
};

struct regex_inst {
	unsigned char op;
	int x;
	int y;
};

struct regex_set {
	unsigned char bits[32];
};

struct regex_prog {
	struct regex_inst *inst;
	struct regex_set *sets;
	int inst_count, inst_room;
	int set_count, set_room;
	int loops; /* number of RE_MARK slots */
	int flags; /* of regcomp */
	bool backrefs;
	bool use_first; /* a match begins with a byte of `first` */
	struct regex_set first;
};

static inline bool
regex_set_has(const struct regex_set *s, unsigned char c)
{
	return s->bits[c / 8] >> (c % 8) & 1;
}

#endif
