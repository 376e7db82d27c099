/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio disks.
 *
 *      submit --> queue --> device --interrupt--> blk_complete
 *         `--> waiting, when the descriptors are used up
 *
 * A request becomes a chain: header, the caller's segments, status byte. Header and status lie in a
 * page of ours, at the place that the id of the chain names, so nothing is allocated after boot.
 *
 * Lock order: disk.lock (RANK_DRIVER) covers the queue and the list; completions are called with it
 * held, which blkdev.c allows.
 */
#include <errno.h>

#include "arch/riscv/types.h"
#include "kern/base/blkdev.h"
#include "kern/base/debug.h"
#include "kern/base/intr.h"
#include "kern/base/lock.h"
#include "kern/dev/virtio.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"

#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_F_RO      (1ull << 5)
#define VIRTIO_BLK_F_FLUSH   (1ull << 9)

#define CONFIG_CAPACITY      0  /* 64 bits, sectors */
#define CONFIG_SEG_MAX       12 /* 32 bits */

#define REQ_IN               0
#define REQ_OUT              1
#define REQ_FLUSH            4

#define STATUS_OK            0

#define DISK_MAJOR           254
#define DISK_NAMES           26 /* "vda" to "vdz" */
#define DISK_MINORS          16 /* device numbers between one disk and the next */

/* Memory that the device sees, one for each request that can be under way, and whose it is. */
struct disk_slot {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
	struct blk_req *req;
	uint8_t status;
};
#define HEADER_SIZE 16
_Static_assert(sizeof(struct disk_slot) * VIRTQ_MAX <= PAGE_SIZE, "the slots fit into a page");

struct disk {
	struct blkdev blkdev;
	char name[4]; /* I  "vda" */
	struct virtio_dev *dev;
	struct spinlock lock;
	struct virtq queue;      /* d */
	struct disk_slot *slots; /* d  by id of the chain */
	struct list waiting;     /* d  requests that found no descriptors */
};
_Static_assert(sizeof(struct disk) <= PAGE_SIZE, "a disk fits into a page");

/* Hand a request to the device.  False: no descriptors. */
static bool
disk_start(struct disk *d, struct blk_req *r) REQUIRES(d->lock)
{
	static const uint32_t types[] = {
	    [BLK_READ] = REQ_IN, [BLK_WRITE] = REQ_OUT, [BLK_FLUSH] = REQ_FLUSH};
	struct virtq_buf bufs[BLK_MAXSEG + 2];
	struct disk_slot *slot =
	    &d->slots[d->queue.free % VIRTQ_MAX]; /* the id that virtq_add will give */
	unsigned nseg = r->op == BLK_FLUSH ? 0 : r->nseg;

	if (d->queue.nfree < nseg + 2)
		return false;
	*slot = (struct disk_slot){.type = types[r->op],
	    .sector = r->op == BLK_FLUSH ? 0 : r->sector,
	    .req = r,
	    .status = 0xff};
	bufs[0] = (struct virtq_buf){slot, HEADER_SIZE};
	for (unsigned i = 0; i < nseg; i++)
		bufs[i + 1] = (struct virtq_buf){r->seg[i].kva, r->seg[i].len};
	bufs[nseg + 1] = (struct virtq_buf){&slot->status, 1};

	unsigned nout = r->op == BLK_WRITE ? 1 + nseg : 1;

	return virtq_add(&d->queue, bufs, nout, nseg + 2 - nout) >= 0;
}

static void
disk_submit(struct blkdev *dev, struct blk_req *r)
{
	struct disk *d = dev->softc;

	if (r->op == BLK_FLUSH && (d->dev->features & VIRTIO_BLK_F_FLUSH) == 0) {
		blk_complete(r, 0); /* no cache to flush */
		return;
	}
	spin_lock(&d->lock);
	if (list_empty(&d->waiting) && disk_start(d, r))
		virtq_kick(&d->queue);
	else
		list_push_back(&d->waiting, &r->link);
	spin_unlock(&d->lock);
}

/* Start what waits, in order, as far as it fits. */
static void
disk_start_waiting(struct disk *d) REQUIRES(d->lock)
{
	bool started = false;

	while (!list_empty(&d->waiting) &&
	    disk_start(d, LIST_ENTRY(d->waiting.next, struct blk_req, link))) {
		list_pop_front(&d->waiting);
		started = true;
	}
	if (started)
		virtq_kick(&d->queue);
}

static void
disk_interrupt(void *arg)
{
	struct disk *d = arg;
	uint32_t len;
	int id;

	if (!virtio_ack(d->dev))
		return;
	spin_lock(&d->lock);
	while ((id = virtq_take(&d->queue, &len)) >= 0) {
		struct disk_slot *slot = &d->slots[id];
		struct blk_req *r = slot->req;

		KASSERT(r != NULL);
		slot->req = NULL;
		blk_complete(r, slot->status == STATUS_OK ? 0 : EIO);
	}
	disk_start_waiting(d);
	spin_unlock(&d->lock);
}

/* Bring the device up.  => NULL, or why not. */
static const char *
disk_setup(struct disk *d)
{
	struct virtio_dev *dev = d->dev;

	if (!virtio_begin(dev, VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_FLUSH))
		return "it refuses virtio 1.0";
	if ((dev->features & VIRTIO_BLK_F_SEG_MAX) != 0 &&
	    virtio_config32(dev, CONFIG_SEG_MAX) < BLK_MAXSEG)
		return "it takes too few segments in a request";
	d->slots = km_poolpage_alloc(VM_ALLOC_ZERO);
	if (d->slots == NULL || !virtq_init(&d->queue, dev, 0))
		return "no memory, or no queue";
	if (d->queue.num < BLK_MAXSEG + 2)
		return "its queue is too short";
	d->blkdev.nsectors = virtio_config64(dev, CONFIG_CAPACITY);
	d->blkdev.readonly = (dev->features & VIRTIO_BLK_F_RO) != 0;
	return NULL;
}

void
virtio_blk_attach(struct virtio_dev *dev)
{
	static unsigned ndisks;
	struct disk *d = ndisks < DISK_NAMES ? km_poolpage_alloc(VM_ALLOC_ZERO) : NULL;

	if (d == NULL) {
		virtio_give_up(dev, ndisks < DISK_NAMES ? "no memory" : "too many disks");
		return;
	}
	d->dev = dev;

	const char *why = disk_setup(d);

	if (why != NULL) {
		virtio_give_up(dev, why);
		if (d->slots != NULL)
			km_poolpage_free(d->slots);
		km_poolpage_free(d);
		return;
	}
	spin_init(&d->lock, "virtio disk", RANK_DRIVER);
	list_init(&d->waiting);
	d->name[0] = 'v';
	d->name[1] = 'd';
	d->name[2] = (char)('a' + ndisks);
	d->blkdev.name = d->name;
	d->blkdev.rdev = DISK_MAJOR << 8 | ndisks++ * DISK_MINORS;
	d->blkdev.submit = disk_submit;
	d->blkdev.softc = d;
	intr_register(dev->irq, disk_interrupt, d);
	virtio_ready(dev);
	blkdev_register(&d->blkdev);
	klog(LOG_INFO, "%s: %lu MiB%s", d->name, d->blkdev.nsectors / 2048,
	    d->blkdev.readonly ? ", read-only" : "");
}
