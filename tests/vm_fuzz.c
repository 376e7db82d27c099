/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fuzzer of vm: an input is a program of memory operations on a few address spaces; after each operation everything that a program
 * could see is compared with a reference model, and every invariant is checked.
 *
 * The model, and how an input is read, is tests/vm_model.h.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/base/debug.h"
#include "tests/host/host.h"
#include "tests/vm_fuzz.h"
#include "tests/vm_model.h"
#include "vm/pmap.h"
#include "vm/vm_fault.h"
#include "vm/vm_madvise.h"
#include "vm/vm_mlock.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_wire.h"

#define HELD_MAX 4u

static struct mspace spaces[SPACES];
static struct host_file *files[FILES];
static struct cell *file_cells[FILES][FILE_PAGES];
static struct vm_page *held[HELD_MAX];
bool vm_fuzz_trace;
static bool little_memory;             /* ENOMEM may happen */
static const struct mspace *accessing; /* a program runs in it */
static bool pager_may_fail;            /* EIO may happen, once */

static struct mspace *
free_space(void)
{
	for (struct mspace *s = spaces; s < &spaces[SPACES]; s++)
		if (s->vm == NULL)
			return s;
	return NULL;
}

static void run_op(const uint8_t *bytes, bool edits_only);

/* Is this error one that the surroundings explain? */
static bool
excused(int error)
{
	if (error == ENOMEM)
		return host_alloc_failed() ||
		    (little_memory && vm_page_free_count() <= vm_page_reserve() + 2);
	return error == EIO && pager_may_fail;
}

/* Locked memory needs many pages at once: when they are not to be had, those that were are given back. */
static bool
gave_back(int error, const struct mspace *s)
{
	return error == ENOMEM && little_memory && s->vm->map.locked > 0;
}

static void
op_map(struct op *op, bool shared, bool of_file)
{
	unsigned f = op->value % FILES, offset = op->value / FILES % FILE_PAGES;
	struct vm_mmap_args args = {.addr = va_of(op->first),
	    .len = (op->last - op->first) * PAGE_SIZE - (op->value & 1),
	    .prot = op->prot,
	    .flags =
		MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (of_file ? 0 : MAP_ANONYMOUS),
	    .max_prot = VM_PROT_ALL};
	vaddr_t got;
	int error;

	if (of_file) {
		args.object = host_file_object(files[f]);
		args.offset = offset * PAGE_SIZE;
		if (args.object == NULL)
			return;
	}
	error = vm_mmap(op->s->vm, &args, &got);
	if (error == 0)
		model_map(op, shared, of_file ? file_cells[f] : NULL, offset);
	else if (!excused(error))
		panic("mmap: error %d", error);
}

static void
op_unmap(struct op *op)
{
	int error = vm_munmap(op->s->vm, va_of(op->first), (op->last - op->first) * PAGE_SIZE);

	if (error == 0)
		model_unmap(op);
	else if (!excused(error))
		panic("munmap: error %d", error);
}

static void
op_protect(struct op *op)
{
	bool hole = false;
	unsigned i;
	int error;

	error =
	    vm_mprotect(op->s->vm, va_of(op->first), (op->last - op->first) * PAGE_SIZE, op->prot);
	for (i = op->first; i < op->last; i++)
		hole |= !op->s->page[i].mapped;
	if (error == ENOMEM && (excused(error) || !hole)) {
		/* Refused for want of memory, as long as that is so; the model cannot tell how far it went. */
		if (!excused(error))
			panic("mprotect: no memory");
		vm_map_lock_read(&op->s->vm->map);
		for (i = op->first; i < op->last && op->s->page[i].mapped; i++)
			op->s->page[i].prot =
			    vm_map_lookup_entry(&op->s->vm->map, va_of(i), NULL)->protection;
		vm_map_unlock_read(&op->s->vm->map);
		return;
	}
	if (error != (hole ? ENOMEM : 0))
		panic("mprotect: error %d, hole %d", error, hole);
	model_protect(op);
}

static void
op_inherit(struct op *op)
{
	vm_inherit_t how = op->value & 3;
	int error =
	    vm_minherit(op->s->vm, va_of(op->first), (op->last - op->first) * PAGE_SIZE, how);

	if (error == 0)
		model_inherit(op);
	else if (!excused(error))
		panic("minherit: error %d", error);
}

static void
op_fork(struct op *op)
{
	struct mspace *child = free_space();
	struct vmspace *vm;
	int error;

	if (child == NULL)
		return;
	error = vmspace_fork(op->s->vm, &vm);
	if (error == 0)
		space_fork(child, op->s, vm);
	else if (!excused(error) && !gave_back(error, op->s))
		panic("fork: error %d", error);
}

static void
op_exit(struct op *op)
{
	struct vmspace *vm = op->s->vm;

	space_clear(op->s);
	vmspace_unref(vm);
}

/* Space 0 stays, so that there is always one; so does a space in which a fault is going on. */
static void
op_exit_child(struct op *op)
{
	if (op->s != &spaces[0] && op->s != accessing)
		op_exit(op);
}

static void
op_brk(struct op *op)
{
	struct mspace *s = op->s;
	unsigned want = op->first % (PAGES - HEAP + 1);
	vaddr_t to = va_of(HEAP + want), now;
	bool free = true;

	for (unsigned i = s->brk; i < want; i++)
		free &= !s->page[HEAP + i].mapped;
	now = vmspace_brk(s->vm, to);
	if (now != to) {
		if (free && !excused(ENOMEM))
			panic("brk refused");
		return;
	}
	if (!free)
		panic("brk over a mapping");
	for (unsigned i = want; i < s->brk; i++)
		page_unmap(&s->page[HEAP + i]);
	for (unsigned i = s->brk; i < want; i++)
		s->page[HEAP + i] = (struct vpage){.mapped = true,
		    .prot = PROT_READ | PROT_WRITE,
		    .inherit = VM_INHERIT_COPY,
		    .cell = cell_new(true, 0, NULL)};
	s->brk = want;
}

static void
op_access(struct op *op, vm_prot_t access)
{
	struct vmspace *vm = op->s->vm;
	vaddr_t va = va_of(op->first);
	const struct vpage *p = &op->s->page[op->first];
	uint8_t seen = 0;
	int error, expect;

	switch (access) {
	case VM_PROT_READ:
		error = host_load(vm, va, &seen);
		break;
	case VM_PROT_WRITE:
		error = host_store(vm, va, op->value);
		break;
	default:
		error = host_fetch(vm, va);
		break;
	}
	expect = expected(p, access);
	if (error != expect) {
		if (!excused(error))
			panic("access %u to page %u: error %d, expected %d", access, op->first,
			    error, expect);
		if (error == EIO)
			pager_may_fail = false;
		return;
	}
	if (error == 0 && access == VM_PROT_READ && seen != cell_value(p->cell))
		panic("page %u shows %#x instead of %#x", op->first, seen, cell_value(p->cell));
	if (error == 0 && access == VM_PROT_WRITE)
		cell_store(p->cell, op->value);
}

static void
op_stack(struct op *op)
{
	struct mspace *s = op->s;
	unsigned depth = op->first % (STACK_PAGES + 4); /* 0: the topmost page */
	vaddr_t va = STACK_TOP - (depth + 1) * PAGE_SIZE;
	uint8_t seen = 0;
	bool write = op->value & 1;
	int error = write ? host_store(s->vm, va, op->value) : host_load(s->vm, va, &seen);

	if (error == 0 && depth < STACK_PAGES) {
		stack_grow(s, depth + 1);
		if (write)
			cell_store(s->stack[depth], op->value);
		else if (seen != cell_value(s->stack[depth]))
			panic("stack page %u shows %#x instead of %#x", depth, seen,
			    cell_value(s->stack[depth]));
	} else if (error != EFAULT || depth < STACK_PAGES) {
		if (!excused(error) && !gave_back(error, s))
			panic("stack page %u: error %d", depth, error);
		/* It may have grown before memory ran out. */
		if (depth < STACK_PAGES &&
		    vm_map_lookup_entry(&s->vm->map, va, NULL)->u.object != NULL)
			stack_grow(s, depth + 1);
	}
}

/*
 * Surroundings.
 */
static void
op_hold(struct op *op)
{
	struct vm_page **slot = &held[op->value % HELD_MAX];
	int error;

	if (*slot != NULL) {
		vm_page_unwire(*slot, PQ_ACTIVE);
		*slot = NULL;
		return;
	}
	error = vm_fault_hold(&op->s->vm->map, va_of(op->first), VM_PROT_READ, slot);
	if (error != 0)
		*slot = NULL;
	if (error != expected(&op->s->page[op->first], VM_PROT_READ) && !excused(error))
		panic("hold of page %u: error %d", op->first, error);
	if (error == EIO)
		pager_may_fail = false;
}

static uint8_t during_read[4];

static void
on_read(void *arg)
{
	(void)arg;
	run_op(during_read, true);
}

/* In the middle of the next read of a file, another thread edits some map. */
static void
op_during_read(struct op *op)
{
	memcpy(during_read, op->bytes, sizeof(during_read));
	during_read[0] = (uint8_t)(op->value % 32) | (during_read[0] & 0xe0);
	host_file_on_read(files[op->value % FILES], on_read, NULL);
}

static void
op_memory(struct op *op)
{
	host_unhoard();
	little_memory = op->value & 1;
	if (little_memory)
		host_hoard(op->first);
}

static void
op_knobs(struct op *op)
{
	host_knobs.upgrade_fails = op->value & 1;
	host_knobs.no_prefault = op->value & 2;
	host_knobs.fork_copies = op->value & 4;
}

/* What the page tables show must be what the model says: a stale mapping shows here, without any fault. */
static void
check_mapped(const struct mspace *s, vaddr_t va, const struct cell *c)
{
	paddr_t pa;
	uint8_t byte;

	if (!pmap_extract(s->vm->map.pmap, va, &pa))
		return;
	byte = *(uint8_t *)(DMAP_BASE + pa);
	if (c == NULL)
		panic("page at %#lx is mapped", (unsigned long)va);
	if (byte != cell_value(c))
		panic("mapping at %#lx shows %#x instead of %#x", (unsigned long)va, byte,
		    cell_value(c));
}

/* The map says of each page what was asked for. */
static void
check_rights(const struct mspace *s)
{
	for (unsigned i = 0; i < PAGES; i++) {
		const struct vpage *p = &s->page[i];
		struct vm_map_entry *e;

		vm_map_lock_read(&s->vm->map);
		e = vm_map_lookup_entry(&s->vm->map, va_of(i), NULL);
		if ((e != NULL) != p->mapped || (e != NULL && e->protection != p->prot))
			panic("page %u of space %d: %s, rights %u, expected %s, %u", i,
			    (int)(s - spaces), e != NULL ? "mapped" : "not mapped",
			    e != NULL ? e->protection : 0, p->mapped ? "mapped" : "not mapped",
			    p->prot);
		vm_map_unlock_read(&s->vm->map);
	}
}

static void
check_spaces(void)
{
	for (struct mspace *s = spaces; s < &spaces[SPACES]; s++) {
		if (s->vm == NULL)
			continue;
		if (s->vm->map.locked != model_locked(s))
			panic("%lu bytes locked, expected %lu", (unsigned long)s->vm->map.locked,
			    model_locked(s));
		check_rights(s);
		for (unsigned i = 0; i < PAGES; i++)
			check_mapped(s, va_of(i), s->page[i].cell);
		for (unsigned i = 0; i < s->stack_pages; i++)
			check_mapped(s, STACK_TOP - (i + 1) * PAGE_SIZE, s->stack[i]);
	}
}

static void
op_map_anon(struct op *op)
{
	op_map(op, false, false);
}

static void
op_map_anon_shared(struct op *op)
{
	op_map(op, true, false);
}

static void
op_map_file(struct op *op)
{
	op_map(op, false, true);
}

static void
op_map_file_shared(struct op *op)
{
	op_map(op, true, true);
}

static void
op_load(struct op *op)
{
	op_access(op, VM_PROT_READ);
}

static void
op_store(struct op *op)
{
	op_access(op, VM_PROT_WRITE);
}

static void
op_fetch(struct op *op)
{
	op_access(op, VM_PROT_EXEC);
}

static void
op_forget(struct op *op)
{
	host_pmap_forget(op->s->vm->map.pmap, va_of(op->first), va_of(op->last));
}

static void
op_fail_alloc(struct op *op)
{
	host_fail_alloc(1 + op->value % 8, false);
}

static void
op_fail_pager(struct op *op)
{
	if (!pager_may_fail)
		host_file_fail(files[op->value % FILES], 1, EIO);
	pager_may_fail = true;
}

/* Memory comes back, and stays. */
static void
end_of_shortage(void)
{
	host_fail_alloc(0, false);
	host_unhoard();
	little_memory = pager_may_fail = false;
	for (unsigned f = 0; f < FILES; f++)
		host_file_fail(files[f], 0, 0);
}

static void
op_remap(struct op *op)
{
	unsigned n = op->last - op->first, to = op_target(op);
	struct vm_mremap_args args = {.addr = va_of(op->first),
	    .old_len = n * PAGE_SIZE,
	    .new_len = n * PAGE_SIZE,
	    .flags = MREMAP_MAYMOVE | MREMAP_FIXED | (op_keeps(op) ? MREMAP_DONTUNMAP : 0),
	    .new_addr = va_of(to)};
	vaddr_t got;
	int error, want = remap_refused(op);

	if (to + n > PAGES)
		return;
	error = vm_mremap(op->s->vm, &args, &got);
	if (error == 0 && want == 0)
		model_remap(op);
	else if (error != want && !excused(error) && !(error == EFAULT && want == 0 && n > 1))
		panic("mremap: error %d, expected %d", error, want);
}

/* Refused for want of memory it may have got some way: then it is said once more, with memory. */
static void
op_advise(struct op *op)
{
	size_t len = (op->last - op->first) * PAGE_SIZE;
	int error = vm_madvise(op->s->vm, va_of(op->first), len, op_advice(op)), want;

	if (error == EAGAIN && excused(ENOMEM)) {
		end_of_shortage();
		error = vm_madvise(op->s->vm, va_of(op->first), len, op_advice(op));
	}
	want = model_advise(op);
	if (error != want)
		panic("madvise %d: error %d, expected %d", op_advice(op), error, want);
}

static int
lock_pages(struct op *op)
{
	size_t len = (op->last - op->first) * PAGE_SIZE;

	if (op->value & 1)
		return vm_munlock(op->s->vm, va_of(op->first), len);
	return vm_mlock(op->s->vm, va_of(op->first), len, op->value & 2 ? MLOCK_ONFAULT : 0);
}

static void
op_lock(struct op *op)
{
	int error, want;

	if (lock_is_vague(op))
		return;
	error = lock_pages(op);
	want = model_lock(op);
	if (error != want && (excused(ENOMEM) || excused(EIO))) {
		end_of_shortage();
		error = lock_pages(op);
	}
	if (error != want)
		panic("mlock: error %d, expected %d", error, want);
}

/*
 * Locked private pages of a file are the space's own as soon as vm has made them so: when they are locked, or get write access.  From then
 * on they do not show what is written to the file.
 */
static void
note_copies(struct mspace *s)
{
	vm_map_lock_read(&s->vm->map);
	for (unsigned i = 0; i < PAGES; i++) {
		struct vm_map_entry *e = vm_map_lookup_entry(&s->vm->map, va_of(i), NULL);
		struct cell *c = s->page[i].cell;
		struct vm_object *where;
		struct vm_page *m;

		if (c == NULL || c->filled || e == NULL || e->u.object == NULL)
			continue;
		mutex_lock(&e->u.object->lock);
		m = vm_object_find(
		    e->u.object, (pindex_t)atop(e->offset + va_of(i) - e->start), &where);
		if (m != NULL && m->object->type == OBJ_ANON)
			cell_store(c, cell_value(c));
		if (where != e->u.object)
			mutex_unlock(&where->lock);
		mutex_unlock(&e->u.object->lock);
	}
	vm_map_unlock_read(&s->vm->map);
}

static int
lock_all(const struct op *op)
{
	if (op->value & 1)
		return vm_munlockall(op->s->vm);
	return vm_mlockall(op->s->vm, MCL_CURRENT | (op->value & 2 ? MCL_ONFAULT : 0));
}

static void
op_lock_all(struct op *op)
{
	int error = lock_all(op);

	if (error != 0 && (excused(ENOMEM) || excused(EIO) || gave_back(ENOMEM, op->s))) {
		end_of_shortage();
		error = lock_all(op);
	}
	if (error != 0)
		panic("mlockall: error %d", error);
	model_lock_all(op->s, (op->value & 1) == 0);
}

enum op_kind {
	EDITS, /* changes maps, but touches no page: may happen while another thread's fault does I/O */
	TOUCHES, /* may need a page, or changes the surroundings */
};

static const struct operation {
	const char *name;
	void (*run)(struct op *);
	enum op_kind kind;
} operations[OP_CODES] = {
    [OP_MAP] = {"map anonymous", op_map_anon, EDITS},
    [OP_MAP_SHARED] = {"map shared anonymous", op_map_anon_shared, EDITS},
    [OP_MAP_FILE] = {"map file", op_map_file, EDITS},
    [OP_MAP_FILE_SHARED] = {"map shared file", op_map_file_shared, EDITS},
    [OP_UNMAP] = {"unmap", op_unmap, EDITS},
    [OP_PROTECT] = {"protect", op_protect, EDITS},
    [OP_INHERIT] = {"inherit", op_inherit, EDITS},
    [OP_FORK] = {"fork", op_fork, EDITS},
    [OP_LOAD] = {"load", op_load, TOUCHES},
    [OP_STORE] = {"store", op_store, TOUCHES},
    [OP_FETCH] = {"fetch", op_fetch, TOUCHES},
    [OP_EXIT] = {"exit", op_exit_child, EDITS},
    [OP_BRK] = {"brk", op_brk, EDITS},
    [OP_FORGET] = {"forget", op_forget, EDITS},
    [OP_FAIL_ALLOC] = {"fail allocation", op_fail_alloc, TOUCHES},
    [OP_FAIL_PAGER] = {"fail pager", op_fail_pager, TOUCHES},
    [OP_DURING_READ] = {"during read", op_during_read, TOUCHES},
    [OP_MEMORY] = {"memory", op_memory, TOUCHES},
    [OP_STACK] = {"stack", op_stack, TOUCHES},
    [OP_KNOBS] = {"knobs", op_knobs, TOUCHES},
    [OP_HOLD] = {"hold", op_hold, TOUCHES},
    [OP_ADVISE] = {"advise", op_advise, EDITS},
    [OP_LOCK] = {"lock", op_lock, TOUCHES},
    [OP_REMAP] = {"remap", op_remap, EDITS},
    [OP_LOCK_ALL] = {"lock all", op_lock_all, TOUCHES},
};

static void
run_op(const uint8_t *bytes, bool edits_only)
{
	struct op op = op_decode(bytes, spaces);
	const struct operation *operation = &operations[op.code];

	/* What concerns locked memory may wait for the page that is being read. */
	if (edits_only && (operation->kind != EDITS || op.s->vm->map.locked != 0))
		return;
	if (!edits_only)
		accessing = op.s;
	if (vm_fuzz_trace)
		kprintf("space %d: %s [%u, %u) prot %u value %u\n", (int)(op.s - spaces),
		    operation->name, op.first, op.last, op.prot, op.value);
	operation->run(&op);
	for (struct mspace *s = spaces; s < &spaces[SPACES] && vm_wire_user_count() > 0; s++)
		if (s->vm != NULL)
			note_copies(s);
}

static void
start(void)
{
	struct vmspace *vm;

	host_audit_begin();
	little_memory = pager_may_fail = false;
	for (unsigned f = 0; f < FILES; f++) {
		files[f] = host_file_create(FILE_PAGES);
		for (unsigned i = 0; i < FILE_PAGES; i++)
			file_cells[f][i] = cell_of_file(host_file_byte(files[f], i));
	}
	vm = vmspace_alloc();
	KASSERT(vm != NULL);
	vm->brk_start = vm->brk = va_of(HEAP);
	if (vmspace_stack(vm, STACK_TOP, STACK_PAGES * PAGE_SIZE, PAGE_SIZE) != 0)
		panic("no stack");
	memset(spaces, 0, sizeof(spaces));
	spaces[0].vm = vm;
	stack_grow(&spaces[0], 1);
}

/* With memory enough, what does every space see, everywhere? */
static void
read_everything(void)
{
	end_of_shortage();
	for (unsigned f = 0; f < FILES; f++)
		host_file_on_read(files[f], NULL, NULL);
	for (struct mspace *s = spaces; s < &spaces[SPACES]; s++) {
		if (s->vm == NULL)
			continue;
		for (unsigned i = 0; i < PAGES; i++)
			op_access(&(struct op){.s = s, .first = i}, VM_PROT_READ);
		for (unsigned i = 0; i < s->stack_pages; i++)
			op_stack(&(struct op){.s = s, .first = i});
	}
}

static void
finish(void)
{
	read_everything();
	vm_check_all();
	for (unsigned i = 0; i < HELD_MAX; i++)
		if (held[i] != NULL) {
			vm_page_unwire(held[i], PQ_ACTIVE);
			held[i] = NULL;
		}
	for (struct mspace *s = spaces; s < &spaces[SPACES]; s++)
		if (s->vm != NULL)
			op_exit(&(struct op){.s = s});
	for (unsigned f = 0; f < FILES; f++) {
		for (unsigned i = 0; i < FILE_PAGES; i++) {
			if (host_file_peek(files[f], i) != cell_value(file_cells[f][i]))
				panic("file %u page %u: a store is lost", f, i);
			cell_drop(file_cells[f][i]);
		}
		host_file_destroy(files[f]);
	}
	host_audit_end();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < INPUT_SETUP + INPUT_OP)
		return 0;
	start();
	host_knobs.upgrade_fails = data[0] & 1;
	host_knobs.fork_copies = data[0] & 2;
	if (data[0] & 4) {
		little_memory = true;
		host_hoard(data[1]);
	}
	for (size_t i = 0; i < op_count(size); i++) {
		run_op(&data[INPUT_SETUP + INPUT_OP * i], false);
		host_machine_point();
		vm_check_all();
		check_spaces();
	}
	finish();
	return 0;
}
