/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel messages, backtraces and panic.
 *
 *      klog --level--> kprintf --> console_lock --> the console's serial line,
 *                                                   or the firmware while there is none
 *
 * Output is written out at once, without interrupts: a message is on the line before whatever
 * happens next.  Lock order: console_lock (RANK_CONSOLE) under anything.  A panic takes no lock at
 * all: its holder may be the one that panicked.
 */
#include "kern/base/debug.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/machine.h"
#include "kern/base/chardev.h"
#include "kern/base/lock.h"
#include "kern/base/thread.h"
#include "lib/fmt.h"

#define PANIC_STATUS  125 /* QEMU's exit status */
#define BACKTRACE_MAX 24

/* The kernel's functions by address, made by tools/ksyms.py from the linked kernel. */
extern const uint64_t ksym_count;
extern const uint64_t ksym_base, ksym_end;
extern const uint32_t ksym_addrs[], ksym_offs[];
extern const char ksym_names[];

static struct spinlock console_lock = SPINLOCK_INIT("console", RANK_CONSOLE);
static enum log_level log_level = LOG_INFO;
static int panicked; /* a  hart index + 1 of the one that panicked first */
static int alone;    /* a  hart index + 1 of the one that prints without locks; 0: none */

void (*panic_hook)(void);
void (*debugger_hook)(const char *why);

bool
panicking(void)
{
	return __atomic_load_n(&panicked, __ATOMIC_RELAXED) != 0;
}

void
kprintf_alone(bool on)
{
	__atomic_store_n(&alone, on ? (int)cpu_id() + 1 : 0, __ATOMIC_RELAXED);
}

/* Does nobody else run who could print, or hold the locks of printing for good? */
static bool
no_locks(void)
{
	int hart = __atomic_load_n(&alone, __ATOMIC_RELAXED);

	return panicking() || (hart != 0 && hart == (int)cpu_id() + 1);
}

/* Collects bytes so that the line gets them in pieces, not one by one. */
struct outbuf {
	char buf[120];
	size_t n;
};

static void
out_flush(struct outbuf *o)
{
	if (console_serial != NULL)
		console_serial->send_polled(console_serial, o->buf, o->n, no_locks());
	else
		early_write(o->buf, o->n);
	o->n = 0;
}

static void
out_put(void *arg, char c)
{
	struct outbuf *o = arg;

	if (c == '\n')
		o->buf[o->n++] = '\r';
	o->buf[o->n++] = c;
	if (o->n >= sizeof(o->buf) - 1)
		out_flush(o);
}

static void
print(const char *fmt, va_list ap)
{
	struct outbuf out = {.n = 0};

	fmt_vformat(out_put, &out, fmt, ap);
	out_flush(&out);
}

void
kvprintf(const char *fmt, va_list ap)
{
	if (no_locks()) {
		print(fmt, ap);
		return;
	}
	spin_lock(&console_lock);
	print(fmt, ap);
	spin_unlock(&console_lock);
}

void
kprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
}

void
klog_set_level(enum log_level level)
{
	log_level = level;
}

bool
klog_enabled(enum log_level level)
{
	return level <= log_level;
}

void
klog(enum log_level level, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!klog_enabled(level))
		return;
	va_start(ap, fmt);
	fmt_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One write, so that lines of several harts do not mix. */
	kprintf("%s\n", line);
}

const char *
ksym_find(uint64_t pc, uint64_t *offset)
{
	uint64_t lo = 0, hi = ksym_count;

	if (pc < ksym_base || pc >= ksym_end)
		return NULL;
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (ksym_addrs[mid] <= pc - ksym_base)
			lo = mid;
		else
			hi = mid;
	}
	*offset = pc - ksym_base - ksym_addrs[lo];
	return ksym_names + ksym_offs[lo];
}

uint64_t
ksym_address(const char *name)
{
	for (uint64_t i = 0; i < ksym_count; i++)
		if (strcmp(ksym_names + ksym_offs[i], name) == 0)
			return ksym_base + ksym_addrs[i];
	return 0;
}

void
backtrace_print(const vaddr_t *pc, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = 0;
		/* A return address may lie behind the end of a function that does not return. */
		const char *name = ksym_find(pc[i] - 1, &offset);

		if (name != NULL)
			kprintf("  %#lx %s+%#lx\n", pc[i], name, offset + 1);
		else
			kprintf("  %#lx\n", pc[i]);
	}
}

void
backtrace(void)
{
	vaddr_t pc[BACKTRACE_MAX];

	backtrace_print(pc, md_backtrace(cpu_frame_pointer(), pc, BACKTRACE_MAX));
}

void
panic(const char *fmt, ...)
{
	int me = (int)cpu_id() + 1, nobody = 0;
	va_list ap;

	intr_off();
	if (!__atomic_compare_exchange_n(
		&panicked, &nobody, me, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		/* A second panic here is one of the report; anywhere else it waits to be stopped.
		 * */
		if (nobody == me)
			machine_poweroff(PANIC_STATUS);
		for (;;)
			cpu_wait();
	}
	machine_stop_others();
	kprintf("\npanic: ");
	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
	kprintf("\nhart %d, thread %s:\n", me - 1, curthread() != NULL ? curthread()->name : "?");
	backtrace();
	md_print_trap();
	if (panic_hook != NULL)
		panic_hook();
	if (debugger_hook != NULL)
		debugger_hook("panic");
	machine_poweroff(PANIC_STATUS);
}
