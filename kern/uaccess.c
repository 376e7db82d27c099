/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * copyin and copyout: the machine's routines with the checks that make them safe to call.
 *
 * A page fault in one of them may need the map lock and sleep, so with CHECK=1 the caller is
 * checked even when the page happens to be there.
 */
#include "kern/uaccess.h"

#include "arch/riscv/uaccess.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"

static inline void
check_may_fault(void)
{
	const struct thread *td = curthread();

	KASSERT(td->nofault || (td->spins.n == 0 && td->busy_pages == 0));
}

int
copyin(void *dst, uint64_t src, size_t n)
{
	check_may_fault();
	return md_copyin(dst, src, n);
}

int
copyout(uint64_t dst, const void *src, size_t n)
{
	check_may_fault();
	return md_copyout(dst, src, n);
}

int
clearout(uint64_t dst, size_t n)
{
	check_may_fault();
	return md_clear_user(dst, n);
}

int
copyinstr(char *dst, uint64_t src, size_t size, size_t *lenp)
{
	check_may_fault();
	return md_copyinstr(dst, src, size, lenp);
}

int
fetch32(uint64_t src, uint32_t *value)
{
	check_may_fault();
	return md_fetch32(src, value);
}

int
cas32(uint64_t addr, uint32_t old, uint32_t new, uint32_t *seen)
{
	check_may_fault();
	return md_cas32(addr, old, new, seen);
}

int
fetch32_nofault(uint64_t src, uint32_t *value)
{
	struct thread *td = curthread();
	bool saved = td->nofault;
	int error;

	td->nofault = true;
	error = md_fetch32(src, value);
	td->nofault = saved;
	return error;
}

int
cas32_nofault(uint64_t addr, uint32_t old, uint32_t new, uint32_t *seen)
{
	struct thread *td = curthread();
	bool saved = td->nofault;
	int error;

	td->nofault = true;
	error = md_cas32(addr, old, new, seen);
	td->nofault = saved;
	return error;
}
