/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of arch/riscv know of one another.
 */
#ifndef ARCH_RISCV_MD_H
#define ARCH_RISCV_MD_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/asm.h"
#include "arch/riscv/cpu.h"

/* The image: kernel.ld. */
extern char kernel_text[], kernel_rodata[], kernel_data[], kernel_end[];
extern char boot_stack[];

/* An address in the image as the MMU-less firmware knows it. */
paddr_t image_to_phys(const void *va);

/* fixup_table: a fault in [from, to) that cannot be resolved continues at resume (uaccess.S). */
struct fixup {
	vaddr_t from, to, resume;
};
extern const struct fixup fixup_table[], fixup_table_end[];

/* The exit status that says "panic". */
#define PANIC_STATUS 125

/* switch.S */
void switch_context(struct md_thread *from, struct md_thread *to);
void thread_begin(void);
void fpu_save(struct fpstate *fpu);
void fpu_load(const struct fpstate *fpu);

/* trapvec.S: leave for user mode with the current thread's frame.  => interrupts off. */
void user_exit(void) NORETURN;

/* uaccess.S */
int probe_stimecmp(void);

/* thread.c: the program used the FPU for the first time; its registers are zero now. False: it had
 * it already, or there is none.
 * => interrupts off. */
bool fpu_enable(struct md_thread *md);

/* boot.S, for the firmware to jump to. */
void secondary_start(void);
/* machine.c: which hart is being started, and as what. Read by boot.S, in this layout. */
extern struct awaited_hart {
	uint64_t hartid;
	struct md_thread *md;
} awaited_hart;

/* Called by the assembler code. */
void start(uint64_t hartid, paddr_t fdt) NORETURN;
void secondary_claim(void);
void secondary_init(void) NORETURN;
void trap_user(struct trapframe *tf);
void trap_kernel(struct trapframe *tf);

/* machine.c: the first hart is there. */
void machine_boot_hart_online(void);

/* timer.c, plic.c: each hart's part of the set-up.  => interrupts off. */
void timer_init(void); /* boot hart, first */
void timer_hart_init(void);
void plic_init(void); /* boot hart, first */
void plic_hart_init(void);

/* From trap.c.  => interrupts off. */
void timer_interrupt(bool user);
void plic_interrupt(void);
void ipi_interrupt(void); /* machine.c */

/* plic.c: let an interrupt source come.  => any context. */
void plic_enable(unsigned irq);

#endif
