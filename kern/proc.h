/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and their threads.
 *
 *      struct proc      address space, files, family, signal actions, limits     one for each pid
 *        |  threads
 *      struct uthread   struct thread + signal mask, pending signals, cred       one for each tid
 *
 * A process lives from proc_create() to its parent's wait; between exit and wait it is a zombie
 * without memory and files.  Credentials belong to the thread, as on Linux: only the thread itself
 * changes them, so it may read them without a lock.
 *
 * Lock key, the same in every header:  I immutable after creation   a atomic   p proc lock
 *   t proc-tree lock   T only the thread
 *   Two letters: either one to read, both to write.
 */
#ifndef KERN_PROC_H
#define KERN_PROC_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "kern/base/cred.h"
#include "kern/base/lock.h"
#include "kern/base/thread.h"
#include "lib/annot.h"
#include "lib/list.h"

struct fdtable;
struct fsdirs;
struct inode;
struct itimer;
struct utsname;
struct vmspace;

#define PID_MAX 32768

/* Signals sent but not yet taken.  A set bit without a record in the queue is a signal about which
 * nothing more is known. */
struct sigpending {
	sigset_t set;      /* p */
	struct list queue; /* p  struct sigqueue: siginfo, in order of arrival */
};

/* What to do on each signal.  Nothing of it changes while several refer to it. */
struct sigtable {
	uint32_t refs; /* a    struct sigactions with these actions, whether related or not */
	bool one_shot; /* lock an action has, or has had, SA_RESETHAND: only one may refer to it */
	struct sigaction action[NSIG]; /* lock [0] is not used */
};

/* A process's actions: shared by its threads, and by processes that clone made with CLONE_SIGHAND.
 * The child of a fork has its own, but the same table until one of them changes an action. */
struct sigactions {
	uint32_t refs;          /* a    processes */
	struct spinlock lock;   /*      RANK_SIGACTIONS */
	struct sigtable *table; /* lock */
	sigset_t ignored;       /* a    those with SIG_IGN; written under lock */
};

struct uthread {
	struct thread td; /*    first: thread_uthread() */
	int32_t
	    tid; /* t p  the first thread's is the pid; so is that of one that has called execve */
	int restart; /* T  ERESTARTSYS, ERESTARTNOHAND or 0: what the call on its way out wants */
	bool restarted;         /* T  this call is run again because no handler wanted its EINTR */
	bool restore_sigmask;   /* T  saved_sigmask is to come back */
	struct list link;       /* p  proc.threads */
	struct cred cred;       /* T p  changed by itself, under p */
	sigset_t sigmask;       /* T p */
	sigset_t saved_sigmask; /* T  to go back to after sigsuspend or ppoll */
	sigset_t waiting_for;   /* p  sigtimedwait: takes these though they are blocked */
	struct sigpending pending; /* p  for this thread alone */
	stack_t altstack;          /* T  sigaltstack(2) */
	uint64_t restart_deadline; /* T  ns: nanosleep goes on until then */
	uint64_t clear_child_tid;  /* T  user address, 0: none */
	uint64_t robust_list;      /* T  user address, 0: none */
};

/* What a process, or a thread, has used. */
struct proc_usage {
	uint64_t utime_ns, stime_ns, minor_faults, major_faults, switches, preemptions;
	uint64_t max_resident; /* pages */
};

/* An interval timer of time used, charged by the ticks of the clock. */
struct cpu_timer {
	uint64_t left;     /* p  ns until it expires; 0: it is not set */
	uint64_t interval; /* p  ns, 0: once */
};

/* The path a process was started from; those it forks share it. */
struct exe_path {
	uint32_t refs; /* a  processes */
	char path[];   /* I  at most EXE_PATH_MAX bytes with NUL */
};
#define EXE_PATH_MAX 256

enum proc_state { PROC_NEW, PROC_ALIVE, PROC_ZOMBIE, PROC_GONE };

struct proc {
	struct spinlock lock; /* RANK_PROC */
	int32_t pid;          /* I */
	int refs; /* a    pid table 1, each thread 1, lookups in progress; 0 frees the struct */

	/* Family. */
	struct list all_link;  /* t    every process, oldest first */
	struct list hash_link; /* t    pid table */
	struct proc *parent;   /* t    NULL: init and the kernel's own */
	struct list children;  /* t */
	struct list sibling;   /* t */
	int32_t ppid;          /* a    pid of parent, 0: none; written under t */
	int32_t pgid, sid;     /* t p */
	uint32_t state;        /* t    enum proc_state */
	int exit_status;       /* t p  wait status: exit_group's, or that of the last thread */
	int exit_signal;       /* t    sent to the parent; 0: none */
	bool execed;           /* t    setpgid by the parent comes too late */
	bool wait_stopped;     /* t p  a stop that wait has not reported yet */
	bool wait_continued;   /* t p */
	bool vfork_done;       /* t    a vfork child: has let go of its parent's space */
	bool dumpable;         /* p    prctl */
	bool exiting;      /* p    exit_group has begun: every thread leaves, nobody starts one */
	bool stop_settled; /* p    every thread has stopped, and the parent been told */
	bool cpu_timers;   /* a    vtimer or ptimer is set */
	int8_t nice;       /* p    stored, not obeyed */

	/* Resources. */
	struct vmspace *vmspace; /* p    NULL after exit; its own threads read it without a lock */
	struct fdtable *fdtable; /* p    as vmspace */
	struct fsdirs *dirs;     /* p    as vmspace: root, directory, umask */
	struct rlimit limit[RLIM_NLIMITS]; /* p */
	struct exe_path *exe; /* p    for /proc/PID/exe; NULL: it is too long, or there is none */

	/* Threads and signals. */
	struct list threads;        /* p    struct uthread */
	unsigned nthreads;          /* p    not yet exited */
	struct uthread *survivor;   /* p    execve: every thread but this one leaves; or NULL */
	int stop_signal;            /* p    stopped, or stopping, because of it; 0: running */
	unsigned nstopped;          /* p    threads that have stopped */
	uint32_t continues;         /* p    SIGCONTs so far: a stop begun before one is void */
	uint32_t nqueued;           /* p    records of signals, for all its threads */
	struct sigactions *actions; /* t p  changed by execve */
	struct sigpending pending;  /* p    for any thread */
	struct itimer *timer; /*      setitimer(ITIMER_REAL), see kern/time.c; NULL: never used */
	struct cpu_timer vtimer; /* p    ITIMER_VIRTUAL: time in user mode */
	struct cpu_timer ptimer; /* p    ITIMER_PROF: all time */

	/* Accounts. */
	uint64_t start_ns;                /* I    monotonic */
	struct proc_usage usage;          /* p    of threads that have exited */
	struct proc_usage children_usage; /* t    of children waited for, and theirs */
};

extern struct spinlock proc_tree_lock; /* RANK_PROC_TREE; before any proc.lock */
extern struct proc *init_proc;         /* I */

static inline struct uthread *
thread_uthread(struct thread *td)
{
	return CONTAINER_OF(td, struct uthread, td);
}

static inline struct uthread *
curuthread(void)
{
	return thread_uthread(curthread());
}

/* => p locked, or nobody else knows it; it has a thread, as zombies have until they are reaped. */
static inline struct uthread *
first_thread(const struct proc *p)
{
	return LIST_ENTRY(p->threads.next, struct uthread, link);
}

/* The process of the running thread.  => a user thread. */
static inline struct proc *
curproc(void)
{
	return curthread()->proc;
}

/* => boot, after zones.  Hands thread memory to the scheduler. */
void proc_init(void);

/*
 * Finding.  => any thread context, nothing above RANK_PROC_TREE held.
 */
/* The process with that pid, zombies too, with a reference.  NULL: there is none. */
struct proc *proc_find(int32_t pid);
/* The process that has the thread, with a reference. */
struct proc *proc_find_thread(int32_t tid);
void proc_ref(struct proc *p);
void proc_unref(struct proc *p);
/* Calls fn for every process, with the tree lock held: fn must not sleep. */
void proc_foreach(void (*fn)(struct proc *p, void *arg), void *arg);
void proc_foreach_locked(void (*fn)(struct proc *p, void *arg), void *arg); /* => tree locked */
/* The same without the lock, for the debugger, when all
 * harts stand still. */
void proc_foreach_unlocked(void (*fn)(struct proc *p, void *arg), void *arg);
unsigned proc_count(void);
/* The smallest pid >= from that is in use, for directory listings.  0: none. */
int32_t proc_next_pid(int32_t from);
/* Its address space with a hold (vmspace_unhold), NULL if it has none any more. */
struct vmspace *proc_hold_vmspace(struct proc *p);
/* Does the process group exist in that session? */
bool pgrp_in_session(int32_t pgid, int32_t sid);
/* No member of the group has a parent in the same session but another group: nobody could continue
 * it.  Init, which adopts orphans, does not count, nor do processes that have exited. */
bool pgrp_is_orphaned(int32_t pgid);
bool pgrp_is_orphaned_locked(int32_t pgid); /* => tree locked */

/* A consistent picture of one process, or of one of its threads, for /proc and ^P. */
struct proc_info {
	int32_t pid, ppid, pgid, sid;
	int32_t tid;                /* the thread's, or that of the first one */
	char state;                 /* R S D T Z, as in /proc/PID/stat */
	char name[THREAD_NAME_MAX]; /* this and more is the first thread's */
	char why[24];               /* what it sleeps on; empty: it does not */
	char exe[EXE_PATH_MAX];
	uint32_t ruid, euid, suid, rgid, egid, sgid;
	unsigned nthreads;
	unsigned hart; /* where the first thread ran last */
	struct proc_usage usage, children_usage;
	uint64_t start_ns;
	sigset_t pending, blocked, ignored, caught;
	int nice;
	int exit_status;
};
void proc_get_info(struct proc *p, struct proc_info *info);
/* The same, with what is the thread's own for that thread.  => ESRCH: p has none of that number. */
int proc_get_thread_info(struct proc *p, int32_t tid, struct proc_info *info);
/* The smallest number >= from of a thread of p, 0: none. */
int32_t proc_next_tid(struct proc *p, int32_t from);

/* What uname(2) says.  => any thread context. */
void uname_get(struct utsname *copy);

/*
 * Life: fork.c, exec.c, exit.c.
 */
/* A process with a pid, without threads, that nobody can find yet; limits and the like are those of
 * `parent` (NULL: none).
 * => may sleep.  => 0; EAGAIN: no pid or RLIMIT_NPROC; ENOMEM. */
int proc_create(struct proc *parent, struct proc **pp) MUST_CHECK;
/* A thread for p that will start in fn(arg); uthread_join() and sched_ready() are up to the caller.
 * => may sleep.  NULL: no memory. */
struct uthread *uthread_alloc(
    struct proc *p, int32_t tid, const char *name, void (*fn)(void *arg), void *arg) MUST_CHECK;
/* The same, and make it the first thread of p, which is new. */
struct uthread *uthread_create(
    struct proc *p, int32_t tid, const char *name, void (*fn)(void *arg), void *arg) MUST_CHECK;
/* Make t one of its process's threads.  => EINTR: the process, or every thread but one, is about to
 * end; t may be freed. */
int uthread_join(struct uthread *t) MUST_CHECK;
/* Would another process or thread be more than RLIMIT_NPROC lets the calling user have? */
bool proc_too_many(struct proc *p);
/* A number for a thread that is not its process's first; freed with the thread.  0: none left.
 * => tree not locked. */
int32_t pid_alloc(void);
void pid_free(int32_t pid);
/* Make p known, as a child of `parent` (NULL: of nobody).  => false: the parent is about to exit, and
 * p is not known.  So a signal that ends a group leaves none of its members' children. */
bool proc_publish(struct proc *p, struct proc *parent);
/* With one reference; *exep is NULL for a path that is too long to be kept.  => 0 or ENOMEM. */
int exe_path_create(const char *path, struct exe_path **exep) MUST_CHECK;
void exe_path_unref(struct exe_path *exe); /* NULL is ignored */
/* Undo proc_create and uthread_create: p was not published. */
void proc_abandon(struct proc *p);
/* Drop address space, files and directories, each if there. => may sleep. */
void proc_release_resources(struct proc *p);
/* Take p out of the family and the pid table.  => tree lock held. */
void proc_unlink(struct proc *p);
/* Free a thread that never ran, or is dead and off its hart. */
void uthread_free(struct uthread *t);

/* The current process ends, all its threads with it.  `status` is a wait status (W_EXITCODE).  =>
 * no lock held. */
void proc_exit(int status) NORETURN;
/* The current thread ends; the process does, with that status, if it was the last.  => no lock
 * held. */
void uthread_exit(int status) NORETURN;
/* Let every thread of p leave, with that wait status for the process; the first to say so counts.
 * => p locked. */
void proc_begin_exit(struct proc *p, int status);
/* All other threads of the current process end.  => no lock held; may sleep.  EINTR: another one
 * does the same, or the process exits. */
int proc_single_thread(void);
/* Do others run in the memory of the current process? */
bool proc_shares_memory(void);
/* The child of a vfork no longer needs its parent's address space. */
void proc_vfork_done(struct proc *p);
/* A child changed state: the parent may be waiting.  => tree lock held. */
void proc_wake_parent(struct proc *p);

/* wait4 and waitid. */
struct wait_query {
	int kind; /* P_ALL, P_PID, P_PGID */
	int32_t id;
	int options; /* WNOHANG, WEXITED, WSTOPPED, WCONTINUED, WNOWAIT */
};
struct wait_result {
	int32_t pid; /* 0: WNOHANG, and nobody */
	int status;  /* wait status */
	uint32_t uid;
	struct rusage usage;
};
/* => may sleep.  => 0; ECHILD; ERESTARTSYS. */
int proc_wait(const struct wait_query *q, struct wait_result *r);

struct clone_args {
	uint64_t flags; /* CLONE_* */
	uint64_t stack; /* the child's sp; 0: the parent's */
	uint64_t parent_tid, child_tid, tls;
	int exit_signal;
};
/* fork, vfork, clone: a process, or a thread.  => returns its number, or negative: -EAGAIN, -ENOMEM,
 * -EINVAL, -EINTR (the caller is about to exit). */
long proc_clone(const struct clone_args *args);

/* Run another program.  path, argv, envp: user addresses.  => on success the caller's user
 * registers are the new program's. */
int proc_exec(uint64_t path, uint64_t argv, uint64_t envp);
/* The same with kernel strings, for the first program. */
int proc_exec_kernel(const char *path, const char *const *argv, const char *const *envp);

/* The space obeys its process's limits as they are now.  => no lock held; may sleep. */
void proc_apply_limits(struct proc *p, struct vmspace *vm);

/* Another thread with these groups, or one less.  => NULL is ignored; any context. */
void cred_groups_ref(struct cred_groups *g);
void cred_groups_unref(struct cred_groups *g);

/*
 * Accounts.
 */
void
proc_get_usage(struct proc *p, struct proc_usage *u); /* => p unlocked, tree lock may be held */
void uthread_get_usage(struct uthread *t, struct proc_usage *u);
void proc_usage_add(struct proc_usage *sum, const struct proc_usage *u);
void proc_usage_to_rusage(const struct proc_usage *u, struct rusage *r);

#endif
