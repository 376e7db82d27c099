/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block devices: what a file system (or swap) asks of a disk driver.
 *
 * A request is a struct of the caller's, often on its stack.  Submitting it never sleeps and never
 * fails; any number may be in flight, and the caller waits for each.  Requests in flight at the
 * same time may reach the disk in any order; a finished write is on stable storage only after a
 * later BLK_FLUSH has finished.
 *
 *      struct blk_req r = { .op = BLK_READ, .sector = 8, .nseg = 1, .seg = { { kva, 4096 } } };
 *      blk_submit(dev, &r);
 *      error = blk_wait(&r);
 */
#ifndef KERN_BASE_BLKDEV_H
#define KERN_BASE_BLKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

#define BLK_SECTOR 512u /* bytes */
#define BLK_MAXSEG 16u  /* segments of one request, which is on its thread's kernel stack */

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH };

/* Memory of one segment: an address in the direct map, contiguous, len a multiple of BLK_SECTOR. */
struct blk_seg {
	void *kva;
	uint32_t len;
};

struct blk_req {
	enum blk_op op;                 /* T */
	uint64_t sector;                /* T  first sector; not used by BLK_FLUSH */
	unsigned nseg;                  /* T  1..BLK_MAXSEG; 0 for BLK_FLUSH */
	struct blk_seg seg[BLK_MAXSEG]; /* T */
	int error;                      /* d  0, EIO; valid when done */
	bool done;                      /* d  the driver has let go of it */
	struct list link;               /* d  the driver's */
	uint64_t driver[4];             /* d  the driver's */
};

struct blkdev {
	const char *name;  /* I  "vda" */
	uint32_t rdev;     /* I  device number of its node in /dev */
	uint64_t nsectors; /* I */
	bool readonly;     /* I */
	/* Start r, or queue it in the driver.  => any locks but RANK_DRIVER's; never sleeps.  Ends
	 * in one blk_complete(). */
	void (*submit)(struct blkdev *dev, struct blk_req *r); /* I */
	void *softc;                                           /* I */
	struct list link;                                      /*   blkdev.c's */
};

/* Drivers register at boot, in the order of their numbers. */
void blkdev_register(struct blkdev *dev);
/* NULL: there is none. */
struct blkdev *blkdev_find(const char *name);
struct blkdev *blkdev_nth(unsigned n); /* in order of registration */

/* => sectors and directions are checked here: a request outside the device, or a write to a
 * read-only one, completes with EIO. */
void blk_submit(struct blkdev *dev, struct blk_req *r);
/* => thread context, may sleep.  Returns r->error. */
int blk_wait(struct blk_req *r);
/* Called by the driver, from its interrupt handler or from submit.  r may be gone when this
 * returns. */
void blk_complete(struct blk_req *r, int error);

#endif
