/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mlock, mlock2, munlock, mlockall, munlockall: what Linux says about their arguments.
 *
 * Two things differ: a call that fails changes nothing (Linux keeps locked what came before the
 * obstacle), and memory that several mappings show is counted for each of them.
 *
 * Lock order: the map; nothing else.
 */
#include "vm/vm_mlock.h"

#include <errno.h>
#include <sys/mman.h>

#include "arch/riscv/vmparam.h"
#include "vm/vm_wire.h"

bool
vm_mlock_permitted(const struct vmspace *vm)
{
	return __atomic_load_n(&vm->limit_memlock, __ATOMIC_RELAXED) != 0;
}

/* The pages that [addr, addr + len) touches.  => EINVAL: it wraps; ENOMEM: beyond what can be
 * mapped.  Empty, also when rounding up wraps to nothing: *start == *end. */
static int
pages_touched(const struct vmspace *vm, vaddr_t addr, size_t len, vaddr_t *start, vaddr_t *end)
{
	size_t size = round_page(len + (addr & PAGE_MASK));

	*start = trunc_page(addr);
	*end = *start + size;
	if (*end < *start)
		return EINVAL;
	return *end != *start && (*start < vm->map.min || *end > vm->map.max) ? ENOMEM : 0;
}

int
vm_mlock(struct vmspace *vm, vaddr_t addr, size_t len, int flags)
{
	vaddr_t start, end;
	int error;

	if ((flags & ~MLOCK_ONFAULT) != 0)
		return EINVAL;
	if (!vm_mlock_permitted(vm))
		return EPERM;
	error = pages_touched(vm, addr, len, &start, &end);
	/* That many can never be locked: said before the range is looked at. */
	if (end - start > __atomic_load_n(&vm->limit_memlock, __ATOMIC_RELAXED))
		return ENOMEM;
	if (error != 0 || start == end)
		return error;
	error = vm_map_wire(&vm->map, start, end,
	    VM_WIRE_USER | ((flags & MLOCK_ONFAULT) != 0 ? VM_WIRE_ONFAULT : 0));
	return error == EIO ? ENOMEM : error;
}

int
vm_munlock(struct vmspace *vm, vaddr_t addr, size_t len)
{
	vaddr_t start, end;
	int error = pages_touched(vm, addr, len, &start, &end);

	if (error != 0 || start == end)
		return error;
	return vm_map_unwire(&vm->map, start, end, VM_WIRE_USER);
}

static void
set_future(struct vm_map *map, int flags)
{
	unsigned future = 0;

	if ((flags & MCL_FUTURE) != 0)
		future = VM_MAP_WIREFUTURE |
		    ((flags & MCL_ONFAULT) != 0 ? VM_MAP_WIREFUTURE_ONFAULT : 0);
	vm_map_lock(map);
	map->flags = (map->flags & ~(VM_MAP_WIREFUTURE | VM_MAP_WIREFUTURE_ONFAULT)) | future;
	vm_map_unlock(map);
}

int
vm_mlockall(struct vmspace *vm, int flags)
{
	unsigned wire = VM_WIRE_USER | VM_WIRE_HOLESOK;
	int error = 0;

	if (flags == 0 || flags == MCL_ONFAULT ||
	    (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0)
		return EINVAL;
	if (!vm_mlock_permitted(vm))
		return EPERM;
	if ((flags & MCL_ONFAULT) != 0)
		wire |= VM_WIRE_ONFAULT;
	if ((flags & MCL_CURRENT) != 0)
		error = vm_map_wire(&vm->map, vm->map.min, vm->map.max, wire);
	if (error == 0)
		set_future(&vm->map, flags);
	return error;
}

int
vm_munlockall(struct vmspace *vm)
{
	set_future(&vm->map, 0);
	return vm_map_unwire(&vm->map, vm->map.min, vm->map.max, VM_WIRE_USER | VM_WIRE_HOLESOK);
}
