/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black tree.  Both mirror images of every case are one piece of code: `side` is 0 or 1 and
 * `!side` its mirror.
 *
 * Insertion and removal follow Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms",
 * chapter 13, with NULL for the black leaves. Rejected: AVL (a height in each node, no free bits
 * for it) and splay trees (lookup writes, so readers could not share a lock).
 */
#include "lib/tree.h"

static bool
is_red(const struct tree_node *n)
{
	return n != NULL && (n->parent_color & 1);
}

static void
set_red(struct tree_node *n, bool red)
{
	n->parent_color = (n->parent_color & ~(uintptr_t)1) | red;
}

static void
set_parent(struct tree_node *n, struct tree_node *parent)
{
	n->parent_color = (uintptr_t)parent | (n->parent_color & 1);
}

static int
side_of(const struct tree_node *parent, const struct tree_node *n)
{
	return parent->child[1] == n;
}

/* Put `n` (may be NULL) where `old` hangs. */
static void
replace_child(struct tree *t, struct tree_node *parent, struct tree_node *old, struct tree_node *n)
{
	if (parent == NULL)
		t->root = n;
	else
		parent->child[side_of(parent, old)] = n;
	if (n != NULL)
		set_parent(n, parent);
}

/* Lift n's child on side `!side` into n's place; n becomes its child on `side`. */
static void
rotate(struct tree *t, struct tree_node *n, int side, tree_update_fn *update)
{
	struct tree_node *up = n->child[!side], *mid = up->child[side];

	replace_child(t, tree_parent(n), n, up);
	n->child[!side] = mid;
	if (mid != NULL)
		set_parent(mid, n);
	up->child[side] = n;
	set_parent(n, up);
	if (update != NULL) {
		update(n);
		update(up);
	}
}

void
tree_update_path(struct tree_node *n, tree_update_fn *update)
{
	while (n != NULL && update != NULL && update(n))
		n = tree_parent(n);
}

static void
update_to_root(struct tree_node *n, tree_update_fn *update)
{
	for (; n != NULL && update != NULL; n = tree_parent(n))
		update(n);
}

void
tree_insert(
    struct tree *t, struct tree_node *parent, int side, struct tree_node *n, tree_update_fn *update)
{
	n->child[0] = n->child[1] = NULL;
	n->parent_color = (uintptr_t)parent | 1;
	if (parent == NULL)
		t->root = n;
	else
		parent->child[side] = n;
	if (update != NULL)
		update(n);
	tree_update_path(parent, update);

	while (is_red(parent = tree_parent(n))) {
		struct tree_node *grand = tree_parent(parent);
		int s = side_of(grand, parent);
		struct tree_node *uncle = grand->child[!s];

		if (is_red(uncle)) {
			set_red(parent, false);
			set_red(uncle, false);
			set_red(grand, true);
			n = grand;
			continue;
		}
		if (side_of(parent, n) != s) {
			rotate(t, parent, s, update);
			parent = n;
		}
		set_red(parent, false);
		set_red(grand, true);
		rotate(t, grand, !s, update);
		break;
	}
	set_red(t->root, false);
}

/* Child `s` of `parent` lacks one black node: restore the heights. */
static void
remove_fixup(struct tree *t, struct tree_node *parent, struct tree_node *n, tree_update_fn *update)
{
	while (parent != NULL && !is_red(n)) {
		int s = side_of(parent, n);
		struct tree_node *sibling;

		/* Two NULL children: side_of cannot tell, but the short side is the empty one. */
		if (n == NULL)
			s = parent->child[0] != NULL;
		sibling = parent->child[!s];
		if (is_red(sibling)) {
			set_red(sibling, false);
			set_red(parent, true);
			rotate(t, parent, s, update);
			sibling = parent->child[!s];
		}
		if (!is_red(sibling->child[0]) && !is_red(sibling->child[1])) {
			set_red(sibling, true);
			n = parent;
			parent = tree_parent(n);
			continue;
		}
		if (!is_red(sibling->child[!s])) {
			set_red(sibling->child[s], false);
			set_red(sibling, true);
			rotate(t, sibling, !s, update);
			sibling = parent->child[!s];
		}
		set_red(sibling, is_red(parent));
		set_red(parent, false);
		set_red(sibling->child[!s], false);
		rotate(t, parent, s, update);
		return;
	}
	if (n != NULL)
		set_red(n, false);
}

/* n has two children: its successor takes its place and its colour.  Returns the lowest node whose
 * subtree lost one. */
static struct tree_node *
replace_by_successor(
    struct tree *t, struct tree_node *n, struct tree_node **orphan, bool *lost_black)
{
	struct tree_node *next = n->child[1], *low;

	while (next->child[0] != NULL)
		next = next->child[0];
	*orphan = next->child[1];
	*lost_black = !is_red(next);
	low = tree_parent(next);
	if (low == n) {
		low = next;
	} else {
		replace_child(t, low, next, *orphan);
		next->child[1] = n->child[1];
		set_parent(next->child[1], next);
	}
	next->child[0] = n->child[0];
	set_parent(next->child[0], next);
	set_red(next, is_red(n));
	replace_child(t, tree_parent(n), n, next);
	return low;
}

void
tree_remove(struct tree *t, struct tree_node *n, tree_update_fn *update)
{
	struct tree_node *parent, *orphan;
	bool lost_black;

	if (n->child[0] != NULL && n->child[1] != NULL) {
		parent = replace_by_successor(t, n, &orphan, &lost_black);
		/* What the successor has cached was true elsewhere: it says nothing about ancestors. */
		update_to_root(parent, update);
	} else {
		orphan = n->child[n->child[0] == NULL];
		lost_black = !is_red(n);
		parent = tree_parent(n);
		replace_child(t, parent, n, orphan);
		tree_update_path(parent, update);
	}
	if (lost_black)
		remove_fixup(t, parent, orphan, update);
}

struct tree_node *
tree_outermost(const struct tree *t, int side)
{
	struct tree_node *n = t->root;

	while (n != NULL && n->child[side] != NULL)
		n = n->child[side];
	return n;
}

struct tree_node *
tree_neighbour(const struct tree_node *n, int side)
{
	const struct tree_node *parent;

	if (n->child[side] != NULL) {
		n = n->child[side];
		while (n->child[!side] != NULL)
			n = n->child[!side];
		return (struct tree_node *)n;
	}
	while ((parent = tree_parent(n)) != NULL && side_of(parent, n) == side)
		n = parent;
	return (struct tree_node *)parent;
}

struct tree_node *
tree_dismantle(struct tree *t, struct tree_node **at)
{
	struct tree_node *n = *at != NULL ? *at : t->root, *parent;

	if (n == NULL)
		return NULL;
	while (n->child[0] != NULL || n->child[1] != NULL)
		n = n->child[n->child[0] == NULL];
	parent = tree_parent(n);
	replace_child(t, parent, n, NULL);
	*at = parent;
	return n;
}

/*
 * Walk in order without recursion, counting black nodes on the way down: every place where a child
 * is missing must have the same count.
 */
bool
tree_check(const struct tree *t)
{
	int height = -1;

	if (t->root != NULL && (tree_parent(t->root) != NULL || is_red(t->root)))
		return false;
	for (struct tree_node *n = tree_outermost(t, 0); n != NULL; n = tree_neighbour(n, 1)) {
		int black = 0;

		for (int s = 0; s < 2; s++) {
			if (n->child[s] == NULL)
				continue;
			if (tree_parent(n->child[s]) != n || (is_red(n) && is_red(n->child[s])))
				return false;
		}
		if (n->child[0] != NULL && n->child[1] != NULL)
			continue;
		for (const struct tree_node *up = n; up != NULL; up = tree_parent(up))
			black += !is_red(up);
		if (height >= 0 && black != height)
			return false;
		height = black;
	}
	return true;
}
