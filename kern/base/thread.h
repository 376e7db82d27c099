/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and the scheduler: who runs where.
 *
 *      NEW --sched_ready--> RUNNABLE --picked--> RUNNING --sleep_wait--> SLEEPING --wakeup--.
 *                           ^  ^--- yield, tick --'  '--thread_exit--> DEAD             |
 *                           '-----------------------------------------------------------'
 *
 * Each hart has a run queue, served round robin; an idle hart steals from the others before it
 * waits for an interrupt.  A thread with interrupts on is preempted at the end of its time slice,
 * in kernel mode too; whoever must stay on a hart holds a spinlock or has pushed interrupts off.
 * curthread() is valid from the first C instruction of every hart on (it is the idle thread then).
 *
 * Nothing here knows a process or a map: a user thread is a struct thread inside a struct uthread
 * (kern/proc.h).
 *
 * Lock key, the same in every header:  I immutable after creation   a atomic   r run-queue lock
 *   s sleep-queue lock   T only the thread itself
 */
#ifndef KERN_BASE_THREAD_H
#define KERN_BASE_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/vmparam.h"
#include "kern/base/lock.h"
#include "lib/annot.h"
#include "lib/list.h"

struct pmap;
struct proc;

#define TICK_NS         10000000ul /* time slice, and how often the clock ticks */
#define THREAD_NAME_MAX 16         /* bytes, with NUL */
#define THREAD_LOCKS    16 /* locks of each kind one thread may hold at once; 8 have been seen */

enum thread_state { THREAD_NEW, THREAD_RUNNING, THREAD_RUNNABLE, THREAD_SLEEPING, THREAD_DEAD };

/* Locks held, in order of rank.  Kept by lock.c with CHECK=1. */
struct held_locks {
	const struct lock_head *lock[THREAD_LOCKS]; /* T */
	size_t n;                                   /* T */
};

struct thread {
	struct md_thread md; /* T  must be first: registers while it does not run, kernel stack */
	uint32_t state; /* a  enum thread_state; THREAD_ON_HART while a hart still uses its stack */
	uint32_t hart;  /* T  where it runs, or ran last (index, not hart id) */
	uint32_t affinity;     /* a  bit n: may run on hart n */
	bool resched;          /* T  its time slice is over: yield when interrupts come back on */
	bool interrupted;      /* a  a signal or kill wants it: SLEEP_INTR sleeps end with EINTR */
	bool killed;           /* a  it is to exit: SLEEP_KILL sleeps end with EINTR, too */
	bool nofault;          /* T  user copies must not fault pages in: they fail with EFAULT */
	uint64_t minor_faults; /* T  page faults served; */
	uint64_t major_faults; /* T  ... those that waited for a device */
	int busy_pages;        /* T  exclusively busy pages it owns (rule R1) */
	int intr_off_depth;    /* T  intr_push_off() without intr_pop_off(), spinlocks included */
	bool intr_was_on;      /* T  before the first of them */
	bool kept;             /* T  thread_exit_kept: not freed by the reaper */
	char name[THREAD_NAME_MAX];     /* T */
	struct held_locks held;         /* T  mutexes and sx */
	struct held_locks spins;        /* T  spinlocks; interrupts are off while there are any */
	struct list runq_link;          /* r  run queue; the dead list of thread.c */
	struct list sleep_link;         /* s  hash chain of sleepers */
	const void *wchan;              /* s  what it waits for; NULL: nothing, or already woken */
	const char *why;                /* s  for ps; NULL when wchan is */
	bool sleep_intr;                /* s  the sleep may be ended by sleep_interrupt() */
	bool sleep_killable;            /* s  or by sleep_kill() */
	int sleep_error;                /* s  how the sleep ended: 0, EINTR, ETIMEDOUT */
	struct pmap *pmap;              /* T  user space it runs in; NULL: kernel thread */
	struct proc *proc;              /* I  NULL: kernel thread */
	uint64_t run_start;             /* T  ns: when it was last given a hart */
	uint64_t runtime;               /* T  ns it has had before that */
	uint32_t user_ticks, sys_ticks; /* T  what it was doing when the clock ticked */
	uint64_t switches, preemptions; /* T  gave up the hart, lost it */
	void (*start)(void *arg);       /* I  where it began */
	void *start_arg;                /* I */
};

#define THREAD_STATE_MASK 0xffu
#define THREAD_ON_HART    0x100u

static inline struct thread *
curthread(void)
{
	return (struct thread *)cpu_thread();
}

static inline enum thread_state
thread_state(const struct thread *td)
{
	return (enum thread_state)(
	    __atomic_load_n(&td->state, __ATOMIC_ACQUIRE) & THREAD_STATE_MASK);
}

/*
 * Life of a thread.
 */
/* The thread each hart boots on; it becomes that hart's idle thread. */
extern struct thread boot_thread[MAXHART];

/* A kernel thread that runs fn(arg), ready to run on any hart.  `name` is copied.  => thread
 * context, may sleep.  NULL: no memory. */
struct thread *thread_create(const char *name, void (*fn)(void *arg), void *arg);
/* End the current thread.  => no lock held, no busy page. Kernel threads may simply return from fn.
 * */
void thread_exit(void) NORETURN;

/* For kern/proc.c: td is as thread_ops.alloc returns it; it will start in fn(arg), interrupts on,
 * when sched_ready() is called. */
void thread_setup(struct thread *td, const char *name, void (*fn)(void *arg), void *arg);
/* End the current thread without freeing it: whoever knows of it does, after thread_wait_dead().
 * => interrupts pushed off once. */
void thread_exit_kept(void) NORETURN;
/* Wait, spinning for as long as a switch takes, until a thread in thread_exit_kept() has left its
 * stack. */
void thread_wait_dead(const struct thread *td);

/* How threads get and return their memory, and how the machine changes spaces: base knows neither
 * vm nor pmap. */
struct thread_ops {
	struct thread *(*alloc)(void);       /* zeroed, md.kstack set; may sleep; NULL: no memory */
	void (*free)(struct thread *td);     /* may sleep */
	void (*activate)(struct pmap *pmap); /* NULL: no user space; interrupts off */
};

/*
 * Scheduling.
 */
/* => boot, hart 0, first of all: makes locks and curthread work. */
void sched_bootstrap(void);
/* Threads can be made from now on.  => boot, hart 0, when memory can be allocated and the clock
 * runs. */
void sched_init(const struct thread_ops *ops);
/* Prepare boot_thread[hart], whose md.kstack is set, as the idle thread of that hart; then
 * hart_start(). */
void sched_prepare_hart(unsigned hart);
/* Become this hart's idle thread, ready to run others.  => each hart, last thing it does in boot;
 * interrupts off. */
void sched_idle(void) NORETURN;
/* Put a new thread on a run queue.  => any context. */
void sched_ready(struct thread *td);
/* Let others run.  => thread context, no spinlock held.  No-op if nobody waits. */
void yield(void);
/* Change the current thread's user space.  => thread context. */
void thread_set_pmap(struct pmap *pmap);
/* Restrict td to the harts in mask (some of them online); takes effect when its hart next has a
 * choice: for the current thread, yield().
 * => any context. */
void sched_set_affinity(struct thread *td, uint32_t mask);

/* From interrupts, off meanwhile, no lock held: */
void
sched_tick(bool user); /* the timer fired: charge the thread, run timeouts, arm the timer again */
void sched_preempt(void); /* on the way out: yield if the thread should */

/* Nanoseconds that td has run.  => exact for the current thread and for those that do not run. */
uint64_t thread_runtime(const struct thread *td);

/* Calls fn for each thread that waits for a hart.  => for the debugger, when all harts stand still;
 * takes no lock. */
void sched_foreach_queued(void (*fn)(struct thread *td, void *arg), void *arg);

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
 * For sleep.c and timeout.c.
 */
/* The current thread is about to sleep.  => its bucket of sleep.c locked, and interrupts pushed off
 * once more; then unlock, then sched_switch_away(). */
void sched_mark_sleeping(struct thread *td);
void sched_switch_away(void); /* returns when woken, perhaps on another hart */
/* End that sleep.  => its bucket locked; no-op if td is not asleep yet, or no more. */
void sched_wake(struct thread *td);
/* Deadlines of this hart have changed.  => interrupts off. */
void sched_arm_timer(void);
void sleep_bootstrap(void); /* => boot */

/*
 * For whoever must end a sleep by force.
 */
/* End td's interruptible sleep with EINTR: sets `interrupted` first.  => any context, ranks above
 * RANK_SLEEPQ not held. */
void sleep_interrupt(struct thread *td);
/* The same, and end its SLEEP_KILL sleep: td is not to return to user mode.  Sets `killed`. */
void sleep_kill(struct thread *td);

#endif
