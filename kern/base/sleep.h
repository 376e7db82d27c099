/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping on a channel (any unique address) and waking up whoever sleeps there.
 *
 * The general form has two steps, so that every kind of interlock works and a wakeup between them
 * is not lost:
 *
 *      sleep_prepare(chan, "why");     while the interlock that guards the condition is held
 *      release the interlock
 *      error = sleep_wait(flags, deadline);
 *
 * Between the two only the interlock may be released; no other lock may be taken that sleeps.
 */
#ifndef KERN_BASE_SLEEP_H
#define KERN_BASE_SLEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/base/lock.h"
#include "lib/annot.h"

#define SLEEP_INTR  1u /* a pending signal or kill ends the sleep: EINTR */
#define SLEEP_KILL  2u /* only sleep_kill() does: EINTR */
#define NO_DEADLINE UINT64_MAX

/* => thread context; the caller holds the interlock.  `why` is a short constant string shown by ps.
 */
void sleep_prepare(const void *chan, const char *why);

/* => nothing held.  `deadline` in ns of the monotonic clock, or NO_DEADLINE.  Returns 0 (woken),
 * EINTR, ETIMEDOUT. */
int sleep_wait(unsigned flags, uint64_t deadline);

/* Undo sleep_prepare: the condition came true meanwhile. */
void sleep_cancel(void);

/* => the lock is held on entry and exit, released while sleeping.  Returns as sleep_wait; check the
 * condition again. */
int sleep_spin(const void *chan, struct spinlock *lk, const char *why, unsigned flags,
    uint64_t deadline) REQUIRES(*lk);
int sleep_mutex(const void *chan, struct mutex *m, const char *why, unsigned flags,
    uint64_t deadline) REQUIRES(*m);

/* => any context, interrupt handlers included; ranks above RANK_SLEEPQ must not be held. */
void wakeup(const void *chan);     /* everybody */
void wakeup_one(const void *chan); /* the one who waits longest */

/* Nanoseconds since boot.  => any context. */
uint64_t clock_mono_ns(void);
/* Nanoseconds since 1970-01-01 UTC, for time stamps.  => any context. */
uint64_t clock_real_ns(void);

/* Make it that time now.  At boot: from the machine's clock. */
void clock_set_real(uint64_t ns);

/* Sleep that long.  => thread context.  Returns 0 or EINTR (SLEEP_INTR). */
int sleep_ns(uint64_t ns, const char *why, unsigned flags);

/* Calls fn for each thread that sleeps.  => for the debugger, when all harts stand still; takes no
 * lock. */
void sleep_foreach(void (*fn)(struct thread *td, void *arg), void *arg);

#endif
