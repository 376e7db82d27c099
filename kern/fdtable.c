/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables: an array of slots that doubles when it is full.
 *
 *      slots:  [file][file][ free ][reserved][file][ free ]...
 *                           ^lowest                 ^top
 *
 * Locks: fdtable.lock (spin) guards the array; files are released and memory is allocated outside
 * of it.  A grown array is filled and switched under the lock, so a reader never sees half of it.
 *
 * Rejected: a bitmap of used slots.  Tables are short, and `lowest` makes the usual search one
 * step.
 */
#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fdtable.h"
#include "kern/file.h"
#include "lib/minmax.h"
#include "vm/zone.h"

#define FD_INITIAL 8u     /* slots of a new table: most programs never need more */
#define FD_MAX     65536u /* slots of the largest: RLIMIT_NOFILE beyond that has no effect */

static struct zone *fdtable_zone;

void
fdtable_init(void)
{
	fdtable_zone = zone_create("fdtable", sizeof(struct fdtable), 0, NULL);
}

static struct fdtable *
table_alloc(uint32_t size)
{
	struct fdtable *t = zone_alloc(fdtable_zone, ZONE_ZERO);

	if (t == NULL)
		return NULL;
	t->slots = kmalloc(size * sizeof(*t->slots), ZONE_ZERO);
	if (t->slots == NULL) {
		zone_free(fdtable_zone, t);
		return NULL;
	}
	spin_init(&t->lock, "fdtable", RANK_VFS);
	t->refs = 1;
	t->size = size;
	return t;
}

static void
table_free(struct fdtable *t)
{
	kfree(t->slots, t->size * sizeof(*t->slots));
	zone_free(fdtable_zone, t);
}

struct fdtable *
fdtable_create(void)
{
	return table_alloc(FD_INITIAL);
}

/* Slots for a copy of t.  => t locked. */
static uint32_t
copy_size(const struct fdtable *t)
{
	uint32_t size = FD_INITIAL;

	while (size < t->top)
		size *= 2;
	return size;
}

static void
copy_slots(struct fdtable *to, const struct fdtable *from)
{
	for (uint32_t fd = 0; fd < from->top; fd++) {
		if (from->slots[fd].file == NULL)
			continue;
		to->slots[fd] = from->slots[fd];
		file_ref(to->slots[fd].file);
		to->top = fd + 1;
	}
	/* A number that another thread has only reserved is free in the copy. */
	while (to->lowest < to->top && to->slots[to->lowest].used)
		to->lowest++;
}

struct fdtable *
fdtable_copy(struct fdtable *t)
{
	struct fdtable *copy;
	uint32_t size;

	spin_lock(&t->lock);
	size = copy_size(t);
	spin_unlock(&t->lock);
	for (;;) {
		copy = table_alloc(size);
		if (copy == NULL)
			return NULL;
		spin_lock(&t->lock);
		size = copy_size(t);
		if (size <= copy->size)
			break;
		spin_unlock(&t->lock);
		table_free(copy);
	}
	copy_slots(copy, t);
	spin_unlock(&t->lock);
	return copy;
}

void
fdtable_ref(struct fdtable *t)
{
	__atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
}

void
fdtable_unref(struct fdtable *t)
{
	if (t == NULL || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (uint32_t fd = 0; fd < t->top; fd++)
		file_unref(t->slots[fd].file);
	table_free(t);
}

/* Empty a slot and return what was in it.  => t locked. */
static struct file *
take_slot(struct fdtable *t, uint32_t fd)
{
	struct file *f = t->slots[fd].file;

	t->slots[fd] = (struct fd_slot){0};
	t->lowest = MIN(t->lowest, fd);
	while (t->top > 0 && !t->slots[t->top - 1].used)
		t->top--;
	return f;
}

void
fdtable_close_on_exec(struct fdtable *t)
{
	struct file *f;

	KASSERT(t->refs == 1);
	for (uint32_t fd = 0; fd < t->size; fd++) {
		spin_lock(&t->lock);
		f = t->slots[fd].cloexec ? take_slot(t, fd) : NULL;
		spin_unlock(&t->lock);
		file_unref(f);
	}
}

/* The slot of an open descriptor, NULL if fd is none.  => t locked. */
static struct fd_slot *
open_slot(struct fdtable *t, int fd)
{
	if (fd < 0 || (uint32_t)fd >= t->top || t->slots[fd].file == NULL)
		return NULL;
	return &t->slots[fd];
}

struct file *
fdtable_get(struct fdtable *t, int fd)
{
	struct fd_slot *slot;
	struct file *f = NULL;

	spin_lock(&t->lock);
	slot = open_slot(t, fd);
	if (slot != NULL) {
		f = slot->file;
		file_ref(f);
	}
	spin_unlock(&t->lock);
	return f;
}

/* Make the table hold at least `want` slots.  => returns 0 or ENOMEM. */
static int
grow(struct fdtable *t, uint32_t want)
{
	struct fd_slot *slots, *old;
	uint32_t size = FD_INITIAL, old_size;

	while (size < want)
		size *= 2;
	slots = kmalloc(size * sizeof(*slots), ZONE_ZERO);
	if (slots == NULL)
		return ENOMEM;
	spin_lock(&t->lock);
	old = t->slots;
	old_size = t->size;
	if (old_size < size) {
		memcpy(slots, old, old_size * sizeof(*slots));
		t->slots = slots;
		t->size = size;
	} else {
		old = slots; /* another thread was faster */
		old_size = size;
	}
	spin_unlock(&t->lock);
	kfree(old, old_size * sizeof(*old));
	return 0;
}

static uint32_t
find_free(const struct fdtable *t, uint32_t min)
{
	uint32_t fd = MAX(min, t->lowest);

	while (fd < t->top && t->slots[fd].used)
		fd++;
	return fd;
}

/* => t locked; fd < t->size and free. */
static void
mark_used(struct fdtable *t, uint32_t fd)
{
	t->slots[fd].used = true;
	t->top = MAX(t->top, fd + 1);
	if (fd == t->lowest)
		t->lowest = fd + 1;
}

int
fdtable_reserve(struct fdtable *t, uint32_t min, uint64_t limit, int *fdp)
{
	uint32_t fd;

	limit = MIN(limit, (uint64_t)FD_MAX);
	if (min >= limit)
		return min == 0 ? EMFILE : EINVAL;
	for (;;) {
		spin_lock(&t->lock);
		fd = find_free(t, min);
		if (fd >= limit || fd < t->size)
			break;
		spin_unlock(&t->lock);
		if (grow(t, fd + 1))
			return ENOMEM;
	}
	if (fd < limit)
		mark_used(t, fd);
	spin_unlock(&t->lock);
	*fdp = (int)fd;
	return fd < limit ? 0 : EMFILE;
}

void
fdtable_install(struct fdtable *t, int fd, struct file *f, bool cloexec)
{
	spin_lock(&t->lock);
	KASSERT(t->slots[fd].used && t->slots[fd].file == NULL);
	t->slots[fd].file = f;
	t->slots[fd].cloexec = cloexec;
	spin_unlock(&t->lock);
}

void
fdtable_unreserve(struct fdtable *t, int fd)
{
	spin_lock(&t->lock);
	KASSERT(t->slots[fd].used && t->slots[fd].file == NULL);
	take_slot(t, (uint32_t)fd);
	spin_unlock(&t->lock);
}

int
fdtable_replace(struct fdtable *t, int fd, uint64_t limit, struct file *f, bool cloexec)
{
	struct file *old;
	uint32_t n = (uint32_t)fd;

	if (fd < 0 || n >= MIN(limit, (uint64_t)FD_MAX))
		return EBADF;
	if (n >= t->size && grow(t, n + 1))
		return ENOMEM;
	spin_lock(&t->lock);
	old = t->slots[n].file;
	if (t->slots[n].used && old == NULL) {
		spin_unlock(&t->lock);
		return EBUSY;
	}
	if (!t->slots[n].used)
		mark_used(t, n);
	t->slots[n].file = f;
	t->slots[n].cloexec = cloexec;
	spin_unlock(&t->lock);
	file_unref(old);
	return 0;
}

int
fdtable_close(struct fdtable *t, int fd)
{
	struct file *f = NULL;

	spin_lock(&t->lock);
	if (open_slot(t, fd) != NULL)
		f = take_slot(t, (uint32_t)fd);
	spin_unlock(&t->lock);
	file_unref(f);
	return f != NULL ? 0 : EBADF;
}

int
fdtable_get_cloexec(struct fdtable *t, int fd, bool *cloexec)
{
	struct fd_slot *slot;

	spin_lock(&t->lock);
	slot = open_slot(t, fd);
	if (slot != NULL)
		*cloexec = slot->cloexec;
	spin_unlock(&t->lock);
	return slot != NULL ? 0 : EBADF;
}

int
fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec)
{
	struct fd_slot *slot;

	spin_lock(&t->lock);
	slot = open_slot(t, fd);
	if (slot != NULL)
		slot->cloexec = cloexec;
	spin_unlock(&t->lock);
	return slot != NULL ? 0 : EBADF;
}

uint32_t
fdtable_bound(struct fdtable *t)
{
	uint32_t size;

	spin_lock(&t->lock);
	size = t->size;
	spin_unlock(&t->lock);
	return size;
}

int
fdtable_next(struct fdtable *t, int from)
{
	int fd;

	spin_lock(&t->lock);
	for (fd = from; (uint32_t)fd < t->top && t->slots[fd].file == NULL; fd++)
		continue;
	if ((uint32_t)fd >= t->top)
		fd = -1;
	spin_unlock(&t->lock);
	return fd;
}
