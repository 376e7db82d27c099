/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads and stores that may fault for good. Each entry of fixup_table says: a fault with pc in
 * [from, to) that cannot be resolved continues at `resume`. The routines are leaves that never
 * touch the stack, so that any of their instructions may be cut off.
 *
 * All but the last run with sstatus.SUM set.
 */
#include "arch/riscv/asm.h"

#define SSTATUS_SUM (1 << 18)

	.macro	fixup from, to, resume
	.pushsection .fixup, "a", @progbits
	.balign	8
	.dword	\from, \to, \resume
	.popsection
	.endm

	.macro	user_begin
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	.endm

	.macro	user_end
	li	t6, SSTATUS_SUM
	csrc	sstatus, t6
	.endm

	.text

/* size_t uaccess_copy(void *dst, const void *src, size_t n): returns how many bytes were not
 * copied. */
ENTRY(uaccess_copy)
	user_begin
	xor	t0, a0, a1
	andi	t0, t0, 7
	bnez	t0, 4f		/* never both aligned: byte by byte */
1:	andi	t0, a0, 7	/* bytes up to the first whole word */
	beqz	t0, 2f
	beqz	a2, 5f
	lbu	t1, 0(a1)
	sb	t1, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	addi	a2, a2, -1
	j	1b
2:	li	t0, 32		/* four words at a time */
	bltu	a2, t0, 3f
	ld	t1, 0(a1)
	sd	t1, 0(a0)
	addi	a2, a2, -8
	ld	t2, 8(a1)
	sd	t2, 8(a0)
	addi	a2, a2, -8
	ld	t3, 16(a1)
	sd	t3, 16(a0)
	addi	a2, a2, -8
	ld	t4, 24(a1)
	sd	t4, 24(a0)
	addi	a2, a2, -8
	addi	a0, a0, 32
	addi	a1, a1, 32
	j	2b
3:	li	t0, 8
	bltu	a2, t0, 4f
	ld	t1, 0(a1)
	sd	t1, 0(a0)
	addi	a0, a0, 8
	addi	a1, a1, 8
	addi	a2, a2, -8
	j	3b
4:	beqz	a2, 5f
	lbu	t1, 0(a1)
	sb	t1, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	addi	a2, a2, -1
	j	4b
5:	user_end
	mv	a0, a2
	ret
END(uaccess_copy)
	fixup	uaccess_copy, 5b, 5b

/* size_t uaccess_zero(void *dst, size_t n): returns how many bytes were not zeroed. */
ENTRY(uaccess_zero)
	user_begin
1:	andi	t0, a0, 7
	beqz	t0, 2f
	beqz	a1, 4f
	sb	zero, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, -1
	j	1b
2:	li	t0, 8
	bltu	a1, t0, 3f
	sd	zero, 0(a0)
	addi	a0, a0, 8
	addi	a1, a1, -8
	j	2b
3:	beqz	a1, 4f
	sb	zero, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, -1
	j	3b
4:	user_end
	mv	a0, a1
	ret
END(uaccess_zero)
	fixup	uaccess_zero, 4b, 4b

/* int64_t uaccess_string(char *dst, const char *src, size_t max): returns the length, max if there
 * is no NUL, or -1. */
ENTRY(uaccess_string)
	user_begin
	li	t0, 0
1:	beq	t0, a2, 2f
	lbu	t1, 0(a1)
	sb	t1, 0(a0)
	beqz	t1, 2f
	addi	a0, a0, 1
	addi	a1, a1, 1
	addi	t0, t0, 1
	j	1b
2:	user_end
	mv	a0, t0
	ret
3:	li	t0, -1
	j	2b
END(uaccess_string)
	fixup	uaccess_string, 2b, 3b

/* int uaccess_fetch32(const uint32_t *src, uint32_t *value): returns 0 or -1. */
ENTRY(uaccess_fetch32)
	user_begin
	lw	t0, 0(a0)
	sw	t0, 0(a1)
	li	a0, 0
1:	user_end
	ret
2:	li	a0, -1
	j	1b
END(uaccess_fetch32)
	fixup	uaccess_fetch32, 1b, 2b

/* int uaccess_cas32(uint32_t *addr, uint32_t old, uint32_t new, uint32_t *seen): returns 0 or
 * -1. */
ENTRY(uaccess_cas32)
	user_begin
	sext.w	a1, a1
1:	lr.w.aqrl t0, (a0)
	bne	t0, a1, 2f
	sc.w.rl	t1, a2, (a0)
	bnez	t1, 1b
2:	sw	t0, 0(a3)
	li	a0, 0
3:	user_end
	ret
4:	li	a0, -1
	j	3b
END(uaccess_cas32)
	fixup	uaccess_cas32, 3b, 4b

/* int probe_stimecmp(void): may this hart set its own timer (Sstc)? Sets it to "never" if so.
 * Without the right, the write traps. */
#define STIMECMP 0x14d
ENTRY(probe_stimecmp)
	li	a0, -1
	csrw	STIMECMP, a0
	li	a0, 1
	ret
1:	li	a0, 0
	ret
END(probe_stimecmp)
	fixup	probe_stimecmp, 1b, 1b

	.section .note.GNU-stack, "", @progbits
