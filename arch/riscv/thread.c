/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's part of threads: first frames, switching, the FPU, walking a stack.
 *
 * FPU. The kernel does not use it, so its registers belong to the user program that the hart last
 * left. sstatus.FS in the program's frame says how things stand:
 *
 *      Off      the program has never used the FPU; its first instruction traps (fpu_enable)
 *      Clean    the hart's registers equal those that are kept with the thread
 *      Dirty    the hart's registers are newer
 *
 * A switch away saves when Dirty and leaves Clean behind; a switch to a thread that is not Off
 * loads. So no program ever runs with another's registers, and those that do not use the FPU pay
 * nothing.
 *
 *      kernel stack     kstack [ guard below ...  frames  | trapframe | fpstate ] kstack + KSTACK_SIZE
 *
 * The registers of the program live at the top of the stack, as there is room for them; so a thread without FPU
 * state does not pay for one in its struct.
 */
#include <string.h>

#include "arch/riscv/md.h"
#include "arch/riscv/machine.h"
#include "kern/base/lock.h"
#include "kern/trap.h"

/* What lies at the top of a thread's kernel stack. */
struct stack_top {
	struct trapframe frame;
	struct fpstate fpu; /* T  stale while the thread runs with a dirty FPU */
} __attribute__((aligned(16)));

/* => a thread of a program. */
static struct fpstate *
fpu_of(struct md_thread *md)
{
	return &CONTAINER_OF(md->frame, struct stack_top, frame)->fpu;
}

static bool
fpu_is(const struct md_thread *md, uint64_t state)
{
	return (md->frame->status & SSTATUS_FS) == state;
}

static void
fpu_mark(struct md_thread *md, uint64_t state)
{
	md->frame->status = (md->frame->status & ~SSTATUS_FS) | state;
}

/* Bring the copy in memory up to date.  => md is the current thread, interrupts off. */
static void
fpu_flush(struct md_thread *md)
{
	if (fpu_is(md, SSTATUS_FS_DIRTY)) {
		fpu_save(fpu_of(md));
		fpu_mark(md, SSTATUS_FS_CLEAN);
	}
}

bool
fpu_enable(struct md_thread *md)
{
	if (!machine.has_fpu || !fpu_is(md, 0))
		return false;
	memset(fpu_of(md), 0, sizeof(struct fpstate));
	fpu_load(fpu_of(md));
	fpu_mark(md, SSTATUS_FS_CLEAN);
	return true;
}

const struct fpstate *
md_fpu_state(struct md_thread *md)
{
	intr_push_off();
	fpu_flush(md);
	intr_pop_off();
	return fpu_is(md, 0) ? NULL : fpu_of(md);
}

void
md_fpu_restore(struct md_thread *md, const struct fpstate *in)
{
	if (!machine.has_fpu)
		return;
	intr_push_off();
	*fpu_of(md) = *in;
	fpu_load(in);
	fpu_mark(md, SSTATUS_FS_CLEAN);
	intr_pop_off();
}

void
md_thread_init(struct md_thread *md, vaddr_t kstack, void (*entry)(void *arg), void *arg)
{
	md->kstack = kstack;
	md->frame = &((struct stack_top *)(kstack + KSTACK_SIZE) - 1)->frame;
	memset(md->frame, 0, sizeof(*md->frame));
	md->ra = (uint64_t)thread_begin;
	md->sp = (uint64_t)md->frame;
	md->s[1] = (uint64_t)entry;
	md->s[2] = (uint64_t)arg;
}

void
md_switch(struct md_thread *from, struct md_thread *to)
{
	fpu_flush(from);
	if (!fpu_is(to, 0))
		fpu_load(fpu_of(to));
	switch_context(from, to);
}

void
md_user_init(struct md_thread *md, vaddr_t pc, vaddr_t sp)
{
	memset(md->frame, 0, sizeof(*md->frame));
	md->frame->pc = pc;
	md->frame->sp = sp;
}

void
md_thread_fork(struct md_thread *parent, struct md_thread *child)
{
	intr_push_off();
	fpu_flush(parent);
	intr_pop_off();
	*child->frame = *parent->frame;
	if (!fpu_is(parent, 0))
		*fpu_of(child) = *fpu_of(parent);
}

void
md_user_enter(void)
{
	struct trapframe *tf = cpu_thread()->frame;

	intr_off();
	user_return(tf);
	tf->status = (tf->status & SSTATUS_FS) | SSTATUS_SPIE;
	user_exit();
}

/* Does a frame record that ends at fp lie on the stack of that thread, or of its hart? */
static bool
on_stack(const struct md_thread *md, vaddr_t fp)
{
	vaddr_t emergency = md->cpu != NULL ? md->cpu->emergency_stack : 0;

	return fp % 8 == 0 &&
	    (fp - md->kstack - 16 <= KSTACK_SIZE - 16 ||
		(emergency != 0 &&
		    fp - (emergency - EMERGENCY_STACK_SIZE) - 16 <= EMERGENCY_STACK_SIZE - 16));
}

/* A frame record is the saved frame pointer and the return address, right below where the frame
 * pointer points. */
unsigned
md_thread_backtrace(const struct md_thread *md, vaddr_t fp, vaddr_t *pc, unsigned max)
{
	unsigned n = 0;

	while (n < max && on_stack(md, fp)) {
		const uint64_t *record = (const uint64_t *)fp;

		pc[n++] = record[-1];
		fp = record[-2];
	}
	return n;
}

unsigned
md_backtrace(vaddr_t fp, vaddr_t *pc, unsigned max)
{
	return md_thread_backtrace(cpu_thread(), fp, pc, max);
}
