/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When programs take all memory there is, in every way there is, does each get an errno or a SIGKILL, and does everything
 * work again once they are gone?
 */
#include <fcntl.h>
#include <sys/resource.h>

#include "user/tests/umtest.h"

#define KIB    1024l
#define MIB    (1024l * KIB)
#define TOUCH  (1024l * MIB) /* more than the machine has */
#define PIPES  1000
#define HOGS   6
#define SECOND 1000000000l

/* Touch page after page until something ends it. */
static void
touch_memory(void *arg)
{
	size_t step = 16 * MIB;

	(void)arg;
	for (long total = 0; total < TOUCH; total += step) {
		char *p =
		    mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED) {
			EXPECT(errno == ENOMEM);
			return;
		}
		for (size_t i = 0; i < step; i += UM_PAGE)
			p[i] = 1;
	}
}

/* The kernel touches it: read() fills the pages. */
static void
read_memory(void *arg)
{
	int zero = open("/dev/zero", O_RDONLY);
	char *p = mmap(NULL, TOUCH, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)arg;
	if (p == MAP_FAILED)
		return;
	for (long at = 0; at < TOUCH; at += MIB)
		if (read(zero, p + at, MIB) < 0) {
			EXPECT(errno == ENOMEM || errno == EFAULT);
			return;
		}
}

/* Mappings of a page, no two alike: entries, not pages. */
static void
map_memory(void *arg)
{
	long n = 0;

	(void)arg;
	while (n < 1000000 &&
	    mmap(NULL, UM_PAGE, n % 2 != 0 ? PROT_READ : PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		n++;
	EXPECT(n >= 1000);
	EXPECT(n == 1000000 || errno == ENOMEM);
}

/* A page in each of as many tables as there can be: page tables, not pages. */
static void
spread_memory(void *arg)
{
	const size_t step = 2 * MIB, all = 128l * 1024 * MIB;
	char *p = mmap(
	    NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)arg;
	if (p == MAP_FAILED) {
		EXPECT(errno == ENOMEM);
		return;
	}
	for (size_t at = 0; at < all; at += step)
		p[at] = 1;
}

static void
fill_pipes(void *arg)
{
	static char block[64 * KIB];
	struct rlimit files = {2 * PIPES + 10, 2 * PIPES + 10};
	int end[2], n = 0;

	(void)arg;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	for (; n < PIPES && pipe2(end, O_NONBLOCK) == 0; n++) {
		(void)fcntl(end[0], F_SETPIPE_SZ, MIB);
		while (write(end[1], block, sizeof(block)) > 0)
			continue;
		if (errno != EAGAIN && errno != ENOMEM)
			EXPECT_EQ(ENOMEM, errno);
	}
	EXPECT(n > 20);
	EXPECT(n == PIPES || errno == ENFILE || errno == EMFILE || errno == ENOMEM);
}

/* A tree of processes that each take some: fork fails, or somebody dies. */
static void
fork_and_touch(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			EXPECT(errno == ENOMEM || errno == EAGAIN);
			break;
		}
		if (pid == 0) {
			char *p = mmap(
			    NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (p != MAP_FAILED)
				memset(p, i, MIB);
			pause();
			_exit(0);
		}
	}
	kill(0, SIGKILL);
}

/* In a process group of its own, with all it has started.  => as um_wait */
static int
status_of_group(void (*fn)(void *))
{
	pid_t pid = um_fork();
	int status;

	if (pid == 0) {
		setpgid(0, 0);
		fn(NULL);
		exit(um_result());
	}
	status = um_wait(pid);
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	return status;
}

/* Several hogs at once. */
static void
many_hogs(void *arg)
{
	pid_t pids[HOGS];

	(void)arg;
	for (int i = 0; i < HOGS; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0) {
			touch_memory(NULL);
			_exit(um_failures != 0);
		}
	}
	for (int i = 0; i < HOGS; i++) {
		int status = um_wait(pids[i]);

		EXPECT(status == 0 || status == 128 + SIGKILL);
	}
}

static long
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* A megabyte, a process, a program: in time. */
static void
machine_works(const char *after)
{
	long start = now_ns(), took;
	char *p = um_map(MIB, MAP_PRIVATE);
	pid_t pid;

	memset(p, 7, MIB);
	munmap(p, MIB);
	pid = um_fork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	EXPECT_EQ(0, um_wait(pid));
	took = now_ns() - start;
	if (took > 5 * SECOND)
		um_fail(
		    __FILE__, __LINE__, "after %s a program took %ld ms", after, took / 1000000);
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*fn)(void *);
	} ways[] = {
	    {"touching", touch_memory},
	    {"reading", read_memory},
	    {"mapping", map_memory},
	    {"page tables", spread_memory},
	    {"pipes", fill_pipes},
	    {"processes", fork_and_touch},
	    {"many hogs", many_hogs},
	};

	if (um_proc_value("/proc/meminfo", "MemTotal") > 256 * KIB)
		return UM_SKIP; /* it would take all day */
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int status = status_of_group(ways[i].fn);

		if (status != 0 && status != 128 + SIGKILL)
			um_fail(__FILE__, __LINE__, "%s: status %d", ways[i].name, status);
		machine_works(ways[i].name);
	}
	return um_result();
}
