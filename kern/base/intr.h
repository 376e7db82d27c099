/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of devices.
 */
#ifndef KERN_BASE_INTR_H
#define KERN_BASE_INTR_H

/* Call fn(arg) whenever interrupt `irq` comes, and let it come.
 * => boot, once for each irq. fn: interrupts off, on any hart but one at a time; ranks from
 * RANK_DRIVER on; never sleeps, never allocates. */
void intr_register(unsigned irq, void (*fn)(void *arg), void *arg);

/* Called by the machine layer when `irq` has come.  => interrupts off. */
void intr_dispatch(unsigned irq);

#endif
