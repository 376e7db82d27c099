/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First instructions of each hart.
 *
 * The firmware enters with the MMU off, so everything here is addressed relative to pc until the
 * boot page table is on. That table is constant: RAM and device registers in the direct map by 1
 * GiB leaves, the image at its final place, and once more where it was loaded, for the one
 * instruction between "MMU on" and the jump. pmap_bootstrap() builds the real one.
 */
#include "arch/riscv/asm.h"

#define SATP_SV39   (8 << 60)
#define PTE_LEAF    0xcf /* V R W X A D */
#define PTE_LEAF_RW 0xc7
#define GIB         0x10000000 /* in the frame number field of a PTE */

	/* Paging on, then go on at `label` in the high half.  Uses t0, t1. */
	.macro	mmu_on label
	lla	t0, boot_root
	srli	t0, t0, 12
	li	t1, SATP_SV39
	or	t0, t0, t1
	lla	t1, \label
	sfence.vma
	csrw	satp, t0
	sfence.vma
	li	t0, LINK_OFFSET
	add	t0, t0, t1
	jr	t0
	.endm

	.section .text.entry, "ax", @progbits

/*
 * The boot hart: a0 = its id, a1 = device tree (physical).
 *
 * OpenSBI before 1.3 may send a hart that is being started here too: it marks the hart as started before it
 * notes the address, and a hart that comes out of reset at that moment finds the kernel's entry there.
 * The first to arrive boots; later ones are sent where hart_start() wanted them.
 */
ENTRY(_start)
	csrw	sie, zero
	lla	t0, boot_claimed
	li	t1, 1
	amoswap.w.aqrl	t1, t1, (t0)
	bnez	t1, stray
	mv	s0, a0
	mv	s1, a1
	mmu_on	1f
1:	la	t0, trapvec
	csrw	stvec, t0
	csrw	sscratch, zero
	la	t0, kernel_bss
	la	t1, kernel_end
2:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 2b
	la	tp, boot_thread
	la	sp, boot_stack_top - TF_SIZE
	mv	a0, s0
	mv	a1, s1
	li	s0, 0
	call	start
stray:
	lla	t0, awaited_hart
	ld	t1, 0(t0)
	ld	a1, 8(t0)
	beq	t1, a0, secondary_start
2:	wfi
	j	2b
END(_start)

/*
 * Every other hart: a1 = its thread, an address in the image. The thread's stack is mapped by the
 * final page table only, so the first steps are done on the hart's emergency stack.
 */
ENTRY(secondary_start)
	csrw	sie, zero
	mv	tp, a1
	mmu_on	1f
1:	la	t0, trapvec
	csrw	stvec, t0
	csrw	sscratch, zero
	li	s0, 0
	ld	t0, MD_CPU(tp)
	ld	sp, CPU_EMERGENCY_STACK(t0)
	call	secondary_claim
	ld	sp, MD_FRAME(tp)
	li	s0, 0
	call	secondary_init
END(secondary_start)

	.section .data
	.balign	4
boot_claimed:
	.word	0

	.section .rodata
	.balign	4096
boot_root:
	.dword	0, 0, 2 * GIB | PTE_LEAF
	.zero	(256 - 3) * 8
	.set	gib, 0
	.rept	128
	.dword	gib * GIB | PTE_LEAF_RW
	.set	gib, gib + 1
	.endr
	.zero	(510 - 384) * 8
	.dword	2 * GIB | PTE_LEAF
	.dword	0

	.section .data.stack, "aw", @progbits
	.balign	4096
	.globl	boot_stack
boot_stack:
	.zero	BOOT_STACK_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
