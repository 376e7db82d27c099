/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where commands come from. The text read so far is kept until its command has been run, because a
 * word, a function body or a $(...) is a piece of it; more is read when the parser asks for a byte
 * beyond the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/sh/sh.h"

struct input *input;

static struct input *
push(int fd)
{
	struct input *in = must_alloc(NULL, sizeof(*in));

	*in = (struct input){.outer = input, .fd = fd, .line = 1};
	input = in;
	return in;
}

static void
append(struct input *in, const char *text, size_t n)
{
	if (in->len + n > in->room) {
		in->room = 2 * (in->len + n) + 256;
		in->text = must_alloc(in->text, in->room);
	}
	memcpy(in->text + in->len, text, n);
	in->len += n;
}

void
input_push_text(const char *text)
{
	append(push(-1), text, strlen(text));
}

void
input_push_fd(int fd, bool interactive)
{
	struct input *in = push(fd);

	in->interactive = interactive;
	in->byte_wise = fd == STDIN_FILENO;
}

void
input_pop(void)
{
	struct input *in = input;

	input = in->outer;
	if (in->fd > 2)
		close(in->fd);
	free(in->text);
	free(in);
}

static void
prompt(const struct input *in)
{
	const char *name = in->more ? "PS2" : "PS1", *text = var_get(name);

	fflush(stdout);
	fputs(text != NULL ? expand_heredoc(text) : in->more ? "> " : "$ ", stderr);
}

/*
 * Reads what is there: a line, byte by byte, if others read from the file as well; else up to its
 * end.
 */
static void
read_more(struct input *in)
{
	char buf[1024];
	ssize_t n;

	for (;;) {
		n = read(in->fd, buf, in->byte_wise ? 1 : sizeof(buf));
		if (n < 0 && errno == EINTR) {
			trap_poll();
			continue;
		}
		if (n <= 0)
			return;
		append(in, buf, n);
		if (in->byte_wise && buf[0] == '\n')
			return;
	}
}

/* => false at the end. */
static bool
fill(struct input *in)
{
	size_t before = in->len;

	if (in->fd < 0)
		return false;
	if (in->interactive)
		prompt(in);
	read_more(in);
	if (sh.opt_v)
		fprintf(stderr, "%.*s", (int)(in->len - before), in->text + before);
	return in->len > before;
}

int
input_peek(void)
{
	if (input->pos == input->len && !fill(input))
		return -1;
	return (unsigned char)input->text[input->pos];
}

int
input_next(void)
{
	int c = input_peek();

	if (c < 0)
		return c;
	input->pos++;
	if (c == '\n')
		input->line++;
	return c;
}

void
input_discard(void)
{
	memmove(input->text, input->text + input->pos, input->len - input->pos);
	input->len -= input->pos;
	input->pos = 0;
	input->more = false;
}
