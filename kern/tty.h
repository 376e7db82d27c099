/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty: a terminal: a line (character device) with a line discipline, a session and a foreground
 * process group.
 */
#ifndef KERN_TTY_H
#define KERN_TTY_H

#include <stdint.h>

#include "lib/annot.h"

struct file;
struct proc;

/* The console's terminal on its line.  => boot, after the drivers; its input interrupts may come
 * from then on. */
void tty_init(void);

/* A file for /dev/console.  As on Linux, opening it makes it nobody's controlling terminal: that
 * takes TIOCSCTTY.  => may sleep.  => 0; ENXIO: no line; ENFILE. */
int tty_open_console(uint32_t oflags, struct file **fp) MUST_CHECK;
/* A file for /dev/tty: the controlling terminal.  => ENXIO: there is none. */
int tty_open_current(uint32_t oflags, struct file **fp) MUST_CHECK;

/* A session leader exits: its terminal is free again, the foreground group gets SIGHUP and SIGCONT.
 * => no lock held. */
void tty_leader_exit(int sid);

/* For /proc/PID/stat: the terminal of session sid as a device number (0: none) and its foreground
 * group (-1: none). */
void tty_of_session(int sid, uint32_t *rdev, int *pgrp);

#endif
