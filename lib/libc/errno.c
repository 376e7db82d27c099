/* SPDX-License-Identifier: BSD-2-Clause */
/* The error of the last failing call of each thread. */
#include <errno.h>

_Thread_local int errno;
