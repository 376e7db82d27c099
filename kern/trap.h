/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Upcalls: what the machine layer asks of the kernel. arch/riscv calls, kern/ implements. Together
 * with vm_fault() these are all the calls that go up.
 */
#ifndef KERN_TRAP_H
#define KERN_TRAP_H

#include "lib/annot.h"
#include "vm/vm_types.h"

struct trapframe;

/* What a user program did wrong, besides page faults. */
enum user_exception {
	EXC_ILLEGAL,    /* instruction unknown or not allowed: SIGILL */
	EXC_BREAKPOINT, /* SIGTRAP */
	EXC_ALIGNMENT,  /* address not aligned for the access: SIGBUS */
	EXC_ACCESS,     /* nothing answers at the physical address: SIGBUS */
};

/*
 * Boot.
 */
/* The boot hart arrives here: MMU on, final page tables, `machine` filled in, interrupts off, as
 * boot_thread[0] on the boot stack. */
void kernel_main(void) NORETURN;
/* Every other hart arrives here, as the thread that hart_start() was given, interrupts off, trap
 * and interrupt hardware set up. */
void secondary_main(void) NORETURN;

/*
 * From user mode.  => thread context, interrupts on; may sleep.
 */
/* The map that user addresses of the running thread refer to; the only place where the machine asks
 * who is running.
 * => also from kernel mode (user copies).  NULL: a kernel thread. */
struct vm_map *user_map(void);
/* Do the system call that the frame asks for: number a7, arguments a0..a5; the result goes to a0.
 * pc is already past the ecall. */
void user_syscall(struct trapframe *tf);
/* vm_fault() said `error` for that access: signal the program. */
void user_fault_failed(struct trapframe *tf, vaddr_t va, vm_prot_t access, int error);
/* The same, with ENOMEM, for an access of the kernel to user memory.  => true: try again. */
bool user_copy_needs_memory(void);
/* `va` is the address in question, or the pc. */
void user_exception(struct trapframe *tf, enum user_exception what, vaddr_t va);
/* About to return to user mode: deliver signals, give way to others, exit if killed.
 * => interrupts off on entry and on exit, and nothing pending at exit; may turn them on and sleep
 * in between, and need not return. */
void user_return(struct trapframe *tf);

/*
 * From interrupts.  => interrupts off; never sleep.
 */
/* The time that timer_set() named has come; `user`: it interrupted user mode. The timer is off
 * until set again. */
void clock_tick(bool user);
/* Another hart called ipi_send(). */
void ipi_received(void);
/* An interrupt of kernel code that had interrupts on (so: no spinlock held) is done: may switch to
 * another thread. */
void kernel_preempt(void);

#endif
