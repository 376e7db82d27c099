/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do the calls about signals, given wrong arguments, say what Linux says: numbers, sizes, addresses, times, ways, stacks?
 */
#include <limits.h>
#include <sys/syscall.h>

#include "user/tests/umtest.h"

static char *unmapped, *readonly;

static long
call(long number, long a, long b, long c, long d)
{
	return um_syscall(number, a, b, c, d, 0, 0);
}

#define CALL4(name, a, b, c, d) call(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d))

static void
actions(void)
{
	static uint64_t act[3] = {0, 0, 0};
	static const int bad[] = {0, -1, 65, 128, INT_MAX, INT_MIN};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-EINVAL, CALL4(rt_sigaction, bad[i], act, 0, 8));
		EXPECT_EQ(-EINVAL, CALL4(rt_sigaction, bad[i], 0, act, 8));
	}
	EXPECT_EQ(-EINVAL, CALL4(rt_sigaction, SIGKILL, act, 0, 8));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigaction, SIGSTOP, act, 0, 8));
	EXPECT_EQ(0, CALL4(rt_sigaction, SIGKILL, 0, act, 8));
	EXPECT_EQ(0, CALL4(rt_sigaction, SIGSTOP, 0, 0, 8));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigaction, SIGUSR1, act, 0, 4));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigaction, SIGUSR1, act, 0, 16));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigaction, SIGUSR1, act, 0, 0));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigaction, SIGUSR1, unmapped, 0, 8));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigaction, SIGUSR1, -16, 0, 8));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigaction, SIGUSR1, 0, unmapped, 8));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigaction, SIGUSR1, 0, readonly, 8));
}

static void
masks(void)
{
	static uint64_t set, old;

	EXPECT_EQ(-EINVAL, CALL4(rt_sigprocmask, 3, &set, 0, 8));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigprocmask, -1, &set, &old, 8));
	EXPECT_EQ(0, CALL4(rt_sigprocmask, 3, 0, &old, 8));
	EXPECT_EQ(0, CALL4(rt_sigprocmask, 3, 0, 0, 8));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigprocmask, SIG_BLOCK, &set, 0, 4));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigprocmask, SIG_BLOCK, 0, 0, 128));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigprocmask, SIG_BLOCK, unmapped, 0, 8));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigprocmask, 3, unmapped, 0, 8));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigprocmask, SIG_BLOCK, 0, unmapped, 8));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigprocmask, SIG_BLOCK, 0, readonly, 8));
	set = ~0ul;
	EXPECT_EQ(0, CALL4(rt_sigprocmask, SIG_SETMASK, &set, &old, 8));
	EXPECT_EQ(0, CALL4(rt_sigprocmask, SIG_SETMASK, &old, &set, 8));
	EXPECT_EQ(~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1)), set);
	EXPECT_EQ(-EINVAL, CALL4(rt_sigpending, &set, 9, 0, 0));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigpending, unmapped, 8, 0, 0));
	EXPECT_EQ(0, CALL4(rt_sigpending, &set, 4, 0, 0));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigsuspend, &set, 4, 0, 0));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigsuspend, unmapped, 8, 0, 0));
}

static void
waits(void)
{
	static uint64_t set = 1ul << (SIGUSR1 - 1);
	static const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}}, none;

	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(-EINVAL, CALL4(rt_sigtimedwait, &set, 0, &bad[i], 8));
	EXPECT_EQ(-EINVAL, CALL4(rt_sigtimedwait, &set, 0, &none, 4));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigtimedwait, unmapped, 0, &none, 8));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigtimedwait, &set, 0, unmapped, 8));
	EXPECT_EQ(-EAGAIN, CALL4(rt_sigtimedwait, &set, 0, &none, 8));
	EXPECT_EQ(-EAGAIN, CALL4(rt_sigtimedwait, &set, unmapped, &none, 8));
}

static void
sending(void)
{
	static siginfo_t info;
	int me = getpid();

	EXPECT_EQ(-EINVAL, CALL4(kill, me, 65, 0, 0));
	EXPECT_EQ(-EINVAL, CALL4(kill, me, -1, 0, 0));
	EXPECT_EQ(-ESRCH, CALL4(kill, 32767, INT_MAX, 0, 0));
	EXPECT_EQ(-ESRCH, CALL4(kill, 32767, 0, 0, 0));
	EXPECT_EQ(-ESRCH, CALL4(kill, INT_MIN, 0, 0, 0));
	EXPECT_EQ(-ESRCH, CALL4(kill, -32767, SIGUSR1, 0, 0));
	EXPECT_EQ(-ESRCH, CALL4(kill, -32767, 65, 0, 0));
	EXPECT_EQ(-EINVAL, CALL4(kill, 0, 65, 0, 0));
	EXPECT_EQ(-ESRCH, CALL4(tkill, 32767, 65, 0, 0));
	EXPECT_EQ(-ESRCH, CALL4(tgkill, me, 32767, 65, 0));
	EXPECT_EQ(-EINVAL, CALL4(tgkill, me, me, 65, 0));
	EXPECT_EQ(0, CALL4(kill, me, 0, 0, 0));
	EXPECT_EQ(-EFAULT, CALL4(rt_sigqueueinfo, me, SIGUSR1, unmapped, 0));
	info.si_code = SI_QUEUE;
	EXPECT_EQ(-EINVAL, CALL4(rt_sigqueueinfo, me, 65, &info, 0));
	EXPECT_EQ(-ESRCH, CALL4(rt_sigqueueinfo, 32767, 65, &info, 0));
	EXPECT_EQ(-EINVAL, CALL4(rt_tgsigqueueinfo, me, me, 65, &info));
	EXPECT_EQ(-ESRCH, CALL4(rt_tgsigqueueinfo, me, 32767, 65, &info));
	EXPECT_EQ(0, CALL4(rt_sigqueueinfo, me, 0, &info, 0));
	EXPECT_EQ(-ESRCH, CALL4(rt_sigqueueinfo, 32767, 0, &info, 0));
	info.si_code = SI_USER;
	EXPECT_EQ(-EPERM, CALL4(rt_sigqueueinfo, getppid(), 0, &info, 0));
	EXPECT_EQ(-EINVAL, CALL4(rt_tgsigqueueinfo, 0, me, SIGUSR1, &info));
	EXPECT_EQ(-EINVAL, CALL4(rt_tgsigqueueinfo, me, -1, SIGUSR1, &info));
	EXPECT_EQ(-EFAULT, CALL4(rt_tgsigqueueinfo, me, me, SIGUSR1, unmapped));
	EXPECT_EQ(0, CALL4(rt_tgsigqueueinfo, me, me, 0, &info));
}

static void
stacks(void)
{
	stack_t s = {.ss_sp = unmapped, .ss_size = 2047}, old;

	EXPECT_EQ(-ENOMEM, CALL4(sigaltstack, &s, 0, 0, 0));
	s.ss_size = 0;
	EXPECT_EQ(-ENOMEM, CALL4(sigaltstack, &s, 0, 0, 0));
	s.ss_size = 4096;
	s.ss_flags = 4;
	EXPECT_EQ(-EINVAL, CALL4(sigaltstack, &s, 0, 0, 0));
	s.ss_flags = -1;
	EXPECT_EQ(-EINVAL, CALL4(sigaltstack, &s, 0, 0, 0));
	EXPECT_EQ(-EFAULT, CALL4(sigaltstack, unmapped, 0, 0, 0));
	EXPECT_EQ(-EFAULT, CALL4(sigaltstack, 0, readonly, 0, 0));
	s.ss_flags = 0;
	EXPECT_EQ(0, CALL4(sigaltstack, &s, 0, 0, 0));
	s.ss_flags = SS_DISABLE;
	s.ss_size = 1;
	EXPECT_EQ(0, CALL4(sigaltstack, &s, &old, 0, 0));
	EXPECT(old.ss_sp == unmapped && old.ss_size == 4096 && old.ss_flags == 0);
	EXPECT_EQ(0, CALL4(sigaltstack, 0, &old, 0, 0));
	EXPECT_EQ(SS_DISABLE, old.ss_flags);
}

/* A frame that is none ends the program, and only that. */
static void
return_from_nowhere(void *arg)
{
	__asm__ volatile("mv sp, %0\n\tli a7, 139\n\tecall" ::"r"(arg) : "memory");
}

int
main(void)
{
	unmapped = um_map(UM_PAGE, MAP_PRIVATE);
	readonly = um_map(UM_PAGE, MAP_PRIVATE);
	mprotect(readonly, UM_PAGE, PROT_READ);
	munmap(unmapped, UM_PAGE);
	actions();
	masks();
	waits();
	sending();
	stacks();
	EXPECT_EQ(128 + SIGSEGV, um_status_of(return_from_nowhere, unmapped));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(return_from_nowhere, (void *)-4096));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(return_from_nowhere, NULL));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(return_from_nowhere, readonly));
	return um_result();
}
