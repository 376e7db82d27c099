/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for any of several files at once.
 *
 *      pipe --- poll_queue ---+--- poll_wait (fd 0) ---\
 *                             +--- poll_wait (fd 0) --- | --- another poller
 *      tty ---- poll_queue ------- poll_wait (fd 3) ---+--- poller: one thread in ppoll or pselect6
 *
 * Whoever can become ready embeds a poll_queue and calls poll_wake() after each change.  The `poll`
 * operation of a file first puts the waiter on the queue, then looks at the state: a change between
 * the two is seen either by the look or by the wake.
 *
 * Lock key, the same in every header:  I never changes after creation   a atomic   T only the
 * thread itself
 *   Q the poll lock (poll.c; one for all queues: a poll touches several, and no critical section is
 * longer than a few links)
 */
#ifndef KERN_POLL_H
#define KERN_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/annot.h"
#include "lib/list.h"

struct poll_queue {
	struct list waiters; /* Q */
};

struct poller {
	bool fired; /* Q  something changed since the files were last looked at */
};

struct poll_wait {
	struct list link;      /* Q */
	struct poller *poller; /* I */
};

void poll_queue_init(struct poll_queue *q);

/* Put w on q; NULL is fine (the caller only asks), and so is a w that is on q already.  => any
 * context. */
void poll_enqueue(struct poll_queue *q, struct poll_wait *w);

/* The owner of q changed state: let its pollers look again.  => any context, locks below RANK_POLL
 * may be held; never sleeps. */
void poll_wake(struct poll_queue *q);

#endif
