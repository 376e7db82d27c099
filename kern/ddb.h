/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The in-kernel debugger: everything stops, and somebody at the console looks around.
 * docs/debugging.md shows a session.
 */
#ifndef KERN_DDB_H
#define KERN_DDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DDB_KEY 0x02 /* ^B on the console */

/* Breakpoints and panics may enter the debugger from now on.  => boot, once there is a console. */
void ddb_init(void);
/* The boot argument ddb=: does a panic enter the debugger, instead of powering off? */
void ddb_on_panic(bool yes);

/* Stop the other harts and talk to the console until `continue`.  => any context, any lock held;
 * does not return after a panic. */
void ddb_enter(const char *why);
/* The same for ^B, with what was typed behind it. */
void ddb_enter_typed(const uint8_t *ahead, size_t n);

/* gdb sets ddb_request; the next clock tick sees it and enters. */
extern uint32_t ddb_request;
void ddb_check_request(void);

#endif
