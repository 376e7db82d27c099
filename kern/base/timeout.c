/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timeouts: one tree per hart, ordered by deadline.
 *
 *      idle --timeout_set--> queued on hart h --clock--> queue.running on hart h --> idle
 *                                 '--timeout_cancel--> idle
 *
 * A function runs with the queue unlocked, so that it may take any spinlock; timeout_cancel() waits
 * for one that runs, which is what lets a timeout live on a stack.  Once the function was called
 * the timeout itself is not touched any more. Lock order: the queue lock (RANK_TIMER), then
 * nothing.
 *
 * Rejected: one queue for the machine.  Every hart would have to arm its timer for the first
 * deadline, and all of them would wake up for it.
 */
#include "kern/base/timeout.h"

#include "arch/riscv/cpu.h"
#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/lock.h"
#include "kern/base/thread.h"

static struct timeout_queue {
	struct spinlock lock;
	struct tree tree;        /* q  by deadline, equal ones in order of setting */
	struct timeout *first;   /* q  leftmost, NULL: empty */
	struct timeout *running; /* a  whose function is being called */
	uint64_t next;           /* a  deadline of the first, UINT64_MAX: empty; written under q */
} queue[MAXHART];

void
timeout_bootstrap(void)
{
	for (unsigned i = 0; i < MAXHART; i++) {
		spin_init(&queue[i].lock, "timeout", RANK_TIMER);
		queue[i].next = UINT64_MAX;
	}
}

void
timeout_init(struct timeout *t, void (*fn)(void *arg), void *arg)
{
	*t = (struct timeout){.fn = fn, .arg = arg};
}

/* => q locked. */
static void
queue_refresh(struct timeout_queue *q)
{
	struct tree_node *n = tree_outermost(&q->tree, 0);

	q->first = n != NULL ? TREE_ENTRY(n, struct timeout, node) : NULL;
	__atomic_store_n(&q->next, n != NULL ? q->first->deadline : UINT64_MAX, __ATOMIC_RELAXED);
}

static void
queue_insert(struct timeout_queue *q, struct timeout *t)
{
	struct tree_node *parent = NULL, *n = q->tree.root;
	int side = 0;

	while (n != NULL) {
		parent = n;
		side = t->deadline >= TREE_ENTRY(n, struct timeout, node)->deadline;
		n = n->child[side];
	}
	tree_insert(&q->tree, parent, side, &t->node, NULL);
}

void
timeout_set(struct timeout *t, uint64_t deadline)
{
	struct timeout_queue *q;

	intr_push_off();
	q = &queue[cpu_id()];
	spin_lock(&q->lock);
	KASSERT(!t->queued);
	t->deadline = deadline;
	t->hart = cpu_id();
	t->queued = true;
	queue_insert(q, t);
	if (deadline < q->next) {
		queue_refresh(q);
		sched_arm_timer();
	}
	spin_unlock(&q->lock);
	intr_pop_off();
}

bool
timeout_cancel(struct timeout *t)
{
	bool was_queued = false;

	/* A function that sets its timeout again is on the queue while it still runs. */
	for (;;) {
		struct timeout_queue *q = &queue[t->hart];

		spin_lock(&q->lock);
		if (t->queued) {
			tree_remove(&q->tree, &t->node, NULL);
			t->queued = false;
			queue_refresh(q);
			was_queued = true;
		}
		spin_unlock(&q->lock);
		if (__atomic_load_n(&q->running, __ATOMIC_ACQUIRE) != t)
			return was_queued;
		cpu_relax();
	}
}

uint64_t
timeout_next(void)
{
	return __atomic_load_n(&queue[cpu_id()].next, __ATOMIC_RELAXED);
}

void
timeout_run(uint64_t now)
{
	struct timeout_queue *q = &queue[cpu_id()];

	while (timeout_next() <= now) {
		struct timeout *t;

		spin_lock(&q->lock);
		t = q->first;
		if (t == NULL || t->deadline > now) {
			spin_unlock(&q->lock);
			break;
		}
		tree_remove(&q->tree, &t->node, NULL);
		t->queued = false;
		queue_refresh(q);
		__atomic_store_n(&q->running, t, __ATOMIC_RELAXED);
		spin_unlock(&q->lock);
		t->fn(t->arg);
		__atomic_store_n(&q->running, NULL, __ATOMIC_RELEASE);
	}
}
