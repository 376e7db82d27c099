/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot order.  The machine layer has done its part (arch/riscv/start.c): final page tables, device
 * tree read, interrupts off.  What follows runs on hart 0's boot stack and must not sleep; what may
 * sleep comes in process 1 (kern/init.c).
 */
#include "arch/riscv/machine.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/base/thread.h"
#include "kern/dev/dev.h"
#include "kern/fdtable.h"
#include "kern/file.h"
#include "kern/file_dev.h"
#include "kern/fs/fs.h"
#include "kern/fs/vfs.h"
#include "kern/init.h"
#include "kern/pipe.h"
#include "kern/proc.h"
#include "kern/random.h"
#include "kern/trap.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"
#include "vm/vm_map.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"
#include "vm/zone.h"

/* Memory, from frames up to address spaces. */
static void
memory_init(void)
{
	vm_page_startup(machine.free, machine.nfree); /* frames: everything below comes from them */
	zone_bootstrap(); /* small objects, in frames of the direct map */
	pmap_init();      /* zones for page tables' bookkeeping */
	vm_object_init(); /* before km_init: kernel memory is an object */
	vm_map_startup(); /* the zone of map entries */
	km_init();        /* kernel_map and submaps: kernel stacks from here on */
	vm_fault_init();  /* the page of zeros */
	vmspace_init();   /* user address spaces */
}

void
kernel_main(void)
{
	sched_bootstrap();     /* run queues, sleep queues: wakeups are harmless from here on */
	init_parse_bootargs(); /* how much the others may say */
	uart_init();           /* console_serial: messages no longer go through the firmware */
	klog(
	    LOG_INFO, "Umbra: %u harts, %lu MiB of memory", machine.nhart, machine.ram_bytes >> 20);
	clock_set_real(rtc_now_ns()); /* time stamps */
	/* After the clock, which it mixes in. */
	random_init(machine.rng_seed, machine.rng_seed_len);
	memory_init();
	null_init(); /* devices that need no interrupts */
	rtc_init();
	vfs_init(); /* inode cache and mounts: before any file system */
	fs_init();  /* its zones, and the hook that gives memory back */
	fdtable_init();
	file_init();     /* after fdtable: open files */
	file_dev_init(); /* drivers may wake pollers */
	pipe_init();
	proc_init();  /* after vm and files: starts the first kernel thread */
	init_start(); /* process 1, which runs once we are idle */
	sched_idle();
}

void
secondary_main(void)
{
	sched_idle();
}
