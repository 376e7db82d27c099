/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stand-ins that kern/fs needs besides those of tests/host.
 */
#include "tests/fs_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/riscv/uaccess.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "mkfs/check.h"
#include "mkfs/image.h"
#include "mkfs/import.h"
#include "kern/fs/fs_format.h"
#include "tests/host/host.h"
#include "vm/pmap.h"

/*
 * The disk.
 */

static void
trace(struct disk *d, struct event e)
{
	if ((d->nevents & (d->nevents + 1)) == 0) {
		d->event = realloc(d->event, 2 * (d->nevents + 1) * sizeof(*d->event));
		KASSERT(d->event != NULL);
	}
	d->event[d->nevents++] = e;
}

static void *
copy_of(const void *data, size_t n)
{
	void *copy = malloc(n);

	KASSERT(copy != NULL);
	return memcpy(copy, data, n);
}

static bool
transfer_fails(struct disk *d, const struct blk_req *r)
{
	if (d->fail_after == 0 || (d->fail_writes_only && r->op == BLK_READ) || --d->fail_after > 0)
		return false;
	if (d->fail_all)
		d->fail_after = 1;
	return true;
}

static void
transfer(struct disk *d, struct blk_req *r)
{
	uint64_t at = r->sector * BLK_SECTOR;

	for (unsigned i = 0; i < r->nseg; i++) {
		if (r->op == BLK_READ) {
			memcpy(r->seg[i].kva, d->bytes + at, r->seg[i].len);
		} else {
			memcpy(d->bytes + at, r->seg[i].kva, r->seg[i].len);
			if (d->tracing)
				trace(d,
				    (struct event){EVENT_WRITE, at / BLK_SECTOR, r->seg[i].len,
					copy_of(r->seg[i].kva, r->seg[i].len)});
		}
		at += r->seg[i].len;
	}
}

static void
disk_submit(struct blkdev *dev, struct blk_req *r)
{
	struct disk *d = dev->softc;

	host_point();
	if (transfer_fails(d, r)) {
		blk_complete(r, EIO);
		return;
	}
	if (r->op == BLK_FLUSH) {
		d->flushes++;
		if (d->tracing)
			trace(d, (struct event){.kind = EVENT_FLUSH});
	} else {
		*(r->op == BLK_READ ? &d->reads : &d->writes) += 1;
		transfer(d, r);
	}
	blk_complete(r, 0);
}

void
disk_create(struct disk *d, uint64_t length)
{
	struct image img;

	*d = (struct disk){.length = length};
	d->bytes = calloc(1, length);
	KASSERT(d->bytes != NULL);
	d->dev = (struct blkdev){.name = "disk",
	    .rdev = vfs_mkdev(254, 0),
	    .nsectors = length / BLK_SECTOR,
	    .submit = disk_submit,
	    .softc = d};
	image_create_memory(&img, d->bytes, length, 1);
	import_root(&img, NULL);
	img.state->crc = fs_state_crc(img.state);
}

void
disk_destroy(struct disk *d)
{
	for (size_t i = 0; i < d->nevents; i++)
		free(d->event[i].data);
	free(d->event);
	free(d->start);
	free(d->bytes);
}

void
disk_trace(struct disk *d)
{
	d->tracing = true;
	d->start = copy_of(d->bytes, d->length);
}

void
disk_mark(struct disk *d, void *data, uint32_t len)
{
	if (d->tracing)
		trace(d, (struct event){.kind = EVENT_MARK, .data = data, .len = len});
	else
		free(data);
}

unsigned
disk_check(const uint8_t *bytes, uint64_t length)
{
	static uint8_t *copy; /* kept: thousands of checks in a row */
	static uint64_t size;
	struct image img;
	const char *error;

	if (size != length) {
		free(copy);
		copy = malloc(length);
		size = length;
		KASSERT(copy != NULL);
	}
	memcpy(copy, bytes, length);
	error = image_open_memory(&img, copy, length);
	if (error == NULL)
		return check_image(&img, stderr);
	fprintf(stderr, "%s\n", error);
	return 1;
}

/*
 * Power cuts.
 */

void
crash_begin(struct crash *c, const struct disk *d)
{
	*c = (struct crash){.disk = d, .stable = copy_of(d->start, d->length)};
}

void
crash_end(struct crash *c)
{
	free(c->stable);
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void
apply(uint8_t *image, const struct event *e)
{
	memcpy(image + e->sector * BLK_SECTOR, e->data, e->len);
}

/* Sector by sector, each with the given odds out of 4. */
static void
apply_torn(uint8_t *image, const struct event *e, uint32_t *seed, unsigned odds)
{
	for (uint32_t at = 0; at < e->len; at += BLK_SECTOR)
		if (next_random(seed) % 4 < odds)
			memcpy(image + e->sector * BLK_SECTOR + at, e->data + at, BLK_SECTOR);
}

/* Everything up to the last flush before `at` becomes stable. */
static void
advance(struct crash *c, size_t at)
{
	size_t last = c->stable_at;

	for (size_t i = c->stable_at; i < at; i++)
		if (c->disk->event[i].kind == EVENT_FLUSH)
			last = i + 1;
	for (; c->stable_at < last; c->stable_at++)
		if (c->disk->event[c->stable_at].kind == EVENT_WRITE)
			apply(c->stable, &c->disk->event[c->stable_at]);
}

void
crash_image(struct crash *c, size_t at, uint32_t seed, uint8_t *image)
{
	unsigned style = seed % 4;

	seed = seed * 2654435761u + 12345;
	advance(c, at);
	memcpy(image, c->stable, c->disk->length);
	for (size_t i = c->stable_at; i < at; i++) {
		const struct event *e = &c->disk->event[i];

		if (e->kind != EVENT_WRITE)
			continue;
		/* All arrived; none; whole writes at random; torn. */
		if (style == 0 || (style == 2 && next_random(&seed) % 2 != 0))
			apply(image, e);
		else if (style == 3)
			apply_torn(image, e, &seed, next_random(&seed) % 5);
	}
}

/*
 * User memory.
 */

struct vmspace *host_user_space;

/* May this byte be touched: mapped, or faulted in if the thread may. */
static bool
user_byte(vaddr_t va, bool store, uint8_t *value)
{
	if (curthread()->nofault &&
	    !host_pmap_maps(
		host_user_space->map.pmap, trunc_page(va), store ? VM_PROT_WRITE : VM_PROT_READ))
		return false;
	return (store ? host_store(host_user_space, va, *value)
		      : host_load(host_user_space, va, value)) == 0;
}

size_t
md_copyin_part(void *dst, vaddr_t src, size_t n)
{
	size_t i = 0;

	while (i < n && user_byte(src + i, false, (uint8_t *)dst + i))
		i++;
	return i;
}

size_t
md_copyout_part(vaddr_t dst, const void *src, size_t n)
{
	size_t i = 0;

	for (; i < n; i++) {
		uint8_t byte = ((const uint8_t *)src)[i];

		if (!user_byte(dst + i, true, &byte))
			break;
	}
	return i;
}

int
md_fetch32(vaddr_t src, uint32_t *value)
{
	*value = 0;
	return md_copyin_part(value, src, sizeof(*value)) == sizeof(*value) ? 0 : EFAULT;
}

int
md_cas32(vaddr_t addr, uint32_t old, uint32_t new, uint32_t *seen)
{
	int error = md_fetch32(addr, seen);

	if (error == 0 && *seen == old && md_copyout_part(addr, &new, sizeof(new)) != sizeof(new))
		error = EFAULT;
	return error;
}

/*
 * Files.
 */

int
host_mount(struct host_fs *h, struct disk *d)
{
	static bool ready;
	int error;

	if (!ready) {
		vfs_init();
		fs_init();
		ready = true;
	}
	*h = (struct host_fs){.cred = {.euid = 0}};
	error = fs_mount(&d->dev, &h->mnt);
	if (error == 0)
		fs_reclaim_register(h->mnt->data);
	if (error == 0)
		h->ctx = (struct vfs_ctx){
		    .cred = &h->cred, .root = h->mnt->root, .cwd = h->mnt->root, .umask = 022};
	return error;
}

int
host_unmount(struct host_fs *h)
{
	fs_reclaim_register(NULL);
	return fs_unmount(h->mnt);
}

int
host_open(struct host_fs *h, const char *path, int oflags, struct inode **ipp)
{
	struct vfs_ctx ctx = h->ctx;
	void *handle;

	ctx.cred = &h->cred;
	return vfs_open(&ctx, path, oflags, 0666, ipp, &handle);
}

int
host_write(struct inode *ip, const void *data, size_t n, uint64_t offset)
{
	struct uio_vec vec;
	struct uio u;
	int error;

	uio_init_kernel(&u, &vec, UIO_WRITE, (void *)data, n, offset);
	error = vfs_write(ip, NULL, &u, 0);
	return error != 0 ? error : u.resid != 0 ? ENOSPC : 0;
}

int
host_read(struct inode *ip, void *data, size_t n, uint64_t offset, size_t *got)
{
	return vfs_read_kernel(ip, data, n, offset, got);
}

int
host_put(struct host_fs *h, const char *path, const void *data, size_t n)
{
	struct inode *ip;
	int error = host_open(h, path, O_RDWR | O_CREAT | O_TRUNC, &ip);

	if (error != 0)
		return error;
	error = host_write(ip, data, n, 0);
	vfs_close(ip, NULL);
	return error;
}
