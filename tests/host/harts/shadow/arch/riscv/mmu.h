/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/pmap/shadow/arch/riscv/mmu.h"
