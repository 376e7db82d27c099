/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int clone(int (*fn)(void *), void *stack, int flags, void *arg, pid_t *ptid, void *tls, pid_t
 * *ctid) The child finds fn and arg on its new stack and ends with what fn returns.
 */
	.text
	.global	clone
	.type	clone, @function
clone:
	andi	a1, a1, -16
	addi	a1, a1, -16
	sd	a0, 0(a1)
	sd	a3, 8(a1)
	mv	a0, a2			# flags; the stack is in a1 already
	mv	a2, a4			# parent_tid
	mv	a3, a5			# tls
	mv	a4, a6			# child_tid
	li	a7, 220
	ecall
	beqz	a0, 1f
	bltz	a0, 2f
	ret
1:	ld	t0, 0(sp)
	ld	a0, 8(sp)
	mv	fp, zero
	jalr	t0
	li	a7, 93			# exit this thread
	ecall
2:	neg	a0, a0
	lui	t0, %tprel_hi(errno)
	add	t0, t0, tp, %tprel_add(errno)
	sw	a0, %tprel_lo(errno)(t0)
	li	a0, -1
	ret
	.size	clone, . - clone
	.section .note.GNU-stack, "", @progbits
