/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call that a fault may cut off (debug_try in debug.c).
 *
 * What the caller expects to keep is saved on the stack, and where that is, in *sp. After a fault
 * trap.c continues at try_call_cut with that sp: whatever fn had on the stack above is forgotten.
 */
#include "arch/riscv/asm.h"

#define FRAME 112 /* ra, s0 and the rest of s; the first two as a frame record at the top */

	.text
/* int try_call(void (*fn)(void *), void *arg, vaddr_t *sp): returns 0, or -1 when cut off. */
ENTRY(try_call)
	addi	sp, sp, -FRAME
	sd	ra, FRAME - 8(sp)
	sd	s0, FRAME - 16(sp)
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, FRAME - 16 - 8 * \n(sp)
	.endr
	addi	s0, sp, FRAME
	sd	sp, 0(a2)
	mv	t0, a0
	mv	a0, a1
	jalr	t0
	li	a0, 0
1:	ld	ra, FRAME - 8(sp)
	ld	s0, FRAME - 16(sp)
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, FRAME - 16 - 8 * \n(sp)
	.endr
	addi	sp, sp, FRAME
	ret
END(try_call)

ENTRY(try_call_cut)
	li	a0, -1
	j	1b
END(try_call_cut)

	.section .note.GNU-stack, "", @progbits
