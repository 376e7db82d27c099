/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on processes: creation, identity, waiting, limits. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

int
execve(const char *path, char *const argv[], char *const envp[])
{
	return syscall(SYS_execve, path, argv, envp);
}

_Noreturn void
_exit(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

pid_t
wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return syscall(SYS_wait4, pid, status, options, usage);
}

pid_t
wait3(int *status, int options, struct rusage *usage)
{
	return wait4(-1, status, options, usage);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t
wait(int *status)
{
	return waitpid(-1, status, 0);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	return syscall(SYS_waitid, type, id, info, options, NULL);
}

pid_t
getpid(void)
{
	return syscall(SYS_getpid);
}

pid_t
getppid(void)
{
	return syscall(SYS_getppid);
}

pid_t
gettid(void)
{
	return syscall(SYS_gettid);
}

pid_t
getpgid(pid_t pid)
{
	return syscall(SYS_getpgid, pid);
}

pid_t
getpgrp(void)
{
	return getpgid(0);
}

int
setpgid(pid_t pid, pid_t pgrp)
{
	return syscall(SYS_setpgid, pid, pgrp);
}

pid_t
getsid(pid_t pid)
{
	return syscall(SYS_getsid, pid);
}

pid_t
setsid(void)
{
	return syscall(SYS_setsid);
}

uid_t
getuid(void)
{
	return syscall(SYS_getuid);
}

uid_t
geteuid(void)
{
	return syscall(SYS_geteuid);
}

gid_t
getgid(void)
{
	return syscall(SYS_getgid);
}

gid_t
getegid(void)
{
	return syscall(SYS_getegid);
}

int
setuid(uid_t uid)
{
	return syscall(SYS_setuid, uid);
}

int
setgid(gid_t gid)
{
	return syscall(SYS_setgid, gid);
}

int
setreuid(uid_t real, uid_t effective)
{
	return syscall(SYS_setreuid, real, effective);
}

int
setregid(gid_t real, gid_t effective)
{
	return syscall(SYS_setregid, real, effective);
}

int
setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return syscall(SYS_setresuid, real, effective, saved);
}

int
setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return syscall(SYS_setresgid, real, effective, saved);
}

int
seteuid(uid_t uid)
{
	return setresuid(-1, uid, -1);
}

int
setegid(gid_t gid)
{
	return setresgid(-1, gid, -1);
}

int
getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
	return syscall(SYS_getresuid, real, effective, saved);
}

int
getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
	return syscall(SYS_getresgid, real, effective, saved);
}

int
getgroups(int count, gid_t *list)
{
	return syscall(SYS_getgroups, count, list);
}

int
setgroups(size_t count, const gid_t *list)
{
	return syscall(SYS_setgroups, count, list);
}

int
prlimit(pid_t pid, int resource, const struct rlimit *new, struct rlimit *old)
{
	return syscall(SYS_prlimit64, pid, resource, new, old);
}

int
getrlimit(int resource, struct rlimit *limit)
{
	return prlimit(0, resource, NULL, limit);
}

int
setrlimit(int resource, const struct rlimit *limit)
{
	return prlimit(0, resource, limit, NULL);
}

int
getrusage(int who, struct rusage *usage)
{
	return syscall(SYS_getrusage, who, usage);
}

/* The system call returns 20 - nice so that no success looks like an error. */
int
getpriority(int which, id_t who)
{
	long r = syscall(SYS_getpriority, which, who);

	return r < 0 ? -1 : 20 - (int)r;
}

int
setpriority(int which, id_t who, int prio)
{
	return syscall(SYS_setpriority, which, who, prio);
}

int
nice(int increment)
{
	int now;

	errno = 0;
	now = getpriority(PRIO_PROCESS, 0);
	if (now == -1 && errno != 0)
		return -1;
	if (setpriority(PRIO_PROCESS, 0, now + increment) == 0)
		return getpriority(PRIO_PROCESS, 0);
	if (errno == EACCES)
		errno = EPERM; /* what POSIX has nice() say */
	return -1;
}

clock_t
times(struct tms *tms)
{
	return syscall(SYS_times, tms);
}

int
prctl(int option, ...)
{
	unsigned long a[4];
	va_list ap;
	int i;

	va_start(ap, option);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}

int
sched_yield(void)
{
	return syscall(SYS_sched_yield);
}

/* The system call returns how many bytes of the set it wrote; the rest is ours to clear. */
int
sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	long n = syscall(SYS_sched_getaffinity, pid, size, set);

	if (n < 0)
		return -1;
	for (; (size_t)n < size; n++)
		((char *)set)[n] = 0;
	return 0;
}

int
sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	return syscall(SYS_sched_setaffinity, pid, size, set);
}

int
sched_getcpu(void)
{
	unsigned cpu;

	return syscall(SYS_getcpu, &cpu, NULL, NULL) < 0 ? -1 : (int)cpu;
}
