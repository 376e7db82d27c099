/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * execve: another program in the same process.
 *
 *      args_fetch     path, arguments, environment: from the old space to a buffer in exec_map
 *      open_program   the file; for "#! interpreter" scripts that file, with the script as argument
 *      build_space    a fresh address space: trampoline, stack, program, ELF interpreter if any
 *      stack_fill     strings, pointers and the auxiliary vector onto the new stack
 *      ------ up to here everything can fail, and then nothing has happened ------
 *      commit         the old space goes, descriptors close, signals reset, new registers
 *
 * Segments are mapped from the file's object, privately: nothing is read before it is touched.  The
 * new space is written to through held pages (space_put), as it is not active yet.
 *
 * The user stack, from USER_STACK_TOP down:
 *      8 zero bytes, path, environment and argument strings, 16 random bytes, auxv, envp, argv,
 *      argc <- sp (16-byte aligned)
 *
 * Lock order: none is held while anything is read, mapped or copied; proc.lock for the switch in
 * commit.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/riscv/cpu.h"
#include "kern/base/debug.h"
#include "kern/elf.h"
#include "kern/fdtable.h"
#include "kern/fs/vfs.h"
#include "kern/futex.h"
#include "kern/pathargs.h"
#include "kern/proc.h"
#include "kern/random.h"
#include "kern/signal.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vmspace.h"
#include "vm/zone.h"

#define EXEC_BUFFER   (1ul << 20)   /* bytes of exec_map for one execve */
#define EXEC_HEADROOM (2ul * 4096)  /* what scripts may put in front of the arguments */
#define ARG_STRLEN    (128ul << 10) /* the longest string, with NUL, as on Linux */
#define SCRIPT_LEVELS 4             /* scripts run by scripts */
#define SCRIPT_LINE   256           /* bytes of a first line that count */
#define STACK_MARGIN  (128ul << 10) /* stack mapped from the start beyond what is on it */
#define STACK_ROOM    (128ul << 20) /* reserved for a stack: its limit may be raised later */
#define STACK_MAX     (1ul << 30)   /* reserved for a stack without limit */
#define HWCAP         0x112dul      /* letters of IMAFDC, as bits */
#define NAUX          16

/* Strings: path at buf, then headroom, then argv and envp, each NUL-terminated, without gaps from
 * `begin` to `end`.  Pages come before they are written to, while a lack of them is an error. */
struct exec_args {
	char *buf;
	char *path;
	char *begin, *end;
	char *low, *high; /* between these two there are pages, and below path's end */
	unsigned argc, envc;
};

/* All that execve prepares; exec_release() drops what is there. */
struct exec {
	struct exec_args args;
	struct inode *file;         /* the program, or the script's interpreter */
	struct vmspace *vm;         /* the new space */
	struct elf_image image;     /* where the program went */
	struct elf_image interp;    /* where its ELF interpreter went, if it has one */
	struct fdtable *fdtable;    /* a copy, if the process shares its own */
	struct sigactions *actions; /* without handlers */
	struct exe_path *exe;
	struct cred cred; /* after set-id bits */
	bool secure;      /* set-id bits took effect */
	vaddr_t sp;
};

/*
 * Arguments.
 */

static int
args_alloc(struct exec_args *a)
{
	vaddr_t va = km_valloc_wait(exec_map, EXEC_BUFFER);

	if (va == 0)
		return ENOMEM;
	a->buf = (char *)va;
	a->path = a->buf;
	a->begin = a->end = a->low = a->high = a->buf + VFS_PATH_MAX + EXEC_HEADROOM;
	return km_populate(va, VFS_PATH_MAX);
}

/* Pages up to `end`. */
static int
args_raise(struct exec_args *a, const char *end)
{
	int error = 0;

	for (; error == 0 && a->high < end; a->high += PAGE_SIZE)
		error = km_populate((vaddr_t)a->high, PAGE_SIZE);
	return error;
}

/* Append a string from user memory, in pieces that end where a page does. */
static int
args_push_user(struct exec_args *a, uint64_t str)
{
	char *limit = MIN(a->buf + EXEC_BUFFER, a->end + ARG_STRLEN), *to = a->end;

	while (to < limit) {
		size_t room, len;
		int error = args_raise(a, to + 1);

		if (error != 0)
			return error;
		room = (size_t)(MIN(a->high, limit) - to);
		error = copyinstr(to, str, room, &len);
		if (error == 0)
			a->end = to + len + 1;
		if (error != ENAMETOOLONG)
			return error;
		to += room;
		str += room;
	}
	return E2BIG;
}

static int
args_push_kernel(struct exec_args *a, const char *str)
{
	size_t len = strlen(str) + 1;
	int error;

	if (len > (size_t)(a->buf + EXEC_BUFFER - a->end))
		return E2BIG;
	error = args_raise(a, a->end + len);
	if (error != 0)
		return error;
	memcpy(a->end, str, len);
	a->end += len;
	return 0;
}

/* Put a string in front of argv. */
static int
args_prepend(struct exec_args *a, const char *str)
{
	size_t len = strlen(str) + 1;

	if (len > (size_t)(a->begin - a->buf - VFS_PATH_MAX))
		return E2BIG;
	while (a->begin - len < a->low) {
		int error = km_populate((vaddr_t)a->low - PAGE_SIZE, PAGE_SIZE);

		if (error != 0)
			return error;
		a->low -= PAGE_SIZE;
	}
	a->begin -= len;
	memcpy(a->begin, str, len);
	a->argc++;
	return 0;
}

static void
args_drop_first(struct exec_args *a)
{
	if (a->argc > 0) {
		a->begin += strlen(a->begin) + 1;
		a->argc--;
	}
}

/* The strings that a NULL-terminated array in user memory points to. */
static int
args_fetch_array(struct exec_args *a, uint64_t array, unsigned *count)
{
	uint64_t str;
	int error;

	*count = 0;
	if (array == 0)
		return 0;
	for (;; (*count)++, array += sizeof(str)) {
		error = copyin(&str, array, sizeof(str));
		if (error != 0 || str == 0)
			return error;
		error = args_push_user(a, str);
		if (error != 0)
			return error;
	}
}

static int
args_fetch(struct exec_args *a, uint64_t path, uint64_t argv, uint64_t envp)
{
	int error = args_alloc(a);

	if (error == 0)
		error = copyinstr(a->path, path, VFS_PATH_MAX, NULL);
	if (error == 0)
		error = args_fetch_array(a, argv, &a->argc);
	/* Programs count on argv[0]. */
	if (error == 0 && a->argc == 0) {
		error = args_push_kernel(a, "");
		a->argc = 1;
	}
	if (error == 0)
		error = args_fetch_array(a, envp, &a->envc);
	return error;
}

static int
args_fetch_kernel(
    struct exec_args *a, const char *path, const char *const *argv, const char *const *envp)
{
	int error = args_alloc(a);

	if (error == 0 && strlcpy(a->path, path, VFS_PATH_MAX) >= VFS_PATH_MAX)
		error = ENAMETOOLONG;
	for (; error == 0 && argv[a->argc] != NULL; a->argc++)
		error = args_push_kernel(a, argv[a->argc]);
	for (; error == 0 && envp[a->envc] != NULL; a->envc++)
		error = args_push_kernel(a, envp[a->envc]);
	return error;
}

/*
 * The file.
 */

/* Look up a program and check that it may be run. */
static int
lookup_program(const struct cred *cred, const char *path, struct inode **ipp)
{
	struct pathargs pa;
	struct inode *ip;
	int error = path_begin_cwd(&pa);

	if (error != 0)
		return error;
	pa.ctx.cred = cred;
	error = vfs_lookup(&pa.ctx, path, VFS_FOLLOW, &ip);
	path_end(&pa);
	if (error != 0)
		return error;
	error = inode_is(ip, S_IFREG) ? vfs_access(ip, cred, VFS_X) : EACCES;
	if (error != 0) {
		inode_unref(ip);
		return error;
	}
	*ipp = ip;
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "#! interpreter [one argument]": cuts line[] into the two.  => NULL: no interpreter is named. */
static char *
parse_script_line(char *line, char **argp)
{
	char *interp, *end = strchrnul(line, '\n');

	while (end > line && is_blank(end[-1]))
		end--;
	*end = '\0';
	for (interp = line + 2; is_blank(*interp);)
		interp++;
	*argp = NULL;
	for (char *c = interp; *c != '\0'; c++) {
		if (!is_blank(*c))
			continue;
		*c++ = '\0';
		while (is_blank(*c))
			c++;
		*argp = c;
		break;
	}
	return *interp != '\0' ? interp : NULL;
}

/* The file x->file is a script: its interpreter takes its place, in front of the arguments. */
static int
enter_script(struct exec *x, char *line)
{
	char *arg, *interp = parse_script_line(line, &arg);
	struct exec_args *a = &x->args;
	struct inode *ip;
	int error;

	if (interp == NULL)
		return ENOEXEC;
	error = lookup_program(&curuthread()->cred, interp, &ip);
	if (error != 0)
		return error;
	inode_unref(x->file);
	x->file = ip;
	args_drop_first(a);
	error = args_prepend(a, a->path);
	if (error == 0 && arg != NULL)
		error = args_prepend(a, arg);
	if (error == 0)
		error = args_prepend(a, interp);
	if (error == 0)
		strlcpy(a->path, interp, VFS_PATH_MAX);
	return error;
}

/* Find the file to load: the one named, or through scripts the interpreter in the end. */
static int
open_program(struct exec *x)
{
	char line[SCRIPT_LINE];
	size_t got;
	int error = lookup_program(&curuthread()->cred, x->args.path, &x->file);

	for (int level = 0; error == 0; level++) {
		error = vfs_read_kernel(x->file, line, sizeof(line) - 1, 0, &got);
		if (error != 0)
			break;
		line[got] = '\0';
		if (got < 2 || line[0] != '#' || line[1] != '!')
			return 0;
		error = level == SCRIPT_LEVELS ? ELOOP : enter_script(x, line);
	}
	return error;
}

/* Set-user-id and set-group-id bits. */
static void
derive_cred(struct exec *x)
{
	uint32_t mode = x->file->mode;

	x->cred = curuthread()->cred;
	if ((mode & S_ISUID) != 0)
		x->cred.euid = x->file->uid;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		x->cred.egid = x->file->gid;
	x->secure = x->cred.euid != x->cred.ruid || x->cred.egid != x->cred.rgid;
	x->cred.suid = x->cred.euid;
	x->cred.sgid = x->cred.egid;
}

/*
 * The address space.
 */

static int
map_trampoline(struct vmspace *vm)
{
	struct vm_map_args args = {
	    .object = signal_trampoline(),
	    .prot = VM_PROT_READ | VM_PROT_EXEC,
	    .max_prot = VM_PROT_READ | VM_PROT_EXEC,
	    .inherit = VM_INHERIT_SHARE,
	};
	int error = elf_map(vm, USER_TRAMPOLINE, USER_TRAMPOLINE + PAGE_SIZE, &args);

	if (error != 0)
		vm_object_unref(args.object);
	return error;
}

/* What the new space takes over from the process and its old one. */
static void
set_limits(struct vmspace *vm)
{
	struct proc *p = curproc();

	proc_apply_limits(p, vm);
	if (p->vmspace != NULL)
		vmspace_inherit_rules(vm, p->vmspace);
}

/* Bytes of stack below USER_STACK_TOP that strings and tables will take, at most. */
static uint64_t
stack_need(const struct exec *x)
{
	const struct exec_args *a = &x->args;
	uint64_t words = 3 + (uint64_t)a->argc + a->envc + 2 * NAUX;

	return (uint64_t)(a->end - a->begin) + strlen(a->path) + 1 + 8 * words + 64;
}

static int
map_stack(struct exec *x)
{
	uint64_t limit = x->vm->limit_stack, need = stack_need(x);
	uint64_t reserve = MIN(MAX(limit, STACK_ROOM), STACK_MAX);

	if (need > MAX(MIN(limit, STACK_MAX) / 4, STACK_MARGIN))
		return E2BIG;
	reserve = round_page(MAX(reserve, need + STACK_MARGIN));
	return vmspace_stack(x->vm, USER_STACK_TOP, reserve, round_page(need + STACK_MARGIN));
}

/* The program, and the interpreter it names, into x->vm. */
static int
load_images(struct exec *x)
{
	char interp_path[ELF_INTERP_MAX];
	struct inode *ip;
	int error = elf_load(x->vm, x->file, ELF_PROGRAM, &x->image, interp_path);

	if (error != 0 || interp_path[0] == '\0')
		return error;
	error = lookup_program(&x->cred, interp_path, &ip);
	if (error != 0)
		return error;
	error = elf_load(x->vm, ip, ELF_INTERPRETER, &x->interp, NULL);
	inode_unref(ip);
	return error;
}

static int
build_space(struct exec *x)
{
	int error;

	x->vm = vmspace_alloc();
	if (x->vm == NULL)
		return ENOMEM;
	set_limits(x->vm);
	error = map_trampoline(x->vm);
	if (error == 0)
		error = map_stack(x);
	if (error == 0)
		error = load_images(x);
	if (error == 0)
		x->vm->brk_start = x->vm->brk = round_page(x->image.end);
	return error;
}

/*
 * The stack's contents.
 */

struct aux {
	uint64_t type, value;
};

/* Where each part of the stack goes. */
struct stack_plan {
	vaddr_t path, strings, random, sp;
};

static struct stack_plan
plan_stack(const struct exec *x)
{
	const struct exec_args *a = &x->args;
	uint64_t words = 1 + (uint64_t)a->argc + 1 + a->envc + 1 + 2 * NAUX;
	struct stack_plan s;

	s.path = USER_STACK_TOP - 8 - (strlen(a->path) + 1);
	s.strings = s.path - (uint64_t)(a->end - a->begin);
	s.random = (s.strings - 16) & ~15ul;
	s.sp = (s.random - 8 * words) & ~15ul;
	return s;
}

static void
fill_aux(const struct exec *x, const struct stack_plan *s, struct aux aux[NAUX])
{
	const struct aux all[NAUX] = {
	    {AT_PHDR, x->image.phdr},
	    {AT_PHENT, sizeof(Elf64_Phdr)},
	    {AT_PHNUM, x->image.phnum},
	    {AT_PAGESZ, PAGE_SIZE},
	    {AT_BASE, x->interp.bias},
	    {AT_FLAGS, 0},
	    {AT_ENTRY, x->image.entry},
	    {AT_UID, x->cred.ruid},
	    {AT_EUID, x->cred.euid},
	    {AT_GID, x->cred.rgid},
	    {AT_EGID, x->cred.egid},
	    {AT_HWCAP, HWCAP},
	    {AT_SECURE, x->secure},
	    {AT_RANDOM, s->random},
	    {AT_EXECFN, s->path},
	    {AT_NULL, 0},
	};

	memcpy(aux, all, sizeof(all));
}

/* Addresses of `n` strings that begin at va; *str moves on over them. */
static void
put_pointers(struct space_writer *w, unsigned n, const char **str, vaddr_t *va)
{
	const uint64_t null = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(*str) + 1;

		space_put(w, va, sizeof(*va));
		*str += len;
		*va += len;
	}
	space_put(w, &null, sizeof(null));
}

static int
stack_fill(struct exec *x)
{
	const struct exec_args *a = &x->args;
	struct stack_plan s = plan_stack(x);
	struct space_writer w;
	struct aux aux[NAUX];
	uint8_t seed[16];
	uint64_t argc = a->argc;
	const char *str = a->begin;
	vaddr_t va = s.strings;

	fill_aux(x, &s, aux);
	random_bytes(seed, sizeof(seed));
	space_writer_init(&w, x->vm, s.sp);
	space_put(&w, &argc, sizeof(argc));
	put_pointers(&w, a->argc, &str, &va);
	put_pointers(&w, a->envc, &str, &va);
	space_put(&w, aux, sizeof(aux));
	space_seek(&w, s.random);
	space_put(&w, seed, sizeof(seed));
	space_seek(&w, s.strings);
	space_put(&w, a->begin, (size_t)(a->end - a->begin));
	space_put(&w, a->path, strlen(a->path) + 1);
	x->sp = s.sp;
	x->vm->arg_start = s.strings;
	/* The environment begins where the pointers to the arguments stopped; /proc wants to know.
	 * */
	x->vm->arg_end = s.strings;
	for (unsigned i = 0; i < a->argc; i++)
		x->vm->arg_end += strlen(a->begin + (x->vm->arg_end - s.strings)) + 1;
	return space_writer_done(&w);
}

/*
 * Putting it together.
 */

static void
exec_release(struct exec *x)
{
	if (x->args.buf != NULL)
		km_free_wakeup(exec_map, (vaddr_t)x->args.buf, EXEC_BUFFER);
	inode_unref(x->file);
	if (x->vm != NULL)
		vmspace_unref(x->vm);
	fdtable_unref(x->fdtable);
	sigactions_unref(x->actions);
	exe_path_unref(x->exe);
}

/* Does the process alone use what has these references?  Another thread could still share it with a
 * new process, and be gone in between: so threads are counted first. */
static bool
nobody_shares(const uint32_t *refs)
{
	return __atomic_load_n(&curproc()->nthreads, __ATOMIC_ACQUIRE) == 1 &&
	    __atomic_load_n(refs, __ATOMIC_ACQUIRE) == 1;
}

/* A descriptor table that may be changed: close-on-exec must not reach into other processes. */
static int
unshare_files(struct exec *x)
{
	struct fdtable *t = curproc()->fdtable;

	if (t == NULL || nobody_shares(&t->refs))
		return 0;
	x->fdtable = fdtable_copy(t);
	return x->fdtable != NULL ? 0 : ENOMEM;
}

/* The handlers go with the program they are in. */
static int
reset_actions(struct exec *x)
{
	x->actions = sigactions_for_exec(curproc()->actions);
	return x->actions != NULL ? 0 : ENOMEM;
}

static int
prepare(struct exec *x)
{
	int error = open_program(x);

	if (error == 0) {
		derive_cred(x);
		error = build_space(x);
	}
	if (error == 0)
		error = stack_fill(x);
	if (error == 0)
		error = unshare_files(x);
	if (error == 0)
		error = reset_actions(x);
	if (error == 0)
		error = exe_path_create(x->args.path, &x->exe);
	if (error == 0)
		error = proc_single_thread();
	return error;
}

static void
set_names(struct proc *p, struct exec *x)
{
	const char *path = x->args.path, *slash = strrchr(path, '/');
	struct exe_path *old = p->exe;

	strlcpy(curthread()->name, slash != NULL ? slash + 1 : path, sizeof(curthread()->name));
	/* The same program again: what it is called stays true, the link to itself would not be. */
	if (strcmp(path, "/proc/self/exe") == 0)
		return;
	p->exe = x->exe;
	x->exe = old;
}

/* From here on there is no way back, and no need for one.  What x holds afterwards is the old. */
static void
commit(struct exec *x)
{
	struct proc *p = curproc();
	struct uthread *t = curuthread();
	struct vmspace *vm = x->vm;
	struct fdtable *fds = x->fdtable;
	struct sigactions *actions = x->actions;
	struct proc_usage u;
	int32_t old_tid;

	futex_leave_space(t, proc_shares_memory());
	proc_get_usage(p, &u); /* notes how much memory it had */
	spin_lock(&proc_tree_lock);
	spin_lock(&p->lock);
	p->execed = true;
	old_tid = t->tid;
	t->tid = p->pid;
	x->vm = vmspace_exec(&p->vmspace, vm);
	if (fds != NULL) {
		x->fdtable = p->fdtable;
		p->fdtable = fds;
	}
	x->actions = p->actions;
	p->actions = actions;
	t->altstack = (stack_t){.ss_flags = SS_DISABLE};
	t->cred = x->cred;
	p->dumpable = !x->secure;
	set_names(p, x);
	spin_unlock(&p->lock);
	spin_unlock(&proc_tree_lock);
	/* Somebody may have changed them while only the old space was to be found. */
	proc_apply_limits(p, vm);
	if (old_tid != p->pid)
		pid_free(old_tid);
	proc_vfork_done(p);
	if (p->fdtable != NULL)
		fdtable_close_on_exec(p->fdtable);
	md_user_init(&t->td.md, x->interp.entry != 0 ? x->interp.entry : x->image.entry, x->sp);
}

int
proc_exec(uint64_t path, uint64_t argv, uint64_t envp)
{
	struct exec x = {.vm = NULL};
	int error = args_fetch(&x.args, path, argv, envp);

	if (error == 0)
		error = prepare(&x);
	if (error == 0)
		commit(&x);
	exec_release(&x);
	return error;
}

int
proc_exec_kernel(const char *path, const char *const *argv, const char *const *envp)
{
	struct exec x = {.vm = NULL};
	int error = args_fetch_kernel(&x.args, path, argv, envp);

	if (error == 0)
		error = prepare(&x);
	if (error == 0)
		commit(&x);
	exec_release(&x);
	return error;
}
