/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doubly linked circular list with the head as sentinel: one type, one set of functions, no macros
 * that hide control flow.
 *
 *      head <-> a <-> b <-> head
 *
 * A struct that is on a list embeds a `struct list`; LIST_ENTRY gets back from the link to the
 * struct.  An unlinked node points to itself, so list_remove() may be called twice and
 * list_linked() answers whether it is on a list.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/annot.h"

struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_INIT(head)                                                                            \
	{                                                                                          \
		&(head), &(head)                                                                   \
	}
#define LIST_ENTRY(node, type, field) CONTAINER_OF(node, type, field)
#define LIST_FOREACH(node, head)                                                                   \
	for (struct list *node = (head)->next; node != (head); node = node->next)
/* The body may remove the node it is given. */
#define LIST_FOREACH_SAFE(node, head)                                                              \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head);          \
	     node = node##_next, node##_next = node->next)

static inline void
list_init(struct list *node)
{
	node->next = node->prev = node;
}

static inline bool
list_empty(const struct list *head)
{
	return head->next == head;
}

static inline bool
list_linked(const struct list *node)
{
	return node->next != node;
}

static inline void
list_insert_after(struct list *at, struct list *node)
{
	node->next = at->next;
	node->prev = at;
	at->next->prev = node;
	at->next = node;
}

static inline void
list_insert_before(struct list *at, struct list *node)
{
	list_insert_after(at->prev, node);
}

static inline void
list_push_front(struct list *head, struct list *node)
{
	list_insert_after(head, node);
}

static inline void
list_push_back(struct list *head, struct list *node)
{
	list_insert_before(head, node);
}

static inline void
list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* The first node, unlinked, or NULL. */
static inline struct list *
list_pop_front(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_remove(node);
	return node;
}

/* Move all of `from` to the end of `to`; `from` is empty afterwards. */
static inline void
list_splice_back(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#endif
