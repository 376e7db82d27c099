/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes mappings in all kinds of states, lets somebody look, then touches each and says what happened.
 *
 * For tests/grade/inside.py, which has asked gdb's `umbra why` meanwhile what would happen: prints `case NAME ADDRESS ACCESS`
 * for each, `ready PID`, waits for a line, then prints `did NAME WHAT`, WHAT being the counters that moved, or the signal.
 */
#include <setjmp.h>

#include "user/tests/procfs.h"

#define PAGES 16

static const char *const watched[] = {
    "faults", "zero_fill", "zero_reads", "cow_copies", "cow_moves", "stack_growths", "pageins"};
#define WATCHED (sizeof(watched) / sizeof(watched[0]))

static struct subject {
	const char *name;
	char *at;
	char access; /* r or w */
} cases[16];
static int ncases;

static char text[16384];
static sigjmp_buf out;
static volatile int sig_code;

static void
add(const char *name, char *at, char access)
{
	cases[ncases++] = (struct subject){name, at, access};
}

/* A mapping without neighbours: a page on either side is not there. */
static char *
alone(int prot, int flags)
{
	char *p = mmap(NULL, (PAGES + 2) * UM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED && munmap(p, (PAGES + 2) * UM_PAGE) == 0);
	p = mmap(p + UM_PAGE, PAGES * UM_PAGE, prot, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	REQUIRE(p != MAP_FAILED);
	/* So that the next one lies elsewhere. */
	REQUIRE(mmap(p - UM_PAGE, UM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) != MAP_FAILED);
	return p;
}

/* By hand: nothing but the file's text may be touched. */
static void
read_counters(long value[WATCHED])
{
	int fd = open("/proc/vmstat", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	REQUIRE(n > 0);
	text[n] = '\0';
	for (size_t i = 0; i < WATCHED; i++)
		value[i] = proc_value(text, watched[i]);
}

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	sig_code = info->si_code;
	siglongjmp(out, 1);
}

static void
try_case(const struct subject *c)
{
	static long before[WATCHED], after[WATCHED];
	volatile bool survived = false;

	printf("did %s", c->name);
	read_counters(before);
	if (sigsetjmp(out, 1) == 0) {
		if (c->access == 'w')
			*(volatile char *)c->at = 1;
		else
			(void)*(volatile char *)c->at;
		survived = true;
	}
	read_counters(after);
	for (size_t i = 0; i < WATCHED; i++)
		if (after[i] != before[i])
			printf(" %s+%ld", watched[i], after[i] - before[i]);
	printf("%s\n", survived ? "" : sig_code == SEGV_MAPERR ? " MAPERR" : " ACCERR");
	fflush(stdout);
}

int
main(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	char line[16], *touched, *forked, *left;
	int hold[2];
	pid_t child;

	setvbuf(stdout, malloc(4096), _IOFBF, 4096);
	memset(text, 1, sizeof(text));
	REQUIRE(sigaction(SIGSEGV, &action, NULL) == 0 && pipe(hold) == 0);

	forked = alone(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memset(forked, 1, 4 * UM_PAGE);
	left = alone(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memset(left, 1, 4 * UM_PAGE);
	/* A child that stays has the first two; one that is gone had them too. */
	child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		close(hold[1]);
		REQUIRE(munmap(left, PAGES * UM_PAGE) == 0);
		*forked = 2;
		_exit((int)read(hold[0], line, 1));
	}
	close(hold[0]);
	touched = alone(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memset(touched, 1, 2 * UM_PAGE);
	um_sleep_ms(200);

	add("shared-with-child", forked, 'w');
	add("shared-with-child-read", forked + UM_PAGE, 'r');
	add("shared-untouched", forked + 9 * UM_PAGE, 'w');
	add("left-by-child", left, 'w');
	add("resident", touched, 'w');
	add("untouched-there", touched + 9 * UM_PAGE, 'w');
	add("fresh-read", alone(PROT_READ | PROT_WRITE, MAP_PRIVATE), 'r');
	add("fresh-write", alone(PROT_READ | PROT_WRITE, MAP_PRIVATE), 'w');
	add("fresh-shared-read", alone(PROT_READ | PROT_WRITE, MAP_SHARED), 'r');
	add("read-only", alone(PROT_READ, MAP_PRIVATE), 'w');
	add("no-rights", alone(PROT_NONE, MAP_PRIVATE), 'r');
	add("text", (char *)main, 'w');
	add("nowhere", (char *)0x11000, 'r');

	for (int i = 0; i < ncases; i++)
		printf("case %s %#lx %c\n", cases[i].name, (unsigned long)cases[i].at,
		    cases[i].access);
	printf("ready %d\n", getpid());
	fflush(stdout);
	REQUIRE(fgets(line, sizeof(line), stdin) != NULL);
	/* Once for nothing: what reading counters needs is there from then on. */
	read_counters((long[WATCHED]){0});
	for (int i = 0; i < ncases; i++)
		try_case(&cases[i]);
	close(hold[1]);
	return 0;
}
