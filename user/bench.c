/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What operations cost, in guest instructions.
 *
 *      bench [-l] [ROW...]
 *
 * Meant for `make bench`: one hart under `-icount shift=0`, where virtual time is one nanosecond an
 * instruction, so a tick of the 10 MHz clock is 100 instructions, exactly and on any host.  Each
 * row is measured in rounds; the least one counts.  The same source runs on Linux, which is what
 * the figures are compared with: `riscv64-linux-gnu-gcc -O2 -static user/bench.c`.
 *
 * A row function does its operation n times and returns the ticks that took, leaving out what it
 * needs to set up.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS         7
#define PAGE           4096ul
#define INSNS_PER_TICK 100

static const char *self_path;
static long sink; /* what is read is used */

static void
die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
ticks(void)
{
	uint64_t t;

	__asm__ volatile("rdtime %0" : "=r"(t));
	return t;
}

static char *
map_pages(size_t n, int flags)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void
unmap_pages(char *p, size_t n)
{
	if (munmap(p, n * PAGE) != 0)
		die("munmap");
}

static void
write_pages(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*(volatile char *)(p + i * PAGE) = 1;
}

static void
read_pages(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink += *(volatile char *)(p + i * PAGE);
}

static pid_t
fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

static void
reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("child");
}

/*
 * System calls and switches.
 */

static uint64_t
row_null(size_t n)
{
	uint64_t t = ticks();

	for (size_t i = 0; i < n; i++)
		sink += getppid();
	return ticks() - t;
}

static uint64_t
row_pipe(size_t n)
{
	int to[2], from[2];
	char c = 'x';
	uint64_t t;
	pid_t pid;

	if (pipe(to) != 0 || pipe(from) != 0)
		die("pipe");
	pid = fork_or_die();
	if (pid == 0) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1) {
			if (write(from[1], &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	t = ticks();
	for (size_t i = 0; i < n; i++) {
		if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
			die("pipe");
	}
	t = ticks() - t;
	close(to[1]);
	reap(pid);
	close(to[0]);
	close(from[0]);
	close(from[1]);
	return t;
}

static uint64_t
row_yield_switch(size_t n)
{
	volatile char *stop = map_pages(1, MAP_SHARED);
	uint64_t t;
	pid_t pid = fork_or_die();

	if (pid == 0) {
		while (!*stop)
			sched_yield();
		_exit(0);
	}
	sched_yield();
	t = ticks();
	for (size_t i = 0; i < n / 2; i++)
		sched_yield();
	t = ticks() - t;
	*stop = 1;
	reap(pid);
	unmap_pages((char *)stop, 1);
	return t;
}

/*
 * fork.
 */

static uint64_t
fork_exit_wait(size_t n)
{
	uint64_t t = ticks();

	for (size_t i = 0; i < n; i++) {
		pid_t pid = fork_or_die();

		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	return ticks() - t;
}

static uint64_t
fork_with(size_t pages, size_t n, int write_again)
{
	char *p = map_pages(pages, MAP_PRIVATE);
	uint64_t t = 0;

	write_pages(p, pages);
	fork_exit_wait(1);
	if (write_again) {
		t = ticks();
		for (size_t i = 0; i < n; i++) {
			write_pages(p, pages);
			fork_exit_wait(1);
		}
		t = ticks() - t;
	} else {
		t = fork_exit_wait(n);
	}
	unmap_pages(p, pages);
	return t;
}

static uint64_t
row_fork_1m(size_t n)
{
	return fork_with(256, n, 0);
}

static uint64_t
row_fork_16m(size_t n)
{
	return fork_with(4096, n, 0);
}

static uint64_t
row_fork_64m(size_t n)
{
	return fork_with(16384, n, 0);
}

static uint64_t
row_refork_1m(size_t n)
{
	return fork_with(256, n, 1);
}

/* The child measures, and tells through shared memory. */
static uint64_t
row_cow_copy(size_t n)
{
	char *p = map_pages(n, MAP_PRIVATE);
	uint64_t *told = (uint64_t *)map_pages(1, MAP_SHARED), t;
	pid_t pid;

	write_pages(p, n);
	*told = 0;
	pid = fork_or_die();
	if (pid == 0) {
		t = ticks();
		write_pages(p, n);
		*told = ticks() - t;
		_exit(0);
	}
	reap(pid);
	t = *told;
	unmap_pages(p, n);
	unmap_pages((char *)told, 1);
	return t;
}

static uint64_t
row_cow_reuse(size_t n)
{
	char *p = map_pages(n, MAP_PRIVATE);
	uint64_t t;

	write_pages(p, n);
	fork_exit_wait(1);
	t = ticks();
	write_pages(p, n);
	t = ticks() - t;
	unmap_pages(p, n);
	return t;
}

#define GENERATIONS 32

/* Each generation writes one page and forks the next, all stay alive; the last one touches all
 * pages. */
static uint64_t
chain(size_t n, void (*touch)(char *, size_t))
{
	char *p = map_pages(n + GENERATIONS, MAP_PRIVATE);
	uint64_t *told = (uint64_t *)map_pages(1, MAP_SHARED), t;
	pid_t pid = 1;
	int generation;

	write_pages(p, n + GENERATIONS);
	*told = 0;
	for (generation = 0; generation < GENERATIONS; generation++) {
		p[(n + (size_t)generation) * PAGE] = 2;
		pid = fork_or_die();
		if (pid != 0)
			break;
	}
	if (generation == GENERATIONS) {
		t = ticks();
		touch(p, n);
		*told = ticks() - t;
		_exit(0);
	}
	reap(pid);
	if (generation > 0)
		_exit(0);
	t = *told;
	unmap_pages(p, n + GENERATIONS);
	unmap_pages((char *)told, 1);
	return t;
}

static uint64_t
row_chain_read(size_t n)
{
	return chain(n, read_pages);
}

static uint64_t
row_chain_write(size_t n)
{
	return chain(n, write_pages);
}

/*
 * exec.
 */

static uint64_t
exec_wait(const char *path, char *const argv[], size_t n)
{
	uint64_t t = ticks();

	for (size_t i = 0; i < n; i++) {
		pid_t pid = fork_or_die();

		if (pid == 0) {
			execv(path, argv);
			_exit(1);
		}
		reap(pid);
	}
	return ticks() - t;
}

static uint64_t
row_exec_tiny(size_t n)
{
	char *argv[] = {"/bin/true", NULL};

	return exec_wait("/bin/true", argv, n);
}

static uint64_t
row_exec_self(size_t n)
{
	char *argv[] = {"bench", "-x", NULL};

	return exec_wait(self_path, argv, n);
}

/*
 * Mapping and touching.
 */

static uint64_t
row_mmap_64k(size_t n)
{
	uint64_t t = ticks();

	for (size_t i = 0; i < n; i++)
		unmap_pages(map_pages(16, MAP_PRIVATE), 16);
	return ticks() - t;
}

static uint64_t
touch_fresh(size_t n, void (*touch)(char *, size_t))
{
	char *p = map_pages(n, MAP_PRIVATE);
	uint64_t t = ticks();

	touch(p, n);
	t = ticks() - t;
	unmap_pages(p, n);
	return t;
}

static uint64_t
row_zero_write(size_t n)
{
	return touch_fresh(n, write_pages);
}

static uint64_t
row_zero_read(size_t n)
{
	return touch_fresh(n, read_pages);
}

static uint64_t
row_zero_unmap(size_t n)
{
	char *p = map_pages(n, MAP_PRIVATE);
	uint64_t t;

	write_pages(p, n);
	t = ticks();
	unmap_pages(p, n);
	return ticks() - t;
}

/* A file of n pages, in the cache. */
static int
cached_file(size_t n)
{
	static char page[PAGE];
	int fd = open("/tmp/bench.dat", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		die("/tmp/bench.dat");
	memset(page, 'u', sizeof(page));
	for (size_t i = 0; i < n; i++) {
		if (write(fd, page, PAGE) != (ssize_t)PAGE)
			die("write");
	}
	unlink("/tmp/bench.dat");
	return fd;
}

static uint64_t
touch_file(size_t n, void (*touch)(char *, size_t))
{
	int fd = cached_file(n);
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	uint64_t t;

	if (p == MAP_FAILED)
		die("mmap file");
	t = ticks();
	touch(p, n);
	t = ticks() - t;
	unmap_pages(p, n);
	close(fd);
	return t;
}

static uint64_t
row_file_read(size_t n)
{
	return touch_file(n, read_pages);
}

static uint64_t
row_file_write(size_t n)
{
	return touch_file(n, write_pages);
}

/* n bytes, 4 KiB a call. */
static uint64_t
row_read_4k(size_t n)
{
	static char page[PAGE];
	size_t pages = n / PAGE;
	int fd = cached_file(pages);
	uint64_t t;

	lseek(fd, 0, SEEK_SET);
	t = ticks();
	for (size_t i = 0; i < pages; i++) {
		if (read(fd, page, PAGE) != (ssize_t)PAGE)
			die("read");
	}
	t = ticks() - t;
	close(fd);
	return t;
}

static uint64_t
row_mprotect(size_t n)
{
	char *p = map_pages(1024, MAP_PRIVATE);
	uint64_t t;

	write_pages(p, 1024);
	t = ticks();
	for (size_t i = 0; i < n; i++) {
		if (mprotect(p + 512 * PAGE, PAGE, PROT_READ) != 0 ||
		    mprotect(p + 512 * PAGE, PAGE, PROT_READ | PROT_WRITE) != 0)
			die("mprotect");
	}
	t = ticks() - t;
	unmap_pages(p, 1024);
	return t;
}

/*
 * With 10,000 mappings: every second page of a range, so that no two are adjacent.
 */
#define MANY 10000

static char *
many_mappings(void)
{
	char *p = mmap(NULL, 2 * MANY * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	unmap_pages(p, 2 * MANY);
	for (size_t i = 0; i < MANY; i++) {
		if (mmap(p + 2 * i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			die("mmap fixed");
	}
	return p;
}

/* which: what of map, write, unmap is measured. */
static uint64_t
many(size_t n, int which)
{
	char *all = many_mappings(),
	     **p = (char **)map_pages(n * sizeof(char *) / PAGE + 1, MAP_PRIVATE);
	uint64_t t[4];

	write_pages((char *)p, n * sizeof(char *) / PAGE + 1);
	t[0] = ticks();
	for (size_t i = 0; i < n; i++)
		p[i] = mmap(NULL, PAGE,
		    i % 2 ? PROT_READ | PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	t[1] = ticks();
	for (size_t i = 0; i < n; i++)
		write_pages(p[i], 1);
	t[2] = ticks();
	for (size_t i = 0; i < n; i++)
		unmap_pages(p[i], 1);
	t[3] = ticks();
	unmap_pages(all, 2 * MANY);
	unmap_pages((char *)p, n * sizeof(char *) / PAGE + 1);
	return t[which + 1] - t[which];
}

static uint64_t
row_many_mmap(size_t n)
{
	return many(n, 0);
}

static uint64_t
row_many_fault(size_t n)
{
	return many(n, 1);
}

static uint64_t
row_many_munmap(size_t n)
{
	return many(n, 2);
}

/*
 * A fault on purpose.
 */
static char *segv_page;

static void
on_segv(int sig)
{
	(void)sig;
	if (mprotect(segv_page, PAGE, PROT_READ | PROT_WRITE) != 0)
		_exit(1);
}

static uint64_t
row_segv(size_t n)
{
	struct sigaction sa = {.sa_handler = on_segv};
	uint64_t t;

	segv_page = map_pages(1, MAP_PRIVATE);
	write_pages(segv_page, 1);
	if (sigaction(SIGSEGV, &sa, NULL) != 0)
		die("sigaction");
	t = ticks();
	for (size_t i = 0; i < n; i++) {
		if (mprotect(segv_page, PAGE, PROT_READ) != 0)
			die("mprotect");
		*(volatile char *)segv_page = 1;
	}
	t = ticks() - t;
	signal(SIGSEGV, SIG_DFL);
	unmap_pages(segv_page, 1);
	return t;
}

/*
 * The same four operations in maps of growing size.
 */

/* Let this process have at least so many mappings that nothing joins, from now on. */
static void
have_entries(size_t n)
{
	static size_t have;
	int fd;
	char *p;

	if (have >= n)
		return;
	fd = open("/proc/sys/vm/max_map_count", O_WRONLY);
	if (fd < 0 || write(fd, "200000", 6) != 6)
		die("/proc/sys/vm/max_map_count");
	close(fd);
	p = mmap(NULL, (n - have) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die("mmap");
	for (; have < n; have += 2, p += 2 * PAGE) {
		if (mprotect(p, PAGE, PROT_READ) != 0)
			die("mprotect");
	}
}

static uint64_t
map_operations(size_t entries, size_t n)
{
	uint64_t t;

	have_entries(entries);
	t = ticks();
	for (size_t i = 0; i < n; i++) {
		char *p = map_pages(2, MAP_PRIVATE);

		*(volatile char *)p = 1;
		if (mprotect(p, PAGE, PROT_READ) != 0)
			die("mprotect");
		unmap_pages(p, 2);
	}
	return ticks() - t;
}

static uint64_t
row_map_100(size_t n)
{
	return map_operations(100, n);
}

static uint64_t
row_map_10k(size_t n)
{
	return map_operations(10000, n);
}

static uint64_t
row_map_100k(size_t n)
{
	return map_operations(100000, n);
}

/*
 * The table.
 */
static const struct row {
	const char *name;
	size_t n; /* operations a round */
	uint64_t (*run)(size_t n);
} rows[] = {
    {"null", 2000, row_null},
    {"pipe", 500, row_pipe},
    {"yield-switch", 1000, row_yield_switch},
    {"fork-small", 20, fork_exit_wait},
    {"fork-1m", 10, row_fork_1m},
    {"fork-16m", 5, row_fork_16m},
    {"fork-64m", 3, row_fork_64m},
    {"refork-1m", 10, row_refork_1m},
    {"cow-copy", 512, row_cow_copy},
    {"cow-reuse", 512, row_cow_reuse},
    {"chain-read", 512, row_chain_read},
    {"chain-write", 512, row_chain_write},
    {"exec-tiny", 10, row_exec_tiny},
    {"exec-self", 10, row_exec_self},
    {"mmap-64k", 500, row_mmap_64k},
    {"zero-write", 1024, row_zero_write},
    {"zero-read", 1024, row_zero_read},
    {"zero-unmap", 1024, row_zero_unmap},
    {"file-read", 512, row_file_read},
    {"file-write", 512, row_file_write},
    {"mprotect", 300, row_mprotect},
    {"many-mmap", 500, row_many_mmap},
    {"many-fault", 500, row_many_fault},
    {"many-munmap", 500, row_many_munmap},
    {"read-4k", 256 * PAGE, row_read_4k},
    {"segv", 300, row_segv},
    {"map-100", 500, row_map_100}, /* these three last, in this order */
    {"map-10k", 500, row_map_10k},
    {"map-100k", 500, row_map_100k},
};

static void
measure(const struct row *r)
{
	uint64_t least = UINT64_MAX;

	for (int round = 0; round < ROUNDS + 1; round++) {
		uint64_t t = r->run(r->n);

		if (round > 0 && t < least)
			least = t;
	}
	printf("%-14s %.3f\n", r->name, (double)least * INSNS_PER_TICK / (double)r->n);
	fflush(stdout);
}

static int
wanted(const char *name, char **argv)
{
	if (*argv == NULL)
		return 1;
	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, name) == 0)
			return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct timespec settle = {.tv_sec = 5};
	uint64_t since_reset = ticks();
	int list = argc > 1 && strcmp(argv[1], "-l") == 0;

	self_path = "/proc/self/exe";
	if (argc > 1 && strcmp(argv[1], "-x") == 0)
		return 0;
	if (argc > 1 && argv[1][0] == '-' && !list) {
		fprintf(stderr, "usage: bench [-l] [ROW...]\n");
		return 2;
	}
	/* How far it is from reset to a program that the shell starts. */
	if (!list && wanted("boot", argv + 1))
		printf("%-14s %lu\n", "boot", (unsigned long)(since_reset * INSNS_PER_TICK));
	if (!list)
		nanosleep(&settle, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (list)
			printf("%s\n", rows[i].name);
		else if (wanted(rows[i].name, argv + 1))
			measure(&rows[i]);
	}
	return 0;
}
