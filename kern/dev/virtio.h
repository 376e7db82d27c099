/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over memory-mapped registers, version 2 ("modern", virtio 1.x), with split queues.
 *
 * A queue is a ring of descriptors. The driver chains some of them into a request (first what the
 * device reads, then what it writes), and makes it available; the device does it and puts it on the
 * used ring, in any order:
 *
 *      virtq_add  --> desc chain --> avail ring --kick--> device --> used ring --> virtq_take
 *
 * Locks: the driver of the device serialises the calls for one queue.
 */
#ifndef KERN_DEV_VIRTIO_H
#define KERN_DEV_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/types.h"
#include "lib/annot.h"

#define VIRTIO_ID_BLOCK    2
#define VIRTIO_ID_CONSOLE  3

#define VIRTIO_F_VERSION_1 (1ull << 32)

#define VIRTQ_MAX          128 /* so that a queue fits into a page */

struct virtio_dev {
	volatile uint32_t *regs; /* I */
	paddr_t base;            /* I  for messages */
	unsigned irq;            /* I */
	uint64_t features;       /* I  agreed upon */
};

struct virtq_desc;
struct virtq_avail;
struct virtq_used;

struct virtq {
	struct virtio_dev *dev; /* I */
	unsigned index;         /* I  its number at the device */
	unsigned num;           /* I  descriptors */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	volatile struct virtq_used *used;
	uint16_t free, nfree; /* d  chain of free descriptors */
	uint16_t avail_idx;   /* d  made available, some not yet told */
	uint16_t used_idx;    /* d  taken back */
};

/* A piece of memory for the device: contiguous, in the direct map. */
struct virtq_buf {
	const void *kva;
	uint32_t len;
};

/*
 * Setting up, in this order.  => boot.
 */
/* Reset the device and agree on features: those of `wanted` that it has, and VERSION_1. False: no
 * agreement. */
bool virtio_begin(struct virtio_dev *dev, uint64_t wanted);
/* False: the device has no such queue, or there is no memory. */
bool virtq_init(struct virtq *q, struct virtio_dev *dev, unsigned index);
/* From here on the device works. */
void virtio_ready(struct virtio_dev *dev);
/* It will not be used: say why and leave it dead. */
void virtio_give_up(struct virtio_dev *dev, const char *why);

/* Fields of the device's configuration, by offset. */
uint32_t virtio_config32(const struct virtio_dev *dev, unsigned offset);
uint64_t virtio_config64(const struct virtio_dev *dev, unsigned offset);

/* In the interrupt handler, first.  => false: not from a queue. */
bool virtio_ack(struct virtio_dev *dev);

/*
 * Requests.  => never sleep.
 */
/* Queue a request of nout buffers for the device to read, then nin to write. Returns its id (below
 * VIRTQ_MAX), unique until it is taken back; -1: not enough descriptors are free. */
int
virtq_add(struct virtq *q, const struct virtq_buf *bufs, unsigned nout, unsigned nin) MUST_CHECK;
/* Tell the device about all that was added. */
void virtq_kick(struct virtq *q);
/* A request that is done: its id, and how many bytes the device wrote.  -1: none. */
int virtq_take(struct virtq *q, uint32_t *len);

/* Drivers.  => boot; dev stays for good. */
void virtio_blk_attach(struct virtio_dev *dev);
void virtio_console_attach(struct virtio_dev *dev);

#endif
