/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trap entry and exit.  The kernel half is in every page table, so there is no trampoline.
 *
 * sscratch is 0 while the kernel runs and the current thread while a user program does: that tells
 * the two apart before any register is free. From user mode the registers go to the frame at the
 * top of the thread's kernel stack; from the kernel to a new frame below sp. If that frame would
 * lie outside the stack, the stack has overflowed (or sp is wild): the frame goes to the hart's
 * emergency stack, and trap_kernel() reports. A trap on the emergency stack stays on it.
 */
#include "arch/riscv/asm.h"

#define SSTATUS_SUM_FS ((1 << 18) | (3 << 13))

	/* All registers but x0, sp, tp and t0. */
	.macro	save_most
	sd	x1, TF_X(1)(sp)
	sd	x3, TF_X(3)(sp)
	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\n, TF_X(\n)(sp)
	.endr
	.endm

	/* All but x0, sp and tp. */
	.macro	load_most
	ld	x1, TF_X(1)(sp)
	ld	x3, TF_X(3)(sp)
	.irp	n, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\n, TF_X(\n)(sp)
	.endr
	.endm

	/* The kernel runs with SUM clear and the FPU off. */
	.macro	save_csrs
	csrr	t0, sepc
	sd	t0, TF_PC(sp)
	csrr	t0, sstatus
	sd	t0, TF_STATUS(sp)
	csrr	t0, scause
	sd	t0, TF_CAUSE(sp)
	csrr	t0, stval
	sd	t0, TF_TVAL(sp)
	li	t0, SSTATUS_SUM_FS
	csrc	sstatus, t0
	.endm

	.macro	load_csrs
	ld	t0, TF_PC(sp)
	csrw	sepc, t0
	ld	t0, TF_STATUS(sp)
	csrw	sstatus, t0
	.endm

	.text
ENTRY(trapvec)
	csrrw	tp, sscratch, tp
	bnez	tp, from_user

	/* From the kernel. */
	csrrw	tp, sscratch, zero
	sd	t0, MD_SAVE0(tp)
	sd	sp, MD_SAVE1(tp)
	addi	sp, sp, -TF_SIZE
	ld	t0, MD_KSTACK(tp)
	sub	t0, sp, t0
	srli	t0, t0, KSTACK_SHIFT
	bnez	t0, off_stack
1:	save_most
	ld	t0, MD_SAVE0(tp)
	sd	t0, TF_X(5)(sp)
	ld	t0, MD_SAVE1(tp)
	sd	t0, TF_X(2)(sp)
	sd	tp, TF_X(4)(sp)
	save_csrs
	sd	s0, TF_FP(sp)
	addi	s0, sp, TF_STATUS
	mv	a0, sp
	call	trap_kernel
	load_csrs
	load_most
	ld	sp, TF_X(2)(sp)
	sret

	/* On the emergency stack already?  Then stay; else start at its top. */
off_stack:
	ld	t0, MD_CPU(tp)
	ld	t0, CPU_EMERGENCY_STACK(t0)
	sub	t0, t0, sp
	addi	t0, t0, -1
	srli	t0, t0, EMERGENCY_STACK_SHIFT
	beqz	t0, 1b
	ld	t0, MD_CPU(tp)
	ld	sp, CPU_EMERGENCY_STACK(t0)
	addi	sp, sp, -TF_SIZE
	j	1b

from_user:
	sd	sp, MD_SAVE1(tp)
	ld	sp, MD_FRAME(tp)
	sd	t0, TF_X(5)(sp)
	save_most
	ld	t0, MD_SAVE1(tp)
	sd	t0, TF_X(2)(sp)
	csrrw	t0, sscratch, zero
	sd	t0, TF_X(4)(sp)
	save_csrs
	sd	zero, TF_FP(sp)
	li	s0, 0
	mv	a0, sp
	call	trap_user
END(trapvec)
	/* and on into user_exit */

/* Leave for user mode with the registers of the current thread's frame.  => interrupts off. */
ENTRY(user_exit)
	ld	sp, MD_FRAME(tp)
	csrw	sscratch, tp
	load_csrs
	ld	tp, TF_X(4)(sp)
	load_most
	ld	sp, TF_X(2)(sp)
	sret
END(user_exit)

	.section .note.GNU-stack, "", @progbits
