/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of /proc and its short texts; the formats are Linux's where Linux has the file.
 * Address spaces are in procmaps.c.
 *
 *      entries[] --(kern/fs/procfs.c makes folders and inodes of it)--> open() --> make() --> text
 *
 * Locks: none of its own.  A process is looked at through proc_find() and proc_get_info(): what it
 * was a moment ago.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fdtable.h"
#include "kern/fs/procfs.h"
#include "kern/fs/vfs.h"
#include "kern/fsdirs.h"
#include "kern/pipe.h"
#include "kern/proc.h"
#include "kern/procfiles.h"
#include "kern/stackdepth.h"
#include "kern/tty.h"
#include "lib/fmt.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_km.h"
#include "vm/vm_meter.h"
#include "vm/vm_mmap.h"
#include "vm/vm_page.h"
#include "vm/vm_wire.h"
#include "vm/vmspace.h"

#define NS_PER_SEC    1000000000ul
#define NS_PER_TICK   10000000ul /* Linux tells times in units of 1/100 s */
#define KIB_PER_PAGE  (PAGE_SIZE >> 10)
#define MAP_COUNT_MAX 0x7ffffffful

/* ---- The system ------------------------------------------------------------------------------ */

static void
print_counter(const char *name, uint64_t value, void *arg)
{
	procfs_printf(arg, "%s %lu\n", name, value);
}

/* Memory that nothing else counts: what user spaces map, and what the kernel needs for them. */
struct space_sums {
	uint64_t mapped, wired, tables; /* pages */
};

static void
add_space(struct vmspace *vm, void *arg)
{
	struct space_sums *s = arg;

	s->mapped += pmap_resident_count(vm->map.pmap);
	s->wired += pmap_wired_count(vm->map.pmap);
	s->tables += pmap_table_count(vm->map.pmap);
}

static int
make_vmstat(struct procfs_text *t, int32_t pid)
{
	struct space_sums s = {0};

	(void)pid;
	vmspace_foreach(add_space, &s);
	print_counter("nr_mapped", s.mapped, t);
	print_counter("nr_mlock", s.wired, t);
	print_counter("nr_page_table_pages", s.tables, t);
	print_counter("nr_kernel_stack", kstack_map->size >> 10, t);
	vm_meter_foreach(print_counter, t);
	print_counter("kstack_high_water", stack_high_water(), t);
	return 0;
}

/* Is memory in order?  A broken invariant panics and names itself. */
static int
make_vmcheck(struct procfs_text *t, int32_t pid)
{
	(void)pid;
	vm_check_all();
	procfs_printf(t, "ok\n");
	return 0;
}

/* The counters that meminfo shows, in pages. */
struct memory {
	uint64_t file, anon, active, inactive, zone;
};

static void
pick_counter(const char *name, uint64_t value, void *arg)
{
	struct memory *m = arg;

	if (strcmp(name, "nr_file_pages") == 0)
		m->file = value;
	else if (strcmp(name, "nr_anon_pages") == 0)
		m->anon = value;
	else if (strcmp(name, "nr_active_pages") == 0)
		m->active = value;
	else if (strcmp(name, "nr_inactive_pages") == 0)
		m->inactive = value;
	else if (strcmp(name, "nr_zone_pages") == 0)
		m->zone = value;
}

static void
print_kib(struct procfs_text *t, const char *name, uint64_t pages)
{
	procfs_printf(t, "%-15s %8lu kB\n", name, pages * KIB_PER_PAGE);
}

static int
make_meminfo(struct procfs_text *t, int32_t pid)
{
	struct memory m = {0};
	struct space_sums s = {0};
	uint64_t free = vm_page_free_count();

	(void)pid;
	vmspace_foreach(add_space, &s);
	vm_meter_foreach(pick_counter, &m);
	print_kib(t, "MemTotal:", vm_page_total_count());
	print_kib(t, "MemFree:", free);
	print_kib(t, "MemAvailable:", free + m.file);
	print_kib(t, "Buffers:", 0);
	print_kib(t, "Cached:", m.file);
	print_kib(t, "SwapCached:", 0);
	print_kib(t, "Active:", m.active);
	print_kib(t, "Inactive:", m.inactive);
	print_kib(t, "Mlocked:", vm_wire_user_count());
	print_kib(t, "SwapTotal:", 0);
	print_kib(t, "SwapFree:", 0);
	print_kib(t, "AnonPages:", m.anon);
	print_kib(t, "Mapped:", s.mapped);
	print_kib(t, "Slab:", m.zone);
	print_kib(t, "SUnreclaim:", m.zone);
	print_kib(t, "KernelStack:", kstack_map->size >> PAGE_SHIFT);
	print_kib(t, "PageTables:", s.tables);
	print_kib(t, "VmallocTotal:", (kernel_map->max - kernel_map->min) >> PAGE_SHIFT);
	print_kib(t, "VmallocUsed:",
	    (kstack_map->size + exec_map->size + pipe_map->size + kmem_map->size) >> PAGE_SHIFT);
	return 0;
}

/* Time that the idle threads of all harts have had. */
static uint64_t
idle_ns(void)
{
	uint64_t sum = 0;

	for (unsigned hart = 0; hart < sched_online_count(); hart++)
		sum += boot_thread[hart].runtime;
	return sum;
}

static void
print_hundredths(struct procfs_text *t, uint64_t ns)
{
	procfs_printf(t, "%lu.%02lu", ns / NS_PER_SEC, ns % NS_PER_SEC / NS_PER_TICK);
}

static int
make_uptime(struct procfs_text *t, int32_t pid)
{
	(void)pid;
	print_hundredths(t, clock_mono_ns());
	procfs_printf(t, " ");
	print_hundredths(t, idle_ns());
	procfs_printf(t, "\n");
	return 0;
}

static void
print_mount(const struct mount *m, void *arg)
{
	procfs_printf(arg, "%s %s %s %s,relatime 0 0\n", m->source, m->path, m->type,
	    m->flags & MOUNT_RDONLY ? "ro" : "rw");
}

static int
make_mounts(struct procfs_text *t, int32_t pid)
{
	(void)pid;
	vfs_foreach_mount(print_mount, t);
	return 0;
}

static int
make_max_map_count(struct procfs_text *t, int32_t pid)
{
	(void)pid;
	procfs_printf(t, "%u\n", __atomic_load_n(&vm_max_map_count, __ATOMIC_RELAXED));
	return 0;
}

/* A number, and nothing but spaces behind it. */
static int
parse_number(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;

	if (*text < '0' || *text > '9')
		return EINVAL;
	for (; *text >= '0' && *text <= '9'; text++) {
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > max)
			return EINVAL;
	}
	if (text[strspn(text, " \t\n")] != '\0')
		return EINVAL;
	*value = n;
	return 0;
}

static int
write_max_map_count(int32_t pid, const char *text)
{
	uint64_t value;
	int error = parse_number(text, MAP_COUNT_MAX, &value);

	(void)pid;
	if (!error)
		__atomic_store_n(&vm_max_map_count, (uint32_t)value, __ATOMIC_RELAXED);
	return error;
}

static int
make_pipe_max_size(struct procfs_text *t, int32_t pid)
{
	(void)pid;
	procfs_printf(t, "%u\n", __atomic_load_n(&pipe_max_size, __ATOMIC_RELAXED));
	return 0;
}

static int
write_pipe_max_size(int32_t pid, const char *text)
{
	uint64_t value;
	int error = parse_number(text, UINT32_MAX, &value);
	uint32_t size = error ? 0 : pipe_round_size(value);

	(void)pid;
	if (size == 0)
		return EINVAL;
	__atomic_store_n(&pipe_max_size, size, __ATOMIC_RELAXED);
	return 0;
}

static int
make_version(struct procfs_text *t, int32_t pid)
{
	struct utsname names;

	(void)pid;
	uname_get(&names);
	procfs_printf(t, "%s version %s %s\n", names.sysname, names.release, names.version);
	return 0;
}

static int
make_ostype(struct procfs_text *t, int32_t pid)
{
	struct utsname names;

	(void)pid;
	uname_get(&names);
	procfs_printf(t, "%s\n", names.sysname);
	return 0;
}

static int
make_osrelease(struct procfs_text *t, int32_t pid)
{
	struct utsname names;

	(void)pid;
	uname_get(&names);
	procfs_printf(t, "%s\n", names.release);
	return 0;
}

static int
make_hostname(struct procfs_text *t, int32_t pid)
{
	struct utsname names;

	(void)pid;
	uname_get(&names);
	procfs_printf(t, "%s\n", names.nodename);
	return 0;
}

static int
make_pid_max(struct procfs_text *t, int32_t pid)
{
	(void)pid;
	procfs_printf(t, "%d\n", PID_MAX);
	return 0;
}

/* ---- Processes ------------------------------------------------------------------------------- */

static int
get_info(int32_t pid, struct proc_info *info)
{
	struct proc *p = proc_find(pid);

	if (p == NULL)
		return ESRCH;
	proc_get_info(p, info);
	proc_unref(p);
	return 0;
}

/* The same of a thread. */
static int
get_thread_info(int32_t tid, struct proc_info *info)
{
	struct proc *p = proc_find_thread(tid);
	int error;

	if (p == NULL)
		return ESRCH;
	error = proc_get_thread_info(p, tid, info);
	proc_unref(p);
	return error;
}

static int32_t
process_of_thread(int32_t tid)
{
	struct proc *p = proc_find_thread(tid);
	int32_t pid = 0;

	if (p != NULL) {
		pid = p->pid;
		proc_unref(p);
	}
	return pid;
}

static int32_t
next_thread(int32_t pid, int32_t from)
{
	struct proc *p = proc_find(pid);
	int32_t tid = 0;

	if (p != NULL) {
		tid = proc_next_tid(p, from);
		proc_unref(p);
	}
	return tid;
}

static uint64_t
ticks(uint64_t ns)
{
	return ns / NS_PER_TICK;
}

/* The line of 52 fields, see proc(5); what has no meaning here is 0. */
static void
print_stat(struct procfs_text *t, int32_t id, const struct proc_info *info)
{
	const struct proc_info i = *info;
	struct procmaps_sizes sizes;
	uint32_t tty;
	int tty_pgrp;

	procmaps_get_sizes(i.pid, &sizes);
	tty_of_session(i.sid, &tty, &tty_pgrp);
	procfs_printf(t, "%d (%s) %c %d %d %d %u %d 0 ", id, i.name, i.state, i.ppid, i.pgid, i.sid,
	    tty, tty_pgrp);
	procfs_printf(t, "%lu %lu %lu %lu ", i.usage.minor_faults, i.children_usage.minor_faults,
	    i.usage.major_faults, i.children_usage.major_faults);
	procfs_printf(t, "%lu %lu %lu %lu ", ticks(i.usage.utime_ns), ticks(i.usage.stime_ns),
	    ticks(i.children_usage.utime_ns), ticks(i.children_usage.stime_ns));
	procfs_printf(t, "%d %d %u 0 %lu %lu %lu %lu ", 20 + i.nice, i.nice, i.nthreads,
	    ticks(i.start_ns), sizes.total * PAGE_SIZE, sizes.resident, ~0ul);
	procfs_printf(t, "0 0 0 0 0 %lu %lu %lu %lu 0 0 0 17 %u 0 0 0 0 0 0 0 0 0 0 0 0 %d\n",
	    i.pending, i.blocked, i.ignored, i.caught, i.hart, i.exit_status);
}

static int
make_stat(struct procfs_text *t, int32_t pid)
{
	struct proc_info info;
	int error = get_info(pid, &info);

	if (!error)
		print_stat(t, pid, &info);
	return error;
}

static int
make_thread_stat(struct procfs_text *t, int32_t tid)
{
	struct proc_info info;
	int error = get_thread_info(tid, &info);

	if (!error)
		print_stat(t, tid, &info);
	return error;
}

static const char *
state_name(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	case 'Z':
		return "zombie";
	default:
		return "unknown";
	}
}

/* Lines of status are a name, a tab, and KiB in eight columns. */
static void
print_status_size(struct procfs_text *t, const char *name, uint64_t pages)
{
	procfs_printf(t, "%s:\t%8lu kB\n", name, pages * KIB_PER_PAGE);
}

static void
print_status_memory(struct procfs_text *t, const struct proc_info *i)
{
	struct procmaps_sizes sizes;
	struct procmaps_residents residents;

	procmaps_get_sizes(i->pid, &sizes);
	procmaps_get_residents(i->pid, &residents);
	print_status_size(t, "VmSize", sizes.total);
	print_status_size(t, "VmLck", sizes.locked);
	print_status_size(t, "VmHWM", MAX(i->usage.max_resident, sizes.resident));
	print_status_size(t, "VmRSS", sizes.resident);
	print_status_size(t, "RssAnon", residents.anon);
	print_status_size(t, "RssFile", residents.file);
	print_status_size(t, "VmData", sizes.data);
	print_status_size(t, "VmStk", sizes.stack);
	print_status_size(t, "VmExe", sizes.text);
	print_status_size(t, "VmPTE", residents.tables);
	print_status_size(t, "VmSwap", 0);
}

static void
print_status(struct procfs_text *t, int32_t id, const struct proc_info *info)
{
	const struct proc_info i = *info;
	procfs_printf(t, "Name:\t%s\nState:\t%c (%s)\n", i.name, i.state, state_name(i.state));
	procfs_printf(t, "Tgid:\t%d\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", i.pid, id, i.ppid);
	procfs_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", i.ruid, i.euid, i.suid, i.euid);
	procfs_printf(t, "Gid:\t%u\t%u\t%u\t%u\n", i.rgid, i.egid, i.sgid, i.egid);
	if (i.state != 'Z')
		print_status_memory(t, &i);
	procfs_printf(t, "Threads:\t%u\n", i.nthreads);
	procfs_printf(t, "SigPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
	    i.pending, i.blocked, i.ignored, i.caught);
	procfs_printf(t, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
	    i.usage.switches, i.usage.preemptions);
}

static int
make_status(struct procfs_text *t, int32_t pid)
{
	struct proc_info info;
	int error = get_info(pid, &info);

	if (!error)
		print_status(t, pid, &info);
	return error;
}

static int
make_thread_status(struct procfs_text *t, int32_t tid)
{
	struct proc_info info;
	int error = get_thread_info(tid, &info);

	if (!error)
		print_status(t, tid, &info);
	return error;
}

static int
make_comm(struct procfs_text *t, int32_t pid)
{
	struct proc_info info;
	int error = get_info(pid, &info);

	if (!error)
		procfs_printf(t, "%s\n", info.name);
	return error;
}

static int
make_thread_comm(struct procfs_text *t, int32_t tid)
{
	struct proc_info info;
	int error = get_thread_info(tid, &info);

	if (!error)
		procfs_printf(t, "%s\n", info.name);
	return error;
}

/* What the process waits for; 0: nothing. */
static int
make_wchan(struct procfs_text *t, int32_t pid)
{
	struct proc_info info;
	int error = get_info(pid, &info);

	if (!error)
		procfs_printf(t, "%s", info.why[0] != '\0' ? info.why : "0");
	return error;
}

static int
make_thread_wchan(struct procfs_text *t, int32_t tid)
{
	struct proc_info info;
	int error = get_thread_info(tid, &info);

	if (!error)
		procfs_printf(t, "%s", info.why[0] != '\0' ? info.why : "0");
	return error;
}

/* ---- Links ----------------------------------------------------------------------------------- */

static int
link_text(const char *text, char *buf, size_t size, size_t *len)
{
	*len = MIN(strlen(text), size);
	memcpy(buf, text, *len);
	return 0;
}

static int
link_self(int32_t pid, char *buf, size_t size, size_t *len)
{
	char text[12];

	(void)pid;
	fmt_snprintf(text, sizeof(text), "%d", curproc()->pid);
	return link_text(text, buf, size, len);
}

static int
link_exe(int32_t pid, char *buf, size_t size, size_t *len)
{
	struct proc_info info;
	int error = get_info(pid, &info);

	if (error || info.exe[0] == '\0')
		return ENOENT;
	return link_text(info.exe, buf, size, len);
}

/* The path of another process's directory `what`, as seen from its root. */
static int
link_directory(
    int32_t pid, struct inode *(*pick)(struct fsdirs *d), char *buf, size_t size, size_t *len)
{
	static const struct cred root_cred;
	struct vfs_ctx ctx = {.cred = &root_cred};
	struct proc *p = proc_find(pid);
	int error;

	if (p == NULL)
		return ENOENT;
	spin_lock(&p->lock);
	if (p->dirs != NULL)
		ctx.cwd = pick(p->dirs);
	spin_unlock(&p->lock);
	proc_unref(p);
	if (ctx.cwd == NULL)
		return ENOENT;
	ctx.root = vfs_root();
	error = vfs_getcwd(&ctx, buf, size);
	inode_unref(ctx.root);
	inode_unref(ctx.cwd);
	*len = error ? 0 : strlen(buf);
	return error;
}

static int
link_cwd(int32_t pid, char *buf, size_t size, size_t *len)
{
	return link_directory(pid, fsdirs_cwd, buf, size, len);
}

static int
link_root(int32_t pid, char *buf, size_t size, size_t *len)
{
	return link_directory(pid, fsdirs_root, buf, size, len);
}

/* ---- The table ------------------------------------------------------------------------------- */

enum { P_ROOT, P_PID, P_SYS, P_SYS_VM, P_SYS_KERNEL, P_SYS_FS, P_TASK, P_TID, P_FIRST_FILE };

static const struct procfs_entry entries[] = {
    [P_ROOT] = {.name = "", .mode = 0555},
    [P_PID] = {.name = PROCFS_PID, .parent = P_ROOT, .mode = 0555},
    [P_SYS] = {.name = "sys", .parent = P_ROOT, .mode = 0555},
    [P_SYS_VM] = {.name = "vm", .parent = P_SYS, .mode = 0555},
    [P_SYS_KERNEL] = {.name = "kernel", .parent = P_SYS, .mode = 0555},
    [P_SYS_FS] = {.name = "fs", .parent = P_SYS, .mode = 0555},
    [P_TASK] = {.name = "task", .parent = P_PID, .mode = 0555},
    [P_TID] = {.name = PROCFS_TID, .parent = P_TASK, .mode = 0555},

    [P_FIRST_FILE] = {.name = "self", .parent = P_ROOT, .mode = 0777, .readlink = link_self},
    {.name = "meminfo", .parent = P_ROOT, .mode = 0444, .make = make_meminfo},
    {.name = "mounts", .parent = P_ROOT, .mode = 0444, .make = make_mounts},
    {.name = "uptime", .parent = P_ROOT, .mode = 0444, .make = make_uptime},
    {.name = "version", .parent = P_ROOT, .mode = 0444, .make = make_version},
    {.name = "vmcheck", .parent = P_ROOT, .mode = 0400, .make = make_vmcheck},
    {.name = "vmstat", .parent = P_ROOT, .mode = 0444, .make = make_vmstat},
    {.name = "max_map_count",
	.parent = P_SYS_VM,
	.mode = 0644,
	.make = make_max_map_count,
	.write = write_max_map_count},
    {.name = "pipe-max-size",
	.parent = P_SYS_FS,
	.mode = 0644,
	.make = make_pipe_max_size,
	.write = write_pipe_max_size},
    {.name = "hostname", .parent = P_SYS_KERNEL, .mode = 0444, .make = make_hostname},
    {.name = "osrelease", .parent = P_SYS_KERNEL, .mode = 0444, .make = make_osrelease},
    {.name = "ostype", .parent = P_SYS_KERNEL, .mode = 0444, .make = make_ostype},
    {.name = "pid_max", .parent = P_SYS_KERNEL, .mode = 0444, .make = make_pid_max},

    {.name = "cmdline", .parent = P_PID, .mode = 0444, .make = procmaps_cmdline},
    {.name = "comm", .parent = P_PID, .mode = 0444, .make = make_comm},
    {.name = "cwd", .parent = P_PID, .mode = 0777, .readlink = link_cwd},
    {.name = "exe", .parent = P_PID, .mode = 0777, .readlink = link_exe},
    {.name = "maps", .parent = P_PID, .mode = 0444, .make = procmaps_maps},
    {.name = "mounts", .parent = P_PID, .mode = 0444, .make = make_mounts},
    {.name = "root", .parent = P_PID, .mode = 0777, .readlink = link_root},
    {.name = "smaps", .parent = P_PID, .mode = 0444, .make = procmaps_smaps},
    {.name = "stat", .parent = P_PID, .mode = 0444, .make = make_stat},
    {.name = "statm", .parent = P_PID, .mode = 0444, .make = procmaps_statm},
    {.name = "status", .parent = P_PID, .mode = 0444, .make = make_status},
    {.name = "vmmap", .parent = P_PID, .mode = 0444, .make = procmaps_vmmap},
    {.name = "wchan", .parent = P_PID, .mode = 0444, .make = make_wchan},

    {.name = "comm", .parent = P_TID, .mode = 0444, .make = make_thread_comm},
    {.name = "stat", .parent = P_TID, .mode = 0444, .make = make_thread_stat},
    {.name = "status", .parent = P_TID, .mode = 0444, .make = make_thread_status},
    {.name = "wchan", .parent = P_TID, .mode = 0444, .make = make_thread_wchan},
};

static bool
process_owner(int32_t pid, uint32_t *uid, uint32_t *gid)
{
	struct proc_info info;

	if (get_info(pid, &info) && get_thread_info(pid, &info))
		return false;
	*uid = info.euid;
	*gid = info.egid;
	return true;
}

static const struct procfs_source source = {
    .entries = entries,
    .count = NELEM(entries),
    .next_pid = proc_next_pid,
    .next_tid = next_thread,
    .process_of = process_of_thread,
    .owner = process_owner,
};

void
procfiles_init(void)
{
	static const struct cred root_cred;
	struct inode *root = vfs_root(), *at;
	struct vfs_ctx ctx = {.cred = &root_cred, .root = root, .cwd = root};
	int error = vfs_lookup(&ctx, "/proc", VFS_FOLLOW | VFS_DIR, &at);

	if (!error) {
		error = procfs_mount(&source, at, "/proc");
		inode_unref(at);
	}
	if (error)
		klog(LOG_WARN, "proc: not mounted on /proc: error %d\n", error);
	inode_unref(root);
}
