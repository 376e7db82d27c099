/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's mman.h and what only Umbra's has. */
#ifndef HOST_SHADOW_SYS_MMAN_H
#define HOST_SHADOW_SYS_MMAN_H

#include_next <sys/mman.h>

#define PROT_SEM          0x8
#define MAP_UNINITIALIZED 0x4000000
#define MAP_GROWSUP       0x10000000
#define MADV_NOSYNC       1000
#define MADV_AUTOSYNC     1001

#endif
