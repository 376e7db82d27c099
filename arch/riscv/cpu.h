/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One hart: its registers, its interrupts, the thread it runs, and how it switches to another.
 *
 * In the kernel, tp is the running thread (struct thread, which begins with struct md_thread), and
 * the thread says which hart it is on. A thread that may be preempted can find itself on another
 * hart at the next instruction, so what cpu_self() says is stable only while interrupts are off.
 *
 * A kernel stack, from the top down: the trap frame of the user program (zero for kernel threads),
 * then the calls.
 */
#ifndef ARCH_RISCV_CPU_H
#define ARCH_RISCV_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/riscv/types.h"
#include "arch/riscv/vmparam.h"
#include "lib/annot.h"

struct cpu;

/*
 * The registers of what was interrupted.  x[0], which needs no place, is the zero of `zero`.
 */
struct trapframe {
	union {
		uint64_t x[32];
		struct {
			uint64_t zero, ra, sp, gp, tp, t0, t1, t2, s0, s1;
			uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
			uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
			uint64_t t3, t4, t5, t6;
		};
	};
	/* A frame record like those of C functions, so that backtraces pass through traps. */
	uint64_t frame_fp;
	uint64_t pc;
	uint64_t status; /* sstatus at the trap: previous mode, FPU state */
	uint64_t cause;  /* scause */
	uint64_t tval;   /* stval: the faulting address, or the illegal instruction */
	uint64_t arg0;   /* a0 as the system call got it; free for the system call layer */
};

/* The FPU's registers, 64 bits wide. */
struct fpstate {
	uint64_t f[32];
	uint64_t fcsr;
};

/* What of a thread is the machine's: the first field of struct thread. T: touched by the thread
 * itself, or while it does not run. */
struct md_thread {
	struct cpu *cpu; /* T  where it runs */
	vaddr_t kstack;  /* I  lowest address of its KSTACK_SIZE bytes; md_thread_init sets it */
	struct trapframe *frame; /* I  at the top of the stack: the user program's registers */
	uint64_t trap_save[2];   /* T  for trap entry */
	uint64_t ra, sp, s[12];  /* T  where md_switch resumes it */
};

/* One hart. */
struct cpu {
	vaddr_t emergency_stack; /* I  its top; the report of a kernel stack overflow runs there */
	uint64_t hartid;         /* I  the firmware's number for it */
	unsigned index;          /* I  ours: 0 is the boot hart, no gaps */
	uint32_t online;         /* a  see machine.c */
	uint32_t in_overflow;    /* a  is reporting a kernel stack overflow */
};

extern struct cpu cpus[MAXHART];

/* The machine's part of the running thread. => valid from the first C instruction of every hart
 * on. */
static inline struct md_thread *
cpu_thread(void)
{
	struct md_thread *md;

	/* Not volatile: whatever moves this code to another hart brings tp along. */
	__asm__("mv %0, tp" : "=r"(md));
	return md;
}

/* => interrupts off, or the answer may be old. */
static inline struct cpu *
cpu_self(void)
{
	struct cpu *c;

	__asm__ volatile("ld %0, %1(tp)" : "=r"(c) : "i"(offsetof(struct md_thread, cpu)));
	return c;
}

/* This hart's number, 0..machine.nhart-1.  => interrupts off, or the answer may be old. */
static inline unsigned
cpu_id(void)
{
	return cpu_self()->index;
}

/*
 * Control and status registers.
 */
#define SSTATUS_SIE        (1ul << 1)
#define SSTATUS_SPIE       (1ul << 5)
#define SSTATUS_SPP        (1ul << 8)
#define SSTATUS_SUM        (1ul << 18)
#define SSTATUS_FS         (3ul << 13)
#define SSTATUS_FS_INITIAL (1ul << 13)
#define SSTATUS_FS_CLEAN   (2ul << 13)
#define SSTATUS_FS_DIRTY   (3ul << 13)

#define SIE_SSIE           (1ul << 1)
#define SIE_STIE           (1ul << 5)
#define SIE_SEIE           (1ul << 9)

#define csr_read(csr)                                                                              \
	({                                                                                         \
		uint64_t csr_value;                                                                \
		__asm__ volatile("csrr %0, " #csr : "=r"(csr_value)::"memory");                    \
		csr_value;                                                                         \
	})
#define csr_write(csr, value)                                                                      \
	__asm__ volatile("csrw " #csr ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, bits) __asm__ volatile("csrs " #csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")
#define csr_clear(csr, bits)                                                                       \
	__asm__ volatile("csrc " #csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")

/*
 * Interrupts of this hart, without nesting; most code wants a spinlock or intr_push_off()
 * (kern/base/lock.h).
 */
static inline void
intr_on(void)
{
	csr_set(sstatus, SSTATUS_SIE);
}

static inline void
intr_off(void)
{
	csr_clear(sstatus, SSTATUS_SIE);
}

/* => returns whether they were on. */
static inline bool
intr_off_save(void)
{
	uint64_t old;

	__asm__ volatile("csrrci %0, sstatus, %1" : "=r"(old) : "i"(SSTATUS_SIE) : "memory");
	return (old & SSTATUS_SIE) != 0;
}

static inline bool
intr_get(void)
{
	return (csr_read(sstatus) & SSTATUS_SIE) != 0;
}

/* Wait until an interrupt is pending, even one that is off. => interrupts off, so that none slips
 * in between test and wait. */
static inline void
cpu_wait(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

/* In a spin loop: let the other side get on. */
static inline void
cpu_relax(void)
{
	__asm__ volatile("nop" ::: "memory");
}

/* Everything before is visible to devices and harts before anything after. */
static inline void
cpu_fence_io(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* The caller's frame pointer, where a backtrace begins. */
static inline vaddr_t
cpu_frame_pointer(void)
{
	return (vaddr_t)__builtin_frame_address(0);
}

/*
 * Threads.
 */
/* Prepare a thread (zeroed but for what the caller set) that begins with entry(arg) on its kernel
 * stack, interrupts off.
 * => entry does not return.  The trap frame is zeroed. */
void md_thread_init(struct md_thread *md, vaddr_t kstack, void (*entry)(void *arg), void *arg);

/* Save `from`, which is the current thread, and resume `to`: returns in `from` when somebody
 * switches back to it, perhaps on another hart.
 * => interrupts off; the pmap is the caller's business.  tp and FPU state move along. */
void md_switch(struct md_thread *from, struct md_thread *to);

/* Where the user registers of a thread are. */
static inline struct trapframe *
md_trapframe(const struct md_thread *md)
{
	return md->frame;
}

/* Leave for user mode with this thread's trap frame, through user_return() as every return does.
 * => interrupts on or off. */
void md_user_enter(void) NORETURN;

/* Make the frame that of a fresh program: registers 0, no FPU state.  => md is curthread's. */
void md_user_init(struct md_thread *md, vaddr_t pc, vaddr_t sp);

/* The child of fork starts with its parent's registers, FPU included. => parent is curthread's;
 * child does not run yet. */
void md_thread_fork(struct md_thread *parent, struct md_thread *child);

/* The FPU registers for a signal frame, up to date until the thread is in user mode again; NULL: it
 * has not used them.  => md is curthread's. */
const struct fpstate *md_fpu_state(struct md_thread *md);
/* Those of a signal frame.  => md is curthread's. */
void md_fpu_restore(struct md_thread *md, const struct fpstate *in);

/* Instructions were written to memory: every hart must see them. => the stores are done; any lock
 * may be held. */
void md_icache_sync(void);

/* The frames between here (or `fp`) and the bottom of the stack: fills pc[], returns how many.
 * => any context; never faults. */
unsigned md_backtrace(vaddr_t fp, vaddr_t *pc, unsigned max);
/* The same for another thread.  => it does not run, or its hart waits. */
unsigned md_thread_backtrace(const struct md_thread *md, vaddr_t fp, vaddr_t *pc, unsigned max);

/* In a panic: the registers of the trap that led to it, if one did. */
void md_print_trap(void);

#endif
