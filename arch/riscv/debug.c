/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debugger's services of the machine.
 *
 *      one hart                               the others
 *      pausing = true, IPI ----------------> ipi_interrupt: debug_pause_point
 *      wait for paused[n].md, not for ever    paused[n] = what I run; wait while pausing
 *        ... looks around ...
 *      pausing = false, IPI ---------------> paused[n] = nothing; go on
 *
 * An interrupt comes only where they are on, and they are off while a spinlock is held: so a hart
 * that pauses holds none, and the debugger may look at what spinlocks guard. It may not rely on
 * that for a hart that does not answer.
 *
 * Rejected: a non-maskable interrupt.  The machine has none that supervisor mode can send.
 */
#include "arch/riscv/debug.h"

#include "arch/riscv/machine.h"
#include "arch/riscv/md.h"
#include "arch/riscv/pmap_private.h"
#include "kern/base/debug.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

#define PAUSE_NS 200000000ul /* patience with a hart that does not answer */

/* trycall.S */
int try_call(void (*fn)(void *arg), void *arg, vaddr_t *sp);
extern char try_call_cut[];

/*
 * The other harts.
 */
static bool pausing; /* a */
static struct {
	const struct md_thread *md; /* a  NULL: the hart runs */
	vaddr_t fp;                 /*    valid while md is set */
} paused[MAXHART];

void
debug_pause_point(void)
{
	unsigned me = cpu_id();
	uint64_t enabled;

	if (!__atomic_load_n(&pausing, __ATOMIC_ACQUIRE))
		return;
	/* Only what ends the pause may end the waiting. */
	enabled = csr_read(sie);
	csr_write(sie, SIE_SSIE);
	paused[me].fp = cpu_frame_pointer();
	__atomic_store_n(&paused[me].md, cpu_thread(), __ATOMIC_RELEASE);
	while (__atomic_load_n(&pausing, __ATOMIC_ACQUIRE)) {
		cpu_wait();
		csr_clear(sip, SIE_SSIE);
	}
	__atomic_store_n(&paused[me].md, NULL, __ATOMIC_RELEASE);
	csr_write(sie, enabled);
}

const struct md_thread *
debug_paused_thread(unsigned hart)
{
	return __atomic_load_n(&paused[hart].md, __ATOMIC_ACQUIRE);
}

/* The harts of the mask whose state is not yet `want`. */
static uint64_t
not_yet(uint64_t harts, bool want)
{
	uint64_t missing = 0;

	for (unsigned i = 0; i < machine.nhart; i++)
		if ((harts >> i & 1) != 0 && (debug_paused_thread(i) != NULL) != want)
			missing |= 1ul << i;
	return missing;
}

static uint64_t
set_pausing(bool on)
{
	uint64_t harts = machine_other_harts(), missing = harts;
	uint64_t deadline = timer_now_ns() + PAUSE_NS;

	__atomic_store_n(&pausing, on, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < machine.nhart; i++)
		if ((harts >> i & 1) != 0)
			ipi_send(i);
	while ((missing = not_yet(harts, on)) != 0 && timer_now_ns() < deadline)
		cpu_relax();
	return missing;
}

uint64_t
debug_pause_others(void)
{
	return set_pausing(true);
}

void
debug_resume_others(void)
{
	set_pausing(false);
}

/*
 * Trying.
 */
static struct {
	vaddr_t sp; /* 0: nobody tries */
	struct debug_fault fault;
} attempt[MAXHART];

bool
debug_try(void (*fn)(void *arg), void *arg, struct debug_fault *fault)
{
	unsigned me = cpu_id();
	bool done = try_call(fn, arg, &attempt[me].sp) == 0;

	attempt[me].sp = 0;
	if (!done)
		*fault = attempt[me].fault;
	return done;
}

bool
debug_recover(struct trapframe *tf)
{
	unsigned me;

	if ((tf->status & SSTATUS_SPIE) != 0)
		return false;
	me = cpu_id();
	if (attempt[me].sp == 0)
		return false;
	attempt[me].fault = (struct debug_fault){tf->cause, tf->tval, tf->pc};
	tf->sp = attempt[me].sp;
	tf->pc = (vaddr_t)try_call_cut;
	attempt[me].sp = 0;
	return true;
}

/*
 * Stacks.
 */
unsigned
debug_backtrace(const struct md_thread *md, vaddr_t fp, vaddr_t *pc, unsigned max)
{
	if (max == 0)
		return 0;
	if (md == cpu_thread())
		return md_thread_backtrace(md, fp, pc, max);
	for (unsigned i = 0; i < machine.nhart; i++)
		if (debug_paused_thread(i) == md)
			return md_thread_backtrace(md, paused[i].fp, pc, max);
	pc[0] = md->ra;
	return 1 + md_thread_backtrace(md, md->s[0], pc + 1, max - 1);
}

/*
 * Page tables.
 */
static const pte_t *
table_entry(const pte_t *table, vaddr_t va, int level)
{
	return &table[pt_index(va, level)];
}

bool
debug_translate(const struct pmap *pm, vaddr_t va, paddr_t *pa)
{
	const pte_t *table = pm->root;

	for (int level = PT_ROOT; level >= 0; level--) {
		pte_t pte = pte_load(table_entry(table, va, level));

		if ((pte & PTE_V) == 0)
			return false;
		if (pte_is_leaf(pte)) {
			*pa = pte_pa(pte) + (va & (pt_span(level) - 1));
			return true;
		}
		table = pte_table(pte);
	}
	return false;
}

static void
print_pte(const pte_t *at, int level, pte_t pte)
{
	static const char letters[] = "vrwxugad";
	char bits[sizeof(letters)];

	for (unsigned i = 0; i < sizeof(letters) - 1; i++)
		bits[i] = (pte >> i & 1) != 0 ? letters[i] : '-';
	bits[sizeof(bits) - 1] = '\0';
	kprintf("  level %d, entry %3lu at %p: %016lx %s", level,
	    ((uintptr_t)at & PAGE_MASK) / sizeof(pte_t), (const void *)at, pte, bits);
	if ((pte & PTE_V) == 0)
		kprintf(" invalid\n");
	else if (!pte_is_leaf(pte))
		kprintf(" -> table at %#lx\n", pte_pa(pte));
	else
		kprintf("%s%s -> %#lx, %lu KiB\n", (pte & PTE_MANAGED) != 0 ? " managed" : "",
		    (pte & PTE_WIRED) != 0 ? " wired" : "", pte_pa(pte), pt_span(level) >> 10);
}

void
debug_print_walk(const struct pmap *pm, vaddr_t va)
{
	const pte_t *table = pm->root;

	kprintf("pmap %p: root %p, %lu resident, %lu wired, %lu tables%s\n", (const void *)pm,
	    (const void *)pm->root, pm->resident, pm->wired, pm->tables,
	    pm->lock.locked ? " (locked: may be half changed)" : "");
	for (int level = PT_ROOT; level >= 0; level--) {
		const pte_t *at = table_entry(table, va, level);
		pte_t pte = pte_load(at);

		print_pte(at, level, pte);
		if ((pte & PTE_V) == 0 || pte_is_leaf(pte))
			return;
		table = pte_table(pte);
	}
}
