/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls: how one is written, and all there are.
 *
 * A call is a function `long sys_NAME(const struct syscall_args *args)`; it runs in the calling
 * thread with no lock held, fetches its arguments from args->a[], copies user memory with
 * kern/uaccess.h, and returns its result (>= 0), or a negative errno.  To add one: write the
 * function in the kern/sys*.c it belongs to, and add its name to the list below (the number is
 * SYS_NAME).
 *
 * -ERESTARTSYS instead of -EINTR: run the call again after a signal handler with SA_RESTART, or
 * when no handler ran.
 */
#ifndef KERN_SYSCALL_H
#define KERN_SYSCALL_H

#include <stdint.h>

struct syscall_args {
	uint64_t
	    a[6]; /* registers a0..a5; of 32-bit arguments the upper half means nothing: cast */
};

/* Never seen by programs. */
#define ERESTARTSYS    512 /* restart unless a handler without SA_RESTART ran: then EINTR */
#define ERESTARTNOHAND 514 /* restart unless any handler ran: then EINTR (sigsuspend, ppoll) */

/* clang-format off */
#define SYSCALL_LIST(X)                                                                          \
	/* files: kern/sysfile.c, pipe.c, poll.c */                                              \
	X(getcwd) X(dup) X(dup3) X(fcntl) X(ioctl) X(mknodat) X(mkdirat) X(unlinkat)             \
	X(symlinkat) X(linkat) X(umount2) X(mount) X(statfs) X(fstatfs) X(truncate)              \
	X(ftruncate) X(fallocate) X(faccessat) X(chdir) X(fchdir) X(chroot) X(fchmod)            \
	X(fchmodat) X(fchownat) X(fchown) X(openat) X(close) X(pipe2) X(getdents64)              \
	X(lseek) X(read) X(write) X(readv) X(writev) X(pread64) X(pwrite64) X(preadv)            \
	X(pwritev) X(sendfile) X(pselect6) X(ppoll) X(readlinkat) X(newfstatat) X(fstat)         \
	X(sync) X(fsync) X(fdatasync) X(utimensat) X(umask) X(fadvise64) X(syncfs)               \
	X(renameat2) X(faccessat2) X(statx)                                                      \
	/* processes: kern/sysproc.c */                                                          \
	X(exit) X(exit_group) X(waitid) X(set_tid_address) X(sched_setparam)                     \
	X(sched_setscheduler) X(sched_getscheduler) X(sched_getparam) X(sched_setaffinity)       \
	X(sched_getaffinity) X(sched_yield) X(sched_get_priority_max)                            \
	X(sched_get_priority_min) X(setpriority) X(getpriority) X(reboot) X(setregid)            \
	X(setgid) X(setreuid) X(setuid) X(setresuid) X(getresuid) X(setresgid) X(getresgid)      \
	X(setfsuid) X(setfsgid) X(setpgid) X(getpgid) X(getsid) X(setsid) X(getgroups)           \
	X(setgroups) X(uname) X(sethostname) X(setdomainname) X(getrlimit) X(setrlimit)          \
	X(prlimit64) X(getrusage) X(prctl) X(unshare) X(getcpu) X(getpid) X(getppid) X(getuid)              \
	X(geteuid) X(getgid) X(getegid) X(gettid) X(sysinfo) X(clone) X(execve) X(wait4)         \
	X(riscv_flush_icache) X(getrandom)                                                       \
	/* signals: kern/syssignal.c */                                                          \
	X(kill) X(tkill) X(tgkill) X(sigaltstack) X(rt_sigsuspend) X(rt_sigaction)               \
	X(rt_sigprocmask) X(rt_sigpending) X(rt_sigtimedwait) X(rt_sigqueueinfo)                 \
	X(rt_tgsigqueueinfo) X(rt_sigreturn) X(restart_syscall)                                  \
	/* time: kern/time.c */                                                                  \
	X(nanosleep) X(getitimer) X(setitimer) X(clock_settime) X(clock_gettime)                 \
	X(clock_getres) X(clock_nanosleep) X(times) X(gettimeofday) X(settimeofday)              \
	/* waiting for user memory, locks of dead threads: kern/futex.c */                        \
	X(futex) X(set_robust_list) X(get_robust_list)                                           \
	/* memory: kern/sysmlock.c */                                                            \
	X(mlock) X(mlock2) X(munlock) X(mlockall) X(munlockall)                                  \
	/* memory: kern/sysvm.c */                                                               \
	X(brk) X(munmap) X(mmap) X(mprotect) X(mremap) X(minherit)                               \
	/* advice: kern/sysadvice.c */                                                           \
	X(madvise) X(mincore) X(msync)
/* clang-format on */

#define SYSCALL_PROTOTYPE(name) long sys_##name(const struct syscall_args *args);
SYSCALL_LIST(SYSCALL_PROTOTYPE)
#undef SYSCALL_PROTOTYPE

#endif
