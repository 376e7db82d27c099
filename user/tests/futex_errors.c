/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does futex, given wrong arguments, say what Linux says: addresses, alignment, times, bitsets, counts, operations?
 */
#include "user/tests/umclone.h"

#define PRIVATE  128
#define REALTIME 256

enum { WAIT, WAKE, FD, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET = 9, WAKE_BITSET };

static int word, word2;
static char *unmapped, *readonly, *none, *shared;

static long
futex(void *va, int op, long val, const void *time, void *va2, long val3)
{
	return um_syscall(SYS_futex, (long)va, op, val, (long)time, (long)va2, val3);
}

static void
times(void)
{
	static const struct timespec bad[] = {
	    {-1, 0}, {0, -1}, {0, 1000000000}, {INT64_MIN, 0}, {0, INT64_MAX}};
	static const struct timespec past = {0, 0}, soon = {0, 1000000};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-EINVAL, futex(&word, WAIT, 0, &bad[i], NULL, 0));
		EXPECT_EQ(-EINVAL, futex(&word, WAIT, 1, &bad[i], NULL, 0));
		EXPECT_EQ(-EINVAL, futex(NULL, WAIT_BITSET, 0, &bad[i], NULL, 0));
		EXPECT_EQ(0, futex(&word, WAKE, 0, &bad[i], NULL, 0));
	}
	EXPECT_EQ(-EFAULT, futex(&word, WAIT, 0, unmapped, NULL, 0));
	EXPECT_EQ(-EFAULT, futex(&word, WAIT, 0, (void *)-8, NULL, 0));
	EXPECT_EQ(-ETIMEDOUT, futex(&word, WAIT, 0, &soon, NULL, 0));
	EXPECT_EQ(-ETIMEDOUT, futex(&word, WAIT, 0, &past, NULL, 0));
	EXPECT_EQ(-ETIMEDOUT, futex(&word, WAIT | PRIVATE, 0, &soon, NULL, 0));
	EXPECT_EQ(-ETIMEDOUT, futex(&word, WAIT_BITSET, 0, &past, NULL, 1));
	EXPECT_EQ(-ETIMEDOUT, futex(&word, WAIT_BITSET | REALTIME, 0, &past, NULL, 1));
	EXPECT_EQ(-ETIMEDOUT, futex(&word, WAIT_BITSET | REALTIME | PRIVATE, 0, &past, NULL, -1));
	EXPECT_EQ(-EAGAIN, futex(&word, WAIT, 1, &soon, NULL, 0));
	EXPECT_EQ(-EAGAIN, futex(&word, WAIT_BITSET, 1, NULL, NULL, -1));
}

static void
addresses(void *bad, long error, long private_wake)
{
	static const struct timespec soon = {0, 1000000};

	EXPECT_EQ(error, futex(bad, WAIT, 0, &soon, NULL, 0));
	EXPECT_EQ(error, futex(bad, WAIT | PRIVATE, 0, &soon, NULL, 0));
	EXPECT_EQ(error, futex(bad, WAIT_BITSET, 0, &soon, NULL, 1));
	EXPECT_EQ(error, futex(bad, WAKE, 1, NULL, NULL, 0));
	EXPECT_EQ(private_wake, futex(bad, WAKE | PRIVATE, 1, NULL, NULL, 0));
	EXPECT_EQ(error, futex(bad, WAKE_BITSET, 1, NULL, NULL, 1));
	EXPECT_EQ(error, futex(bad, REQUEUE, 1, (void *)1, &word, 0));
	EXPECT_EQ(error, futex(&word, REQUEUE, 1, (void *)1, bad, 0));
	EXPECT_EQ(error, futex(bad, CMP_REQUEUE, 1, (void *)1, &word, 0));
	EXPECT_EQ(error, futex(bad, CMP_REQUEUE | PRIVATE, 1, (void *)1, &word, 0));
	EXPECT_EQ(error, futex(&word, CMP_REQUEUE, 1, (void *)1, bad, 0));
	EXPECT_EQ(error, futex(bad, WAKE_OP, 1, (void *)1, &word, 0));
	EXPECT_EQ(error, futex(&word, WAKE_OP, 1, (void *)1, bad, 0));
	EXPECT_EQ(error, futex(&word, WAKE_OP | PRIVATE, 1, (void *)1, bad, 0));
}

static void
operations(void)
{
	for (int op = 14; op < 128; op++)
		EXPECT_EQ(-ENOSYS, futex(&word, op, 0, NULL, NULL, 0));
	EXPECT_EQ(-ENOSYS, futex(&word, FD, 0, NULL, NULL, 0));
	EXPECT_EQ(-ENOSYS, futex(&word, 512, 0, NULL, NULL, 0));
	EXPECT_EQ(-ENOSYS, futex(NULL, -1, 0, NULL, NULL, 0));
	EXPECT_EQ(-ENOSYS, futex(&word, WAIT | REALTIME, 1, NULL, NULL, 0));
	EXPECT_EQ(-ENOSYS, futex(&word, WAKE | REALTIME, 1, NULL, NULL, 0));
	EXPECT_EQ(-ENOSYS, futex(&word, WAKE_BITSET | REALTIME, 1, NULL, NULL, 1));
	EXPECT_EQ(-EINVAL, futex(&word, WAIT_BITSET, 0, NULL, NULL, 0));
	EXPECT_EQ(-EINVAL, futex(&word, WAKE_BITSET, 0, NULL, NULL, 0));
	EXPECT_EQ(-EINVAL, futex(NULL, WAIT_BITSET, 0, NULL, NULL, 0));
}

static void
counts(void)
{
	static const long n[] = {0, 1, -1, INT32_MAX, INT32_MIN, 1l << 32};

	for (unsigned i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		EXPECT_EQ(0, futex(&word, WAKE, n[i], NULL, NULL, 0));
		EXPECT_EQ(
		    (int)n[i] < 0 ? -EINVAL : 0, futex(&word, REQUEUE, n[i], (void *)1, &word2, 0));
		EXPECT_EQ(
		    (int)n[i] < 0 ? -EINVAL : 0, futex(&word, REQUEUE, 1, (void *)n[i], &word2, 0));
		EXPECT_EQ((int)n[i] < 0 ? -EINVAL : -EAGAIN,
		    futex(&word, CMP_REQUEUE, 1, (void *)n[i], &word2, 1));
		EXPECT_EQ(0, futex(&word, WAKE_OP, n[i], (void *)n[i], &word2, 0));
	}
}

#define OP(op, oparg, cmp, cmparg)                                                                 \
	((long)(int)((unsigned)(op) << 28 | (cmp) << 24 | ((oparg)&0xfff) << 12 | ((cmparg)&0xfff)))

/* What becomes of 100. */
static void
wake_ops(void)
{
	static const struct {
		long code;
		int after;
		long result;
	} t[] = {
	    {OP(0, 7, 0, 0), 7, 0},
	    {OP(1, 7, 0, 0), 107, 0},
	    {OP(1, -1, 0, 0), 99, 0},
	    {OP(2, 3, 0, 0), 103, 0},
	    {OP(3, 4, 0, 0), 96, 0},
	    {OP(4, 5, 0, 0), 97, 0},
	    {OP(8, 4, 0, 0), 16, 0},
	    {OP(9, 4, 0, 0), 116, 0},
	    {OP(10, 31, 0, 0), (int)(1u << 31 | 100), 0},
	    {OP(5, 7, 0, 0), 100, -ENOSYS},
	    {OP(7, 7, 0, 0), 100, -ENOSYS},
	    {OP(1, 7, 5, -5), 107, 0},
	    {OP(1, 7, 6, 0), 107, -ENOSYS},
	    {OP(1, 7, 15, 0), 107, -ENOSYS},
	};

	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		word2 = 100;
		EXPECT_EQ(t[i].result, futex(&word, WAKE_OP, 1, (void *)1, &word2, t[i].code));
		EXPECT_EQ(t[i].after, word2);
	}
	EXPECT_EQ(-EFAULT, futex(&word, WAKE_OP, 1, (void *)1, readonly, OP(1, 1, 0, 0)));
	EXPECT_EQ(-EFAULT, futex(&word, WAKE_OP | PRIVATE, 1, (void *)1, readonly, OP(1, 1, 0, 0)));
}

static void
robust(void)
{
	static long head[3] = {0, 0, 0};
	void *got = NULL;
	size_t len = 0;

	EXPECT_EQ(-EINVAL, um_syscall(SYS_set_robust_list, (long)head, 23, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_set_robust_list, (long)head, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, um_syscall(SYS_set_robust_list, 0, 32, 0, 0, 0, 0));
	head[0] = (long)head;
	EXPECT_EQ(0, um_syscall(SYS_set_robust_list, (long)head, 24, 0, 0, 0, 0));
	EXPECT_EQ(0, um_syscall(SYS_get_robust_list, 0, (long)&got, (long)&len, 0, 0, 0));
	EXPECT(got == head && len == 24);
	got = NULL;
	EXPECT_EQ(0, um_syscall(SYS_get_robust_list, um_gettid(), (long)&got, (long)&len, 0, 0, 0));
	EXPECT(got == head);
	EXPECT_EQ(-ESRCH, um_syscall(SYS_get_robust_list, 32767, (long)&got, (long)&len, 0, 0, 0));
	EXPECT_EQ(-ESRCH, um_syscall(SYS_get_robust_list, -1, (long)&got, (long)&len, 0, 0, 0));
	EXPECT_EQ(-EFAULT, um_syscall(SYS_get_robust_list, 0, (long)unmapped, (long)&len, 0, 0, 0));
	EXPECT_EQ(-EFAULT, um_syscall(SYS_get_robust_list, 0, (long)&got, (long)unmapped, 0, 0, 0));
	/* A list of nonsense is no reason to refuse it, nor to fall over it in the end. */
	EXPECT_EQ(0, um_syscall(SYS_set_robust_list, -8, 24, 0, 0, 0, 0));
}

static void
bad_list(void *list)
{
	EXPECT_EQ(0, um_syscall(SYS_set_robust_list, (long)list, 24, 0, 0, 0, 0));
}

/* Lists that a thread leaves behind: none is followed for ever, or out of the program. */
static void
bad_lists(void)
{
	static long loop[3], wild[3] = {0x7000, 0, 0}, kernel[3] = {-4096, 0, -4096}, odd[3],
			     far[3];
	static long a[2], b[2];

	loop[0] = (long)a;
	a[0] = (long)b;
	b[0] = (long)a;
	odd[0] = (long)a + 1;
	odd[1] = 3;
	far[0] = (long)a;
	far[1] = INT64_MAX;
	EXPECT_EQ(0, um_status_of(bad_list, loop));
	EXPECT_EQ(0, um_status_of(bad_list, wild));
	EXPECT_EQ(0, um_status_of(bad_list, kernel));
	EXPECT_EQ(0, um_status_of(bad_list, odd));
	EXPECT_EQ(0, um_status_of(bad_list, far));
	EXPECT_EQ(0, um_status_of(bad_list, unmapped));
	EXPECT_EQ(0, um_status_of(bad_list, (void *)-24));
	EXPECT_EQ(0, um_status_of(bad_list, (void *)(shared + UM_PAGE - 8)));
}

int
main(void)
{
	unmapped = um_map(UM_PAGE, MAP_PRIVATE);
	none = um_map(UM_PAGE, MAP_PRIVATE);
	mprotect(none, UM_PAGE, PROT_NONE);
	readonly = um_map(UM_PAGE, MAP_PRIVATE);
	mprotect(readonly, UM_PAGE, PROT_READ);
	shared = um_map(UM_PAGE, MAP_SHARED);
	munmap(unmapped, UM_PAGE);
	times();
	addresses((char *)&word + 1, -EINVAL, -EINVAL);
	addresses((char *)&word + 2, -EINVAL, -EINVAL);
	addresses(unmapped, -EFAULT, 0);
	addresses(none, -EFAULT, 0);
	addresses((void *)-4096, -EFAULT, -EFAULT);
	addresses((void *)(1l << 62), -EFAULT, -EFAULT);
	addresses((void *)-1, -EINVAL, -EINVAL);
	operations();
	counts();
	wake_ops();
	robust();
	bad_lists();
	return um_result();
}
