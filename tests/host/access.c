/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program does with memory, one byte at a time.
 */
#include "kern/base/thread.h"
#include "tests/host/host.h"
#include "vm/vm_fault.h"
#include "vm/vm_km.h"

int
host_fault(struct vm_map *map, vaddr_t va, vm_prot_t access)
{
	struct pmap *was = curthread()->pmap;
	int error;

	curthread()->pmap = map->pmap;
	error = vm_fault(map, va, access);
	curthread()->pmap = was;
	return error;
}

static int
load(struct vm_map *map, vaddr_t va, uint8_t *value)
{
	uint8_t *byte;
	int error = host_access(map, va, VM_PROT_READ, &byte);

	if (error == 0)
		*value = *byte;
	host_point();
	return error;
}

static int
store(struct vm_map *map, vaddr_t va, uint8_t value)
{
	uint8_t *byte;
	int error = host_access(map, va, VM_PROT_WRITE, &byte);

	if (error == 0)
		*byte = value;
	host_point();
	return error;
}

int
host_load(struct vmspace *vm, vaddr_t va, uint8_t *value)
{
	return load(&vm->map, va, value);
}

int
host_store(struct vmspace *vm, vaddr_t va, uint8_t value)
{
	return store(&vm->map, va, value);
}

int
host_fetch(struct vmspace *vm, vaddr_t va)
{
	uint8_t *byte;

	return host_access(&vm->map, va, VM_PROT_EXEC, &byte);
}

int
host_kernel_load(vaddr_t va, uint8_t *value)
{
	return load(kernel_map, va, value);
}

int
host_kernel_store(vaddr_t va, uint8_t value)
{
	return store(kernel_map, va, value);
}
