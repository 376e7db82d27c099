/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character devices: a table from device numbers to operations, and serial lines, which are what a
 * terminal is built on.
 *
 *      /dev node --(rdev)--> struct chardev (read, write, poll ...)
 *                              tty: line discipline  <-->  struct serial: bytes in and out
 */
#ifndef KERN_BASE_CHARDEV_H
#define KERN_BASE_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/base/uio.h"
#include "lib/list.h"

#define CHARDEV_NONBLOCK 1u /* flags: EAGAIN instead of sleeping */

/* As POLLIN ... of <poll.h>. */
#define CHARDEV_IN  0x01
#define CHARDEV_OUT 0x04
#define CHARDEV_HUP 0x10

struct vm_object;

/* Operations: thread context, may sleep, return 0 or an errno.  A NULL operation: see each. */
struct chardev_ops {
	/* NULL: always succeeds. */
	int (*open)(void *softc, unsigned flags);
	void (*close)(void *softc);
	/* Move what there is, at least one byte (or nothing: end of file). EINTR only if nothing
	 * was moved. NULL: ENODEV. */
	int (*read)(void *softc, struct uio *u, unsigned flags);
	int (*write)(void *softc, struct uio *u, unsigned flags);
	/* NULL: ENOTTY.  `arg` is a user address or a value. */
	int (*ioctl)(void *softc, uint64_t cmd, uint64_t arg);
	/* Which of CHARDEV_IN|OUT|HUP hold now. Never sleeps. NULL: always readable and
	 * writable. */
	int (*poll)(void *softc);
	/* For mmap: *o = what is mapped, with a reference for the caller, or NULL: anonymous
	 * memory; *prot = the most it may be mapped with (PROT_*). NULL: ENODEV. */
	int (*object)(void *softc, struct vm_object **o, int *prot);
};

struct chardev {
	const char *name;              /* I  "null" */
	uint32_t rdev;                 /* I  device number of its node in /dev */
	const struct chardev_ops *ops; /* I */
	void *softc;                   /* I */
	struct list link;              /*   chardev.c's */
};

/* => boot. */
void chardev_register(struct chardev *dev);
/* NULL: no driver has that number. */
struct chardev *chardev_find(uint32_t rdev);

/* Something may have become ready: called by drivers (any context, ranks up to RANK_DRIVER held) so
 * that poll() looks again. The poll code puts its function here; NULL: nobody polls. */
extern void (*chardev_ready_hook)(void);
void chardev_ready(void);

/*
 * A serial line.  The driver moves bytes; the tty above it gives them meaning.
 */
struct serial {
	const char *name; /* I */
	/* Queue bytes for output; returns how many fit. => any context, ranks below RANK_DRIVER;
	 * never sleeps. */
	size_t (*send)(struct serial *s, const void *buf, size_t n);
	/* Write out at once, after all that is queued, without interrupts. Takes no lock when
	 * `panicking`. => any context. */
	void (*send_polled)(struct serial *s, const char *buf, size_t n, bool panicking);
	/* A byte that was received, without interrupts and locks; -1: none.  => the debugger's, on
	 * the only hart that runs. */
	int (*receive_polled)(struct serial *s);
	/* Hold input back on the line (no byte is lost as long as the other end waits), or let it
	 * come. It starts held. => any context. */
	void (*hold)(struct serial *s, bool hold);
	/* Set by the tty, called from the interrupt handler with no lock held: bytes came; there is
	 * room for output again. */
	void (*input)(void *arg, const uint8_t *buf, size_t n);
	void (*output_ready)(void *arg);
	void *arg;
};

/* The line that the console and kprintf use; NULL until its driver has started (then early_write()
 * is all there is). */
extern struct serial *console_serial;

#endif
