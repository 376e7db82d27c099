/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals.
 *
 *      sender: send_locked --> pending (process or thread) --> poke a thread that may take it
 *      taker:  user_return --> signal_deliver --> default action,
 *                                             or a frame on the user's stack, and to the handler
 *      return: trampoline --> rt_sigreturn --> signal_return: registers from the frame
 *
 * The frame is Linux's: siginfo, ucontext, registers, FPU state.  thread.interrupted says that a
 * thread has to come out of the kernel: a signal it may take, its process ends or stops.  It is set
 * by whoever sends, and recomputed under proc.lock by the thread itself.
 *
 * A system call that a signal interrupted returns ERESTARTSYS or ERESTARTNOHAND; here it is decided
 * whether the ecall runs again.
 *
 * Lock order: proc_tree_lock, proc.lock, then sleep queues.
 */
#include "kern/signal.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "arch/riscv/cpu.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/proc.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"
#include "lib/bitmap.h"
#include "vm/vm_object.h"
#include "vm/vm_object_fixed.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

#define ECALL_SIZE 4 /* bytes */

struct sigqueue {
	struct list link;
	struct proc *proc; /* I  which counts it */
	siginfo_t info;
};

/* What lies on the user's stack while a handler runs. */
struct sigframe {
	siginfo_t info;
	ucontext_t uc;
};

enum sig_default { SIGDEF_EXIT, SIGDEF_IGNORE, SIGDEF_STOP };

static struct zone *queue_zone, *actions_zone, *table_zone;
static struct vm_object *trampoline;

#define STOP_SIGNALS (SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))

static enum sig_default
default_action(int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return SIGDEF_IGNORE;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return SIGDEF_STOP;
	default:
		return SIGDEF_EXIT;
	}
}

/*
 * Actions.
 */

/* Of a table nothing is written while several refer to it; so whoever finds its own the only
 * reference may write: nobody else can make another. */
static struct sigtable default_actions = {.refs = 1};

/* A table with one reference.  NULL: no memory. */
static struct sigtable *
table_copy(const struct sigtable *from)
{
	struct sigtable *t = zone_alloc(table_zone, 0);

	if (t != NULL) {
		*t = *from;
		t->refs = 1;
	}
	return t;
}

static void
table_unref(struct sigtable *t)
{
	if (__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) == 0)
		zone_free(table_zone, t);
}

/* The same table, or one like it, for another process.  => the lock of from's owner held.  NULL: no
 * memory. */
static struct sigtable *
table_share(struct sigtable *from)
{
	/* To reset a handler when it runs must not take memory. */
	if (from->one_shot)
		return table_copy(from);
	__atomic_fetch_add(&from->refs, 1, __ATOMIC_RELAXED);
	return from;
}

/* Make a's table one that may be written.  => a locked.  ENOMEM. */
static int
table_own(struct sigactions *a)
{
	struct sigtable *t = a->table;

	if (__atomic_load_n(&t->refs, __ATOMIC_ACQUIRE) == 1)
		return 0;
	a->table = table_copy(t);
	if (a->table == NULL) {
		a->table = t;
		return ENOMEM;
	}
	table_unref(t);
	return 0;
}

struct sigaction
signal_action(const struct proc *p, int sig)
{
	struct sigactions *a = p->actions;
	struct sigaction act;

	spin_lock(&a->lock);
	act = a->table->action[sig];
	spin_unlock(&a->lock);
	return act;
}

sighandler_t
signal_handler(const struct proc *p, int sig)
{
	return signal_action(p, sig).sa_handler;
}

void
signal_choices(const struct proc *p, sigset_t *ignored, sigset_t *caught)
{
	struct sigactions *a = p->actions;

	*caught = 0;
	spin_lock(&a->lock);
	*ignored = a->ignored;
	for (int sig = 1; sig < NSIG; sig++)
		if (a->table->action[sig].sa_handler != SIG_DFL)
			*caught |= SIGMASK(sig);
	spin_unlock(&a->lock);
	*caught &= ~*ignored;
}

/* Does p ignore sig by its own choice?  A look without the lock. */
static bool
chooses_to_ignore(const struct proc *p, int sig)
{
	return (__atomic_load_n(&p->actions->ignored, __ATOMIC_RELAXED) & SIGMASK(sig)) != 0;
}

/* => a locked; its table is its own. */
static void
set_action(struct sigactions *a, int sig, const struct sigaction *act)
{
	sigset_t others = a->ignored & ~SIGMASK(sig);

	a->table->action[sig] = *act;
	if ((act->sa_flags & SA_RESETHAND) != 0)
		a->table->one_shot = true;
	__atomic_store_n(&a->ignored, others | (act->sa_handler == SIG_IGN ? SIGMASK(sig) : 0),
	    __ATOMIC_RELAXED);
}

static bool
same_action(const struct sigaction *a, const struct sigaction *b)
{
	return a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags &&
	    a->sa_mask == b->sa_mask;
}

int
signal_change_action(struct proc *p, int sig, const struct sigaction *new, struct sigaction *old)
{
	struct sigactions *a = p->actions;
	int error = 0;

	spin_lock(&a->lock);
	*old = a->table->action[sig];
	/* Many a program makes sure of what is so already: that is no reason for a copy. */
	if (!same_action(new, old)) {
		error = table_own(a);
		if (error == 0)
			set_action(a, sig, new);
	}
	spin_unlock(&a->lock);
	return error;
}

/* The action on a signal that has been taken; a handler with SA_RESETHAND is gone after that.  => p
 * locked. */
static struct sigaction
take_action(struct proc *p, int sig)
{
	struct sigactions *a = p->actions;
	struct sigaction act;

	spin_lock(&a->lock);
	act = a->table->action[sig];
	if ((act.sa_flags & SA_RESETHAND) != 0 && act.sa_handler != SIG_IGN) {
		KASSERT(a->table->refs == 1);
		a->table->action[sig].sa_handler = SIG_DFL;
	}
	spin_unlock(&a->lock);
	return act;
}

/* With a reference to the table, which it takes over; NULL: there was no memory for that. */
static struct sigactions *
actions_with(struct sigtable *t, sigset_t ignored)
{
	struct sigactions *a;

	if (t == NULL)
		return NULL;
	a = zone_alloc(actions_zone, ZONE_ZERO);
	if (a == NULL) {
		table_unref(t);
		return NULL;
	}
	spin_init(&a->lock, "sigactions", RANK_SIGACTIONS);
	a->refs = 1;
	a->table = t;
	a->ignored = ignored;
	return a;
}

struct sigactions *
sigactions_alloc(struct sigactions *from)
{
	struct sigtable *t;
	sigset_t ignored;

	if (from == NULL)
		return actions_with(table_share(&default_actions), 0);
	spin_lock(&from->lock);
	t = table_share(from->table);
	ignored = from->ignored;
	spin_unlock(&from->lock);
	return actions_with(t, ignored);
}

/* What execve leaves of an action. */
static struct sigaction
inherited(const struct sigaction *act)
{
	return (struct sigaction){.sa_handler = act->sa_handler == SIG_IGN ? SIG_IGN : SIG_DFL};
}

/* What execve leaves of a table that ignores something: the same if nothing changes.  => the lock of
 * from's owner held.  NULL: no memory. */
static struct sigtable *
table_for_exec(struct sigtable *from)
{
	bool changes = false;
	struct sigtable *t;

	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction act = inherited(&from->action[sig]);

		changes |= !same_action(&act, &from->action[sig]);
	}
	if (!changes)
		return table_share(from);
	t = table_copy(from);
	if (t == NULL)
		return NULL;
	t->one_shot = false;
	for (int sig = 1; sig < NSIG; sig++)
		t->action[sig] = inherited(&from->action[sig]);
	return t;
}

struct sigactions *
sigactions_for_exec(struct sigactions *from)
{
	struct sigtable *t;
	sigset_t ignored;

	spin_lock(&from->lock);
	ignored = from->ignored;
	t = ignored != 0 ? table_for_exec(from->table) : table_share(&default_actions);
	spin_unlock(&from->lock);
	return actions_with(t, ignored);
}

void
sigactions_unref(struct sigactions *a)
{
	if (a != NULL && __atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		table_unref(a->table);
		zone_free(actions_zone, a);
	}
}

static bool
handler_ignores(sighandler_t handler, int sig)
{
	return handler == SIG_IGN || (handler == SIG_DFL && default_action(sig) == SIGDEF_IGNORE);
}

static bool
action_ignores(const struct proc *p, int sig)
{
	return handler_ignores(signal_handler(p, sig), sig);
}

/*
 * The trampoline.
 */

static void
trampoline_init(void)
{
	/* li a7, 139; ecall: unwinders know these words. */
	static const uint32_t code[] = {0x08b00893, 0x00000073};
	struct vm_page *m;

	trampoline = vm_phys_object(1);
	if (trampoline == NULL)
		panic("no memory for the signal trampoline");
	mutex_lock(&trampoline->lock);
	m = vm_page_lookup(trampoline, 0);
	memcpy(vm_page_kva(m), code, sizeof(code));
	vm_page_dirty(m);
	mutex_unlock(&trampoline->lock);
}

struct vm_object *
signal_trampoline(void)
{
	vm_object_ref(trampoline);
	return trampoline;
}

void
signal_init(void)
{
	queue_zone = zone_create("sigqueue", sizeof(struct sigqueue), 0, NULL);
	actions_zone = zone_create("sigactions", sizeof(struct sigactions), 0, NULL);
	table_zone = zone_create("sigtable", sizeof(struct sigtable), 0, NULL);
	trampoline_init();
}

/*
 * Pending sets.
 */

/* May p have one record more?  A standard signal that nobody made up always gets one: there is one
 * of each at most. */
static bool
may_queue(const struct proc *p, int sig, const siginfo_t *info)
{
	return (sig < SIGRTMIN && info->si_code >= 0) ||
	    p->nqueued < p->limit[RLIMIT_SIGPENDING].rlim_cur;
}

/* => p, whose pending set it is, locked.  EAGAIN: there is no room for what must not be lost;
 * nothing has changed. */
static int
pending_add(struct proc *p, struct sigpending *pending, int sig, const siginfo_t *info)
{
	struct sigqueue *q = NULL;

	/* Only real-time signals are counted. */
	if (sig < SIGRTMIN && (pending->set & SIGMASK(sig)) != 0)
		return 0;
	if (info != NULL && may_queue(p, sig, info))
		q = zone_alloc(queue_zone, 0);
	if (q == NULL && info != NULL && sig >= SIGRTMIN && info->si_code != SI_USER)
		return EAGAIN;
	pending->set |= SIGMASK(sig);
	if (q == NULL)
		return 0;
	q->proc = p;
	q->info = *info;
	q->info.si_signo = sig;
	p->nqueued++;
	list_push_back(&pending->queue, &q->link);
	return 0;
}

static void
record_free(struct sigqueue *q)
{
	list_remove(&q->link);
	q->proc->nqueued--;
	zone_free(queue_zone, q);
}

void
signal_discard(struct sigpending *pending, sigset_t set)
{
	LIST_FOREACH_SAFE(link, &pending->queue) {
		struct sigqueue *q = LIST_ENTRY(link, struct sigqueue, link);

		if ((set & SIGMASK(q->info.si_signo)) != 0)
			record_free(q);
	}
	pending->set &= ~set;
}

void
signal_flush(struct sigpending *pending)
{
	signal_discard(pending, ~0ul);
}

/* Take signal sig, which is pending. */
static void
pending_take(struct sigpending *pending, int sig, siginfo_t *info)
{
	bool found = false;

	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = SI_KERNEL;
	pending->set &= ~SIGMASK(sig);
	LIST_FOREACH_SAFE(link, &pending->queue) {
		struct sigqueue *q = LIST_ENTRY(link, struct sigqueue, link);

		if (q->info.si_signo != sig)
			continue;
		if (found) {
			pending->set |= SIGMASK(sig);
			break;
		}
		found = true;
		*info = q->info;
		record_free(q);
	}
}

/* Faults first: their handlers are to see what the fault left. */
static int
first_signal(sigset_t ready)
{
	static const sigset_t faults = SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) |
	    SIGMASK(SIGTRAP) | SIGMASK(SIGFPE) | SIGMASK(SIGSYS);

	return (int)bitmap_lowest((ready & faults) != 0 ? ready & faults : ready) + 1;
}

int
signal_take(struct proc *p, struct uthread *t, sigset_t set, siginfo_t *info)
{
	struct sigpending *pending = &t->pending;
	sigset_t ready = pending->set & set;
	int sig;

	KASSERT(spin_owned(&p->lock));
	if (ready == 0) {
		pending = &p->pending;
		ready = pending->set & set;
	}
	if (ready == 0)
		return 0;
	sig = first_signal(ready);
	pending_take(pending, sig, info);
	return sig;
}

/*
 * Sending.
 */

void
signal_recalc(struct proc *p, struct uthread *t)
{
	sigset_t deliverable = (t->pending.set | p->pending.set) & ~t->sigmask;

	KASSERT(spin_owned(&p->lock));
	__atomic_store_n(&t->td.interrupted,
	    deliverable != 0 || p->exiting || (p->survivor != NULL && p->survivor != t) ||
		p->stop_signal != 0,
	    __ATOMIC_SEQ_CST);
}

void
signal_retarget(struct proc *p, struct uthread *t, sigset_t set)
{
	set &= p->pending.set;
	LIST_FOREACH(link, &p->threads) {
		struct uthread *other = LIST_ENTRY(link, struct uthread, link);

		if (other == t || (set & ~other->sigmask) == 0)
			continue;
		sleep_interrupt(&other->td);
		set &= other->sigmask;
	}
}

void
signal_end_stop(struct proc *p)
{
	p->wait_stopped = p->stop_settled = false;
	if (p->stop_signal != 0) {
		p->stop_signal = 0;
		wakeup(&p->stop_signal);
	}
}

/* Drop what is pending of set, for the process and for each thread.  => p locked. */
static void
discard_all(struct proc *p, sigset_t set)
{
	signal_discard(&p->pending, set);
	LIST_FOREACH(link, &p->threads)
		signal_discard(&LIST_ENTRY(link, struct uthread, link)->pending, set);
}

/* SIGCONT: whatever stops the process ends.  => p locked; true: it was stopped. */
static bool
resume_locked(struct proc *p)
{
	bool was_stopped = p->stop_settled;

	discard_all(p, STOP_SIGNALS);
	p->continues++;
	signal_end_stop(p);
	return was_stopped;
}

/* Does some thread of p, or t, have the signal blocked?  It stays pending then, even if it is
 * ignored now. */
static bool
is_blocked(struct proc *p, const struct uthread *t, int sig)
{
	if (t != NULL)
		return (t->sigmask & SIGMASK(sig)) != 0;
	LIST_FOREACH(link, &p->threads)
		if ((LIST_ENTRY(link, struct uthread, link)->sigmask & SIGMASK(sig)) == 0)
			return false;
	return true;
}

/* May t take the signal?  By a handler, or because it waits for it. */
static bool
may_take(const struct uthread *t, int sig, bool waits)
{
	return waits ? (t->waiting_for & SIGMASK(sig)) != 0 : (t->sigmask & SIGMASK(sig)) == 0;
}

/* Make whoever can take the signal come out of the kernel; best one that does nothing but wait for
 * it. */
static void
poke_taker(struct proc *p, struct uthread *target, int sig)
{
	for (int waits = 1; waits >= 0; waits--)
		LIST_FOREACH(link, &p->threads) {
			struct uthread *t = LIST_ENTRY(link, struct uthread, link);

			if ((target == NULL || t == target) && may_take(t, sig, waits)) {
				sleep_interrupt(&t->td);
				return;
			}
		}
}

/* Does the signal end the process, whoever takes it?  Then it does so at once.  One that is stopped
 * dies of SIGKILL only. */
static bool
is_fatal(struct proc *p, const struct uthread *t, int sig)
{
	if (signal_handler(p, sig) != SIG_DFL || default_action(sig) != SIGDEF_EXIT)
		return false;
	return sig == SIGKILL || (p->stop_signal == 0 && !is_blocked(p, t, sig));
}

/* To t, or NULL: to whoever may take it.  => p locked; *continued: p was stopped and goes on
 * because of SIGCONT.  EAGAIN. */
static int
send_locked(struct proc *p, struct uthread *t, int sig, const siginfo_t *info, bool *continued)
{
	int error;

	KASSERT(spin_owned(&p->lock) && sig >= 1 && sig < NSIG);
	*continued = false;
	if (p->nthreads == 0 || p->exiting || (p == init_proc && signal_handler(p, sig) == SIG_DFL))
		return 0;
	if (sig == SIGCONT)
		*continued = p->wait_continued = resume_locked(p);
	if ((STOP_SIGNALS & SIGMASK(sig)) != 0)
		discard_all(p, SIGMASK(SIGCONT));
	if (action_ignores(p, sig) && !is_blocked(p, t, sig))
		return 0;
	if (is_fatal(p, t, sig)) {
		proc_begin_exit(p, W_EXITCODE(0, sig));
		return 0;
	}
	error = pending_add(p, t != NULL ? &t->pending : &p->pending, sig, info);
	if (error == 0)
		poke_taker(p, t, sig);
	return error;
}

/* Tell the parent that its child stopped or went on.  => tree locked. */
static void
notify_parent(struct proc *p, int code, int status)
{
	struct proc *parent = p->parent;
	siginfo_t info = {.si_signo = SIGCHLD, .si_code = code};

	if (parent == NULL)
		return;
	proc_wake_parent(p);
	if ((signal_action(parent, SIGCHLD).sa_flags & SA_NOCLDSTOP) != 0)
		return;
	info.si_pid = p->pid;
	info.si_status = status;
	(void)signal_proc_locked(parent, SIGCHLD, &info);
}

int
signal_proc_locked(struct proc *p, int sig, const siginfo_t *info)
{
	bool continued;
	int error;

	spin_lock(&p->lock);
	error = send_locked(p, NULL, sig, info, &continued);
	spin_unlock(&p->lock);
	if (continued)
		notify_parent(p, CLD_CONTINUED, SIGCONT);
	return error;
}

int
signal_proc(struct proc *p, int sig, const siginfo_t *info)
{
	int error;

	spin_lock(&proc_tree_lock);
	error = signal_proc_locked(p, sig, info);
	spin_unlock(&proc_tree_lock);
	return error;
}

int
signal_thread(struct proc *p, int32_t tid, int sig, const siginfo_t *info)
{
	bool continued = false;
	int error = ESRCH;

	spin_lock(&proc_tree_lock);
	spin_lock(&p->lock);
	LIST_FOREACH(link, &p->threads) {
		struct uthread *t = LIST_ENTRY(link, struct uthread, link);

		if (t->tid != tid)
			continue;
		error = sig != 0 ? send_locked(p, t, sig, info, &continued) : 0;
		break;
	}
	spin_unlock(&p->lock);
	if (continued)
		notify_parent(p, CLD_CONTINUED, SIGCONT);
	spin_unlock(&proc_tree_lock);
	return error;
}

struct pgrp_signal {
	int32_t pgid;
	int sig;
	const siginfo_t *info;
	unsigned count;
};

static void
signal_if_member(struct proc *p, void *arg)
{
	struct pgrp_signal *s = arg;

	if (p->pgid != s->pgid || p->state != PROC_ALIVE)
		return;
	s->count++;
	(void)signal_proc_locked(p, s->sig, s->info);
}

unsigned
signal_pgrp_locked(int32_t pgid, int sig, const siginfo_t *info)
{
	struct pgrp_signal s = {pgid, sig, info, 0};

	proc_foreach_locked(signal_if_member, &s);
	return s.count;
}

unsigned
signal_pgrp(int32_t pgid, int sig, const siginfo_t *info)
{
	unsigned count;

	spin_lock(&proc_tree_lock);
	count = signal_pgrp_locked(pgid, sig, info);
	spin_unlock(&proc_tree_lock);
	return count;
}

void
signal_fault(int sig, int code, uint64_t addr)
{
	struct proc *p = curproc();
	struct uthread *t = curuthread();
	siginfo_t info = {.si_signo = sig, .si_code = code};

	info.si_addr = (void *)addr;
	spin_lock(&p->lock);
	/* What cannot be put off cannot be blocked or ignored. */
	if ((t->sigmask & SIGMASK(sig)) != 0 || chooses_to_ignore(p, sig))
		proc_begin_exit(p, W_EXITCODE(0, sig));
	(void)pending_add(p, &t->pending, sig, &info);
	signal_recalc(p, t);
	spin_unlock(&p->lock);
}

/* The current process ends by that signal on its way to user mode. */
static void
die_of(int sig)
{
	struct proc *p = curproc();

	spin_lock(&p->lock);
	proc_begin_exit(p, W_EXITCODE(0, sig));
	spin_unlock(&p->lock);
}

/*
 * Masks of the current thread.
 */

bool
signal_pending(void)
{
	return __atomic_load_n(&curthread()->interrupted, __ATOMIC_RELAXED);
}

bool
signal_is_ignored_or_blocked(int sig)
{
	const struct proc *p = curproc();

	return (curuthread()->sigmask & SIGMASK(sig)) != 0 || chooses_to_ignore(p, sig);
}

/* => p locked, t the current thread. */
static void
set_mask(struct proc *p, struct uthread *t, sigset_t mask)
{
	sigset_t blocked = mask & ~t->sigmask;

	t->sigmask = mask & ~SIG_UNBLOCKABLE;
	/* We may have been chosen to take one of these. */
	if (p->nthreads > 1)
		signal_retarget(p, t, blocked);
	signal_recalc(p, t);
}

void
signal_set_mask(sigset_t mask)
{
	struct proc *p = curproc();

	spin_lock(&p->lock);
	set_mask(p, curuthread(), mask);
	spin_unlock(&p->lock);
}

void
signal_set_temporary_mask(sigset_t mask)
{
	struct uthread *t = curuthread();

	KASSERT(!t->restore_sigmask);
	t->saved_sigmask = t->sigmask;
	t->restore_sigmask = true;
	signal_set_mask(mask);
}

void
signal_restore_mask(void)
{
	struct uthread *t = curuthread();

	if (t->restore_sigmask) {
		t->restore_sigmask = false;
		signal_set_mask(t->saved_sigmask);
	}
}

/*
 * Handlers.
 */

int
signal_altstack_state(const struct uthread *t, uint64_t sp)
{
	uint64_t base = (uint64_t)t->altstack.ss_sp;

	if (t->altstack.ss_size == 0)
		return SS_DISABLE;
	if ((t->altstack.ss_flags & SS_AUTODISARM) != 0)
		return 0; /* a handler that runs on it has disarmed it */
	return sp > base && sp - base <= t->altstack.ss_size ? SS_ONSTACK : 0;
}

/* Where the frame goes.  => 0: the alternate stack it is on has no room for it. */
static uint64_t
frame_address(const struct uthread *t, uint64_t sp, const struct sigaction *act)
{
	uint64_t base = (uint64_t)t->altstack.ss_sp;
	int state = signal_altstack_state(t, sp);

	if ((act->sa_flags & SA_ONSTACK) != 0 && state == 0)
		sp = base + t->altstack.ss_size;
	if (state == SS_ONSTACK && sp - base <= sizeof(struct sigframe) + 15)
		return 0;
	return (sp - sizeof(struct sigframe)) & ~15ul;
}

/* Address of a field of the frame at sp. */
#define FRAME_FIELD(sp, field) ((sp) + offsetof(struct sigframe, field))

/* Fill the frame at sp, each part from where it is: all of it does not go on a kernel stack. */
static int
frame_store(uint64_t sp, struct uthread *t, const struct trapframe *tf, const siginfo_t *info,
    sigset_t mask)
{
	const struct fpstate *fpu = md_fpu_state(&t->td.md);
	uint32_t fcsr = fpu != NULL ? (uint32_t)fpu->fcsr : 0;
	stack_t stack = t->altstack;
	int error = clearout(sp, sizeof(struct sigframe));

	stack.ss_flags |= signal_altstack_state(t, tf->sp);
	if (error == 0)
		error = copyout(FRAME_FIELD(sp, info), info, sizeof(*info));
	if (error == 0)
		error = copyout(FRAME_FIELD(sp, uc.uc_stack), &stack, sizeof(stack));
	if (error == 0)
		error = copyout(FRAME_FIELD(sp, uc.uc_sigmask), &mask, sizeof(mask));
	if (error == 0)
		error = copyout(FRAME_FIELD(sp, uc.uc_mcontext.pc), &tf->pc, sizeof(tf->pc));
	if (error == 0)
		error = copyout(
		    FRAME_FIELD(sp, uc.uc_mcontext.x), &tf->x[1], sizeof(tf->x) - sizeof(tf->x[0]));
	if (error == 0 && fpu != NULL)
		error = copyout(FRAME_FIELD(sp, uc.uc_mcontext.fp.f), fpu->f, sizeof(fpu->f));
	if (error == 0)
		error = copyout(FRAME_FIELD(sp, uc.uc_mcontext.fp.fcsr), &fcsr, sizeof(fcsr));
	return error;
}

/* Make the thread go to the handler.  => EFAULT: its stack cannot take the frame. */
static int
enter_handler(
    struct trapframe *tf, const struct sigaction *act, const siginfo_t *info, sigset_t mask)
{
	struct uthread *t = curuthread();
	uint64_t sp = frame_address(t, tf->sp, act);
	int error = sp != 0 ? frame_store(sp, t, tf, info, mask) : EFAULT;

	if (error != 0)
		return error;
	if ((t->altstack.ss_flags & SS_AUTODISARM) != 0)
		t->altstack = (stack_t){.ss_flags = SS_DISABLE};
	tf->ra = USER_TRAMPOLINE;
	tf->sp = sp;
	tf->a0 = (uint64_t)info->si_signo;
	tf->a1 = FRAME_FIELD(sp, info);
	tf->a2 = FRAME_FIELD(sp, uc);
	tf->pc = (uint64_t)act->sa_sigaction;
	return 0;
}

/* Run the interrupted call again: back over the ecall. */
static void
rewind_call(struct trapframe *tf, struct uthread *t)
{
	tf->pc -= ECALL_SIZE;
	tf->a0 = tf->arg0;
	t->restart = 0;
	t->restarted = true;
}

/* A handler will run: does the interrupted call go on after it? */
static void
settle_call(struct trapframe *tf, struct uthread *t, const struct sigaction *act)
{
	t->restarted = false;
	if (t->restart == ERESTARTSYS && (act->sa_flags & SA_RESTART) != 0) {
		rewind_call(tf, t);
		t->restarted = false;
	} else if (t->restart != 0) {
		tf->a0 = (uint64_t)-EINTR;
		t->restart = 0;
	}
}

static void
run_handler(struct trapframe *tf, const struct sigaction *act, const siginfo_t *info)
{
	struct uthread *t = curuthread();
	int sig = info->si_signo;
	sigset_t mask = t->restore_sigmask ? t->saved_sigmask : t->sigmask;
	sigset_t block = act->sa_mask | ((act->sa_flags & SA_NODEFER) != 0 ? 0 : SIGMASK(sig));

	settle_call(tf, t, act);
	t->restore_sigmask = false;
	if (enter_handler(tf, act, info, mask) != 0) {
		if (sig == SIGSEGV)
			die_of(SIGSEGV);
		else
			signal_fault(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	signal_set_mask(t->sigmask | block);
}

/* The FPU registers of the frame at sp. */
static int
frame_fetch_fpu(uint64_t sp, struct uthread *t)
{
	struct fpstate fpu;
	uint32_t fcsr;
	int error = copyin(fpu.f, FRAME_FIELD(sp, uc.uc_mcontext.fp.f), sizeof(fpu.f));

	if (error == 0)
		error = copyin(&fcsr, FRAME_FIELD(sp, uc.uc_mcontext.fp.fcsr), sizeof(fcsr));
	if (error != 0)
		return error;
	fpu.fcsr = fcsr & 0xff;
	md_fpu_restore(&t->td.md, &fpu);
	return 0;
}

/* A frame that cannot be read to its end leaves some registers as it has them; the program gets
 * SIGSEGV anyway. */
int
signal_return(struct trapframe *tf)
{
	struct uthread *t = curuthread();
	uint64_t sp = tf->sp;
	stack_t stack;
	sigset_t mask;
	int error = copyin(&stack, FRAME_FIELD(sp, uc.uc_stack), sizeof(stack));

	if (error == 0)
		error = copyin(&mask, FRAME_FIELD(sp, uc.uc_sigmask), sizeof(mask));
	if (error == 0)
		error = frame_fetch_fpu(sp, t);
	if (error == 0)
		error = copyin(&tf->pc, FRAME_FIELD(sp, uc.uc_mcontext.pc), sizeof(tf->pc));
	if (error == 0)
		error = copyin(
		    &tf->x[1], FRAME_FIELD(sp, uc.uc_mcontext.x), sizeof(tf->x) - sizeof(tf->x[0]));
	if (error != 0)
		return error;
	if (signal_altstack_state(t, tf->sp) != SS_ONSTACK && stack.ss_size >= MINSIGSTKSZ)
		t->altstack = (stack_t){.ss_sp = stack.ss_sp,
		    .ss_flags = stack.ss_flags & SS_AUTODISARM,
		    .ss_size = stack.ss_size};
	signal_set_mask(mask);
	return 0;
}

/*
 * Stopping.
 */

/* The process is to stop because of sig, which has just been taken.  => p locked on entry, unlocked
 * on return. */
static void
stop_process(struct proc *p, int sig) RELEASES(p->lock)
{
	uint32_t continues = p->continues;
	bool orphaned = false;

	if (sig != SIGSTOP) {
		spin_unlock(&p->lock);
		orphaned = pgrp_is_orphaned(p->pgid);
		spin_lock(&p->lock);
	}
	/* A SIGCONT while we were unlocked wins; so does an exit. */
	if (!orphaned && p->continues == continues && !p->exiting && p->stop_signal == 0) {
		p->stop_signal = sig;
		p->wait_continued = false;
		LIST_FOREACH(link, &p->threads)
			sleep_interrupt(&LIST_ENTRY(link, struct uthread, link)->td);
	}
	spin_unlock(&p->lock);
}

/* Is this the moment to tell the parent that its child has stopped?  => p locked. */
static bool
stop_settles(struct proc *p)
{
	if (p->stop_signal == 0 || p->stop_settled || p->nstopped < p->nthreads)
		return false;
	p->stop_settled = p->wait_stopped = true;
	return true;
}

void
signal_check_stop(struct proc *p)
{
	bool settles;
	int sig;

	spin_lock(&proc_tree_lock);
	spin_lock(&p->lock);
	settles = stop_settles(p);
	sig = p->stop_signal;
	spin_unlock(&p->lock);
	if (settles)
		notify_parent(p, CLD_STOPPED, sig);
	spin_unlock(&proc_tree_lock);
}

/* Stay until somebody continues the process. */
static void
stay_stopped(struct proc *p)
{
	spin_lock(&p->lock);
	if (p->stop_signal == 0) {
		spin_unlock(&p->lock);
		return;
	}
	p->nstopped++;
	sleep_prepare(&p->stop_signal, "stopped");
	spin_unlock(&p->lock);
	signal_check_stop(p);
	(void)sleep_wait(SLEEP_KILL, NO_DEADLINE);
	spin_lock(&p->lock);
	p->nstopped--;
	spin_unlock(&p->lock);
}

/*
 * Delivery.
 */

/* Act on one signal that has been taken.  => p locked on entry, unlocked on return. */
static void
deliver_one(struct proc *p, struct trapframe *tf, const siginfo_t *info) RELEASES(p->lock)
{
	int sig = info->si_signo;
	struct sigaction act = take_action(p, sig);

	if (handler_ignores(act.sa_handler, sig)) {
		spin_unlock(&p->lock);
	} else if (act.sa_handler != SIG_DFL) {
		spin_unlock(&p->lock);
		run_handler(tf, &act, info);
	} else if (default_action(sig) == SIGDEF_STOP) {
		stop_process(p, sig);
	} else {
		spin_unlock(&p->lock);
		proc_exit(W_EXITCODE(0, sig));
	}
}

void
signal_deliver(struct trapframe *tf)
{
	struct proc *p = curproc();
	struct uthread *t = curuthread();
	siginfo_t info;

	for (;;) {
		spin_lock(&p->lock);
		if (p->exiting || (p->survivor != NULL && p->survivor != t)) {
			int status = p->exit_status;

			spin_unlock(&p->lock);
			uthread_exit(status);
		}
		if (p->stop_signal != 0) {
			spin_unlock(&p->lock);
			stay_stopped(p);
		} else if (signal_take(p, t, ~t->sigmask, &info) != 0) {
			deliver_one(p, tf, &info);
		} else {
			break;
		}
	}
	/* No handler ran, or it would have settled both. */
	set_mask(p, t, t->restore_sigmask ? t->saved_sigmask : t->sigmask);
	t->restore_sigmask = false;
	if (t->restart != 0)
		rewind_call(tf, t);
	spin_unlock(&p->lock);
}
