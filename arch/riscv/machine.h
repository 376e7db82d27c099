/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine: what the device tree told about it, and the few things one asks of it.
 *
 * Filled in once at boot by fdt_parse(), before the first hart is started; read-only from then on.
 */
#ifndef ARCH_RISCV_MACHINE_H
#define ARCH_RISCV_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/riscv/types.h"
#include "arch/riscv/vmparam.h"
#include "lib/annot.h"

#define MACHINE_MAXVIRTIO 32
#define BOOTARGS_MAX      1024
#define RNG_SEED_MAX      64u /* bytes */

/* A device with one register window and at most one interrupt. */
struct machine_dev {
	paddr_t base; /* 0: there is none */
	uint64_t size;
	uint32_t irq; /* 0: none */
};

struct md_thread;

struct machine {
	/* RAM: all of it, what is spoken for (firmware), what of that must not even be mapped. Each
	 * list ascending, disjoint, page aligned. */
	struct phys_range bank[PHYS_SEG_MAX];
	unsigned nbank;
	struct phys_range reserved[PHYS_SEG_MAX];
	unsigned nreserved;
	struct phys_range nomap[PHYS_SEG_MAX];
	unsigned nnomap;
	/* Follows from these: banks minus nomap; and that minus reserved and the kernel image,
	 * which is what vm gets. */
	struct phys_range mapped[2 * PHYS_SEG_MAX];
	unsigned nmapped;
	struct phys_range free[3 * PHYS_SEG_MAX];
	unsigned nfree;
	uint64_t ram_bytes; /* the sum of the banks */

	/* Harts; [0] is the one that boots. */
	uint64_t hartid[MAXHART];
	unsigned nhart;
	unsigned nhart_ignored; /* beyond MAXHART */
	bool has_fpu, has_sstc; /* every hart has it */
	uint64_t timebase;      /* Hz */

	struct machine_dev uart;
	unsigned uart_shift; /* registers are 1 << shift bytes apart */
	uint64_t uart_clock; /* Hz, 0: not said */
	struct machine_dev plic;
	unsigned plic_ndev;                           /* interrupt sources */
	uint32_t plic_context[MAXHART];               /* of supervisor mode, by hart */
	struct machine_dev virtio[MACHINE_MAXVIRTIO]; /* ascending by base */
	unsigned nvirtio;
	struct machine_dev testdev; /* power off with a status */
	struct machine_dev rtc;     /* goldfish */

	char bootargs[BOOTARGS_MAX];
	uint8_t rng_seed[RNG_SEED_MAX]; /* from the firmware, for the random number generator */
	uint32_t rng_seed_len;          /* bytes; 0: there is none */
};

extern struct machine machine;

/* Registers through the direct map. */
static inline void *
machine_kva(paddr_t pa)
{
	return (void *)(DMAP_BASE + pa);
}

/*
 * Read a flattened device tree. => `max` bytes may be read at fdt; boot_hartid goes first into
 * hartid[]. Allocates nothing.
 * => returns NULL, or one line that says what is wrong; *m is then incomplete.
 */
const char *
fdt_parse(struct machine *m, const void *fdt, size_t max, uint64_t boot_hartid) MUST_CHECK;

/* Fills in m->free; [start, end) is the kernel image.  => fdt_parse has succeeded. */
void machine_find_free(struct machine *m, paddr_t start, paddr_t end);

/*
 * Power and harts.
 */
/* Leave the machine; QEMU's exit status is `status` (0..255).  => any context. */
void machine_poweroff(int status) NORETURN;
void machine_reboot(void) NORETURN;

/* Start hart `cpu` as thread `md`, on its kernel stack md->kstack; it calls secondary_main()
 * (kern/trap.h).
 * => any context; md lies in the image (boot_thread). Waits until it runs; returns 0, or EIO after
 * one line on the console: go on without it. */
int hart_start(unsigned cpu, struct md_thread *md);

/* Interrupt another hart: it calls ipi_received() (kern/trap.h).  => any context, any lock. */
void ipi_send(unsigned cpu);
/* The harts that run the kernel, this one excepted, as a mask.  => interrupts off. */
uint64_t machine_other_harts(void);
/* Stop every other hart for good: the panic's.  => any context. */
void machine_stop_others(void);

/*
 * Time.
 */
/* Nanoseconds since the boot hart came up; the same on all harts.  => any context. */
uint64_t timer_now_ns(void);
/* Call clock_tick() (kern/trap.h) on this hart at that time, once, at once if it is past.
 * UINT64_MAX: never. Replaces what was set.
 * => interrupts off. */
void timer_set(uint64_t ns);
/* Nanoseconds since 1970 UTC from the machine's clock; 0: it has none.  => boot. */
uint64_t rtc_now_ns(void);

/*
 * Output before (and without) a console driver: through the firmware, unbuffered.  => any context.
 */
void early_write(const char *buf, size_t n);

#endif
