/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every guest test stands on.
 *
 * A guest test is one program that asks one question, the first sentence of its header comment. It answers with its exit
 * status: 0 yes, 77 "cannot be asked here", anything else no, the reasons being on standard error. It passes on Linux as
 * well, except where it asks about something that only Umbra has.
 *
 * Under the grader, records go to file descriptor 3 (/dev/hvc1). A record ends in a checksum that depends on the nonce of
 * the run, and so do the values that um_value() reports: no constant text can pass for a result.
 */
#ifndef USER_TESTS_UMTEST_H
#define USER_TESTS_UMTEST_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UM_PAGE      ((size_t)4096)
#define UM_SKIP      77
#define UM_RECORD_FD 3

/* ---- Expectations: EXPECT goes on after a failure, REQUIRE gives up ------------------------- */

/* Failures of this process; a child starts from zero. */
static int um_failures;

static inline void
um_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	char text[400];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* One write: processes that fail at the same time do not mix their lines. */
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	__atomic_add_fetch(&um_failures, 1, __ATOMIC_RELAXED); /* by any thread */
}

/* What main returns at its end. */
static inline int
um_result(void)
{
	return um_failures == 0 ? 0 : 1;
}

static inline bool
um_expect(bool truth, const char *file, int line, const char *text)
{
	if (!truth)
		um_fail(file, line, "not true: %s", text);
	return truth;
}

/* => whether it is true */
#define EXPECT(cond) um_expect((cond), __FILE__, __LINE__, #cond)

#define EXPECT_EQ(want, got)                                                                       \
	do {                                                                                       \
		long long um_want = (long long)(want), um_got = (long long)(got);                  \
		if (um_want != um_got)                                                             \
			um_fail(__FILE__, __LINE__, "%s is %lld (%#llx), expected %lld (%#llx)",   \
			    #got, um_got, um_got, um_want, um_want);                               \
	} while (0)

/* The call fails (returns -1 as any integer or pointer type) with errno `want`. */
#define EXPECT_ERRNO(want, call)                                                                   \
	do {                                                                                       \
		errno = 0;                                                                         \
		long um_ret = (long)(call);                                                        \
		int um_err = errno;                                                                \
		if (um_ret != -1)                                                                  \
			um_fail(__FILE__, __LINE__, "%s succeeded (%ld), expected %s", #call,      \
			    um_ret, strerror(want));                                               \
		else if (um_err != (want))                                                         \
			um_fail(__FILE__, __LINE__, "%s: %s, expected %s", #call,                  \
			    strerror(um_err), strerror(want));                                     \
	} while (0)

#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			um_fail(__FILE__, __LINE__, "required: %s (errno: %s)", #cond,             \
			    strerror(errno));                                                      \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* ---- Numbers that depend on the run ---------------------------------------------------------- */

/* The i-th number of a sequence: splitmix64, a bijection that tests/grade computes as well. */
static inline uint64_t
um_mix(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint64_t
um_nonce(void)
{
	static uint64_t nonce; /* tests ask for it once a byte */
	const char *text;

	if (nonce == 0) {
		text = getenv("UM_NONCE");
		nonce = text != NULL ? strtoull(text, NULL, 16) : 1;
	}
	return nonce;
}

/* The checksum that ends a record: FNV-1a over the text, keyed with the nonce, then mixed. */
static inline uint64_t
um_checksum(uint64_t nonce, const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ nonce;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
	return um_mix(hash, 0);
}

/* Write one record: its text, its checksum, one newline, all in one write. */
static inline void
um_record(int fd, uint64_t nonce, const char *fmt, ...)
{
	char line[300];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = snprintf(line, sizeof(line), "um %016llx ", (unsigned long long)nonce);
	n += vsnprintf(line + n, sizeof(line) - n - 20, fmt, ap);
	va_end(ap);
	n += snprintf(
	    line + n, sizeof(line) - n, " %016llx\n", (unsigned long long)um_checksum(nonce, line));
	if (write(fd, line, n) != n)
		_exit(99);
}

/* Report a value that the grader knows how to predict from the nonce. The k-th call reports value k. */
static inline void
um_value(uint64_t value)
{
	static unsigned count;
	const char *name = getenv("UM_TEST");

	if (name != NULL)
		um_record(UM_RECORD_FD, um_nonce(), "%u value %s %016llx", count++, name,
		    (unsigned long long)value);
}

/* ---- Processes -------------------------------------------------------------------------------- */

static inline pid_t
um_fork(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0)
		um_failures = 0;
	return pid;
}

/* => the exit status of that child, 128+N if signal N ended it */
static inline int
um_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		REQUIRE(errno == EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Run fn(arg) in a child. => as um_wait; a failed expectation in the child makes it 1. */
static inline int
um_status_of(void (*fn)(void *), void *arg)
{
	pid_t pid = um_fork();

	if (pid == 0) {
		fn(arg);
		exit(um_result());
	}
	return um_wait(pid);
}

static inline void
um_sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

/* ---- Memory ----------------------------------------------------------------------------------- */

static inline void *
um_map(size_t len, int flags)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	return p;
}

static inline void
um_load(void *p)
{
	(void)*(volatile char *)p;
}

static inline void
um_store(void *p)
{
	*(volatile char *)p = 1;
}

/* What a touch of this address ends in: 0, or 128+signal. Asked in a child. */
static inline int
um_load_status(void *p)
{
	return um_status_of(um_load, p);
}

static inline int
um_store_status(void *p)
{
	return um_status_of(um_store, p);
}

/* ---- The machine ------------------------------------------------------------------------------ */

/* A system call as it is, without a library's opinion.  => -errno on failure */
static inline long
um_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;
	register long a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
			 : "memory");
	return a0;
}

/* A counter from /proc/vmstat or a field of /proc/meminfo.  => -1 if there is none */
static inline long
um_proc_value(const char *path, const char *name)
{
	char line[200];
	size_t len = strlen(name);
	long value = -1;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, len) == 0 && (line[len] == ' ' || line[len] == ':'))
			value = strtol(line + len + 1, NULL, 10);
	fclose(f);
	return value;
}

#endif
