/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time as programs see it: conversions, interval timers.
 */
#ifndef KERN_TIME_H
#define KERN_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/annot.h"

struct proc;

#define NS_PER_SEC 1000000000ul

struct timespec ns_to_timespec(uint64_t ns);
/* => false: negative, or tv_nsec out of range.  Times too large for ns become the largest there
 * are. */
bool timespec_to_ns(const struct timespec *ts, uint64_t *ns) MUST_CHECK;

/* The clock has charged the current thread with a tick of that length.  => from the clock
 * interrupt. */
void itimer_tick(struct proc *p, bool user, uint64_t ns);

/* Stop and free p's interval timer.  => no lock held; p's threads are gone but the current one. */
void itimer_free(struct proc *p);

#endif
