/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: numbers, and Linux riscv64 structures (a sigset is one word; no sa_restorer). */
#ifndef _SIGNAL_H
#define _SIGNAL_H

#include <sys/types.h>
#include <time.h>

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    SIGABRT
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPOLL   SIGIO
#define SIGPWR    30
#define SIGSYS    31
#define SIGRTMIN  32
#define SIGRTMAX  64
#define NSIG      65
#define _NSIG     NSIG

typedef unsigned long sigset_t; /* bit n-1 is signal n */
typedef int sig_atomic_t;
typedef void (*sighandler_t)(int);

#define SIG_ERR     ((sighandler_t)-1)
#define SIG_DFL     ((sighandler_t)0)
#define SIG_IGN     ((sighandler_t)1)

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

union sigval {
	int sival_int;
	void *sival_ptr;
};

typedef struct siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	int __pad0;
	union {
		struct {
			pid_t pid;
			uid_t uid;
			union sigval value; /* sigqueue */
		} kill;
		struct {
			int tid;
			int overrun;
			union sigval value;
		} timer;
		struct {
			pid_t pid;
			uid_t uid;
			int status;
			clock_t utime;
			clock_t stime;
		} child;
		struct {
			void *addr;
		} fault;
		struct {
			long band;
			int fd;
		} poll;
		unsigned char __size[112];
	} __u;
} siginfo_t;

#define si_pid    __u.kill.pid
#define si_uid    __u.kill.uid
#define si_value  __u.kill.value
#define si_int    __u.kill.value.sival_int
#define si_ptr    __u.kill.value.sival_ptr
#define si_status __u.child.status
#define si_utime  __u.child.utime
#define si_stime  __u.child.stime
#define si_addr   __u.fault.addr
#define si_band   __u.poll.band
#define si_fd     __u.poll.fd

/* si_code: who sent it, or what was wrong. */
#define SI_USER       0
#define SI_KERNEL     0x80
#define SI_QUEUE      (-1)
#define SI_TIMER      (-2)
#define SI_TKILL      (-6)
#define ILL_ILLOPC    1
#define ILL_ILLTRP    4
#define FPE_INTDIV    1
#define SEGV_MAPERR   1 /* nothing mapped there */
#define SEGV_ACCERR   2 /* mapped, but not for this access */
#define BUS_ADRALN    1
#define BUS_ADRERR    2
#define BUS_OBJERR    3
#define TRAP_BRKPT    1
#define TRAP_TRACE    2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

/* The layout rt_sigaction(2) takes. */
struct sigaction {
	union {
		sighandler_t sa_handler;
		void (*sa_sigaction)(int sig, siginfo_t *info, void *ucontext);
	};
	unsigned long sa_flags;
	sigset_t sa_mask;
};

#define SA_NOCLDSTOP 0x00000001UL
#define SA_NOCLDWAIT 0x00000002UL
#define SA_SIGINFO   0x00000004UL
#define SA_ONSTACK   0x08000000UL
#define SA_RESTART   0x10000000UL
#define SA_NODEFER   0x40000000UL
#define SA_RESETHAND 0x80000000UL

typedef struct {
	void *ss_sp;
	int ss_flags;
	size_t ss_size;
} stack_t;

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1U << 31)
#define MINSIGSTKSZ   2048
#define SIGSTKSZ      8192

/* What a handler with SA_SIGINFO gets as its third argument, and what rt_sigreturn(2) reloads. */
struct sigcontext {
	unsigned long pc;
	unsigned long x[31]; /* x1 .. x31 */
	struct {
		unsigned long f[32]; /* the D extension's registers */
		unsigned int fcsr;
		unsigned int __unused[67]; /* room of the Q extension's layout */
	} fp __attribute__((aligned(16)));
};

typedef struct sigcontext mcontext_t;

typedef struct ucontext {
	unsigned long uc_flags;
	struct ucontext *uc_link;
	stack_t uc_stack;
	sigset_t uc_sigmask;
	unsigned char __unused[120];
	mcontext_t uc_mcontext __attribute__((aligned(16)));
} ucontext_t;

int kill(pid_t pid, int sig);
int killpg(pid_t pgrp, int sig);
int raise(int sig);
int sigaction(int sig, const struct sigaction *new, struct sigaction *old);
sighandler_t signal(int sig, sighandler_t handler);
int sigprocmask(int how, const sigset_t *new, sigset_t *old);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigwait(const sigset_t *set, int *sig);
int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);
int sigwaitinfo(const sigset_t *set, siginfo_t *info);
int sigqueue(pid_t pid, int sig, const union sigval value);
int sigaltstack(const stack_t *new, stack_t *old);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);
int pthread_kill(pthread_t thread, int sig);
int pthread_sigmask(int how, const sigset_t *new, sigset_t *old);
void psignal(int sig, const char *what);

#endif
