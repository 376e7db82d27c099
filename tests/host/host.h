/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/ on the host: the same sources as in the kernel, with other files underneath.
 *
 *      vm/            as it is
 *      base.c         panic, printf, clock          (for kern/base/debug.c, timeout.c)
 *      lock.c         locks with owner, rank, held count   (kern/base/lock.c)
 *      sched.c        threads as coroutines, sleep and wakeup   (kern/base/thread.c, sleep.c)
 *      schedule.c     which of them is next: in turn, at random, by priorities, every way there is
 *      pmap_model.c   page tables as a list of mappings   (arch/riscv/pmap.c)
 *      harts/         instead of it: the kernel's pmap over harts with TLBs
 *      access.c       loads and stores, with the faults they take   (arch/riscv/trap.c)
 *      file.c         a pager whose bytes are a function of file and index   (kern/fs)
 *      machine.c      RAM, boot, failure injection, leak audit
 *      shadow/        headers that replace the machine's (first on the include path)
 *
 * One host thread runs everything.  With no other coroutine ready, sleeping without a deadline is a deadlock and panics; sleeping with a
 * deadline moves the clock.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vm/vm_mmap.h"
#include "vm/vmspace.h"

#define HOST_PAGES   1024u /* RAM, in pages */
#define HOST_THREADS 17u   /* at most, with the test itself */

/* Switches that make rare things happen.  All off at the start of each test. */
struct host_knobs {
	bool upgrade_fails;   /* sx_try_upgrade never succeeds */
	bool fork_copies;     /* pmap_copy gives the child its parent's mappings */
	bool no_prefault;     /* pmap_enter_quick does nothing */
	unsigned try_fails;   /* percent: a trylock or an upgrade fails for no reason */
	unsigned alloc_fails; /* percent: an allocation fails */
	uint32_t seed;        /* != 0: every lock operation may switch to another ready coroutine */
};
extern struct host_knobs host_knobs;

/*
 * machine.c
 */
/* Bring vm up.  May be called again: does nothing. */
void host_boot(void);
/* Take stock of what exists; host_audit_end panics if anything is there that was not, or is missing.  Checks all invariants too. */
void host_audit_begin(void);
void host_audit_end(void);
/* The n-th allocation of a zone item, page or mapping from now on fails; with `all`, every one after it as well.  0: none. */
void host_fail_alloc(unsigned n, bool all);
/* Did an allocation fail since host_fail_alloc? */
bool host_alloc_failed(void);
/* Called before every allocation: true if this one is to fail. */
bool host_alloc_fails(void);
/* Take pages away until `leave` are free beyond the reserve; give them back. */
void host_hoard(uint64_t leave);
void host_unhoard(void);
/* Run fn in a process of its own and return whether it panics with a message that contains `text`. */
bool host_panics(void (*fn)(void), const char *text);

/* cmocka fixtures: audit around each test. */
int host_setup(void **state);
int host_teardown(void **state);
#define HOST_TEST(fn) cmocka_unit_test_setup_teardown(fn, host_setup, host_teardown)

/*
 * base.c
 */
extern uint64_t host_clock; /* ns */
extern FILE *host_console;  /* where kprintf writes; NULL: standard error */
extern jmp_buf
    *host_panic_jump; /* if not NULL: panic longjmps there, host_panic_text is the message */
extern char host_panic_text[256];
/* Seeded numbers for whoever plays chance, apart from the schedule's. */
void host_random_seed(uint32_t seed);
uint32_t host_random(void);
/* True in so many of a hundred cases. */
bool host_chance(unsigned percent);

/*
 * lock.c
 */
/* Panics if this thread holds a lock that must not be held while sleeping. */
void host_assert_may_sleep(void);

/*
 * sched.c
 */
/* A coroutine that runs fn(arg).  It begins when the caller sleeps, joins or is switched away from. */
struct host_thread *host_spawn(void (*fn)(void *arg), void *arg);
/* Run the others until all have ended. */
void host_join_all(void);
/* A place where another coroutine may be given the hart, as the schedule says. */
void host_point(void);
/* Let another one run, if one is ready. */
void host_yield(void);
/* Block until host_unblock(chan).  => as sleep, but for locks. */
void host_block(const void *chan, const char *why);
void host_unblock(const void *chan);
bool host_alone(void);
/* Who holds what and waits for what, on standard error. */
void host_report_threads(void);

/*
 * schedule.c
 */
enum host_policy {
	HOST_IN_TURN,    /* nobody is interrupted (but see host_knobs.seed) */
	HOST_RANDOM,     /* seed */
	HOST_PRIORITIES, /* seed, depth, length */
	HOST_EVERY,      /* preemptions */
	HOST_REPLAY,     /* choices */
};

struct host_schedule {
	enum host_policy policy;
	uint32_t seed;
	unsigned depth;       /* steps that have to come in the wrong order for a bug to show */
	uint64_t length;      /* points that such a run has, about */
	unsigned preemptions; /* how often a thread is interrupted in one run, at most */
	const char *choices;  /* what host_schedule_text() said */
};

/* Follow it from now on; HOST_EVERY once more: the next of its schedules. */
void host_schedule_begin(const struct host_schedule *s);
void host_schedule_end(void);
/* HOST_EVERY, after a run: is there another schedule? */
bool host_schedule_next(void);
/* The choices made, for HOST_REPLAY. */
const char *host_schedule_text(void);
/* Points passed since host_schedule_begin. */
uint64_t host_schedule_points(void);
/* A new wait for all threads begins: it may take a bounded number of points, else it is a livelock. */
void host_schedule_joined(void);
/* For sched.c: may a thread be interrupted at all; a thread begins; which of who[0..n) is next (`may_stay`: who[0] is the running
 * one and could go on; `gives_way`: it would get nowhere). */
bool host_schedule_interrupts(void);
void host_schedule_spawned(unsigned thread);
unsigned host_schedule_choose(
    const unsigned *who, unsigned n, unsigned running, bool may_stay, bool gives_way);

/*
 * access.c: a program's loads and stores, through page tables and page faults as in trap.c.
 */
/* Returns 0, or what vm_fault said. */
int host_load(struct vmspace *vm, vaddr_t va, uint8_t *value);
int host_store(struct vmspace *vm, vaddr_t va, uint8_t value);
int host_fetch(struct vmspace *vm, vaddr_t va);
/* The kernel touching kernel_map. */
int host_kernel_load(vaddr_t va, uint8_t *value);
int host_kernel_store(vaddr_t va, uint8_t value);

/*
 * The machine: pmap_model.c, or harts/harts.c with the kernel's own pmap.
 */
/* Where RAM must lie on the host; 0: anywhere. */
extern const uintptr_t host_ram_address;
/* What to make to run vm_sched on it. */
extern const char *const host_machine_goal;
/* => boot; [start, end) is RAM for page tables, behind the pages. */
void host_machine_boot(paddr_t ram_start, paddr_t start, paddr_t end);
/* Forget everything that could be seen in what comes.  => no user space exists. */
void host_machine_reset(void);
/* Behave in one of several ways. */
void host_machine_vary(uint32_t bits);
/* What harts do of their own accord, at any time.  => no spinlock held. */
void host_machine_point(void);
/* Panics if a hart knows what is not so any more.  => no spinlock held. */
void host_machine_check(void);
/* Pages that are the kernel's page tables: they stay. */
uint64_t host_machine_pages(void);
/* vm_fault, by a thread that runs in that space for the moment: who touches memory does. */
int host_fault(struct vm_map *map, vaddr_t va, vm_prot_t access);
/* Find the byte at va for an access, faulting as often as it takes.  Returns 0 and *byte, or an errno. */
int host_access(struct vm_map *map, vaddr_t va, vm_prot_t access, uint8_t **byte);
/* Forget mappings that are not wired, as a pmap may at any time. */
void host_pmap_forget(struct pmap *pm, vaddr_t start, vaddr_t end);
/* Is va mapped, with at least prot? */
bool host_pmap_maps(struct pmap *pm, vaddr_t va, vm_prot_t prot);
uint64_t host_mapping_count(void);

/*
 * file.c
 */
struct host_file;
/* A file of so many pages; its bytes are host_file_byte() until written. */
struct host_file *host_file_create(unsigned pages);
/* => no mapping of it is left.  Checks that the file has what was stored. */
void host_file_destroy(struct host_file *f);
uint8_t host_file_byte(const struct host_file *f, pindex_t index);
/* Its object, with a reference for the caller. */
struct vm_object *host_file_object(struct host_file *f);
/* The n-th read from now on fails with `error`; 0: none. */
void host_file_fail(struct host_file *f, unsigned n, int error);
/* Called in the middle of the next read, with nothing locked. */
void host_file_on_read(struct host_file *f, void (*fn)(void *arg), void *arg);
/* What the file holds now: the cached page if there is one, else the stored one. */
uint8_t host_file_peek(struct host_file *f, pindex_t index);

#endif
