/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pathargs: the path of a system call: fetched from the user, together with where it starts.
 */
#ifndef KERN_PATHARGS_H
#define KERN_PATHARGS_H

#include <stdint.h>

#include "kern/fs/vfs.h"
#include "lib/annot.h"

struct file;

/* Lives on one thread's stack, between path_begin and path_end. */
struct pathargs {
	struct vfs_ctx ctx; /* for vfs_*(); cwd is where the path starts */
	char *path;         /* the string, in a page of its own */
	struct inode *root; /* references that ctx borrows */
	struct inode *cwd;
	struct file *dir; /* what dirfd means, with a reference; NULL: it was not needed */
};

/* Fetch the string at user address `path`, to be looked up from dirfd (AT_FDCWD: the current
 * directory).  => no lock held; may sleep.
 * => 0; EFAULT, ENAMETOOLONG, ENOMEM, EBADF (dirfd), ENOTDIR (dirfd has no inode).  path_end() only
 * after 0. */
int path_begin(struct pathargs *pa, int dirfd, uint64_t path) MUST_CHECK;
/* The same without a path: "" from the current directory. */
int path_begin_cwd(struct pathargs *pa) MUST_CHECK;
void path_end(struct pathargs *pa);

/* A string argument that is not a path to be walked (the target of a symbolic link), in a page;
 * give it to path_free. */
int path_copyin(uint64_t user, char **path) MUST_CHECK;
void path_free(char *path);

#endif
