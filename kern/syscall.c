/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the ecall to the function: the table of system calls.
 *
 * The list itself is in kern/syscall.h.  A number that is not in it fails with ENOSYS; with
 * log=debug the first use of each is reported.
 */
#include "kern/syscall.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "arch/riscv/cpu.h"
#include "kern/base/debug.h"
#include "kern/proc.h"
#include "kern/trap.h"
#include "lib/annot.h"

#define UMBRA_FIRST SYS_minherit /* numbers of our own: from here on */

typedef long syscall_fn(const struct syscall_args *args);

#define SYSCALL_ENTRY(name)                                                                        \
	[SYS_##name < UMBRA_FIRST ? SYS_##name : SYS_mseal + 1 + SYS_##name - UMBRA_FIRST] =       \
	    sys_##name,
static syscall_fn *const table[] = {SYSCALL_LIST(SYSCALL_ENTRY)};
#undef SYSCALL_ENTRY

#define NLINUX (SYS_mseal + 1u)

_Static_assert(
    offsetof(struct trapframe, a5) == offsetof(struct trapframe, a0) + 5 * sizeof(uint64_t),
    "a0 to a5 are next to each other");

/* Where in the table.  => NELEM(table): nowhere. */
static inline uint64_t
table_index(uint64_t number)
{
	if (number < NLINUX)
		return number;
	if (number >= UMBRA_FIRST && number - UMBRA_FIRST < NELEM(table) - NLINUX)
		return NLINUX + number - UMBRA_FIRST;
	return NELEM(table);
}

static void
report_unknown(uint64_t number)
{
	static uint64_t reported[NLINUX / 64 + 1]; /* a  bit: said so already */
	uint64_t bit = 1ul << number % 64;

	if (!klog_enabled(LOG_DEBUG) || number >= NLINUX)
		return;
	if ((__atomic_fetch_or(&reported[number / 64], bit, __ATOMIC_RELAXED) & bit) == 0)
		klog(LOG_DEBUG, "system call %lu is not there (first asked for by %s)", number,
		    curthread()->name);
}

/* => returns the call's result or -errno. */
static inline long
dispatch(uint64_t number, const struct syscall_args *args)
{
	uint64_t i = table_index(number);

	if (i < NELEM(table) && table[i] != NULL)
		return table[i](args);
	report_unknown(number);
	return -ENOSYS;
}

/* The call was interrupted.  Whether it is run again is decided on the way out, which must not be
 * the fast one. */
static void
note_restart(struct uthread *t, long result)
{
	t->restart = (int)-result;
	t->td.interrupted = true;
}

void
user_syscall(struct trapframe *tf)
{
	struct uthread *t = curuthread();
	uint64_t number = tf->a7;
	long result;

	tf->arg0 = tf->a0;
	if (t->restarted)
		t->restarted = false;
	else
		t->restart_deadline = 0;
	/* The argument registers lie in the frame as in struct syscall_args. */
	result = dispatch(number, (const struct syscall_args *)&tf->a0);
	if ((result == -ERESTARTSYS || result == -ERESTARTNOHAND) && number != SYS_rt_sigreturn)
		note_restart(t, result);
	tf->a0 = (uint64_t)result;
	if (CHECK && t->td.held.n != 0)
		lock_assert_none();
	KASSERT(t->td.busy_pages == 0);
}
