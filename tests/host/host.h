/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/ on the host: the same sources as in the kernel, with other files underneath.
 *
 *      vm/            as it is
 *      base.c         panic, printf, clock          (for kern/base/debug.c, timeout.c)
 *      lock.c         locks with owner, rank, held count   (kern/base/lock.c)
 *      sched.c        threads as coroutines, sleep and wakeup   (kern/base/thread.c, sleep.c)
 *      pmap_model.c   page tables as a list of mappings; the software MMU   (arch/riscv/pmap.c)
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

#include "vm/vm_mmap.h"
#include "vm/vmspace.h"

#define HOST_PAGES 1024u /* RAM, in pages */

/* Switches that make rare things happen.  All off at the start of each test. */
struct host_knobs {
	bool upgrade_fails; /* sx_try_upgrade never succeeds */
	bool fork_copies;   /* pmap_copy gives the child its parent's mappings */
	bool no_prefault;   /* pmap_enter_quick does nothing */
	uint32_t seed;      /* != 0: every lock operation may switch to another ready coroutine */
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
extern jmp_buf
    *host_panic_jump; /* if not NULL: panic longjmps there, host_panic_text is the message */
extern char host_panic_text[256];

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
/* A place where another coroutine may be given the hart, by host_knobs.seed. */
void host_point(void);
/* Let another one run, if one is ready. */
void host_yield(void);
/* Block until host_unblock(chan).  => as sleep, but for locks. */
void host_block(const void *chan, const char *why);
void host_unblock(const void *chan);
bool host_alone(void);

/*
 * pmap_model.c: a program's loads and stores, through page tables and page faults as in trap.c.
 */
/* Returns 0, or what vm_fault said. */
int host_load(struct vmspace *vm, vaddr_t va, uint8_t *value);
int host_store(struct vmspace *vm, vaddr_t va, uint8_t value);
int host_fetch(struct vmspace *vm, vaddr_t va);
/* The kernel touching kernel_map. */
int host_kernel_load(vaddr_t va, uint8_t *value);
int host_kernel_store(vaddr_t va, uint8_t value);
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
