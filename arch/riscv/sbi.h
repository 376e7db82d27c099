/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls into the firmware. Harts are named by our numbers: bit i of a mask is cpus[i]; the
 * firmware's own, which may have gaps, stay in sbi.c. => any context, any lock held: the firmware
 * answers by itself, whatever the other harts are doing.
 */
#ifndef ARCH_RISCV_SBI_H
#define ARCH_RISCV_SBI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/riscv/types.h"

/* Which extensions are there.  => boot. */
void sbi_init(void);

/* Print through the firmware. */
void sbi_console_write(const char *buf, size_t n);

/* Interrupt this hart when `time` reads `ticks`; UINT64_MAX: never. */
void sbi_set_timer(uint64_t ticks);

void sbi_send_ipi(uint64_t cpumask);

/* sfence.vma on other harts, complete on return.  size UINT64_MAX: the whole space. */
void sbi_remote_sfence(uint64_t cpumask, vaddr_t start, uint64_t size);
void sbi_remote_sfence_asid(uint64_t cpumask, vaddr_t start, uint64_t size, uint64_t asid);
void sbi_remote_fence_i(uint64_t cpumask);

/* Start a hart at physical address pc with a1 = opaque, MMU off.  => returns 0, or EIO. */
int sbi_hart_start(uint64_t hartid, paddr_t pc, uint64_t opaque);

/* Return only if the firmware cannot. */
void sbi_shutdown(bool failure);
void sbi_reboot(void);

#endif
