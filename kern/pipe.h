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

#define PIPE_MAX_SIZE (1u << 20)

/* a  bytes to which users other than root may grow a pipe: /proc/sys/fs/pipe-max-size */
extern uint32_t pipe_max_size;
/* The capacity that a pipe gets instead of `want` bytes: a power of two, a page at least; 0: none.
 * => any context. */
uint32_t pipe_round_size(uint64_t want);

/* fcntl F_GETPIPE_SZ and F_SETPIPE_SZ: bytes.  => may sleep.  => 0; EBADF: not a pipe; EINVAL:
 * above 2 GiB; EPERM: above pipe_max_size, or too much in all, and not root; EBUSY: holds more;
 * ENOMEM. */
int pipe_get_size(struct file *f, uint32_t *size);
int pipe_set_size(struct file *f, uint64_t want, uint32_t *size);

#endif
