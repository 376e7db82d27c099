/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What trapped, and who takes care of it.
 *
 *      user    ecall           -> user_syscall()
 *              page fault      -> pmap_fault_fixup(), vm_fault(), user_fault_failed()
 *              other           -> user_exception()
 *              interrupt       -> below
 *              then user_return(), and out
 *      kernel  page fault at a user address, in uaccess.S  -> as if the program had done it;
 *                                                             on failure resume at the fix-up
 *              page fault in kernel_map                    -> vm_fault(kernel_map)
 *              interrupt                                   -> below, then kernel_preempt()
 *              anything else is a bug: panic
 *      interrupt   software -> ipi_received(), timer -> clock_tick(), external -> the PLIC
 *
 * A page fault runs with interrupts as the code that faulted had them, so that it may sleep when
 * that code could.
 */
#include <errno.h>

#include "arch/riscv/debug.h"
#include "arch/riscv/machine.h"
#include "arch/riscv/md.h"
#include "kern/base/debug.h"
#include "kern/trap.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"
#include "vm/vm_map.h"

#define CAUSE_INTERRUPT (1ul << 63)
#define IRQ_SOFTWARE    1
#define IRQ_TIMER       5
#define IRQ_EXTERNAL    9

enum cause {
	CAUSE_FETCH_ALIGNMENT = 0,
	CAUSE_FETCH_ACCESS = 1,
	CAUSE_ILLEGAL = 2,
	CAUSE_BREAKPOINT = 3,
	CAUSE_LOAD_ALIGNMENT = 4,
	CAUSE_LOAD_ACCESS = 5,
	CAUSE_STORE_ALIGNMENT = 6,
	CAUSE_STORE_ACCESS = 7,
	CAUSE_USER_ECALL = 8,
	CAUSE_FETCH_PAGE_FAULT = 12,
	CAUSE_LOAD_PAGE_FAULT = 13,
	CAUSE_STORE_PAGE_FAULT = 15,
};

#define ECALL_SIZE 4

static const char *
cause_name(uint64_t cause)
{
	static const char *const names[] = {
	    [CAUSE_FETCH_ALIGNMENT] = "misaligned instruction address",
	    [CAUSE_FETCH_ACCESS] = "instruction access fault",
	    [CAUSE_ILLEGAL] = "illegal instruction",
	    [CAUSE_BREAKPOINT] = "breakpoint",
	    [CAUSE_LOAD_ALIGNMENT] = "misaligned load",
	    [CAUSE_LOAD_ACCESS] = "load access fault",
	    [CAUSE_STORE_ALIGNMENT] = "misaligned store",
	    [CAUSE_STORE_ACCESS] = "store access fault",
	    [CAUSE_USER_ECALL] = "environment call",
	    [CAUSE_FETCH_PAGE_FAULT] = "instruction page fault",
	    [CAUSE_LOAD_PAGE_FAULT] = "load page fault",
	    [CAUSE_STORE_PAGE_FAULT] = "store page fault",
	};

	return cause < NELEM(names) && names[cause] != NULL ? names[cause] : "unknown trap";
}

/* The access that page-faulted, or VM_PROT_NONE if it was no page fault. */
static vm_prot_t
fault_access(uint64_t cause)
{
	switch (cause) {
	case CAUSE_FETCH_PAGE_FAULT:
		return VM_PROT_EXEC;
	case CAUSE_LOAD_PAGE_FAULT:
		return VM_PROT_READ;
	case CAUSE_STORE_PAGE_FAULT:
		return VM_PROT_WRITE;
	default:
		return VM_PROT_NONE;
	}
}

/* Resolve a fault at a user address.  => returns as vm_fault. */
static int
trap_pagefault(vaddr_t va, vm_prot_t access)
{
	struct vm_map *map = user_map();

	if (map == NULL || va >= VM_MAX_USER_ADDRESS)
		return EFAULT;
	if (pmap_fault_fixup(map->pmap, va, access))
		return 0;
	return vm_fault(map, va, access);
}

/*
 * From user mode.
 */
static void
user_trap_exception(struct trapframe *tf)
{
	vm_prot_t access = fault_access(tf->cause);

	if (access != VM_PROT_NONE) {
		int error = trap_pagefault(tf->tval, access);

		if (error != 0)
			user_fault_failed(tf, tf->tval, access, error);
		return;
	}
	switch (tf->cause) {
	case CAUSE_USER_ECALL:
		tf->pc += ECALL_SIZE;
		tf->arg0 = tf->a0;
		user_syscall(tf);
		break;
	case CAUSE_BREAKPOINT:
		user_exception(tf, EXC_BREAKPOINT, tf->pc);
		break;
	case CAUSE_FETCH_ALIGNMENT:
	case CAUSE_LOAD_ALIGNMENT:
	case CAUSE_STORE_ALIGNMENT:
		user_exception(tf, EXC_ALIGNMENT, tf->tval);
		break;
	case CAUSE_FETCH_ACCESS:
	case CAUSE_LOAD_ACCESS:
	case CAUSE_STORE_ACCESS:
		user_exception(tf, EXC_ACCESS, tf->tval);
		break;
	default:
		user_exception(tf, EXC_ILLEGAL, tf->pc);
		break;
	}
}

static void
trap_interrupt(uint64_t cause, bool user)
{
	switch (cause & ~CAUSE_INTERRUPT) {
	case IRQ_SOFTWARE:
		csr_clear(sip, SIE_SSIE);
		ipi_interrupt();
		break;
	case IRQ_TIMER:
		timer_interrupt(user);
		break;
	case IRQ_EXTERNAL:
		plic_interrupt();
		break;
	default:
		panic("interrupt of unknown cause %#lx", cause);
	}
}

void
trap_user(struct trapframe *tf)
{
	if ((tf->cause & CAUSE_INTERRUPT) != 0) {
		trap_interrupt(tf->cause, true);
	} else if (tf->cause != CAUSE_ILLEGAL || !fpu_enable(cpu_thread())) {
		intr_on();
		user_trap_exception(tf);
		intr_off();
	}
	user_return(tf);
	tf->status = (tf->status & SSTATUS_FS) | SSTATUS_SPIE;
}

/*
 * From the kernel.
 */
static const struct trapframe *fatal_trap; /* why this kernel panics */

void
md_print_trap(void)
{
	static const char names[] =
	    "  ra  sp  gp  tp  t0  t1  t2  s0  s1  a0  a1  a2  a3  a4  a5  a6"
	    "  a7  s2  s3  s4  s5  s6  s7  s8  s9 s10 s11  t3  t4  t5  t6";
	const struct trapframe *tf = fatal_trap;

	if (tf == NULL)
		return;
	for (unsigned i = 1; i < 32; i++)
		kprintf("%.4s %016lx%s", names + 4 * (i - 1), tf->x[i],
		    i % 4 == 0 || i == 31 ? "\n" : "");
}

/* The stack is used up, or sp is wild: we run on the emergency stack.  Does not return. */
static void
kernel_stack_overflow(struct trapframe *tf)
{
	struct cpu *cpu = cpu_self();

	if (__atomic_exchange_n(&cpu->in_overflow, 1, __ATOMIC_ACQ_REL))
		machine_poweroff(PANIC_STATUS); /* reporting it went wrong as well */
	fatal_trap = tf;
	panic("kernel stack overflow: sp %#lx, stack %#lx..%#lx, pc %#lx", tf->sp,
	    cpu_thread()->kstack, cpu_thread()->kstack + KSTACK_SIZE, tf->pc);
}

static const struct fixup *
find_fixup(vaddr_t pc)
{
	for (const struct fixup *f = fixup_table; f < fixup_table_end; f++)
		if (pc >= f->from && pc < f->to)
			return f;
	return NULL;
}

/* Kernel code copies to or from user memory.  => true: done, run the instruction again. */
static bool
copy_fault(vaddr_t va, vm_prot_t access)
{
	int error;

	do
		error = trap_pagefault(va, access);
	while (error == ENOMEM && user_copy_needs_memory());
	return error == 0;
}

/* A fault of kernel code that may be none of its fault.  False: it is. */
static bool
kernel_fault(struct trapframe *tf)
{
	vm_prot_t access = fault_access(tf->cause);
	const struct fixup *fixup = find_fixup(tf->pc);
	vaddr_t va = tf->tval;

	if (access != VM_PROT_NONE && fixup != NULL && va < VM_MAX_USER_ADDRESS &&
	    copy_fault(va, access))
		return true;
	if (access != VM_PROT_NONE && va >= VM_MIN_KERNEL_ADDRESS && va < VM_MAX_KERNEL_ADDRESS &&
	    !kstack_is_guard(va) &&
	    (pmap_fault_fixup(kernel_pmap, va, access) || vm_fault(kernel_map, va, access) == 0))
		return true;
	if (fixup == NULL)
		return false;
	tf->pc = fixup->resume;
	return true;
}

/* An ebreak in the kernel means: look at this.  False: it was none, or nobody looks. */
static bool
kernel_breakpoint(struct trapframe *tf)
{
	if (tf->cause != CAUSE_BREAKPOINT || debugger_hook == NULL)
		return false;
	debugger_hook("breakpoint");
	tf->pc += (*(const uint16_t *)tf->pc & 3) == 3 ? 4 : 2;
	return true;
}

static void
kernel_exception(struct trapframe *tf)
{
	bool were_on = (tf->status & SSTATUS_SPIE) != 0;

	if (debug_recover(tf) || kernel_breakpoint(tf))
		return;
	if (were_on)
		intr_on();
	if (!kernel_fault(tf)) {
		fatal_trap = tf;
		panic("%s at pc %#lx, address %#lx", cause_name(tf->cause), tf->pc, tf->tval);
	}
	intr_off();
}

void
trap_kernel(struct trapframe *tf)
{
	const struct md_thread *md = cpu_thread();

	if (tf->sp - TF_SIZE - md->kstack >= KSTACK_SIZE && !cpu_self()->in_overflow)
		kernel_stack_overflow(tf);
	if ((tf->cause & CAUSE_INTERRUPT) == 0) {
		kernel_exception(tf);
		return;
	}
	trap_interrupt(tf->cause, false);
	kernel_preempt();
}
