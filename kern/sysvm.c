/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls about memory: fetch the arguments, find the file's object, call vm/vm_mmap.h.
 */
#include <errno.h>
#include <sys/mman.h>

#include "kern/base/debug.h"
#include "kern/fdtable.h"
#include "kern/file.h"
#include "kern/fs/vfs.h"
#include "kern/proc.h"
#include "kern/syscall.h"
#include "kern/sysmlock.h"
#include "vm/vm_mmap.h"
#include "vm/vm_object.h"
#include "vm/vmspace.h"

long
sys_brk(const struct syscall_args *args)
{
	/* Growing may lock memory: mlockall(MCL_FUTURE). */
	memlock_apply(curproc(), curproc()->vmspace);
	return (long)vmspace_brk(curproc()->vmspace, args->a[0]);
}

long
sys_munmap(const struct syscall_args *args)
{
	return -vm_munmap(curproc()->vmspace, args->a[0], args->a[1]);
}

long
sys_mprotect(const struct syscall_args *args)
{
	return -vm_mprotect(curproc()->vmspace, args->a[0], args->a[1], (int)args->a[2]);
}

long
sys_mremap(const struct syscall_args *args)
{
	const struct vm_mremap_args m = {
	    .addr = args->a[0],
	    .old_len = args->a[1],
	    .new_len = args->a[2],
	    .flags = (int)args->a[3],
	    .new_addr = args->a[4],
	};
	vaddr_t addr;
	int error;

	memlock_apply(curproc(), curproc()->vmspace);
	/* Linux looks at all bits of the flags. */
	error = args->a[3] >> 32 != 0 ? EINVAL : vm_mremap(curproc()->vmspace, &m, &addr);
	return error != 0 ? -error : (long)addr;
}

long
sys_minherit(const struct syscall_args *args)
{
	return -vm_minherit(curproc()->vmspace, args->a[0], args->a[1], (int)args->a[2]);
}

/* A device says itself what is mapped.  Registers cannot be copied, so not be private. */
static int
device_object(struct file *f, struct vm_mmap_args *m)
{
	bool shared = (m->flags & MAP_TYPE) != MAP_PRIVATE;
	int prot, error = f->ops->object(f, &m->object, &prot);

	if (error != 0)
		return error;
	if (m->object != NULL && !shared) {
		vm_object_unref(m->object);
		return EINVAL;
	}
	if (shared && !file_writable(f))
		prot &= ~PROT_WRITE;
	m->max_prot = (vm_prot_t)prot;
	if (m->object == NULL)
		m->offset = 0;
	return 0;
}

/* What a mapping of f may do, and from where its pages come.  A file cannot be written through a
 * mapping yet: nothing would tell the file system which of its holes were filled. */
static int
file_object(struct file *f, struct vm_mmap_args *m)
{
	bool shared = (m->flags & MAP_TYPE) != MAP_PRIVATE;

	if (!file_readable(f))
		return EACCES;
	if (shared && (m->prot & PROT_WRITE) != 0 && !file_writable(f))
		return EACCES;
	if (f->ops->object != NULL)
		return device_object(f, m);
	if (f->inode == NULL)
		return ENODEV;
	if (shared && (m->prot & PROT_WRITE) != 0)
		return ENODEV;
	m->max_prot = shared ? VM_PROT_READ | VM_PROT_EXEC : VM_PROT_ALL;
	return vfs_object(f->inode, &m->object);
}

long
sys_mmap(const struct syscall_args *args)
{
	struct vm_mmap_args m = {
	    .addr = args->a[0],
	    .len = args->a[1],
	    .prot = (int)args->a[2],
	    .flags = (int)args->a[3],
	    .offset = args->a[5],
	    .max_prot = VM_PROT_ALL,
	};
	vaddr_t addr;
	int error = 0;

	if ((m.offset & PAGE_MASK) != 0)
		return -EINVAL;
	if ((m.flags & MAP_ANONYMOUS) == 0) {
		struct file *f = fdtable_get(curproc()->fdtable, (int)args->a[4]);

		if (f == NULL)
			return -EBADF;
		error = m.len == 0 ? EINVAL : file_object(f, &m);
		file_unref(f);
	}
	memlock_apply(curproc(), curproc()->vmspace);
	if (error == 0)
		error = vm_mmap(curproc()->vmspace, &m, &addr);
	return error != 0 ? -error : (long)addr;
}
