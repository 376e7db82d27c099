/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ns16550: the serial line that the console is on.
 *
 *      send --> [ ring ] --THRE interrupt--> FIFO --> line
 *      line --> FIFO --RX interrupt--> input()
 *
 * Output waits in a ring that the transmit interrupt empties; that interrupt is on exactly while
 * the ring is not empty. Input goes up at once; when the reader holds it back, the receive
 * interrupt is off and the bytes wait on the line. The kernel's own messages take no detour:
 * send_polled empties the ring by hand, then writes.
 *
 * Lock order: uart.lock is RANK_UART, below even the console lock of kprintf, so nothing is called
 * and nothing printed while it is held.
 */
#include "arch/riscv/machine.h"
#include "arch/riscv/cpu.h"
#include "kern/base/chardev.h"
#include "kern/base/intr.h"
#include "kern/base/lock.h"
#include "kern/dev/dev.h"
#include "lib/annot.h"

/* Registers */
#define UART_DATA    0 /* read: received byte; write: byte to send */
#define UART_IER     1
#define UART_IIR     2 /* read: why the interrupt; reading it acknowledges "transmitter empty" */
#define UART_FCR     2 /* write */
#define UART_LCR     3
#define UART_MCR     4
#define UART_LSR     5

#define IER_RX       0x01
#define IER_TX       0x02
#define FCR_ENABLE   0x07 /* FIFOs on and empty */
#define LCR_8N1      0x03
#define MCR_ON       0x0b /* DTR, RTS, interrupt line */
#define LSR_RX_READY 0x01
#define LSR_TX_EMPTY 0x20

#define FIFO_SIZE    16
#define RING_SIZE    1024u /* a power of two */

struct uart {
	struct serial serial;
	struct spinlock lock;
	volatile uint8_t *regs;  /* I */
	unsigned shift;          /* I  registers are 1 << shift bytes apart */
	uint8_t ier;             /* d */
	uint8_t ring[RING_SIZE]; /* d */
	uint32_t head, tail;     /* d  free running; [tail, head) waits to be sent */
	bool was_full;           /* d  a sender was turned away */
};

static struct uart uart0;

static uint8_t
uart_read(const struct uart *u, unsigned reg)
{
	return u->regs[reg << u->shift];
}

static void
uart_write(const struct uart *u, unsigned reg, uint8_t value)
{
	u->regs[reg << u->shift] = value;
}

static void
uart_set_ier(struct uart *u, uint8_t bits, bool on) REQUIRES(u->lock)
{
	uint8_t ier = on ? u->ier | bits : u->ier & ~bits;

	if (ier != u->ier)
		uart_write(u, UART_IER, u->ier = ier);
}

/* Move bytes from the ring to the transmitter as long as it takes them. */
static void
uart_fill_fifo(struct uart *u) REQUIRES(u->lock)
{
	while (u->head != u->tail && (uart_read(u, UART_LSR) & LSR_TX_EMPTY) != 0)
		for (unsigned i = 0; i < FIFO_SIZE && u->head != u->tail; i++)
			uart_write(u, UART_DATA, u->ring[u->tail++ % RING_SIZE]);
	uart_set_ier(u, IER_TX, u->head != u->tail);
}

static size_t
uart_send(struct serial *s, const void *buf, size_t n)
{
	struct uart *u = CONTAINER_OF(s, struct uart, serial);
	const uint8_t *p = buf;
	size_t sent = 0;

	spin_lock(&u->lock);
	while (sent < n && u->head - u->tail < RING_SIZE)
		u->ring[u->head++ % RING_SIZE] = p[sent++];
	if (sent < n)
		u->was_full = true;
	uart_fill_fifo(u);
	spin_unlock(&u->lock);
	return sent;
}

static void
uart_put_polled(struct uart *u, uint8_t c)
{
	while ((uart_read(u, UART_LSR) & LSR_TX_EMPTY) == 0)
		cpu_relax();
	uart_write(u, UART_DATA, c);
}

static void
uart_write_polled(struct uart *u, const char *buf, size_t n)
{
	while (u->head != u->tail)
		uart_put_polled(u, u->ring[u->tail++ % RING_SIZE]);
	for (size_t i = 0; i < n; i++)
		uart_put_polled(u, (uint8_t)buf[i]);
}

static void
uart_send_polled(struct serial *s, const char *buf, size_t n, bool panicking)
{
	struct uart *u = CONTAINER_OF(s, struct uart, serial);

	if (panicking) {
		uart_write_polled(u, buf, n);
		return;
	}
	spin_lock(&u->lock);
	uart_write_polled(u, buf, n);
	spin_unlock(&u->lock);
}

static int
uart_receive_polled(struct serial *s)
{
	struct uart *u = CONTAINER_OF(s, struct uart, serial);

	return (uart_read(u, UART_LSR) & LSR_RX_READY) != 0 ? uart_read(u, UART_DATA) : -1;
}

static void
uart_hold(struct serial *s, bool hold)
{
	struct uart *u = CONTAINER_OF(s, struct uart, serial);

	spin_lock(&u->lock);
	uart_set_ier(u, IER_RX, !hold);
	spin_unlock(&u->lock);
}

/* Received bytes, at most max. */
static size_t
uart_receive(struct uart *u, uint8_t *buf, size_t max)
{
	size_t n = 0;

	spin_lock(&u->lock);
	while (n < max && (u->ier & IER_RX) != 0 && (uart_read(u, UART_LSR) & LSR_RX_READY) != 0)
		buf[n++] = uart_read(u, UART_DATA);
	spin_unlock(&u->lock);
	return n;
}

/* Send on; returns true when those who were turned away should come back: half the ring is free. */
static bool
uart_transmit(struct uart *u)
{
	bool room;

	spin_lock(&u->lock);
	uart_fill_fifo(u);
	room = u->was_full && u->head - u->tail <= RING_SIZE / 2;
	if (room)
		u->was_full = false;
	spin_unlock(&u->lock);
	return room;
}

static void
uart_interrupt(void *arg)
{
	struct uart *u = arg;
	uint8_t buf[FIFO_SIZE];
	size_t n;

	(void)uart_read(u, UART_IIR);
	while ((n = uart_receive(u, buf, sizeof(buf))) > 0)
		if (u->serial.input != NULL)
			u->serial.input(u->serial.arg, buf, n);
	if (uart_transmit(u) && u->serial.output_ready != NULL)
		u->serial.output_ready(u->serial.arg);
}

void
uart_init(void)
{
	struct uart *u = &uart0;

	u->serial = (struct serial){.name = "uart",
	    .send = uart_send,
	    .send_polled = uart_send_polled,
	    .receive_polled = uart_receive_polled,
	    .hold = uart_hold};
	spin_init(&u->lock, "uart", RANK_UART);
	u->regs = machine_kva(machine.uart.base);
	u->shift = machine.uart_shift;
	/* The speed stays as the firmware has set it. */
	uart_write(u, UART_IER, 0);
	uart_write(u, UART_LCR, LCR_8N1);
	uart_write(u, UART_FCR, FCR_ENABLE);
	uart_write(u, UART_MCR, MCR_ON);
	console_serial = &u->serial;
	if (machine.uart.irq != 0)
		intr_register(machine.uart.irq, uart_interrupt, u);
}
