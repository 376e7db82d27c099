/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory: who has to go.
 *
 *      fault without a page, for 0.3 seconds    --> oom_kill --> SIGKILL to the largest process
 *                                                           --> wait until it is gone, try again
 *
 * The largest is the one that has the most pages in its page table.  One dies at a time: as long as
 * somebody killed here is still on its way out, and not for too long, nobody else is.  Process 1 is
 * never chosen, for the machine ends with it.
 *
 * Rejected: killing whoever asks.  That is the next one who needs a page, not the one who has them.
 *
 * Locks: proc_tree_lock, then one proc.lock.
 */
#include "kern/oom.h"

#include <signal.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "vm/pmap.h"
#include "vm/vmspace.h"

#define NS_PER_MS 1000000ul
#define LOOK_NS   (20 * NS_PER_MS)
#define GRACE_NS  (10000 * NS_PER_MS) /* how long one killed may take: hosts can be slow */

struct census {
	struct proc *largest;
	uint64_t pages;
	bool dying; /* somebody with memory is on its way out */
};

static uint64_t last_kill; /* t  ns */

/* => nothing above RANK_PROC_TREE held. */
static bool
being_killed(struct proc *p)
{
	bool killed;

	spin_lock(&p->lock);
	killed = p->exiting || (p->pending.set & (1ul << (SIGKILL - 1))) != 0;
	spin_unlock(&p->lock);
	return killed;
}

/* => tree locked. */
static void
count_process(struct proc *p, void *arg)
{
	struct census *c = arg;
	uint64_t pages = 0;
	bool dying;

	spin_lock(&p->lock);
	if (p->vmspace != NULL)
		pages = pmap_resident_count(p->vmspace->map.pmap);
	spin_unlock(&p->lock);
	dying = being_killed(p);
	if (p == init_proc || pages == 0)
		return;
	if (dying)
		c->dying = true;
	else if (pages > c->pages) {
		c->pages = pages;
		c->largest = p;
	}
}

/* => the process to kill, with a reference; NULL: wait for one that is dying, or there is none. */
static struct proc *
choose(void)
{
	struct census c = {NULL, 0, false};
	uint64_t now = clock_mono_ns();

	spin_lock(&proc_tree_lock);
	proc_foreach_locked(count_process, &c);
	if (c.dying && now - last_kill < GRACE_NS)
		c.largest = NULL;
	if (c.largest != NULL) {
		last_kill = now;
		proc_ref(c.largest);
	}
	spin_unlock(&proc_tree_lock);
	return c.largest;
}

/* Process p may have come to its end since it was chosen. */
static void
report(struct proc *p)
{
	char name[THREAD_NAME_MAX] = "?";

	spin_lock(&p->lock);
	if (!list_empty(&p->threads))
		strlcpy(name, first_thread(p)->td.name, sizeof(name));
	spin_unlock(&p->lock);
	klog(LOG_ERROR, "out of memory: killing %s (pid %d)", name, p->pid);
}

bool
oom_kill(void)
{
	struct proc *p = choose();
	bool mine = p == curproc();

	if (p != NULL) {
		report(p);
		(void)signal_proc(p, SIGKILL, NULL);
		proc_unref(p);
	}
	if (mine || being_killed(curproc()))
		return false;
	(void)sleep_ns(LOOK_NS, "memory", 0);
	return true;
}
