/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: a file system whose files are made up when they are opened.
 *
 * This layer knows folders, names and text; what the files say comes from above, as one table
 * (kern/procfiles.c):
 *
 *      [0] root --- "meminfo"   make()                     parent 0
 *           |------ "self"      readlink()                 parent 0
 *           |------ PROCFS_PID  a folder for each process  parent 0
 *           |          |------- "maps"  make(pid)          parent: that folder's index
 *           |          '------- "task"
 *           |                     '---- PROCFS_TID  a folder for each of its threads
 *           '------ "sys" ...
 */
#ifndef KERN_FS_PROCFS_H
#define KERN_FS_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/annot.h"

/* Text under construction.  => not shared between threads. */
struct procfs_text;

/* => never sleeps; any lock below RANK_ZONE may be held.  Running out of memory is remembered and
 * fails the open. */
void procfs_printf(struct procfs_text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void procfs_append(struct procfs_text *t, const void *bytes, size_t n);
/* Bytes so far. */
uint64_t procfs_length(const struct procfs_text *t);

/* The folders of processes are named by number. */
#define PROCFS_PID "PID"
/* So are those of threads, which must not have the number of another process. */
#define PROCFS_TID "TID"

/* One name.  Which of the functions are there decides what it is: readlink: a symbolic link; make
 * or write: a file; none: a folder. */
struct procfs_entry {
	const char *name;
	unsigned parent; /* index of the folder it is in */
	uint32_t mode;   /* permission bits */
	/* Write the contents; `pid` is that of the folder (a thread's in its folder), 0 outside.  => nothing locked;
	 * may sleep.  => 0 or an errno for open(): ESRCH if the process is gone. */
	int (*make)(struct procfs_text *t, int32_t pid);
	/* Take what a program wrote, NUL-terminated.  => as make. */
	int (*write)(int32_t pid, const char *text);
	/* Where the link points; at most `size` bytes, no NUL.  => as make. */
	int (*readlink)(int32_t pid, char *buf, size_t size, size_t *len);
};

struct procfs_source {
	const struct procfs_entry *entries; /* [0] is the root */
	unsigned count;
	/* The smallest number >= from of a process, 0: none.  => never sleeps. */
	int32_t (*next_pid)(int32_t from);
	/* The same of the threads of a process, and the process that has a thread. */
	int32_t (*next_tid)(int32_t pid, int32_t from);
	int32_t (*process_of)(int32_t tid);
	/* Whose it is.  => false: there is no such process or thread. */
	bool (*owner)(int32_t pid, uint32_t *uid, uint32_t *gid);
};

/* Mount it on `at` (a folder of the root file system named `path`).  => boot, thread context; takes
 * a reference of `at`.
 * => 0, ENOMEM, or what vfs_mount says. */
struct inode;
int procfs_mount(const struct procfs_source *source, struct inode *at, const char *path);

#endif
