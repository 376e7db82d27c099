/* SPDX-License-Identifier: BSD-2-Clause */
/* The auxiliary vector that exec leaves above the environment. */
#ifndef _SYS_AUXV_H
#define _SYS_AUXV_H

#include <elf.h>

unsigned long getauxval(unsigned long type);

#endif
