/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ppoll and pselect6, and the queues that wake them.
 *
 *      poll_run:   scan all files (joining their queues) -> any ready? done
 *                  sleep until fired, signal or deadline -> scan again
 *
 * A thread sleeps on one channel, its poller; every queue it joined leads there.  `fired` closes
 * the gap between scan and sleep.
 *
 * Locks: poll_lock (spin, RANK_POLL) guards all queues.  Waking an empty queue, the usual case,
 * does not take it: the waiter joins before it looks at the state, the owner changes the state
 * before it looks at the queue, and a full fence orders each side.
 *
 * Rejected: one lock per queue.  A poll wait would then have to remember its queue and the lock
 * order of many queues would matter.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fdtable.h"
#include "kern/file.h"
#include "kern/poll.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/zone.h"

#define NS_PER_SEC    1000000000ull
#define POLL_ON_STACK 8u    /* files that need no allocation */
#define SELECT_MAX    1024u /* descriptors that pselect6 looks at, as many as an fd_set has */
#define SELECT_BOUND  64u   /* always looks at these */
#define SELECT_WORDS  (SELECT_MAX / 64)
#define SELECT_READ   (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define SELECT_WRITE  (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define SELECT_EXCEPT POLLPRI
#define POLL_UNASKED  (POLLERR | POLLHUP | POLLNVAL) /* reported always */

/* One file of a poll.  Lives in the calling thread. */
struct poll_item {
	struct poll_wait wait;
	struct file *file; /* NULL: not to be looked at */
	int fd;
	unsigned events, revents;
};

/* All of one call. */
struct poll_set {
	struct poller poller;
	struct poll_item *items;
	unsigned n;
	struct poll_item few[POLL_ON_STACK];
};

static struct spinlock poll_lock = SPINLOCK_INIT("poll", RANK_POLL);

/* ---- Queues ---------------------------------------------------------------------------------- */

void
poll_queue_init(struct poll_queue *q)
{
	list_init(&q->waiters);
}

void
poll_enqueue(struct poll_queue *q, struct poll_wait *w)
{
	if (w == NULL || list_linked(&w->link))
		return;
	spin_lock(&poll_lock);
	list_push_back(&q->waiters, &w->link);
	spin_unlock(&poll_lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void
poll_wake(struct poll_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&q->waiters.next, __ATOMIC_RELAXED) == &q->waiters)
		return;
	spin_lock(&poll_lock);
	LIST_FOREACH(node, &q->waiters) {
		struct poller *poller = LIST_ENTRY(node, struct poll_wait, link)->poller;

		poller->fired = true;
		wakeup(poller);
	}
	spin_unlock(&poll_lock);
}

/* ---- The loop -------------------------------------------------------------------------------- */

static int
set_init(struct poll_set *set, unsigned n)
{
	set->poller.fired = false;
	set->n = n;
	set->items = set->few;
	if (n > POLL_ON_STACK) {
		set->items = kmalloc(n * sizeof(*set->items), 0);
		if (set->items == NULL)
			return ENOMEM;
	}
	memset(set->items, 0, n * sizeof(*set->items));
	for (unsigned i = 0; i < n; i++) {
		list_init(&set->items[i].wait.link);
		set->items[i].wait.poller = &set->poller;
	}
	return 0;
}

static void
set_add(struct poll_set *set, unsigned i, int fd, unsigned events)
{
	set->items[i].fd = fd;
	set->items[i].events = events | POLL_UNASKED;
	set->items[i].file = fdtable_get(curproc()->fdtable, fd);
}

static void
set_done(struct poll_set *set)
{
	spin_lock(&poll_lock);
	for (unsigned i = 0; i < set->n; i++)
		list_remove(&set->items[i].wait.link);
	spin_unlock(&poll_lock);
	for (unsigned i = 0; i < set->n; i++)
		file_unref(set->items[i].file);
	if (set->items != set->few)
		kfree(set->items, set->n * sizeof(*set->items));
}

/* Look at every file.  => returns how many have something to report. */
static unsigned
scan(struct poll_set *set, bool join)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < set->n; i++) {
		struct poll_item *item = &set->items[i];

		if (item->file != NULL)
			item->revents =
			    item->events & file_poll(item->file, join ? &item->wait : NULL);
		ready += item->revents != 0;
	}
	return ready;
}

static int
wait_fired(struct poller *poller, uint64_t deadline)
{
	int error = 0;

	spin_lock(&poll_lock);
	if (!poller->fired)
		error = sleep_spin(poller, &poll_lock, "poll", SLEEP_INTR, deadline);
	poller->fired = false;
	spin_unlock(&poll_lock);
	return error;
}

/* => returns how many are ready (0 when the deadline passed), or -EINTR. */
static int
poll_run(struct poll_set *set, uint64_t deadline)
{
	bool wait = deadline != 0;
	unsigned ready;
	int error;

	for (;;) {
		ready = scan(set, wait);
		if (ready > 0 || !wait)
			return (int)ready;
		error = wait_fired(&set->poller, deadline);
		if (error == EINTR)
			return -EINTR;
		if (error == ETIMEDOUT)
			wait = false; /* one last look */
	}
}

/* ---- Arguments both calls share -------------------------------------------------------------- */

/* The user's timespec (0: none) as a deadline: 0 means do not wait. */
static int
fetch_deadline(uint64_t user, uint64_t *deadline)
{
	struct timespec ts;
	uint64_t ns;

	*deadline = NO_DEADLINE;
	if (user == 0)
		return 0;
	if (copyin(&ts, user, sizeof(ts)))
		return EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || (uint64_t)ts.tv_nsec >= NS_PER_SEC)
		return EINVAL;
	if ((uint64_t)ts.tv_sec >= UINT64_MAX / NS_PER_SEC / 2)
		return 0;
	ns = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
	*deadline = ns == 0 ? 0 : clock_mono_ns() + ns;
	return 0;
}

/* Tell the user how much of the time is left.  A failure is not one of the call. */
static void
store_left(uint64_t user, uint64_t deadline)
{
	uint64_t now = clock_mono_ns(), left = deadline > now ? deadline - now : 0;
	struct timespec ts = {(time_t)(left / NS_PER_SEC), (long)(left % NS_PER_SEC)};

	if (user != 0 && deadline != NO_DEADLINE && copyout(user, &ts, sizeof(ts)))
		return;
}

/* Put the user's signal mask (0: none) in place. */
static int
set_mask(uint64_t user, uint64_t size)
{
	sigset_t mask;

	if (user == 0)
		return 0;
	if (size != sizeof(mask))
		return EINVAL;
	if (copyin(&mask, user, sizeof(mask)))
		return EFAULT;
	signal_set_temporary_mask(mask);
	return 0;
}

/* Wait with the user's mask and timeout.  => returns as a system call does, before results are
 * stored. */
static long
run_masked(
    struct poll_set *set, uint64_t timeout, uint64_t deadline, uint64_t mask, uint64_t mask_size)
{
	int error = set_mask(mask, mask_size), n;

	if (error)
		return -error;
	n = poll_run(set, deadline);
	store_left(timeout, deadline);
	if (n == -EINTR)
		return -ERESTARTNOHAND;
	if (mask != 0)
		signal_restore_mask();
	return n;
}

/* ---- ppoll ----------------------------------------------------------------------------------- */

static int
fetch_pollfds(struct poll_set *set, uint64_t user)
{
	struct pollfd pfd;

	for (unsigned i = 0; i < set->n; i++) {
		if (copyin(&pfd, user + i * sizeof(pfd), sizeof(pfd)))
			return EFAULT;
		if (pfd.fd < 0)
			continue;
		set_add(set, i, pfd.fd, (unsigned short)pfd.events);
		if (set->items[i].file == NULL)
			set->items[i].revents = POLLNVAL;
	}
	return 0;
}

static int
store_revents(const struct poll_set *set, uint64_t user)
{
	for (unsigned i = 0; i < set->n; i++) {
		short revents = (short)set->items[i].revents;
		uint64_t where =
		    user + i * sizeof(struct pollfd) + offsetof(struct pollfd, revents);

		if (copyout(where, &revents, sizeof(revents)))
			return EFAULT;
	}
	return 0;
}

long
sys_ppoll(const struct syscall_args *args)
{
	uint64_t fds = args->a[0], timeout = args->a[2], deadline;
	uint32_t n = (uint32_t)args->a[1];
	struct poll_set set;
	long result;
	int error;

	error = fetch_deadline(timeout, &deadline);
	if (error)
		return -error;
	if (n > curproc()->limit[RLIMIT_NOFILE].rlim_cur)
		return -EINVAL;
	error = set_init(&set, n);
	if (error)
		return -error;
	error = fetch_pollfds(&set, fds);
	result = error ? -error : run_masked(&set, timeout, deadline, args->a[3], args->a[4]);
	if (result >= 0 && store_revents(&set, fds))
		result = -EFAULT;
	set_done(&set);
	return result;
}

/* ---- pselect6 -------------------------------------------------------------------------------- */

/* The three sets: for reading, writing, exceptions. */
struct select_sets {
	uint64_t user[3]; /* addresses, 0: not given */
	uint64_t bits[3][SELECT_WORDS];
	unsigned words; /* of each that are used */
	int n;          /* descriptors to look at */
};

static const unsigned select_events[3] = {SELECT_READ, SELECT_WRITE, SELECT_EXCEPT};

static bool
test_bit(const uint64_t *bits, int fd)
{
	return bits[fd / 64] >> fd % 64 & 1;
}

static int
fetch_sets(struct select_sets *s, const struct syscall_args *args)
{
	uint32_t bound;

	if ((int)args->a[0] < 0)
		return EINVAL;
	/* As on Linux, bits beyond the descriptor table are not even looked at. */
	bound = MAX(fdtable_bound(curproc()->fdtable), SELECT_BOUND);
	s->n = (int)MIN(MIN((uint32_t)args->a[0], bound), SELECT_MAX);
	s->words = ((unsigned)s->n + 63) / 64;
	memset(s->bits, 0, sizeof(s->bits));
	for (int i = 0; i < 3; i++) {
		s->user[i] = args->a[1 + i];
		if (s->user[i] != 0 && copyin(s->bits[i], s->user[i], s->words * 8))
			return EFAULT;
	}
	return 0;
}

static unsigned
asked_of(const struct select_sets *s, int fd)
{
	unsigned events = 0;

	for (int i = 0; i < 3; i++)
		events |= test_bit(s->bits[i], fd) ? select_events[i] : 0;
	return events;
}

static int
fill_from_sets(struct poll_set *set, const struct select_sets *s)
{
	unsigned n = 0;
	int error;

	for (int fd = 0; fd < s->n; fd++)
		n += asked_of(s, fd) != 0;
	error = set_init(set, n);
	if (error)
		return error;
	n = 0;
	for (int fd = 0; fd < s->n; fd++) {
		if (asked_of(s, fd) == 0)
			continue;
		set_add(set, n, fd, asked_of(s, fd));
		if (set->items[n++].file == NULL)
			error = EBADF;
	}
	return error;
}

/* Keep the bits that are ready.  => returns how many bits are left. */
static int
reduce_sets(const struct poll_set *set, struct select_sets *s)
{
	int count = 0;

	for (unsigned k = 0; k < set->n; k++) {
		int fd = set->items[k].fd;

		for (int i = 0; i < 3; i++) {
			if (!test_bit(s->bits[i], fd))
				continue;
			if (set->items[k].revents & select_events[i])
				count++;
			else
				s->bits[i][fd / 64] &= ~(1ull << fd % 64);
		}
	}
	return count;
}

static int
store_sets(const struct select_sets *s)
{
	for (int i = 0; i < 3; i++)
		if (s->user[i] != 0 && copyout(s->user[i], s->bits[i], s->words * 8))
			return EFAULT;
	return 0;
}

/* The sixth argument points to { address of the mask, its size }. */
static int
fetch_mask_arg(uint64_t user, uint64_t mask[2])
{
	mask[0] = mask[1] = 0;
	return user != 0 ? copyin(mask, user, 2 * sizeof(mask[0])) : 0;
}

long
sys_pselect6(const struct syscall_args *args)
{
	uint64_t timeout = args->a[4], deadline, mask[2];
	struct select_sets sets;
	struct poll_set set;
	long result;
	int error;

	error = fetch_mask_arg(args->a[5], mask);
	if (!error)
		error = fetch_deadline(timeout, &deadline);
	if (!error)
		error = fetch_sets(&sets, args);
	if (error)
		return -error;
	error = fill_from_sets(&set, &sets);
	if (error == ENOMEM)
		return -ENOMEM;
	result = error ? -error : run_masked(&set, timeout, deadline, mask[0], mask[1]);
	if (result >= 0) {
		result = reduce_sets(&set, &sets);
		if (store_sets(&sets))
			result = -EFAULT;
	}
	set_done(&set);
	return result;
}
