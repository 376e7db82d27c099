/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files: reference counts, the shared offset, and dispatch to what a file is.
 *
 * Locks: pos_lock (mutex, RANK_FILE) is held over a whole read or write of a file that has a
 * position, so that two threads that share it never get the same bytes.  Files without a position
 * (pipes, terminals) are not locked here: a reader that waits must not keep a writer out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "kern/base/debug.h"
#include "kern/file.h"
#include "vm/zone.h"

#define SEEK_DATA 3
#define SEEK_HOLE 4

static struct zone *file_zone;

void
file_init(void)
{
	file_zone = zone_create("file", sizeof(struct file), 0, NULL);
}

struct file *
file_alloc(const struct file_ops *ops, uint32_t flags)
{
	struct file *f = zone_alloc(file_zone, ZONE_ZERO);

	if (f == NULL)
		return NULL;
	f->ops = ops;
	f->refs = 1;
	f->flags = flags;
	mutex_init(&f->pos_lock, "file", RANK_FILE);
	return f;
}

void
file_free(struct file *f)
{
	zone_free(file_zone, f);
}

void
file_ref(struct file *f)
{
	uint32_t old = __atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);

	KASSERT(old > 0);
	(void)old;
}

void
file_unref(struct file *f)
{
	if (f == NULL || __atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (f->ops->close != NULL)
		f->ops->close(f);
	if (f->inode != NULL)
		vfs_close(f->inode, f->handle);
	file_free(f);
}

static bool
has_position(const struct file *f)
{
	return f->ops->end != NULL;
}

static int
check_read(const struct file *f)
{
	if (!file_readable(f) || (f->flags & O_PATH))
		return EBADF;
	return f->ops->read != NULL ? 0 : EINVAL;
}

static int
check_write(const struct file *f)
{
	if (!file_writable(f) || (f->flags & O_PATH))
		return EBADF;
	return f->ops->write != NULL ? 0 : EINVAL;
}

/* Would the transfer go beyond the largest offset there can be? */
static int
check_range(const struct uio *u)
{
	return u->offset > INT64_MAX - u->resid ? EINVAL : 0;
}

/* Run `move` at the file's offset, if it has one. */
static int
move_at_offset(struct file *f, struct uio *u, int (*move)(struct file *, struct uio *))
{
	int error;

	if (!has_position(f))
		return move(f, u);
	mutex_lock(&f->pos_lock);
	u->offset = f->offset;
	error = check_range(u);
	if (!error)
		error = move(f, u);
	f->offset = u->offset;
	mutex_unlock(&f->pos_lock);
	return error;
}

int
file_read(struct file *f, struct uio *u)
{
	int error = check_read(f);

	return error ? error : move_at_offset(f, u, f->ops->read);
}

int
file_write(struct file *f, struct uio *u)
{
	int error = check_write(f);

	return error ? error : move_at_offset(f, u, f->ops->write);
}

int
file_pread(struct file *f, struct uio *u)
{
	int error = check_read(f);

	if (!error && !has_position(f))
		error = ESPIPE;
	if (!error)
		error = check_range(u);
	return error ? error : f->ops->read(f, u);
}

int
file_pwrite(struct file *f, struct uio *u)
{
	int error = check_write(f);

	if (!error && !has_position(f))
		error = ESPIPE;
	if (!error)
		error = check_range(u);
	return error ? error : f->ops->write(f, u);
}

/* Where a seek leads.  => pos_lock held. */
static int
seek_target(struct file *f, int64_t offset, int whence, int64_t *target)
{
	uint64_t end = 0, base = 0;
	int error = 0;

	if (whence == SEEK_CUR)
		base = f->offset;
	else if (whence != SEEK_SET)
		error = f->ops->end(f, &end);
	if (error)
		return error;
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		if (offset < 0 || (uint64_t)offset >= end)
			return ENXIO;
		*target = whence == SEEK_DATA ? offset : (int64_t)end;
		return 0;
	}
	if (whence == SEEK_END)
		base = end;
	return __builtin_add_overflow((int64_t)base, offset, target) ? EINVAL : 0;
}

int
file_seek(struct file *f, int64_t offset, int whence, uint64_t *pos)
{
	int64_t target = 0;
	int error;

	if (f->flags & O_PATH)
		return EBADF;
	if (whence < SEEK_SET || whence > SEEK_HOLE)
		return EINVAL;
	if (!has_position(f))
		return ESPIPE;
	mutex_lock(&f->pos_lock);
	error = seek_target(f, offset, whence, &target);
	if (!error && target < 0)
		error = EINVAL;
	if (!error)
		f->offset = *pos = (uint64_t)target;
	mutex_unlock(&f->pos_lock);
	return error;
}

int
file_stat(struct file *f, struct vfs_attr *attr)
{
	if (f->ops->stat != NULL)
		return f->ops->stat(f, attr);
	return vfs_getattr(f->inode, attr);
}

unsigned
file_poll(struct file *f, struct poll_wait *w)
{
	if (f->flags & O_PATH)
		return POLLNVAL;
	if (f->ops->poll == NULL)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, w);
}

int
file_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	if (f->flags & O_PATH)
		return EBADF;
	return f->ops->ioctl != NULL ? f->ops->ioctl(f, cmd, arg) : ENOTTY;
}
