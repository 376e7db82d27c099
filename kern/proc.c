/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process table and the family tree.
 *
 *      proc_create --> proc_publish --> (runs) --> zombie --> proc_unlink --> last proc_unref
 *        pid, memory     findable                  exit.c      by wait          memory
 *
 * A struct proc is freed by its last reference: being in the pid table is one, each thread is one,
 * whoever looked it up has one.  Pids and tids come from one bitmap; a number stays taken while its
 * process is not waited for, and is not handed out while it still names a process group or session.
 *
 * Lock order: proc_tree_lock (family, table, states), then one proc.lock (its own things).  Both
 * are spinlocks: nothing here sleeps with them, memory is got before and given back after.
 *
 * Rejected: structs for process groups and sessions.  With two numbers in each process there is
 * nothing to keep in step, and walking the table for a ^C is cheap enough.
 */
#include "kern/proc.h"

#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fdtable.h"
#include "kern/fsdirs.h"
#include "kern/futex.h"
#include "kern/signal.h"
#include "kern/stackdepth.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_km.h"
#include "vm/vmspace.h"
#include "vm/zone.h"

#define PID_HASH 64 /* buckets, a power of two */

struct spinlock proc_tree_lock = SPINLOCK_INIT("proc tree", RANK_PROC_TREE);
struct proc *init_proc;

static struct list all_procs = LIST_INIT(all_procs); /* t */
static struct list pid_hash[PID_HASH];               /* t */
static unsigned nprocs;                              /* t */
static uint64_t pid_map[PID_MAX / 64];               /* t  bit: this pid or tid is taken */
static int32_t last_pid;                             /* t */

static struct zone *proc_zone, *uthread_zone;

/*
 * Memory of threads, for the scheduler.
 */

static struct thread *
thread_alloc(void)
{
	struct uthread *t = zone_alloc(uthread_zone, ZONE_ZERO);

	if (t == NULL)
		return NULL;
	t->td.md.kstack = kstack_alloc();
	if (t->td.md.kstack == 0) {
		zone_free(uthread_zone, t);
		return NULL;
	}
	stack_prepare(t->td.md.kstack);
	list_init(&t->link);
	list_init(&t->pending.queue);
	return &t->td;
}

/* => tree locked. */
static void
pid_release(int32_t pid)
{
	pid_map[pid / 64] &= ~(1ul << pid % 64);
}

void
pid_free(int32_t pid)
{
	spin_lock(&proc_tree_lock);
	pid_release(pid);
	spin_unlock(&proc_tree_lock);
}

static void
thread_free(struct thread *td)
{
	struct uthread *t = thread_uthread(td);
	struct proc *p = td->proc;

	if (p != NULL) {
		/* A process that is gone may still be looked at by who has a reference. */
		spin_lock(&p->lock);
		list_remove(&t->link);
		spin_unlock(&p->lock);
		if (t->tid != p->pid)
			pid_free(t->tid);
	}
	cred_groups_unref(t->cred.groups);
	stack_measure(td->md.kstack);
	kstack_free(td->md.kstack);
	zone_free(uthread_zone, t);
	if (p != NULL)
		proc_unref(p);
}

void
uthread_free(struct uthread *t)
{
	thread_free(&t->td);
}

void
proc_init(void)
{
	static const struct thread_ops ops = {thread_alloc, thread_free, pmap_activate};

	for (unsigned i = 0; i < PID_HASH; i++)
		list_init(&pid_hash[i]);
	pid_map[0] = 1;
	proc_zone = zone_create("proc", sizeof(struct proc), 0, NULL);
	uthread_zone = zone_create("uthread", sizeof(struct uthread), 0, NULL);
	signal_init();
	futex_init();
	fsdirs_init();
	sched_init(&ops);
}

/*
 * Finding.
 */

static inline struct list *
pid_bucket(int32_t pid)
{
	return &pid_hash[(uint32_t)pid % PID_HASH];
}

/* => tree locked. */
static struct proc *
proc_lookup(int32_t pid)
{
	LIST_FOREACH(link, pid_bucket(pid)) {
		struct proc *p = LIST_ENTRY(link, struct proc, hash_link);

		if (p->pid == pid)
			return p;
	}
	return NULL;
}

struct proc *
proc_find(int32_t pid)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	p = proc_lookup(pid);
	if (p != NULL)
		proc_ref(p);
	spin_unlock(&proc_tree_lock);
	return p;
}

static bool
has_thread(struct proc *p, int32_t tid)
{
	bool found = false;

	spin_lock(&p->lock);
	LIST_FOREACH(link, &p->threads)
		if (LIST_ENTRY(link, struct uthread, link)->tid == tid)
			found = true;
	spin_unlock(&p->lock);
	return found;
}

struct proc *
proc_find_thread(int32_t tid)
{
	struct proc *found = NULL;

	spin_lock(&proc_tree_lock);
	LIST_FOREACH(link, &all_procs) {
		struct proc *p = LIST_ENTRY(link, struct proc, all_link);

		if (has_thread(p, tid)) {
			found = p;
			proc_ref(p);
			break;
		}
	}
	spin_unlock(&proc_tree_lock);
	return found;
}

void
proc_ref(struct proc *p)
{
	__atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
}

void
proc_unref(struct proc *p)
{
	int left = __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL);

	KASSERT(left >= 0);
	if (left > 0)
		return;
	KASSERT(p->vmspace == NULL && p->fdtable == NULL);
	signal_flush(&p->pending);
	sigactions_unref(p->actions);
	exe_path_unref(p->exe);
	zone_free(proc_zone, p);
}

void
proc_foreach_locked(void (*fn)(struct proc *p, void *arg), void *arg)
{
	KASSERT(spin_owned(&proc_tree_lock));
	LIST_FOREACH(link, &all_procs)
		fn(LIST_ENTRY(link, struct proc, all_link), arg);
}

void
proc_foreach(void (*fn)(struct proc *p, void *arg), void *arg)
{
	spin_lock(&proc_tree_lock);
	proc_foreach_locked(fn, arg);
	spin_unlock(&proc_tree_lock);
}

void
proc_foreach_unlocked(void (*fn)(struct proc *p, void *arg), void *arg)
{
	const struct list *link = all_procs.next;

	for (unsigned n = 0; link != &all_procs && n < PID_MAX; link = link->next, n++)
		fn(LIST_ENTRY(link, struct proc, all_link), arg);
}

unsigned
proc_count(void)
{
	return __atomic_load_n(&nprocs, __ATOMIC_RELAXED);
}

int32_t
proc_next_pid(int32_t from)
{
	int32_t best = 0;

	spin_lock(&proc_tree_lock);
	LIST_FOREACH(link, &all_procs) {
		struct proc *p = LIST_ENTRY(link, struct proc, all_link);

		if (p->pid >= from && (best == 0 || p->pid < best))
			best = p->pid;
	}
	spin_unlock(&proc_tree_lock);
	return best;
}

struct vmspace *
proc_hold_vmspace(struct proc *p)
{
	struct vmspace *vm;

	spin_lock(&p->lock);
	vm = p->vmspace;
	if (vm != NULL && !vmspace_hold(vm))
		vm = NULL;
	spin_unlock(&p->lock);
	return vm;
}

bool
pgrp_in_session(int32_t pgid, int32_t sid)
{
	bool found = false;

	spin_lock(&proc_tree_lock);
	LIST_FOREACH(link, &all_procs) {
		struct proc *p = LIST_ENTRY(link, struct proc, all_link);

		if (p->pgid == pgid && p->sid == sid && p->state == PROC_ALIVE)
			found = true;
	}
	spin_unlock(&proc_tree_lock);
	return found;
}

/* => tree locked. */
static bool
continuable(const struct proc *p)
{
	const struct proc *parent = p->parent;

	return parent != NULL && parent != init_proc && parent->sid == p->sid &&
	    parent->pgid != p->pgid;
}

bool
pgrp_is_orphaned_locked(int32_t pgid)
{
	bool orphaned = true;

	KASSERT(spin_owned(&proc_tree_lock));
	LIST_FOREACH(link, &all_procs) {
		struct proc *p = LIST_ENTRY(link, struct proc, all_link);

		if (p->pgid == pgid && p->state == PROC_ALIVE && continuable(p))
			orphaned = false;
	}
	return orphaned;
}

bool
pgrp_is_orphaned(int32_t pgid)
{
	bool orphaned;

	spin_lock(&proc_tree_lock);
	orphaned = pgrp_is_orphaned_locked(pgid);
	spin_unlock(&proc_tree_lock);
	return orphaned;
}

/*
 * Making one.
 */

/* Is that number still the name of a group or session?  => tree locked. */
static bool
pid_names_group(int32_t pid)
{
	LIST_FOREACH(link, &all_procs) {
		struct proc *p = LIST_ENTRY(link, struct proc, all_link);

		if (p->pgid == pid || p->sid == pid)
			return true;
	}
	return false;
}

int32_t
pid_alloc(void)
{
	int32_t found = 0;

	spin_lock(&proc_tree_lock);
	for (int32_t i = 1; i < PID_MAX && found == 0; i++) {
		int32_t pid = (last_pid + i) % PID_MAX;

		if ((pid_map[pid / 64] >> pid % 64 & 1) == 0 && !pid_names_group(pid))
			found = pid;
	}
	if (found != 0) {
		pid_map[found / 64] |= 1ul << found % 64;
		last_pid = found;
	}
	spin_unlock(&proc_tree_lock);
	return found;
}

int
exe_path_create(const char *path, struct exe_path **exep)
{
	size_t size = strlen(path) + 1;
	struct exe_path *exe;

	*exep = NULL;
	if (size > EXE_PATH_MAX)
		return 0;
	exe = kmalloc(sizeof(*exe) + size, 0);
	if (exe == NULL)
		return ENOMEM;
	exe->refs = 1;
	memcpy(exe->path, path, size);
	*exep = exe;
	return 0;
}

void
exe_path_unref(struct exe_path *exe)
{
	if (exe != NULL && __atomic_sub_fetch(&exe->refs, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(exe, sizeof(*exe) + strlen(exe->path) + 1);
}

static void
default_limits(struct proc *p)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		p->limit[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	p->limit[RLIMIT_STACK].rlim_cur = USER_STACK_RESERVE;
	p->limit[RLIMIT_CORE].rlim_cur = 0;
	p->limit[RLIMIT_NOFILE] = (struct rlimit){1024, 4096};
	p->limit[RLIMIT_MEMLOCK] = (struct rlimit){8ul << 20, 8ul << 20};
	p->limit[RLIMIT_SIGPENDING] = (struct rlimit){1024, 1024};
	p->limit[RLIMIT_NICE] = p->limit[RLIMIT_RTPRIO] = (struct rlimit){0, 0};
}

/* What a child has of its parent, memory and files aside. */
static void
inherit(struct proc *p, struct proc *parent)
{
	if (parent == NULL) {
		default_limits(p);
		return;
	}
	spin_lock(&parent->lock);
	memcpy(p->limit, parent->limit, sizeof(p->limit));
	p->exe = parent->exe;
	if (p->exe != NULL)
		__atomic_fetch_add(&p->exe->refs, 1, __ATOMIC_RELAXED);
	p->nice = parent->nice;
	p->dumpable = parent->dumpable;
	p->pgid = parent->pgid;
	p->sid = parent->sid;
	spin_unlock(&parent->lock);
}

bool
proc_too_many(struct proc *parent)
{
	uint64_t limit = parent->limit[RLIMIT_NPROC].rlim_cur, count = 0;
	uint32_t uid = curuthread()->cred.ruid;

	if (uid == 0 || limit == RLIM_INFINITY)
		return false;
	spin_lock(&proc_tree_lock);
	LIST_FOREACH(link, &all_procs) {
		struct proc *p = LIST_ENTRY(link, struct proc, all_link);

		spin_lock(&p->lock);
		if (!list_empty(&p->threads) && first_thread(p)->cred.ruid == uid)
			count += MAX(p->nthreads, 1u);
		spin_unlock(&p->lock);
	}
	spin_unlock(&proc_tree_lock);
	return count >= limit;
}

int
proc_create(struct proc *parent, struct proc **pp)
{
	struct proc *p;

	if (parent != NULL && proc_too_many(parent))
		return EAGAIN;
	p = zone_alloc(proc_zone, ZONE_ZERO);
	if (p == NULL)
		return ENOMEM;
	p->actions = sigactions_alloc(parent != NULL ? parent->actions : NULL);
	if (p->actions == NULL) {
		zone_free(proc_zone, p);
		return ENOMEM;
	}
	spin_init(&p->lock, "proc", RANK_PROC);
	list_init(&p->all_link);
	list_init(&p->hash_link);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->threads);
	list_init(&p->pending.queue);
	p->dumpable = true;
	inherit(p, parent);
	p->pid = pid_alloc();
	if (p->pid == 0) {
		sigactions_unref(p->actions);
		exe_path_unref(p->exe);
		zone_free(proc_zone, p);
		return EAGAIN;
	}
	p->start_ns = clock_mono_ns();
	*pp = p;
	return 0;
}

struct uthread *
uthread_alloc(struct proc *p, int32_t tid, const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *td = thread_alloc();
	struct uthread *t;

	if (td == NULL)
		return NULL;
	t = thread_uthread(td);
	thread_setup(td, name, fn, arg);
	td->proc = p;
	t->tid = tid;
	t->altstack.ss_flags = SS_DISABLE;
	proc_ref(p);
	return t;
}

int
uthread_join(struct uthread *t)
{
	struct proc *p = t->td.proc;
	int error = 0;

	spin_lock(&p->lock);
	if (p->exiting || p->survivor != NULL) {
		error = EINTR;
	} else {
		list_push_back(&p->threads, &t->link);
		p->nthreads++;
		/* It has its part in what has come to the process so far, a stop for example. */
		signal_recalc(p, t);
	}
	spin_unlock(&p->lock);
	return error;
}

struct uthread *
uthread_create(struct proc *p, int32_t tid, const char *name, void (*fn)(void *arg), void *arg)
{
	struct uthread *t = uthread_alloc(p, tid, name, fn, arg);

	if (t != NULL && uthread_join(t) != 0) {
		uthread_free(t);
		return NULL;
	}
	return t;
}

/* => tree locked. */
static bool
is_exiting(struct proc *p)
{
	bool exiting;

	spin_lock(&p->lock);
	exiting = p->exiting;
	spin_unlock(&p->lock);
	return exiting;
}

bool
proc_publish(struct proc *p, struct proc *parent)
{
	spin_lock(&proc_tree_lock);
	if (parent != NULL && is_exiting(parent)) {
		spin_unlock(&proc_tree_lock);
		return false;
	}
	proc_ref(p);
	list_push_back(&all_procs, &p->all_link);
	list_push_back(pid_bucket(p->pid), &p->hash_link);
	nprocs++;
	p->state = PROC_ALIVE;
	p->parent = parent;
	if (parent != NULL) {
		p->ppid = parent->pid;
		/* The parent may have moved to another group since we looked. */
		p->pgid = parent->pgid;
		p->sid = parent->sid;
		list_push_back(&parent->children, &p->sibling);
	} else {
		p->pgid = p->sid = p->pid;
	}
	spin_unlock(&proc_tree_lock);
	return true;
}

void
proc_unlink(struct proc *p)
{
	list_remove(&p->all_link);
	list_remove(&p->hash_link);
	list_remove(&p->sibling);
	p->parent = NULL;
	p->state = PROC_GONE;
	nprocs--;
	pid_release(p->pid);
}

void
proc_release_resources(struct proc *p)
{
	struct vmspace *vm;
	struct fdtable *fds;
	struct fsdirs *dirs;

	spin_lock(&p->lock);
	vm = p->vmspace;
	fds = p->fdtable;
	dirs = p->dirs;
	p->vmspace = NULL;
	p->fdtable = NULL;
	p->dirs = NULL;
	spin_unlock(&p->lock);
	if (vm != NULL)
		vmspace_unref(vm);
	fdtable_unref(fds);
	fsdirs_unref(dirs);
}

void
proc_abandon(struct proc *p)
{
	struct list *link;

	proc_release_resources(p);
	pid_free(p->pid);
	proc_ref(p);
	while ((link = list_pop_front(&p->threads)) != NULL)
		uthread_free(LIST_ENTRY(link, struct uthread, link));
	proc_unref(p);
}

/*
 * Accounts.
 */

void
uthread_get_usage(struct uthread *t, struct proc_usage *u)
{
	const struct thread *td = &t->td;
	uint64_t ns = thread_runtime(td), ticks = (uint64_t)td->user_ticks + td->sys_ticks;

	*u = (struct proc_usage){
	    .minor_faults = td->minor_faults,
	    .major_faults = td->major_faults,
	    .switches = td->switches,
	    .preemptions = td->preemptions,
	};
	/* The sum is exact; how it divides is what the clock ticks saw.  Too short to have seen
	 * one: half and half. */
	u->utime_ns = ticks != 0 ? ns / ticks * td->user_ticks : ns / 2;
	u->stime_ns = ns - u->utime_ns;
}

void
proc_usage_add(struct proc_usage *sum, const struct proc_usage *u)
{
	sum->utime_ns += u->utime_ns;
	sum->stime_ns += u->stime_ns;
	sum->minor_faults += u->minor_faults;
	sum->major_faults += u->major_faults;
	sum->switches += u->switches;
	sum->preemptions += u->preemptions;
	if (sum->max_resident < u->max_resident)
		sum->max_resident = u->max_resident;
}

void
proc_get_usage(struct proc *p, struct proc_usage *u)
{
	uint64_t resident = 0;

	spin_lock(&p->lock);
	*u = p->usage;
	LIST_FOREACH(link, &p->threads) {
		struct proc_usage t;

		uthread_get_usage(LIST_ENTRY(link, struct uthread, link), &t);
		proc_usage_add(u, &t);
	}
	if (p->vmspace != NULL)
		resident = vmspace_max_resident(p->vmspace);
	if (p->usage.max_resident < resident)
		p->usage.max_resident = resident;
	u->max_resident = p->usage.max_resident;
	spin_unlock(&p->lock);
}

void
proc_usage_to_rusage(const struct proc_usage *u, struct rusage *r)
{
	memset(r, 0, sizeof(*r));
	r->ru_utime = (struct timeval){
	    (time_t)(u->utime_ns / 1000000000), (suseconds_t)(u->utime_ns / 1000 % 1000000)};
	r->ru_stime = (struct timeval){
	    (time_t)(u->stime_ns / 1000000000), (suseconds_t)(u->stime_ns / 1000 % 1000000)};
	r->ru_maxrss = (long)(u->max_resident * (PAGE_SIZE / 1024));
	r->ru_minflt = (long)u->minor_faults;
	r->ru_majflt = (long)u->major_faults;
	r->ru_nvcsw = (long)u->switches;
	r->ru_nivcsw = (long)u->preemptions;
}

/* => p locked. */
static char
state_letter(const struct proc *p, const struct uthread *t)
{
	if (p->state == PROC_ZOMBIE || t == NULL)
		return 'Z';
	if (p->stop_signal != 0)
		return 'T';
	if (thread_state(&t->td) == THREAD_SLEEPING)
		return t->td.sleep_intr ? 'S' : 'D';
	return 'R';
}

/* => p locked. */
static void
info_of_thread(struct proc_info *info, const struct uthread *t)
{
	const char *why = __atomic_load_n(&t->td.why, __ATOMIC_RELAXED);

	info->tid = t->tid;
	strlcpy(info->name, t->td.name, sizeof(info->name));
	if (why != NULL)
		strlcpy(info->why, why, sizeof(info->why));
	info->ruid = t->cred.ruid;
	info->euid = t->cred.euid;
	info->suid = t->cred.suid;
	info->rgid = t->cred.rgid;
	info->egid = t->cred.egid;
	info->sgid = t->cred.sgid;
	info->hart = t->td.hart;
	info->blocked = t->sigmask;
	info->pending |= t->pending.set;
}

/* => p locked. */
static struct uthread *
find_thread(const struct proc *p, int32_t tid)
{
	LIST_FOREACH(link, &p->threads) {
		struct uthread *t = LIST_ENTRY(link, struct uthread, link);

		if (t->tid == tid)
			return t;
	}
	return NULL;
}

/* => tree and p locked. */
static void
info_of_process(struct proc_info *info, const struct proc *p)
{
	info->pid = p->pid;
	info->ppid = p->ppid;
	info->pgid = p->pgid;
	info->sid = p->sid;
	info->pending = p->pending.set;
	if (p->exe != NULL)
		strlcpy(info->exe, p->exe->path, sizeof(info->exe));
	info->nthreads = p->nthreads;
	info->children_usage = p->children_usage;
	info->start_ns = p->start_ns;
	signal_choices(p, &info->ignored, &info->caught);
	info->nice = p->nice;
	info->exit_status = p->exit_status;
}

void
proc_get_info(struct proc *p, struct proc_info *info)
{
	struct uthread *t = NULL;

	memset(info, 0, sizeof(*info));
	proc_get_usage(p, &info->usage);
	spin_lock(&proc_tree_lock);
	spin_lock(&p->lock);
	if (!list_empty(&p->threads))
		t = first_thread(p);
	info_of_process(info, p);
	info->state = state_letter(p, t);
	if (t != NULL)
		info_of_thread(info, t);
	spin_unlock(&p->lock);
	spin_unlock(&proc_tree_lock);
}

int
proc_get_thread_info(struct proc *p, int32_t tid, struct proc_info *info)
{
	struct uthread *t;

	memset(info, 0, sizeof(*info));
	spin_lock(&proc_tree_lock);
	spin_lock(&p->lock);
	t = find_thread(p, tid);
	if (t != NULL) {
		info_of_process(info, p);
		info->state = state_letter(p, t);
		info->pending = 0;
		info_of_thread(info, t);
		uthread_get_usage(t, &info->usage);
	}
	spin_unlock(&p->lock);
	spin_unlock(&proc_tree_lock);
	return t != NULL ? 0 : ESRCH;
}

int32_t
proc_next_tid(struct proc *p, int32_t from)
{
	int32_t best = 0;

	spin_lock(&p->lock);
	LIST_FOREACH(link, &p->threads) {
		int32_t tid = LIST_ENTRY(link, struct uthread, link)->tid;

		if (tid >= from && (best == 0 || tid < best))
			best = tid;
	}
	spin_unlock(&p->lock);
	return best;
}
