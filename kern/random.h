/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes.
 */
#ifndef KERN_RANDOM_H
#define KERN_RANDOM_H

#include <stddef.h>

/* => boot.  With n = 0 only the clock makes one boot differ from the next. */
void random_init(const void *seed, size_t n);

/* Fill buf.  => any context but interrupt handlers; never sleeps. */
void random_bytes(void *buf, size_t n);

#endif
