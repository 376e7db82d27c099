/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot arguments and process 1.
 *
 *      init_start --> thread of process 1: harts -> disks, terminal -> root file system -> /proc
 *                     -> execve of the first program
 *
 * If any of this fails there is nothing left to do: one line says what, and the machine goes off
 * with status 125.
 */
#include "kern/init.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/machine.h"
#include "kern/base/blkdev.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "kern/console.h"
#include "kern/ddb.h"
#include "kern/dev/dev.h"
#include "kern/fdtable.h"
#include "kern/fs/fs.h"
#include "kern/fs/vfs.h"
#include "kern/fsdirs.h"
#include "kern/ktest.h"
#include "kern/proc.h"
#include "kern/procfiles.h"
#include "kern/tty.h"
#include "vm/vm_km.h"
#include "vm/vm_map.h"
#include "vm/vmspace.h"

#define BOOT_FAILED  125 /* QEMU's exit status */
#define INIT_DEFAULT "/bin/init"
#define INIT_ARGS    32

/* The first program, from init= or run=; pointers into machine.bootargs. */
static const char *init_argv[INIT_ARGS + 1] = {INIT_DEFAULT};
static const char *const init_envp[] = {"PATH=/bin", "HOME=/root", "TERM=vt100", NULL};

static void NORETURN
boot_failed(const char *what, const char *name, int error)
{
	static const char *const names[] = {
	    [ENOENT] = "no such file",
	    [EIO] = "input/output error",
	    [E2BIG] = "too many arguments",
	    [ENOEXEC] = "not a program for this machine",
	    [EAGAIN] = "too many processes",
	    [ENOMEM] = "out of memory",
	    [EACCES] = "not allowed",
	    [ENXIO] = "there is none",
	    [ENOTDIR] = "not a directory",
	    [EINVAL] = "not valid",
	    [ELOOP] = "too many links or scripts",
	};
	const char *why = error > 0 && (size_t)error < NELEM(names) ? names[error] : NULL;

	if (why != NULL)
		klog(LOG_ERROR, "umbra: %s %s: %s", what, name, why);
	else
		klog(LOG_ERROR, "umbra: %s %s: error %d", what, name, error);
	machine_poweroff(BOOT_FAILED);
}

/*
 * Boot arguments.
 */

/* Does the word at `arg` begin with `key`?  => what follows it, or NULL. */
static char *
after_key(char *arg, const char *key)
{
	size_t len = strlen(key);

	return strncmp(arg, key, len) == 0 ? arg + len : NULL;
}

static void
parse_log(const char *name)
{
	static const char *const names[] = {
	    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

	for (unsigned i = 0; i < NELEM(names); i++)
		if (strcmp(name, names[i]) == 0) {
			klog_set_level((enum log_level)i);
			return;
		}
	klog(LOG_WARN, "boot argument log=%s: error, warn, info or debug are known", name);
}

/* init=PATH args...: the rest of the line, split at blanks. */
static void
parse_init(char *line)
{
	unsigned n = 0;

	for (char *word; n < INIT_ARGS && (word = strsep(&line, " ")) != NULL;)
		if (*word != '\0')
			init_argv[n++] = word;
	init_argv[n] = NULL;
	if (n == 0)
		init_argv[0] = INIT_DEFAULT;
}

static void
parse_run(const char *command)
{
	init_argv[0] = INIT_DEFAULT;
	init_argv[1] = "run";
	init_argv[2] = command;
	init_argv[3] = NULL;
}

static void
parse_word(char *word)
{
	char *value;

	if (strcmp(word, "quiet") == 0)
		klog_set_level(LOG_ERROR);
	else if ((value = after_key(word, "log=")) != NULL)
		parse_log(value);
	else if (strcmp(word, "ktest") == 0)
		ktest_want(NULL);
	else if ((value = after_key(word, "ktest=")) != NULL)
		ktest_want(value);
	else if (strcmp(word, "ddb=1") == 0)
		ddb_on_panic(true);
	else if (strcmp(word, "ddb=0") == 0)
		ddb_on_panic(false);
	else if (strcmp(word, "swap=on") == 0)
		klog(LOG_WARN, "boot argument swap=on: there is no swapping yet");
	else if (strcmp(word, "swap=off") != 0)
		klog(LOG_WARN, "boot argument %s is not known", word);
}

void
init_parse_bootargs(void)
{
	char *rest = machine.bootargs, *value;

	while (rest != NULL) {
		rest += strspn(rest, " ");
		if (*rest == '\0')
			return;
		/* These two take the rest of the line. */
		if ((value = after_key(rest, "init=")) != NULL) {
			parse_init(value);
			return;
		}
		if ((value = after_key(rest, "run=")) != NULL) {
			parse_run(value);
			return;
		}
		parse_word(strsep(&rest, " "));
	}
}

/*
 * Process 1.
 */

/* A hart that does not start is reported by hart_start(), and we go on without it. */
static void
start_harts(void)
{
	for (unsigned i = 1; i < machine.nhart; i++) {
		boot_thread[i].md.kstack = kstack_alloc();
		if (boot_thread[i].md.kstack == 0)
			boot_failed("no stack for", "a hart", ENOMEM);
		sched_prepare_hart(i);
		if (hart_start(i, &boot_thread[i].md) != 0)
			kstack_free(boot_thread[i].md.kstack);
	}
}

static void
mount_root(struct proc *p)
{
	struct blkdev *disk = blkdev_nth(0);
	int error;

	if (disk == NULL)
		boot_failed("no root file system", "without a disk", ENXIO);
	error = fs_mount_root(disk);
	if (error != 0)
		boot_failed("no root file system on", disk->name, error);
	(void)vfs_root(); /* one reference for the root, one for the directory */
	p->dirs = fsdirs_create(vfs_root());
	if (p->dirs == NULL)
		boot_failed("no memory for", "process 1", ENOMEM);
}

static void
init_main(void *arg)
{
	struct proc *p = curproc();
	int error;

	(void)arg;
	start_harts();
	virtio_init();    /* disks, by interrupt */
	tty_init();       /* the terminal on the console line */
	console_init();   /* ^P */
	mount_root(p);    /* waits for the disk */
	procfiles_init(); /* /proc, a directory of the root */
	if (thread_create("syncer", fs_syncer, NULL) == NULL)
		boot_failed("no memory for", "the syncer", ENOMEM);
	ktest_main(); /* returns unless ktest= asks for tests instead of a program */
	error = proc_exec_kernel(init_argv[0], init_argv, init_envp);
	if (error != 0)
		boot_failed("cannot run", init_argv[0], error);
	md_user_enter();
}

/* For panics: in which process and space it happened. */
static void
print_process(void)
{
	struct proc *p = curproc();

	if (p == NULL)
		return;
	kprintf("process %d\n", p->pid);
	if (p->vmspace != NULL)
		vm_map_print(&p->vmspace->map);
}

void
init_start(void)
{
	struct uthread *t;
	int error = proc_create(NULL, &init_proc);

	if (error != 0)
		boot_failed("cannot make", "process 1", error);
	panic_hook = print_process;
	ddb_init();
	init_proc->fdtable = fdtable_create();
	t = uthread_create(init_proc, init_proc->pid, "init", init_main, NULL);
	if (init_proc->fdtable == NULL || t == NULL)
		boot_failed("no memory for", "process 1", ENOMEM);
	proc_publish(init_proc, NULL);
	sched_ready(&t->td);
}
