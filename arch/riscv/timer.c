/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the machine's counter, and one alarm for each hart.
 *
 * The alarm is the hart's own compare register where it has the Sstc extension and the firmware
 * lets us use it, else a call into the firmware. What the alarms are for (ticks, timeouts) is
 * decided above, in clock_tick().
 */
#include "arch/riscv/machine.h"
#include "arch/riscv/md.h"
#include "arch/riscv/sbi.h"
#include "kern/trap.h"

#define NS_PER_S      1000000000ul
#define SCOUNTEREN_TM 2

#define RTC_TIME_LOW  0x00 /* reading it latches the high half */
#define RTC_TIME_HIGH 0x04

static uint64_t boot_ticks; /* I  the counter when the boot hart came up */
static bool use_sstc;       /* I */

static uint64_t
read_ticks(void)
{
	return csr_read(time);
}

uint64_t
timer_now_ns(void)
{
	uint64_t t = read_ticks() - boot_ticks, hz = machine.timebase;

	/* Whole seconds and the rest, so that nothing overflows and nothing is lost. */
	return t / hz * NS_PER_S + t % hz * NS_PER_S / hz;
}

static void
set_alarm(uint64_t ticks)
{
	if (use_sstc)
		csr_write(0x14d, ticks); /* stimecmp; not every assembler knows the name */
	else
		sbi_set_timer(ticks);
}

void
timer_set(uint64_t ns)
{
	uint64_t hz = machine.timebase;

	if (ns == UINT64_MAX)
		set_alarm(UINT64_MAX);
	else /* rounded up: an alarm must not come early */
		set_alarm(boot_ticks + ns / NS_PER_S * hz +
		    (ns % NS_PER_S * hz + NS_PER_S - 1) / NS_PER_S);
}

void
timer_interrupt(bool user)
{
	set_alarm(UINT64_MAX);
	clock_tick(user);
}

void
timer_init(void)
{
	boot_ticks = read_ticks();
	use_sstc = machine.has_sstc && probe_stimecmp();
}

void
timer_hart_init(void)
{
	set_alarm(UINT64_MAX);
	csr_write(scounteren, SCOUNTEREN_TM); /* programs may read the counter */
	csr_set(sie, SIE_STIE);
}

uint64_t
rtc_now_ns(void)
{
	if (machine.rtc.base == 0)
		return 0;

	const volatile uint32_t *rtc = machine_kva(machine.rtc.base);
	uint64_t low = rtc[RTC_TIME_LOW / 4];

	return (uint64_t)rtc[RTC_TIME_HIGH / 4] << 32 | low;
}
