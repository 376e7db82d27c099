/* SPDX-License-Identifier: BSD-2-Clause */
/* Does every wild load, store and jump end in SIGSEGV for the process that did it, and harm nobody else? */
#include "user/tests/umtest.h"

static void
jump(void *p)
{
	((void (*)(void))p)();
}

static const struct {
	unsigned long addr;
	const char *what;
} table[] = {
    {0, "null"},
    {1, "null and a bit"},
    {0xfff, "end of the first page"},
    {0x8000, "below the lowest mapping"},
    {0x123456000, "the middle of nowhere"},
    {0x3ffffff000, "the last page of user space"},
    {0x4000000000, "just above user space"},
    {0x8000000000, "bit 39"},
    {0x7fffffffffffffff, "bit 62"},
    {0x8000000000000000, "bit 63"},
    {0xffffffc000000000, "the kernel's first byte"},
    {0xffffffc080200000, "the direct map"},
    {0xffffffe000000000, "the kernel map"},
    {0xffffffff80000000, "the kernel's image"},
    {0xfffffffffffff000, "the last page"},
    {0xffffffffffffffff, "the last byte"},
    {0x10000000, "the UART, if it were mapped"},
};

int
main(void)
{
	int bad = 128 + SIGSEGV;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		void *p = (void *)table[i].addr;

		if (um_load_status(p) != bad)
			um_fail(__FILE__, __LINE__, "load at %s: no SIGSEGV", table[i].what);
		if (um_store_status(p) != bad)
			um_fail(__FILE__, __LINE__, "store at %s: no SIGSEGV", table[i].what);
		if (um_status_of(jump, p) != bad)
			um_fail(__FILE__, __LINE__, "jump to %s: no SIGSEGV", table[i].what);
	}
	return um_result();
}
