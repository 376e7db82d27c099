/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomic operations on single bytes, by the names and arguments that gcc calls them by (it knows
 * the 4 and 8 byte forms itself, and so does clang all of them). The byte is updated inside its
 * aligned word; memory order is always the strongest.
 */
#include "arch/riscv/asm.h"

	/* a0 = address of a byte -> a0 = its word, t0 = its bit position. */
	.macro	word_of
	andi	t0, a0, 3
	slli	t0, t0, 3
	andi	a0, a0, -4
	.endm

	/* a1 = byte -> a1 in place, t1 = mask of the place. */
	.macro	in_place
	andi	a1, a1, 255
	sllw	a1, a1, t0
	li	t1, 255
	sllw	t1, t1, t0
	.endm

	.macro	result reg
	srlw	a0, \reg, t0
	andi	a0, a0, 255
	ret
	.endm

	.text

/* uint8_t __atomic_fetch_or_1(uint8_t *p, uint8_t bits, int order) */
ENTRY(__atomic_fetch_or_1)
	word_of
	in_place
	amoor.w.aqrl t2, a1, (a0)
	result	t2
END(__atomic_fetch_or_1)

/* uint8_t __atomic_fetch_and_1(uint8_t *p, uint8_t bits, int order) */
ENTRY(__atomic_fetch_and_1)
	word_of
	in_place
	not	t1, t1
	or	a1, a1, t1
	amoand.w.aqrl t2, a1, (a0)
	result	t2
END(__atomic_fetch_and_1)

/* uint8_t __atomic_exchange_1(uint8_t *p, uint8_t value, int order) */
ENTRY(__atomic_exchange_1)
	word_of
	in_place
1:	lr.w.aqrl t2, (a0)
	xor	t3, t2, a1
	and	t3, t3, t1
	xor	t3, t3, t2
	sc.w.rl	t4, t3, (a0)
	bnez	t4, 1b
	result	t2
END(__atomic_exchange_1)

/* bool __atomic_compare_exchange_1(uint8_t *p, uint8_t *expected, uint8_t value, int success, int
 * failure) */
ENTRY(__atomic_compare_exchange_1)
	mv	a5, a1
	lbu	a6, 0(a5)
	mv	a1, a2
	word_of
	in_place
1:	lr.w.aqrl t2, (a0)
	srlw	t3, t2, t0
	andi	t3, t3, 255
	bne	t3, a6, 2f
	xor	t3, t2, a1
	and	t3, t3, t1
	xor	t3, t3, t2
	sc.w.rl	t4, t3, (a0)
	bnez	t4, 1b
	li	a0, 1
	ret
2:	sb	t3, 0(a5)
	li	a0, 0
	ret
END(__atomic_compare_exchange_1)

	.section .note.GNU-stack, "", @progbits
