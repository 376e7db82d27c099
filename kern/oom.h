/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory.
 */
#ifndef KERN_OOM_H
#define KERN_OOM_H

#include <stdbool.h>

/* The caller needs a page, waited for one in vain, and cannot give up: some process has to go.
 * => a user thread, no spinlock held; may sleep.
 * => true: try again; false: it is the caller itself, whose SIGKILL is on its way. */
bool oom_kill(void);

#endif
