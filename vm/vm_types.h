/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small types that every part of vm shares.
 */
#ifndef VM_VM_TYPES_H
#define VM_VM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/riscv/types.h"

struct pmap;
struct vm_map;
struct vm_map_entry;
struct vm_object;
struct vm_page;
struct vmspace;

/* Access rights.  The bits are those of PROT_READ, PROT_WRITE, PROT_EXEC. */
typedef uint8_t vm_prot_t;
#define VM_PROT_NONE  ((vm_prot_t)0)
#define VM_PROT_READ  ((vm_prot_t)1)
#define VM_PROT_WRITE ((vm_prot_t)2)
#define VM_PROT_EXEC  ((vm_prot_t)4)
#define VM_PROT_RW    ((vm_prot_t)3)
#define VM_PROT_ALL   ((vm_prot_t)7)

/* What a child gets of a mapping.  The numbers are those of minherit(2). */
typedef uint8_t vm_inherit_t;
#define VM_INHERIT_SHARE ((vm_inherit_t)0)
#define VM_INHERIT_COPY  ((vm_inherit_t)1)
#define VM_INHERIT_NONE  ((vm_inherit_t)2)
#define VM_INHERIT_ZERO  ((vm_inherit_t)3)

/* How a program means to use a mapping.  The numbers are those of madvise(2). */
typedef uint8_t vm_advice_t;
#define VM_ADVICE_NORMAL     ((vm_advice_t)0)
#define VM_ADVICE_RANDOM     ((vm_advice_t)1)
#define VM_ADVICE_SEQUENTIAL ((vm_advice_t)2)

/* Index of a page in an object: 2^32 pages are 16 TiB. */
typedef uint32_t pindex_t;

/* Byte offset into an object. */
typedef uint64_t vm_off_t;

/* Names of flag bits, for printing; a table of them ends with a NULL. */
struct vm_flag_name {
	unsigned bit;
	const char *name;
};

/* "Everything is unlocked; start again."  Never leaves vm. */
#define ERETRY (-1)

#endif
