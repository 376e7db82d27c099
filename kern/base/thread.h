/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and the scheduler: who runs where.
 *
 *      new --sched_ready--> RUNNABLE --picked--> RUNNING --sleep_wait--> SLEEPING --wakeup--> RUNNABLE
 *                               ^------- yield, tick -----'  '--thread_exit--> DEAD
 *
 * Each hart has a run queue, served round robin; an idle hart steals from the others before it waits for an interrupt.  A thread
 * with interrupts on is preempted at the end of its time slice, in kernel mode too; whoever must stay on a hart holds a spinlock or has
 * pushed interrupts off.  The register tp holds the running thread, from the first C instruction of every hart on (the idle thread's).
 *
 * Nothing here knows a process or a map: a user thread is a struct thread inside a struct uthread (kern/proc.h).
 *
 * Lock key, the same in every header:  I immutable after creation   a atomic   r run-queue lock   s sleep-queue lock
 *   T only the thread itself
 */
#ifndef KERN_BASE_THREAD_H
#define KERN_BASE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/vmparam.h"
#include "kern/base/lock.h"
#include "lib/annot.h"
#include "lib/list.h"

struct pmap;
struct proc;

#define THREAD_NAME_MAX 16 /* bytes, with NUL */
#define THREAD_LOCKS    24 /* locks one thread may hold at once */

enum thread_state { THREAD_NEW, THREAD_RUNNING, THREAD_RUNNABLE, THREAD_SLEEPING, THREAD_DEAD };

/* Locks held, in order of rank; spinlocks are here too (their holder cannot move to another hart).  Kept by lock.c with CHECK=1. */
struct held_locks {
	const struct lock_head *lock[THREAD_LOCKS]; /* T */
	unsigned n;                                 /* T */
	unsigned nsleep;                            /* T  of these, mutexes and sx */
};

struct thread {
	struct md_thread md;             /* T  must be first: arch/riscv/cpu.h; registers while it does not run */
	uint32_t state;                  /* a  enum thread_state, with THREAD_ON_HART while a hart still uses its stack */
	uint32_t hart;                   /* T  where it runs, or ran last (index, not hart id) */
	uint32_t affinity;               /* a  bit n: may run on hart n */
	bool resched;                    /* T  its time slice is over: yield when interrupts come back on */
	bool interrupted;                /* a  a signal or kill wants it: SLEEP_INTR sleeps end with EINTR */
	bool nofault;                    /* T  user copies must not fault pages in: they fail with EFAULT */
	bool in_fault;                   /* T  inside vm_fault: a second one from there is a bug */
	int busy_pages;                  /* T  exclusively busy pages it owns; may not sleep on most things while > 0 (rule R1) */
	uint32_t spin_depth;             /* T  spinlocks held plus intr_push_off calls */
	bool intr_were_on;               /* T  interrupt state to restore at depth 0 */
	struct held_locks held;          /* T */
	struct list runq_link;           /* r */
	struct list sleep_link;          /* s  hash chain of sleepers */
	const void *wchan;               /* s  what it waits for; NULL: nothing, or already woken */
	const char *why;                 /* s  for ps; NULL when wchan is */
	bool timed_out;                  /* s  the deadline ended the sleep, not a wakeup */
	vaddr_t kstack;                  /* I  lowest address; KSTACK_SIZE bytes */
	struct pmap *pmap;               /* T  user space it runs in; NULL: kernel thread */
	struct proc *proc;               /* I  NULL: kernel thread */
	uint64_t slice_end;              /* T  ns */
	uint64_t switches, preemptions;  /* T  gave up the hart, lost it */
	char name[THREAD_NAME_MAX];      /* T */
};

#define THREAD_STATE_MASK 0xffu
#define THREAD_ON_HART    0x100u

static inline struct thread *
curthread(void)
{
	struct thread *td;

	/* Not volatile: whatever moves this code to another hart brings tp along. */
	__asm__("mv %0, tp" : "=r"(td));
	return td;
}

static inline enum thread_state
thread_state(const struct thread *td)
{
	return (enum thread_state)(__atomic_load_n(&td->state, __ATOMIC_ACQUIRE) & THREAD_STATE_MASK);
}

/*
 * Life of a thread.
 */
/* The thread a hart boots on; it becomes that hart's idle thread.  boot.S takes its address before any C runs.  => hart = index. */
extern struct thread boot_thread[MAXHART];

/* A kernel thread that runs fn(arg), ready to run on any hart.  `name` is copied.  => thread context, may sleep.  NULL: no memory. */
struct thread *thread_create(const char *name, void (*fn)(void *arg), void *arg);
/* End the current thread.  => no lock held, no busy page. Kernel threads may simply return from fn. */
void thread_exit(void) NORETURN;

/* For kern/proc.c: td is zeroed memory with its kstack; it will start in fn(arg), interrupts on.  Not yet ready to run. */
void thread_setup(struct thread *td, const char *name, void (*fn)(void *arg), void *arg);
/* Wait (spinning, for as long as a switch takes) until the hart of a DEAD thread has left its stack. */
void thread_wait_off_hart(const struct thread *td);

/* How threads get and return their memory, and how the machine changes spaces: base knows neither vm nor pmap. */
struct thread_ops {
	struct thread *(*alloc)(void);         /* zeroed, kstack set; NULL: no memory */
	void (*free)(struct thread *td);       /* thread context, may sleep */
	void (*activate)(struct pmap *pmap);   /* NULL: no user space; interrupts off */
};

/*
 * Scheduling.
 */
/* => boot, hart 0, before any other thread runs.  Starts the thread that frees the dead. */
void sched_init(const struct thread_ops *ops);
/* Become this hart's idle thread.  => each hart, last thing it does in boot. */
void sched_idle(void) NORETURN;
/* Put a new thread on a run queue.  => any context. */
void sched_ready(struct thread *td);
/* Let others run.  => thread context, no spinlock held.  No-op if nobody waits. */
void yield(void);
/* Change the current thread's user space.  => thread context. */
void thread_set_pmap(struct pmap *pmap);
/* Restrict td to the harts in mask (non-empty, of those online); takes effect when it is next scheduled.  => any context. */
void sched_set_affinity(struct thread *td, uint32_t mask);

/* From the machine's interrupt code, interrupts off, no lock held: */
void sched_tick(bool user);   /* the timer fired; charges the slice, runs timeouts, arms the timer again */
void sched_preempt(void);     /* on the way out of an interrupt, to user or to preemptible kernel code: yield if the slice is over */

/* Harts that run threads, as a mask and as a number.  => any context. */
uint32_t sched_online_mask(void);
unsigned sched_online_count(void);

/* Is td the one that runs on some hart at this moment?  A hint, for adaptive mutexes and checks. */
static inline bool
thread_is_running(const struct thread *td)
{
	return thread_state(td) == THREAD_RUNNING;
}

/*
 * Sleep queues (sleep.c), for whoever must end a sleep by force.
 */
/* End td's interruptible sleep with EINTR: sets `interrupted` first.  => any context, ranks above RANK_SLEEPQ not held. */
void sleep_interrupt(struct thread *td);

#endif
