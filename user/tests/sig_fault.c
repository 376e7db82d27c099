/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do faults come with the signal, code and address that tell them apart, and can a handler mend or
 * leave the place?
 */
#include <fcntl.h>
#include <setjmp.h>

#include "user/tests/umtest.h"

static volatile sig_atomic_t sig_seen, code;
static void *volatile address;
static sigjmp_buf back;

static void
note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	sig_seen = sig;
	code = info->si_code;
	address = info->si_addr;
	siglongjmp(back, 1);
}

static void
handle(int sig, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = handler;
	act.sa_flags = SA_SIGINFO;
	REQUIRE(sigaction(sig, &act, NULL) == 0);
}

/* touch(at) ends in this signal; at == NULL: any address. */
static void
expect_fault(int line, void (*touch)(void *), void *at, int sig, int want_code)
{
	sig_seen = code = 0;
	if (sigsetjmp(back, 1) == 0) {
		touch(at);
		um_fail(__FILE__, line, "no signal");
		return;
	}
	if (sig_seen != sig || code != want_code || address != at)
		um_fail(__FILE__, line, "signal %d code %d at %p, expected %d, %d at %p", sig_seen,
		    code, address, sig, want_code, at);
}

#define EXPECT_FAULT(touch, at, sig, code) expect_fault(__LINE__, touch, at, sig, code)

static void
call(void *at)
{
	((void (*)(void))(uintptr_t)at)();
}

static void
segments(void)
{
	char *p = um_map(4 * UM_PAGE, MAP_PRIVATE);

	REQUIRE(munmap(p + 3 * UM_PAGE, UM_PAGE) == 0);
	REQUIRE(mprotect(p, UM_PAGE, PROT_NONE) == 0);
	REQUIRE(mprotect(p + UM_PAGE, UM_PAGE, PROT_READ) == 0);
	EXPECT_FAULT(um_load, p + 3 * UM_PAGE + 5, SIGSEGV, SEGV_MAPERR);
	EXPECT_FAULT(um_store, p + 3 * UM_PAGE + 4095, SIGSEGV, SEGV_MAPERR);
	EXPECT_FAULT(call, p + 3 * UM_PAGE, SIGSEGV, SEGV_MAPERR);
	EXPECT_FAULT(um_load, p + 77, SIGSEGV, SEGV_ACCERR);
	EXPECT_FAULT(um_store, p + 77, SIGSEGV, SEGV_ACCERR);
	EXPECT_FAULT(call, p, SIGSEGV, SEGV_ACCERR);
	EXPECT_FAULT(um_store, p + UM_PAGE + 9, SIGSEGV, SEGV_ACCERR);
	EXPECT_FAULT(call, p + 2 * UM_PAGE, SIGSEGV, SEGV_ACCERR);
	EXPECT_FAULT(um_load, (void *)16, SIGSEGV, SEGV_MAPERR);
	um_load(p + UM_PAGE);
	munmap(p, 3 * UM_PAGE);
}

static void
add_atomically(void *at)
{
	__asm__ volatile("amoadd.w zero, %0, (%1)" : : "r"(1), "r"(at) : "memory");
}

/* Loads and stores may be misaligned, atomic operations not. */
static void
alignment(void)
{
	char *p = um_map(UM_PAGE, MAP_PRIVATE);
	long value = 0x1122334455667788;

	memset(p, 0, UM_PAGE);
	*(volatile long *)(p + 3) = value;
	EXPECT_EQ(value, *(volatile long *)(p + 3));
	EXPECT_EQ(0x88, (unsigned char)p[3]);
	add_atomically(p + 64);
	EXPECT_EQ(1, p[64]);
	sig_seen = code = 0;
	if (sigsetjmp(back, 1) == 0)
		add_atomically(p + 65);
	EXPECT_EQ(SIGBUS, sig_seen); /* Linux gives the instruction's address, we the operand's */
	EXPECT_EQ(BUS_ADRALN, code);
	munmap(p, UM_PAGE);
}

/* Behind the end of a file: the mapping is there, the page is not. */
static void
behind_the_file(void)
{
	int fd = open("/tmp/sig_fault", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	REQUIRE(fd >= 0);
	EXPECT_EQ(5, write(fd, "hello", 5));
	p = mmap(NULL, 2 * UM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(p != MAP_FAILED);
	EXPECT_EQ('o', p[4]);
	EXPECT_EQ(0, p[4095]);
	EXPECT_FAULT(um_load, p + UM_PAGE + 1, SIGBUS, BUS_ADRERR);
	EXPECT_FAULT(um_store, p + UM_PAGE + 2, SIGBUS, BUS_ADRERR);
	p[0] = 'j';
	EXPECT_EQ('j', p[0]);
	munmap(p, 2 * UM_PAGE);
	close(fd);
	unlink("/tmp/sig_fault");
}

static char *page;
static volatile sig_atomic_t mended;

static void
mend(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	EXPECT(info->si_addr >= (void *)page && info->si_addr < (void *)(page + UM_PAGE));
	if (++mended > 100 || mprotect(page, UM_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		_exit(50);
}

static void
remap(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	(void)sig;
	mended++;
	if (mmap(page, UM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		0) != page)
		_exit(51);
}

/* The instruction is done again when the handler returns. */
static void
handler_mends(void)
{
	page = um_map(UM_PAGE, MAP_PRIVATE);
	handle(SIGSEGV, mend);
	for (int i = 1; i <= 20; i++) {
		REQUIRE(mprotect(page, UM_PAGE, i & 1 ? PROT_NONE : PROT_READ) == 0);
		*(volatile char *)(page + i * 100) = i;
		EXPECT_EQ(i, mended);
		EXPECT_EQ(i, page[i * 100]);
	}
	handle(SIGSEGV, remap);
	REQUIRE(munmap(page, UM_PAGE) == 0);
	*(volatile long *)(page + 8) += 5;
	EXPECT_EQ(21, mended);
	EXPECT_EQ(5, page[8]);
	munmap(page, UM_PAGE);
}

static void
skip(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	sig_seen = sig;
	/* mcontext begins with pc, then x1..x31: as Linux lays it out, whatever the names. */
	((unsigned long *)&uc->uc_mcontext)[0] += 4;
	((unsigned long *)&uc->uc_mcontext)[10] = 99;
}

/* What the handler changes in its third argument, the program goes on with. */
static void
handler_changes_registers(void)
{
	register long a0 __asm__("a0") = 1;

	handle(SIGSEGV, skip);
	__asm__ volatile(".option push\n.option norvc\n\tld a0, 0(zero)\n.option pop" : "+r"(a0));
	EXPECT_EQ(99, a0);
	handle(SIGTRAP, skip);
	sig_seen = 0;
	__asm__ volatile(".option push\n.option norvc\n\tebreak\n.option pop" : "+r"(a0));
	EXPECT_EQ(SIGTRAP, sig_seen);
	handle(SIGILL, skip);
	__asm__ volatile(".word 0xffffffff" : "+r"(a0));
	EXPECT_EQ(SIGILL, sig_seen);
}

/* A fault whose signal is blocked or ignored ends the process all the same. */
static void
blocked(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigprocmask(SIG_BLOCK, &set, NULL);
	handle(SIGSEGV, mend);
	um_store(arg);
}

static void
ignored(void *arg)
{
	signal(SIGSEGV, SIG_IGN);
	um_store(arg);
}

int
main(void)
{
	handle(SIGSEGV, note);
	handle(SIGBUS, note);
	segments();
	alignment();
	behind_the_file();
	handler_mends();
	handler_changes_registers();
	EXPECT_EQ(128 + SIGSEGV, um_status_of(blocked, (void *)8));
	EXPECT_EQ(128 + SIGSEGV, um_status_of(ignored, (void *)8));
	return um_result();
}
