/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a SIGSEGV handler learn the exact address and the reason, and can it repair the page and go on? */
#include <setjmp.h>

#include "user/tests/umtest.h"

static volatile char *page;
static volatile int count, code;
static volatile char *volatile address;
static jmp_buf back;

static void
repair(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	count++;
	address = info->si_addr;
	code = info->si_code;
	if (count > 100 || mprotect((void *)page, 2 * UM_PAGE, PROT_READ | PROT_WRITE) != 0)
		_exit(50);
}

static void
escape(int sig, siginfo_t *info, void *context)
{
	repair(sig, info, context);
	siglongjmp(back, 1);
}

static void
handle(void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = handler;
	act.sa_flags = SA_SIGINFO | SA_NODEFER;
	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
	count = 0;
}

/* The faulting instruction is repeated once the handler has made it possible. */
static void
repairs(void)
{
	handle(repair);
	for (int i = 0; i < 20; i++) {
		REQUIRE(mprotect((void *)page, 2 * UM_PAGE, i & 1 ? PROT_NONE : PROT_READ) == 0);
		page[i * 331] = i;
		EXPECT_EQ(i + 1, count);
		EXPECT(address == page + i * 331);
		EXPECT_EQ(SEGV_ACCERR, code);
		EXPECT_EQ(i, page[i * 331]);
	}
}

static void
explains(volatile char *at, int want)
{
	handle(escape);
	if (sigsetjmp(back, 1) == 0) {
		um_load((void *)at);
		EXPECT(!"the load succeeded");
	}
	EXPECT_EQ(1, count);
	EXPECT(address == at);
	EXPECT_EQ(want, code);
}

int
main(void)
{
	page = um_map(4 * UM_PAGE, MAP_PRIVATE);
	repairs();
	REQUIRE(munmap((void *)(page + 2 * UM_PAGE), 2 * UM_PAGE) == 0);
	explains(page + 2 * UM_PAGE + 5, SEGV_MAPERR);
	explains(NULL, SEGV_MAPERR);
	REQUIRE(mprotect((void *)page, UM_PAGE, PROT_NONE) == 0);
	explains(page + 77, SEGV_ACCERR);
	return um_result();
}
