/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport of virtio devices: finding them, agreeing on features, queues. virtio.h has the
 * picture.
 *
 * Not used, because nothing here gains from it: indirect descriptors, event indexes, packed queues,
 * more than one interrupt.
 */
#include "kern/dev/virtio.h"

#include <stddef.h>
#include <string.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/machine.h"
#include "arch/riscv/pmap_md.h"
#include "kern/base/debug.h"
#include "kern/dev/dev.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"

/* Registers, by byte offset. */
enum virtio_reg {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_DEVICE_FEATURES = 0x010,
	REG_DEVICE_FEATURES_SEL = 0x014,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_NUM_MAX = 0x034,
	REG_QUEUE_NUM = 0x038,
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060,
	REG_INTERRUPT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080,
	REG_QUEUE_DRIVER = 0x090,
	REG_QUEUE_DEVICE = 0x0a0,
	REG_CONFIG_GENERATION = 0x0fc,
	REG_CONFIG = 0x100,
};

#define VIRTIO_MAGIC       0x74726976 /* "virt" */
#define VIRTIO_VERSION     2

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER      2
#define STATUS_DRIVER_OK   4
#define STATUS_FEATURES_OK 8
#define STATUS_FAILED      128

#define INTERRUPT_QUEUE    1

#define DESC_NEXT          1
#define DESC_WRITE         2 /* by the device */

#define USED_NO_NOTIFY     1

/* The layout that the device reads: little-endian, which we are. */
struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[VIRTQ_MAX];
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct {
		uint32_t id;
		uint32_t len;
	} ring[VIRTQ_MAX];
};

/* One page holds all three. */
struct virtq_memory {
	struct virtq_desc desc[VIRTQ_MAX];
	struct virtq_avail avail;
	struct virtq_used used __attribute__((aligned(4)));
};
_Static_assert(sizeof(struct virtq_memory) <= PAGE_SIZE, "a queue fits into a page");

static uint32_t
reg_read(const struct virtio_dev *dev, unsigned reg)
{
	return dev->regs[reg / 4];
}

static void
reg_write(const struct virtio_dev *dev, unsigned reg, uint32_t value)
{
	dev->regs[reg / 4] = value;
}

static void
reg_write_address(const struct virtio_dev *dev, unsigned reg, const volatile void *kva)
{
	paddr_t pa = dmap_va_to_pa((const void *)kva);

	reg_write(dev, reg, (uint32_t)pa);
	reg_write(dev, reg + 4, (uint32_t)(pa >> 32));
}

static void
status_add(const struct virtio_dev *dev, uint32_t bits)
{
	reg_write(dev, REG_STATUS, reg_read(dev, REG_STATUS) | bits);
}

bool
virtio_begin(struct virtio_dev *dev, uint64_t wanted)
{
	uint64_t offered;

	reg_write(dev, REG_STATUS, 0);
	status_add(dev, STATUS_ACKNOWLEDGE);
	status_add(dev, STATUS_DRIVER);
	reg_write(dev, REG_DEVICE_FEATURES_SEL, 0);
	offered = reg_read(dev, REG_DEVICE_FEATURES);
	reg_write(dev, REG_DEVICE_FEATURES_SEL, 1);
	offered |= (uint64_t)reg_read(dev, REG_DEVICE_FEATURES) << 32;
	dev->features = offered & (wanted | VIRTIO_F_VERSION_1);
	reg_write(dev, REG_DRIVER_FEATURES_SEL, 0);
	reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)dev->features);
	reg_write(dev, REG_DRIVER_FEATURES_SEL, 1);
	reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)(dev->features >> 32));
	status_add(dev, STATUS_FEATURES_OK);
	return (dev->features & VIRTIO_F_VERSION_1) != 0 &&
	    (reg_read(dev, REG_STATUS) & STATUS_FEATURES_OK) != 0;
}

bool
virtq_init(struct virtq *q, struct virtio_dev *dev, unsigned index)
{
	reg_write(dev, REG_QUEUE_SEL, index);

	unsigned num = MIN(reg_read(dev, REG_QUEUE_NUM_MAX), (uint32_t)VIRTQ_MAX);
	struct virtq_memory *memory = num > 0 ? km_poolpage_alloc(VM_ALLOC_ZERO) : NULL;

	if (memory == NULL)
		return false;
	*q = (struct virtq){.dev = dev,
	    .index = index,
	    .num = num,
	    .nfree = (uint16_t)num,
	    .desc = memory->desc,
	    .avail = &memory->avail,
	    .used = &memory->used};
	for (unsigned i = 0; i < num; i++)
		q->desc[i].next = (uint16_t)(i + 1);
	reg_write(dev, REG_QUEUE_NUM, num);
	reg_write_address(dev, REG_QUEUE_DESC, q->desc);
	reg_write_address(dev, REG_QUEUE_DRIVER, q->avail);
	reg_write_address(dev, REG_QUEUE_DEVICE, q->used);
	cpu_fence_io();
	reg_write(dev, REG_QUEUE_READY, 1);
	return true;
}

void
virtio_ready(struct virtio_dev *dev)
{
	status_add(dev, STATUS_DRIVER_OK);
}

void
virtio_give_up(struct virtio_dev *dev, const char *why)
{
	status_add(dev, STATUS_FAILED);
	klog(LOG_ERROR, "virtio device at %#lx not used: %s", dev->base, why);
}

uint32_t
virtio_config32(const struct virtio_dev *dev, unsigned offset)
{
	return reg_read(dev, REG_CONFIG + offset);
}

uint64_t
virtio_config64(const struct virtio_dev *dev, unsigned offset)
{
	uint32_t generation;
	uint64_t value;

	do {
		generation = reg_read(dev, REG_CONFIG_GENERATION);
		value =
		    virtio_config32(dev, offset) | (uint64_t)virtio_config32(dev, offset + 4) << 32;
	} while (reg_read(dev, REG_CONFIG_GENERATION) != generation);
	return value;
}

bool
virtio_ack(struct virtio_dev *dev)
{
	uint32_t why = reg_read(dev, REG_INTERRUPT_STATUS);

	reg_write(dev, REG_INTERRUPT_ACK, why);
	cpu_fence_io();
	return (why & INTERRUPT_QUEUE) != 0;
}

int
virtq_add(struct virtq *q, const struct virtq_buf *bufs, unsigned nout, unsigned nin)
{
	unsigned n = nout + nin;
	uint16_t head = q->free, at = head;

	if (n == 0 || n > q->nfree)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		struct virtq_desc *d = &q->desc[at];

		d->addr = dmap_va_to_pa(bufs[i].kva);
		d->len = bufs[i].len;
		d->flags = (i + 1 < n ? DESC_NEXT : 0) | (i >= nout ? DESC_WRITE : 0);
		at = d->next;
	}
	q->free = at;
	q->nfree = (uint16_t)(q->nfree - n);
	q->avail->ring[q->avail_idx++ % q->num] = head;
	return head;
}

void
virtq_kick(struct virtq *q)
{
	cpu_fence_io(); /* the requests, before the index that publishes them */
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELAXED);
	cpu_fence_io(); /* the index, before asking whether the device wants to be told */
	if ((q->used->flags & USED_NO_NOTIFY) == 0)
		reg_write(q->dev, REG_QUEUE_NOTIFY, q->index);
}

/* Give the descriptors of a chain back. */
static void
free_chain(struct virtq *q, uint16_t head)
{
	uint16_t last = head, n = 1;

	while ((q->desc[last].flags & DESC_NEXT) != 0) {
		last = q->desc[last].next;
		n++;
	}
	q->desc[last].next = q->free;
	q->free = head;
	q->nfree = (uint16_t)(q->nfree + n);
}

int
virtq_take(struct virtq *q, uint32_t *len)
{
	if (q->used->idx == q->used_idx)
		return -1;
	cpu_fence_io(); /* the index, before the entry and the data it stands for */

	unsigned slot = q->used_idx++ % q->num;
	uint32_t id = q->used->ring[slot].id;

	*len = q->used->ring[slot].len;
	if (id >= q->num)
		panic("virtio device at %#lx: finished request %u of %u", q->dev->base, id, q->num);
	free_chain(q, (uint16_t)id);
	return (int)id;
}

static const struct {
	uint32_t id;
	void (*attach)(struct virtio_dev *dev);
} drivers[] = {
    {VIRTIO_ID_BLOCK, virtio_blk_attach},
    {VIRTIO_ID_CONSOLE, virtio_console_attach},
};

/* What sits in a slot?  Returns false when it is a device that speaks the old version only. */
static bool
virtio_probe(struct virtio_dev *dev, const struct machine_dev *slot)
{
	*dev = (struct virtio_dev){
	    .regs = machine_kva(slot->base), .base = slot->base, .irq = slot->irq};

	uint32_t id = reg_read(dev, REG_DEVICE_ID), version = reg_read(dev, REG_VERSION);

	if (reg_read(dev, REG_MAGIC) != VIRTIO_MAGIC || id == 0)
		return true;
	if (version != VIRTIO_VERSION)
		return version != 1;
	for (unsigned i = 0; i < NELEM(drivers); i++)
		if (drivers[i].id == id && dev->irq != 0)
			drivers[i].attach(dev);
	return true;
}

void
virtio_init(void)
{
	static struct virtio_dev devs[MACHINE_MAXVIRTIO];
	unsigned legacy = 0;

	for (unsigned i = 0; i < machine.nvirtio; i++)
		if (!virtio_probe(&devs[i], &machine.virtio[i]))
			legacy++;
	if (legacy != 0)
		klog(LOG_ERROR,
		    "%u virtio device%s not used: legacy interface; start QEMU with -global "
		    "virtio-mmio.force-legacy=false",
		    legacy, legacy == 1 ? "" : "s");
}
