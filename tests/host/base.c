/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/base/debug.h and the clock, on the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "tests/host/host.h"

uint64_t host_clock;
FILE *host_console;
jmp_buf *host_panic_jump;
char host_panic_text[256];

static uint32_t random_state = 1;

void
host_random_seed(uint32_t seed)
{
	random_state = seed * 0x85ebca6bu | 1;
}

uint32_t
host_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state >> 4;
}

bool
host_chance(unsigned percent)
{
	return percent != 0 && host_random() % 100 < percent;
}

void
kvprintf(const char *fmt, va_list ap)
{
	vfprintf(host_console != NULL ? host_console : stderr, fmt, ap);
}

void
kprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
}

bool
klog_enabled(enum log_level level)
{
	return level <= LOG_WARN;
}

void
klog(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!klog_enabled(level))
		return;
	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
}

void
panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(host_panic_text, sizeof(host_panic_text), fmt, ap);
	va_end(ap);
	if (host_panic_jump != NULL)
		longjmp(*host_panic_jump, 1);
	fprintf(stderr, "panic: %s\n", host_panic_text);
	abort();
}

void
backtrace(void)
{
	/* abort() under a sanitizer or a debugger shows more than we could. */
}

uint64_t
clock_mono_ns(void)
{
	return host_clock;
}

uint64_t
clock_real_ns(void)
{
	return host_clock;
}
