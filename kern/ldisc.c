/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line discipline: canonical and raw input, echo, editing keys, output processing.
 *
 *      buf:   ... read ............ finished ........... write ...
 *                  what readers get          the line being edited
 *
 * Canonical mode moves `finished` up to `write` when a line ends; raw mode after each byte.  A bit
 * in `ends` marks the last byte of a line, so that one read returns one line.  ^D is stored as a
 * NUL with such a bit.
 *
 * Rejected: two buffers, one for the line and one for finished input.  A switch to raw mode would
 * have to move bytes between them.
 *
 * Locks: none; the owner serialises.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>

#include "kern/ldisc.h"

#define KEY(letter) ((letter)&0x1f)
#define BELL        '\a'
#define DEL         0x7f
#define TAB_STOP    8u
#define THROTTLE    128u /* free bytes below which the line is held back */

static char *
byte_at(struct ldisc *l, uint32_t pos)
{
	return &l->buf[pos % LDISC_SIZE];
}

static bool
ends_line(const struct ldisc *l, uint32_t pos)
{
	return l->ends[pos % LDISC_SIZE / 8] & 1u << pos % 8;
}

static void
mark_end(struct ldisc *l, uint32_t pos, bool end)
{
	uint8_t bit = (uint8_t)(1u << pos % 8);

	if (end)
		l->ends[pos % LDISC_SIZE / 8] |= bit;
	else
		l->ends[pos % LDISC_SIZE / 8] &= (uint8_t)~bit;
}

static bool
is_eof_mark(const struct ldisc *l, uint32_t pos)
{
	return ends_line(l, pos) && l->buf[pos % LDISC_SIZE] == '\0';
}

static bool
has(const struct ldisc *l, uint32_t lflag)
{
	return l->termios.lflag & lflag;
}

/* Is c the character with function `index`?  NUL switches a function off. */
static bool
is_key(const struct ldisc *l, char c, unsigned index)
{
	return c != '\0' && (uint8_t)c == l->termios.cc[index];
}

static bool
is_control(char c)
{
	return (uint8_t)c < ' ' || c == DEL;
}

static bool
is_continuation(const struct ldisc *l, char c)
{
	return (l->termios.iflag & IUTF8) && ((uint8_t)c & 0xc0) == 0x80;
}

/* ---- Output ---------------------------------------------------------------------------------- */

static void
put(struct ldisc *l, char c)
{
	l->put(l->arg, c);
}

/* Where the cursor is after c was shown at `column`. */
static uint32_t
column_after(const struct ldisc *l, uint32_t column, char c)
{
	switch (c) {
	case '\t':
		return column - column % TAB_STOP + TAB_STOP;
	case '\b':
		return column > 0 ? column - 1 : 0;
	case '\r':
		return 0;
	default:
		return is_control(c) || is_continuation(l, c) ? column : column + 1;
	}
}

void
ldisc_output(struct ldisc *l, char c)
{
	uint32_t oflag = l->termios.oflag;

	if (!(oflag & OPOST)) {
		put(l, c);
		return;
	}
	if (c == '\r' && (oflag & OCRNL))
		c = '\n';
	if (c == '\r' && (oflag & ONOCR) && l->column == 0)
		return;
	if (c == '\n' && (oflag & ONLCR))
		put(l, '\r');
	if (c == '\n' && (oflag & (ONLCR | ONLRET)))
		l->column = 0;
	l->column = column_after(l, l->column, c);
	put(l, c);
}

/* Show a typed character; control characters as ^X. */
static void
echo(struct ldisc *l, char c)
{
	if (is_control(c) && c != '\t' && c != '\n' && has(l, ECHOCTL)) {
		ldisc_output(l, '^');
		ldisc_output(l, (char)(c ^ 0x40));
	} else {
		ldisc_output(l, c);
	}
}

static void
echo_if_on(struct ldisc *l, char c)
{
	if (has(l, ECHO))
		echo(l, c);
}

/* ---- Editing --------------------------------------------------------------------------------- */

/* The column at which the line being edited, shown up to `end`, leaves the cursor. */
static uint32_t
edit_column(struct ldisc *l, uint32_t end)
{
	uint32_t column = l->start;

	for (uint32_t pos = l->finished; pos != end; pos++) {
		char c = *byte_at(l, pos);

		if (is_control(c) && c != '\t')
			column += has(l, ECHOCTL) ? 2 : 0;
		else
			column = column_after(l, column, c);
	}
	return column;
}

static void
rub_out(struct ldisc *l, uint32_t columns)
{
	while (columns-- > 0) {
		ldisc_output(l, '\b');
		ldisc_output(l, ' ');
		ldisc_output(l, '\b');
	}
}

/* Shorten the line being edited to end before `pos`, on the screen as well. */
static void
erase_to(struct ldisc *l, uint32_t pos)
{
	uint32_t from = edit_column(l, l->write), to = edit_column(l, pos);

	if (has(l, ECHO) && has(l, ECHOE))
		rub_out(l, from - to);
	l->write = pos;
}

static uint32_t
before_char(struct ldisc *l, uint32_t pos)
{
	do
		pos--;
	while (pos != l->finished && is_continuation(l, *byte_at(l, pos)));
	return pos;
}

static void
erase_char(struct ldisc *l, char key)
{
	if (l->write == l->finished)
		return;
	erase_to(l, before_char(l, l->write));
	if (!has(l, ECHOE))
		echo_if_on(l, key);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
erase_word(struct ldisc *l)
{
	uint32_t pos = l->write;

	while (pos != l->finished && is_blank(*byte_at(l, pos - 1)))
		pos--;
	while (pos != l->finished && !is_blank(*byte_at(l, pos - 1)))
		pos--;
	erase_to(l, pos);
}

static void
erase_line(struct ldisc *l, char key)
{
	if (has(l, ECHOKE) && has(l, ECHOE)) {
		erase_to(l, l->finished);
		return;
	}
	l->write = l->finished;
	echo_if_on(l, key);
	if (has(l, ECHO) && has(l, ECHOK))
		ldisc_output(l, '\n');
}

static void
reprint(struct ldisc *l, char key)
{
	echo_if_on(l, key);
	echo_if_on(l, '\n');
	l->start = l->column;
	for (uint32_t pos = l->finished; pos != l->write; pos++)
		echo_if_on(l, *byte_at(l, pos));
}

/* ---- Input ----------------------------------------------------------------------------------- */

static void
store(struct ldisc *l, char c, bool end)
{
	*byte_at(l, l->write) = c;
	mark_end(l, l->write, end);
	l->write++;
}

/* An ordinary character.  The last place is kept for the end of the line. */
static unsigned
take(struct ldisc *l, char c)
{
	bool canon = has(l, ICANON);

	if (l->write - l->read >= LDISC_SIZE - (canon ? 1 : 0)) {
		if (l->termios.iflag & IMAXBEL)
			ldisc_output(l, BELL);
		return 0;
	}
	if (l->write == l->finished)
		l->start = l->column;
	store(l, c, false);
	echo_if_on(l, c);
	if (canon)
		return 0;
	l->finished = l->write;
	return LDISC_READABLE;
}

/* The line is complete: c is its last byte, NUL for an end of file. */
static unsigned
finish_line(struct ldisc *l, char c)
{
	if (l->write - l->read >= LDISC_SIZE)
		return 0;
	if (has(l, ECHO) || (c == '\n' && has(l, ECHONL)))
		if (c != '\0')
			echo(l, c);
	store(l, c, true);
	l->finished = l->write;
	return LDISC_READABLE;
}

static unsigned
signal_for(const struct ldisc *l, char c)
{
	if (is_key(l, c, VINTR))
		return LDISC_SIGINT;
	if (is_key(l, c, VQUIT))
		return LDISC_SIGQUIT;
	return is_key(l, c, VSUSP) ? LDISC_SIGTSTP : 0;
}

static bool
is_erase(const struct ldisc *l, char c)
{
	uint8_t key = l->termios.cc[VERASE];

	/* Terminals do not agree on what their erase key sends: either of the two usual codes means
	 * both. */
	if (key == DEL || key == '\b')
		return c == DEL || c == '\b';
	return is_key(l, c, VERASE);
}

/* Keys that edit.  => *done: c was one of them. */
static unsigned
edit_key(struct ldisc *l, char c, bool *done)
{
	*done = true;
	if (is_erase(l, c))
		erase_char(l, c);
	else if (is_key(l, c, VKILL))
		erase_line(l, c);
	else if (has(l, IEXTEN) && is_key(l, c, VWERASE))
		erase_word(l);
	else if (has(l, IEXTEN) && is_key(l, c, VREPRINT))
		reprint(l, c);
	else if (has(l, IEXTEN) && is_key(l, c, VLNEXT))
		l->literal = true;
	else if (c == KEY('P'))
		return LDISC_DUMP;
	else if (is_key(l, c, VEOF))
		return finish_line(l, '\0');
	else if (c == '\n' || is_key(l, c, VEOL) || (has(l, IEXTEN) && is_key(l, c, VEOL2)))
		return finish_line(l, c);
	else
		*done = false;
	return 0;
}

/* ^S and ^Q.  => *done: c was one of them. */
static unsigned
flow_key(struct ldisc *l, char c, bool *done)
{
	bool was_stopped = l->stopped;

	*done = is_key(l, c, VSTART) || is_key(l, c, VSTOP);
	if (is_key(l, c, VSTOP))
		l->stopped = true;
	else if (*done || (l->termios.iflag & IXANY))
		l->stopped = false;
	return was_stopped && !l->stopped ? LDISC_RESUMED : 0;
}

static unsigned
signal_key(struct ldisc *l, char c, unsigned signal)
{
	bool was_stopped = l->stopped;

	if (!has(l, NOFLSH))
		ldisc_flush_input(l);
	l->stopped = false;
	echo_if_on(l, c);
	return signal | (was_stopped ? LDISC_RESUMED : 0);
}

/* CR and NL as iflag says.  => false: the character is ignored. */
static bool
translate(const struct ldisc *l, char *c)
{
	uint32_t iflag = l->termios.iflag;

	if (*c == '\r') {
		if (iflag & IGNCR)
			return false;
		if (iflag & ICRNL)
			*c = '\n';
	} else if (*c == '\n' && (iflag & INLCR)) {
		*c = '\r';
	}
	return true;
}

unsigned
ldisc_input(struct ldisc *l, char c)
{
	unsigned todo = 0;
	bool done = false;

	if (l->termios.iflag & ISTRIP)
		c &= 0x7f;
	if (l->literal) {
		l->literal = false;
		return take(l, c);
	}
	if (l->termios.iflag & IXON)
		todo |= flow_key(l, c, &done);
	if (done)
		return todo;
	if (has(l, ISIG) && signal_for(l, c))
		return todo | signal_key(l, c, signal_for(l, c));
	if (!translate(l, &c))
		return todo;
	if (has(l, ICANON))
		todo |= edit_key(l, c, &done);
	return done ? todo : todo | take(l, c);
}

/* ---- The owner's side ------------------------------------------------------------------------ */

bool
ldisc_throttled(const struct ldisc *l)
{
	return ldisc_readable(l) && LDISC_SIZE - (l->write - l->read) < THROTTLE;
}

bool
ldisc_readable(const struct ldisc *l)
{
	return l->finished != l->read;
}

size_t
ldisc_available(const struct ldisc *l)
{
	size_t n = 0;

	for (uint32_t pos = l->read; pos != l->finished; pos++)
		n += !is_eof_mark(l, pos);
	return n;
}

size_t
ldisc_read(struct ldisc *l, char *buf, size_t n)
{
	size_t got = 0;

	while (got < n && l->read != l->finished) {
		uint32_t pos = l->read++;

		if (is_eof_mark(l, pos))
			return got;
		buf[got++] = *byte_at(l, pos);
		if (ends_line(l, pos))
			return got;
	}
	/* The reader's buffer ends just where ^D was typed: the line is over, and no end of file is
	 * left behind. */
	if (l->read != l->finished && is_eof_mark(l, l->read))
		l->read++;
	return got;
}

bool
ldisc_at_line_end(const struct ldisc *l)
{
	return ends_line(l, l->read - 1);
}

void
ldisc_flush_input(struct ldisc *l)
{
	l->read = l->finished = l->write;
	l->literal = false;
}

unsigned
ldisc_set_termios(struct ldisc *l, const struct ldisc_termios *t)
{
	bool resumed = l->stopped && !(t->iflag & IXON);

	if ((l->termios.lflag ^ t->lflag) & ICANON) {
		memset(l->ends, 0, sizeof(l->ends));
		l->finished = l->write;
		if ((t->lflag & ICANON) && l->write != l->read)
			mark_end(l, l->write - 1, true);
	}
	if (resumed)
		l->stopped = false;
	l->termios = *t;
	return (ldisc_readable(l) ? LDISC_READABLE : 0) | (resumed ? LDISC_RESUMED : 0);
}

void
ldisc_init(struct ldisc *l, void (*put_byte)(void *arg, char c), void *arg)
{
	*l = (struct ldisc){.put = put_byte, .arg = arg};
	l->termios = (struct ldisc_termios){
	    .iflag = ICRNL | IXON | IMAXBEL | IUTF8,
	    .oflag = OPOST | ONLCR,
	    .cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
	    .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	    .cc = {[VINTR] = KEY('C'),
		[VQUIT] = KEY('\\'),
		[VERASE] = DEL,
		[VKILL] = KEY('U'),
		[VEOF] = KEY('D'),
		[VMIN] = 1,
		[VSTART] = KEY('Q'),
		[VSTOP] = KEY('S'),
		[VSUSP] = KEY('Z'),
		[VREPRINT] = KEY('R'),
		[VDISCARD] = KEY('O'),
		[VWERASE] = KEY('W'),
		[VLNEXT] = KEY('V')},
	};
}
