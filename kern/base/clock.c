/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What time it is: the monotonic clock is the machine's timer, the calendar clock is that plus an
 * offset.
 */
#include "arch/riscv/machine.h"
#include "kern/base/sleep.h"

static uint64_t real_offset; /* a  ns to add to the monotonic clock */

uint64_t
clock_mono_ns(void)
{
	return timer_now_ns();
}

uint64_t
clock_real_ns(void)
{
	return timer_now_ns() + __atomic_load_n(&real_offset, __ATOMIC_RELAXED);
}

void
clock_set_real(uint64_t ns)
{
	__atomic_store_n(&real_offset, ns - timer_now_ns(), __ATOMIC_RELAXED);
}
