/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ldisc: the line discipline of a terminal: what happens to a character between the line and the
 * reader, and back.
 *
 *      line --ldisc_input--> [ finished lines | line being edited ] --ldisc_read--> reader
 *                 \__ echo __________________________________________________________> line
 *                                                   writer --ldisc_output---------> line
 *
 * Knows no lock, no process and no device, so that it can be tested on the host: the owner (tty.c)
 * serialises the calls, provides `put` for what goes out to the line, and does what ldisc_input
 * returns.
 */
#ifndef KERN_LDISC_H
#define KERN_LDISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LDISC_SIZE 4096u /* bytes of input held; a line has at most one less */
#define LDISC_NCC  19

/* The layout of Linux's struct termios; named apart from it so that host tests can include the
 * host's <termios.h>. */
struct ldisc_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[LDISC_NCC];
};

/* What the owner has to do after a character came in. */
#define LDISC_SIGINT   0x01u /* signals to the foreground process group */
#define LDISC_SIGQUIT  0x02u
#define LDISC_SIGTSTP  0x04u
#define LDISC_READABLE 0x08u /* wake readers */
#define LDISC_DUMP     0x10u /* ^P was typed: print the processes */
#define LDISC_RESUMED  0x20u /* output was stopped with ^S and goes on: wake writers */

struct ldisc {
	struct ldisc_termios termios;
	void (*put)(void *arg, char c); /* send one byte to the line; never sleeps */
	void *arg;
	/* Free-running counters; read <= finished <= write, write - read <= LDISC_SIZE. */
	uint32_t read;     /* next byte for a reader */
	uint32_t finished; /* end of what readers may have in canonical mode */
	uint32_t write;    /* end of input */
	uint32_t column;   /* where the cursor is, for erasing tabs */
	uint32_t start;    /* the column where the line being edited starts */
	bool literal;      /* VLNEXT was typed: the next character means itself */
	bool stopped;      /* VSTOP was typed: writers wait */
	char buf[LDISC_SIZE];
	/* A bit for each byte: it ends a line.  A NUL that does is an end of file, not for
	 * readers. */
	uint8_t ends[LDISC_SIZE / 8];
};

/* Defaults of a terminal: canonical, echo, signals, CR to NL and back. */
void ldisc_init(struct ldisc *l, void (*put)(void *arg, char c), void *arg);

/* One character came from the line.  => returns LDISC_* bits. */
unsigned ldisc_input(struct ldisc *l, char c);

/* Should the line be held back?  True when readers have enough to do and more input would be
 * lost. */
bool ldisc_throttled(const struct ldisc *l);

/* Is there something for a reader: a finished line (canonical), or a byte? */
bool ldisc_readable(const struct ldisc *l);
/* Bytes a reader could get (FIONREAD). */
size_t ldisc_available(const struct ldisc *l);

/* Take up to n > 0 bytes for a reader; in canonical mode at most one line.  => returns 0 although
 * ldisc_readable(): the end of file. */
size_t ldisc_read(struct ldisc *l, char *buf, size_t n);
/* Is the byte read last the end of a line?  A reader stops there. */
bool ldisc_at_line_end(const struct ldisc *l);

/* One byte from a writer, processed (NL to CR NL) and put. */
void ldisc_output(struct ldisc *l, char c);
/* The most bytes that ldisc_output puts for one. */
#define LDISC_EXPAND 2u

/* Change modes.  Switching canonical mode off makes a half-typed line readable; on: what is there
 * stays readable.
 * => returns LDISC_* bits as ldisc_input. */
unsigned ldisc_set_termios(struct ldisc *l, const struct ldisc_termios *t);
/* Forget all input. */
void ldisc_flush_input(struct ldisc *l);

#endif
