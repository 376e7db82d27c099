/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harts of the model machine: each host thread plays one at a time.
 */
#ifndef PMAP_TEST_CPU_H
#define PMAP_TEST_CPU_H

extern __thread unsigned model_hart;

static inline unsigned
cpu_id(void)
{
	return model_hart;
}

#endif
