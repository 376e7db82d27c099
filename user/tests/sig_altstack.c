/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Can a handler run on the alternate stack when the program's own has overflowed, and is
 * sigaltstack as strict as it should be?
 */
#include <setjmp.h>
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define ALT        16384
#define AUTODISARM (1U << 31)

static char *alt_memory;
static sigjmp_buf back;
static volatile sig_atomic_t overflows, inside, code, far_below;
static uintptr_t lowest;

static int
sink(long depth)
{
	volatile char frame[1024];

	frame[0] = depth;
	lowest = (uintptr_t)frame;
	return depth > 0 ? sink(depth - 1) + frame[0] : 0;
}

static void
escape(int sig, siginfo_t *info, void *context)
{
	char here;
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)sig;
	(void)context;
	overflows++;
	code = info->si_code;
	far_below = at > lowest + 1024 || at + 8192 < lowest;
	inside = &here >= alt_memory && &here < alt_memory + ALT;
	siglongjmp(back, 1);
}

static void
use_alt(unsigned long flags)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = escape;
	act.sa_flags = SA_SIGINFO | flags;
	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
}

/* More than once: a jump out of the handler leaves the alternate stack, too. */
static void
survives_overflow(void *arg)
{
	struct rlimit limit = {1 << 20, 1 << 20};
	stack_t alt = {.ss_sp = alt_memory, .ss_size = ALT}, now;

	(void)arg;
	REQUIRE(setrlimit(RLIMIT_STACK, &limit) == 0);
	REQUIRE(sigaltstack(&alt, NULL) == 0);
	use_alt(SA_ONSTACK);
	for (int i = 1; i <= 5; i++) {
		if (sigsetjmp(back, 1) == 0)
			sink(1L << 40);
		EXPECT_EQ(i, overflows);
		EXPECT_EQ(1, inside);
		EXPECT_EQ(0, far_below);
		EXPECT(code == SEGV_MAPERR || code == SEGV_ACCERR);
		REQUIRE(sigaltstack(NULL, &now) == 0);
		EXPECT_EQ(0, now.ss_flags);
	}
}

/* Where the signal frame cannot be written, the signal ends the process. */
static void
no_room_for_the_frame(void *arg)
{
	struct rlimit limit = {1 << 20, 1 << 20};

	(void)arg;
	REQUIRE(setrlimit(RLIMIT_STACK, &limit) == 0);
	use_alt(0);
	if (sigsetjmp(back, 1) == 0)
		sink(1L << 40);
}

static void
alt_is_gone(void *arg)
{
	stack_t alt = {.ss_sp = alt_memory, .ss_size = ALT};

	REQUIRE(sigaltstack(&alt, NULL) == 0);
	use_alt(SA_ONSTACK);
	REQUIRE(munmap(alt_memory, ALT) == 0);
	um_store(arg);
}

static volatile sig_atomic_t changed, nested_on_alt;

static void
tries_to_change(int sig)
{
	stack_t other = {.ss_sp = alt_memory, .ss_size = ALT}, off = {.ss_flags = SS_DISABLE};
	char here;

	if (sig == SIGUSR1) {
		EXPECT_ERRNO(EPERM, sigaltstack(&other, NULL));
		EXPECT_ERRNO(EPERM, sigaltstack(&off, NULL));
		changed++;
		raise(SIGUSR2); /* goes on where this one is */
	} else {
		nested_on_alt = &here >= alt_memory && &here < alt_memory + ALT;
	}
}

static void
while_in_use(void)
{
	struct sigaction act;
	stack_t alt = {.ss_sp = alt_memory, .ss_size = ALT};

	memset(&act, 0, sizeof(act));
	act.sa_handler = tries_to_change;
	act.sa_flags = SA_ONSTACK;
	REQUIRE(sigaltstack(&alt, NULL) == 0);
	REQUIRE(sigaction(SIGUSR1, &act, NULL) == 0 && sigaction(SIGUSR2, &act, NULL) == 0);
	raise(SIGUSR1);
	EXPECT_EQ(1, changed);
	EXPECT_EQ(1, nested_on_alt);
}

static volatile sig_atomic_t disarmed, armed_again;

static void
sees_no_alt(int sig)
{
	stack_t now, again = {.ss_sp = alt_memory, .ss_size = ALT};

	(void)sig;
	REQUIRE(sigaltstack(NULL, &now) == 0);
	disarmed = now.ss_flags == SS_DISABLE;
	armed_again = sigaltstack(&again, NULL) == 0;
}

/* While the handler runs there is no alternate stack; when it returns there is the old one. */
static void
autodisarm(void)
{
	struct sigaction act;
	stack_t alt = {.ss_sp = alt_memory, .ss_size = ALT, .ss_flags = (int)AUTODISARM}, now;

	memset(&act, 0, sizeof(act));
	act.sa_handler = sees_no_alt;
	act.sa_flags = SA_ONSTACK;
	REQUIRE(sigaction(SIGUSR1, &act, NULL) == 0);
	EXPECT_EQ(0, sigaltstack(&alt, NULL));
	for (int i = 0; i < 2; i++) {
		disarmed = armed_again = 0;
		raise(SIGUSR1);
		EXPECT_EQ(1, disarmed);
		EXPECT_EQ(1, armed_again);
		EXPECT_EQ(0, sigaltstack(NULL, &now));
		EXPECT(now.ss_sp == alt_memory && now.ss_size == ALT);
		EXPECT_EQ((int)AUTODISARM, now.ss_flags);
	}
}

static void
arguments(void)
{
	stack_t alt = {.ss_sp = alt_memory, .ss_size = ALT}, now, off = {.ss_flags = SS_DISABLE};

	REQUIRE(sigaltstack(&off, NULL) == 0);
	EXPECT_EQ(0, sigaltstack(NULL, &now));
	EXPECT_EQ(SS_DISABLE, now.ss_flags);
	EXPECT_EQ(0, sigaltstack(&alt, &now));
	EXPECT_EQ(SS_DISABLE, now.ss_flags);
	EXPECT_EQ(0, sigaltstack(NULL, &now));
	EXPECT(now.ss_sp == alt_memory && now.ss_size == ALT && now.ss_flags == 0);
	alt.ss_size = 2047;
	EXPECT_ERRNO(ENOMEM, sigaltstack(&alt, NULL));
	alt.ss_size = ALT;
	alt.ss_flags = 0x1234;
	EXPECT_ERRNO(EINVAL, sigaltstack(&alt, NULL));
	EXPECT_ERRNO(EFAULT, sigaltstack((stack_t *)8, NULL));
	EXPECT_EQ(0, sigaltstack(NULL, &now));
	EXPECT(now.ss_sp == alt_memory && now.ss_size == ALT && now.ss_flags == 0);
}

static void
child_has_it(void *arg)
{
	stack_t now;

	(void)arg;
	EXPECT_EQ(0, sigaltstack(NULL, &now));
	EXPECT(now.ss_sp == alt_memory && now.ss_flags == 0);
}

#define SMALL  4096
#define NESTED 12 /* more frames than SMALL has room for */

static volatile sig_atomic_t nesting;

static void
nests(int sig)
{
	if (++nesting == NESTED)
		_exit(0);
	raise(sig);
}

/* A signal whose frame does not fit into what is left of the alternate stack ends the process: what
 * lies below is not its stack. */
static void
alt_overflows(void *arg)
{
	stack_t alt = {.ss_sp = alt_memory + ALT - SMALL, .ss_size = SMALL};
	struct sigaction act;

	(void)arg;
	memset(&act, 0, sizeof(act));
	act.sa_handler = nests;
	act.sa_flags = SA_ONSTACK | SA_NODEFER;
	REQUIRE(sigaltstack(&alt, NULL) == 0 && sigaction(SIGUSR1, &act, NULL) == 0);
	raise(SIGUSR1);
}

int
main(void)
{
	alt_memory = um_map(ALT, MAP_PRIVATE);
	EXPECT_EQ(0, um_status_of(survives_overflow, NULL));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(no_room_for_the_frame, NULL));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(alt_is_gone, (void *)8));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(alt_overflows, NULL));
	while_in_use();
	autodisarm();
	arguments();
	EXPECT_EQ(0, um_status_of(child_has_it, NULL));
	return um_result();
}
