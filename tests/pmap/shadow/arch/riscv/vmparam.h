/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's address space, but for the direct map: here it leads into the block of memory that
 * plays RAM.
 */
#ifndef PMAP_TEST_VMPARAM_H
#define PMAP_TEST_VMPARAM_H

#include "../../../../../arch/riscv/vmparam.h"

extern uint64_t model_dmap_base;

#undef DMAP_BASE
#define DMAP_BASE model_dmap_base

#endif
