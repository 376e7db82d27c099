/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power, harts, and output before there are drivers.
 *
 * A hart that is asked to start and has not arrived after a while is given up. `online` decides who
 * was first: the hart moves it from WAITED_FOR to ONLINE, the one who waits moves it to GIVEN_UP; a
 * hart that comes late parks.
 */
#include "arch/riscv/machine.h"

#include <errno.h>

#include "arch/riscv/debug.h"
#include "arch/riscv/md.h"
#include "arch/riscv/pmap_md.h"
#include "arch/riscv/sbi.h"
#include "kern/base/debug.h"
#include "kern/base/lock.h"
#include "kern/trap.h"

/* The test device: a word, status << 16 | verb. */
#define TEST_FAIL     0x3333
#define TEST_PASS     0x5555
#define TEST_RESET    0x7777

#define HART_START_NS 1000000000ul /* patience */

enum { HART_OFF, HART_WAITED_FOR, HART_ONLINE, HART_GIVEN_UP };

struct machine machine;

static bool stop_harts; /* a  somebody panics */

static void
testdev_write(uint32_t word)
{
	cpu_fence_io();
	if (machine.testdev.base != 0)
		*(volatile uint32_t *)machine_kva(machine.testdev.base) = word;
}

static void NORETURN
hart_park(void)
{
	intr_off();
	csr_write(sie, 0);
	for (;;)
		cpu_wait();
}

void
machine_poweroff(int status)
{
	intr_off();
	testdev_write(status == 0 ? TEST_PASS : (uint32_t)status << 16 | TEST_FAIL);
	sbi_shutdown(status != 0);
	hart_park();
}

void
machine_reboot(void)
{
	intr_off();
	testdev_write(TEST_RESET);
	sbi_reboot();
	hart_park();
}

void
early_write(const char *buf, size_t n)
{
	sbi_console_write(buf, n);
}

paddr_t
image_to_phys(const void *va)
{
	return (paddr_t)va - LINK_OFFSET;
}

void
machine_boot_hart_online(void)
{
	__atomic_store_n(&cpus[0].online, HART_ONLINE, __ATOMIC_RELEASE);
}

/* The hart being started, for one that arrives at _start. Not in bss, which the boot hart clears. */
struct awaited_hart awaited_hart = {.hartid = UINT64_MAX};

int
hart_start(unsigned cpu, struct md_thread *md)
{
	uint32_t *online = &cpus[cpu].online;

	md_thread_init(md, md->kstack, NULL, NULL);
	md->cpu = &cpus[cpu];
	awaited_hart = (struct awaited_hart){machine.hartid[cpu], md};
	__atomic_store_n(online, HART_WAITED_FOR, __ATOMIC_RELEASE);

	int error =
	    sbi_hart_start(machine.hartid[cpu], image_to_phys(secondary_start), (uint64_t)md);
	uint64_t deadline = timer_now_ns() + HART_START_NS;

	while (error == 0 && __atomic_load_n(online, __ATOMIC_ACQUIRE) == HART_WAITED_FOR &&
	    timer_now_ns() < deadline)
		cpu_relax();

	uint32_t waited_for = HART_WAITED_FOR;

	if (!__atomic_compare_exchange_n(
		online, &waited_for, HART_GIVEN_UP, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return 0;
	klog(LOG_ERROR, "hart %lu does not start: going on without it", machine.hartid[cpu]);
	return EIO;
}

/* A hart has arrived, on its emergency stack. */
void
secondary_claim(void)
{
	uint32_t waited_for = HART_WAITED_FOR;

	if (!__atomic_compare_exchange_n(&cpu_self()->online, &waited_for, HART_ONLINE, false,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		hart_park();
	pmap_hart_init();
}

void
ipi_send(unsigned cpu)
{
	cpu_fence_io();
	sbi_send_ipi(1ul << cpu);
}

void
ipi_interrupt(void)
{
	if (__atomic_load_n(&stop_harts, __ATOMIC_ACQUIRE))
		hart_park();
	debug_pause_point();
	ipi_received();
}

uint64_t
machine_other_harts(void)
{
	uint64_t others = 0;

	for (unsigned i = 0; i < machine.nhart; i++)
		if (i != cpu_id() &&
		    __atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE) == HART_ONLINE)
			others |= 1ul << i;
	return others;
}

void
machine_stop_others(void)
{
	__atomic_store_n(&stop_harts, true, __ATOMIC_RELEASE);
	sbi_send_ipi(machine_other_harts());
}

void
md_icache_sync(void)
{
	intr_push_off();
	__asm__ volatile("fence rw, rw\n\tfence.i" ::: "memory");
	sbi_remote_fence_i(machine_other_harts());
	intr_pop_off();
}
