/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who handles which interrupt. The table grows at boot only, and an entry is written before its
 * source is let loose, so it needs no lock.
 */
#include "kern/base/intr.h"

#include <stddef.h>

#include "arch/riscv/md.h"
#include "kern/base/debug.h"

#define NIRQ 1024 /* the most a PLIC can have */

struct intr_handler {
	void (*fn)(void *arg); /* I */
	void *arg;             /* I */
};

static struct intr_handler handlers[NIRQ];

void
intr_register(unsigned irq, void (*fn)(void *arg), void *arg)
{
	KASSERT(irq < NIRQ && handlers[irq].fn == NULL);
	handlers[irq] = (struct intr_handler){fn, arg};
	cpu_fence_io();
	plic_enable(irq);
}

void
intr_dispatch(unsigned irq)
{
	if (irq < NIRQ && handlers[irq].fn != NULL)
		handlers[irq].fn(handlers[irq].arg);
	else
		klog(LOG_WARN, "interrupt %u has no driver", irq);
}
