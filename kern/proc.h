/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and their threads.
 *
 *      struct proc      address space, files, family, signal actions, limits         one for each pid
 *        |  threads
 *      struct uthread   struct thread + signal mask, pending signals, credentials    one for each tid
 *
 * A process lives from proc_create() to its parent's wait; between exit and wait it is a zombie without memory and files.  Credentials
 * belong to the thread, as on Linux: only the thread itself changes them, so it may read them without a lock.
 *
 * Lock key, the same in every header:  I immutable after creation   a atomic   p proc lock   t proc-tree lock   T only the thread
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
struct inode;
struct itimers;
struct vmspace;

#define PID_MAX 32768

/* Signals sent but not yet taken.  A set bit without a record in the queue is a signal about which nothing more is known. */
struct sigpending {
	sigset_t set;      /* p */
	struct list queue; /* p  struct sigqueue: siginfo, in order of arrival */
};

/* What to do on each signal; shared by the threads of a process. */
struct sigactions {
	struct sigaction action[NSIG]; /* p  [0] is not used */
};

struct uthread {
	struct thread td;           /*    first: thread_uthread() */
	int32_t tid;                /* I  of the first thread: the pid */
	struct list link;           /* p  proc.threads */
	struct cred cred;           /* T p  changed by itself, under p */
	sigset_t sigmask;           /* T p */
	sigset_t saved_sigmask;     /* T  to restore once the handler of a sigsuspend or ppoll ran */
	bool restore_sigmask;       /* T */
	struct sigpending pending;  /* p  for this thread alone */
	stack_t altstack;           /* T  sigaltstack(2) */
	uint64_t clear_child_tid;   /* T  user address, 0: none */
	uint64_t minor_faults, major_faults; /* T */
	bool forced_exit;           /* p  exit_group or a fatal signal: leave the kernel by dying */
};

enum proc_state { PROC_NEW, PROC_ALIVE, PROC_ZOMBIE };

struct proc {
	struct spinlock lock; /* RANK_PROC */
	int32_t pid;          /* I */
	int refs;             /* a    the process itself, its wait, lookups in progress; 0 frees the struct */

	/* Family. */
	struct list all_link;       /* t    every process, oldest first */
	struct list hash_link;      /* t    pid table */
	struct proc *parent;        /* t    NULL: init and the kernel's own */
	struct list children;       /* t */
	struct list sibling;        /* t */
	int32_t pgid, sid;          /* t p */
	uint32_t state;             /* t    enum proc_state */
	int exit_status;            /* t    wait status, once a ZOMBIE */
	int exit_signal;            /* t    sent to the parent; 0: none */
	bool execed;                /* t    setpgid by the parent comes too late */
	bool wait_stopped;          /* t p  a stop that wait has not reported yet */
	bool wait_continued;        /* t p */
	bool vfork_done;            /* t    a vfork child: has let go of its parent's space */

	/* Resources. */
	struct vmspace *vmspace;     /* p    NULL after exit; its own threads may read it without a lock */
	struct fdtable *fdtable;     /* p    as vmspace */
	struct inode *root, *cwd;    /* p    one reference each; NULL after exit */
	uint32_t umask;              /* p */
	struct rlimit limit[RLIM_NLIMITS]; /* p */
	char exe[256];               /* p    path it was started from, for /proc/PID/exe; empty: too long */
	bool dumpable;               /* p    prctl */

	/* Threads and signals. */
	struct list threads;         /* p    struct uthread */
	unsigned nthreads;           /* p    not yet exited */
	bool exiting;                /* p    exit_group has begun: nobody starts a thread */
	int stop_signal;             /* p    stopped by it; 0: running */
	int stop_code;               /* p    the signal to report, for wait */
	struct sigactions *actions;  /* I */
	struct sigpending pending;   /* p    for any thread */
	struct itimers *timers;      /* p    setitimer; NULL: never used */

	/* Accounts. */
	uint64_t start_ns;           /* I    monotonic */
	uint64_t utime_ns, stime_ns; /* p    of threads that have exited */
	uint64_t minor_faults, major_faults, switches, preemptions; /* p    the same */
	uint64_t max_resident;       /* p    pages, the most seen */
	struct proc_child_usage {
		uint64_t utime_ns, stime_ns, minor_faults, major_faults, switches, preemptions, max_resident;
	} children_usage;            /* t    of children waited for, and theirs */
	int8_t nice;                 /* p    stored, not obeyed */
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
void proc_ref(struct proc *p);
void proc_unref(struct proc *p);
/* Calls fn for every process, with the tree lock held: fn must not sleep. */
void proc_foreach(void (*fn)(struct proc *p, void *arg), void *arg);
unsigned proc_count(void);
/* The smallest pid >= from that is in use, for directory listings.  0: none. */
int32_t proc_next_pid(int32_t from);
/* Its address space with a hold (vmspace_unhold), NULL if it has none any more.  => may be called for any process. */
struct vmspace *proc_hold_vmspace(struct proc *p);
/* Does the process group exist in that session? */
bool pgrp_in_session(int32_t pgid, int32_t sid);
/* No member of the group has a parent in the same session but another group: nobody could continue it. */
bool pgrp_is_orphaned(int32_t pgid);

/* A consistent picture of one process, for /proc and ^P. */
struct proc_info {
	int32_t pid, ppid, pgid, sid;
	char state;                   /* R S D T Z, as in /proc/PID/stat */
	char name[THREAD_NAME_MAX];   /* of the first thread */
	char why[24];                 /* what it sleeps on; empty: it does not */
	char exe[256];
	uint32_t ruid, euid, suid, rgid, egid, sgid;
	unsigned nthreads;
	unsigned hart;                /* where the first thread ran last */
	uint64_t utime_ns, stime_ns, child_utime_ns, child_stime_ns, start_ns;
	uint64_t minor_faults, major_faults, child_minor_faults, child_major_faults;
	uint64_t switches, preemptions;
	sigset_t pending, blocked, ignored, caught;
	int nice;
	int exit_status;
};
void proc_get_info(struct proc *p, struct proc_info *info);

/*
 * Life: fork.c, exec.c, exit.c.
 */
/* A process without threads, in PROC_NEW, with a pid, child of `parent` (NULL: none), inheriting what needs no copying.  NULL: EAGAIN. */
struct proc *proc_create(struct proc *parent);
/* Its first (or next) thread; starts in fn(arg).  NULL: no memory. */
struct uthread *proc_add_thread(struct proc *p, int32_t tid, const char *name, void (*fn)(void *arg), void *arg);
/* Undo proc_create: nobody has seen p run. */
void proc_abandon(struct proc *p);
/* What is left of a zombie: called by wait.  => may sleep. */
void proc_reap(struct proc *p);

/* The current process ends, all its threads with it.  `status` is a wait status (W_EXITCODE).  => no lock held. */
void proc_exit(int status) NORETURN;
/* The current thread ends; the process does if it was the last.  => no lock held. */
void uthread_exit(int status) NORETURN;
/* Other threads of the process have asked this one to die. => called on the way to user mode. */

struct clone_args {
	uint64_t flags;     /* CLONE_* */
	uint64_t stack;     /* the child's sp; 0: the parent's */
	uint64_t parent_tid, child_tid, tls;
	int exit_signal;
};
/* fork, vfork, clone.  => returns the child's pid, or negative: -EAGAIN, -ENOMEM, -EINVAL. */
long proc_clone(const struct clone_args *args);

/* Run another program.  path, argv, envp: user addresses.  => on success the caller's user registers are the new program's. */
int proc_exec(uint64_t path, uint64_t argv, uint64_t envp);
/* The first program: kernel strings. => the current process has no vmspace yet. */
int proc_exec_kernel(const char *path, const char *const *argv, const char *const *envp);

#endif
