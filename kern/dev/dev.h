/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting the drivers. Each registers what it finds (chardev.h, blkdev.h); nobody else calls into
 * a driver.
 */
#ifndef KERN_DEV_DEV_H
#define KERN_DEV_DEV_H

/* The UART becomes console_serial, its input held.  => boot; needs no memory. */
void uart_init(void);

/* /dev/null and /dev/zero.  => boot. */
void null_init(void);

/* /dev/rtc0, if there is a clock.  => boot, after objects. */
void rtc_init(void);

/* All virtio-mmio slots: disks and consoles.  => boot, after the page allocator. */
void virtio_init(void);

#endif
