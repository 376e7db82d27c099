/* SPDX-License-Identifier: BSD-2-Clause */
/* Does each flag of sigaction do what it promises, and nothing when it is not set? */
#include <sys/syscall.h>

#include "user/tests/umtest.h"

static volatile sig_atomic_t calls, depth, deepest, code, from;
static siginfo_t *volatile info_seen;
static volatile sig_atomic_t usr2_blocked, self_blocked;

static void
plain(int sig)
{
	sigset_t now;

	calls++;
	if (++depth > deepest)
		deepest = depth;
	sigprocmask(SIG_BLOCK, NULL, &now);
	self_blocked = sigismember(&now, sig);
	usr2_blocked = sigismember(&now, SIGUSR2);
	if (depth == 1 && calls < 3)
		raise(sig);
	depth--;
}

static void
with_info(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	calls++;
	EXPECT_EQ(sig, info->si_signo);
	EXPECT(uc != NULL && ((uintptr_t)uc & 15) == 0);
	code = info->si_code;
	from = info->si_pid;
	info_seen = info;
}

static void
handle(int sig, unsigned long flags, void (*handler)(int))
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	act.sa_flags = flags;
	REQUIRE(sigaction(sig, &act, NULL) == 0);
	calls = depth = deepest = 0;
}

static void
nodefer(void)
{
	handle(SIGUSR1, 0, plain);
	raise(SIGUSR1);
	EXPECT_EQ(3, calls); /* one after another */
	EXPECT_EQ(1, deepest);
	EXPECT_EQ(1, self_blocked);
	EXPECT_EQ(0, usr2_blocked);
	handle(SIGUSR1, SA_NODEFER, plain);
	raise(SIGUSR1);
	EXPECT_EQ(2, calls);
	EXPECT_EQ(2, deepest);
	EXPECT_EQ(0, self_blocked);
}

static void
mask(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = plain;
	sigaddset(&act.sa_mask, SIGUSR2);
	sigaddset(&act.sa_mask, SIGKILL); /* has no effect */
	REQUIRE(sigaction(SIGUSR1, &act, NULL) == 0);
	calls = 5;
	raise(SIGUSR1);
	EXPECT_EQ(1, usr2_blocked);
	sigprocmask(SIG_BLOCK, NULL, &act.sa_mask);
	EXPECT_EQ(0, sigismember(&act.sa_mask, SIGUSR2));
	EXPECT_EQ(0, sigismember(&act.sa_mask, SIGUSR1));
}

static void
resethand(void)
{
	struct sigaction now;

	handle(SIGUSR1, SA_RESETHAND | SA_NODEFER, plain);
	calls = 5;
	raise(SIGUSR1);
	EXPECT_EQ(6, calls);
	EXPECT_EQ(0, sigaction(SIGUSR1, NULL, &now));
	EXPECT(now.sa_handler == SIG_DFL);
}

static void
second_time_is_fatal(void *arg)
{
	(void)arg;
	handle(SIGUSR1, SA_RESETHAND, plain);
	calls = 5;
	raise(SIGUSR1);
	EXPECT_EQ(6, calls);
	raise(SIGUSR1);
}

static void
siginfo(void)
{
	union sigval value = {.sival_int = 4711};
	pid_t pid;

	handle(SIGUSR1, SA_SIGINFO, (void (*)(int))(uintptr_t)with_info);
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(SI_USER, code);
	EXPECT_EQ(getpid(), from);
	EXPECT_EQ(0, um_syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1, 0, 0, 0));
	EXPECT_EQ(SI_TKILL, code);
	EXPECT_EQ(0, sigqueue(getpid(), SIGUSR1, value));
	EXPECT_EQ(SI_QUEUE, code);
	pid = um_fork();
	if (pid == 0)
		_exit(kill(getppid(), SIGUSR1) != 0);
	while (calls < 4)
		um_sleep_ms(1);
	EXPECT_EQ(pid, from);
	EXPECT_EQ(0, um_wait(pid));
}

static char other_stack[32768] __attribute__((aligned(16)));
static volatile sig_atomic_t on_other, says_on_other;

static void
where(int sig)
{
	char here;
	stack_t now;

	(void)sig;
	on_other = &here >= other_stack && &here < other_stack + sizeof(other_stack);
	REQUIRE(sigaltstack(NULL, &now) == 0);
	says_on_other = (now.ss_flags & SS_ONSTACK) != 0;
}

static void
onstack(void)
{
	stack_t alt = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)},
		off = {.ss_flags = SS_DISABLE};

	REQUIRE(sigaltstack(&alt, NULL) == 0);
	handle(SIGUSR1, 0, where);
	raise(SIGUSR1);
	EXPECT_EQ(0, on_other);
	EXPECT_EQ(0, says_on_other);
	handle(SIGUSR1, SA_ONSTACK, where);
	raise(SIGUSR1);
	EXPECT_EQ(1, on_other);
	EXPECT_EQ(1, says_on_other);
	REQUIRE(sigaltstack(&off, NULL) == 0);
	raise(SIGUSR1);
	EXPECT_EQ(0, on_other);
}

static void
send_after(pid_t pid, int fd)
{
	um_sleep_ms(20);
	kill(pid, SIGUSR1);
	um_sleep_ms(20);
	_exit(fd >= 0 && write(fd, "x", 1) != 1);
}

static void
noop(int sig)
{
	(void)sig;
	calls++;
}

/* Which calls go on after a handler: read and wait do, if asked to; sleeping never does. */
static void
restart(void)
{
	pid_t me = getpid(), pid;
	struct timespec second = {1, 0}, left = {9, 9};
	int fds[2], status;
	char c;

	REQUIRE(pipe(fds) == 0);
	for (int i = 0; i < 2; i++) {
		handle(SIGUSR1, i == 0 ? 0 : SA_RESTART, noop);
		pid = um_fork();
		if (pid == 0)
			send_after(me, fds[1]);
		if (i == 0)
			EXPECT_ERRNO(EINTR, read(fds[0], &c, 1));
		else
			EXPECT_EQ(1, read(fds[0], &c, 1));
		EXPECT_EQ(0, um_wait(pid));
		if (i == 0)
			EXPECT_EQ(1, read(fds[0], &c, 1));

		pid = um_fork();
		if (pid == 0)
			send_after(me, -1);
		if (i == 0) {
			EXPECT_ERRNO(EINTR, waitpid(pid, &status, 0));
			EXPECT_EQ(0, um_wait(pid));
		} else {
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
		}

		pid = um_fork();
		if (pid == 0)
			send_after(me, -1);
		EXPECT_ERRNO(EINTR, nanosleep(&second, &left));
		EXPECT(left.tv_sec == 0 && left.tv_nsec > 0 && left.tv_nsec < 1000000000);
		EXPECT_EQ(0, um_wait(pid));
		EXPECT_EQ(3, calls);
	}
	close(fds[0]);
	close(fds[1]);
}

static void
errors(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	EXPECT_ERRNO(EINVAL, sigaction(0, &act, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(65, &act, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(SIGKILL, &act, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(SIGSTOP, &act, NULL));
	EXPECT_EQ(0, sigaction(SIGKILL, NULL, &act)); /* asking is allowed */
	EXPECT_EQ(-EINVAL, um_syscall(SYS_rt_sigaction, SIGUSR1, 0, 0, 4, 0, 0));
	EXPECT_EQ(-EFAULT, um_syscall(SYS_rt_sigaction, SIGUSR1, 8, 0, 8, 0, 0));
	EXPECT_EQ(-EFAULT, um_syscall(SYS_rt_sigaction, SIGUSR1, 0, 8, 8, 0, 0));
	EXPECT_ERRNO(EINVAL, sigprocmask(99, &act.sa_mask, NULL));
}

int
main(void)
{
	nodefer();
	mask();
	resethand();
	EXPECT_EQ(128 + SIGUSR1, um_status_of(second_time_is_fatal, NULL));
	siginfo();
	onstack();
	restart();
	errors();
	return um_result();
}
