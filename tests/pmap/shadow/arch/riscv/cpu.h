/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harts of the model machine: each host thread plays one at a time.
 */
#ifndef PMAP_TEST_CPU_H
#define PMAP_TEST_CPU_H

#include <sched.h>

extern __thread unsigned model_hart;

static inline unsigned
cpu_id(void)
{
	return model_hart;
}

static inline void
cpu_relax(void)
{
	sched_yield();
}

void md_icache_sync(void);

#endif
