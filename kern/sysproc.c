/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls about processes: making, ending, waiting; families, identities, limits; the machine
 * as a whole.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fdtable.h"
#include "kern/fsdirs.h"
#include "kern/proc.h"
#include "kern/random.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/sysmlock.h"
#include "kern/time.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"

/*
 * Life.
 */

long
sys_exit(const struct syscall_args *args)
{
	uthread_exit(W_EXITCODE((int)args->a[0] & 0xff, 0));
}

long
sys_exit_group(const struct syscall_args *args)
{
	proc_exit(W_EXITCODE((int)args->a[0] & 0xff, 0));
}

long
sys_clone(const struct syscall_args *args)
{
	struct clone_args c = {
	    .flags = args->a[0] & ~(uint64_t)CSIGNAL,
	    .stack = args->a[1],
	    .parent_tid = args->a[2],
	    .tls = args->a[3],
	    .child_tid = args->a[4],
	    .exit_signal = (int)(args->a[0] & CSIGNAL),
	};

	return proc_clone(&c);
}

long
sys_execve(const struct syscall_args *args)
{
	return -proc_exec(args->a[0], args->a[1], args->a[2]);
}

#define WAIT_IGNORED                                                                               \
	0xe0000000u /* __WNOTHREAD, __WALL, __WCLONE: there are no such differences here */

long
sys_wait4(const struct syscall_args *args)
{
	int32_t pid = (int32_t)args->a[0];
	unsigned options = (unsigned)args->a[2] & ~WAIT_IGNORED;
	struct wait_query q = {
	    .kind = P_PGID, .id = pid < 0 ? -pid : pid, .options = (int)options | WEXITED};
	struct wait_result r;
	int error;

	if ((options & ~(unsigned)(WNOHANG | WUNTRACED | WCONTINUED)) != 0)
		return -EINVAL;
	if (pid == INT_MIN)
		return -ESRCH;
	if (pid == -1)
		q.kind = P_ALL;
	else if (pid > 0)
		q.kind = P_PID;
	else if (pid == 0)
		q.id = curproc()->pgid;
	error = proc_wait(&q, &r);
	if (error == 0 && r.pid != 0 && args->a[1] != 0)
		error = copyout(args->a[1], &r.status, sizeof(r.status));
	if (error == 0 && r.pid != 0 && args->a[3] != 0)
		error = copyout(args->a[3], &r.usage, sizeof(r.usage));
	return error != 0 ? -error : r.pid;
}

/* What waitid tells of a wait status. */
static siginfo_t
wait_info(const struct wait_result *r)
{
	siginfo_t info = {.si_signo = 0};

	if (r->pid == 0)
		return info;
	info.si_signo = SIGCHLD;
	info.si_pid = r->pid;
	info.si_uid = r->uid;
	if (r->status == 0xffff) {
		info.si_code = CLD_CONTINUED;
		info.si_status = SIGCONT;
	} else if (WIFSTOPPED(r->status)) {
		info.si_code = CLD_STOPPED;
		info.si_status = WSTOPSIG(r->status);
	} else if (WIFSIGNALED(r->status)) {
		info.si_code = CLD_KILLED;
		info.si_status = WTERMSIG(r->status);
	} else {
		info.si_code = CLD_EXITED;
		info.si_status = WEXITSTATUS(r->status);
	}
	return info;
}

long
sys_waitid(const struct syscall_args *args)
{
	unsigned options = (unsigned)args->a[3] & ~WAIT_IGNORED;
	struct wait_query q = {
	    .kind = (int)args->a[0], .id = (int32_t)args->a[1], .options = (int)options};
	struct wait_result r;
	siginfo_t info;
	int error;

	if ((options & ~(unsigned)(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED)) != 0 ||
	    (options & (WEXITED | WSTOPPED | WCONTINUED)) == 0)
		return -EINVAL;
	if ((q.kind != P_ALL && q.kind != P_PID && q.kind != P_PGID) ||
	    (q.kind == P_PID && q.id <= 0) || (q.kind == P_PGID && q.id < 0))
		return -EINVAL;
	if (q.kind == P_PGID && q.id == 0)
		q.id = curproc()->pgid;
	error = proc_wait(&q, &r);
	if (error != 0)
		return -error;
	info = wait_info(&r);
	if (args->a[2] != 0)
		error = copyout(args->a[2], &info, sizeof(info));
	if (error == 0 && args->a[4] != 0)
		error = copyout(args->a[4], &r.usage, sizeof(r.usage));
	return -error;
}

long
sys_set_tid_address(const struct syscall_args *args)
{
	curuthread()->clear_child_tid = args->a[0];
	return curuthread()->tid;
}

/*
 * Family.
 */

long
sys_getpid(const struct syscall_args *args)
{
	(void)args;
	return curproc()->pid;
}

long
sys_gettid(const struct syscall_args *args)
{
	(void)args;
	return curuthread()->tid;
}

long
sys_getppid(const struct syscall_args *args)
{
	(void)args;
	return __atomic_load_n(&curproc()->ppid, __ATOMIC_RELAXED);
}

/* The process meant by a pid argument, 0 being the caller; with a reference. */
static struct proc *
proc_by_argument(uint64_t arg)
{
	int32_t pid = (int32_t)arg;

	if (pid == 0) {
		proc_ref(curproc());
		return curproc();
	}
	return pid > 0 ? proc_find(pid) : NULL;
}

long
sys_getpgid(const struct syscall_args *args)
{
	struct proc *p = proc_by_argument(args->a[0]);
	long pgid;

	if (p == NULL)
		return -ESRCH;
	pgid = p->pgid;
	proc_unref(p);
	return pgid;
}

long
sys_getsid(const struct syscall_args *args)
{
	struct proc *p = proc_by_argument(args->a[0]);
	long sid;

	if (p == NULL)
		return -ESRCH;
	sid = p->sid;
	proc_unref(p);
	return sid;
}

/* May the caller move p to another group?  => tree locked. */
static int
check_setpgid(const struct proc *p)
{
	const struct proc *me = curproc();

	if (p != me && p->parent != me)
		return ESRCH;
	if (p != me && p->sid != me->sid)
		return EPERM;
	if (p != me && p->execed)
		return EACCES;
	return p->sid == p->pid ? EPERM : 0;
}

long
sys_setpgid(const struct syscall_args *args)
{
	int32_t pgid = (int32_t)args->a[1];
	struct proc *p;
	int error;

	if (pgid < 0)
		return -EINVAL;
	p = proc_by_argument(args->a[0]);
	if (p == NULL)
		return -ESRCH;
	if (pgid == 0)
		pgid = p->pid;
	error = pgid == p->pid || pgrp_in_session(pgid, curproc()->sid) ? 0 : EPERM;
	spin_lock(&proc_tree_lock);
	if (check_setpgid(p) != 0)
		error = check_setpgid(p);
	if (error == 0) {
		spin_lock(&p->lock);
		p->pgid = pgid;
		spin_unlock(&p->lock);
	}
	spin_unlock(&proc_tree_lock);
	proc_unref(p);
	return -error;
}

static void
note_member(struct proc *p, void *arg)
{
	int32_t *pgid = arg;

	if (p->pgid == *pgid)
		*pgid = -1;
}

long
sys_setsid(const struct syscall_args *args)
{
	struct proc *p = curproc();
	int32_t pgid = p->pid;

	(void)args;
	/* The new group must be empty; only the caller itself could join it meanwhile. */
	proc_foreach(note_member, &pgid);
	if (pgid == -1)
		return -EPERM;
	spin_lock(&proc_tree_lock);
	spin_lock(&p->lock);
	p->pgid = p->sid = p->pid;
	spin_unlock(&p->lock);
	spin_unlock(&proc_tree_lock);
	return p->pid;
}

/*
 * Scheduling.
 */

long
sys_sched_yield(const struct syscall_args *args)
{
	(void)args;
	yield();
	return 0;
}

/* Call fn on the thread with that tid (0: the caller), its process locked. */
static int
with_thread(uint64_t arg, void (*fn)(struct uthread *t, uint64_t *value), uint64_t *value)
{
	int32_t tid = (int32_t)arg;
	struct proc *p;

	if (tid == 0)
		tid = curuthread()->tid;
	p = proc_find_thread(tid);
	if (p == NULL)
		return ESRCH;
	spin_lock(&p->lock);
	LIST_FOREACH(link, &p->threads) {
		struct uthread *t = LIST_ENTRY(link, struct uthread, link);

		if (t->tid == tid)
			fn(t, value);
	}
	spin_unlock(&p->lock);
	proc_unref(p);
	return 0;
}

static void
get_affinity(struct uthread *t, uint64_t *value)
{
	*value = t->td.affinity & sched_online_mask();
}

/* => *value: the mask; 0 afterwards if it was not the caller's to set. */
static void
set_affinity(struct uthread *t, uint64_t *value)
{
	const struct cred *me = &curuthread()->cred;

	if (me->euid == 0 || me->euid == t->cred.euid || me->euid == t->cred.ruid)
		sched_set_affinity(&t->td, (uint32_t)*value);
	else
		*value = 0;
}

long
sys_sched_getaffinity(const struct syscall_args *args)
{
	uint64_t mask = 0;
	int error;

	if (args->a[1] < sizeof(mask) || args->a[1] % sizeof(mask) != 0)
		return -EINVAL;
	error = with_thread(args->a[0], get_affinity, &mask);
	if (error == 0)
		error = copyout(args->a[2], &mask, sizeof(mask));
	return error != 0 ? -error : (long)sizeof(mask);
}

long
sys_sched_setaffinity(const struct syscall_args *args)
{
	uint64_t mask = 0;
	int error = copyin(&mask, args->a[2], MIN(args->a[1], sizeof(mask)));

	if (error != 0)
		return -error;
	mask &= sched_online_mask();
	if (mask == 0)
		return -EINVAL;
	error = with_thread(args->a[0], set_affinity, &mask);
	if (error == 0 && mask == 0)
		error = EPERM;
	/* If it was for the caller: be there when the call returns. */
	yield();
	return -error;
}

long
sys_sched_getscheduler(const struct syscall_args *args)
{
	struct proc *p = proc_by_argument(args->a[0]);

	if (p == NULL)
		return -ESRCH;
	proc_unref(p);
	return SCHED_OTHER;
}

/* There is one policy, and it has one priority. */
static long
check_sched_param(uint64_t pid, uint64_t user)
{
	struct sched_param param;
	struct proc *p;
	int error = copyin(&param, user, sizeof(param));

	if (error != 0)
		return -error;
	if (param.sched_priority != 0)
		return -EINVAL;
	p = proc_by_argument(pid);
	if (p == NULL)
		return -ESRCH;
	proc_unref(p);
	return 0;
}

long
sys_sched_setscheduler(const struct syscall_args *args)
{
	if ((int)args->a[1] != SCHED_OTHER)
		return -EINVAL;
	return check_sched_param(args->a[0], args->a[2]);
}

long
sys_sched_setparam(const struct syscall_args *args)
{
	return check_sched_param(args->a[0], args->a[1]);
}

long
sys_sched_getparam(const struct syscall_args *args)
{
	const struct sched_param param = {0};
	struct proc *p = proc_by_argument(args->a[0]);

	if (p == NULL)
		return -ESRCH;
	proc_unref(p);
	return -copyout(args->a[1], &param, sizeof(param));
}

static long
policy_priority(uint64_t policy, long realtime)
{
	switch ((int)policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return realtime;
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return 0;
	default:
		return -EINVAL;
	}
}

long
sys_sched_get_priority_max(const struct syscall_args *args)
{
	return policy_priority(args->a[0], 99);
}

long
sys_sched_get_priority_min(const struct syscall_args *args)
{
	return policy_priority(args->a[0], 1);
}

long
sys_getpriority(const struct syscall_args *args)
{
	struct proc *p;
	long nice;

	if ((int)args->a[0] != PRIO_PROCESS)
		return -EINVAL;
	p = proc_by_argument(args->a[1]);
	if (p == NULL)
		return -ESRCH;
	nice = p->nice;
	proc_unref(p);
	return 20 - nice;
}

long
sys_setpriority(const struct syscall_args *args)
{
	int nice = MAX(-20, MIN(19, (int)args->a[2])), error = 0;
	struct proc *p;

	if ((int)args->a[0] != PRIO_PROCESS)
		return -EINVAL;
	p = proc_by_argument(args->a[1]);
	if (p == NULL)
		return -ESRCH;
	spin_lock(&p->lock);
	if (nice < p->nice && curuthread()->cred.euid != 0)
		error = EACCES;
	else
		p->nice = (int8_t)nice;
	spin_unlock(&p->lock);
	proc_unref(p);
	return -error;
}

long
sys_getcpu(const struct syscall_args *args)
{
	uint32_t hart = curthread()->hart, node = 0;
	int error = 0;

	if (args->a[0] != 0)
		error = copyout(args->a[0], &hart, sizeof(hart));
	if (error == 0 && args->a[1] != 0)
		error = copyout(args->a[1], &node, sizeof(node));
	return -error;
}

/*
 * Limits and accounts.
 */

void
proc_apply_limits(struct proc *p, struct vmspace *vm)
{
	/* Whoever comes last reads the latest: the limits do not change between the two locks. */
	vm_map_lock(&vm->map);
	spin_lock(&p->lock);
	vm->limit_as = p->limit[RLIMIT_AS].rlim_cur;
	vm->limit_data = p->limit[RLIMIT_DATA].rlim_cur;
	vm->limit_stack = p->limit[RLIMIT_STACK].rlim_cur;
	spin_unlock(&p->lock);
	vm_map_unlock(&vm->map);
	memlock_apply(p, vm);
}

#define NOFILE_MAX (1ul << 20) /* most that RLIMIT_NOFILE may promise, as Linux's fs.nr_open */

/* Limits that have a limit, whoever asks. */
static int
check_limit(int which, const struct rlimit *new)
{
	if (new->rlim_cur > new->rlim_max)
		return EINVAL;
	return which == RLIMIT_NOFILE && new->rlim_max > NOFILE_MAX ? EPERM : 0;
}

static int
set_limit(struct proc *p, int which, const struct rlimit *new)
{
	struct vmspace *vm;
	int error = check_limit(which, new);

	if (error != 0)
		return error;
	spin_lock(&p->lock);
	if (new->rlim_max > p->limit[which].rlim_max && curuthread()->cred.euid != 0)
		error = EPERM;
	else
		p->limit[which] = *new;
	spin_unlock(&p->lock);
	if (error != 0)
		return error;
	vm = proc_hold_vmspace(p);
	if (vm != NULL) {
		proc_apply_limits(p, vm);
		vmspace_unhold(vm);
	}
	return 0;
}

/* new: NULL: it stays.  => 0 and what it was; EINVAL, EPERM. */
static int
change_limit(struct proc *p, unsigned which, const struct rlimit *new, struct rlimit *old)
{
	if (which >= RLIM_NLIMITS)
		return EINVAL;
	spin_lock(&p->lock);
	*old = p->limit[which];
	spin_unlock(&p->lock);
	return new != NULL ? set_limit(p, (int)which, new) : 0;
}

long
sys_getrlimit(const struct syscall_args *args)
{
	struct rlimit old;
	int error = change_limit(curproc(), (unsigned)args->a[0], NULL, &old);

	return error != 0 ? -error : -copyout(args->a[1], &old, sizeof(old));
}

long
sys_setrlimit(const struct syscall_args *args)
{
	struct rlimit new, old;
	int error = copyin(&new, args->a[1], sizeof(new));

	return error != 0 ? -error : -change_limit(curproc(), (unsigned)args->a[0], &new, &old);
}

/* May the caller look at, and change, another process's limits?  Who it is must agree in every
 * respect. */
static bool
may_limit(struct proc *p)
{
	const struct cred *mine = &curuthread()->cred, *its;
	bool same = false;

	if (p == curproc() || mine->euid == 0)
		return true;
	spin_lock(&p->lock);
	if (!list_empty(&p->threads)) {
		its = &first_thread(p)->cred;
		same = mine->ruid == its->ruid && mine->ruid == its->euid &&
		    mine->ruid == its->suid && mine->rgid == its->rgid && mine->rgid == its->egid &&
		    mine->rgid == its->sgid;
	}
	spin_unlock(&p->lock);
	return same;
}

long
sys_prlimit64(const struct syscall_args *args)
{
	struct rlimit new, old;
	struct proc *p;
	int error = args->a[2] != 0 ? copyin(&new, args->a[2], sizeof(new)) : 0;

	if (error != 0)
		return -error;
	p = proc_by_argument(args->a[0]);
	if (p == NULL)
		return -ESRCH;
	if (!may_limit(p))
		error = EPERM;
	else
		error = change_limit(p, (unsigned)args->a[1], args->a[2] != 0 ? &new : NULL, &old);
	proc_unref(p);
	if (error == 0 && args->a[3] != 0)
		error = copyout(args->a[3], &old, sizeof(old));
	return -error;
}

long
sys_getrusage(const struct syscall_args *args)
{
	struct proc *p = curproc();
	struct proc_usage u;
	struct rusage r;

	switch ((int)args->a[0]) {
	case RUSAGE_SELF:
		proc_get_usage(p, &u);
		break;
	case RUSAGE_THREAD:
		uthread_get_usage(curuthread(), &u);
		break;
	case RUSAGE_CHILDREN:
		spin_lock(&proc_tree_lock);
		u = p->children_usage;
		spin_unlock(&proc_tree_lock);
		break;
	default:
		return -EINVAL;
	}
	proc_usage_to_rusage(&u, &r);
	return -copyout(args->a[1], &r, sizeof(r));
}

/*
 * The process itself.
 */

static int
set_name(uint64_t user)
{
	char name[THREAD_NAME_MAX];
	int error = copyinstr(name, user, sizeof(name), NULL);

	/* A longer one is cut. */
	if (error == ENAMETOOLONG)
		error = copyin(name, user, sizeof(name) - 1);
	if (error != 0)
		return error;
	name[sizeof(name) - 1] = '\0';
	memcpy(curthread()->name, name, sizeof(name));
	return 0;
}

/* PR_SET_MDWE: memory that was writable does not become executable. */
static int
set_exec_rule(const struct syscall_args *args)
{
	const uint64_t *a = args->a;
	struct vmspace *vm = curproc()->vmspace;

	if ((a[2] | a[3] | a[4]) != 0 ||
	    (a[1] & ~(uint64_t)(PR_MDWE_REFUSE_EXEC_GAIN | PR_MDWE_NO_INHERIT)) != 0 ||
	    a[1] == PR_MDWE_NO_INHERIT)
		return EINVAL;
	/* There is no way back. */
	if (a[1] == 0)
		return vmspace_exec_rules(vm) != 0 ? EPERM : 0;
	return vmspace_refuse_exec_gain(vm, (a[1] & PR_MDWE_NO_INHERIT) != 0);
}

static long
get_exec_rule(const struct syscall_args *args)
{
	const uint64_t *a = args->a;
	uint32_t rules = vmspace_exec_rules(curproc()->vmspace);

	if ((a[1] | a[2] | a[3] | a[4]) != 0)
		return -EINVAL;
	return ((rules & VM_MAP_NOEXEC_GAIN) != 0 ? PR_MDWE_REFUSE_EXEC_GAIN : 0) |
	    ((rules & VM_MAP_NOEXEC_ONCE) != 0 ? PR_MDWE_NO_INHERIT : 0);
}

long
sys_prctl(const struct syscall_args *args)
{
	struct proc *p = curproc();

	switch ((int)args->a[0]) {
	case PR_SET_NAME:
		return -set_name(args->a[1]);
	case PR_GET_NAME:
		return -copyout(args->a[1], curthread()->name, THREAD_NAME_MAX);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_DUMPABLE:
		if (args->a[1] > 1)
			return -EINVAL;
		p->dumpable = args->a[1] != 0;
		return 0;
	case PR_SET_MDWE:
		return -set_exec_rule(args);
	case PR_GET_MDWE:
		return get_exec_rule(args);
	default:
		return -EINVAL;
	}
}

/* What can be had for oneself alone.  => the process has one thread, so nobody else uses, or begins
 * to share, what is replaced. */
#define UNSHARE_KNOWN                                                                              \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static int
unshare_files(struct proc *p)
{
	struct fdtable *copy, *old;

	if (__atomic_load_n(&p->fdtable->refs, __ATOMIC_ACQUIRE) == 1)
		return 0;
	copy = fdtable_copy(p->fdtable);
	if (copy == NULL)
		return ENOMEM;
	spin_lock(&p->lock);
	old = p->fdtable;
	p->fdtable = copy;
	spin_unlock(&p->lock);
	fdtable_unref(old);
	return 0;
}

static int
unshare_dirs(struct proc *p)
{
	struct fsdirs *copy, *old;

	if (__atomic_load_n(&p->dirs->refs, __ATOMIC_ACQUIRE) == 1)
		return 0;
	copy = fsdirs_copy(p->dirs);
	if (copy == NULL)
		return ENOMEM;
	spin_lock(&p->lock);
	old = p->dirs;
	p->dirs = copy;
	spin_unlock(&p->lock);
	fsdirs_unref(old);
	return 0;
}

static int
unshare_space(struct proc *p)
{
	int error = vmspace_unshare(&p->vmspace, &p->lock);

	/* Who waits for a vfork waits for its memory. */
	if (error == 0)
		proc_vfork_done(p);
	return error;
}

/* Threads of one process share these for good. */
#define UNSHARE_ALONE (UNSHARE_KNOWN & ~CLONE_SYSVSEM)

static int
check_unshare(struct proc *p, uint64_t flags)
{
	unsigned nthreads;

	if ((flags & ~(uint64_t)UNSHARE_KNOWN) != 0)
		return EINVAL;
	spin_lock(&p->lock);
	nthreads = p->nthreads;
	spin_unlock(&p->lock);
	return (flags & UNSHARE_ALONE) != 0 && nthreads > 1 ? EINVAL : 0;
}

long
sys_unshare(const struct syscall_args *args)
{
	struct proc *p = curproc();
	uint64_t flags = args->a[0];
	int error = check_unshare(p, flags);

	if (error == 0 && (flags & CLONE_FS) != 0)
		error = unshare_dirs(p);
	if (error == 0 && (flags & CLONE_FILES) != 0)
		error = unshare_files(p);
	if (error == 0 && (flags & CLONE_VM) != 0)
		error = unshare_space(p);
	return -error;
}

long
sys_riscv_flush_icache(const struct syscall_args *args)
{
	/* 1: this thread is enough.  It may move to another hart, so all of them are told either
	 * way. */
	if ((args->a[2] & ~1ul) != 0)
		return -EINVAL;
	md_icache_sync();
	return 0;
}

long
sys_getrandom(const struct syscall_args *args)
{
	uint8_t chunk[256];
	uint64_t done = 0, size = MIN(args->a[1], INT_MAX & ~(PAGE_SIZE - 1));

	if ((args->a[2] & ~(uint64_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) != 0)
		return -EINVAL;
	while (done < size && !(done > 0 && signal_pending())) {
		size_t piece = MIN(size - done, sizeof(chunk));

		random_bytes(chunk, piece);
		if (copyout(args->a[0] + done, chunk, piece) != 0)
			return done > 0 ? (long)done : -EFAULT;
		done += piece;
	}
	return (long)done;
}

/*
 * The machine.
 */

static struct spinlock names_lock = SPINLOCK_INIT("host names", RANK_SPIN);
static struct utsname names = {
    /* names_lock: nodename, domainname */
    .sysname = "Linux",
    .nodename = "umbra",
    .release = "6.6.0-umbra",
    .version = "#1 Umbra",
    .machine = "riscv64",
    .domainname = "(none)",
};

void
uname_get(struct utsname *copy)
{
	spin_lock(&names_lock);
	*copy = names;
	spin_unlock(&names_lock);
}

long
sys_uname(const struct syscall_args *args)
{
	struct utsname copy;

	uname_get(&copy);
	return -copyout(args->a[0], &copy, sizeof(copy));
}

static long
set_host_name(char *name, const struct syscall_args *args)
{
	char new[sizeof(names.nodename)] = "";
	int error;

	if (curuthread()->cred.euid != 0)
		return -EPERM;
	if (args->a[1] >= sizeof(new))
		return -EINVAL;
	error = copyin(new, args->a[0], args->a[1]);
	if (error != 0)
		return -error;
	spin_lock(&names_lock);
	memcpy(name, new, sizeof(new));
	spin_unlock(&names_lock);
	return 0;
}

long
sys_sethostname(const struct syscall_args *args)
{
	return set_host_name(names.nodename, args);
}

long
sys_setdomainname(const struct syscall_args *args)
{
	return set_host_name(names.domainname, args);
}

long
sys_sysinfo(const struct syscall_args *args)
{
	struct sysinfo info = {
	    .uptime = (long)(clock_mono_ns() / NS_PER_SEC),
	    .totalram = ptoa(vm_page_total_count()),
	    .freeram = ptoa(vm_page_free_count()),
	    .procs = (unsigned short)proc_count(),
	    .mem_unit = 1,
	};

	return -copyout(args->a[0], &info, sizeof(info));
}

long
sys_reboot(const struct syscall_args *args)
{
	if (curuthread()->cred.euid != 0)
		return -EPERM;
	if ((uint32_t)args->a[0] != LINUX_REBOOT_MAGIC1 ||
	    (uint32_t)args->a[1] != LINUX_REBOOT_MAGIC2)
		return -EINVAL;
	switch ((uint32_t)args->a[2]) {
	case LINUX_REBOOT_CMD_POWER_OFF:
		machine_poweroff((int)args->a[3] & 0xff);
	case LINUX_REBOOT_CMD_HALT:
		machine_poweroff(0);
	case LINUX_REBOOT_CMD_RESTART:
		machine_reboot();
	default:
		return -EINVAL;
	}
}
