/* SPDX-License-Identifier: BSD-2-Clause */
/* Do all floating-point registers survive handlers, forks, other processes, and threads? */
#include "user/tests/umthread.h"

static volatile sig_atomic_t handled;

/* Fills f0..f31 from `in`, runs `ecall` with a7, a0, a1, then stores f0..f31 to `out`. */
static long
across_call(const double *in, double *out, long number, long arg0, long arg1)
{
	register long a0 __asm__("a0") = arg0;
	register long a1 __asm__("a1") = arg1;
	register const double *a2 __asm__("a2") = in;
	register double *a3 __asm__("a3") = out;
	register long a7 __asm__("a7") = number;

#define EACH(op, base)                                                                             \
	op " f0,0(" base ");" op " f1,8(" base ");" op " f2,16(" base ");" op " f3,24(" base       \
	   ");" op " f4,32(" base ");" op " f5,40(" base ");" op " f6,48(" base ");" op            \
	   " f7,56(" base ");" op " f8,64(" base ");" op " f9,72(" base ");" op " f10,80(" base    \
	   ");" op " f11,88(" base ");" op " f12,96(" base ");" op " f13,104(" base ");" op        \
	   " f14,112(" base ");" op " f15,120(" base ");" op " f16,128(" base ");" op              \
	   " f17,136(" base ");" op " f18,144(" base ");" op " f19,152(" base ");" op              \
	   " f20,160(" base ");" op " f21,168(" base ");" op " f22,176(" base ");" op              \
	   " f23,184(" base ");" op " f24,192(" base ");" op " f25,200(" base ");" op              \
	   " f26,208(" base ");" op " f27,216(" base ");" op " f28,224(" base ");" op              \
	   " f29,232(" base ");" op " f30,240(" base ");" op " f31,248(" base ");"
	__asm__ volatile(EACH("fld", "a2") "ecall;" EACH("fsd", "a3")
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a7)
			 : "memory", "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9",
			 "f10", "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18", "f19",
			 "f20", "f21", "f22", "f23", "f24", "f25", "f26", "f27", "f28", "f29",
			 "f30", "f31");
	return a0;
}

static void
fill(double *in, long seed)
{
	for (int i = 0; i < 32; i++)
		in[i] = seed * 1000 + i + 0.5;
}

static void
compare(const double *in, const double *out, const char *when)
{
	for (int i = 0; i < 32; i++)
		if (in[i] != out[i])
			um_fail(__FILE__, __LINE__, "%s: f%d changed", when, i);
}

static unsigned
get_fcsr(void)
{
	unsigned v;

	__asm__ volatile("frcsr %0" : "=r"(v));
	return v;
}

static void
spoil(int sig)
{
	double in[32], out[32];

	(void)sig;
	fill(in, 777);
	across_call(in, out, SYS_getpid, 0, 0);
	__asm__ volatile("fscsr %0" : : "r"(0x5f));
	handled++;
}

static void
handlers(void)
{
	double in[32], out[32];

	signal(SIGUSR1, spoil);
	for (int i = 1; i <= 20; i++) {
		fill(in, i);
		__asm__ volatile("fscsr %0" : : "r"(0x21));
		across_call(in, out, SYS_kill, getpid(), SIGUSR1);
		EXPECT_EQ(0x21, get_fcsr());
		compare(in, out, "handler");
		EXPECT_EQ(i, handled);
	}
}

static void
forks(void)
{
	double in[32], out[32];

	for (int i = 1; i <= 5; i++) {
		fill(in, -i);
		__asm__ volatile("fscsr %0" : : "r"(0x62));
		long pid = across_call(in, out, SYS_clone, SIGCHLD, 0);

		REQUIRE(pid >= 0);
		if (pid == 0) {
			um_failures = 0;
			EXPECT_EQ(0x62, get_fcsr());
			compare(in, out, "fork, in the child");
			_exit(um_result());
		}
		compare(in, out, "fork, in the parent");
		EXPECT_EQ(0, um_wait(pid));
	}
	__asm__ volatile("fscsr %0" : : "r"(0));
}

/* A fresh program and a thread are switched to and from all the time. */
static void *
yields(void *arg)
{
	double in[32], out[32];

	for (int i = 0; i < 200; i++) {
		fill(in, (long)arg * 1000 + i);
		across_call(in, out, SYS_sched_yield, 0, 0);
		compare(in, out, "yield");
	}
	return NULL;
}

static void
alone(void *arg)
{
	yields(arg);
}

int
main(void)
{
	handlers();
	forks();
	um_threads(4, yields);
	pid_t pid[3];

	for (long i = 0; i < 3; i++) {
		pid[i] = um_fork();
		if (pid[i] == 0) {
			alone((void *)(i + 10));
			exit(um_result());
		}
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, um_wait(pid[i]));
	return um_result();
}
