/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debugger's commands, by subject, and what they share.
 *
 * Commands run on the only hart that is awake, with interrupts off, inside debug_try(): a pointer
 * that leads nowhere ends the command, not the kernel.  They take no lock; where one is held, they
 * say so and go on. Lists may be broken, so every walk has a bound.
 */
#ifndef KERN_DDB_COMMAND_H
#define KERN_DDB_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv/types.h"

struct proc;
struct thread;
struct vmspace;

#define DDB_MANY 4096u /* no list of interest is longer */

/* Command line words, without those of the command's name. */
struct ddb_args {
	unsigned n;
	char *word[6];
	const char *format; /* x/FMT: what follows the slash; NULL: nothing */
};

/* Say what is wrong with a command. */
void ddb_complain(const char *what, const char *word);

/* A number, 0x or decimal (hexadecimal if it has letters), or a function's name, with +N behind it.
 * False, having complained: it is none. */
bool ddb_number(const char *word, uint64_t *value);
/* The i-th word as a number; complains if there is none. */
bool ddb_argument(const struct ddb_args *a, unsigned i, const char *what, uint64_t *value);

/* Print "name+0x12 " for an address in the kernel's text, nothing for others. */
void ddb_print_symbol(vaddr_t va);
/* "(locked by ...: may be half changed)" if it is. */
void ddb_warn_locked(bool locked, const char *what);

/* ddb_proc.c */
void ddb_ps(const struct ddb_args *a);
void ddb_bt(const struct ddb_args *a);
void ddb_show_locks(const struct ddb_args *a);
/* NULL, having complained: there is none. */
struct proc *ddb_find_proc(uint64_t pid);
/* A process's space; NULL, having complained: it has none. */
struct vmspace *ddb_find_vmspace(uint64_t pid);
/* NULL: a kernel thread, or none. */
struct proc *ddb_current_proc(void);

/* ddb_vm.c */
void ddb_show_map(const struct ddb_args *a);
void ddb_show_procvm(const struct ddb_args *a);
void ddb_show_object(const struct ddb_args *a);
void ddb_show_page(const struct ddb_args *a);
void ddb_show_zones(const struct ddb_args *a);
void ddb_show_pmap(const struct ddb_args *a);
void ddb_watch_counters(const struct ddb_args *a);

/* ddb_memory.c */
void ddb_examine(const struct ddb_args *a);

#endif
