/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/PID/{maps,smaps,vmmap,statm,cmdline}: address spaces as text.
 *
 * vmmap shows what the virtual memory system really has: one line for each entry, then one for each
 * object of its chain, from the one in front to the one at the bottom:
 *
 *      0000010000-0000014000 r-x/rwx copy    cow,needs-copy  offset=0x0 depth=1
 *              anon   0xffffffc087654321 refs=2 shadows=0 size=4 resident=1 offset=0
 *              vnode  0xffffffc087654400 refs=1 shadows=1 size=9 resident=9 offset=0
 *
 * smaps has the same lines behind what Linux says of each mapping.
 *
 * size, resident and offset count pages; depth is how many objects are behind the first.
 *
 * Locks: a hold keeps the address space while the process may exit; its map is read-locked while it
 * is listed; objects of a chain are locked hand over hand, front to back.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "arch/riscv/vmparam.h"
#include "kern/fs/procfs.h"
#include "kern/fs/vfs.h"
#include "kern/proc.h"
#include "kern/procfiles.h"
#include "lib/fmt.h"
#include "lib/minmax.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"

#define NAME_COLUMN 73 /* where Linux puts the name in a line of maps */

/* An address space to look at. */
struct view {
	struct procfs_text *text;
	struct proc *proc;
	struct vmspace *vm; /* NULL: a zombie's */
	struct inode *exe;  /* the program's file, NULL: not known any more */
	struct proc_info info;
};

/* ---- Getting hold of one --------------------------------------------------------------------- */

/* The file that the process was started from, if its path still leads to one. */
static struct inode *
find_exe(const struct proc_info *info)
{
	static const struct cred root_cred;
	struct vfs_ctx ctx = {.cred = &root_cred};
	struct inode *ip = NULL;

	if (info->exe[0] != '/')
		return NULL;
	ctx.root = ctx.cwd = vfs_root();
	if (vfs_lookup(&ctx, info->exe, VFS_FOLLOW, &ip))
		ip = NULL;
	inode_unref(ctx.root);
	return ip;
}

static int
view_begin(struct view *v, struct procfs_text *t, int32_t pid)
{
	v->text = t;
	v->exe = NULL;
	v->proc = proc_find(pid);
	if (v->proc == NULL)
		return ESRCH;
	v->vm = proc_hold_vmspace(v->proc);
	return 0;
}

static void
view_end(struct view *v)
{
	inode_unref(v->exe);
	if (v->vm != NULL)
		vmspace_unhold(v->vm);
	proc_unref(v->proc);
}

/* Calls fn for each entry, map read-locked. */
static void
foreach_entry(struct view *v, void (*fn)(struct view *v, struct vm_map_entry *e))
{
	struct vm_map *map = &v->vm->map;

	vm_map_lock_read(map);
	for (struct vm_map_entry *e = vm_map_first_from(map, 0); e != NULL; e = vm_map_next(map, e))
		fn(v, e);
	vm_map_unlock_read(map);
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* The object at the bottom of the chain in front of which e stands, if it is a file's; *offset
 * becomes the offset in the file.
 * => map locked; the entry's reference keeps the chain. */
static struct inode *
file_behind(const struct vm_map_entry *e, uint64_t *offset) NO_LOCK_ANALYSIS
{
	struct vm_object *o = e->u.object, *next;
	struct inode *ip = NULL;

	*offset = e->offset;
	if (o == NULL)
		return NULL;
	mutex_lock(&o->lock);
	while ((next = o->backing) != NULL) {
		*offset += (uint64_t)o->backing_off << PAGE_SHIFT;
		mutex_lock_nested(&next->lock);
		mutex_unlock(&o->lock);
		o = next;
	}
	if (o->type == OBJ_VNODE)
		ip = o->handle;
	mutex_unlock(&o->lock);
	return ip;
}

static const char *
region_name(const struct view *v, const struct vm_map_entry *e, const struct inode *ip)
{
	const struct vmspace *vm = v->vm;

	if (ip != NULL)
		return ip == v->exe ? v->info.exe : "";
	if (e->start < vm->stack_top && vm->stack_top <= e->end)
		return "[stack]";
	if (e->start < vm->brk && vm->brk_start < e->end)
		return "[heap]";
	if (e->start == USER_TRAMPOLINE)
		return "[sigpage]";
	return "";
}

static void
print_maps_line(struct view *v, struct vm_map_entry *e)
{
	uint64_t begin = procfs_length(v->text), offset;
	struct inode *ip;
	const char *name;

	if (e->eflags & MAP_ENTRY_GUARD)
		return;
	ip = file_behind(e, &offset);
	name = region_name(v, e, ip);
	procfs_printf(v->text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", e->start, e->end,
	    e->protection & VM_PROT_READ ? 'r' : '-', e->protection & VM_PROT_WRITE ? 'w' : '-',
	    e->protection & VM_PROT_EXEC ? 'x' : '-', e->eflags & MAP_ENTRY_SHARED ? 's' : 'p',
	    ip != NULL ? offset : 0, ip != NULL ? vfs_major(ip->mnt->dev) : 0,
	    ip != NULL ? vfs_minor(ip->mnt->dev) : 0, ip != NULL ? ip->ino : 0);
	if (name[0] != '\0')
		procfs_printf(v->text, "%*s%s",
		    (int)(NAME_COLUMN - (procfs_length(v->text) - begin)), "", name);
	procfs_printf(v->text, "\n");
}

/* Both kinds of map know which file is the program. */
static int
print_each_entry(
    struct procfs_text *t, int32_t pid, void (*print)(struct view *v, struct vm_map_entry *e))
{
	struct view v;
	int error = view_begin(&v, t, pid);

	if (error)
		return error;
	proc_get_info(v.proc, &v.info);
	v.exe = find_exe(&v.info);
	if (v.vm != NULL)
		foreach_entry(&v, print);
	view_end(&v);
	return 0;
}

int
procmaps_maps(struct procfs_text *t, int32_t pid)
{
	return print_each_entry(t, pid, print_maps_line);
}

/* ---- vmmap ----------------------------------------------------------------------------------- */

static void
print_flags(struct procfs_text *t, uint16_t eflags)
{
	const char *comma = "";

	for (const struct vm_flag_name *f = vm_map_entry_flag_names; f->name != NULL; f++) {
		if (!(eflags & f->bit))
			continue;
		procfs_printf(t, "%s%s", comma, f->name);
		comma = ",";
	}
	if (comma[0] == '\0')
		procfs_printf(t, "-");
}

/* The chain of an entry, front to back, each line behind `lead`.  => the map keeps the front one,
 * each object the next. */
static void
print_chain(struct procfs_text *t, const char *lead, struct vm_object *o) NO_LOCK_ANALYSIS
{
	struct vm_object *next;

	mutex_lock(&o->lock);
	for (;;) {
		next = o->backing;
		procfs_printf(t, "%s%-6s %p refs=%d shadows=%d size=%u resident=%u offset=%u\n",
		    lead, vm_object_type_name(o), (void *)o, o->refs, o->shadow_count, o->size,
		    o->resident, o->backing_off);
		if (next == NULL)
			break;
		mutex_lock_nested(&next->lock);
		mutex_unlock(&o->lock);
		o = next;
	}
	mutex_unlock(&o->lock);
}

static void
print_rights(struct procfs_text *t, vm_prot_t prot)
{
	procfs_printf(t, "%c%c%c", prot & VM_PROT_READ ? 'r' : '-',
	    prot & VM_PROT_WRITE ? 'w' : '-', prot & VM_PROT_EXEC ? 'x' : '-');
}

static void
print_vmmap_entry(struct view *v, struct vm_map_entry *e)
{
	static const char *const inherit[] = {"share", "copy", "none", "zero"};
	struct vm_object *o = e->u.object;
	struct procfs_text *t = v->text;

	procfs_printf(t, "%010lx-%010lx ", e->start, e->end);
	print_rights(t, e->protection);
	procfs_printf(t, "/");
	print_rights(t, e->max_protection);
	procfs_printf(t, " %-5s ", inherit[e->inheritance & 3]);
	print_flags(t, e->eflags);
	procfs_printf(t, " offset=0x%lx depth=%u\n", e->offset, o != NULL ? vm_object_depth(o) : 0);
	if (o != NULL)
		print_chain(t, "\t", o);
}

int
procmaps_vmmap(struct procfs_text *t, int32_t pid)
{
	struct view v;
	int error = view_begin(&v, t, pid);

	if (error)
		return error;
	if (v.vm != NULL) {
		foreach_entry(&v, print_vmmap_entry);
		procfs_printf(t, "total: %u entries, %lu KiB mapped, %lu KiB resident\n",
		    v.vm->map.nentries, v.vm->map.size >> 10,
		    pmap_resident_count(v.vm->map.pmap) * (PAGE_SIZE >> 10));
	}
	view_end(&v);
	return 0;
}

/* ---- smaps ----------------------------------------------------------------------------------- */

#define PSS_SHIFT 12 /* so that parts of a page add up, as on Linux */

/* What the pages of a mapping add up to: bytes; pss and pss_dirty << PSS_SHIFT. */
struct smaps_sums {
	uint64_t rss, pss, pss_dirty, shared_clean, shared_dirty, private_clean, private_dirty;
	uint64_t referenced, anonymous;
};

/* => the pmap is locked. */
static void
add_mapping(void *arg, const struct pmap_mapping *p)
{
	struct smaps_sums *s = arg;
	const struct vm_object *o = p->m->object;
	bool dirty = p->dirty || p->m->dirty, shared = p->mappings > 1;
	uint64_t share = (PAGE_SIZE << PSS_SHIFT) / MAX(p->mappings, 1u);

	s->rss += PAGE_SIZE;
	s->pss += share;
	if (dirty)
		s->pss_dirty += share;
	*(shared        ? dirty ? &s->shared_dirty : &s->shared_clean
		: dirty ? &s->private_dirty
			: &s->private_clean) += PAGE_SIZE;
	if (p->accessed || (p->m->aflags & PGA_REFERENCED))
		s->referenced += PAGE_SIZE;
	/* Objects are type-stable, so an old pointer does no harm. */
	if (o != NULL && o->type == OBJ_ANON)
		s->anonymous += PAGE_SIZE;
}

static void
print_size(struct procfs_text *t, const char *name, uint64_t bytes)
{
	procfs_printf(t, "%-16s%8lu kB\n", name, bytes >> 10);
}

/* The two letters of each property, in Linux's order. */
static void
print_vm_flags(struct procfs_text *t, const struct vm_map_entry *e)
{
	bool shared = e->eflags & MAP_ENTRY_SHARED;
	const struct {
		bool on;
		const char *letters;
	} flags[] = {
	    {e->protection & VM_PROT_READ, "rd"},
	    {e->protection & VM_PROT_WRITE, "wr"},
	    {e->protection & VM_PROT_EXEC, "ex"},
	    {shared, "sh"},
	    {e->max_protection & VM_PROT_READ, "mr"},
	    {e->max_protection & VM_PROT_WRITE, "mw"},
	    {e->max_protection & VM_PROT_EXEC, "me"},
	    {shared, "ms"},
	    {e->eflags & MAP_ENTRY_GROWS_DOWN, "gd"},
	    {e->eflags & MAP_ENTRY_USER_WIRED, "lo"},
	    {e->advice == VM_ADVICE_SEQUENTIAL, "sr"},
	    {e->advice == VM_ADVICE_RANDOM, "rr"},
	    {e->inheritance == VM_INHERIT_NONE, "dc"},
	    {!shared && (e->protection & VM_PROT_WRITE), "ac"},
	    {e->inheritance == VM_INHERIT_ZERO, "wf"},
	    {e->eflags & MAP_ENTRY_NODUMP, "dd"},
	};

	procfs_printf(t, "VmFlags:");
	for (unsigned i = 0; i < NELEM(flags); i++)
		if (flags[i].on)
			procfs_printf(t, " %s", flags[i].letters);
	procfs_printf(t, " \n");
}

static void
print_sums(struct procfs_text *t, const struct vm_map_entry *e, const struct smaps_sums *s)
{
	print_size(t, "Size:", e->end - e->start);
	print_size(t, "KernelPageSize:", PAGE_SIZE);
	print_size(t, "MMUPageSize:", PAGE_SIZE);
	print_size(t, "Rss:", s->rss);
	print_size(t, "Pss:", s->pss >> PSS_SHIFT);
	print_size(t, "Pss_Dirty:", s->pss_dirty >> PSS_SHIFT);
	print_size(t, "Shared_Clean:", s->shared_clean);
	print_size(t, "Shared_Dirty:", s->shared_dirty);
	print_size(t, "Private_Clean:", s->private_clean);
	print_size(t, "Private_Dirty:", s->private_dirty);
	print_size(t, "Referenced:", s->referenced);
	print_size(t, "Anonymous:", s->anonymous);
	print_size(t, "Swap:", 0);
	print_size(t, "SwapPss:", 0);
	print_size(t, "Locked:", e->eflags & MAP_ENTRY_USER_WIRED ? s->pss >> PSS_SHIFT : 0);
}

static NOINLINE void
print_smaps_entry(struct view *v, struct vm_map_entry *e)
{
	static const char *const inherit[] = {"share", "copy", "none", "zero"};
	struct smaps_sums sums = {0};
	struct procfs_text *t = v->text;

	if (e->eflags & MAP_ENTRY_GUARD)
		return;
	print_maps_line(v, e);
	pmap_foreach(v->vm->map.pmap, e->start, e->end, add_mapping, &sums);
	print_sums(t, e, &sums);
	print_vm_flags(t, e);
	procfs_printf(t, "Entry:          ");
	print_rights(t, e->max_protection);
	procfs_printf(t, " %s ", inherit[e->inheritance & 3]);
	print_flags(t, e->eflags);
	procfs_printf(t, " offset=0x%lx wired=%u advice=%s\n", e->offset, e->wired_count,
	    vm_advice_name(e->advice));
	if (e->u.object != NULL)
		print_chain(t, "Object:         ", e->u.object);
}

int
procmaps_smaps(struct procfs_text *t, int32_t pid)
{
	return print_each_entry(t, pid, print_smaps_entry);
}

/* ---- Sizes ----------------------------------------------------------------------------------- */

static void
add_sizes(const struct vmspace *vm, const struct vm_map_entry *e, struct procmaps_sizes *s)
{
	uint64_t pages = (e->end - e->start) >> PAGE_SHIFT;

	if (e->eflags & MAP_ENTRY_GUARD)
		return;
	if (e->start < vm->stack_top && vm->stack_top <= e->end)
		s->stack += pages;
	else if ((e->protection & VM_PROT_WRITE) && e->inheritance != VM_INHERIT_SHARE)
		s->data += pages;
	if (e->protection & VM_PROT_EXEC)
		s->text += pages;
}

void
procmaps_get_sizes(int32_t pid, struct procmaps_sizes *s)
{
	struct view v;
	struct vm_map *map;

	*s = (struct procmaps_sizes){0};
	if (view_begin(&v, NULL, pid))
		return;
	if (v.vm != NULL) {
		map = &v.vm->map;
		vm_map_lock_read(map);
		s->total = map->size >> PAGE_SHIFT;
		s->resident = pmap_resident_count(map->pmap);
		s->locked = map->locked >> PAGE_SHIFT;
		for (struct vm_map_entry *e = vm_map_first_from(map, 0); e != NULL;
		     e = vm_map_next(map, e))
			add_sizes(v.vm, e, s);
		vm_map_unlock_read(map);
	}
	view_end(&v);
}

/* => the pmap is locked. */
static void
add_resident(void *arg, const struct pmap_mapping *p)
{
	struct procmaps_residents *r = arg;
	const struct vm_object *o = p->m->object;

	if (o == NULL || o->type != OBJ_ANON)
		r->file++;
	else
		r->anon++;
}

void
procmaps_get_residents(int32_t pid, struct procmaps_residents *r)
{
	struct view v;

	*r = (struct procmaps_residents){0};
	if (view_begin(&v, NULL, pid))
		return;
	if (v.vm != NULL) {
		pmap_foreach(v.vm->map.pmap, 0, VM_MAX_USER_ADDRESS, add_resident, r);
		r->tables = pmap_table_count(v.vm->map.pmap);
	}
	view_end(&v);
}

int
procmaps_statm(struct procfs_text *t, int32_t pid)
{
	struct procmaps_sizes s;

	procmaps_get_sizes(pid, &s);
	procfs_printf(t, "%lu %lu 0 %lu 0 %lu 0\n", s.total, s.resident, s.text, s.data);
	return 0;
}

/* ---- cmdline --------------------------------------------------------------------------------- */

/* Bytes of somebody's memory, as far as they can be read. */
static void
append_memory(struct procfs_text *t, struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_page *m;

	while (start < end) {
		size_t skip = start % PAGE_SIZE,
		       n = (size_t)MIN((uint64_t)(end - start), (uint64_t)(PAGE_SIZE - skip));

		if (vm_fault_hold(map, start, VM_PROT_READ, &m))
			return;
		procfs_append(t, (char *)vm_page_kva(m) + skip, n);
		vm_page_unwire(m, PQ_ACTIVE);
		start += n;
	}
}

int
procmaps_cmdline(struct procfs_text *t, int32_t pid)
{
	struct view v;
	vaddr_t start, end;
	int error = view_begin(&v, t, pid);

	if (error)
		return error;
	if (v.vm != NULL) {
		vm_map_lock_read(&v.vm->map);
		start = v.vm->arg_start;
		end = v.vm->arg_end;
		vm_map_unlock_read(&v.vm->map);
		append_memory(t, &v.vm->map, start, end);
	}
	view_end(&v);
	return 0;
}
