/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of a program. exec enters with a0 = 0 and sp at argc; the rest is start.c.
 * _DYNAMIC exists only in a static-PIE program: then a1 is where its relocations are described,
 * else 0.
 */
	.weak	_DYNAMIC
	.hidden	_DYNAMIC
	.section .text.start, "ax"
	.global	_start
_start:
	.option	push
	.option	norelax
	lla	gp, __global_pointer$
	.option	pop
	mv	a0, sp
	lla	a1, _DYNAMIC
	mv	fp, zero		# the end of the chain of frames
	mv	ra, zero
	andi	sp, sp, -16
	tail	__libc_start
	.section .note.GNU-stack, "", @progbits
