/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls about the machine as a whole, and what sysconf() makes of them. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

int
uname(struct utsname *name)
{
	return syscall(SYS_uname, name);
}

int
sysinfo(struct sysinfo *info)
{
	return syscall(SYS_sysinfo, info);
}

int
reboot(int cmd)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, cmd, 0);
}

int
poweroff(int status)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	    LINUX_REBOOT_CMD_POWER_OFF, status);
}

ssize_t
getrandom(void *buf, size_t size, unsigned int flags)
{
	return syscall(SYS_getrandom, buf, size, flags);
}

int
getentropy(void *buf, size_t size)
{
	if (size > 256) {
		errno = EIO;
		return -1;
	}
	return getrandom(buf, size, 0) == (ssize_t)size ? 0 : -1;
}

int
gethostname(char *buf, size_t size)
{
	struct utsname name;

	if (uname(&name) < 0)
		return -1;
	if (strlcpy(buf, name.nodename, size) < size)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
sethostname(const char *name, size_t len)
{
	return syscall(SYS_sethostname, name, len);
}

static long
processors(void)
{
	cpu_set_t set;
	long n = 0;
	int i;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	for (i = 0; i < CPU_SETSIZE; i++)
		n += CPU_ISSET(i, &set);
	return n;
}

/* Memory in pages, all of it or what is free. */
static long
memory(int free)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return -1;
	return (free ? info.freeram : info.totalram) * info.mem_unit / getpagesize();
}

static long
limit(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return -1;
	return limit.rlim_cur;
}

long
sysconf(int name)
{
	switch (name) {
	case _SC_ARG_MAX:
		return ARG_MAX;
	case _SC_CHILD_MAX:
		return limit(RLIMIT_NPROC);
	case _SC_CLK_TCK:
		return 100;
	case _SC_OPEN_MAX:
		return limit(RLIMIT_NOFILE);
	case _SC_PAGESIZE:
		return getpagesize();
	case _SC_NPROCESSORS_CONF:
	case _SC_NPROCESSORS_ONLN:
		return processors();
	case _SC_PHYS_PAGES:
		return memory(0);
	case _SC_AVPHYS_PAGES:
		return memory(1);
	default:
		errno = EINVAL;
		return -1;
	}
}

long
pathconf(const char *path, int name)
{
	(void)path;
	switch (name) {
	case _PC_NAME_MAX:
		return NAME_MAX;
	case _PC_PATH_MAX:
		return PATH_MAX;
	case _PC_PIPE_BUF:
		return PIPE_BUF;
	default:
		errno = EINVAL;
		return -1;
	}
}
