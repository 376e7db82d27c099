/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is asking: the identity that permission checks look at.  A plain value: a process embeds one
 * and passes a pointer down.
 */
#ifndef KERN_BASE_CRED_H
#define KERN_BASE_CRED_H

#include <stdbool.h>
#include <stdint.h>

#define CRED_NGROUPS 32

struct cred {
	uint32_t ruid, euid, suid; /* real, effective, saved */
	uint32_t rgid, egid, sgid;
	uint32_t ngroups;
	uint32_t groups[CRED_NGROUPS]; /* supplementary */
};

static inline bool
cred_in_group(const struct cred *c, uint32_t gid)
{
	if (c->egid == gid)
		return true;
	for (uint32_t i = 0; i < c->ngroups; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}

#endif
