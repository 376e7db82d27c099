/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio consoles: /dev/hvcN, plain bytes to and from the host, no line discipline.
 *
 *      write --> tx buffer, a page --> device --interrupt--> buffer free, writer wakes
 *      device --> rx buffer, a piece of a page --interrupt--> ring --> read
 *
 * A write returns when the host has the bytes, so that nothing is lost if the machine is switched
 * off next. A receive buffer is given to the device only when the ring has room for all of it: what
 * the reader is too slow for stays with the host.
 *
 * Lock order: hvc.lock (RANK_DRIVER), then sleep queues. Bytes to and from users are moved without
 * it.
 */
#include <errno.h>

#include "arch/riscv/types.h"
#include "kern/base/chardev.h"
#include "kern/base/intr.h"
#include "kern/base/lock.h"
#include "kern/base/sleep.h"
#include "kern/dev/virtio.h"
#include "lib/fmt.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"

#define QUEUE_RX  0
#define QUEUE_TX  1

#define HVC_MAJOR 229

#define NTX       2
#define NRX       4
#define RX_SIZE   256
#define RING_SIZE (2u * NRX * RX_SIZE) /* a power of two */

struct tx_buf {
	void *page;       /* I */
	bool busy;        /* d  a writer fills it, or the device has it */
	unsigned *undone; /* d  the writer's count of buffers that the device has */
};

struct hvc {
	struct chardev chardev;
	char name[8];           /* I  "hvc0" */
	struct virtio_dev *dev; /* I */
	struct spinlock lock;
	struct virtq rx, tx;         /* d */
	uint8_t rx_of_id[VIRTQ_MAX]; /* d  which buffer is behind an id */
	uint8_t tx_of_id[VIRTQ_MAX]; /* d */
	struct tx_buf tx_buf[NTX];   /* d */
	char *rx_page;               /* I  NRX buffers */
	unsigned rx_posted;          /* d  buffers that the device has, a bit each */
	uint8_t *ring;               /* I  in the same page, behind the buffers */
	uint32_t head, tail;         /* d  free running; [tail, head) waits for a reader */
};
_Static_assert(sizeof(struct hvc) <= PAGE_SIZE, "a console fits into a page");
_Static_assert(NRX *RX_SIZE + RING_SIZE <= PAGE_SIZE, "what comes in fits into a page");

/*
 * Input.
 */
/* Give receive buffers to the device as long as the ring could take all that they may bring. */
static void
hvc_post(struct hvc *c) REQUIRES(c->lock)
{
	unsigned posted = 0;
	bool any = false;

	for (unsigned i = 0; i < NRX; i++)
		posted += c->rx_posted >> i & 1;
	for (unsigned i = 0; i < NRX && RING_SIZE - (c->head - c->tail) >= (posted + 1) * RX_SIZE;
	     i++) {
		struct virtq_buf buf = {c->rx_page + i * RX_SIZE, RX_SIZE};

		if ((c->rx_posted >> i & 1) != 0)
			continue;

		int id = virtq_add(&c->rx, &buf, 0, 1);

		if (id < 0)
			break;
		c->rx_of_id[id] = (uint8_t)i;
		c->rx_posted |= 1u << i;
		posted++;
		any = true;
	}
	if (any)
		virtq_kick(&c->rx);
}

/* Returns true if bytes came. */
static bool
hvc_receive(struct hvc *c) REQUIRES(c->lock)
{
	uint32_t len, before = c->head;
	int id;

	while ((id = virtq_take(&c->rx, &len)) >= 0) {
		const char *buf = c->rx_page + c->rx_of_id[id] * RX_SIZE;

		for (uint32_t i = 0; i < MIN(len, (uint32_t)RX_SIZE); i++)
			c->ring[c->head++ % RING_SIZE] = (uint8_t)buf[i];
		c->rx_posted &= ~(1u << c->rx_of_id[id]);
	}
	hvc_post(c);
	return c->head != before;
}

/* Wait for bytes, take some.  => returns 0, EAGAIN, EINTR. */
static int
hvc_take(struct hvc *c, char *buf, size_t max, unsigned flags, size_t *n)
{
	int error = 0;

	spin_lock(&c->lock);
	while (error == 0 && c->head == c->tail)
		error = (flags & CHARDEV_NONBLOCK) != 0
		    ? EAGAIN
		    : sleep_spin(&c->ring, &c->lock, "hvcin", SLEEP_INTR, NO_DEADLINE);
	for (*n = 0; error == 0 && *n < max && c->tail != c->head; (*n)++)
		buf[*n] = (char)c->ring[c->tail++ % RING_SIZE];
	hvc_post(c);
	spin_unlock(&c->lock);
	return error;
}

static int
hvc_read(void *softc, struct uio *u, unsigned flags)
{
	char buf[256];
	size_t n;
	int error = 0;

	if (u->resid > 0)
		error = hvc_take(softc, buf, MIN(u->resid, sizeof(buf)), flags, &n);
	if (u->resid > 0 && error == 0)
		error = uio_move(buf, n, u);
	return error;
}

/*
 * Output.
 */
static struct tx_buf *
hvc_free_tx(struct hvc *c) REQUIRES(c->lock)
{
	for (unsigned i = 0; i < NTX; i++)
		if (!c->tx_buf[i].busy)
			return &c->tx_buf[i];
	return NULL;
}

/* A transmit buffer for this writer.  => returns 0, EAGAIN, EINTR. */
static int
hvc_get_tx(struct hvc *c, unsigned flags, struct tx_buf **out)
{
	int error = 0;

	spin_lock(&c->lock);
	while (error == 0 && (*out = hvc_free_tx(c)) == NULL)
		error = (flags & CHARDEV_NONBLOCK) != 0
		    ? EAGAIN
		    : sleep_spin(c->tx_buf, &c->lock, "hvcout", SLEEP_INTR, NO_DEADLINE);
	if (error == 0)
		(*out)->busy = true;
	spin_unlock(&c->lock);
	return error;
}

static void
hvc_put_tx(struct hvc *c, struct tx_buf *t) REQUIRES(c->lock)
{
	t->busy = false;
	t->undone = NULL;
	wakeup(c->tx_buf);
}

/* Hand n bytes of a filled buffer to the device; *undone counts it until the host has them. */
static void
hvc_send(struct hvc *c, struct tx_buf *t, size_t n, unsigned *undone)
{
	struct virtq_buf buf = {t->page, (uint32_t)n};

	spin_lock(&c->lock);

	int id = n > 0 ? virtq_add(&c->tx, &buf, 1, 0) : -1;

	if (id >= 0) {
		c->tx_of_id[id] = (uint8_t)(t - c->tx_buf);
		t->undone = undone;
		(*undone)++;
		virtq_kick(&c->tx);
	} else {
		hvc_put_tx(c, t);
	}
	spin_unlock(&c->lock);
}

static void
hvc_wait_sent(struct hvc *c, const unsigned *undone)
{
	spin_lock(&c->lock);
	while (*undone > 0)
		sleep_spin(c->tx_buf, &c->lock, "hvcout", 0, NO_DEADLINE);
	spin_unlock(&c->lock);
}

static int
hvc_write(void *softc, struct uio *u, unsigned flags)
{
	struct hvc *c = softc;
	uint64_t wanted = u->resid;
	unsigned undone = 0;
	int error = 0;

	while (error == 0 && u->resid > 0) {
		struct tx_buf *t;

		error = hvc_get_tx(c, flags, &t);
		if (error != 0)
			break;

		uint64_t before = u->resid;

		error = uio_move(t->page, MIN(before, PAGE_SIZE), u);
		hvc_send(c, t, before - u->resid, &undone);
	}
	hvc_wait_sent(c, &undone);
	return u->resid != wanted && (error == EINTR || error == EAGAIN) ? 0 : error;
}

/* Returns true if a buffer became free. */
static bool
hvc_sent(struct hvc *c) REQUIRES(c->lock)
{
	bool any = false;
	uint32_t len;
	int id;

	while ((id = virtq_take(&c->tx, &len)) >= 0) {
		struct tx_buf *t = &c->tx_buf[c->tx_of_id[id]];

		(*t->undone)--;
		hvc_put_tx(c, t);
		any = true;
	}
	return any;
}

static int
hvc_poll(void *softc)
{
	struct hvc *c = softc;
	int ready;

	spin_lock(&c->lock);
	ready = (c->head != c->tail ? CHARDEV_IN : 0) | (hvc_free_tx(c) != NULL ? CHARDEV_OUT : 0);
	spin_unlock(&c->lock);
	return ready;
}

static void
hvc_interrupt(void *arg)
{
	struct hvc *c = arg;
	bool received, sent;

	if (!virtio_ack(c->dev))
		return;
	spin_lock(&c->lock);
	received = hvc_receive(c);
	sent = hvc_sent(c);
	if (received)
		wakeup(&c->ring);
	spin_unlock(&c->lock);
	if (received || sent)
		chardev_ready();
}

static const struct chardev_ops hvc_ops = {.read = hvc_read, .write = hvc_write, .poll = hvc_poll};

/* Memory and queues. => NULL, or why not; what was allocated is not given back: it is boot, and
 * memory was plenty a moment ago. */
static const char *
hvc_setup(struct hvc *c)
{
	if (!virtio_begin(c->dev, 0))
		return "it refuses virtio 1.0";
	c->rx_page = km_poolpage_alloc(0);
	if (c->rx_page == NULL)
		return "no memory";
	c->ring = (uint8_t *)c->rx_page + NRX * RX_SIZE;
	for (unsigned i = 0; i < NTX; i++)
		if ((c->tx_buf[i].page = km_poolpage_alloc(0)) == NULL)
			return "no memory";
	if (!virtq_init(&c->rx, c->dev, QUEUE_RX) || !virtq_init(&c->tx, c->dev, QUEUE_TX))
		return "no memory, or no queue";
	return NULL;
}

void
virtio_console_attach(struct virtio_dev *dev)
{
	static unsigned nconsoles;
	struct hvc *c = km_poolpage_alloc(VM_ALLOC_ZERO);

	if (c == NULL) {
		virtio_give_up(dev, "no memory");
		return;
	}
	c->dev = dev;

	const char *why = hvc_setup(c);

	if (why != NULL) {
		virtio_give_up(dev, why);
		return;
	}
	spin_init(&c->lock, "hvc", RANK_DRIVER);
	fmt_snprintf(c->name, sizeof(c->name), "hvc%u", nconsoles);
	c->chardev = (struct chardev){
	    .name = c->name, .rdev = HVC_MAJOR << 8 | nconsoles++, .ops = &hvc_ops, .softc = c};
	intr_register(dev->irq, hvc_interrupt, c);
	virtio_ready(dev);
	spin_lock(&c->lock);
	hvc_post(c);
	spin_unlock(&c->lock);
	chardev_register(&c->chardev);
}
