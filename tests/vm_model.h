/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reference model of memory: what any program may see, whatever vm does inside.  tests/vm_fuzz.c holds vm/ on the host against it,
 * user/tests/vmreplay.c the whole kernel by its system calls; so this file knows neither.
 *
 * It knows nothing of objects, shadows or page tables.  Each space is an array of virtual pages; a page points to a *cell*:
 *
 *      cell with a value                memory: whoever points to it sees the value, and each other's stores
 *      empty cell, over a file page     a private view of a file: shows the file's cell until somebody stores into it
 *      the file's own cell              a shared view
 *
 * fork by inheritance: SHARE points to the same cell, COPY to a new one with the same value (or the same emptiness), ZERO to a new one with
 * zero, NONE to none.  That is the whole of copy-on-write semantics.
 *
 * Input: two bytes of set-up, then four for each operation: what and where, which page, how many and which rights, a value.
 */
#ifndef TESTS_VM_MODEL_H
#define TESTS_VM_MODEL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Where it all happens: whoever has something else there says so first. */
#ifndef AREA
#define AREA      0x40000000ul
#define STACK_TOP 0x50000000ul
#endif

#define MODEL_PAGE  4096ul
#define PAGES       48u /* of the area; from HEAP on it is the heap's as well */
#define HEAP        32u
#define STACK_PAGES 16u
#define SPACES      6u
#define FILES       2u
#define FILE_PAGES  8u
#define OPS_MAX     200u
#define INPUT_SETUP 2u
#define INPUT_OP    4u

/* As minherit(2) counts. */
#define MODEL_SHARE 0u
#define MODEL_COPY  1u
#define MODEL_NONE  2u
#define MODEL_ZERO  3u

struct vmspace;

struct cell {
	int refs;
	bool filled, of_file;
	uint8_t value;
	struct cell *under; /* of an empty one: the file page that shows through */
};

struct vpage {
	bool mapped, shared; /* shared: mapped with MAP_SHARED; a copy for a child is not */
	bool beyond;         /* of a file, behind its end */
	bool locked;
	uint8_t prot, inherit;
	struct cell *cell;
};

struct mspace {
	struct vmspace *vm; /* NULL: not in use */
	unsigned brk;       /* pages from HEAP */
	struct vpage page[PAGES];
	bool stack_locked;               /* as far as it has grown, and will */
	unsigned stack_pages;            /* how far it has grown */
	struct cell *stack[STACK_PAGES]; /* 0: the topmost */
};

/*
 * Cells.
 */
static inline struct cell *
cell_new(bool filled, uint8_t value, struct cell *under)
{
	struct cell *c = malloc(sizeof(*c));

	if (c == NULL)
		abort();
	*c = (struct cell){1, filled, false, value, under};
	if (under != NULL)
		under->refs++;
	return c;
}

static inline struct cell *
cell_of_file(uint8_t value)
{
	struct cell *c = cell_new(true, value, NULL);

	c->of_file = true;
	return c;
}

static inline void
cell_drop(struct cell *c)
{
	while (c != NULL && --c->refs == 0) {
		struct cell *under = c->under;

		free(c);
		c = under;
	}
}

static inline struct cell *
cell_ref(struct cell *c)
{
	c->refs++;
	return c;
}

static inline uint8_t
cell_value(const struct cell *c)
{
	return c->filled ? c->value : c->under->value;
}

static inline void
cell_store(struct cell *c, uint8_t value)
{
	c->filled = true;
	c->value = value;
}

/* What a child gets for a private copy. */
static inline struct cell *
cell_copy(struct cell *c)
{
	if (c->of_file)
		return cell_new(false, 0, c);
	return cell_new(c->filled, c->value, c->under);
}

/*
 * Pages and spaces.
 */
static inline unsigned long
va_of(unsigned page)
{
	return AREA + page * MODEL_PAGE;
}

static inline void
page_unmap(struct vpage *p)
{
	cell_drop(p->cell);
	*p = (struct vpage){.mapped = false};
}

static inline void
page_fork(struct vpage *to, const struct vpage *from)
{
	*to = (struct vpage){.mapped = false};
	if (!from->mapped || from->inherit == MODEL_NONE)
		return;
	*to = *from;
	to->locked = false;
	to->shared = from->shared && from->inherit == MODEL_SHARE;
	if (from->inherit == MODEL_ZERO) {
		to->beyond = false;
		to->cell = cell_new(true, 0, NULL);
	} else if (from->cell != NULL) {
		to->cell =
		    from->inherit == MODEL_SHARE ? cell_ref(from->cell) : cell_copy(from->cell);
	}
}

static inline void
space_fork(struct mspace *to, const struct mspace *from, struct vmspace *vm)
{
	to->vm = vm;
	to->brk = from->brk;
	to->stack_locked = false;
	for (unsigned i = 0; i < PAGES; i++)
		page_fork(&to->page[i], &from->page[i]);
	to->stack_pages = from->stack_pages;
	for (unsigned i = 0; i < to->stack_pages; i++)
		to->stack[i] = cell_copy(from->stack[i]);
}

static inline void
space_clear(struct mspace *s)
{
	for (unsigned i = 0; i < PAGES; i++)
		page_unmap(&s->page[i]);
	for (unsigned i = 0; i < s->stack_pages; i++)
		cell_drop(s->stack[i]);
	s->stack_pages = 0;
	s->vm = NULL;
}

static inline void
stack_grow(struct mspace *s, unsigned pages)
{
	while (s->stack_pages < pages)
		s->stack[s->stack_pages++] = cell_new(true, 0, NULL);
}

/* What an access comes to: 0 or an errno (EFAULT: not mapped, EACCES: not allowed, EINVAL: beyond the file). */
static inline int
expected(const struct vpage *p, uint8_t access)
{
	uint8_t prot = p->prot | ((p->prot & PROT_WRITE) != 0 ? PROT_READ : 0);

	if (!p->mapped)
		return EFAULT;
	if ((access & ~prot) != 0)
		return EACCES;
	return p->beyond ? EINVAL : 0;
}

/*
 * Operations.
 */
enum op_code {
	OP_MAP,
	OP_MAP_SHARED,
	OP_MAP_FILE,
	OP_MAP_FILE_SHARED,
	OP_UNMAP,
	OP_PROTECT,
	OP_INHERIT,
	OP_FORK,
	OP_LOAD,
	OP_STORE,
	OP_FETCH,
	OP_EXIT,
	OP_BRK,
	OP_FORGET,
	OP_FAIL_ALLOC,
	OP_FAIL_PAGER,
	OP_DURING_READ,
	OP_MEMORY,
	OP_STACK,
	OP_KNOBS,
	OP_HOLD,
	OP_ADVISE,
	OP_LOCK,
	OP_REMAP,
	OP_LOCK_ALL, /* the host's: it makes copies of a file's pages that the model cannot foresee */
	OP_CODES
};

/* Five bits of the input to an operation: the common ones have more than one code. */
static const uint8_t op_codes[32] = {OP_MAP, OP_MAP_SHARED, OP_MAP_FILE, OP_MAP_FILE_SHARED,
    OP_UNMAP, OP_PROTECT, OP_INHERIT, OP_FORK, OP_LOAD, OP_STORE, OP_FETCH, OP_EXIT, OP_BRK,
    OP_FORGET, OP_FAIL_ALLOC, OP_FAIL_PAGER, OP_DURING_READ, OP_MEMORY, OP_STACK, OP_KNOBS, OP_HOLD,
    OP_REMAP, OP_STORE, OP_LOCK_ALL, OP_ADVISE, OP_LOCK, OP_FORK, OP_FORK, OP_LOAD, OP_INHERIT,
    OP_EXIT, OP_UNMAP};

struct op {
	const uint8_t *bytes;
	enum op_code code;
	uint8_t value, prot;
	struct mspace *s;
	unsigned first, last; /* pages [first, last) */
};

static inline struct op
op_decode(const uint8_t *bytes, struct mspace *spaces)
{
	struct op op = {.bytes = bytes,
	    .code = (enum op_code)op_codes[bytes[0] & 31],
	    .s = &spaces[(bytes[0] >> 5) % SPACES],
	    .first = bytes[1] % PAGES,
	    .prot = bytes[2] >> 4 & 7,
	    .value = bytes[3]};

	op.last = op.first + 1 + bytes[2] % 16;
	if (op.last > PAGES)
		op.last = PAGES;
	if (op.s->vm == NULL)
		op.s = &spaces[0];
	return op;
}

/* How many operations an input has; fewer than six bytes have none. */
static inline size_t
op_count(size_t size)
{
	size_t n = size >= INPUT_SETUP ? (size - INPUT_SETUP) / INPUT_OP : 0;

	return n < OPS_MAX ? n : OPS_MAX;
}

/* After it has succeeded.  `file`: the cells of one, from page `offset` on, or NULL. */
static inline void
model_map(const struct op *op, bool shared, struct cell **file, unsigned offset)
{
	for (unsigned i = op->first; i < op->last; i++) {
		struct vpage *p = &op->s->page[i];
		unsigned index = offset + i - op->first;

		page_unmap(p);
		p->mapped = true;
		p->shared = shared;
		p->prot = op->prot;
		p->inherit = shared ? MODEL_SHARE : MODEL_COPY;
		if (file == NULL)
			p->cell = cell_new(true, 0, NULL);
		else if (index >= FILE_PAGES)
			p->beyond = true;
		else
			p->cell = shared ? cell_ref(file[index]) : cell_new(false, 0, file[index]);
	}
}

static inline void
model_unmap(const struct op *op)
{
	for (unsigned i = op->first; i < op->last; i++)
		page_unmap(&op->s->page[i]);
}

/* Up to the first hole, as Linux does.  Returns what mprotect does. */
static inline int
model_protect(const struct op *op)
{
	for (unsigned i = op->first; i < op->last; i++) {
		if (!op->s->page[i].mapped)
			return ENOMEM;
		op->s->page[i].prot = op->prot;
	}
	return 0;
}

static inline void
model_inherit(const struct op *op)
{
	for (unsigned i = op->first; i < op->last; i++)
		op->s->page[i].inherit = op->value & 3;
}

/*
 * mremap to a fixed place, the old one kept with MREMAP_DONTUNMAP for half of the operations.
 */
static inline unsigned
op_target(const struct op *op)
{
	return op->value % PAGES;
}

static inline bool
op_keeps(const struct op *op)
{
	return (op->bytes[2] & 0x80) != 0;
}

/* => what it must say, if it is not to be 0; EFAULT is right as well where pages belong to several mappings, of which the model knows
 * nothing. */
static inline int
remap_refused(const struct op *op)
{
	unsigned to = op_target(op), n = op->last - op->first;

	if (!op->s->page[op->first].mapped)
		return EFAULT;
	if (to + n > PAGES || (op->first < to + n && to < op->last))
		return EINVAL;
	for (unsigned i = op->first; i < op->last; i++)
		if (!op->s->page[i].mapped)
			return EFAULT;
	return 0;
}

/* The old place of a page that was moved, or the new one of a shared page. */
static inline struct vpage
page_left(const struct vpage *p)
{
	struct vpage left = *p;

	left.locked = false;
	if (p->shared)
		left.cell = p->cell != NULL ? cell_ref(p->cell) : NULL;
	else if (p->cell != NULL)
		left.cell = p->cell->under != NULL ? cell_new(false, 0, p->cell->under)
						   : cell_new(true, 0, NULL);
	return left;
}

static inline void
model_remap(const struct op *op)
{
	for (unsigned i = op->first, to = op_target(op); i < op->last; i++, to++) {
		struct vpage *from = &op->s->page[i], left = {.mapped = false};
		bool shared = from->shared;

		page_unmap(&op->s->page[to]);
		if (op_keeps(op))
			left = page_left(from);
		op->s->page[to] = op_keeps(op) && shared ? left : *from;
		if (!op_keeps(op) || !shared)
			*from = left;
	}
}

/* What is said: mostly what has consequences. */
static inline int
op_advice(const struct op *op)
{
	static const int advice[] = {MADV_DONTNEED, MADV_WILLNEED, MADV_DONTNEED, MADV_DONTFORK,
	    MADV_COLD, MADV_SEQUENTIAL, MADV_DONTNEED, MADV_NORMAL};

	return advice[op->value % 8];
}

/* Private memory becomes what it was when it was mapped. */
static inline void
page_forget(struct vpage *p)
{
	struct cell *fresh;

	if (p->cell == NULL || p->shared || p->inherit == MODEL_SHARE)
		return;
	fresh =
	    p->cell->under != NULL ? cell_new(false, 0, p->cell->under) : cell_new(true, 0, NULL);
	cell_drop(p->cell);
	p->cell = fresh;
}

/* Returns what madvise does: it goes on behind a hole, and stops at memory that is locked. */
static inline int
model_advise(const struct op *op)
{
	int advice = op_advice(op), error = 0;

	for (unsigned i = op->first; i < op->last; i++) {
		struct vpage *p = &op->s->page[i];

		if (!p->mapped) {
			error = ENOMEM;
		} else if (p->locked && (advice == MADV_DONTNEED || advice == MADV_COLD)) {
			return EINVAL;
		} else if (advice == MADV_DONTFORK) {
			p->inherit = MODEL_NONE;
		} else if (advice == MADV_DONTNEED) {
			page_forget(p);
		}
	}
	return error;
}

/*
 * Locking a private view of a file may copy it at once, and may not: whether later stores to the file show is nobody's promise. Not to
 * be tried.
 */
static inline bool
lock_is_vague(const struct op *op)
{
	for (unsigned i = op->first; i < op->last; i++) {
		const struct cell *c = op->s->page[i].cell;

		if (c != NULL && !c->filled)
			return true;
	}
	return false;
}

static inline void
model_lock_all(struct mspace *s, bool lock)
{
	for (unsigned i = 0; i < PAGES; i++)
		s->page[i].locked = s->page[i].mapped && lock;
	s->stack_locked = lock;
}

/* Bytes that count as locked. */
static inline unsigned long
model_locked(const struct mspace *s)
{
	unsigned long pages = s->stack_locked ? s->stack_pages : 0;

	for (unsigned i = 0; i < PAGES; i++)
		pages += s->page[i].locked;
	return pages * MODEL_PAGE;
}

/* Odd values unlock, every other pair locks on fault.  Returns what mlock, mlock2 or munlock do; ENOMEM changes nothing. */
static inline int
model_lock(const struct op *op)
{
	bool unlock = (op->value & 1) != 0, now = !unlock && (op->value & 2) == 0;

	for (unsigned i = op->first; i < op->last; i++) {
		const struct vpage *p = &op->s->page[i];

		if (!p->mapped || (now && (p->prot == PROT_NONE || p->beyond)))
			return ENOMEM;
	}
	for (unsigned i = op->first; i < op->last; i++)
		op->s->page[i].locked = !unlock;
	return 0;
}

#endif
