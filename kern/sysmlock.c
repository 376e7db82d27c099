/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mlock, mlock2, munlock, mlockall, munlockall: the limit, then one call into vm/vm_mlock.h.
 */
#include "kern/sysmlock.h"

#include "kern/proc.h"
#include "kern/syscall.h"
#include "vm/vm_mlock.h"

void
memlock_apply(struct proc *p, struct vmspace *vm)
{
	uint64_t limit;

	spin_lock(&p->lock);
	limit = p->limit[RLIMIT_MEMLOCK].rlim_cur;
	if (curthread()->proc == p) {
		if (curuthread()->cred.euid == 0)
			limit = UINT64_MAX;
	} else if (!list_empty(&p->threads) && first_thread(p)->cred.euid == 0) {
		limit = UINT64_MAX;
	}
	spin_unlock(&p->lock);
	__atomic_store_n(&vm->limit_memlock, limit, __ATOMIC_RELAXED);
}

/* The caller's address space, with an up-to-date limit. */
static struct vmspace *
locking_space(void)
{
	memlock_apply(curproc(), curproc()->vmspace);
	return curproc()->vmspace;
}

long
sys_mlock(const struct syscall_args *args)
{
	return -vm_mlock(locking_space(), args->a[0], args->a[1], 0);
}

long
sys_mlock2(const struct syscall_args *args)
{
	return -vm_mlock(locking_space(), args->a[0], args->a[1], (int)args->a[2]);
}

long
sys_munlock(const struct syscall_args *args)
{
	return -vm_munlock(curproc()->vmspace, args->a[0], args->a[1]);
}

long
sys_mlockall(const struct syscall_args *args)
{
	return -vm_mlockall(locking_space(), (int)args->a[0]);
}

long
sys_munlockall(const struct syscall_args *args)
{
	(void)args;
	return -vm_munlockall(curproc()->vmspace);
}
