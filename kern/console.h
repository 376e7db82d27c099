/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dump that ^P on the console asks for: processes, threads and maps.
 */
#ifndef KERN_CONSOLE_H
#define KERN_CONSOLE_H

/* Start the thread that prints.  => boot, thread context. */
void console_init(void);

/* Print soon.  => any context. */
void console_dump(void);

#endif
