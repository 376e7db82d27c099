/* SPDX-License-Identifier: BSD-2-Clause */
/* Does every system call number that does not exist give ENOSYS? */
#include "user/tests/umtest.h"

static const long numbers[] = {-1, -4096, 244, 509, 600, 999, 1500, 100000, 1l << 31, 1l << 32,
    (1l << 32) + 64, 1l << 40, 0x7fffffffffffffff};

int
main(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (um_syscall(numbers[i], 1, (long)"x", 1, 0, 0, 0) != -ENOSYS)
			um_fail(
			    __FILE__, __LINE__, "system call %ld did not give ENOSYS", numbers[i]);
	return um_result();
}
