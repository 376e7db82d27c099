/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What /proc says.
 */
#ifndef KERN_PROCFILES_H
#define KERN_PROCFILES_H

#include <stddef.h>
#include <stdint.h>

struct procfs_text;

/* Mount /proc, if the root file system has that folder.  => boot, thread context, after the root is
 * mounted. */
void procfiles_init(void);

/* The files about address spaces (procmaps.c); contracts as `make` and `readlink` in
 * kern/fs/procfs.h. */
int procmaps_maps(struct procfs_text *t, int32_t pid);
int procmaps_smaps(struct procfs_text *t, int32_t pid);
int procmaps_vmmap(struct procfs_text *t, int32_t pid);
int procmaps_cmdline(struct procfs_text *t, int32_t pid);
int procmaps_statm(struct procfs_text *t, int32_t pid);

/* Sizes of an address space, in pages; all 0 if the process has none. */
struct procmaps_sizes {
	uint64_t total, resident;   /* mapped, in memory */
	uint64_t locked;            /* mlock */
	uint64_t data, stack, text; /* private writable; the main stack; executable */
};
void procmaps_get_sizes(int32_t pid, struct procmaps_sizes *sizes);

/* What of it is mapped in page tables, in pages: of no file, of files; and the tables. */
struct procmaps_residents {
	uint64_t anon, file, tables;
};
/* => walks all page tables of the space. */
void procmaps_get_residents(int32_t pid, struct procmaps_residents *residents);

#endif
