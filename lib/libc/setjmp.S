/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setjmp and longjmp: a function's callee-saved registers, by slot of the jmp_buf:
 *
 *	0 ra   1 sp   2..13 s0-s11   14..25 fs0-fs11   26 is the mask saved?   27 the signal mask
 */
	.macro	each_s op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, (16 + 8 * \n)(a0)
	.endr
	.endm
	.macro	each_fs op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	fs\n, (112 + 8 * \n)(a0)
	.endr
	.endm

	.text
	.global	setjmp, _setjmp
	.type	setjmp, @function
setjmp:
_setjmp:
	sd	ra, 0(a0)
	sd	sp, 8(a0)
	each_s	sd
	each_fs	fsd
	sd	zero, 208(a0)
	li	a0, 0
	ret
	.size	setjmp, . - setjmp

	.global	longjmp, _longjmp
	.type	longjmp, @function
longjmp:
_longjmp:
	ld	ra, 0(a0)
	ld	sp, 8(a0)
	each_s	ld
	each_fs	fld
	seqz	a0, a1			# 0 is what the first return of setjmp gives
	add	a0, a0, a1
	ret
	.size	longjmp, . - longjmp

	.global	sigsetjmp
	.type	sigsetjmp, @function
sigsetjmp:
	sd	ra, 0(a0)
	sd	sp, 8(a0)
	each_s	sd
	each_fs	fsd
	sd	a1, 208(a0)
	beqz	a1, 1f
	addi	a2, a0, 216		# rt_sigprocmask(SIG_BLOCK, NULL, &mask, 8)
	li	a0, 0
	li	a1, 0
	li	a3, 8
	li	a7, 135
	ecall
1:	li	a0, 0
	ret
	.size	sigsetjmp, . - sigsetjmp

	.global	siglongjmp
	.type	siglongjmp, @function
siglongjmp:
	ld	t0, 208(a0)
	beqz	t0, 1f
	mv	t1, a0
	mv	t2, a1
	addi	a1, a0, 216		# rt_sigprocmask(SIG_SETMASK, &mask, NULL, 8)
	li	a0, 2
	li	a2, 0
	li	a3, 8
	li	a7, 135
	ecall
	mv	a0, t1
	mv	a1, t2
1:	tail	longjmp
	.size	siglongjmp, . - siglongjmp
	.section .note.GNU-stack, "", @progbits
