/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that advise about memory, ask about it, or have it written: madvise, mincore, msync.
 */
#include <errno.h>

#include "kern/proc.h"
#include "kern/syscall.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"
#include "vm/vm_madvise.h"

#define MINCORE_BATCH 256u /* answers on the stack at a time */

long
sys_madvise(const struct syscall_args *args)
{
	return -vm_madvise(curproc()->vmspace, args->a[0], args->a[1], (int)args->a[2]);
}

long
sys_msync(const struct syscall_args *args)
{
	return -vm_msync(curproc()->vmspace, args->a[0], args->a[1], (int)args->a[2]);
}

/* The answers for n pages from va on, to the user's vec. */
static int
mincore_copyout(struct vm_map *map, vaddr_t va, uint64_t n, uint64_t vec)
{
	uint8_t batch[MINCORE_BATCH];
	int error = 0;

	while (error == 0 && n > 0) {
		size_t now = MIN(n, MINCORE_BATCH);

		error = vm_mincore(map, va, now, batch);
		if (error == 0)
			error = copyout(vec, batch, now);
		va += ptoa(now);
		vec += now;
		n -= now;
	}
	return error;
}

long
sys_mincore(const struct syscall_args *args)
{
	struct vm_map *map = &curproc()->vmspace->map;
	vaddr_t start = args->a[0];
	uint64_t len = args->a[1], vec = args->a[2], n;

	if ((start & PAGE_MASK) != 0)
		return -EINVAL;
	if (start > map->max || len > map->max - start)
		return -ENOMEM;
	n = atop(round_page(len));
	if (vec > map->max || n > map->max - vec)
		return -EFAULT;
	return len == 0 ? 0 : -mincore_copyout(map, start, n, vec);
}
