/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error of the last failing call. One for the whole program: the library does not know threads.
 */
#include <errno.h>

int errno;
