/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching between stacks, without the system call that swapcontext() makes for the signal mask: tests/vm_sched.c switches some
 * million times a second.  Where the processor is not known, swapcontext() it is.
 */
#ifndef HOST_CONTEXT_H
#define HOST_CONTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(__aarch64__)

#define HOST_CONTEXT_ROOM 256u

struct host_context {
	void *sp; /* what has to survive a call lies on the stack */
};

void host_context_swap(void **save, void *load) __asm__("host_context_swap");

#ifdef __x86_64__

#define HOST_CONTEXT_ENTRY 6 /* six registers, the return address */
__asm__(
    ".text\n"
    ".globl host_context_swap\n"
    "host_context_swap:\n"
    "	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n"
    "	mov %rsp, (%rdi)\n"
    "	mov %rsi, %rsp\n"
    "	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n	pop %rbp\n"
    "	ret\n");

#else

#define HOST_CONTEXT_ENTRY 11 /* x19..x30, d8..d15 */
__asm__(".text\n"
	".globl host_context_swap\n"
	"host_context_swap:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n	str x9, [x0]\n	mov sp, x1\n"
	"	ldp x19, x20, [sp, #0]\n	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n");

#endif

static inline void
host_context_switch(struct host_context *from, struct host_context *to)
{
	host_context_swap(&from->sp, to->sp);
}

/* The first switch to it enters fn, which must not return. */
static inline void
host_context_make(struct host_context *c, void *stack, size_t size, void (*fn)(void))
{
	/* On both machines a frame at a multiple of 16 leaves fn's stack as a call would. */
	uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;
	uintptr_t *frame = (uintptr_t *)(top - HOST_CONTEXT_ROOM);

	memset(frame, 0, HOST_CONTEXT_ROOM);
	frame[HOST_CONTEXT_ENTRY] = (uintptr_t)fn;
	c->sp = frame;
}

#else

#include <ucontext.h>

struct host_context {
	ucontext_t u;
};

static inline void
host_context_switch(struct host_context *from, struct host_context *to)
{
	swapcontext(&from->u, &to->u);
}

static inline void
host_context_make(struct host_context *c, void *stack, size_t size, void (*fn)(void))
{
	getcontext(&c->u);
	c->u.uc_stack.ss_sp = stack;
	c->u.uc_stack.ss_size = size;
	makecontext(&c->u, fn, 0);
}

#endif

#endif
