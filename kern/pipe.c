/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes: a ring of bytes between files that write and files that read.
 *
 *      writers --uio_move--> [ buf: . . . read ######## write . . . ] --uio_move--> readers
 *
 * The buffer is address space first and memory later: it is reserved by the first write, its pages
 * come when they are first used, and an empty ring starts again at its front.  So an idle pipe
 * costs nothing but its struct, and one that carries small messages costs a page.
 *
 * A FIFO is a pipe that is found by its inode, for as long as somebody has it open.
 *
 * Locks: pipe.lock (mutex, RANK_FILE) over each transfer, which is what makes writes of up to
 * PIPE_BUF bytes atomic; a fault on the user's buffer meanwhile needs only higher ranks.  fifo_lock
 * (spin, RANK_VFS) guards the list of FIFOs and all reference counts.
 *
 * F_SETPIPE_SZ moves what is in the ring to a buffer of the new size, whose addresses are reserved
 * at once: what it promised does not fail later.  Users other than root stop at pipe_max_size each,
 * and all of them together at a share of pipe_map, so that others still find room.
 *
 * Rejected: wired pages from the direct map.  Faster by a fault per page, but a process could pin
 * as much memory as it may open pipes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/file.h"
#include "kern/pipe.h"
#include "kern/poll.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"
#include "vm/vm_map.h"
#include "vm/zone.h"

#define PIPE_SIZE     65536u     /* capacity of a new pipe, bytes */
#define PIPE_SIZE_TOP (1u << 31) /* beyond this F_SETPIPE_SZ is EINVAL, for root too */
#define GROWN_SHARE   2u         /* users other than root may grow pipes to 1/2 of pipe_map */
#define PIPE_DEV      13u        /* st_dev of pipes: no file system has it */

struct pipe {
	struct mutex lock;         /*    RANK_FILE; tag P below */
	vaddr_t buf;               /* P  in pipe_map; 0: none reserved yet */
	uint32_t size;             /* P  capacity in bytes, a power of two */
	uint32_t populated;        /* P  bytes from the front of buf that have had pages */
	uint32_t charged;          /* P  its part of grown_bytes */
	uint32_t read, write;      /* P  free-running; write - read bytes are in the ring */
	uint32_t readers, writers; /* P  open files of each kind */
	uint32_t reader_opens;     /* P  opens so far, for an open that waits for its other end */
	uint32_t writer_opens;     /* P */
	bool readers_wait;         /* P  somebody sleeps on &readers */
	bool writers_wait;         /* P  somebody sleeps on &writers */
	struct poll_queue pollers;
	struct vfs_time made; /* I */
	uint64_t ino;         /* I  for stat */
	uint32_t uid, gid;    /* I */
	uint32_t refs;        /* fifo_lock  files, and opens in progress */
	struct inode
	    *fifo; /* I  NULL: made by pipe2.  Compared only: each file holds a reference */
	struct list fifo_link; /* fifo_lock */
};

static struct zone *pipe_zone;
static struct spinlock fifo_lock = SPINLOCK_INIT("fifos", RANK_VFS);
static struct list fifos = LIST_INIT(fifos); /* fifo_lock */
static uint64_t last_ino;                    /* a */
static uint64_t grown_bytes;                 /* a  that users other than root asked for */

uint32_t pipe_max_size = PIPE_MAX_SIZE;

void
pipe_init(void)
{
	pipe_zone = zone_create("pipe", sizeof(struct pipe), 0, NULL);
}

/* ---- The pipe itself ------------------------------------------------------------------------- */

static struct pipe *
pipe_alloc(struct inode *fifo)
{
	struct pipe *p = zone_alloc(pipe_zone, ZONE_ZERO);
	const struct cred *cred = &curuthread()->cred;

	if (p == NULL)
		return NULL;
	mutex_init(&p->lock, "pipe", RANK_FILE);
	poll_queue_init(&p->pollers);
	list_init(&p->fifo_link);
	p->size = PIPE_SIZE;
	p->made = vfs_now();
	p->ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
	p->uid = cred->euid;
	p->gid = cred->egid;
	p->fifo = fifo;
	p->refs = 1;
	return p;
}

static void
free_buffer(struct pipe *p)
{
	if (p->buf != 0)
		km_free(pipe_map, p->buf, p->size);
	p->buf = 0;
	p->populated = p->read = p->write = 0;
}

static void
pipe_unref(struct pipe *p)
{
	bool last;

	spin_lock(&fifo_lock);
	last = --p->refs == 0;
	if (last)
		list_remove(&p->fifo_link);
	spin_unlock(&fifo_lock);
	if (!last)
		return;
	free_buffer(p);
	__atomic_sub_fetch(&grown_bytes, p->charged, __ATOMIC_RELAXED);
	zone_free(pipe_zone, p);
}

static uint32_t
used(const struct pipe *p)
{
	return p->write - p->read;
}

static uint32_t
space(const struct pipe *p)
{
	return p->size - used(p);
}

/* => p->lock held.  Let whoever waits for the other side look again. */
static void
wake_readers(struct pipe *p)
{
	if (p->readers_wait)
		wakeup(&p->readers);
	p->readers_wait = false;
	poll_wake(&p->pollers);
}

static void
wake_writers(struct pipe *p)
{
	if (p->writers_wait)
		wakeup(&p->writers);
	p->writers_wait = false;
	poll_wake(&p->pollers);
}

static int
wait_readable(struct pipe *p) REQUIRES(p->lock)
{
	p->readers_wait = true;
	return sleep_mutex(&p->readers, &p->lock, "pipe_read", SLEEP_INTR, NO_DEADLINE);
}

static int
wait_writable(struct pipe *p) REQUIRES(p->lock)
{
	p->writers_wait = true;
	return sleep_mutex(&p->writers, &p->lock, "pipe_write", SLEEP_INTR, NO_DEADLINE);
}

/* ---- The ring -------------------------------------------------------------------------------- */

/* Reserve the buffer; a small one is better than none. */
static int
reserve_buffer(struct pipe *p)
{
	if (p->buf != 0)
		return 0;
	p->buf = km_valloc(pipe_map, p->size);
	if (p->buf == 0) {
		p->size = PAGE_SIZE;
		p->buf = km_valloc(pipe_map, p->size);
	}
	return p->buf != 0 ? 0 : ENOMEM;
}

/* Give the first `end` bytes of the buffer pages, while running out of memory can still be
 * reported. */
static int
populate(struct pipe *p, uint32_t end)
{
	int error = 0;

	for (; !error && p->populated < end; p->populated += error ? 0 : PAGE_SIZE)
		error = km_populate(p->buf + p->populated, PAGE_SIZE);
	return error;
}

/* Bytes from ring position `pos` that lie in one piece, at most n. */
static uint32_t
piece(const struct pipe *p, uint32_t pos, uint64_t n)
{
	return (uint32_t)MIN(n, (uint64_t)(p->size - pos % p->size));
}

static void *
ring_at(const struct pipe *p, uint32_t pos)
{
	return (void *)(p->buf + pos % p->size);
}

/* Move n bytes of the ring to the reader. */
static int
take_bytes(struct pipe *p, uint32_t n, struct uio *u)
{
	uint64_t before, end = u->resid - n;
	int error = 0;

	while (!error && u->resid > end) {
		before = u->resid;
		error = uio_move(ring_at(p, p->read), piece(p, p->read, before - end), u);
		p->read += (uint32_t)(before - u->resid);
	}
	if (used(p) == 0)
		p->read = p->write = 0;
	return error;
}

/* Move n bytes of the writer to the ring.  => the buffer is reserved, there is space for them. */
static int
put_bytes(struct pipe *p, uint32_t n, struct uio *u)
{
	uint64_t before, end = u->resid - n;
	int error = 0;

	while (!error && u->resid > end) {
		uint32_t len = piece(p, p->write, u->resid - end);

		before = u->resid;
		error = populate(p, p->write % p->size + len);
		if (!error)
			error = uio_move(ring_at(p, p->write), len, u);
		p->write += (uint32_t)(before - u->resid);
	}
	return error;
}

/* ---- File operations ------------------------------------------------------------------------- */

static int
pipe_read(struct file *f, struct uio *u)
{
	struct pipe *p = f->data;
	int error = 0;

	if (u->resid == 0)
		return 0;
	mutex_lock(&p->lock);
	while (!error && used(p) == 0 && p->writers > 0)
		error = f->flags & O_NONBLOCK ? EAGAIN : wait_readable(p);
	if (!error && used(p) > 0) {
		error = take_bytes(p, (uint32_t)MIN(u->resid, (uint64_t)used(p)), u);
		wake_writers(p);
	}
	mutex_unlock(&p->lock);
	return error;
}

/* Wait until `need` bytes fit.  => EPIPE if nobody will read them. */
static int
wait_space(struct file *f, struct pipe *p, uint32_t need) REQUIRES(p->lock)
{
	int error = 0;

	while (!error && p->readers > 0 && space(p) < need)
		error = f->flags & O_NONBLOCK ? EAGAIN : wait_writable(p);
	if (p->readers > 0)
		return error;
	(void)signal_thread(curproc(), curuthread()->tid, SIGPIPE, NULL);
	return EPIPE;
}

static int
pipe_write(struct file *f, struct uio *u)
{
	struct pipe *p = f->data;
	/* Up to PIPE_BUF bytes go in together or not at all; of more, whatever fits. */
	uint32_t need = u->resid <= PIPE_BUF ? (uint32_t)u->resid : 1;
	int error = 0;

	mutex_lock(&p->lock);
	while (!error && u->resid > 0) {
		error = wait_space(f, p, need);
		if (!error)
			error = reserve_buffer(p);
		if (!error)
			error = put_bytes(p, (uint32_t)MIN(u->resid, (uint64_t)space(p)), u);
		wake_readers(p);
	}
	mutex_unlock(&p->lock);
	return error;
}

static unsigned
pipe_poll(struct file *f, struct poll_wait *w)
{
	struct pipe *p = f->data;
	unsigned events = 0;

	poll_enqueue(&p->pollers, w);
	mutex_lock(&p->lock);
	if (file_readable(f)) {
		if (used(p) > 0)
			events |= POLLIN | POLLRDNORM;
		if (p->writers == 0)
			events |= POLLHUP;
	}
	if (file_writable(f)) {
		if (space(p) >= PIPE_BUF)
			events |= POLLOUT | POLLWRNORM;
		if (p->readers == 0)
			events |= POLLERR;
	}
	mutex_unlock(&p->lock);
	return events;
}

static int
pipe_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct pipe *p = f->data;
	int n;

	if (cmd != FIONREAD)
		return ENOTTY;
	mutex_lock(&p->lock);
	n = (int)used(p);
	mutex_unlock(&p->lock);
	return copyout(arg, &n, sizeof(n));
}

static int
pipe_stat(struct file *f, struct vfs_attr *attr)
{
	const struct pipe *p = f->data;

	if (f->inode != NULL)
		return vfs_getattr(f->inode, attr);
	*attr = (struct vfs_attr){.ino = p->ino,
	    .dev = PIPE_DEV,
	    .mode = S_IFIFO | 0600,
	    .nlink = 1,
	    .uid = p->uid,
	    .gid = p->gid,
	    .blksize = PAGE_SIZE,
	    .atime = p->made,
	    .mtime = p->made,
	    .ctime = p->made};
	return 0;
}

/* One end more. */
static void
add_end(struct pipe *p, const struct file *f)
{
	if (file_readable(f)) {
		p->readers++;
		p->reader_opens++;
	}
	if (file_writable(f)) {
		p->writers++;
		p->writer_opens++;
	}
}

static void
pipe_close(struct file *f)
{
	struct pipe *p = f->data;

	mutex_lock(&p->lock);
	p->readers -= file_readable(f);
	p->writers -= file_writable(f);
	wake_readers(p);
	wake_writers(p);
	mutex_unlock(&p->lock);
	pipe_unref(p);
}

static const struct file_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .stat = pipe_stat,
    .close = pipe_close,
};

/* ---- Making them ----------------------------------------------------------------------------- */

int
pipe_create(uint32_t flags, struct file **reader, struct file **writer)
{
	struct pipe *p = pipe_alloc(NULL);
	struct file *r = file_alloc(&pipe_ops, flags | O_RDONLY);
	struct file *w = file_alloc(&pipe_ops, flags | O_WRONLY);

	if (p == NULL || r == NULL || w == NULL)
		goto no_memory;
	p->refs = 2;
	r->data = w->data = p;
	add_end(p, r);
	add_end(p, w);
	*reader = r;
	*writer = w;
	return 0;
no_memory:
	if (p != NULL)
		pipe_unref(p);
	if (r != NULL)
		file_free(r);
	if (w != NULL)
		file_free(w);
	return ENFILE;
}

/* The FIFO of an inode with one more reference, NULL if nobody has it open.  => fifo_lock held. */
static struct pipe *
find_fifo(const struct inode *ip)
{
	LIST_FOREACH(node, &fifos) {
		struct pipe *p = LIST_ENTRY(node, struct pipe, fifo_link);

		if (p->fifo == ip) {
			p->refs++;
			return p;
		}
	}
	return NULL;
}

/* The FIFO of an inode with one more reference, made if needed.  NULL: no memory. */
static struct pipe *
get_fifo(struct inode *ip)
{
	struct pipe *fresh = pipe_alloc(ip), *p;

	spin_lock(&fifo_lock);
	p = find_fifo(ip);
	if (p == NULL && fresh != NULL) {
		p = fresh;
		fresh = NULL;
		list_push_back(&fifos, &p->fifo_link);
	}
	spin_unlock(&fifo_lock);
	if (fresh != NULL)
		pipe_unref(fresh);
	return p;
}

/* Wait until the other end is, or for a moment was, open.  => p->lock held, f counted. */
static int
wait_other_end(struct pipe *p, const struct file *f) REQUIRES(p->lock)
{
	bool writing = file_writable(f);
	uint32_t *ends = writing ? &p->readers : &p->writers;
	uint32_t *opens = writing ? &p->reader_opens : &p->writer_opens, seen = *opens;
	int error = 0;

	while (!error && *ends == 0 && *opens == seen)
		error = writing ? wait_writable(p) : wait_readable(p);
	return error;
}

int
pipe_open_fifo(struct inode *ip, uint32_t oflags, struct file **fp)
{
	struct file *f = file_alloc(&pipe_ops, oflags);
	struct pipe *p;
	int error = 0;

	if (f == NULL)
		return ENFILE;
	p = f->data = get_fifo(ip);
	if (p == NULL) {
		file_free(f);
		return ENFILE;
	}
	mutex_lock(&p->lock);
	add_end(p, f);
	wake_readers(p);
	wake_writers(p);
	if ((oflags & O_NONBLOCK) && !file_readable(f) && p->readers == 0)
		error = ENXIO;
	else if (!(oflags & O_NONBLOCK) && (oflags & O_ACCMODE) != O_RDWR)
		error = wait_other_end(p, f);
	mutex_unlock(&p->lock);
	if (error)
		file_unref(f);
	else
		*fp = f;
	return error;
}

/* ---- Capacity -------------------------------------------------------------------------------- */

static struct pipe *
pipe_of(struct file *f)
{
	return f->ops == &pipe_ops ? f->data : NULL;
}

int
pipe_get_size(struct file *f, uint32_t *size)
{
	struct pipe *p = pipe_of(f);

	if (p == NULL)
		return EBADF;
	mutex_lock(&p->lock);
	*size = p->size;
	mutex_unlock(&p->lock);
	return 0;
}

uint32_t
pipe_round_size(uint64_t want)
{
	uint32_t size = PAGE_SIZE;

	if (want > PIPE_SIZE_TOP)
		return 0;
	while (size < want)
		size *= 2;
	return size;
}

/* May the caller have p grow to `size` bytes?  => true: p->charged says so. */
static bool
charge(struct pipe *p, uint32_t size)
{
	uint64_t limit = (pipe_map->max - pipe_map->min) / GROWN_SHARE;
	uint32_t more = size - MAX(p->size, PIPE_SIZE);

	if (curuthread()->cred.euid == 0 || size <= PIPE_SIZE)
		return true;
	if (size > __atomic_load_n(&pipe_max_size, __ATOMIC_RELAXED))
		return false;
	if (__atomic_add_fetch(&grown_bytes, more, __ATOMIC_RELAXED) <= limit) {
		p->charged += more;
		return true;
	}
	__atomic_sub_fetch(&grown_bytes, more, __ATOMIC_RELAXED);
	return false;
}

/* It is smaller now, or did not grow after all. */
static void
uncharge(struct pipe *p)
{
	uint32_t most = p->size > PIPE_SIZE ? p->size - PIPE_SIZE : 0;

	if (p->charged <= most)
		return;
	__atomic_sub_fetch(&grown_bytes, p->charged - most, __ATOMIC_RELAXED);
	p->charged = most;
}

/* Move what p holds to a buffer of `size` bytes.  => 0; ENOMEM: nothing has changed. */
static int
change_buffer(struct pipe *p, uint32_t size)
{
	struct pipe other = {.size = size, .buf = km_valloc(pipe_map, size)};
	uint32_t n, from = p->read, total = used(p);

	if (other.buf == 0)
		return ENOMEM;
	if (populate(&other, total)) {
		free_buffer(&other);
		return ENOMEM;
	}
	for (; other.write < total; other.write += n) {
		n = piece(p, from + other.write, total - other.write);
		memcpy(ring_at(&other, other.write), ring_at(p, from + other.write), n);
	}
	free_buffer(p);
	p->buf = other.buf;
	p->size = size;
	p->populated = other.populated;
	p->write = total;
	return 0;
}

int
pipe_set_size(struct file *f, uint64_t want, uint32_t *size)
{
	struct pipe *p = pipe_of(f);
	uint32_t rounded = pipe_round_size(want);
	int error = 0;

	if (p == NULL)
		return EBADF;
	if (rounded == 0)
		return EINVAL;
	mutex_lock(&p->lock);
	if (rounded > p->size && !charge(p, rounded))
		error = EPERM;
	else if (used(p) > rounded)
		error = EBUSY;
	else if (rounded != p->size)
		error = change_buffer(p, rounded);
	uncharge(p);
	*size = p->size;
	wake_writers(p);
	mutex_unlock(&p->lock);
	return error;
}
