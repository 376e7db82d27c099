/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harts of the host build: the running coroutine is on one of them.
 */
#ifndef HOST_HARTS_CPU_H
#define HOST_HARTS_CPU_H

#include "tests/host/shadow/arch/riscv/cpu.h"

/* Of the current thread. */
unsigned cpu_id(void);

static inline void
cpu_relax(void)
{
}

void md_icache_sync(void);

#endif
