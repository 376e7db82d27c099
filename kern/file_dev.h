/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are devices.
 */
#ifndef KERN_FILE_DEV_H
#define KERN_FILE_DEV_H

#include <stdint.h>

#include "lib/annot.h"

struct file;

/* => boot: lets drivers wake pollers. */
void file_dev_init(void);

/* A file for the device with that number.  => may sleep.  => 0; ENXIO: no such device; ENFILE; the
 * driver's errors. */
int file_dev_open_char(uint32_t rdev, uint32_t oflags, struct file **fp) MUST_CHECK;
int file_dev_open_block(uint32_t rdev, uint32_t oflags, struct file **fp) MUST_CHECK;

#endif
