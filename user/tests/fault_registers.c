/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do all registers survive page faults, system calls and the timer?
 * Every register but sp, gp, tp, s0 and the four that the loop itself needs gets a value of its own; then memory is touched
 * that has to be filled in, getpid is called, and each value is checked. Four processes do so at once.
 */
#include "user/tests/umtest.h"

#define ROUNDS   4000
#define PAGES    512

#define INTEGERS "1,6,7,9,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define FLOATS                                                                                     \
	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* => 0 if all registers held. A store to `page` and a getpid happen while they are loaded. */
static long
round_trip(volatile char *page, long seed)
{
	register long a0 __asm__("a0") = seed;
	register volatile char *a1 __asm__("a1") = page;

	__asm__ volatile("mv t0, a0\n"
			 ".irp r, " INTEGERS "\n"
			 "addi x\\r, t0, \\r\n"
			 ".endr\n"
			 ".irp r, " FLOATS "\n"
			 "addi a0, t0, \\r\n"
			 "fmv.d.x f\\r, a0\n"
			 ".endr\n"
			 "sb zero, 0(a1)\n"
			 "li a7, 172\n"
			 "ecall\n"
			 "li a0, 0\n"
			 ".irp r, " INTEGERS "\n"
			 "addi x\\r, x\\r, -\\r\n"
			 "sub x\\r, x\\r, t0\n"
			 "or a0, a0, x\\r\n"
			 ".endr\n"
			 ".irp r, " FLOATS "\n"
			 "fmv.x.d t1, f\\r\n"
			 "addi t1, t1, -\\r\n"
			 "sub t1, t1, t0\n"
			 "or a0, a0, t1\n"
			 ".endr\n"
			 : "+r"(a0)
			 : "r"(a1)
			 : "memory", "x1", "x5", "x6", "x7", "x9", "x12", "x13", "x14", "x15",
			 "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25",
			 "x26", "x27", "x28", "x29", "x30", "x31", "f0", "f1", "f2", "f3", "f4",
			 "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", "f15",
			 "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24", "f25",
			 "f26", "f27", "f28", "f29", "f30", "f31");
	return a0;
}

static void
rounds(void *arg)
{
	long seed = (long)arg * 1000003;
	char *page = NULL;

	for (int i = 0; i < ROUNDS; i++) {
		if (i % PAGES == 0) {
			if (page != NULL)
				munmap(page, PAGES * UM_PAGE);
			page = um_map(PAGES * UM_PAGE, MAP_PRIVATE);
		}
		if (!EXPECT(round_trip(page + i % PAGES * UM_PAGE, seed + i) == 0))
			return;
	}
}

int
main(void)
{
	pid_t pids[4];

	for (long i = 0; i < 4; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0) {
			rounds((void *)i);
			exit(um_result());
		}
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, um_wait(pids[i]));
	return um_result();
}
