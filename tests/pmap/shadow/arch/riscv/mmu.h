/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMU's instructions, played by mmu.c.
 */
#ifndef PMAP_TEST_MMU_H
#define PMAP_TEST_MMU_H

#include <stdint.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/types.h"

#define SATP_SV39       (8ul << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  (0xfffful << SATP_ASID_SHIFT)

uint64_t mmu_get_root(void);
void mmu_set_root(uint64_t satp);
void mmu_fence_all(void);
void mmu_fence_asid(uint64_t asid);
void mmu_fence_page(vaddr_t va, uint64_t asid);
void mmu_fence_page_global(vaddr_t va);

#endif
