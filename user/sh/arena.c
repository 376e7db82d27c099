/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for one command: trees, expanded words, arguments. It is handed out from chunks front to
 * back and never freed piece by piece; arena_release() goes back to a mark. An error can so jump
 * out of the middle of anything without losing memory. What must live longer (variables, functions)
 * comes from malloc.
 *
 *	chunk -> | used ........|x x x mark x x x| free | -> next chunk (kept for reuse)
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "user/sh/sh.h"

#define CHUNK_SIZE 8192
#define ALIGN      16

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	char data[] __attribute__((aligned(ALIGN)));
};

static struct arena_chunk *first, *current;
static size_t used; /* in current */

void *
must_alloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (p == NULL)
		err(2, NULL);
	return p;
}

char *
must_strdup(const char *s)
{
	return strcpy(must_alloc(NULL, strlen(s) + 1), s);
}

static struct arena_chunk *
new_chunk(size_t size)
{
	struct arena_chunk *c;

	if (size < CHUNK_SIZE)
		size = CHUNK_SIZE;
	c = must_alloc(NULL, sizeof(*c) + size);
	c->size = size;
	c->next = NULL;
	return c;
}

/* Goes on to a chunk with room for `size` bytes; one that is too small is replaced. */
static void
next_chunk(size_t size)
{
	struct arena_chunk **link = current != NULL ? &current->next : &first;
	struct arena_chunk *c;

	while ((c = *link) != NULL && c->size < size) {
		*link = c->next;
		free(c);
	}
	if (c == NULL)
		*link = new_chunk(size);
	current = *link;
	used = 0;
}

void *
arena_alloc(size_t size)
{
	void *p;

	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (current == NULL || size > current->size - used)
		next_chunk(size);
	p = current->data + used;
	used += size;
	return p;
}

struct arena_mark
arena_mark(void)
{
	if (current == NULL)
		next_chunk(0);
	return (struct arena_mark){current, used};
}

void
arena_release(struct arena_mark mark)
{
	current = mark.chunk;
	used = mark.used;
}

char *
arena_strndup(const char *s, size_t n)
{
	char *p = arena_alloc(n + 1);

	memcpy(p, s, n);
	p[n] = 0;
	return p;
}

char *
arena_strdup(const char *s)
{
	return arena_strndup(s, strlen(s));
}

void
str_add_n(struct str *s, const char *text, size_t n)
{
	if (s->len + n + 1 > s->room) {
		size_t room = 2 * (s->len + n) + 32;
		char *p = arena_alloc(room);

		memcpy(p, s->s != NULL ? s->s : "", s->len);
		s->s = p;
		s->room = room;
	}
	memcpy(s->s + s->len, text, n);
	s->len += n;
}

void
str_add(struct str *s, char c)
{
	str_add_n(s, &c, 1);
}

void
str_add_s(struct str *s, const char *text)
{
	str_add_n(s, text, strlen(text));
}

char *
str_end(struct str *s)
{
	str_add(s, 0);
	return s->s;
}
