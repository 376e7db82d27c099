/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_once(): the first caller runs the function, the others wait until it is through. */
#include <limits.h>

#include "lib/libc/thread.h"

enum { NOT_YET, RUNNING, RUNNING_WAITED_FOR, DONE };

int
pthread_once(pthread_once_t *once, void (*init)(void))
{
	int seen;

	while ((seen = __atomic_load_n(&once->__state, __ATOMIC_ACQUIRE)) != DONE) {
		int next = seen == NOT_YET ? RUNNING : RUNNING_WAITED_FOR;

		if (!__atomic_compare_exchange_n(
			&once->__state, &seen, next, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		if (next == RUNNING_WAITED_FOR) {
			__futex_wait(&once->__state, next, false, CLOCK_MONOTONIC, NULL);
			continue;
		}
		init();
		if (__atomic_exchange_n(&once->__state, DONE, __ATOMIC_RELEASE) ==
		    RUNNING_WAITED_FOR)
			__futex_wake(&once->__state, INT_MAX, false);
	}
	return 0;
}
