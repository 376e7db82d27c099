/* SPDX-License-Identifier: BSD-2-Clause */
/* Does mremap refuse every wrong request with Linux's errno, and change nothing when it does? */
#include "user/tests/umtest.h"

#define AREA       0x30000000ul
#define P(n)       (AREA + (n)*UM_PAGE)
#define N(n)       ((n)*UM_PAGE)
#define USER_END   0x4000000000ul
#define MOVE       1
#define FIXED      3
#define KEEP       5 /* MREMAP_MAYMOVE | MREMAP_DONTUNMAP */
#define SYS_MREMAP 216

/* Mapped: pages 8 to 11 private, 16 and 17 shared, 20 read-only, 30 and 31 of two kinds. */
static const struct {
	unsigned long from, old, new, flags, to;
	int want; /* 0: succeeds */
	const char *what;
} table[] = {
    {P(8), N(4), N(4), 0, 0, 0, "as it is"},
    {P(8), N(4) - 1, N(4) - 4095, 0, 0, 0, "lengths are rounded up"},
    {P(8), N(4), N(4), 8, 0, EINVAL, "unknown flag"},
    {P(8), N(4), N(4), -1ul, 0, EINVAL, "all flags"},
    {P(8), N(4), N(4), 1ul << 32 | MOVE, 0, EINVAL, "unknown high flag"},
    {P(8), N(4), N(4), 2, P(40), EINVAL, "fixed without maymove"},
    {P(8), N(4), N(4), 4, 0, EINVAL, "dontunmap without maymove"},
    {P(8), N(4), N(3), KEEP, 0, EINVAL, "dontunmap, smaller"},
    {P(8), N(4), N(5), KEEP, 0, EINVAL, "dontunmap, larger"},
    {P(8) + 1, N(4), N(4), 0, 0, EINVAL, "odd address"},
    {P(8) + 2048, N(4), N(8), MOVE, 0, EINVAL, "address in mid page"},
    {P(8), N(4), 0, 0, 0, EINVAL, "new length zero"},
    {P(8), 0, 0, MOVE, 0, EINVAL, "both lengths zero"},
    {P(8), N(4), -1ul, MOVE, 0, EINVAL, "new length wraps when rounded"},
    {P(8), N(4), -4096ul, MOVE, 0, ENOMEM, "new length of all but one page"},
    {P(8), N(4), 1ul << 62, MOVE, 0, ENOMEM, "huge"},
    {P(8), N(4), USER_END, MOVE, 0, ENOMEM, "all of user space"},
    {P(8), N(4), USER_END, 0, 0, ENOMEM, "all of user space, in place"},
    {P(8), N(4), 1, 0, 0, 0, "shrinks"},
    {P(8), N(8), N(1), 0, 0, 0, "shrinks beyond its end"},
    {P(8), -4096ul, N(1), 0, 0, EINVAL, "shrinks beyond everything"},
    {P(8), USER_END, N(1), 0, 0, EINVAL, "shrinks beyond user space"},
    {P(8), N(5), N(6), MOVE, 0, EFAULT, "old length beyond the mapping"},
    {P(9), N(4), N(6), MOVE, 0, EFAULT, "old length beyond the mapping, from inside"},
    {P(30), N(2), N(3), MOVE, 0, EFAULT, "two mappings"},
    {P(30), N(2), N(2), FIXED, P(40), EFAULT, "two mappings, fixed"},
    {P(30), N(2), N(1), FIXED, P(40), 0, "two mappings, the first fixed"},
    {P(30), N(2), N(2), 0, 0, 0, "two mappings, as they are"},
    {P(0), N(1), N(1), 0, 0, EFAULT, "not mapped"},
    {P(7), N(2), N(4), MOVE, 0, EFAULT, "begins in a hole"},
    {P(0), N(1), N(1), FIXED, P(0), EFAULT, "not mapped, fixed on itself"},
    {0, N(1), N(1), 0, 0, EFAULT, "null"},
    {USER_END, N(1), N(1), 0, 0, EFAULT, "above user space"},
    {-4096ul, N(1), N(2), MOVE, 0, EFAULT, "the last page of all"},
    {0xffffffc000000000, N(1), N(2), MOVE, 0, EFAULT, "the kernel's half"},
    {P(8), 0, N(4), MOVE, 0, EINVAL, "old length zero of private memory"},
    {P(16), 0, N(2), 0, 0, ENOMEM, "old length zero, in place"},
    {P(16), 0, N(2), MOVE, 0, 0, "old length zero of shared memory"},
    {P(16), 0, N(2), FIXED, P(40), 0, "old length zero of shared memory, fixed"},
    {P(8), N(4), N(4), FIXED, P(40) + 1, EINVAL, "to an odd address"},
    {P(8), N(4), N(4), KEEP, P(40) + 1, EINVAL, "hint at an odd address"},
    {P(8), N(4) - 1, N(4), KEEP, 0, EINVAL, "lengths differ before they are rounded"},
    {P(8), N(4), N(4), FIXED, P(11), EINVAL, "overlaps at the end"},
    {P(8), N(4), N(4), FIXED, P(5), EINVAL, "overlaps at the start"},
    {P(8), N(4), N(4), FIXED, P(8), EINVAL, "to where it is"},
    {P(8), N(4), N(5), FIXED, P(4), EINVAL, "overlaps by its growth"},
    {P(8), N(4), N(4), FIXED, P(4), 0, "right in front"},
    {P(8), N(4), N(4), FIXED, P(12), 0, "right behind"},
    {P(8), N(4), N(4), FIXED, USER_END, EINVAL, "to above user space"},
    {P(8), N(4), N(4), FIXED, USER_END - N(3), EINVAL, "to across the end"},
    {P(8), N(4), N(4), FIXED, -4096ul, EINVAL, "to the last page of all"},
    {P(8), N(4), -4096ul, FIXED, P(40), EINVAL, "fixed, new length of all but one page"},
    {P(8), N(8), N(4), FIXED, P(40), 0, "old length beyond the mapping, but not what is kept"},
    {P(8), N(8), N(5), FIXED, P(40), EFAULT, "what is kept is beyond the mapping"},
    {P(8), N(4), N(4), KEEP, P(40), 0, "dontunmap"},
    {P(16), N(2), N(2), KEEP, 0, 0, "dontunmap of shared memory"},
    {P(20), N(1), N(3), MOVE, 0, 0, "read-only"},
    {P(11), N(1), N(2), 0, 0, 0, "the end, in place"},
    {P(10), N(1), N(2), 0, 0, ENOMEM, "the middle, in place"},
};

static void
map(unsigned long at, unsigned long pages, int prot, int flags)
{
	REQUIRE(mmap((void *)at, N(pages), prot, flags | MAP_FIXED | MAP_ANONYMOUS, -1, 0) ==
	    (void *)at);
}

int
main(void)
{
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		long got;
		bool failed;

		map(P(8), 4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		map(P(16), 2, PROT_READ | PROT_WRITE, MAP_SHARED);
		map(P(20), 1, PROT_READ, MAP_PRIVATE);
		map(P(30), 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		map(P(31), 1, PROT_READ, MAP_PRIVATE);
		for (int page = 8; page < 12; page++)
			*(char *)P(page) = page;
		got = um_syscall(SYS_MREMAP, table[i].from, table[i].old, table[i].new,
		    table[i].flags, table[i].to, 0);
		failed = got < 0 && got > -4096;
		if (failed ? -got != table[i].want : table[i].want != 0)
			um_fail(__FILE__, __LINE__, "%s: %s, expected %s", table[i].what,
			    failed ? strerror(-got) : "success",
			    table[i].want ? strerror(table[i].want) : "success");
		for (int page = 8; failed && page < 12; page++)
			EXPECT_EQ(page, *(char *)P(page));
		if (!failed)
			munmap((void *)got, N(8));
		munmap((void *)AREA, N(64));
	}
	return um_result();
}
