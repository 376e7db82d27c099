/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets into C structures, for assembler code.  start.c asserts that they are true.
 */
#ifndef ARCH_RISCV_ASM_H
#define ARCH_RISCV_ASM_H

/* struct trapframe */
#define TF_X(n)   ((n)*8)
#define TF_FP     256
#define TF_PC     264
#define TF_STATUS 272
#define TF_CAUSE  280
#define TF_TVAL   288
#define TF_SIZE   304

/* struct md_thread */
#define MD_CPU    0
#define MD_KSTACK 8
#define MD_FRAME  16
#define MD_SAVE0  24
#define MD_SAVE1  32
#define MD_RA     40
#define MD_SP     48
#define MD_S(n)   (56 + (n)*8)

/* struct cpu */
#define CPU_EMERGENCY_STACK   0

#define KSTACK_SHIFT          13
#define BOOT_STACK_SIZE       (4 << 12) /* reading the device tree takes more than a thread ever does */
#define EMERGENCY_STACK_SHIFT 12
#define EMERGENCY_STACK_SIZE  (1 << EMERGENCY_STACK_SHIFT)

/* Where the image is loaded, and where it is linked to run. */
#define LINK_PA     0x80200000
#define LINK_OFFSET 0xffffffff00000000 /* virtual minus physical */

#define ENTRY(name)                                                                                \
	.globl name;                                                                               \
	.balign 4;                                                                                 \
	.type name, @function;                                                                     \
name:
#define END(name) .size name, .- name

#endif
