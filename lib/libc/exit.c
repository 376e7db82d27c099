/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving a program: what atexit() registered runs in reverse order, destructors, then the streams
 * are written out.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/libc/libc.h"

#define ATEXIT_MAX 32

extern void (*const __fini_array_start[])(void) __attribute__((weak, visibility("hidden")));
extern void (*const __fini_array_end[])(void) __attribute__((weak, visibility("hidden")));

static void (*handlers[ATEXIT_MAX])(void);
static int handler_count;

int
atexit(void (*fn)(void))
{
	if (handler_count == ATEXIT_MAX) {
		errno = ENOMEM;
		return -1;
	}
	handlers[handler_count++] = fn;
	return 0;
}

_Noreturn void
exit(int status)
{
	void (*const *fini)(void);

	while (handler_count > 0)
		handlers[--handler_count]();
	for (fini = __fini_array_end; fini > __fini_array_start;)
		(*--fini)();
	if (__stdio_exit != NULL)
		__stdio_exit();
	_exit(status);
}

_Noreturn void
_Exit(int status)
{
	_exit(status);
}

_Noreturn void
abort(void)
{
	sigset_t set = 1UL << (SIGABRT - 1);

	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGABRT);
	signal(SIGABRT, SIG_DFL); /* the handler returned */
	raise(SIGABRT);
	_exit(127);
}
