/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When users call the kernel with numbers and addresses that chance picks, several at once, does it survive, and does the
 * machine go on as before?
 *
 * Each child is a user without rights and with limits, in a process group that is killed after a while. What the calls
 * return is not looked at: the other tests do that.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "user/tests/umtest.h"

#define ROUNDS   12
#define CHILDREN 4
#define TIME_MS  300
#define NOBODY   65534
#define AREA     (16 * UM_PAGE)
#define NUMBERS  460 /* system calls, and some that are none */
#define MINHERIT 1000

static char *area; /* writable, with holes and pages without rights */

static uint64_t
pick(uint64_t *state, uint64_t n)
{
	return um_mix(++*state, 0) % n;
}

/* Numbers and addresses that mean something, more often than not. */
static long
argument(uint64_t *state)
{
	static const long numbers[] = {0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 100, 255, 256, 512, 4095,
	    4096, 4097, 8192, 65535, 65536, 1048576, 0x7fffffff, 0x80000000, 0xffffffff, -1, -2,
	    -100, 0x3ffffff000, 0x4000000000, 0x7fffffffffffffff, (long)0x8000000000000000,
	    (long)0xffffffc000000000, (long)0xffffffe000000000, (long)0xffffffff80200000};
	const uint64_t count = sizeof(numbers) / sizeof(numbers[0]);

	switch (pick(state, 8)) {
	case 0:
	case 1:
	case 2:
		return numbers[pick(state, count)];
	case 3:
	case 4:
		return (long)(area + pick(state, AREA));
	case 5:
		return (long)(area + pick(state, 16) * UM_PAGE);
	case 6:
		return 1l << pick(state, 64);
	default:
		return (long)um_mix(++*state, 1);
	}
}

/* Calls that would end the child, or the test, without asking the kernel anything. */
static bool
is_left_out(long number)
{
	switch (number) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_reboot:
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_setsid:
	case SYS_setpgid:
		return true;
	default:
		return false;
	}
}

static void
prepare_area(uint64_t *state)
{
	area = um_map(AREA, MAP_PRIVATE);
	for (size_t i = 0; i < AREA / sizeof(long); i++)
		((long *)area)[i] = argument(state);
	strcpy(area, "/bin/true");
	strcpy(area + UM_PAGE, "file");
	strcpy(area + 2 * UM_PAGE, "/proc/self/maps");
	mprotect(area + 4 * UM_PAGE, UM_PAGE, PROT_READ);
	mprotect(area + 6 * UM_PAGE, UM_PAGE, PROT_NONE);
	munmap(area + 8 * UM_PAGE, UM_PAGE);
}

static void
become_harmless(void)
{
	struct rlimit processes = {20, 20}, memory = {8 << 20, 8 << 20}, size = {1 << 20, 1 << 20};

	setrlimit(RLIMIT_NPROC, &processes);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &size);
	REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

static void
call_at_random(uint64_t seed)
{
	uint64_t state = seed;
	int nothing = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 5; fd++)
		dup2(nothing, fd);
	prepare_area(&state);
	become_harmless();
	for (;;) {
		long number = pick(&state, 30) == 0 ? MINHERIT : (long)pick(&state, NUMBERS);

		if (!is_left_out(number))
			um_syscall(number, argument(&state), argument(&state), argument(&state),
			    argument(&state), argument(&state), argument(&state));
	}
}

int
main(void)
{
	pid_t pids[CHILDREN];

	if (geteuid() != 0 || um_proc_value("/proc/vmstat", "kstack_high_water") < 0)
		return UM_SKIP;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < CHILDREN; i++) {
			pids[i] = um_fork();
			if (pids[i] == 0) {
				setpgid(0, 0);
				call_at_random(um_mix(um_nonce(), round * CHILDREN + i));
			}
			setpgid(pids[i], pids[i]);
		}
		um_sleep_ms(TIME_MS);
		for (unsigned i = 0; i < CHILDREN; i++) {
			kill(-pids[i], SIGKILL);
			um_wait(pids[i]);
		}
	}
	EXPECT(access("/bin/true", X_OK) == 0);
	return um_result();
}
