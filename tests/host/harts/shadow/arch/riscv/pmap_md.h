/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Here the pmap is the machine's own.
 */
#include "../../../../../../arch/riscv/pmap_md.h"
