/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does every system call that takes a pointer answer each kind of bad pointer with an errno, and survive it?
 *
 * The other arguments are good ones, so that the pointer is really looked at. Expected is EFAULT; a call may also prefer to
 * complain about something else first, and where a null pointer has a meaning it may succeed with it.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "user/tests/umtest.h"

/* What stands for the pointer under test, and for other good arguments. */
enum { BAD = -1000001, FD, DIR_FD, PIPE_R, PIPE_W, PATH, PATH2, BUF, PID, EXE };

/* Which pointers make no sense as input (IN), as output (OUT: read-only memory is bad as well). */
enum { IN = 1, OUT = 2, NULL_OK = 4, NULL_BLOCKS = 8, IGNORED = 16 };

static const struct call {
	const char *name;
	int number;
	int kind;
	long arg[6];
} table[] = {
    {"getcwd", 17, OUT, {BAD, 100}},
    {"ioctl(TCGETS)", 29, OUT | NULL_OK, {FD, 0x5401, BAD}},
    {"mkdirat", 34, IN, {AT_FDCWD, BAD, 0755}},
    {"unlinkat", 35, IN, {AT_FDCWD, BAD, 0}},
    {"symlinkat target", 36, IN, {BAD, AT_FDCWD, PATH2}},
    {"symlinkat", 36, IN, {PATH, AT_FDCWD, BAD}},
    {"linkat from", 37, IN, {AT_FDCWD, BAD, AT_FDCWD, PATH2, 0}},
    {"linkat to", 37, IN, {AT_FDCWD, PATH, AT_FDCWD, BAD, 0}},
    {"statfs path", 43, IN, {BAD, BUF}},
    {"statfs", 43, OUT, {PATH, BAD}},
    {"fstatfs", 44, OUT, {FD, BAD}},
    {"truncate", 45, IN, {BAD, 0}},
    {"faccessat", 48, IN, {AT_FDCWD, BAD, 0}},
    {"chdir", 49, IN, {BAD}},
    {"fchmodat", 53, IN, {AT_FDCWD, BAD, 0644}},
    {"fchownat", 54, IN, {AT_FDCWD, BAD, -1, -1, 0}},
    {"openat", 56, IN, {AT_FDCWD, BAD, O_RDONLY}},
    {"pipe2", 59, OUT, {BAD, 0}},
    {"getdents64", 61, OUT, {DIR_FD, BAD, 1024}},
    {"read file", 63, OUT, {FD, BAD, 64}},
    {"read pipe", 63, OUT, {PIPE_R, BAD, 10}},
    {"write file", 64, IN, {FD, BAD, 64}},
    {"write pipe", 64, IN, {PIPE_W, BAD, 64}},
    {"readv", 65, IN, {FD, BAD, 2}},
    {"writev", 66, IN, {FD, BAD, 2}},
    {"pread64", 67, OUT, {FD, BAD, 64, 0}},
    {"pwrite64", 68, IN, {FD, BAD, 64, 0}},
    {"pselect6 set", 72, OUT | NULL_OK, {1, BAD, 0, 0, BUF, 0}},
    {"pselect6 timeout", 72, IN | NULL_BLOCKS, {1, 0, 0, 0, BAD, 0}},
    {"ppoll", 73, OUT, {BAD, 1, BUF, 0}},
    {"ppoll timeout", 73, IN | NULL_BLOCKS, {BUF, 0, BAD, 0}},
    {"readlinkat path", 78, IN, {AT_FDCWD, BAD, BUF, 64}},
    {"newfstatat path", 79, IN, {AT_FDCWD, BAD, BUF, 0}},
    {"newfstatat", 79, OUT, {AT_FDCWD, PATH, BAD, 0}},
    {"fstat", 80, OUT, {FD, BAD}},
    {"utimensat times", 88, IN | NULL_OK, {AT_FDCWD, PATH, BAD, 0}},
    {"nanosleep", 101, IN, {BAD, 0}},
    {"clock_gettime", 113, OUT, {1, BAD}},
    {"clock_getres", 114, OUT | NULL_OK, {1, BAD}},
    {"clock_nanosleep", 115, IN, {1, 0, BAD, 0}},
    {"rt_sigsuspend", 133, IN, {BAD, 8}},
    {"rt_sigaction", 134, IN | NULL_OK, {SIGUSR1, BAD, 0, 8}},
    {"rt_sigaction old", 134, OUT | NULL_OK, {SIGUSR1, 0, BAD, 8}},
    {"rt_sigprocmask", 135, IN | NULL_OK, {SIG_BLOCK, BAD, 0, 8}},
    {"rt_sigprocmask old", 135, OUT | NULL_OK, {SIG_BLOCK, 0, BAD, 8}},
    {"rt_sigpending", 136, OUT, {BAD, 8}},
    {"times", 153, OUT | NULL_OK, {BAD}},
    {"uname", 160, OUT, {BAD}},
    {"getrlimit", 163, OUT, {3, BAD}},
    {"getrusage", 165, OUT, {0, BAD}},
    {"gettimeofday", 169, OUT | NULL_OK, {BAD, 0}},
    {"sysinfo", 179, OUT, {BAD}},
    {"execve path", 221, IN, {BAD, 0, 0}},
    {"execve argv", 221, IN | NULL_OK, {EXE, BAD, 0}},
    {"execve envp", 221, IN | NULL_OK, {EXE, 0, BAD}},
    {"wait4 status", 260, OUT | NULL_OK, {PID, BAD, 0, 0}},
    {"prlimit64", 261, OUT | NULL_OK, {0, 3, 0, BAD}},
    {"renameat2 from", 276, IN, {AT_FDCWD, BAD, AT_FDCWD, PATH2, 0}},
    {"renameat2 to", 276, IN, {AT_FDCWD, PATH, AT_FDCWD, BAD, 0}},
    {"getrandom", 278, OUT, {BAD, 16, 0}},
    {"fork's child tid", 220, OUT | IGNORED, {0x01000011, 0, 0, 0, BAD}},
};

static struct {
	int fd, dir, pipe[2];
	char *buf, *readonly, *edge, *none;
} good;

static const char path[] = "/tmp/bad_pointers", path2[] = "/tmp/bad_pointers.2";

static const char *self;

static void
make_good(void)
{
	good.fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
	good.dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	REQUIRE(good.fd >= 0 && good.dir >= 0 && pipe2(good.pipe, O_NONBLOCK) == 0);
	REQUIRE(write(good.fd, path, 100 < sizeof(path) ? 100 : sizeof(path)) > 0);
	REQUIRE(write(good.pipe[1], "0123456789", 10) == 10);
	lseek(good.fd, 0, SEEK_SET);
	good.buf = um_map(4 * UM_PAGE, MAP_PRIVATE);
	good.readonly = um_map(UM_PAGE, MAP_PRIVATE);
	REQUIRE(mprotect(good.readonly, UM_PAGE, PROT_READ) == 0);
	good.edge = um_map(2 * UM_PAGE, MAP_PRIVATE);
	memset(good.edge, 'e', UM_PAGE);
	REQUIRE(munmap(good.edge + UM_PAGE, UM_PAGE) == 0);
	good.none = um_map(UM_PAGE, MAP_PRIVATE);
	REQUIRE(mprotect(good.none, UM_PAGE, PROT_NONE) == 0);
}

static long
resolve(long arg, long bad)
{
	switch (arg) {
	case BAD:
		return bad;
	case FD:
		return good.fd;
	case DIR_FD:
		return good.dir;
	case PIPE_R:
		return good.pipe[0];
	case PIPE_W:
		return good.pipe[1];
	case PATH:
		return (long)path;
	case PATH2:
		return (long)path2;
	case EXE:
		return (long)self;
	case BUF:
		return (long)good.buf;
	default:
		return arg;
	}
}

struct attempt {
	const struct call *call;
	long bad;
	long result;
};

/* In a child of its own: a call that wrongly succeeds may change what the next one relies on. */
static void
attempt(void *arg)
{
	struct attempt *a = arg;
	const long *v = a->call->arg;
	long real[6];
	pid_t pid = 0;

	if (a->call->number == 260) {
		pid = um_fork();
		if (pid == 0)
			_exit(0);
	}
	for (int i = 0; i < 6; i++)
		real[i] = v[i] == PID ? pid : resolve(v[i], a->bad);
	a->result =
	    um_syscall(a->call->number, real[0], real[1], real[2], real[3], real[4], real[5]);
	_exit(0);
}

static bool
is_fine(const struct call *call, long bad, long result)
{
	/* A transfer may end at the hole with what fitted before it. */
	if (bad == (long)good.edge + (long)UM_PAGE - 1 && result == 1)
		return true;
	/* The call is not there, or looks at something else first, or not at all. */
	if (call->kind & IGNORED)
		return true;
	if (result == -ENOSYS || result == -ENOTTY)
		return true;
	if (bad == 0 && (call->kind & NULL_OK))
		return true;
	return result == -EFAULT;
}

static void
try(struct attempt *shared, const struct call *call, long bad, const char *what)
{
	int status;

	*shared = (struct attempt){call, bad, 0};
	status = um_status_of(attempt, shared);
	/* A program replaced by execve, or a child of fork's test, ends in its own way. */
	if (status != 0 && !(call->number == 221 && bad == 0) && call->number != 220)
		um_fail(__FILE__, __LINE__, "%s with %s: the process died (%d)", call->name, what,
		    status);
	if (!is_fine(call, bad, shared->result))
		um_fail(__FILE__, __LINE__, "%s with %s: %ld, expected %d (EFAULT)", call->name,
		    what, shared->result, -EFAULT);
}

int
main(int argc, char *argv[])
{
	struct attempt *shared = um_map(UM_PAGE, MAP_SHARED);

	/* We are what execve with a null argv started. */
	if (argc < 1 || argv[0][0] == '\0')
		return 0;
	self = access("/tests/bad_pointers", X_OK) == 0 ? "/tests/bad_pointers" : "/proc/self/exe";
	make_good();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct call *call = &table[i];

		if (!(call->kind & NULL_BLOCKS))
			try(shared, call, 0, "a null pointer");
		try(shared, call, 8, "the address 8");
		try(shared, call, (long)good.none, "a page without access");
		try(shared, call, 0x4000000000, "the end of user space");
		try(shared, call, -8, "the address -8");
		try(shared, call, (long)0xffffffc080200000, "the kernel's direct map");
		try(shared, call, (long)0xffffffff80000000, "the kernel's image");
		try(shared, call, (long)0x8000000000000000, "a non-canonical address");
		try(shared, call, (long)good.edge + UM_PAGE - 1, "the last byte before a hole");
		if (call->kind & OUT)
			try(shared, call, (long)good.readonly, "read-only memory");
	}
	unlink(path);
	unlink(path2);
	return um_result();
}
