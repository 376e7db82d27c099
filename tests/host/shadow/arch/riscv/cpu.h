/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hart of the host build: there is one at a time, and its registers are the compiler's business.
 */
#ifndef HOST_CPU_H
#define HOST_CPU_H

#include "arch/riscv/types.h"

struct md_thread {
	int unused;
};

/* The running thread begins with this. */
extern struct md_thread *host_self;

static inline struct md_thread *
cpu_thread(void)
{
	return host_self;
}

#endif
