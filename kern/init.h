/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the boot arguments to the first program.
 */
#ifndef KERN_INIT_H
#define KERN_INIT_H

/* Read machine.bootargs; sets the log level.  => boot, first of all. */
void init_parse_bootargs(void);

/* Make process 1; its thread does the rest of the boot, all that may sleep.  => boot, everything
 * but disks and harts is there. */
void init_start(void);

#endif
