/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMU of this hart: the root register and the fences. On the host a model with a TLB takes the
 * place of this file.
 */
#ifndef ARCH_RISCV_MMU_H
#define ARCH_RISCV_MMU_H

#include <stdint.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/types.h"

#define SATP_SV39       (8ul << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  (0xfffful << SATP_ASID_SHIFT)

static inline uint64_t
mmu_get_root(void)
{
	return csr_read(satp);
}

/* Does not fence by itself. */
static inline void
mmu_set_root(uint64_t satp)
{
	csr_write(satp, satp);
}

/* Forget every translation of this hart. */
static inline void
mmu_fence_all(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

/* Forget what is not global, of one address space identifier. */
static inline void
mmu_fence_asid(uint64_t asid)
{
	__asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
}

/* Forget the leaf (not the tables above it) for va. */
static inline void
mmu_fence_page(vaddr_t va, uint64_t asid)
{
	__asm__ volatile("sfence.vma %0, %1" ::"r"(va), "r"(asid) : "memory");
}

/* ... in every space, global ones too. */
static inline void
mmu_fence_page_global(vaddr_t va)
{
	__asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
}

#endif
