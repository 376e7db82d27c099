/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User copies: checks the addresses, then uaccess.S does the touching.
 *
 * A range that leaves user space is refused as a whole, except for strings: those may end before it
 * does.
 */
#include "arch/riscv/uaccess.h"

#include <errno.h>
#include <stdbool.h>

#include "arch/riscv/vmparam.h"

size_t uaccess_copy(void *dst, const void *src, size_t n);
size_t uaccess_zero(void *dst, size_t n);
int64_t uaccess_string(char *dst, const char *src, size_t max);
int uaccess_fetch32(const uint32_t *src, uint32_t *value);
int uaccess_cas32(uint32_t *addr, uint32_t old, uint32_t new, uint32_t *seen);

static bool
user_range(vaddr_t va, size_t n)
{
	return va <= VM_MAX_USER_ADDRESS && n <= VM_MAX_USER_ADDRESS - va;
}

size_t
md_copyin_part(void *dst, vaddr_t src, size_t n)
{
	return user_range(src, n) ? n - uaccess_copy(dst, (const void *)src, n) : 0;
}

size_t
md_copyout_part(vaddr_t dst, const void *src, size_t n)
{
	return user_range(dst, n) ? n - uaccess_copy((void *)dst, src, n) : 0;
}

int
md_copyin(void *dst, vaddr_t src, size_t n)
{
	return user_range(src, n) && uaccess_copy(dst, (const void *)src, n) == 0 ? 0 : EFAULT;
}

int
md_copyout(vaddr_t dst, const void *src, size_t n)
{
	return user_range(dst, n) && uaccess_copy((void *)dst, src, n) == 0 ? 0 : EFAULT;
}

int
md_clear_user(vaddr_t dst, size_t n)
{
	return user_range(dst, n) && uaccess_zero((void *)dst, n) == 0 ? 0 : EFAULT;
}

int
md_copyinstr(char *dst, vaddr_t src, size_t max, size_t *len)
{
	if (src >= VM_MAX_USER_ADDRESS)
		return EFAULT;

	size_t room = VM_MAX_USER_ADDRESS - src;
	bool cut = room < max;
	int64_t n = uaccess_string(dst, (const char *)src, cut ? room : max);

	if (n < 0 || (cut && (size_t)n == room))
		return EFAULT;
	if ((size_t)n == max)
		return ENAMETOOLONG;
	if (len != NULL)
		*len = (size_t)n;
	return 0;
}

int
md_fetch32(vaddr_t src, uint32_t *value)
{
	return user_range(src, 4) && uaccess_fetch32((const uint32_t *)src, value) == 0 ? 0
											: EFAULT;
}

int
md_cas32(vaddr_t addr, uint32_t old, uint32_t new, uint32_t *seen)
{
	return user_range(addr, 4) && uaccess_cas32((uint32_t *)addr, old, new, seen) == 0 ? 0
											   : EFAULT;
}
