/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is asking: the identity that permission checks look at.  A plain value: a thread embeds one
 * and passes a pointer down.  Copies made meanwhile are for the same thread, and have no reference
 * of their own to its groups.
 */
#ifndef KERN_BASE_CRED_H
#define KERN_BASE_CRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRED_NGROUPS 32

/* Supplementary groups; threads share them until one sets its own. */
struct cred_groups {
	uint32_t refs;  /* a  threads */
	uint32_t n;     /* I */
	uint32_t gid[]; /* I */
};

struct cred {
	uint32_t ruid, euid, suid; /* real, effective, saved */
	uint32_t rgid, egid, sgid;
	struct cred_groups *groups; /* NULL: none */
};

static inline bool
cred_in_group(const struct cred *c, uint32_t gid)
{
	if (c->egid == gid)
		return true;
	for (uint32_t i = 0; c->groups != NULL && i < c->groups->n; i++)
		if (c->groups->gid[i] == gid)
			return true;
	return false;
}

#endif
