/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ^P: what every process is doing, and what its address space looks like.
 *
 * The key is seen in an interrupt handler, which must not walk maps that somebody is changing.  So
 * a thread prints, with a hold on each address space and its map locked for reading.
 *
 * Rejected: printing from the interrupt without locks.  It would work on a hung system, but the
 * debugger (ddb.c) does that better, and a map that changes under the printer's feet could take the
 * system down.
 *
 * Locks: dump_lock (spin, RANK_TTY) guards `wanted`; held together with none.
 */
#include <stdbool.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "kern/console.h"
#include "kern/proc.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"

#define KIB_PER_PAGE 4

static struct spinlock dump_lock = SPINLOCK_INIT("dump", RANK_TTY);
static bool wanted; /* dump_lock */

void
console_dump(void)
{
	spin_lock(&dump_lock);
	wanted = true;
	spin_unlock(&dump_lock);
	wakeup(&wanted);
}

static void
print_process(struct proc *p)
{
	struct proc_info info;
	struct vmspace *vm;

	proc_get_info(p, &info);
	kprintf("%5d %5d %5d %c %-15s %s\n", info.pid, info.ppid, info.pgid, info.state, info.name,
	    info.why);
	vm = proc_hold_vmspace(p);
	if (vm == NULL)
		return;
	vm_map_lock_read(&vm->map);
	vm_map_print(&vm->map);
	vm_map_unlock_read(&vm->map);
	vmspace_unhold(vm);
}

static void
print_all(void)
{
	struct proc *p;

	kprintf("\n%5s %5s %5s S %-15s waits for\n", "PID", "PPID", "PGRP", "name");
	for (int32_t pid = proc_next_pid(1); pid != 0; pid = proc_next_pid(pid + 1)) {
		p = proc_find(pid);
		if (p == NULL)
			continue;
		print_process(p);
		proc_unref(p);
	}
	kprintf("free memory: %llu of %llu KiB\n",
	    (unsigned long long)vm_page_free_count() * KIB_PER_PAGE,
	    (unsigned long long)vm_page_total_count() * KIB_PER_PAGE);
}

static void
dump_thread(void *arg)
{
	(void)arg;
	for (;;) {
		spin_lock(&dump_lock);
		while (!wanted)
			sleep_spin(&wanted, &dump_lock, "console_dump", 0, NO_DEADLINE);
		wanted = false;
		spin_unlock(&dump_lock);
		print_all();
	}
}

void
console_init(void)
{
	if (thread_create("console", dump_thread, NULL) == NULL)
		panic("no memory for the console's thread");
}
