/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the first C instruction to kernel_main(): what machine is this, and put it under our own
 * page table.
 */
#include "arch/riscv/machine.h"
#include "arch/riscv/md.h"
#include "arch/riscv/pmap_md.h"
#include "arch/riscv/sbi.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "kern/trap.h"

#define MIN_RAM (16ul << 20)
#define FDT_MAX (2ul << 20) /* the boot protocol's limit */
#define EARLY   (2ul << 20) /* what pmap_bootstrap may use, at most */

_Static_assert(offsetof(struct trapframe, frame_fp) == TF_FP, "TF_FP");
_Static_assert(offsetof(struct trapframe, pc) == TF_PC, "TF_PC");
_Static_assert(offsetof(struct trapframe, status) == TF_STATUS, "TF_STATUS");
_Static_assert(offsetof(struct trapframe, cause) == TF_CAUSE, "TF_CAUSE");
_Static_assert(offsetof(struct trapframe, tval) == TF_TVAL, "TF_TVAL");
_Static_assert(sizeof(struct trapframe) == TF_SIZE && TF_SIZE % 16 == 0, "TF_SIZE");
_Static_assert(offsetof(struct md_thread, cpu) == MD_CPU, "MD_CPU");
_Static_assert(offsetof(struct md_thread, kstack) == MD_KSTACK, "MD_KSTACK");
_Static_assert(offsetof(struct md_thread, frame) == MD_FRAME, "MD_FRAME");
_Static_assert(offsetof(struct md_thread, trap_save[0]) == MD_SAVE0, "MD_SAVE0");
_Static_assert(offsetof(struct md_thread, trap_save[1]) == MD_SAVE1, "MD_SAVE1");
_Static_assert(offsetof(struct md_thread, ra) == MD_RA, "MD_RA");
_Static_assert(offsetof(struct md_thread, sp) == MD_SP, "MD_SP");
_Static_assert(offsetof(struct md_thread, s[0]) == MD_S(0), "MD_S");
_Static_assert(offsetof(struct cpu, emergency_stack) == CPU_EMERGENCY_STACK, "CPU_EMERGENCY_STACK");
_Static_assert(offsetof(struct thread, md) == 0, "tp is both");
_Static_assert(KSTACK_SIZE == 1 << KSTACK_SHIFT, "KSTACK_SHIFT");

struct cpu cpus[MAXHART];

/* Aligned to their size: trap entry tests for them with a shift. */
static char emergency_stacks[MAXHART][EMERGENCY_STACK_SIZE]
    __attribute__((aligned(EMERGENCY_STACK_SIZE)));

static void
cpus_init(void)
{
	for (unsigned i = 0; i < MAXHART; i++) {
		cpus[i].index = i;
		cpus[i].hartid = machine.hartid[i];
		cpus[i].emergency_stack = (vaddr_t)emergency_stacks[i] + EMERGENCY_STACK_SIZE;
	}
}

/* Say in one line why this machine cannot run Umbra. */
static void NORETURN
refuse(const char *why)
{
	kprintf("umbra: %s\n", why);
	machine_poweroff(PANIC_STATUS);
}

/* Windows of device registers, page table entries for which are wanted. */
static unsigned
device_ranges(struct phys_range *r)
{
	const struct machine_dev *dev[] = {
	    &machine.uart, &machine.plic, &machine.testdev, &machine.rtc};
	unsigned n = 0;

	for (unsigned i = 0; i < NELEM(dev); i++)
		if (dev[i]->base != 0)
			r[n++] = (struct phys_range){dev[i]->base, dev[i]->base + dev[i]->size};
	for (unsigned i = 0; i < machine.nvirtio; i++)
		r[n++] = (struct phys_range){
		    machine.virtio[i].base, machine.virtio[i].base + machine.virtio[i].size};
	return n;
}

/* The free range that page tables come from: the first that is large enough. */
static struct phys_range *
early_memory(void)
{
	for (unsigned i = 0; i < machine.nfree; i++)
		if (machine.free[i].end - machine.free[i].start >= EARLY)
			return &machine.free[i];
	refuse("memory is in too many pieces");
}

static void
final_page_table(void)
{
	struct phys_range dev[4 + MACHINE_MAXVIRTIO], *early = early_memory();
	struct pmap_boot boot = {
	    .ram = machine.mapped,
	    .nram = machine.nmapped,
	    .dev = dev,
	    .ndev = device_ranges(dev),
	    .image_pa = image_to_phys(kernel_text),
	    .text = (vaddr_t)kernel_text,
	    .rodata = (vaddr_t)kernel_rodata,
	    .data = (vaddr_t)kernel_data,
	    .end = (vaddr_t)kernel_end,
	    .early_start = early->start,
	    .early_end = early->start + EARLY,
	};

	pmap_bootstrap(&boot);
	early->start = boot.early_start;
}

static void
hart_init(void)
{
	csr_set(sie, SIE_SSIE);
	timer_hart_init();
	plic_hart_init();
}

void
start(uint64_t hartid, paddr_t fdt)
{
	struct md_thread *md = &boot_thread[0].md;

	cpus_init();
	md->cpu = &cpus[0];
	md->kstack = (vaddr_t)boot_stack + BOOT_STACK_SIZE - KSTACK_SIZE;
	md->frame = (struct trapframe *)(boot_stack + BOOT_STACK_SIZE) - 1;
	sbi_init();

	const char *error = fdt < DMAP_SIZE - FDT_MAX
	    ? fdt_parse(&machine, machine_kva(fdt), FDT_MAX, hartid)
	    : "the device tree is out of reach";

	if (error != NULL)
		refuse(error);
	if (machine.ram_bytes < MIN_RAM) {
		kprintf("umbra: %lu KiB of memory are too few, at least %lu MiB are needed\n",
		    machine.ram_bytes >> 10, MIN_RAM >> 20);
		machine_poweroff(PANIC_STATUS);
	}
	cpus_init();
	machine_find_free(&machine, image_to_phys(kernel_text), image_to_phys(kernel_end));
	final_page_table();
	machine_boot_hart_online();
	timer_init();
	plic_init();
	hart_init();
	kernel_main();
}

void
secondary_init(void)
{
	hart_init();
	secondary_main();
}
