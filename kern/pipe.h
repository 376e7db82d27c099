/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs.
 */
#ifndef KERN_PIPE_H
#define KERN_PIPE_H

#include <stdint.h>

#include "lib/annot.h"

struct file;
struct inode;

/* => boot, after zones and file_init. */
void pipe_init(void);

/* Both ends of a new pipe, one reference each; flags: O_NONBLOCK or 0.  => may sleep.  => 0, ENFILE
 * (no memory). */
int pipe_create(uint32_t flags, struct file **reader, struct file **writer) MUST_CHECK;

/* open(2) of the FIFO ip, whose reference goes into the file afterwards.  => no lock held; waits
 * for the other end unless O_NONBLOCK.
 * => 0; ENXIO (nonblocking writer, no reader); EINTR; ENFILE. */
int pipe_open_fifo(struct inode *ip, uint32_t oflags, struct file **fp) MUST_CHECK;

/* fcntl F_GETPIPE_SZ and F_SETPIPE_SZ: bytes.  => may sleep.  => 0; EBADF: not a pipe; EINVAL;
 * EPERM: above 1 MiB; EBUSY: holds more. */
int pipe_get_size(struct file *f, uint32_t *size);
int pipe_set_size(struct file *f, uint64_t want, uint32_t *size);

#endif
