/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls about time: clocks, sleeping, the interval timer.
 *
 * A sleep that a signal interrupts without running a handler (a stop, say) goes on to its old
 * deadline: the call is run again, and uthread.restart_deadline remembers it.
 *
 * The interval timer of real time is a timeout that sends SIGALRM and sets itself again.
 * itimer_lock (RANK_LEAF_SLEEP) serialises those who change it; the timeout's function takes proc
 * locks only.  Those of time used are counted down by the ticks of the clock that the process is
 * charged with, and are as exact as these.
 */
#include "kern/time.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/times.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/timeout.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/zone.h"

#define USER_HZ 100

struct itimer {
	struct timeout timeout;
	struct proc *proc; /* I */
	uint64_t interval; /* a  ns, 0: once */
	uint64_t next;     /* a  ns: when it expires; 0: it is not set */
};

static struct mutex itimer_lock = MUTEX_INIT("itimer", RANK_LEAF_SLEEP);

struct timespec
ns_to_timespec(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC)};
}

static struct timeval
ns_to_timeval(uint64_t ns)
{
	return (struct timeval){(time_t)(ns / NS_PER_SEC), (suseconds_t)(ns % NS_PER_SEC / 1000)};
}

/* Seconds and a rest in ns, as one number; far away is as good as for ever. */
static uint64_t
join_ns(uint64_t sec, uint64_t ns)
{
	return sec >= INT64_MAX / NS_PER_SEC ? INT64_MAX : sec * NS_PER_SEC + ns;
}

bool
timespec_to_ns(const struct timespec *ts, uint64_t *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= (long)NS_PER_SEC)
		return false;
	*ns = join_ns((uint64_t)ts->tv_sec, (uint64_t)ts->tv_nsec);
	return true;
}

static bool
timeval_to_ns(const struct timeval *tv, uint64_t *ns)
{
	if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= 1000000)
		return false;
	*ns = join_ns((uint64_t)tv->tv_sec, (uint64_t)tv->tv_usec * 1000);
	return true;
}

/*
 * Clocks.
 */

static int
read_clock(int clock, uint64_t *ns)
{
	struct proc_usage u;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns = clock_real_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = clock_mono_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		proc_get_usage(curproc(), &u);
		*ns = u.utime_ns + u.stime_ns;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_runtime(curthread());
		return 0;
	default:
		return EINVAL;
	}
}

long
sys_clock_gettime(const struct syscall_args *args)
{
	struct timespec ts;
	uint64_t ns;
	int error = read_clock((int)args->a[0], &ns);

	if (error != 0)
		return -error;
	ts = ns_to_timespec(ns);
	return -copyout(args->a[1], &ts, sizeof(ts));
}

long
sys_clock_getres(const struct syscall_args *args)
{
	const struct timespec ts = {0, 1};
	uint64_t ns;
	int error = read_clock((int)args->a[0], &ns);

	if (error != 0 || args->a[1] == 0)
		return -error;
	return -copyout(args->a[1], &ts, sizeof(ts));
}

static int
set_clock(uint64_t ns)
{
	if (curuthread()->cred.euid != 0)
		return EPERM;
	clock_set_real(ns);
	return 0;
}

long
sys_clock_settime(const struct syscall_args *args)
{
	struct timespec ts;
	uint64_t ns;
	int error = copyin(&ts, args->a[1], sizeof(ts));

	if (error != 0)
		return -error;
	if ((int)args->a[0] != CLOCK_REALTIME || !timespec_to_ns(&ts, &ns))
		return -EINVAL;
	return -set_clock(ns);
}

long
sys_gettimeofday(const struct syscall_args *args)
{
	const struct timezone utc = {0, 0};
	struct timeval tv = ns_to_timeval(clock_real_ns());
	int error = 0;

	if (args->a[0] != 0)
		error = copyout(args->a[0], &tv, sizeof(tv));
	if (error == 0 && args->a[1] != 0)
		error = copyout(args->a[1], &utc, sizeof(utc));
	return -error;
}

long
sys_settimeofday(const struct syscall_args *args)
{
	struct timeval tv;
	uint64_t ns;
	int error;

	if (args->a[0] == 0)
		return 0;
	error = copyin(&tv, args->a[0], sizeof(tv));
	if (error != 0)
		return -error;
	return timeval_to_ns(&tv, &ns) ? -set_clock(ns) : -EINVAL;
}

static clock_t
to_ticks(uint64_t ns)
{
	return (clock_t)(ns / (NS_PER_SEC / USER_HZ));
}

long
sys_times(const struct syscall_args *args)
{
	struct proc *p = curproc();
	struct proc_usage u;
	struct tms tms;
	int error = 0;

	proc_get_usage(p, &u);
	tms.tms_utime = to_ticks(u.utime_ns);
	tms.tms_stime = to_ticks(u.stime_ns);
	spin_lock(&proc_tree_lock);
	tms.tms_cutime = to_ticks(p->children_usage.utime_ns);
	tms.tms_cstime = to_ticks(p->children_usage.stime_ns);
	spin_unlock(&proc_tree_lock);
	if (args->a[0] != 0)
		error = copyout(args->a[0], &tms, sizeof(tms));
	return error != 0 ? -error : to_ticks(clock_mono_ns());
}

/*
 * Sleeping.
 */

/* Sleep to a deadline of the monotonic clock.  rem: where the program wants to know what was left,
 * 0: nowhere. */
static long
sleep_until(uint64_t deadline, uint64_t rem)
{
	static const char channel; /* nobody wakes it */
	int error;

	sleep_prepare(&channel, "nanosleep");
	error = sleep_wait(SLEEP_INTR, MIN(deadline, NO_DEADLINE - 1));
	if (error != EINTR)
		return 0;
	if (rem != 0) {
		uint64_t now = clock_mono_ns();
		struct timespec left = ns_to_timespec(deadline > now ? deadline - now : 0);

		if (copyout(rem, &left, sizeof(left)) != 0)
			return -EFAULT;
	}
	curuthread()->restart_deadline = deadline;
	return -ERESTARTNOHAND;
}

/* For so long from now, or, if this call is run again, to the deadline of the first time. */
static long
sleep_for(uint64_t ns, uint64_t rem)
{
	uint64_t deadline = curuthread()->restart_deadline;

	if (deadline == 0)
		deadline = clock_mono_ns() + ns;
	return sleep_until(deadline, rem);
}

long
sys_nanosleep(const struct syscall_args *args)
{
	struct timespec ts;
	uint64_t ns;
	int error = copyin(&ts, args->a[0], sizeof(ts));

	if (error != 0)
		return -error;
	return timespec_to_ns(&ts, &ns) ? sleep_for(ns, args->a[1]) : -EINVAL;
}

long
sys_clock_nanosleep(const struct syscall_args *args)
{
	int clock = (int)args->a[0], flags = (int)args->a[1];
	struct timespec ts;
	uint64_t ns, now;
	int error;

	if (clock == CLOCK_THREAD_CPUTIME_ID || read_clock(clock, &now) != 0)
		return -EINVAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	error = copyin(&ts, args->a[2], sizeof(ts));
	if (error != 0)
		return -error;
	if (!timespec_to_ns(&ts, &ns))
		return -EINVAL;
	if ((flags & TIMER_ABSTIME) == 0)
		return sleep_for(ns, args->a[3]);
	return sleep_until(clock_mono_ns() + (ns > now ? ns - now : 0), 0);
}

/*
 * The interval timer.
 */

static void
itimer_expired(void *arg)
{
	struct itimer *it = arg;
	uint64_t interval = __atomic_load_n(&it->interval, __ATOMIC_RELAXED), now = clock_mono_ns();
	uint64_t next = interval != 0 ? MAX(it->next + interval, now + 1) : 0;

	__atomic_store_n(&it->next, next, __ATOMIC_RELAXED);
	if (next != 0)
		timeout_set(&it->timeout, next);
	signal_proc(it->proc, SIGALRM, NULL);
}

static struct itimer *
itimer_get(struct proc *p)
{
	if (p->timer == NULL) {
		p->timer = kmalloc(sizeof(struct itimer), ZONE_ZERO);
		if (p->timer != NULL) {
			timeout_init(&p->timer->timeout, itimer_expired, p->timer);
			p->timer->proc = p;
		}
	}
	return p->timer;
}

void
itimer_free(struct proc *p)
{
	if (p->timer == NULL)
		return;
	timeout_cancel(&p->timer->timeout);
	kfree(p->timer, sizeof(struct itimer));
	p->timer = NULL;
}

static struct itimerval
itimer_read(const struct itimer *it)
{
	uint64_t now = clock_mono_ns(), next = 0, interval = 0;

	if (it != NULL) {
		next = __atomic_load_n(&it->next, __ATOMIC_RELAXED);
		interval = __atomic_load_n(&it->interval, __ATOMIC_RELAXED);
	}
	/* One that is about to expire must not look as if it were not set. */
	return (struct itimerval){ns_to_timeval(interval),
	    ns_to_timeval(next == 0     ? 0
		    : next > now + 1000 ? next - now
					: 1000)};
}

static void
itimer_set(struct itimer *it, uint64_t value, uint64_t interval)
{
	timeout_cancel(&it->timeout);
	it->interval = interval;
	it->next = value != 0 ? clock_mono_ns() + value : 0;
	if (value != 0)
		timeout_set(&it->timeout, it->next);
}

/* => p locked.  Returns whether it has expired. */
static bool
charge(struct cpu_timer *t, uint64_t ns)
{
	if (t->left == 0 || t->left > ns) {
		t->left -= MIN(t->left, ns);
		return false;
	}
	/* Behind by several intervals, it expires once. */
	t->left = t->interval != 0 ? t->interval - (ns - t->left) % t->interval : 0;
	return true;
}

void
itimer_tick(struct proc *p, bool user, uint64_t ns)
{
	bool virtual, prof;

	if (!__atomic_load_n(&p->cpu_timers, __ATOMIC_RELAXED))
		return;
	spin_lock(&p->lock);
	virtual = user && charge(&p->vtimer, ns);
	prof = charge(&p->ptimer, ns);
	spin_unlock(&p->lock);
	if (virtual)
		(void)signal_proc(p, SIGVTALRM, NULL);
	if (prof)
		(void)signal_proc(p, SIGPROF, NULL);
}

/* What is left of a timer of time used, and, if value is not NULL, what it is now set to. */
static struct itimerval
exchange_cpu_timer(struct cpu_timer *t, const uint64_t *value, uint64_t interval)
{
	struct proc *p = curproc();
	struct itimerval old;

	spin_lock(&p->lock);
	old = (struct itimerval){ns_to_timeval(t->interval), ns_to_timeval(t->left)};
	if (value != NULL) {
		*t = (struct cpu_timer){*value, interval};
		__atomic_store_n(
		    &p->cpu_timers, p->vtimer.left != 0 || p->ptimer.left != 0, __ATOMIC_RELAXED);
	}
	spin_unlock(&p->lock);
	return old;
}

/* The same of that of real time.  => ENOMEM. */
static int
exchange_real_timer(const uint64_t *value, uint64_t interval, struct itimerval *old)
{
	struct proc *p = curproc();
	int error = 0;

	mutex_lock(&itimer_lock);
	*old = itimer_read(p->timer);
	if (value != NULL && itimer_get(p) == NULL)
		error = ENOMEM;
	else if (value != NULL)
		itimer_set(p->timer, *value, interval);
	mutex_unlock(&itimer_lock);
	return error;
}

/* => EINVAL: there is no such timer; ENOMEM. */
static int
exchange_timer(int which, const uint64_t *value, uint64_t interval, struct itimerval *old)
{
	switch (which) {
	case ITIMER_REAL:
		return exchange_real_timer(value, interval, old);
	case ITIMER_VIRTUAL:
		*old = exchange_cpu_timer(&curproc()->vtimer, value, interval);
		return 0;
	case ITIMER_PROF:
		*old = exchange_cpu_timer(&curproc()->ptimer, value, interval);
		return 0;
	default:
		return EINVAL;
	}
}

long
sys_getitimer(const struct syscall_args *args)
{
	struct itimerval now;
	int error = exchange_timer((int)args->a[0], NULL, 0, &now);

	return error != 0 ? -error : -copyout(args->a[1], &now, sizeof(now));
}

long
sys_setitimer(const struct syscall_args *args)
{
	struct itimerval new = {{0, 0}, {0, 0}}, old;
	uint64_t value, interval;
	int error = 0;

	if (args->a[1] != 0)
		error = copyin(&new, args->a[1], sizeof(new));
	if (error != 0)
		return -error;
	if (!timeval_to_ns(&new.it_value, &value) || !timeval_to_ns(&new.it_interval, &interval))
		return -EINVAL;
	error = exchange_timer((int)args->a[0], &value, interval, &old);
	if (error != 0)
		return -error;
	return args->a[2] != 0 ? -copyout(args->a[2], &old, sizeof(old)) : 0;
}
