/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscall(number, ...): the one door to the kernel. A result of -4095 .. -1 is an error: errno gets
 * its absolute value and the caller -1. The kernel changes no register but a0.
 */
	.text
	.global	syscall
	.type	syscall, @function
syscall:
	mv	a7, a0
	mv	a0, a1
	mv	a1, a2
	mv	a2, a3
	mv	a3, a4
	mv	a4, a5
	mv	a5, a6
	ecall
	li	t0, -4096
	bgtu	a0, t0, set_errno
	ret
	.size	syscall, . - syscall

/*
 * vfork(): the child runs on the parent's stack, so nothing may be kept there: not even by a C
 * function around the call. CLONE_VM | CLONE_VFORK | SIGCHLD.
 */
	.global	vfork
	.type	vfork, @function
vfork:
	li	a0, 0x4111
	li	a1, 0
	li	a7, 220
	ecall
	li	t0, -4096
	bgtu	a0, t0, set_errno
	ret
	.size	vfork, . - vfork

set_errno:
	neg	a0, a0
	lui	t0, %tprel_hi(errno)
	add	t0, t0, tp, %tprel_add(errno)
	sw	a0, %tprel_lo(errno)(t0)
	li	a0, -1
	ret
	.section .note.GNU-stack, "", @progbits
