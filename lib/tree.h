/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balanced binary search tree (red-black), intrusive: nothing is allocated, so insertion and
 * removal cannot fail.
 *
 * The owner of a tree writes its own lookup loop over child[] (it knows the key), finds parent and
 * side for a new node, and calls tree_insert().  `update` recomputes what a node caches about its
 * subtree (an augmented tree, Cormen et al. chapter 14): it is called for nodes whose subtree
 * changed, children before parents, says whether that changed the cached value, and may be NULL.
 */
#ifndef LIB_TREE_H
#define LIB_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/annot.h"

struct tree_node {
	struct tree_node *child[2];
	uintptr_t parent_color; /* the parent's address; bit 0: this node is red */
};

struct tree {
	struct tree_node *root;
};

typedef bool tree_update_fn(struct tree_node *);

#define TREE_ENTRY(node, type, field) CONTAINER_OF(node, type, field)

static inline struct tree_node *
tree_parent(const struct tree_node *n)
{
	return (struct tree_node *)(n->parent_color & ~(uintptr_t)1);
}

/* Link `n` as child `side` of `parent` (NULL: as the root of an empty tree) and rebalance.  => that
 * place is free. */
void tree_insert(struct tree *t, struct tree_node *parent, int side, struct tree_node *n,
    tree_update_fn *update);

/* Unlink `n` and rebalance.  => n is in t. */
void tree_remove(struct tree *t, struct tree_node *n, tree_update_fn *update);

/* Recompute `n`, and its ancestors as far as that makes a difference, after a key or a cached value
 * of n changed without changing the order. */
void tree_update_path(struct tree_node *n, tree_update_fn *update);

/* The outermost node on a side (0: smallest, 1: largest), NULL if the tree is empty. */
struct tree_node *tree_outermost(const struct tree *t, int side);

/* The neighbour in order (side 1: next larger, 0: next smaller), NULL at the end. */
struct tree_node *tree_neighbour(const struct tree_node *n, int side);

/* Take a whole tree apart, without rebalancing: returns its nodes one after the other, children
 * before parents, NULL when it is empty.  *at is NULL at first; it remembers the place. */
struct tree_node *tree_dismantle(struct tree *t, struct tree_node **at);

/* Is it a red-black tree: parent links, no red child of a red node, equal black heights?  For
 * checkers and tests. */
bool tree_check(const struct tree *t);

#endif
