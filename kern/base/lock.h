/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three locks, each with a name and a rank.
 *
 *   spinlock  interrupts off on this hart while held; the holder never sleeps.
 *   mutex     blocks the thread; spins first while the owner runs (adaptive).  The holder does not
 *             sleep voluntarily for long.
 *   sx        shared/exclusive, sleepable; a reader may try to upgrade, which never waits.
 *
 * With CHECK=1 every acquisition is checked: ranks must grow (docs/locking.md draws the ladder),
 * the same lock is never taken twice, a mutex or sx is never taken while a spinlock is held, and a
 * lock is released by its owner.
 */
#ifndef KERN_BASE_LOCK_H
#define KERN_BASE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/annot.h"
#include "lib/list.h"

struct thread;

/* The lock order, outermost first.  A thread acquires only ranks above all it holds; equal ranks
 * only through the _nested calls. */
enum lock_rank {
	/* sleeping locks */
	RANK_EXEC = 5,      /* a process's exec/ptrace exclusion */
	RANK_FILE = 8,      /* open file offset, pipe, tty line */
	RANK_RENAME = 9,    /* one rename at a time in a file system: directories do not move */
	RANK_LOG_TXN = 10,  /* journal: a transaction is open */
	RANK_INODE = 20,    /* inode; parent before child with _nested */
	RANK_USER_MAP = 30, /* vm_map of a user space; the child's during fork with _nested */
	/* kernel_map; its submaps with _nested never needed: they are leaves */
	RANK_KERNEL_MAP = 40,
	RANK_OBJECT = 50,     /* vm_object; shadow before backing with _nested */
	RANK_BLOCKMAP = 60,   /* an inode's block map (pager side) */
	RANK_ORPHAN = 62,     /* list of inodes being freed */
	RANK_BUF = 65,        /* metadata buffer */
	RANK_LOG = 70,        /* journal bookkeeping */
	RANK_LEAF_SLEEP = 90, /* sleeping leaf locks of one file */
	/* spin locks */
	RANK_SPIN = 100,       /* first spinning rank */
	RANK_PROC_TREE = 110,  /* parent/child links, pid table */
	RANK_PROC = 120,       /* one process: signals, state */
	RANK_SIGACTIONS = 122, /* actions on signals, which processes may share */
	RANK_FSDIRS = 123,     /* root, directory and umask, which processes may share */
	RANK_FUTEX = 125,      /* queues of futex waiters; two of them in order of address */
	RANK_VFS = 130,        /* inode cache, mount table, file table */
	RANK_BIO = 140,        /* buffer cache lists */
	RANK_PV_GLOBAL = 150,
	/* one pmap; the destination before the source in pmap_copy with _nested */
	RANK_PMAP = 160,
	RANK_PV = 170,
	RANK_PAGEQ = 180,
	RANK_ZONE = 190,
	RANK_FREELIST = 200,
	RANK_TTY = 205, /* a terminal's line discipline; echoes to its driver */
	RANK_DRIVER = 210,
	RANK_POLL = 215, /* queues of pollers */
	RANK_TIMER = 220,
	RANK_INTERLOCK = 225, /* inside an sx */
	RANK_SLEEPQ = 230,
	RANK_RUNQ = 240,
	RANK_CONSOLE = 250, /* output only: may be taken under anything */
	RANK_UART = 260,    /* the serial line below it */
};

struct lock_head {
	const char *name; /* I */
	uint16_t rank;    /* I */
};

struct CAPABILITY("spinlock") spinlock {
	struct lock_head head;
	uint32_t locked; /* a */
	int32_t hart;    /* a  holder's hart, -1 */
};

struct CAPABILITY("mutex") mutex {
	struct lock_head head;
	uintptr_t owner; /* a  struct thread of the holder; bit 0: somebody waits */
};

struct CAPABILITY("sx") sx {
	struct lock_head head;
	/* a  SX_WRITER, SX_WAITERS, readers * SX_READER; changes by atomic operations even under
	 * interlock */
	uint32_t state;
	struct thread *owner; /* a  exclusive holder, for checks */
	struct spinlock interlock;
	uint32_t waiting_writers; /* interlock */
	uint32_t waiting_readers; /* interlock */
	/* interlock  waiting readers let in past waiting writers: nobody starves */
	uint32_t grants;
};

#define SX_WRITER  1u
#define SX_WAITERS 2u /* somebody waits: nobody gets it without the interlock */
#define SX_READER  4u

#define SPINLOCK_INIT(lockname, lockrank)                                                          \
	{                                                                                          \
		{(lockname), (lockrank)}, 0, -1                                                    \
	}
#define MUTEX_INIT(lockname, lockrank)                                                             \
	{                                                                                          \
		{(lockname), (lockrank)}, 0                                                        \
	}

/* => any context.  => returns with interrupts off on this hart until the last spinlock is released.
 */
void spin_init(struct spinlock *lk, const char *name, enum lock_rank rank);
void spin_lock(struct spinlock *lk) ACQUIRES(*lk);
void spin_lock_nested(struct spinlock *lk) ACQUIRES(*lk);       /* same rank as one already held */
bool spin_trylock(struct spinlock *lk) TRY_ACQUIRES(true, *lk); /* any rank: cannot deadlock */
void spin_unlock(struct spinlock *lk) RELEASES(*lk);
bool spin_owned(const struct spinlock *lk); /* by this hart */

/* => thread context, no spinlock held; may sleep (not the try form). */
void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);
void mutex_lock(struct mutex *m) ACQUIRES(*m);
void mutex_lock_nested(struct mutex *m) ACQUIRES(*m);
bool mutex_trylock(struct mutex *m) TRY_ACQUIRES(true, *m);
void mutex_unlock(struct mutex *m) RELEASES(*m);
bool mutex_owned(const struct mutex *m); /* by this thread */

/* => thread context, no spinlock held; may sleep (not the try forms, not downgrade). No recursion,
 * shared or exclusive. */
void sx_init(struct sx *sx, const char *name, enum lock_rank rank);
void sx_slock(struct sx *sx) ACQUIRES_SHARED(*sx);
void sx_xlock(struct sx *sx) ACQUIRES(*sx);
void sx_xlock_nested(struct sx *sx) ACQUIRES(*sx);
bool sx_try_slock(struct sx *sx) TRY_ACQUIRES_SHARED(true, *sx);
bool sx_try_xlock(struct sx *sx) TRY_ACQUIRES(true, *sx);
void sx_sunlock(struct sx *sx) RELEASES_SHARED(*sx);
void sx_xunlock(struct sx *sx) RELEASES(*sx);
/* Become exclusive if this thread is the only reader.  => shared held; true: exclusive held, false:
 * still shared.  Never waits. */
bool sx_try_upgrade(struct sx *sx) NO_LOCK_ANALYSIS;
void sx_downgrade(struct sx *sx) NO_LOCK_ANALYSIS;
bool sx_xowned(const struct sx *sx); /* exclusively, by this thread */
bool sx_locked(const struct sx *sx); /* by anybody, either way */

/* Panic if this thread holds any sleeping lock: at return to user mode, at exit.  No-op with
 * CHECK=0. */
void lock_assert_none(void);
/* The same for sleeping locks of this rank and above: before a wait that their holders may have to
 * end. */
void lock_assert_below(enum lock_rank rank);

/* Interrupts off, nesting; the last pop restores what the first push found. */
void intr_push_off(void);
void intr_pop_off(void);

#endif
