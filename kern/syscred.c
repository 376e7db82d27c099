/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls about user and group ids.
 *
 * A change is worked out on a copy and put in place under proc.lock: others (kill) read a thread's
 * credentials under that lock.
 */
#include <errno.h>
#include <string.h>

#include "kern/proc.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"
#include "vm/zone.h"

#define KEEP UINT32_MAX /* (uid_t)-1: leave it */

static void
set_cred(const struct cred *c)
{
	struct proc *p = curproc();

	spin_lock(&p->lock);
	curuthread()->cred = *c;
	spin_unlock(&p->lock);
}

static inline const struct cred *
get_cred(void)
{
	return &curuthread()->cred;
}

long
sys_getuid(const struct syscall_args *args)
{
	(void)args;
	return get_cred()->ruid;
}

long
sys_geteuid(const struct syscall_args *args)
{
	(void)args;
	return get_cred()->euid;
}

long
sys_getgid(const struct syscall_args *args)
{
	(void)args;
	return get_cred()->rgid;
}

long
sys_getegid(const struct syscall_args *args)
{
	(void)args;
	return get_cred()->egid;
}

/* Is `id` one of the three that an unprivileged process may switch between? */
static bool
one_of(uint32_t id, uint32_t r, uint32_t e, uint32_t s)
{
	return id == KEEP || id == r || id == e || id == s;
}

/* Set real, effective, saved where they are not KEEP. */
static long
change_uids(uint32_t r, uint32_t e, uint32_t s)
{
	struct cred c = *get_cred();

	if (c.euid != 0 &&
	    !(one_of(r, c.ruid, c.euid, c.suid) && one_of(e, c.ruid, c.euid, c.suid) &&
		one_of(s, c.ruid, c.euid, c.suid)))
		return -EPERM;
	if (r != KEEP)
		c.ruid = r;
	if (e != KEEP)
		c.euid = e;
	if (s != KEEP)
		c.suid = s;
	set_cred(&c);
	return 0;
}

static long
change_gids(uint32_t r, uint32_t e, uint32_t s)
{
	struct cred c = *get_cred();

	if (c.euid != 0 &&
	    !(one_of(r, c.rgid, c.egid, c.sgid) && one_of(e, c.rgid, c.egid, c.sgid) &&
		one_of(s, c.rgid, c.egid, c.sgid)))
		return -EPERM;
	if (r != KEEP)
		c.rgid = r;
	if (e != KEEP)
		c.egid = e;
	if (s != KEEP)
		c.sgid = s;
	set_cred(&c);
	return 0;
}

long
sys_setuid(const struct syscall_args *args)
{
	uint32_t id = (uint32_t)args->a[0];

	if (id == KEEP)
		return -EINVAL;
	return get_cred()->euid == 0 ? change_uids(id, id, id) : change_uids(KEEP, id, KEEP);
}

long
sys_setgid(const struct syscall_args *args)
{
	uint32_t id = (uint32_t)args->a[0];

	if (id == KEEP)
		return -EINVAL;
	return get_cred()->euid == 0 ? change_gids(id, id, id) : change_gids(KEEP, id, KEEP);
}

/* The saved id follows when the real one is set, or the effective one becomes another than the real
 * one. */
long
sys_setreuid(const struct syscall_args *args)
{
	uint32_t r = (uint32_t)args->a[0], e = (uint32_t)args->a[1];
	bool follow = r != KEEP || (e != KEEP && e != get_cred()->ruid);

	if (get_cred()->euid != 0 && r != KEEP && r != get_cred()->ruid && r != get_cred()->euid)
		return -EPERM;
	return change_uids(r, e, !follow ? KEEP : e != KEEP ? e : get_cred()->euid);
}

long
sys_setregid(const struct syscall_args *args)
{
	uint32_t r = (uint32_t)args->a[0], e = (uint32_t)args->a[1];
	bool follow = r != KEEP || (e != KEEP && e != get_cred()->rgid);

	if (get_cred()->euid != 0 && r != KEEP && r != get_cred()->rgid && r != get_cred()->egid)
		return -EPERM;
	return change_gids(r, e, !follow ? KEEP : e != KEEP ? e : get_cred()->egid);
}

long
sys_setresuid(const struct syscall_args *args)
{
	return change_uids((uint32_t)args->a[0], (uint32_t)args->a[1], (uint32_t)args->a[2]);
}

long
sys_setresgid(const struct syscall_args *args)
{
	return change_gids((uint32_t)args->a[0], (uint32_t)args->a[1], (uint32_t)args->a[2]);
}

static long
copyout_ids(const struct syscall_args *args, const uint32_t ids[3])
{
	for (int i = 0; i < 3; i++) {
		int error = copyout(args->a[i], &ids[i], sizeof(ids[i]));

		if (error != 0)
			return -error;
	}
	return 0;
}

long
sys_getresuid(const struct syscall_args *args)
{
	const struct cred *c = get_cred();

	return copyout_ids(args, (const uint32_t[3]){c->ruid, c->euid, c->suid});
}

long
sys_getresgid(const struct syscall_args *args)
{
	const struct cred *c = get_cred();

	return copyout_ids(args, (const uint32_t[3]){c->rgid, c->egid, c->sgid});
}

/* File access goes by the effective ids: there is nothing to set, and these calls cannot say so but
 * by returning what holds. */
long
sys_setfsuid(const struct syscall_args *args)
{
	(void)args;
	return get_cred()->euid;
}

long
sys_setfsgid(const struct syscall_args *args)
{
	(void)args;
	return get_cred()->egid;
}

static size_t
groups_size(uint32_t n)
{
	return sizeof(struct cred_groups) + n * sizeof(uint32_t);
}

void
cred_groups_ref(struct cred_groups *g)
{
	if (g != NULL)
		__atomic_fetch_add(&g->refs, 1, __ATOMIC_RELAXED);
}

void
cred_groups_unref(struct cred_groups *g)
{
	if (g != NULL && __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(g, groups_size(g->n));
}

long
sys_getgroups(const struct syscall_args *args)
{
	const struct cred_groups *g = get_cred()->groups;
	uint32_t n = g != NULL ? g->n : 0;
	int room = (int)args->a[0], error;

	if (room == 0)
		return n;
	if (room < 0 || (uint32_t)room < n)
		return -EINVAL;
	error = n != 0 ? copyout(args->a[1], g->gid, n * sizeof(g->gid[0])) : 0;
	return error != 0 ? -error : (long)n;
}

long
sys_setgroups(const struct syscall_args *args)
{
	struct cred c = *get_cred();
	struct cred_groups *old = c.groups, *new;
	uint32_t n = (uint32_t)args->a[0];

	if (c.euid != 0)
		return -EPERM;
	if (args->a[0] > CRED_NGROUPS)
		return -EINVAL;
	new = kmalloc(groups_size(n), 0);
	if (new == NULL)
		return -ENOMEM;
	new->refs = 1;
	new->n = n;
	if (copyin(new->gid, args->a[1], n * sizeof(new->gid[0])) != 0) {
		cred_groups_unref(new);
		return -EFAULT;
	}
	c.groups = new;
	set_cred(&c);
	cred_groups_unref(old);
	return 0;
}
