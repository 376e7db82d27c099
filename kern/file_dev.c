/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device files: character devices as their drivers have them, disks for reading.
 *
 * Drivers know no files and no pollers; when one of them says that something changed, everybody who
 * polls a device looks again.
 *
 * Writing to a disk is refused: the only disks there are belong to a mounted file system, whose
 * cached blocks would go wrong.
 *
 * Locks: none of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "arch/riscv/types.h"
#include "kern/base/blkdev.h"
#include "kern/base/chardev.h"
#include "kern/file.h"
#include "kern/file_dev.h"
#include "kern/fs/vfs.h"
#include "kern/poll.h"
#include "kern/tty.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"

#define MAJOR_MEM    1u /* null, zero ...: have a position, which means nothing */
#define RDEV_TTY     vfs_mkdev(5, 0)
#define RDEV_CONSOLE vfs_mkdev(5, 1)

static struct poll_queue device_pollers;

static void
devices_changed(void)
{
	poll_wake(&device_pollers);
}

void
file_dev_init(void)
{
	poll_queue_init(&device_pollers);
	chardev_ready_hook = devices_changed;
}

/* ---- Character devices ----------------------------------------------------------------------- */

static unsigned
char_flags(const struct file *f)
{
	return f->flags & O_NONBLOCK ? CHARDEV_NONBLOCK : 0;
}

static int
char_read(struct file *f, struct uio *u)
{
	const struct chardev *dev = f->data;

	return dev->ops->read != NULL ? dev->ops->read(dev->softc, u, char_flags(f)) : ENODEV;
}

static int
char_write(struct file *f, struct uio *u)
{
	const struct chardev *dev = f->data;

	return dev->ops->write != NULL ? dev->ops->write(dev->softc, u, char_flags(f)) : ENODEV;
}

static int
char_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	const struct chardev *dev = f->data;

	return dev->ops->ioctl != NULL ? dev->ops->ioctl(dev->softc, cmd, arg) : ENOTTY;
}

static unsigned
char_poll(struct file *f, struct poll_wait *w)
{
	const struct chardev *dev = f->data;
	int state = CHARDEV_IN | CHARDEV_OUT;

	poll_enqueue(&device_pollers, w);
	if (dev->ops->poll != NULL)
		state = dev->ops->poll(dev->softc);
	return (state & CHARDEV_IN ? POLLIN | POLLRDNORM : 0u) |
	    (state & CHARDEV_OUT ? POLLOUT | POLLWRNORM : 0u) |
	    (state & CHARDEV_HUP ? POLLHUP : 0u);
}

static int
char_object(struct file *f, struct vm_object **o, int *prot)
{
	const struct chardev *dev = f->data;

	return dev->ops->object != NULL ? dev->ops->object(dev->softc, o, prot) : ENODEV;
}

static void
char_close(struct file *f)
{
	const struct chardev *dev = f->data;

	if (dev->ops->close != NULL)
		dev->ops->close(dev->softc);
}

static int
no_end(struct file *f, uint64_t *end)
{
	(void)f;
	*end = 0;
	return 0;
}

static const struct file_ops char_ops = {
    .read = char_read,
    .write = char_write,
    .ioctl = char_ioctl,
    .poll = char_poll,
    .object = char_object,
    .close = char_close,
};

static const struct file_ops mem_ops = {
    .read = char_read,
    .write = char_write,
    .ioctl = char_ioctl,
    .poll = char_poll,
    .object = char_object,
    .end = no_end,
    .close = char_close,
};

int
file_dev_open_char(uint32_t rdev, uint32_t oflags, struct file **fp)
{
	struct chardev *dev;
	struct file *f;
	int error = 0;

	if (rdev == RDEV_CONSOLE)
		return tty_open_console(oflags, fp);
	if (rdev == RDEV_TTY)
		return tty_open_current(oflags, fp);
	dev = chardev_find(rdev);
	if (dev == NULL)
		return ENXIO;
	f = file_alloc(vfs_major(rdev) == MAJOR_MEM ? &mem_ops : &char_ops, oflags);
	if (f == NULL)
		return ENFILE;
	f->data = dev;
	if (dev->ops->open != NULL)
		error = dev->ops->open(dev->softc, char_flags(f));
	if (error)
		file_free(f);
	else
		*fp = f;
	return error;
}

/* ---- Disks ----------------------------------------------------------------------------------- */

static uint64_t
disk_size(const struct blkdev *dev)
{
	return dev->nsectors * BLK_SECTOR;
}

/* Read the page-sized piece of the disk that contains u->offset and hand out what u wants of it. */
static int
read_piece(struct blkdev *dev, void *page, struct uio *u)
{
	uint64_t start = u->offset - u->offset % PAGE_SIZE;
	uint32_t skip = (uint32_t)(u->offset - start);
	uint32_t len = (uint32_t)MIN((uint64_t)PAGE_SIZE, disk_size(dev) - start);
	struct blk_req req = {.op = BLK_READ, .sector = start / BLK_SECTOR, .nseg = 1};
	int error;

	req.seg[0] = (struct blk_seg){.kva = page, .len = len};
	blk_submit(dev, &req);
	error = blk_wait(&req);
	return error ? error : uio_move((char *)page + skip, len - skip, u);
}

static int
disk_read(struct file *f, struct uio *u)
{
	struct blkdev *dev = f->data;
	void *page;
	int error = 0;

	if (u->resid == 0 || u->offset >= disk_size(dev))
		return 0;
	page = km_poolpage_alloc(0);
	if (page == NULL)
		return ENOMEM;
	while (!error && u->resid > 0 && u->offset < disk_size(dev))
		error = read_piece(dev, page, u);
	km_poolpage_free(page);
	return error;
}

static int
disk_end(struct file *f, uint64_t *end)
{
	*end = disk_size(f->data);
	return 0;
}

static int
disk_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	uint64_t size = disk_size(f->data);

	return cmd == (uint32_t)BLKGETSIZE64 ? copyout(arg, &size, sizeof(size)) : ENOTTY;
}

static const struct file_ops disk_ops = {
    .read = disk_read,
    .ioctl = disk_ioctl,
    .end = disk_end,
};

int
file_dev_open_block(uint32_t rdev, uint32_t oflags, struct file **fp)
{
	struct blkdev *dev;

	for (unsigned i = 0; (dev = blkdev_nth(i)) != NULL; i++)
		if (dev->rdev == rdev)
			break;
	if (dev == NULL)
		return ENXIO;
	if ((oflags & O_ACCMODE) != O_RDONLY)
		return EROFS;
	*fp = file_alloc(&disk_ops, oflags);
	if (*fp == NULL)
		return ENFILE;
	(*fp)->data = dev;
	return 0;
}
