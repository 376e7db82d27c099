/* SPDX-License-Identifier: BSD-2-Clause */
/* Does mmap of anonymous memory refuse every wrong request with Linux's errno, and change nothing when it does? */
#include "user/tests/umtest.h"

#define USER_END  0x4000000000ul
#define RW        (PROT_READ | PROT_WRITE)
#define PRIV      (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED    (MAP_SHARED | MAP_ANONYMOUS)
#define NOREPLACE MAP_FIXED_NOREPLACE

/* An offset of -1 page and the like: the raw call takes bytes and wants whole pages. */
static const struct {
	unsigned long addr, len;
	int prot, flags;
	long offset;
	int want; /* 0: succeeds */
	const char *what;
} table[] = {
    {0, 4096, RW, PRIV, 0, 0, "private"},
    {0, 4096, RW, SHARED, 0, 0, "shared"},
    {0, 1, RW, PRIV, 0, 0, "one byte"},
    {0, 4097, RW, PRIV, 0, 0, "a page and a byte"},
    {0, 4096, PROT_NONE, PRIV, 0, 0, "no access"},
    {0, 4096, PROT_WRITE, PRIV, 0, 0, "write only"},
    {0, 4096, PROT_EXEC, PRIV, 0, 0, "execute only"},
    {0, 0, RW, PRIV, 0, EINVAL, "zero length"},
    {0, 0, RW, SHARED, 0, EINVAL, "zero length, shared"},
    {0x30000000, 0, RW, PRIV | MAP_FIXED, 0, EINVAL, "zero length, fixed"},
    {0, 4096, RW, MAP_ANONYMOUS, 0, EINVAL, "neither private nor shared"},
    {0, 4096, RW, MAP_ANONYMOUS | 4, 0, EINVAL, "unknown type of sharing"},
    {0, 4096, RW, PRIV, 1, EINVAL, "offset not a multiple of the page size"},
    {0, 4096, RW, PRIV, 4096, 0, "an offset means nothing"},
    {0, -1ul, RW, PRIV, 0, ENOMEM, "length wraps when rounded to pages"},
    {0, -4096ul, RW, PRIV, 0, ENOMEM, "length of all but one page"},
    {0, 1ul << 63, RW, PRIV, 0, ENOMEM, "half of everything"},
    {0, USER_END, RW, PRIV | MAP_NORESERVE, 0, ENOMEM, "all of user space"},
    {0, 2 * USER_END, RW, PRIV | MAP_NORESERVE, 0, ENOMEM, "more than user space"},
    {0x30000001, 4096, RW, PRIV | MAP_FIXED, 0, EINVAL, "fixed at an odd address"},
    {0x30000800, 4096, RW, PRIV | MAP_FIXED, 0, EINVAL, "fixed in mid page"},
    {0x30000800, 4096, RW, PRIV | NOREPLACE, 0, EINVAL, "noreplace in mid page"},
    {0x30000800, 4096, RW, PRIV, 0, 0, "a hint in mid page"},
    {USER_END, 4096, RW, PRIV | MAP_FIXED, 0, ENOMEM, "fixed above user space"},
    {USER_END - 4096, 8192, RW, PRIV | MAP_FIXED, 0, ENOMEM, "fixed across the end"},
    {USER_END, 4096, RW, PRIV | NOREPLACE, 0, ENOMEM, "noreplace above user space"},
    {USER_END, 4096, RW, PRIV, 0, 0, "a hint above user space"},
    {-4096ul, 4096, RW, PRIV | MAP_FIXED, 0, ENOMEM, "fixed at the last page of all"},
    {-4096ul, 8192, RW, PRIV | MAP_FIXED, 0, ENOMEM, "fixed, address plus length wraps"},
    {-4096ul, 4096, RW, PRIV, 0, 0, "a hint at the last page of all"},
    {0xffffffc000000000, 4096, RW, PRIV | MAP_FIXED, 0, ENOMEM, "fixed in the kernel's half"},
    {0x30000000, -4096ul, RW, PRIV | MAP_FIXED, 0, ENOMEM, "fixed, length wraps"},
};

int
main(void)
{
	char *kept = um_map(UM_PAGE, MAP_PRIVATE);
	unsigned long count = sizeof(table) / sizeof(table[0]);

	kept[0] = 'k';
	for (unsigned long i = 0; i < count; i++) {
		long got = um_syscall(222, table[i].addr, table[i].len, table[i].prot,
		    table[i].flags, -1, table[i].offset);
		bool failed = got < 0 && got > -4096;

		if (!failed)
			EXPECT_EQ(0, munmap((void *)got, table[i].len));
		if (failed ? -got == table[i].want : table[i].want == 0)
			continue;
		um_fail(__FILE__, __LINE__, "%s: %s, expected %s", table[i].what,
		    failed ? strerror(-got) : "success",
		    table[i].want ? strerror(table[i].want) : "success");
	}
	/* A file descriptor that cannot be mapped, or is none. */
	EXPECT_ERRNO(EBADF, mmap(NULL, UM_PAGE, RW, MAP_PRIVATE, 999, 0));
	EXPECT_ERRNO(EBADF, mmap(NULL, UM_PAGE, RW, MAP_PRIVATE, -1, 0));
	EXPECT_EQ('k', kept[0]);
	return um_result();
}
