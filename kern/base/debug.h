/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saying things and giving up: kernel printf, log levels, panic, assertions.
 */
#ifndef KERN_BASE_DEBUG_H
#define KERN_BASE_DEBUG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/types.h"
#include "lib/annot.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* => any context, any lock held; never sleeps.  Formats as C's printf (no floating point). */
void kprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
void kvprintf(const char *fmt, va_list ap);

/* One line, printed when `level` <= the boot argument log= (default info; `quiet` means error).  =>
 * as kprintf. */
void klog(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool klog_enabled(enum log_level level);

/* The kernel has a bug: say why, where (symbolised backtrace), stop every hart, power off with
 * status 125. */
void panic(const char *fmt, ...) PRINTF_LIKE(1, 2) NORETURN;

/* Has some hart panicked?  Checks that could only hide the first reason look at it.  => any
 * context. */
bool panicking(void);

/* Called once in a panic, after the backtrace: what the layers above know (who ran, in which
 * space).  NULL: nothing. */
extern void (*panic_hook)(void);

/* The debugger, once there is one: called at the end of a panic, and for an ebreak in the kernel; it
 * returns when its user says so.  NULL: nothing.  => any context. */
extern void (*debugger_hook)(const char *why);
/* While on: what this hart prints takes no lock.  => interrupts off, the others are stopped. */
void kprintf_alone(bool on);

/* The messages that klog() prints; LOG_INFO until set.  => boot. */
void klog_set_level(enum log_level level);

/* Print the calling chain of this thread with symbols.  => any context. */
void backtrace(void);
/* The same of a chain found elsewhere. */
void backtrace_print(const vaddr_t *pc, unsigned n);
/* The kernel's function that contains pc, and how far in.  NULL: none.  => any context. */
const char *ksym_find(uint64_t pc, uint64_t *offset);
/* Where the function begins; 0: none has that name. */
uint64_t ksym_address(const char *name);

#ifndef CHECK
#define CHECK 1
#endif

/* Assertions stay in unless built with CHECK=0; the condition is compiled either way. */
#define KASSERT(cond)                                                                              \
	do {                                                                                       \
		if (CHECK && __builtin_expect(!(cond), 0))                                         \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond);           \
	} while (0)

#endif
