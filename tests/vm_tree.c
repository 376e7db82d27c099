/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/tree: does it stay a red-black tree, and do the cached values of an augmented tree stay right, whatever is inserted and removed?
 */
#include <stdlib.h>

#include "lib/tree.h"
#include "tests/host/vm_test.h"

#define NODES 200

struct item {
	struct tree_node node;
	unsigned key;
	unsigned weight, sum; /* sum of the weights of its subtree */
	bool linked;
};

static struct item items[NODES];
static struct tree tree;

static struct item *
of(struct tree_node *n)
{
	return TREE_ENTRY(n, struct item, node);
}

static unsigned
sum_of(struct tree_node *n)
{
	return n == NULL ? 0 : of(n)->sum;
}

static bool
update(struct tree_node *n)
{
	unsigned before = of(n)->sum;

	of(n)->sum = of(n)->weight + sum_of(n->child[0]) + sum_of(n->child[1]);
	return of(n)->sum != before;
}

static void
insert(struct item *i)
{
	struct tree_node *parent = NULL, *n = tree.root;
	int side = 0;

	while (n != NULL) {
		parent = n;
		side = of(n)->key < i->key;
		n = n->child[side];
	}
	tree_insert(&tree, parent, side, &i->node, update);
	i->linked = true;
}

static unsigned
check_sums(struct tree_node *n)
{
	unsigned sum;

	if (n == NULL)
		return 0;
	sum = of(n)->weight + check_sums(n->child[0]) + check_sums(n->child[1]);
	assert_int_equal(of(n)->sum, sum);
	return sum;
}

/* In order, forwards and backwards, exactly the linked items. */
static void
check_order(void)
{
	struct tree_node *n = tree_outermost(&tree, 0);

	for (unsigned k = 0; k < NODES; k++) {
		if (!items[k].linked)
			continue;
		assert_ptr_equal(n, &items[k].node);
		n = tree_neighbour(n, 1);
	}
	assert_null(n);
	n = tree_outermost(&tree, 1);
	for (unsigned k = NODES; k-- > 0;) {
		if (!items[k].linked)
			continue;
		assert_ptr_equal(n, &items[k].node);
		n = tree_neighbour(n, 0);
	}
	assert_null(n);
}

static void
tree_survives_random_changes(void **state)
{
	(void)state;
	tree.root = NULL;
	srand(7);
	for (unsigned k = 0; k < NODES; k++)
		items[k] = (struct item){.key = k, .weight = k % 5};
	for (unsigned step = 0; step < 5000; step++) {
		struct item *i = &items[(unsigned)rand() % NODES];

		if (!i->linked) {
			insert(i);
		} else if (rand() % 4 == 0) {
			i->weight++;
			tree_update_path(&i->node, update);
		} else {
			tree_remove(&tree, &i->node, update);
			i->linked = false;
		}
		assert_true(tree_check(&tree));
		check_sums(tree.root);
		if (step % 50 == 0)
			check_order();
	}
}

/* Every node once, children before parents. */
static void
tree_comes_apart(void **state)
{
	struct tree_node *n, *at = NULL;
	unsigned left = 100;

	(void)state;
	tree.root = NULL;
	for (unsigned k = 0; k < left; k++) {
		items[k] = (struct item){.key = k, .weight = 1};
		insert(&items[k]);
	}
	while ((n = tree_dismantle(&tree, &at)) != NULL) {
		assert_true(of(n)->linked && n->child[0] == NULL && n->child[1] == NULL);
		of(n)->linked = false;
		left--;
	}
	assert_int_equal(left, 0);
	assert_null(tree.root);
	assert_null(at);
}

static void
tree_of_nothing_has_no_ends(void **state)
{
	struct tree empty = {NULL};

	(void)state;
	assert_null(tree_outermost(&empty, 0));
	assert_null(tree_outermost(&empty, 1));
	assert_true(tree_check(&empty));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tree_survives_random_changes),
	    cmocka_unit_test(tree_comes_apart),
	    cmocka_unit_test(tree_of_nothing_has_no_ends),
	};

	return run_host_tests(tests);
}
