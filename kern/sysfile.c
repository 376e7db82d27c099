/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on descriptors: moving bytes, positions, copies of descriptors, their flags.
 *
 *      descriptor --file_of--> file (referenced) --file_*()--> result --> result or -errno
 *
 * Calls on paths are in syspath.c, those about attributes in sysstat.c.
 *
 * Locks: none held while a file works.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch/riscv/vmparam.h"
#include "kern/base/debug.h"
#include "kern/fdtable.h"
#include "kern/file.h"
#include "kern/pipe.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"
#include "vm/zone.h"

#define RW_MAX       0x7ffff000ull /* most bytes one call moves */
#define IOV_ON_STACK 8u
#define DIRENT_BUFFER                                                                              \
	4000u /* bytes of entries that one getdents64 hands out: with its bookkeeping, a page */
#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_NOATIME)

typedef int file_move_fn(struct file *f, struct uio *u);

static struct fdtable *
table(void)
{
	return curproc()->fdtable;
}

/* The file behind a descriptor argument, referenced, or NULL. */
static struct file *
file_of(uint64_t fd)
{
	return fdtable_get(table(), (int)fd);
}

static uint64_t
fd_limit(void)
{
	return curproc()->limit[RLIMIT_NOFILE].rlim_cur;
}

/* What a call that may wait returns: interrupted ones are run again after the handler, if it says
 * so. */
static long
restartable(int error)
{
	return error == EINTR ? -ERESTARTSYS : -error;
}

/* ---- read, write and their relatives --------------------------------------------------------- */

static bool
in_user_space(uint64_t base, uint64_t len)
{
	return base <= VM_MAX_USER_ADDRESS && len <= VM_MAX_USER_ADDRESS - base;
}

/* Bytes moved, or why there are none. */
static long
move_result(uint64_t wanted, const struct uio *u, int error)
{
	uint64_t moved = wanted - u->resid;

	return moved > 0 || !error ? (long)moved : restartable(error);
}

/* read or write one buffer; `offset` is for pread and pwrite. */
static long
move_one(
    uint64_t fd, uint64_t base, uint64_t len, uint64_t offset, enum uio_dir dir, file_move_fn *move)
{
	struct uio_vec vec = {base, MIN(len, RW_MAX)};
	struct uio u = {
	    .vec = &vec, .nvec = 1, .dir = dir, .user = true, .offset = offset, .resid = vec.len};
	struct file *f = file_of(fd);
	int error;

	if (f == NULL)
		return -EBADF;
	error = in_user_space(base, len) ? 0 : EFAULT;
	if (!error)
		error = move(f, &u);
	file_unref(f);
	return move_result(MIN(len, RW_MAX), &u, error);
}

long
sys_read(const struct syscall_args *args)
{
	return move_one(args->a[0], args->a[1], args->a[2], 0, UIO_READ, file_read);
}

long
sys_write(const struct syscall_args *args)
{
	return move_one(args->a[0], args->a[1], args->a[2], 0, UIO_WRITE, file_write);
}

long
sys_pread64(const struct syscall_args *args)
{
	if ((int64_t)args->a[3] < 0)
		return -EINVAL;
	return move_one(args->a[0], args->a[1], args->a[2], args->a[3], UIO_READ, file_pread);
}

long
sys_pwrite64(const struct syscall_args *args)
{
	if ((int64_t)args->a[3] < 0)
		return -EINVAL;
	return move_one(args->a[0], args->a[1], args->a[2], args->a[3], UIO_WRITE, file_pwrite);
}

/* A user's array of buffers. */
struct iov {
	struct uio_vec few[IOV_ON_STACK];
	struct uio_vec *vec;
	uint64_t count;
	uint64_t total; /* bytes, at most RW_MAX */
};

static void
iov_free(struct iov *iov)
{
	if (iov->vec != iov->few)
		kfree(iov->vec, iov->count * sizeof(*iov->vec));
}

/* Check the buffers and cut what exceeds RW_MAX. */
static int
iov_check(struct iov *iov)
{
	iov->total = 0;
	for (uint64_t i = 0; i < iov->count; i++) {
		struct uio_vec *v = &iov->vec[i];

		if ((int64_t)v->len < 0)
			return EINVAL;
		if (!in_user_space(v->base, v->len))
			return EFAULT;
		v->len = MIN(v->len, RW_MAX - iov->total);
		iov->total += v->len;
	}
	return 0;
}

static int
iov_fetch(struct iov *iov, uint64_t user, uint64_t count)
{
	int error;

	if (count > UIO_MAXIOV)
		return EINVAL;
	iov->count = count;
	iov->vec = iov->few;
	if (count > IOV_ON_STACK)
		iov->vec = kmalloc(count * sizeof(*iov->vec), 0);
	if (iov->vec == NULL)
		return ENOMEM;
	error = copyin(iov->vec, user, count * sizeof(*iov->vec));
	if (!error)
		error = iov_check(iov);
	if (error)
		iov_free(iov);
	return error;
}

/* readv and its relatives. */
static long
move_many(const struct syscall_args *args, uint64_t offset, enum uio_dir dir, file_move_fn *move)
{
	struct iov iov;
	struct uio u;
	struct file *f = file_of(args->a[0]);
	long result;
	int error;

	if (f == NULL)
		return -EBADF;
	error = iov_fetch(&iov, args->a[1], args->a[2]);
	if (error) {
		result = -error;
	} else {
		u = (struct uio){.vec = iov.vec,
		    .nvec = (unsigned)iov.count,
		    .dir = dir,
		    .user = true,
		    .offset = offset,
		    .resid = iov.total};
		error = move(f, &u);
		result = move_result(iov.total, &u, error);
		iov_free(&iov);
	}
	file_unref(f);
	return result;
}

long
sys_readv(const struct syscall_args *args)
{
	return move_many(args, 0, UIO_READ, file_read);
}

long
sys_writev(const struct syscall_args *args)
{
	return move_many(args, 0, UIO_WRITE, file_write);
}

long
sys_preadv(const struct syscall_args *args)
{
	return (int64_t)args->a[3] < 0 ? -EINVAL
				       : move_many(args, args->a[3], UIO_READ, file_pread);
}

long
sys_pwritev(const struct syscall_args *args)
{
	return (int64_t)args->a[3] < 0 ? -EINVAL
				       : move_many(args, args->a[3], UIO_WRITE, file_pwrite);
}

/* ---- sendfile -------------------------------------------------------------------------------- */

/* Move one page-sized piece of `in` at *pos to `out`.  => *moved: bytes; 0 at the end of the
 * file. */
static int
send_piece(
    struct file *out, struct file *in, uint64_t *pos, void *page, uint64_t max, uint64_t *moved)
{
	struct uio u;
	struct uio_vec vec;
	size_t len = (size_t)MIN(max, (uint64_t)PAGE_SIZE);
	int error;

	*moved = 0;
	uio_init_kernel(&u, &vec, UIO_READ, page, len, *pos);
	error = file_pread(in, &u);
	len -= u.resid;
	if (error || len == 0)
		return error;
	uio_init_kernel(&u, &vec, UIO_WRITE, page, len, 0);
	error = file_write(out, &u);
	*moved = len - u.resid;
	*pos += *moved;
	return error;
}

static int
send_all(struct file *out, struct file *in, uint64_t *pos, uint64_t count, uint64_t *sent)
{
	void *page = km_poolpage_alloc(0);
	uint64_t moved = 1;
	int error = 0;

	*sent = 0;
	if (page == NULL)
		return ENOMEM;
	while (!error && moved > 0 && *sent < count) {
		error = send_piece(out, in, pos, page, count - *sent, &moved);
		*sent += moved;
		if (signal_pending() && !error)
			error = EINTR;
	}
	km_poolpage_free(page);
	return error;
}

static int
check_send(const struct file *out, const struct file *in)
{
	if (!file_readable(in) || !file_writable(out) || ((in->flags | out->flags) & O_PATH))
		return EBADF;
	if (in->ops->end == NULL || in->ops->read == NULL || (out->flags & O_APPEND))
		return EINVAL;
	return 0;
}

/* sendfile with both files in hand; `user` is the address of the position, 0: the file's own. */
static long
send_between(struct file *out, struct file *in, uint64_t user, uint64_t count)
{
	uint64_t pos, sent = 0, unused;
	int error = check_send(out, in);

	if (!error && user != 0)
		error = copyin(&pos, user, sizeof(pos));
	else if (!error)
		error = file_seek(in, 0, SEEK_CUR, &pos);
	if (!error && (int64_t)pos < 0)
		error = EINVAL;
	if (error)
		return -error;
	error = send_all(out, in, &pos, MIN(count, RW_MAX), &sent);
	if (user == 0)
		(void)file_seek(in, (int64_t)pos, SEEK_SET, &unused);
	else if (copyout(user, &pos, sizeof(pos)))
		return -EFAULT;
	return sent > 0 || !error ? (long)sent : restartable(error);
}

long
sys_sendfile(const struct syscall_args *args)
{
	struct file *out = file_of(args->a[0]), *in = file_of(args->a[1]);
	long result = -EBADF;

	if (out != NULL && in != NULL)
		result = send_between(out, in, args->a[2], args->a[3]);
	file_unref(out);
	file_unref(in);
	return result;
}

/* ---- Positions, sizes, storage --------------------------------------------------------------- */

long
sys_lseek(const struct syscall_args *args)
{
	struct file *f = file_of(args->a[0]);
	uint64_t pos = 0;
	int error;

	if (f == NULL)
		return -EBADF;
	error = file_seek(f, (int64_t)args->a[1], (int)args->a[2], &pos);
	file_unref(f);
	return error ? -error : (long)pos;
}

static int
truncate_file(struct file *f, int64_t size)
{
	if (f->flags & O_PATH)
		return EBADF;
	if (size < 0 || !file_writable(f) || f->inode == NULL || !inode_is(f->inode, S_IFREG))
		return EINVAL;
	if ((uint64_t)size > curproc()->limit[RLIMIT_FSIZE].rlim_cur &&
	    (uint64_t)size > f->inode->size) {
		(void)signal_thread(curproc(), curuthread()->tid, SIGXFSZ, NULL);
		return EFBIG;
	}
	return vfs_truncate(f->inode, (uint64_t)size);
}

long
sys_ftruncate(const struct syscall_args *args)
{
	struct file *f = file_of(args->a[0]);
	int error;

	if (f == NULL)
		return -EBADF;
	error = truncate_file(f, (int64_t)args->a[1]);
	file_unref(f);
	return -error;
}

static int
check_allocate(const struct file *f, int64_t offset, int64_t len)
{
	if (!file_writable(f) || (f->flags & O_PATH))
		return EBADF;
	if (offset < 0 || len <= 0)
		return EINVAL;
	if (f->inode == NULL || inode_is(f->inode, S_IFIFO))
		return ESPIPE;
	return inode_is(f->inode, S_IFREG) ? EOPNOTSUPP : ENODEV;
}

/* No file system here can reserve blocks ahead of writing; programs fall back to writing zeros. */
long
sys_fallocate(const struct syscall_args *args)
{
	struct file *f = file_of(args->a[0]);
	int error;

	if (f == NULL)
		return -EBADF;
	error = check_allocate(f, (int64_t)args->a[2], (int64_t)args->a[3]);
	file_unref(f);
	return -error;
}

/* Advice about future accesses: the file cache has no use for it yet, but mistakes are reported. */
long
sys_fadvise64(const struct syscall_args *args)
{
	struct file *f = file_of(args->a[0]);
	int error = 0;

	if (f == NULL || (f->flags & O_PATH))
		error = EBADF;
	else if (f->inode == NULL || inode_is(f->inode, S_IFIFO))
		error = ESPIPE;
	else if ((int64_t)args->a[2] < 0 || (int)args->a[3] < POSIX_FADV_NORMAL ||
	    (int)args->a[3] > POSIX_FADV_NOREUSE)
		error = EINVAL;
	file_unref(f);
	return -error;
}

static int
sync_file(const struct file *f, bool datasync)
{
	if (f->flags & O_PATH)
		return EBADF;
	if (f->inode == NULL || inode_is(f->inode, S_IFCHR) || inode_is(f->inode, S_IFIFO))
		return EINVAL;
	return vfs_fsync(f->inode, datasync);
}

static long
sync_fd(uint64_t fd, bool datasync)
{
	struct file *f = file_of(fd);
	int error;

	if (f == NULL)
		return -EBADF;
	error = sync_file(f, datasync);
	file_unref(f);
	return -error;
}

long
sys_fsync(const struct syscall_args *args)
{
	return sync_fd(args->a[0], false);
}

long
sys_fdatasync(const struct syscall_args *args)
{
	return sync_fd(args->a[0], true);
}

long
sys_sync(const struct syscall_args *args)
{
	(void)args;
	(void)vfs_sync(); /* sync(2) cannot fail; fsync reports errors */
	return 0;
}

long
sys_syncfs(const struct syscall_args *args)
{
	struct file *f = file_of(args->a[0]);
	int error = f == NULL || (f->flags & O_PATH) ? EBADF : vfs_sync();

	file_unref(f);
	return -error;
}

/* ---- Directories ----------------------------------------------------------------------------- */

struct dirent_buffer {
	char bytes[DIRENT_BUFFER];
	size_t size; /* how many of them the user has room for */
	size_t used;
	bool full; /* an entry did not fit */
};

static bool
emit_dirent(void *arg, const char *name, unsigned len, uint64_t ino, unsigned type, uint64_t next)
{
	struct dirent_buffer *b = arg;
	size_t head = offsetof(struct dirent, d_name), reclen = (head + len + 1 + 7) & ~(size_t)7;
	struct dirent *d = (struct dirent *)(b->bytes + b->used);

	if (reclen > b->size - b->used) {
		b->full = true;
		return false;
	}
	memset(d, 0, reclen);
	d->d_ino = ino;
	d->d_off = (int64_t)next;
	d->d_reclen = (unsigned short)reclen;
	d->d_type = (unsigned char)type;
	memcpy((char *)d + head, name, len);
	b->used += reclen;
	return true;
}

_Static_assert(sizeof(struct dirent_buffer) <= PAGE_SIZE, "a page holds it");

/* Fill the buffer, hand it out, and only then move on. */
static int
hand_out_entries(struct file *f, struct dirent_buffer *b, uint64_t user)
{
	uint64_t pos;
	int error;

	mutex_lock(&f->pos_lock);
	pos = f->offset;
	error = vfs_readdir(f->inode, &pos, emit_dirent, b);
	if (!error && b->used == 0 && b->full)
		error = EINVAL;
	if (!error)
		error = copyout(user, b->bytes, b->used);
	if (!error)
		f->offset = pos;
	mutex_unlock(&f->pos_lock);
	return error;
}

static long
list_entries(struct file *f, uint64_t user, uint32_t size)
{
	struct dirent_buffer *b;
	long result;
	int error;

	if (f->flags & O_PATH)
		return -EBADF;
	if (f->inode == NULL || !inode_is(f->inode, S_IFDIR))
		return -ENOTDIR;
	b = km_poolpage_alloc(0);
	if (b == NULL)
		return -ENOMEM;
	b->size = MIN((size_t)size, sizeof(b->bytes));
	b->used = 0;
	b->full = false;
	error = hand_out_entries(f, b, user);
	result = error ? -error : (long)b->used;
	km_poolpage_free(b);
	return result;
}

long
sys_getdents64(const struct syscall_args *args)
{
	struct file *f = file_of(args->a[0]);
	long result;

	if (f == NULL)
		return -EBADF;
	result = list_entries(f, args->a[1], (uint32_t)args->a[2]);
	file_unref(f);
	return result;
}

/* ---- Descriptors ----------------------------------------------------------------------------- */

long
sys_close(const struct syscall_args *args)
{
	return -fdtable_close(table(), (int)args->a[0]);
}

/* A new descriptor >= min for an open file. */
static long
duplicate(uint64_t old, uint64_t min, bool cloexec)
{
	struct file *f = file_of(old);
	int fd, error;

	if (f == NULL)
		return -EBADF;
	error = fdtable_reserve(table(), (uint32_t)MIN(min, (uint64_t)UINT_MAX), fd_limit(), &fd);
	if (error) {
		file_unref(f);
		return -error;
	}
	fdtable_install(table(), fd, f, cloexec);
	return fd;
}

long
sys_dup(const struct syscall_args *args)
{
	return duplicate(args->a[0], 0, false);
}

long
sys_dup3(const struct syscall_args *args)
{
	int old = (int)args->a[0], new = (int)args->a[1];
	uint32_t flags = (uint32_t)args->a[2];
	struct file *f;
	int error;

	if ((flags & ~(uint32_t)O_CLOEXEC) || old == new)
		return -EINVAL;
	f = fdtable_get(table(), old);
	if (f == NULL)
		return -EBADF;
	error = fdtable_replace(table(), new, fd_limit(), f, flags & O_CLOEXEC);
	if (error) {
		file_unref(f);
		return -error;
	}
	return new;
}

/* Two new descriptors for the ends of a pipe: told to the user before anybody else can see them. */
static int
install_pipe(int fd[2], struct file *end[2], uint64_t user, bool cloexec)
{
	int error = copyout(user, fd, 2 * sizeof(fd[0]));

	for (int i = 0; i < 2; i++) {
		if (!error)
			fdtable_install(table(), fd[i], end[i], cloexec);
		else
			file_unref(end[i]);
	}
	return error;
}

long
sys_pipe2(const struct syscall_args *args)
{
	uint32_t flags = (uint32_t)args->a[1];
	struct file *end[2];
	int fd[2], error;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	error = fdtable_reserve(table(), 0, fd_limit(), &fd[0]);
	if (error)
		return -error;
	error = fdtable_reserve(table(), 0, fd_limit(), &fd[1]);
	if (error)
		goto out_first;
	error = pipe_create(flags & O_NONBLOCK, &end[0], &end[1]);
	if (!error)
		error = install_pipe(fd, end, args->a[0], flags & O_CLOEXEC);
	if (!error)
		return 0;
	fdtable_unreserve(table(), fd[1]);
out_first:
	fdtable_unreserve(table(), fd[0]);
	return -error;
}

static void
set_status_flags(struct file *f, uint32_t set, uint32_t clear)
{
	uint32_t old = __atomic_load_n(&f->flags, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(
	    &f->flags, &old, (old & ~clear) | set, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

/* The commands that look at the file. */
static long
fcntl_file(struct file *f, uint32_t cmd, uint64_t arg)
{
	uint32_t size = 0;
	int error = 0;

	switch (cmd) {
	case F_GETFL:
		return f->flags;
	case F_SETFL:
		if (f->flags & O_PATH)
			return -EBADF;
		set_status_flags(f, (uint32_t)arg & SETFL_MASK, SETFL_MASK);
		return 0;
	case F_GETPIPE_SZ:
		error = pipe_get_size(f, &size);
		break;
	case F_SETPIPE_SZ:
		error = pipe_set_size(f, (uint32_t)arg, &size);
		break;
	default:
		return -EINVAL;
	}
	return error ? -error : (long)size;
}

static long
get_descriptor_flags(int fd)
{
	bool cloexec;
	int error = fdtable_get_cloexec(table(), fd, &cloexec);

	return error ? -error : cloexec ? FD_CLOEXEC : 0;
}

long
sys_fcntl(const struct syscall_args *args)
{
	uint32_t cmd = (uint32_t)args->a[1];
	struct file *f;
	long result;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate(args->a[0], args->a[2], cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return get_descriptor_flags((int)args->a[0]);
	case F_SETFD:
		return -fdtable_set_cloexec(table(), (int)args->a[0], args->a[2] & FD_CLOEXEC);
	}
	f = file_of(args->a[0]);
	if (f == NULL)
		return -EBADF;
	result = fcntl_file(f, cmd, args->a[2]);
	file_unref(f);
	return result;
}

static int
set_nonblocking(struct file *f, uint64_t arg)
{
	int on, error = copyin(&on, arg, sizeof(on));

	if (!error)
		set_status_flags(f, on ? O_NONBLOCK : 0, O_NONBLOCK);
	return error;
}

long
sys_ioctl(const struct syscall_args *args)
{
	int fd = (int)args->a[0], error;
	uint32_t cmd = (uint32_t)args->a[1];
	struct file *f = fdtable_get(table(), fd);

	if (f == NULL)
		return -EBADF;
	if (f->flags & O_PATH)
		error = EBADF;
	else if (cmd == FIOCLEX || cmd == FIONCLEX)
		error = fdtable_set_cloexec(table(), fd, cmd == FIOCLEX);
	else if (cmd == FIONBIO)
		error = set_nonblocking(f, args->a[2]);
	else
		error = file_ioctl(f, cmd, args->a[2]);
	file_unref(f);
	return restartable(error);
}
