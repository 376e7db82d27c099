/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform-level interrupt controller. All sources go to the boot hart: none is ever offered to
 * two harts, and the others sleep on undisturbed. Handlers may run anywhere all the same; drivers
 * lock.
 *
 *      0x000000 + 4 * irq                      priority of a source, 0 = never
 *      0x002000 + 0x80 * context               enable bits, one for each source
 *      0x200000 + 0x1000 * context             threshold; at + 4 claim (read) and complete (write)
 */
#include "arch/riscv/machine.h"
#include "arch/riscv/md.h"
#include "kern/base/debug.h"
#include "kern/base/intr.h"
#include "kern/base/lock.h"

#define PLIC_ENABLE  0x2000
#define PLIC_CONTEXT 0x200000
#define PLIC_CLAIM   4

static struct spinlock plic_lock = SPINLOCK_INIT("plic", RANK_DRIVER); /* the enable words */

static volatile uint32_t *
plic_reg(uint64_t offset)
{
	return (volatile uint32_t *)((char *)machine_kva(machine.plic.base) + offset);
}

static volatile uint32_t *
plic_enable_word(unsigned hart, unsigned irq)
{
	return plic_reg(PLIC_ENABLE + 0x80ul * machine.plic_context[hart] + irq / 32 * 4);
}

static volatile uint32_t *
plic_context_reg(unsigned hart, uint64_t offset)
{
	return plic_reg(PLIC_CONTEXT + 0x1000ul * machine.plic_context[hart] + offset);
}

void
plic_init(void)
{
	for (unsigned irq = 1; irq <= machine.plic_ndev; irq++)
		*plic_reg(4ul * irq) = 0;
}

void
plic_hart_init(void)
{
	unsigned hart = cpu_id();

	for (unsigned irq = 0; irq <= machine.plic_ndev; irq += 32)
		*plic_enable_word(hart, irq) = 0;
	*plic_context_reg(hart, 0) = 0;
	csr_set(sie, SIE_SEIE);
}

void
plic_enable(unsigned irq)
{
	KASSERT(irq != 0 && irq <= machine.plic_ndev);
	spin_lock(&plic_lock);
	*plic_enable_word(0, irq) |= 1u << irq % 32;
	*plic_reg(4ul * irq) = 1;
	spin_unlock(&plic_lock);
}

void
plic_interrupt(void)
{
	volatile uint32_t *claim = plic_context_reg(cpu_id(), PLIC_CLAIM);
	uint32_t irq;

	while ((irq = *claim) != 0) {
		intr_dispatch(irq);
		*claim = irq;
	}
}
