/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who handles which interrupt. The table grows at boot only, and an entry is written before its
 * source is let loose, so it needs no lock.
 */
#include "kern/base/intr.h"

#include "arch/riscv/md.h"
#include "kern/base/debug.h"

#define NHANDLER 64

struct intr_handler {
	unsigned irq;          /* I */
	void (*fn)(void *arg); /* I */
	void *arg;             /* I */
};

static struct intr_handler handlers[NHANDLER];
static unsigned nhandlers; /* a */

void
intr_register(unsigned irq, void (*fn)(void *arg), void *arg)
{
	KASSERT(nhandlers < NHANDLER);
	handlers[nhandlers] = (struct intr_handler){irq, fn, arg};
	__atomic_store_n(&nhandlers, nhandlers + 1, __ATOMIC_RELEASE);
	plic_enable(irq);
}

void
intr_dispatch(unsigned irq)
{
	unsigned n = __atomic_load_n(&nhandlers, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < n; i++) {
		if (handlers[i].irq == irq) {
			handlers[i].fn(handlers[i].arg);
			return;
		}
	}
	klog(LOG_WARN, "interrupt %u has no driver", irq);
}
