/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timeouts: call a function at a given time, from the clock interrupt.
 *
 * Each hart has a queue, ordered by deadline; a timeout is on the queue of the hart that set it,
 * whose timer is armed for the first.
 *
 * Whoever owns a timeout serialises its own calls of timeout_set() and timeout_cancel().
 *
 * Lock key, the same in every header:  I immutable after creation   q the queue lock (RANK_TIMER)
 * of the hart
 */
#ifndef KERN_BASE_TIMEOUT_H
#define KERN_BASE_TIMEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/annot.h"
#include "lib/tree.h"

struct timeout {
	struct tree_node node; /* q */
	uint64_t deadline;     /* q  ns of the monotonic clock */
	void (*fn)(void *arg); /* I */
	void *arg;             /* I */
	uint32_t hart;         /* q  whose queue it is or was on */
	bool queued;           /* q */
};

/* => boot. */
void timeout_bootstrap(void);

/* fn: interrupts off, no lock held by the caller of fn; never sleeps; may set t again, or free it.
 * */
void timeout_init(struct timeout *t, void (*fn)(void *arg), void *arg);
/* => not set; any context, ranks from RANK_TIMER on not held. */
void timeout_set(struct timeout *t, uint64_t deadline);
/* It will not run any more, nor is it running, when this returns.  => true: it had not run.  Not
 * from fn; no lock that fn takes is held. */
bool timeout_cancel(struct timeout *t);

/* The next deadline of this hart, UINT64_MAX: none.  => interrupts off. */
uint64_t timeout_next(void);
/* Run what is due on this hart.  => from the clock interrupt. */
void timeout_run(uint64_t now);

#endif
