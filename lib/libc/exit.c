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
#include "lib/libc/thread.h"

#define ATEXIT_MAX 32

extern void (*const __fini_array_start[])(void) __attribute__((weak, visibility("hidden")));
extern void (*const __fini_array_end[])(void) __attribute__((weak, visibility("hidden")));

static void (*handlers[ATEXIT_MAX])(void); /* under LOCK_ATEXIT */
static int handler_count;

struct pthread *__leaving;

int
atexit(void (*fn)(void))
{
	bool room;

	__lock(LOCK_ATEXIT);
	room = handler_count < ATEXIT_MAX;
	if (room)
		handlers[handler_count++] = fn;
	__unlock(LOCK_ATEXIT);
	if (room)
		return 0;
	errno = ENOMEM;
	return -1;
}

/* => the handler registered last, which is registered no more; NULL: none is left. */
static void (*take_handler(void))(void)
{
	void (*fn)(void) = NULL;

	__lock(LOCK_ATEXIT);
	if (handler_count > 0)
		fn = handlers[--handler_count];
	__unlock(LOCK_ATEXIT);
	return fn;
}

/* => a handler that calls exit() goes on with the handlers that are left. */
static void
leave_alone(void)
{
	struct pthread *nobody = NULL;

	if (!__atomic_compare_exchange_n(
		&__leaving, &nobody, __self(), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
	    nobody != __self())
		for (;;)
			pause();
}

_Noreturn void
exit(int status)
{
	void (*const *fini)(void);
	void (*fn)(void);

	leave_alone();
	while ((fn = take_handler()) != NULL)
		fn();
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
