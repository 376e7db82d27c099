/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one thread to another, and the FPU's registers to and from memory.
 */
#include "arch/riscv/asm.h"

	.text

/* switch_context(from = a0, to = a1): C has saved the caller-saved registers; the hart goes
 * along. */
ENTRY(switch_context)
	sd	ra, MD_RA(a0)
	sd	sp, MD_SP(a0)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, MD_S(\n)(a0)
	.endr
	ld	t0, MD_CPU(a0)
	sd	t0, MD_CPU(a1)
	mv	tp, a1
	ld	ra, MD_RA(a1)
	ld	sp, MD_SP(a1)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, MD_S(\n)(a1)
	.endr
	ret
END(switch_context)

/* Where a new thread begins: s1(s2), with no caller. */
ENTRY(thread_begin)
	li	s0, 0
	mv	a0, s2
	li	ra, 0
	jr	s1
END(thread_begin)

/*
 * The kernel is compiled without F and D, so that no compiler uses them behind its back; the
 * assembler, told the same, needs the encodings: fsd and fld with 8-byte slots at a0, and fcsr by
 * its number.
 */
#define FCSR 0x003

	.macro	fpu_on
	li	t0, 3 << 13
	csrs	sstatus, t0
	.endm

	.macro	fpu_off
	li	t0, 3 << 13
	csrc	sstatus, t0
	.endm

/* fpu_save(struct fpstate *a0).  => interrupts off. */
ENTRY(fpu_save)
	fpu_on
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.insn	s 0x27, 3, x\n, (\n * 8)(a0)
	.endr
	csrr	t1, FCSR
	sd	t1, 256(a0)
	fpu_off
	ret
END(fpu_save)

/* fpu_load(const struct fpstate *a0).  => interrupts off. */
ENTRY(fpu_load)
	fpu_on
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.insn	i 0x07, 3, x\n, a0, (\n * 8)
	.endr
	ld	t1, 256(a0)
	csrw	FCSR, t1
	fpu_off
	ret
END(fpu_load)

	.section .note.GNU-stack, "", @progbits
