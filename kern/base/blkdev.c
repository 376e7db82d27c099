/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of block devices that all drivers share: the list of devices, and waiting for a request.
 *
 * One spinlock orders "done" against sleeping for it, for all requests: a requester on its way to
 * sleep is either seen by the completion or sees it.  It is held for a few instructions, so one for
 * all is enough.
 *
 * Lock order: the driver's own lock, then blk_lock (both RANK_DRIVER).
 */
#include "kern/base/blkdev.h"

#include <errno.h>
#include <string.h>

#include "kern/base/lock.h"
#include "kern/base/sleep.h"

static struct spinlock blk_lock = SPINLOCK_INIT("blk", RANK_DRIVER);
static struct list devices = LIST_INIT(devices); /* grows at boot only */

void
blkdev_register(struct blkdev *dev)
{
	list_push_back(&devices, &dev->link);
}

struct blkdev *
blkdev_find(const char *name)
{
	LIST_FOREACH(node, &devices) {
		struct blkdev *dev = LIST_ENTRY(node, struct blkdev, link);

		if (strcmp(dev->name, name) == 0)
			return dev;
	}
	return NULL;
}

struct blkdev *
blkdev_nth(unsigned n)
{
	LIST_FOREACH(node, &devices) {
		if (n-- == 0)
			return LIST_ENTRY(node, struct blkdev, link);
	}
	return NULL;
}

static bool
blk_valid(const struct blkdev *dev, const struct blk_req *r)
{
	uint64_t sectors = 0;

	if (r->op == BLK_FLUSH)
		return true;
	for (unsigned i = 0; i < r->nseg; i++) {
		if (r->seg[i].len == 0 || r->seg[i].len % BLK_SECTOR != 0)
			return false;
		sectors += r->seg[i].len / BLK_SECTOR;
	}
	return sectors != 0 && r->sector <= dev->nsectors && sectors <= dev->nsectors - r->sector &&
	    !(r->op == BLK_WRITE && dev->readonly);
}

void
blk_submit(struct blkdev *dev, struct blk_req *r)
{
	r->done = false;
	r->error = 0;
	if (blk_valid(dev, r))
		dev->submit(dev, r);
	else
		blk_complete(r, EIO);
}

int
blk_wait(struct blk_req *r)
{
	spin_lock(&blk_lock);
	while (!r->done)
		sleep_spin(r, &blk_lock, "disk", 0, NO_DEADLINE);
	spin_unlock(&blk_lock);
	return r->error;
}

void
blk_complete(struct blk_req *r, int error)
{
	spin_lock_nested(&blk_lock);
	r->error = error;
	r->done = true;
	wakeup(r);
	spin_unlock(&blk_lock);
}
