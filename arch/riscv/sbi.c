/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's services (RISC-V SBI, version 0.2 and later, with the legacy console where there
 * is no debug console).
 *
 * Hart masks go out in windows of 64 hart ids, because ids may be anything.
 */
#include "arch/riscv/sbi.h"

#include <errno.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/machine.h"
#include "vm/vm_meter.h"

/* Extension ids: the names, spelled in ASCII. */
#define SBI_LEGACY_PUTCHAR  0x01
#define SBI_BASE            0x10
#define SBI_TIME            0x54494d45
#define SBI_IPI             0x735049
#define SBI_RFENCE          0x52464e43
#define SBI_HSM             0x48534d
#define SBI_SRST            0x53525354
#define SBI_DBCN            0x4442434e

#define BASE_PROBE          3
#define RFENCE_FENCE_I      0
#define RFENCE_SFENCE       1
#define RFENCE_SFENCE_ASID  2
#define SRST_SHUTDOWN       0
#define SRST_COLD_REBOOT    1
#define SRST_REASON_NONE    0
#define SRST_REASON_FAILURE 1
#define DBCN_WRITE_BYTE     2

struct sbi_result {
	long error;
	long value;
};

static bool has_dbcn;

static struct sbi_result
sbi_call(
    long ext, long fn, uint64_t arg0, uint64_t arg1, uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
	register uint64_t a0 __asm__("a0") = arg0;
	register uint64_t a1 __asm__("a1") = arg1;
	register uint64_t a2 __asm__("a2") = arg2;
	register uint64_t a3 __asm__("a3") = arg3;
	register uint64_t a4 __asm__("a4") = arg4;
	register uint64_t a6 __asm__("a6") = (uint64_t)fn;
	register uint64_t a7 __asm__("a7") = (uint64_t)ext;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_result){(long)a0, (long)a1};
}

static bool
sbi_probe(long ext)
{
	struct sbi_result r = sbi_call(SBI_BASE, BASE_PROBE, (uint64_t)ext, 0, 0, 0, 0);

	return r.error == 0 && r.value != 0;
}

void
sbi_init(void)
{
	has_dbcn = sbi_probe(SBI_DBCN);
}

void
sbi_console_write(const char *buf, size_t n)
{
	/* A byte at a time: the call for many wants a physical address, and buf may lie
	 * anywhere. */
	for (; n > 0; n--) {
		uint8_t c = (uint8_t)*buf++;

		if (has_dbcn)
			sbi_call(SBI_DBCN, DBCN_WRITE_BYTE, c, 0, 0, 0, 0);
		else
			sbi_call(SBI_LEGACY_PUTCHAR, 0, c, 0, 0, 0, 0);
	}
}

void
sbi_set_timer(uint64_t ticks)
{
	sbi_call(SBI_TIME, 0, ticks, 0, 0, 0, 0);
}

/* Call (ext, fn) once for each window of hart ids that covers a hart of the mask. */
static void
sbi_call_harts(long ext, long fn, uint64_t cpumask, uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
	while (cpumask != 0) {
		uint64_t base = UINT64_MAX, window = 0;

		for (unsigned i = 0; i < machine.nhart; i++)
			if ((cpumask >> i & 1) != 0 && machine.hartid[i] < base)
				base = machine.hartid[i];
		for (unsigned i = 0; i < machine.nhart; i++) {
			if ((cpumask >> i & 1) == 0 || machine.hartid[i] - base >= 64)
				continue;
			window |= 1ul << (machine.hartid[i] - base);
			cpumask &= ~(1ul << i);
		}
		if (window == 0)
			return; /* the mask named harts that do not exist */
		sbi_call(ext, fn, window, base, arg2, arg3, arg4);
	}
}

void
sbi_send_ipi(uint64_t cpumask)
{
	sbi_call_harts(SBI_IPI, 0, cpumask, 0, 0, 0);
}

void
sbi_remote_sfence(uint64_t cpumask, vaddr_t start, uint64_t size)
{
	vm_count(VMC_SHOOTDOWNS);
	sbi_call_harts(SBI_RFENCE, RFENCE_SFENCE, cpumask, start, size, 0);
}

void
sbi_remote_sfence_asid(uint64_t cpumask, vaddr_t start, uint64_t size, uint64_t asid)
{
	vm_count(VMC_SHOOTDOWNS);
	sbi_call_harts(SBI_RFENCE, RFENCE_SFENCE_ASID, cpumask, start, size, asid);
}

void
sbi_remote_fence_i(uint64_t cpumask)
{
	sbi_call_harts(SBI_RFENCE, RFENCE_FENCE_I, cpumask, 0, 0, 0);
}

int
sbi_hart_start(uint64_t hartid, paddr_t pc, uint64_t opaque)
{
	return sbi_call(SBI_HSM, 0, hartid, pc, opaque, 0, 0).error == 0 ? 0 : EIO;
}

void
sbi_shutdown(bool failure)
{
	sbi_call(
	    SBI_SRST, 0, SRST_SHUTDOWN, failure ? SRST_REASON_FAILURE : SRST_REASON_NONE, 0, 0, 0);
}

void
sbi_reboot(void)
{
	sbi_call(SBI_SRST, 0, SRST_COLD_REBOOT, SRST_REASON_NONE, 0, 0, 0);
}
